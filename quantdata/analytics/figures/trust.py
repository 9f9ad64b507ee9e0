"""How far each part of a chain can be trusted: a map of confidence, strikes by series."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import polars as pl

from quantdata.analytics.checks import check_choice, check_columns
from quantdata.analytics.figures.choosing import chosen, money
from quantdata.analytics.figures.drawing import MOST_POINTS, Drawing, drawn
from quantdata.analytics.figures.theme import QUALITY_COLOURS, base, marked, nothing
from quantdata.analytics.figures.words import (
    amount,
    floats,
    freshness,
    provenance,
    series_label,
    strings,
    titled,
    underlying,
)
from quantdata.frames.model_rows import SERIES

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray
    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

    from quantdata.analytics.figures.drawing import Trace
    from quantdata.analytics.figures.theme import Theme

    Floats = NDArray[np.float64]

__all__ = ["Of", "confidence_drawing", "confidence_figure"]

Of: TypeAlias = Literal["row", "quote", "greeks"]
COLUMNS: Final = {"row": "confidence", "quote": "quote_confidence", "greeks": "greeks_confidence"}
NEEDS: Final = (
    *(*SERIES, "settlement", "strike", "option_type", "contract_symbol", "underlying_price", "underlying_ts"),
    *("source", "quote_ts", "errors", "warnings", "feed", "snapshot_ts"),
)
# Where fair, good and excellent begin.
FAIR, GOOD, EXCELLENT = 40, 70, 90
STEPS: Final = (0, FAIR, GOOD, EXCELLENT, 100)
TICKS: Final = 9
# For the word above the map.
ROOM: Final = {"t": 96}
# Pixels: least and most, all but the rows, and a row.
LEAST_PX, MOST_PX, AROUND_PX, ROW_PX = 460, 900, 200, 22
WORDS: Final = ("poor", "fair", "good", "excellent")


def confidence_figure(
    chain: pl.DataFrame, *, of: Of = "row", roots: Collection[str] | str | None = None, theme: Theme = "auto"
) -> Figure:
    """Draw a map of confidence: strikes from left to right, series from bottom to top, the soonest at the bottom.

    A cell is the less trusted of call and put; hover tells which rules cost it what it lacks. Cells below 40 bear a
    cross as well. Nothing is drawn where nothing is listed.

    Parameters
    ----------
    chain
        With the columns of `CHAIN`.
    of
        Confidence of the whole ``"row"``, of the ``"quote"``, or of volatility and ``"greeks"``.
    roots
        Keep some; all of them when left out. Each series has a row of its own.
    theme
        ``"light"``, ``"dark"``, or ``"auto"``, which can be read on both. The background is transparent.

    Returns
    -------
    plotly.graph_objects.Figure
        With at most 200 columns: of more strikes, neighbours share a column, which shows the least trusted of them.
        Of an empty chain it says so in words.

    Raises
    ------
    ArgumentError
        If the frame is no chain (the message names what is missing), or lacks a root that is asked for.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import confidence_figure
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(20, 40))
    >>> confidence_figure(chain).layout.title.text
    'SPY confidence'
    """
    return drawn(confidence_drawing(chain, of=of, roots=roots, theme=theme))


def confidence_drawing(
    chain: pl.DataFrame, *, of: Of = "row", roots: Collection[str] | str | None = None, theme: Theme = "auto"
) -> Drawing:
    """Return what `confidence_figure` draws, without plotly: for `redraw`."""
    check_choice(of, COLUMNS, name="of")
    check_columns(chain, (*NEEDS, COLUMNS[of]), call="confidence_figure", kind="a chain")
    title = titled(chain, "confidence" if of == "row" else f"confidence in {'quotes' if of == 'quote' else 'greeks'}")
    wanted = (
        chosen(chain, roots=roots)
        .with_columns(trust=pl.col(COLUMNS[of]).cast(pl.Float64))
        .drop_nulls(["trust", "strike", "expiration"])
    )
    subtitle = freshness(chain, "the less trusted of call and put", "crossed: below 40")
    if wanted.is_empty():
        why = f"No confidence in {chain.height:,} contracts"
        return nothing(theme, title=title, subtitle=freshness(chain), why=why)
    cells, strikes = _cells(wanted)
    center = money(chain)
    # Columns are of one width, however far apart their strikes are: most of them are near the money.
    at = None if center is None else float(np.interp(center, strikes, np.arange(strikes.size)))
    mark = marked(at, f"{underlying(chain)} {center:,.2f}" if center else "", theme=theme, above=True)
    y = {"type": "category", "categoryorder": "array", "categoryarray": _labels(cells), "showgrid": False}
    height = min(MOST_PX, max(LEAST_PX, AROUND_PX + ROW_PX * len(_labels(cells))))
    layout = base(
        theme, title=title, subtitle=subtitle, xaxis=_strike_axis(strikes), yaxis=y, **mark, height=height, margin=ROOM
    )
    return Drawing((_map(cells, strikes.size), _crosses(cells)), layout | {"uirevision": underlying(chain)})


def _cells(wanted: pl.DataFrame) -> tuple[pl.DataFrame, Floats]:
    """Return one row a cell, the least trusted contract of it; and the (first) strike of each column.

    A cell has its column's number ``x`` and its series in words, ``label``.
    """
    strikes = wanted.select("strike").unique().sort("strike")
    share = -(-strikes.height // MOST_POINTS)
    numbered = strikes.with_columns(x=pl.int_range(pl.len()) // share)
    firsts = numbered.group_by("x", maintain_order=True).agg(pl.col("strike").first())
    cells = (
        wanted.join(numbered, on="strike", how="left")
        .with_columns(label=series_label())
        .sort("expiration", "root_symbol", "label", "x", "trust", "contract_symbol")
        .unique(["label", "x"], keep="first", maintain_order=True)
    )
    return cells, floats(firsts, "strike")


def _strike_axis(strikes: Floats) -> dict[str, Any]:
    ticks = np.unique(np.linspace(0, strikes.size - 1, min(TICKS, strikes.size)).round().astype(int))
    return {
        "title": {"text": "strike (USD per share), evenly spread"},
        "tickvals": ticks.tolist(),
        "ticktext": [f"{strikes[tick]:.6g}" for tick in ticks],
        "showgrid": False,
    }


def _labels(cells: pl.DataFrame) -> list[str]:
    return cells.get_column("label").unique(maintain_order=True).to_list()


def _map(cells: pl.DataFrame, columns: int) -> Trace:
    labels = _labels(cells)
    row = cells.get_column("label").replace_strict(labels, range(len(labels)), return_dtype=pl.Int64).to_numpy()
    column = cells.get_column("x").to_numpy()
    # Lists with None, not arrays with NaN, which JSON does not know: of two dimensions, a widget makes JSON.
    trust = np.full((len(labels), columns), None)
    trust[row, column] = cells.get_column("trust").to_list()
    told = np.full(trust.shape, "", dtype=object)
    told[row, column] = strings(cells, _told())
    return {
        "type": "heatmap",
        "meta": "confidence",
        "x": np.arange(columns),
        "y": labels,
        "z": trust.tolist(),
        "zmin": STEPS[0],
        "zmax": STEPS[-1],
        "colorscale": _scale(),
        "hoverongaps": False,
        "hovertext": told.tolist(),
        "hovertemplate": "%{hovertext}<extra></extra>",
        "colorbar": {
            "title": {"text": "confidence"},
            "tickvals": [(low + high) / 2 for low, high in pairwise(STEPS)],
            "ticktext": [f"{word}<br>from {low}" for word, low in zip(WORDS, STEPS, strict=False)],
            "thickness": 12,
            "outlinewidth": 0,
        },
    }


def _scale() -> list[list[Any]]:
    """Return one colour a label, without a way between them."""
    ends = [step / STEPS[-1] for step in STEPS]
    return [[end, colour] for place, colour in enumerate(QUALITY_COLOURS) for end in ends[place : place + 2]]


def _crosses(cells: pl.DataFrame) -> Trace:
    """Return a cross on each cell that is poor; the nearest to the left where there are too many."""
    poor = cells.filter(pl.col("trust") < FAIR).head(MOST_POINTS)
    return {
        "type": "scatter",
        "mode": "markers",
        "meta": "poor",
        "x": floats(poor, "x"),
        "y": poor.get_column("label").to_list(),
        "marker": {"symbol": "x-thin", "size": 7, "line": {"width": 1.5, "color": "#ffffff"}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _told() -> pl.Expr:
    """Return what is told of a cell."""
    return pl.concat_str(
        pl.lit("<b>"),
        amount(pl.col("trust")),
        pl.lit("</b> at "),
        amount(pl.col("strike")),
        pl.lit(" "),
        pl.col("option_type").cast(pl.String).fill_null("of unknown type"),
        pl.lit("<br>"),
        pl.col("label"),
        pl.concat_str(pl.lit("<br>errors: "), _names("errors")).fill_null(""),
        pl.concat_str(pl.lit("<br>warnings: "), _names("warnings")).fill_null(""),
        pl.lit("<br>"),
        provenance("source", "quote_ts", "trust"),
    )


def _names(column: str) -> pl.Expr:
    """Return the rules of a list in words; null where there is none."""
    return pl.when(pl.col(column).list.len() > 0).then(pl.col(column).list.join(", ").str.replace_all("_", " "))
