"""The smile: implied volatility by strike, series by series, with what bid and ask imply and what the model says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import polars as pl

from quantdata.analytics.checks import check_choice, check_columns
from quantdata.analytics.figures.choosing import chosen, money
from quantdata.analytics.figures.drawing import MOST_POINTS, Drawing, drawn
from quantdata.analytics.figures.lines import Line
from quantdata.analytics.figures.theme import base, look_of, marked, nothing
from quantdata.analytics.figures.words import (
    amount,
    freshness,
    percent,
    provenance,
    series_label,
    strings,
    titled,
    underlying,
)
from quantdata.analytics.volatility import OF_SERIES, SMILE_NEEDS, Side, smile
from quantdata.frames.model_rows import SERIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

    from quantdata.analytics.figures.drawing import Trace
    from quantdata.analytics.figures.theme import Look, Theme

__all__ = ["By", "smile_drawing", "smile_figure"]

By: TypeAlias = Literal["strike", "moneyness", "delta"]

NEEDS: Final = (*SMILE_NEEDS, "underlying_ts")
MOST_SERIES: Final = 4
# Strikes further from the forward than so many standard deviations tell of the tick, not of the volatility.
WINGS: Final = 5.0
LEAST_WING: Final = 0.02
AXES: Final = {
    "strike": {"title": {"text": "strike (USD per share)"}},
    "moneyness": {"title": {"text": "strike / underlying price"}, "tickformat": ".2f"},
    "delta": {
        "title": {"text": "delta of the option that is out of the money"},
        "tickvals": [0.1, 0.25, 0.5, 0.75, 0.9],
        "ticktext": ["put -0.10", "put -0.25", "0.50", "call 0.25", "call 0.10"],
        "tickangle": 0,
        "range": [0, 1],
    },
}


def smile_figure(
    chain: pl.DataFrame,
    *,
    expirations: Collection[date] | None = None,
    roots: Collection[str] | str | None = None,
    by: By = "strike",
    side: Side = "otm",
    band: bool = True,
    model: bool = True,
    wings: float | None = WINGS,
    most_series: int = MOST_SERIES,
    most_points: int = MOST_POINTS,
    theme: Theme = "auto",
) -> Figure:
    """Draw implied volatility by strike, a line a series.

    Each series has a colour, a marker and a legend entry of its own; each root a dash: SPX and SPXW are never one line.
    Filled markers are the vendor's volatilities, open ones the model's where the vendor gives none; the dotted line is
    the model's own throughout. The band is what bid and ask imply (see `smile`). The underlying's price is marked.

    Parameters
    ----------
    chain
        With the columns of `CHAIN`.
    expirations, roots
        Keep some; all of them when left out.
    by
        What is drawn along: ``"strike"``, ``"moneyness"`` (strike / underlying price), ``"delta"`` (puts at the left).
    side
        ``"otm"``, ``"call"`` or ``"put"``, as in `smile`.
    band, model
        Draw what bid and ask imply; draw the model's line.
    wings
        How many standard deviations of the series strikes may be from the forward; None draws them all.
    most_series
        Draw so many series, those that expire first; the subtitle tells how many there are.
    most_points
        Of each series: the nearer half to the money, and every so many of the rest. Fewer are sooner sent.
    theme
        ``"light"``, ``"dark"``, or ``"auto"``, which can be read on both. The background is transparent.

    Returns
    -------
    plotly.graph_objects.Figure
        At most ``most_points`` a trace; where nothing can be drawn it says so in words.

    Raises
    ------
    ArgumentError
        If the frame is no chain (the message names what is missing), or lacks an expiration or root that is asked for.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import smile_figure
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(20, 40))
    >>> smile_figure(chain, by="delta", most_series=2).layout.title.text
    'SPY implied volatility'
    """
    return drawn(
        smile_drawing(
            chain,
            expirations=expirations,
            roots=roots,
            by=by,
            side=side,
            band=band,
            model=model,
            wings=wings,
            most_series=most_series,
            most_points=most_points,
            theme=theme,
        )
    )


def smile_drawing(
    chain: pl.DataFrame,
    *,
    expirations: Collection[date] | None = None,
    roots: Collection[str] | str | None = None,
    by: By = "strike",
    side: Side = "otm",
    band: bool = True,
    model: bool = True,
    wings: float | None = WINGS,
    most_series: int = MOST_SERIES,
    most_points: int = MOST_POINTS,
    theme: Theme = "auto",
) -> Drawing:
    """Return what `smile_figure` draws, without plotly: for `redraw`, some times a second."""
    check_columns(chain, NEEDS, call="smile_figure", kind="a chain")
    check_choice(by, AXES, name="by")
    title = titled(chain, "implied volatility")
    wanted = chosen(chain, expirations=expirations, roots=roots)
    kept, series = _first_series(wanted.filter(pl.col("time_to_expiry") > 0), most_series)
    rows = _placed(smile(kept, side=side), by, wings)
    counted = [f"first {most_series} of {series} series"] if series > most_series else []
    subtitle = freshness(
        chain, *counted, *(["shaded: bid to ask"] if band else []), *(["dotted: our model"] if model else [])
    )
    if rows.is_empty():
        why = f"No implied volatility in {wanted.height:,} contracts"
        return nothing(theme, title=title, subtitle=freshness(chain), why=why)
    looks = _looks(rows)
    traces = [
        trace
        for part, look in zip(rows.partition_by(OF_SERIES, maintain_order=True), looks, strict=True)
        for trace in _of_series(part, look, most_points, band=band, model=model)
    ]
    center = money(chain)
    mark = {
        "strike": marked(center, f"{underlying(chain)} {center:,.2f}" if center else "", theme=theme),
        "moneyness": marked(1.0, "at the money", theme=theme),
        "delta": marked(0.5, "", theme=theme),
    }[by]
    y = {"title": {"text": "implied volatility (% a year)"}, "tickformat": "~%"}
    layout = base(theme, title=title, subtitle=subtitle, xaxis=AXES[by], yaxis=y, **mark)
    return Drawing(tuple(traces), layout | {"uirevision": f"{underlying(chain)} {by}"})


def _first_series(live: pl.DataFrame, most: int) -> tuple[pl.DataFrame, int]:
    """Return the rows of the series that expire first, and how many series there are."""
    series = live.select(SERIES).unique(maintain_order=True).sort("expiration", "root_symbol", maintain_order=True)
    return live.join(series.head(most), on=SERIES, how="semi", nulls_equal=True), series.height


def _placed(rows: pl.DataFrame, by: By, wings: float | None) -> pl.DataFrame:
    """Return the rows that have a place ``x`` and a volatility, and are within the wings; ``distance`` is to the money.

    Both are said of the call: of a put its delta is 1 more, so that a strike has one place, whichever is chosen.
    """
    as_call = pl.col("delta") + (pl.col("option_type") == "put").cast(pl.Float64)
    x = {"strike": pl.col("strike"), "moneyness": pl.col("moneyness"), "delta": 1 - as_call}[by]
    log_moneyness = pl.col("log_moneyness")
    known = pl.coalesce("model_iv", "implied_volatility")
    at_money = known.sort_by(pl.when(known.is_not_null()).then(log_moneyness.abs()), nulls_last=True).first()
    reach = pl.max_horizontal(
        pl.lit(LEAST_WING), (wings or 0.0) * at_money.over(OF_SERIES) * pl.col("time_to_expiry").sqrt()
    )
    is_near = pl.lit(value=True) if wings is None else (log_moneyness.abs() <= reach).fill_null(value=True)
    distance = pl.coalesce("log_moneyness", pl.col("moneyness") - 1)
    placed = rows.with_columns(x=x.cast(pl.Float64), distance=distance)
    return placed.filter(is_near, pl.col("x").is_not_null(), known.is_not_null())


def _looks(rows: pl.DataFrame) -> list[Look]:
    """Return how each series is drawn, in their order."""
    roots = rows.select(OF_SERIES).unique(maintain_order=True).get_column("root_symbol").to_list()
    names = sorted(set(roots))
    return [look_of(number, names.index(root)) for number, root in enumerate(roots)]


def _of_series(part: pl.DataFrame, look: Look, most: int, *, band: bool, model: bool) -> Iterator[Trace]:
    """Return the traces of one series: the band first, which the lines are drawn upon."""
    line = Line(strings(part, series_label())[0], part, look, most)
    if band:
        yield line.band("bid_iv", "ask_iv")
    yield line.main("implied_volatility", _told())
    if model:
        yield line.model("model_iv")


def _told() -> pl.Expr:
    """Return what is told of a point, after its volatility."""
    between = pl.concat_str(pl.lit("<br>bid "), percent("bid_iv"), pl.lit(" to ask "), percent("ask_iv"))
    own = pl.concat_str(pl.lit("<br>model "), percent("model_iv"))
    return pl.concat_str(
        amount(pl.col("strike")),
        pl.lit(" "),
        pl.col("option_type").cast(pl.String),
        between.fill_null(""),
        own.fill_null(""),
        pl.lit("<br>"),
        provenance("iv_source", "quote_ts", "greeks_confidence"),
    )
