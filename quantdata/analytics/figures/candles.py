"""Bars as candles with indicators: no gaps where the market sleeps, volume and oscillators below."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.analytics.checks import check_choice, check_columns
from quantdata.analytics.figures.bar_panels import PANELS, RISE_AND_FALL, axes_of, line
from quantdata.analytics.figures.drawing import MOST_POINTS, Drawing, drawn
from quantdata.analytics.figures.theme import BLUE, GREEN, GREY, OCHRE, PINK, base, nothing
from quantdata.analytics.figures.words import badge, clock, floats, strings, titled
from quantdata.analytics.technical import with_indicators
from quantdata.frames.bars import midnight
from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

    from quantdata.analytics.figures.drawing import Trace
    from quantdata.analytics.figures.theme import Theme

__all__ = ["bars_drawing", "bars_figure"]

NEEDS: Final = ("symbol", "ts", "open", "high", "low", "close", "volume", "session", "adjustment", "source", "feed")
# Colour and dash of each line on the candles.
LINES: Final = {
    "vwap": (OCHRE, "solid"),
    "ema_8": (GREEN, "solid"),
    "ema_21": (PINK, "dash"),
    "ema_50": (GREEN, "dashdot"),
    "ema_200": (GREY, "longdash"),
}
BANDS: Final = ("bb_upper", "bb_middle", "bb_lower")
INDICATORS: Final = (*LINES, "bollinger", "rsi", "macd")
DEFAULT: Final = ("vwap", "ema_21", "bollinger", "rsi")
ADJUSTED: Final = {"raw": "as traded", "split": "adjusted for splits", "total": "adjusted for splits and dividends"}
MIDNIGHT: Final = " 00:00:00 ET"
# Minutes: days and weeks are an hour shorter when clocks change.
SHORTEST_DAY: Final = 20 * 60
SHORTEST_WEEK: Final = 6 * 24 * 60
SHADE: Final = "rgba(47, 134, 201, 0.10)"


def bars_figure(
    bars: pl.DataFrame,
    *,
    indicators: Sequence[str] = DEFAULT,
    last: int = MOST_POINTS,
    theme: Theme = "auto",
) -> Figure:
    """Draw bars as candles with their indicators, volume and oscillators below.

    Candles follow each other without gaps at nights, weekends and holidays. Rising ones are hollow, falling ones full,
    so that colour is not all that tells them apart; volume likewise.

    Parameters
    ----------
    bars
        Of one symbol and one timeframe, with the columns of `BARS`. Give more of them than are drawn: indicators are
        computed of them all, and need a past to settle.
    indicators
        Any of ``"vwap"``, ``"ema_8"``, ``"ema_21"``, ``"ema_50"``, ``"ema_200"``, ``"bollinger"`` (20 bars, 2
        deviations) on the candles, ``"rsi"`` (14) and ``"macd"`` (12, 26, 9) below them; see
        `quantdata.analytics.technical.indicator_columns`.
    last
        How many bars are drawn: the newest.
    theme
        ``"light"``, ``"dark"``, or ``"auto"``, which can be read on both. The background is transparent.

    Returns
    -------
    plotly.graph_objects.Figure
        Times are New York's, of the start of each bar. Without bars it says so in words.

    Raises
    ------
    ArgumentError
        If the frame is none of bars (the message names what is missing), of several symbols, or an indicator is none
        of these.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import bars_figure
    >>> bars = qd.Client("sim", clock="at:2026-11-18T11:00").bars("SPY", "5m", "2026-11-16", "2026-11-17")
    >>> bars_figure(bars, indicators=["vwap", "macd"]).layout.title.text
    'SPY 5-minute bars'
    """
    return drawn(bars_drawing(bars, indicators=indicators, last=last, theme=theme))


def bars_drawing(
    bars: pl.DataFrame,
    *,
    indicators: Sequence[str] = DEFAULT,
    last: int = MOST_POINTS,
    theme: Theme = "auto",
) -> Drawing:
    """Return what `bars_figure` draws, without plotly: for `redraw`."""
    check_columns(bars, NEEDS, call="bars_figure", kind="bars")
    for name in indicators:
        check_choice(name, INDICATORS, name="an indicator")
    title = titled(bars, _timeframe(bars), "symbol")
    is_daily = bars.select((pl.col("ts") == midnight(pl.col("session"))).all()).item()
    rows = with_indicators(bars).tail(last).with_columns(x=_label(is_daily=is_daily))
    counted = [f"the last {rows.height} of {bars.height:,}"] if rows.height < bars.height else []
    subtitle = " · ".join([*badge(bars), *_facts(bars, is_daily=is_daily), *counted])
    if rows.drop_nulls(["open", "high", "low", "close"]).is_empty():
        return nothing(theme, title=title, subtitle=subtitle, why=f"No prices in {bars.height:,} bars")
    has_volume = rows.get_column("volume").null_count() < rows.height
    panels = [name for name in ("volume", "rsi", "macd") if (has_volume if name == "volume" else name in indicators)]
    traces = [_candles(rows), *_overlays(rows, indicators)]
    for number, name in enumerate(panels, start=2):
        traces += [trace | {"yaxis": f"y{number}"} for trace in PANELS[name](rows)]
    layout = base(
        theme,
        title=title,
        subtitle=subtitle,
        **axes_of(panels, "USD per share" if has_volume else "points"),
        hovermode="x unified",
        hoversubplots="axis",
        bargap=0.2,
    )
    return Drawing(tuple(traces), layout | {"uirevision": title})


def _label(*, is_daily: bool) -> pl.Expr:
    """Return what a bar is called: its day, and its time where bars are shorter than one."""
    local = pl.col("ts").dt.convert_time_zone(NEW_YORK.key)
    return local.dt.strftime("%-d %b %Y" if is_daily else "%a %-d %b %H:%M")


def _timeframe(bars: pl.DataFrame) -> str:
    """Return in words how long bars are: the shortest way from one to the next."""
    step: timedelta | None = bars.get_column("ts").diff().drop_nulls().min()  # type: ignore[assignment]
    if step is None:
        return "bars"
    minutes = round(step / timedelta(minutes=1))
    if minutes < SHORTEST_DAY:
        return f"{minutes}-minute bars"
    return "daily bars" if minutes < SHORTEST_WEEK else "weekly bars"


def _facts(bars: pl.DataFrame, *, is_daily: bool) -> Iterator[str]:
    """Return of when the last bar is, and what prices are adjusted for."""
    last: datetime | None = bars.get_column("ts").max()  # type: ignore[assignment]
    if last is not None:
        yield f"last bar of {clock(last).removesuffix(MIDNIGHT) if is_daily else clock(last)}"
    adjusted = bars.get_column("adjustment").drop_nulls().unique().sort().cast(pl.String).to_list()
    yield from (ADJUSTED[each] for each in adjusted)


def _candles(rows: pl.DataFrame) -> Trace:
    prices = {name: floats(rows, name) for name in ("open", "high", "low", "close")}
    rising, falling = ({"line": {"color": colour, "width": 1}, "fillcolor": fill} for colour, fill in RISE_AND_FALL)
    told = pl.concat_str(
        pl.lit("<b>"),
        pl.col("close").round(4).cast(pl.String).fill_null("not known"),
        pl.lit("</b> close<br>open "),
        pl.col("open").round(4).cast(pl.String).fill_null("not known"),
        pl.lit(", high "),
        pl.col("high").round(4).cast(pl.String).fill_null("not known"),
        pl.lit(", low "),
        pl.col("low").round(4).cast(pl.String).fill_null("not known"),
        pl.lit("<br>"),
        pl.col("source").cast(pl.String).fill_null("source unknown"),
    )
    return {
        "type": "candlestick",
        "meta": "candles",
        "name": "candles",
        "x": rows.get_column("x").to_list(),
        **prices,
        "increasing": rising,
        "decreasing": falling,
        "hoverinfo": "text",
        "hovertext": strings(rows, told),
        "showlegend": False,
    }


def _overlays(rows: pl.DataFrame, indicators: Sequence[str]) -> Iterator[Trace]:
    """Return the lines on the candles; none for what no bar has, as VWAP of an index."""
    known = {name for name in rows.columns if rows.get_column(name).null_count() < rows.height}
    if "bollinger" in indicators and known.issuperset(BANDS):
        for column, name in zip(BANDS, ("Bollinger 20, 2", "middle", "lower"), strict=True):
            fill = {"fill": "tonexty", "fillcolor": SHADE} if column == "bb_lower" else {}
            dash = "dot" if column == "bb_middle" else "solid"
            yield line(rows, column, name, color=BLUE, dash=dash, legendgroup="bands", **fill) | {
                "showlegend": column == "bb_upper"
            }
    # A session's average begins anew: no line leads there from the session before.
    begins = pl.col("session") != pl.col("session").shift(1)
    apart = rows.with_columns(vwap=pl.when(~begins.fill_null(value=False)).then("vwap"))
    for name in indicators:
        if name in LINES and name in known:
            color, dash = LINES[name]
            yield line(apart, name, name.upper().replace("_", " "), color=color, dash=dash)
