"""Base bars of any instrument, read lazily day by day, split-adjusted when asked, joined into longer windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from quantdata.sessions import FIRST_DAY, LAST_DAY, session_day, sessions
from quantdata.sim.bars import joined, no_bars
from quantdata.sim.timeline import day_ns, moment_of, ns_of
from quantdata.sim.views import Bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.source import MarketSource
    from quantdata.sim.views import Floats, Ints

__all__ = ["INTRADAY", "TIMESPANS", "Window", "base_bars", "cut", "gather", "join", "window_starts"]

INTRADAY = {"second": 1, "minute": 60, "hour": 3600}
TIMESPANS = (*INTRADAY, "day", "week", "month", "quarter", "year")

_NS = 1_000_000_000
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Window:
    """What one bar spans: ``multiplier`` times ``timespan``."""

    multiplier: int
    timespan: str

    @property
    def is_intraday(self) -> bool:
        """Whether it is made of bars shorter than a day."""
        return self.timespan in INTRADAY


def gather(
    market: MarketSource,
    symbol: str,
    window: Window,
    *,
    start_ns: int,
    end_ns: int,
    until: datetime,
    adjusted: bool,
    limit: int,
    newest_first: bool = False,
) -> Bars:
    """Return base bars (seconds, minutes or days) of a period, more than ``limit`` of them if there are more.

    Parameters
    ----------
    market, symbol, window
        Whose bars, and what they will be joined to: that decides which bars are the base.
    start_ns, end_ns
        First and last window start, both included.
    until
        The newest moment that may be seen.
    adjusted
        In today's shares, after every split up to ``until``; options and indices are never adjusted.
    limit
        Stop after the day in which there are more than that many bars; they are the oldest unless ``newest_first``.
    newest_first
        Go back from the end of the period instead of forward from its start.
    """
    parts: list[Bars] = []
    count = 0
    for part in base_bars(
        market, symbol, window, start_ns=start_ns, end_ns=min(end_ns, ns_of(until)), until=until, back=newest_first
    ):
        parts.append(part)
        count += len(part.start)
        if count > limit:
            break
    whole = joined(parts[::-1] if newest_first else parts)
    if adjusted and symbol in market.equities:
        whole = _adjusted(market, symbol, whole, until)
    return whole


def base_bars(
    market: MarketSource,
    symbol: str,
    window: Window,
    *,
    start_ns: int,
    end_ns: int,
    until: datetime,
    back: bool = False,
) -> Iterator[Bars]:
    """Yield base bars of a period, a day (intraday) or all days at a time, in the direction asked for."""
    if end_ns < start_ns:
        return
    first, last = session_day(moment_of(start_ns)), session_day(moment_of(end_ns))
    first, last = max(first, FIRST_DAY), min(last, LAST_DAY, session_day(until))
    if last < first:
        return
    if not window.is_intraday:
        yield _between(market.daily_bars(symbol, first, last, at=until), start_ns, end_ns)
        return
    days = [session.day for session in sessions(first, last)]
    for day in reversed(days) if back else days:
        if window.timespan == "second":
            bars = _second_bars(market, symbol, day, until)
        else:
            bars = market.minute_bars(symbol, day, at=until)
        yield _between(bars, start_ns, end_ns)


def _second_bars(market: MarketSource, symbol: str, day: date, until: datetime) -> Bars:
    """Return second bars made of the tape."""
    end = min(day_ns(day, is_end=True), ns_of(until)) + 1
    tape = market.trades(symbol, day_ns(day), end)
    if len(tape.ts) == 0:
        return no_bars()
    ones = np.ones(len(tape.ts), dtype=np.int64)
    size = tape.size.astype(np.float64)
    ticks = Bars(tape.ts, tape.price, tape.price, tape.price, tape.price, size, tape.price, ones)
    return join(ticks, tape.ts // _NS * _NS)


def window_starts(start: Ints, window: Window, *, anchor_ns: int) -> Ints:
    """Return the start of the window that each base bar falls in, ns.

    Intraday windows count from midnight New York; weeks begin on Sunday; several days, weeks or months are counted
    from the window of ``anchor_ns``, the first day asked for.
    """
    if window.is_intraday:
        length = INTRADAY[window.timespan] * window.multiplier * _NS
        midnight = _midnights(start)
        return midnight + (start - midnight) // length * length
    days = [session_day(moment_of(each)) for each in start.tolist()]
    anchor = _calendar_start(session_day(moment_of(anchor_ns)), window.timespan)
    firsts = [_calendar_window(day, window, anchor) for day in days]
    return np.array([day_ns(first) for first in firsts], dtype=np.int64)


def _midnights(start: Ints) -> Ints:
    # One lookup per day, not per bar: bars of a day share their midnight, and sessions lie inside a New York day.
    utc_days, inverse = np.unique((start - 4 * 3600 * _NS) // (86_400 * _NS), return_inverse=True)
    firsts = [int(start[inverse == each][0]) for each in range(len(utc_days))]
    midnights = [day_ns(session_day(moment_of(first))) for first in firsts]
    return np.array(midnights, dtype=np.int64)[inverse]


def _calendar_start(day: date, timespan: str) -> date:
    if timespan == "day":
        return day
    if timespan == "week":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    months = _MONTHS[timespan]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _calendar_window(day: date, window: Window, anchor: date) -> date:
    first = _calendar_start(day, window.timespan)
    if window.multiplier == 1:
        return first
    if window.timespan in {"day", "week"}:
        length = window.multiplier * (7 if window.timespan == "week" else 1)
        return anchor + timedelta(days=(first - anchor).days // length * length)
    months = window.multiplier * _MONTHS[window.timespan]
    passed = (first.year - anchor.year) * 12 + first.month - anchor.month
    years, month = divmod(anchor.month - 1 + passed // months * months, 12)
    return date(anchor.year + years, month + 1, 1)


def join(bars: Bars, starts: Ints) -> Bars:
    """Join base bars into the windows that begin at ``starts`` (one per bar, ascending)."""
    if len(starts) == 0:
        return bars
    edges = np.flatnonzero(np.diff(starts, prepend=starts[0] - 1))
    last = np.append(edges[1:], len(starts)) - 1
    volume = np.add.reduceat(bars.volume, edges)
    turnover = np.add.reduceat(bars.vwap * bars.volume, edges)
    with np.errstate(invalid="ignore", divide="ignore"):
        vwap = np.where(volume > 0, turnover / volume, bars.close[last])
    return Bars(
        start=starts[edges],
        open=bars.open[edges],
        high=np.maximum.reduceat(bars.high, edges),
        low=np.minimum.reduceat(bars.low, edges),
        close=bars.close[last],
        volume=volume,
        vwap=vwap,
        trades=np.add.reduceat(bars.trades, edges),
    )


def _adjusted(market: MarketSource, symbol: str, bars: Bars, until: datetime) -> Bars:
    """Return bars in the shares of the day of ``until``."""
    factor: Floats = np.ones(len(bars.start))
    today = session_day(until)
    for split in market.splits(symbol):
        if split.execution_date <= today:
            factor[bars.start < day_ns(split.execution_date)] *= split.before / split.after
    if (factor == 1).all():
        return bars
    return Bars(
        start=bars.start,
        open=bars.open * factor,
        high=bars.high * factor,
        low=bars.low * factor,
        close=bars.close * factor,
        volume=bars.volume / factor,
        vwap=bars.vwap * factor,
        trades=bars.trades,
    )


def _between(bars: Bars, start_ns: int, end_ns: int) -> Bars:
    first = int(np.searchsorted(bars.start, start_ns, side="left"))
    last = int(np.searchsorted(bars.start, end_ns, side="right"))
    return cut(bars, slice(first, last))


def cut(bars: Bars, part: slice) -> Bars:
    """Return a part of some bars."""
    return Bars(*(getattr(bars, name)[part] for name in Bars.__slots__))
