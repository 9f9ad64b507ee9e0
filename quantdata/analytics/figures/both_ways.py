"""Vertical axes that count upwards in both directions, one a panel, the panels below each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quantdata.analytics.figures.words import root_label, strings

if TYPE_CHECKING:
    import polars as pl

__all__ = ["axis_name", "up_and_down"]

# Of the height, between two panels.
GAP: Final = 0.08
STEPS: Final = (1, 2, 5, 10)


def axis_name(letter: str, number: int) -> str:
    """Return plotly's name of an axis: the first has no number."""
    return f"{letter}axis{number + 1 if number else ''}"


def up_and_down(part: pl.DataFrame, number: int, panels: int) -> dict[str, Any]:
    """Return the vertical axis of a panel, which counts upwards in both directions."""
    most = {
        side: float(part.filter(option_type=side).get_column("count").max() or 0)  # type: ignore[arg-type]
        for side in ("call", "put")
    }
    step = _step(sum(most.values()))
    ticks = np.arange(-math.floor(most["put"] / step), math.floor(most["call"] / step) + 1) * step
    height = (1 - GAP * (panels - 1)) / panels
    top = 1 - number * (height + GAP)
    return {
        "title": {"text": f"{strings(part, root_label())[0]}<br>puts · contracts · calls"},
        "tickvals": ticks.tolist(),
        "ticktext": [f"{abs(tick):,.0f}" for tick in ticks],
        "zeroline": True,
        "domain": [max(0.0, top - height), top],
    }


def _step(span: float, ticks: int = 6) -> float:
    """Return a round step of which a span has about so many."""
    if span <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(max(span / ticks, 1.0)))
    return next(power * step for step in STEPS if power * step * ticks >= span)
