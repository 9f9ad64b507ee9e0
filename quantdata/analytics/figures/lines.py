"""A line with its band and its model, as every figure of volatilities has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from quantdata.analytics.figures.choosing import thinned
from quantdata.analytics.figures.words import floats, strings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.analytics.figures.drawing import Trace
    from quantdata.analytics.figures.theme import Look

    Floats = NDArray[np.float64]

__all__ = ["Line"]


class Line(NamedTuple):
    """One line of a figure.

    Attributes
    ----------
    name
        Its name in the legend, which its traces are told by.
    rows
        Its points, with the columns ``x``, ``distance`` (from the money; null counts as farthest) and ``iv_source``.
    look
        Colour, marker and dash.
    most
        How many points a trace may have.
    """

    name: str
    rows: pl.DataFrame
    look: Look
    most: int

    def main(self, y: str, told: pl.Expr) -> Trace:
        """Return line and markers, open where the volatility is the model's; ``told`` is what each point says."""
        rows = thinned(self.rows, pl.col("distance"), most=self.most)
        return self._trace("", rows, y) | {
            "name": self.name,
            "mode": "lines+markers",
            "line": {"color": self.look.colour, "dash": self.look.dash, "width": 1.5},
            "marker": {"symbol": _symbols(rows, self.look.symbol), "size": 5, "color": self.look.colour},
            "hovertext": strings(rows, told),
            "hovertemplate": f"<b>%{{y:.2%}}</b> at %{{hovertext}}<br>{self.name}<extra></extra>",
        }

    def model(self, y: str) -> Trace:
        """Return a dotted line of the model's volatilities."""
        dotted = {"color": self.look.colour, "dash": "dot", "width": 1.5}
        quiet = {"mode": "lines", "line": dotted, "hoverinfo": "skip", "showlegend": False}
        return self._trace(" model", thinned(self.rows, pl.col("distance"), most=self.most), y) | quiet

    def band(self, low: str, high: str) -> Trace:
        """Return the area between two columns; where either is null there is none."""
        rows = thinned(self.rows, pl.col("distance"), most=self.most // 2)
        x, y = _outline(floats(rows, "x"), floats(rows, low), floats(rows, high))
        shade = {"fill": "toself", "fillcolor": self.look.shade, "mode": "lines", "line": {"width": 0}}
        quiet = {"hoverinfo": "skip", "showlegend": False}
        return self._trace(" band", rows, low) | shade | quiet | {"x": x, "y": y}

    def _trace(self, part: str, rows: pl.DataFrame, y: str) -> Trace:
        name = f"{self.name}{part}"
        return {"type": "scatter", "meta": name, "legendgroup": self.name, "x": floats(rows, "x"), "y": floats(rows, y)}


def _outline(x: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the outlines of the areas between two lines, a gap after each; where either is NaN there is none."""
    is_known = np.isfinite(low) & np.isfinite(high)
    ends = np.flatnonzero(np.diff(is_known)) + 1
    gap = np.array([np.nan])
    xs, ys = [gap[:0]], [gap[:0]]
    for run in np.split(np.arange(x.size), ends):
        if run.size > 1 and is_known[run[0]]:
            xs += [x[run], x[run[::-1]], gap]
            ys += [low[run], high[run[::-1]], gap]
    return np.concatenate(xs), np.concatenate(ys)


def _symbols(rows: pl.DataFrame, symbol: str) -> str | list[str]:
    is_model = pl.col("iv_source").cast(pl.String) == "model"
    if not rows.select(is_model.any()).item():
        return symbol
    return strings(rows, pl.when(is_model).then(pl.lit(f"{symbol}-open")).otherwise(pl.lit(symbol)))
