"""When windows of bars begin and end, in the regular hours of whatever trades."""

from __future__ import annotations

import math
from datetime import time, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata import symbols
from quantdata.errors import ArgumentError
from quantdata.frames.bars import TIMEFRAMES, midnight
from quantdata.frames.columns import MOMENT
from quantdata.sessions import NEW_YORK, sessions

if TYPE_CHECKING:
    from datetime import date

__all__ = ["hours_of", "is_equity", "timeframe_of", "windows"]

_INTRADAY: Final = tuple(name for name, timeframe in TIMEFRAMES.items() if timeframe.is_intraday)
_STOCKS_CLOSE_HOUR: Final = 16
_HALF_HOUR_S: Final = 1800
_NO_FIT: Final = "no timeframe fits when these bars start: they are not at whole minutes"


def is_equity(symbol: str) -> bool:
    """Tell whether a canonical symbol is a stock or fund."""
    return not (symbol.startswith("I:") or symbols.is_option_symbol(symbol) or symbols.is_index(symbol))


def timeframe_of(bars: pl.DataFrame, *, asked: str | None) -> str:
    """Return the timeframe of bars, which no column tells: the coarsest that all their starts fit.

    Parameters
    ----------
    bars
        Canonical bars, not empty.
    asked
        What the caller says; it must fit.

    Raises
    ------
    ArgumentError
        If it is none of the known ones, does not fit, or cannot be told: days and minutes in one frame, or fewer than
        two bars in each session.
    """
    if asked is not None and asked not in TIMEFRAMES:
        raise ArgumentError(f"timeframe must be {', '.join(map(repr, TIMEFRAMES))}, not {asked!r}")
    new_york = pl.col("ts").dt.convert_time_zone(str(NEW_YORK))
    is_daily = bars.select(new_york.dt.time() == time()).to_series()
    if is_daily.all():
        return _checked(_fits_of_days(bars.select(new_york.dt.weekday().alias("weekday"), "ts")), asked)
    if is_daily.any():
        raise ArgumentError("bars of days and bars within days are in one frame: load one timeframe at a time")
    step_s = _step_s(bars)
    if step_s == 0 and asked is None:
        raise ArgumentError("no session has two bars, so that their timeframe cannot be told: say timeframe='1m' or so")
    fits = tuple(name for name in reversed(_INTRADAY) if _fits(bars, step_s, TIMEFRAMES[name].length))
    return _checked(fits, asked)


def _checked(fits: tuple[str, ...], asked: str | None) -> str:
    if asked in fits:
        return str(asked)
    if asked is None and fits:
        return fits[0]
    raise ArgumentError(f"timeframe={asked!r} does not fit when these bars start" if asked else _NO_FIT)


def _fits_of_days(days: pl.DataFrame) -> tuple[str, ...]:
    if days["ts"].n_unique() == 1:
        return ("1d", "1w") if days["weekday"][0] == 1 else ("1d",)
    return ("1w",) if (days["weekday"] == 1).all() else ("1d",)


def _step_s(bars: pl.DataFrame) -> int:
    """Return the greatest common divisor of the distances between starts in a session, in seconds; 0 without any."""
    since = (pl.col("ts") - pl.col("ts").min().over("session")).dt.total_seconds()
    return math.gcd(*bars.select(since.unique()).to_series())


def _fits(bars: pl.DataFrame, step_s: int, length: timedelta) -> bool:
    """Tell whether windows of a length could start when these bars do: by the clock, or an hour's at the open."""
    length_s = int(length.total_seconds())
    grid_s = min(length_s, _HALF_HOUR_S)
    return step_s % length_s == 0 and bool((bars["ts"].dt.epoch("s") % grid_s == 0).all())


def hours_of(bars: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """Return the regular hours of each instrument in each session from its first bar to its last.

    Parameters
    ----------
    bars
        Canonical bars, not empty.
    timeframe
        Theirs: a week's sessions all count, though ``session`` is its first.

    Returns
    -------
    pl.DataFrame
        ``symbol``, ``session``, ``opens``, ``closes`` (UTC). Options close as their class does: 16:15 New York for
        index options and some funds, 13:15 on half-days; PM-settled index options at 16:00 on their last day.
    """
    spans = bars.group_by("symbol", maintain_order=True).agg(
        pl.col("session").min().alias("first"), pl.col("session").max().alias("last")
    )
    if timeframe == "1w":
        spans = spans.with_columns(pl.col("last").dt.truncate("1w") + timedelta(days=6))
    days = pl.DataFrame(
        [(each.day, each.open, each.close) for each in sessions(min(spans["first"]), max(spans["last"]))],
        schema={"session": pl.Date, "opens": MOMENT, "closes": MOMENT},
        orient="row",
    )
    closing = pl.DataFrame(
        [_closing(symbol) for symbol in spans["symbol"]],
        schema={
            "symbol": pl.String,
            "later": pl.Duration("us"),
            "expiration": pl.Date,
            "last_later": pl.Duration("us"),
        },
        orient="row",
    )
    later = pl.when(pl.col("session") == pl.col("expiration")).then("last_later").otherwise("later")
    return (
        spans.join(closing, on="symbol", maintain_order="left")
        .join_where(days, pl.col("session") >= pl.col("first"), pl.col("session") <= pl.col("last"))
        .with_columns(closes=pl.col("closes") + later)
        .select("symbol", "session", "opens", "closes")
        .sort("symbol", "session")
    )


def _closing(symbol: str) -> tuple[str, timedelta, date | None, timedelta]:
    """Return how long after the stock market's close an instrument trades: usually, and on its last day."""
    none = timedelta()
    if not symbols.is_option_symbol(symbol):
        return symbol, none, None, none
    option = symbols.parse_option(symbol)
    facts = symbols.root_facts(option.root)
    usual, last = (
        timedelta(hours=close.hour - _STOCKS_CLOSE_HOUR, minutes=close.minute)
        for close in (facts.close, facts.last_day_close)
    )
    return symbol, usual, option.expiration, last


def windows(hours: pl.DataFrame, timeframe: str, *, from_clock: bool) -> pl.DataFrame:
    """Return the windows of a timeframe in regular hours.

    Parameters
    ----------
    hours
        Of `hours_of`.
    timeframe
        Of the windows.
    from_clock
        Whether those of an hour begin at full hours, or else at the open.

    Returns
    -------
    pl.DataFrame
        ``symbol``, ``session``, ``ts`` (start), ``end``: not after the close; of days and weeks that of their last
        session.
    """
    if timeframe == "1d":
        return hours.select("symbol", "session", ts=midnight(pl.col("session")), end="closes")
    if timeframe == "1w":
        monday = pl.col("session").dt.truncate("1w").alias("monday")
        weeks = hours.group_by("symbol", monday, maintain_order=True).agg(
            pl.col("session").first(), pl.col("closes").last().alias("end")
        )
        return weeks.select("symbol", "session", ts=midnight(pl.col("monday")), end="end")
    opens = pl.col("opens").dt.truncate("1h") if from_clock and timeframe == "1h" else pl.col("opens")
    starts = pl.datetime_ranges(opens, pl.col("closes"), interval=timeframe, closed="left").alias("ts")
    exploded = hours.select("symbol", "session", starts, "closes").explode("ts")
    length = TIMEFRAMES[timeframe].length
    return exploded.select("symbol", "session", "ts", end=pl.min_horizontal(pl.col("ts") + length, "closes"))
