"""The term structure: volatility at the money by time to expiry, a line a root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.analytics.checks import check_columns
from quantdata.analytics.figures.choosing import chosen
from quantdata.analytics.figures.drawing import MOST_POINTS, Drawing, drawn
from quantdata.analytics.figures.lines import Line
from quantdata.analytics.figures.theme import base, look_of, nothing
from quantdata.analytics.figures.words import (
    day,
    freshness,
    percent,
    provenance,
    root_label,
    strings,
    titled,
    underlying,
)
from quantdata.analytics.volatility import SMILE_NEEDS, term_structure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

    from quantdata.analytics.figures.drawing import Trace
    from quantdata.analytics.figures.theme import Theme

__all__ = ["DAYS_AXIS", "term_structure_drawing", "term_structure_figure"]

DAYS_A_YEAR: Final = 365
# Maturities are told apart by their ratio: a day matters next to a week, not next to a year.
DAYS_AXIS: Final = {
    "type": "log",
    "title": {"text": "days to expiry"},
    "tickvals": [0.1, 0.25, 0.5, 1, 2, 4, 7, 14, 30, 60, 90, 180, 365, 730, 1095, 1825],
    "ticktext": ["0.1", "¼", "½", "1", "2", "4", "7", "14", "30", "60", "90", "180", "365", "730", "1,095", "1,825"],
}


def term_structure_figure(
    chain: pl.DataFrame, *, roots: Collection[str] | str | None = None, wings: bool = True, theme: Theme = "auto"
) -> Figure:
    """Draw the volatility at the money by time to expiry, a line a root.

    The line with markers is the vendor's volatility at the forward, open markers where the nearest contract has the
    model's; the dotted line is the model's own. SPX and SPXW are lines of their own, also where they share dates.

    Parameters
    ----------
    chain
        With the columns of `CHAIN`, of several expirations.
    roots
        Keep some; all of them when left out.
    wings
        Draw the volatilities of puts and calls at a delta of a quarter as a band around, which shows the skew.
    theme
        ``"light"``, ``"dark"``, or ``"auto"``, which can be read on both. The background is transparent.

    Returns
    -------
    plotly.graph_objects.Figure
        At most 200 points a trace; where nothing can be drawn it says so in words. See `term_structure`.

    Raises
    ------
    ArgumentError
        If the frame is no chain (the message names what is missing), or lacks a root that is asked for.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import term_structure_figure
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPX", dte=(20, 40))
    >>> term_structure_figure(chain).layout.title.text
    'SPX volatility at the money'
    """
    return drawn(term_structure_drawing(chain, roots=roots, wings=wings, theme=theme))


def term_structure_drawing(
    chain: pl.DataFrame, *, roots: Collection[str] | str | None = None, wings: bool = True, theme: Theme = "auto"
) -> Drawing:
    """Return what `term_structure_figure` draws, without plotly: for `redraw`."""
    check_columns(chain, SMILE_NEEDS, call="term_structure_figure", kind="a chain")
    title = titled(chain, "volatility at the money")
    wanted = chosen(chain, roots=roots)
    rows = term_structure(wanted).filter(pl.any_horizontal(pl.col("atm_iv", "atm_model_iv").is_not_null()))
    shaded = ["shaded: from the put to the call of delta ¼"] if wings else []
    subtitle = freshness(chain, "dotted: our model", *shaded)
    if rows.is_empty():
        why = f"No volatility on both sides of the money in {wanted.height:,} contracts"
        return nothing(theme, title=title, subtitle=freshness(chain), why=why)
    days = DAYS_A_YEAR * pl.col("time_to_expiry")
    placed = rows.with_columns(x=days, distance=days)
    parts = placed.partition_by("root_symbol", "settlement", "multiplier", "is_adjusted", maintain_order=True)
    traces = [trace for number, part in enumerate(parts) for trace in _of_root(part, number, wings=wings)]
    y = {"title": {"text": "implied volatility (% a year)"}, "tickformat": "~%"}
    layout = base(theme, title=title, subtitle=subtitle, xaxis=DAYS_AXIS, yaxis=y, uirevision=underlying(chain))
    return Drawing(tuple(traces), layout)


def _of_root(part: pl.DataFrame, number: int, *, wings: bool) -> Iterator[Trace]:
    """Return the traces of one root: the band first, which the lines are drawn upon."""
    line = Line(strings(part, root_label())[0], part, look_of(number, number), MOST_POINTS)
    if wings:
        yield line.band("call_25d_iv", "put_25d_iv")
    yield line.main("atm_iv", _told())
    yield line.model("atm_model_iv")


def _told() -> pl.Expr:
    """Return what is told of a series, after its volatility."""
    parts = {"atm_model_iv": "model", "put_25d_iv": "put of delta ¼", "call_25d_iv": "call of delta ¼"}
    rest = (pl.concat_str(pl.lit(f"<br>{word} "), percent(column)).fill_null("") for column, word in parts.items())
    return pl.concat_str(
        pl.lit("the forward<br>"),
        day("expiration"),
        pl.lit(", "),
        pl.col("dte").cast(pl.String),
        pl.lit(" days"),
        *rest,
        pl.lit("<br>"),
        provenance("iv_source", "quote_ts", "greeks_confidence"),
    )
