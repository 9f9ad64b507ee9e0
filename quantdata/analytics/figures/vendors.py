"""Where two vendors disagree: prices in ticks, volatilities in points, contract by contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quantdata.analytics.checks import check_columns
from quantdata.analytics.figures.choosing import chosen
from quantdata.analytics.figures.drawing import MOST_POINTS, Drawing, drawn
from quantdata.analytics.figures.theme import base, look_of, marked, nothing
from quantdata.analytics.figures.words import amount, badge, clock, day, floats, percent, strings, titled
from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date, datetime

    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

    from quantdata.analytics.figures.drawing import Trace
    from quantdata.analytics.figures.theme import Theme

__all__ = ["disagreement_drawing", "disagreement_figure"]

VENDORS: Final = ("massive", "tradier")
NEEDS: Final = (
    *("underlying_symbol", "root_symbol", "expiration", "strike", "option_type", "forward_price", "feed"),
    *("mid_difference", "mid_difference_ticks", "iv_difference_points", "quote_gap_s"),
    *(f"{vendor}_{what}" for vendor in VENDORS for what in ("bid", "ask", "mid", "iv", "quote_ts")),
)


class Panel(NamedTuple):
    """One of two panels: what it draws, its axis, and its place."""

    column: str
    unit: str
    axis: str
    domain: tuple[float, float]
    # What differs by less is as good as the same, and is not spread over the panel.
    least: float


MARGIN: Final = 1.1
PANELS_PX: Final = 640
PANELS: Final = (
    Panel("mid_difference_ticks", "mid (ticks)", "y", (0.54, 1.0), 1.0),
    Panel("iv_difference_points", "volatility (points)", "y2", (0.0, 0.46), 0.1),
)


def disagreement_figure(
    comparison: pl.DataFrame,
    *,
    expirations: Collection[date] | None = None,
    roots: Collection[str] | str | None = None,
    theme: Theme = "auto",
) -> Figure:
    """Draw how two vendors' quotes differ by strike: mids in ticks above, volatilities in points below.

    Above zero Tradier's is higher. Calls are triangles that point up, puts ones that point down; a series has a colour.

    Parameters
    ----------
    comparison
        What `compare` returned, with the columns of `COMPARISON`.
    expirations, roots
        Keep some; all of them when left out.
    theme
        ``"light"``, ``"dark"``, or ``"auto"``, which can be read on both. The background is transparent.

    Returns
    -------
    plotly.graph_objects.Figure
        Contracts that both vendors quoted within two seconds of each other; the subtitle says how many that are. Of
        more than 200 in a trace the largest differences are kept. Where there is none it says so in words.

    Raises
    ------
    ArgumentError
        If the frame is no comparison (the message names what is missing), or lacks an expiration or root asked for.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import disagreement_figure
    >>> comparison = qd.Client("sim", clock="at:2026-11-18T11:00").compare("SPY")
    >>> disagreement_figure(comparison).layout.title.text
    'SPY quotes: Tradier less Massive'
    """
    return drawn(disagreement_drawing(comparison, expirations=expirations, roots=roots, theme=theme))


def disagreement_drawing(
    comparison: pl.DataFrame,
    *,
    expirations: Collection[date] | None = None,
    roots: Collection[str] | str | None = None,
    theme: Theme = "auto",
) -> Drawing:
    """Return what `disagreement_figure` draws, without plotly: for `redraw`."""
    check_columns(comparison, NEEDS, call="disagreement_figure", kind="a comparison, as compare() returns it")
    title = titled(comparison, "quotes: Tradier less Massive")
    wanted = chosen(comparison, expirations=expirations, roots=roots)
    columns = [panel.column for panel in PANELS]
    rows = wanted.filter(pl.any_horizontal(pl.col(columns).is_not_null()), pl.col("option_type").is_not_null())
    compared = f"{rows.height:,} of {wanted.height:,} contracts quoted by both within 2 s"
    subtitle = " · ".join([*badge(comparison), *_moment(comparison), compared])
    if rows.is_empty():
        why = f"No contract of {wanted.height:,} that both vendors quoted within 2 s"
        return nothing(theme, title=title, subtitle=subtitle, why=why)
    parts = rows.partition_by("expiration", "root_symbol", maintain_order=True)
    traces = [trace for number, part in enumerate(parts) for trace in _of_series(part, number)]
    forward: float | None = rows.get_column("forward_price").median()  # type: ignore[assignment]
    mark = marked(forward, f"forward {forward:,.2f}" if forward else "", theme=theme)
    layout = base(theme, title=title, subtitle=subtitle, **_axes(rows), **mark, uirevision=title, height=PANELS_PX)
    return Drawing(tuple(traces), layout)


def _moment(comparison: pl.DataFrame) -> Iterator[str]:
    newest = pl.max_horizontal(pl.col(f"{vendor}_quote_ts").max() for vendor in VENDORS)
    moment: datetime | None = comparison.select(newest).item()
    if moment is not None:
        yield clock(moment)


def _of_series(part: pl.DataFrame, number: int) -> Iterator[Trace]:
    """Return calls and puts of one series in both panels."""
    series = strings(part, _series())[0]
    colour = look_of(number, 0).colour
    for panel in PANELS:
        for side, symbol in (("call", "triangle-up"), ("put", "triangle-down")):
            known = part.filter(pl.col(panel.column).is_not_null(), option_type=side)
            kept = known.top_k(MOST_POINTS, by=pl.col(panel.column).abs()).sort("strike")
            yield {
                "type": "scatter",
                "mode": "markers",
                "meta": f"{series} {side} {panel.column}",
                "name": f"{series} {side}s",
                "legendgroup": f"{series} {side}s",
                "showlegend": panel is PANELS[0],
                "x": floats(kept, "strike"),
                "y": floats(kept, panel.column),
                "yaxis": panel.axis,
                "marker": {"symbol": symbol, "size": 6, "color": colour, "opacity": 0.75},
                "hovertext": strings(kept, _told()),
                "hovertemplate": "%{hovertext}<extra></extra>",
            }


def _axes(rows: pl.DataFrame) -> dict[str, Any]:
    axes: dict[str, Any] = {"xaxis": {"title": {"text": "strike (USD per share)"}, "anchor": PANELS[-1].axis}}
    for panel in PANELS:
        most = float(rows.select(pl.max_horizontal(pl.col(panel.column).abs().max(), pl.lit(panel.least))).item())
        axes[panel.axis.replace("y", "yaxis")] = {
            "title": {"text": panel.unit},
            "domain": list(panel.domain),
            "range": [-MARGIN * most, MARGIN * most],
            "zeroline": True,
        }
    return axes


def _series() -> pl.Expr:
    return pl.concat_str(day("expiration"), pl.lit(" "), "root_symbol")


def _told() -> pl.Expr:
    """Return what is told of a contract: the difference, then each vendor's quote, volatility and time."""
    return pl.concat_str(
        pl.lit("<b>"),
        pl.col("mid_difference_ticks").round(2).cast(pl.String).fill_null("not known"),
        pl.lit("</b> ticks, <b>"),
        pl.col("iv_difference_points").round(3).cast(pl.String).fill_null("not known"),
        pl.lit("</b> points at "),
        amount(pl.col("strike")),
        pl.lit(" "),
        pl.col("option_type").cast(pl.String),
        pl.lit("<br>"),
        _series(),
        *(_of_vendor(vendor) for vendor in VENDORS),
    )


def _of_vendor(vendor: str) -> pl.Expr:
    at = pl.col(f"{vendor}_quote_ts").dt.convert_time_zone(NEW_YORK.key).dt.strftime("%H:%M:%S%.3f ET")
    return pl.concat_str(
        pl.lit(f"<br>{vendor}: "),
        pl.col(f"{vendor}_bid").cast(pl.String).fill_null("none"),
        pl.lit(" / "),
        pl.col(f"{vendor}_ask").cast(pl.String).fill_null("none"),
        pl.lit(", "),
        percent(f"{vendor}_iv").fill_null("no volatility"),
        pl.lit(", quote of "),
        at.fill_null("an unknown time"),
    )
