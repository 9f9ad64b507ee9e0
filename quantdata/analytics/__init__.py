"""What is computed from frames: indicators of bars, order flow of tapes and chains, volatility, figures.

The parts are loaded when they are first used; plotly only when a figure is drawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantdata.analytics.figures.activity import (
        open_interest_drawing,
        open_interest_figure,
        volume_drawing,
        volume_figure,
    )
    from quantdata.analytics.figures.candles import bars_drawing, bars_figure
    from quantdata.analytics.figures.drawing import Drawing, redraw
    from quantdata.analytics.figures.maturities import term_structure_drawing, term_structure_figure
    from quantdata.analytics.figures.smiles import smile_drawing, smile_figure
    from quantdata.analytics.figures.surfaces import surface_drawing, surface_figure
    from quantdata.analytics.figures.trust import confidence_drawing, confidence_figure
    from quantdata.analytics.figures.vendors import disagreement_drawing, disagreement_figure
    from quantdata.analytics.open_positions import exposure
    from quantdata.analytics.volatility import smile, surface, term_structure

__all__ = [
    "Drawing",
    "bars_drawing",
    "bars_figure",
    "confidence_drawing",
    "confidence_figure",
    "disagreement_drawing",
    "disagreement_figure",
    "exposure",
    "open_interest_drawing",
    "open_interest_figure",
    "redraw",
    "smile",
    "smile_drawing",
    "smile_figure",
    "surface",
    "surface_drawing",
    "surface_figure",
    "term_structure",
    "term_structure_drawing",
    "term_structure_figure",
    "volume_drawing",
    "volume_figure",
]

_HOME_OF = {
    "Drawing": "figures.drawing",
    "bars_drawing": "figures.candles",
    "bars_figure": "figures.candles",
    "confidence_drawing": "figures.trust",
    "confidence_figure": "figures.trust",
    "disagreement_drawing": "figures.vendors",
    "disagreement_figure": "figures.vendors",
    "exposure": "open_positions",
    "open_interest_drawing": "figures.activity",
    "open_interest_figure": "figures.activity",
    "redraw": "figures.drawing",
    "smile": "volatility",
    "smile_drawing": "figures.smiles",
    "smile_figure": "figures.smiles",
    "surface": "volatility",
    "surface_drawing": "figures.surfaces",
    "surface_figure": "figures.surfaces",
    "term_structure": "volatility",
    "term_structure_drawing": "figures.maturities",
    "term_structure_figure": "figures.maturities",
    "volume_drawing": "figures.activity",
    "volume_figure": "figures.activity",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
