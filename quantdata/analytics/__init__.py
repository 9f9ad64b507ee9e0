"""What is computed from frames: indicators of bars, order flow of tapes and chains, volatility, figures.

The parts are loaded when they are first used; plotly only when a figure is drawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantdata.analytics.figures.drawing import Drawing, redraw
    from quantdata.analytics.figures.smiles import smile_drawing, smile_figure
    from quantdata.analytics.volatility import smile, surface, term_structure

__all__ = [
    "Drawing",
    "redraw",
    "smile",
    "smile_drawing",
    "smile_figure",
    "surface",
    "term_structure",
]

_HOME_OF = {
    "Drawing": "figures.drawing",
    "redraw": "figures.drawing",
    "smile": "volatility",
    "smile_drawing": "figures.smiles",
    "smile_figure": "figures.smiles",
    "surface": "volatility",
    "term_structure": "volatility",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
