"""A request for indicators, checked, and the bars that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, get_args

from quantdata.analytics.technical import SETTLING_BARS
from quantdata.clients.arguments import count, texts
from quantdata.clients.bar_query import BarQuery, TimeframeName, instrument
from quantdata.errors import ArgumentError
from quantdata.frames.bars import TIMEFRAMES
from quantdata.sessions import FIRST_DAY, midnight, session_day, sessions

if TYPE_CHECKING:
    from datetime import date, datetime

    from quantdata.sessions import Session

__all__ = ["LOOKBACK", "SNAPSHOT_TIMEFRAMES", "IndicatorQuery", "timeframe_names"]

LOOKBACK: Final = 200
# Rows; longer histories are bars(), whose indicators are one call away.
MOST_LOOKBACK: Final = 5_000
SNAPSHOT_TIMEFRAMES: Final[tuple[TimeframeName, ...]] = ("1m", "5m", "15m", "1h", "1d")

WEEK: Final = timedelta(weeks=1)
# Calendar days in which there surely is one session more, holidays and hurricanes included.
DAYS_A_SESSION: Final = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorQuery:
    """The newest indicators of one symbol: ``lookback`` rows of them."""

    symbol: str
    timeframe: TimeframeName
    lookback: int

    @classmethod
    def of(cls, ticker: object, timeframe: object, *, lookback: object = LOOKBACK) -> IndicatorQuery:
        """Check the arguments of an ``indicators`` call.

        Raises
        ------
        SymbolError
            If the ticker cannot be read.
        ArgumentError
            If anything else is malformed; the message names it and what is allowed.
        """
        symbol = instrument(ticker)
        (name,) = _names([timeframe], name="timeframe")
        rows = count(lookback, name="lookback", least=1)
        if rows > MOST_LOOKBACK:
            raise ArgumentError(
                f"lookback must be at most {MOST_LOOKBACK:,} rows, not {rows:,}: for more, get bars() and compute "
                "quantdata.analytics.technical.indicator_columns of them"
            )
        return cls(symbol=symbol, timeframe=name, lookback=rows)

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells this request from others."""
        return ("indicators", self.symbol, self.timeframe, self.lookback)

    def bars(self, now: datetime) -> BarQuery:
        """Return the bars to compute them from: those looked back on, and before them as many as averages settle in."""
        first = _first_day(self.timeframe, self.lookback + SETTLING_BARS, now)
        return BarQuery.of(self.symbol, self.timeframe, midnight(first), now)


def timeframe_names(value: object) -> tuple[TimeframeName, ...]:
    """Return one or more timeframes, without repeats, in the order given."""
    return _names(texts(value, name="timeframes"), name="timeframes")


def _names(values: Any, *, name: str) -> tuple[TimeframeName, ...]:
    allowed = get_args(TimeframeName)
    for each in values:
        if each not in allowed:
            raise ArgumentError(f"{name} must be {', '.join(repr(one) for one in allowed)}, not {each!r}")
    return tuple(values)


def _first_day(timeframe: TimeframeName, bars: int, now: datetime) -> date:
    """Return the first day of so many bars up to a moment, in regular hours, the one under way not counted."""
    today = session_day(now)
    if timeframe == "1w":
        return max(FIRST_DAY, today - bars * WEEK)
    length = TIMEFRAMES[timeframe].length
    most = bars if timeframe == "1d" else -(-bars // _bars_in(390, length))
    before = today - timedelta(days=int(most * DAYS_A_SESSION) + 10)
    days = sessions(max(FIRST_DAY, before), today - timedelta(days=1))[::-1]
    counts = accumulate(1 if timeframe == "1d" else _bars_of(each, length) for each in days)
    return next((each.day for each, total in zip(days, counts, strict=True) if total >= bars), FIRST_DAY)


def _bars_of(day: Session, length: timedelta) -> int:
    return _bars_in(int((day.close - day.open) / timedelta(minutes=1)), length)


def _bars_in(minutes: int, length: timedelta) -> int:
    return -(-minutes // int(length / timedelta(minutes=1)))
