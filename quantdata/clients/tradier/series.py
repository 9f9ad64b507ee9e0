"""One timesales series over any range: how far back it is kept, and ranges cut where an answer would be too large."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata import symbols
from quantdata.errors import EntitlementError, PayloadError
from quantdata.sessions import midnight, previous_session, session_day, sessions
from quantdata.wire.tradier import endpoints
from quantdata.wire.tradier.envelope import TooBigError, TooEarlyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from quantdata.wire.tradier.endpoints import Interval
    from quantdata.wire.tradier.envelope import Items
    from quantdata.wire.tradier.rest import TradierRest

__all__ = ["ENDPOINT", "Series", "first_kept", "has_extended_hours", "hours_between", "require_unexpired"]

ENDPOINT: Final = "/v1/markets/timesales"
# Sessions before today, in regular hours and with extended ones: reference/tradier.md §5.8.
SESSIONS_KEPT: Final[dict[Interval, tuple[int, int]]] = {
    "tick": (5, 5),
    "1min": (20, 10),
    "5min": (40, 18),
    "15min": (40, 18),
}
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)  # longer ranges of ticks fail at the vendor's gateway: reference/tradier.md §5.8
# The closing auction prints after the close, and options on indices and some funds trade to a quarter past.
CLOSED_LATER: Final = timedelta(minutes=16)


class Series:
    """Bars or ticks of one symbol.

    Parameters
    ----------
    rest, spelled, interval
        Whom to ask, for what, in the vendor's spelling.
    read
        Turns the items of one answer into a frame with a column ``ts``.
    is_regular
        Regular hours alone.
    window
        What one row spans: one that begins before the range and reaches into it is no fault, and is left out.
    """

    def __init__(
        self,
        rest: TradierRest,
        spelled: str,
        interval: Interval,
        read: Callable[[bytes], pl.DataFrame],
        *,
        is_regular: bool,
        window: timedelta = MINUTE,
    ) -> None:
        self._rest = rest
        self._spelled = spelled
        self._interval: Interval = interval
        self._read_items = read
        self._is_regular = is_regular
        self._window = window

    async def load(self, start: datetime, finish: datetime) -> list[pl.DataFrame]:
        """Return the pages of a range without its end, in order of time.

        Raises
        ------
        EntitlementError
            If the vendor keeps none of it any more.
        PayloadError
            If the answer of a single minute is too large, or rows are from another time.
        """
        request = endpoints.timesales(
            self._spelled, interval=self._interval, start=start, end=finish, is_regular=self._is_regular
        )
        try:
            return [await self._rest.items(request, partial(self._read, start, finish))]
        except TooEarlyError as error:
            begin = midnight(error.earliest)
            if not start < begin < finish:
                raise EntitlementError(f"{error}; the range that was asked for is older", **error.facts) from error
            return await self.load(begin, finish)
        except TooBigError as error:
            half = start + (finish - start) / 2
            middle = half.replace(second=0, microsecond=0)
            if middle <= start:
                raise PayloadError(f"{error}, even that of a minute", **error.facts) from error
            return [*await self.load(start, middle), *await self.load(middle, finish)]

    def _read(self, start: datetime, finish: datetime, answer: Items) -> pl.DataFrame:
        page = self._read_items(answer.items)
        # Ranges are told to the minute, both ends included, and of ticks perhaps the whole of the last one.
        if not page.get_column("ts").is_between(start - self._window, finish + 2 * MINUTE).all():
            raise ValueError("rows outside of the range that was asked for")
        return page.filter(pl.col("ts").is_between(start, finish, closed="left"))


def first_kept(interval: Interval, now: datetime, *, is_regular: bool) -> date:
    """Return the first session of which the vendor still keeps a series."""
    day = session_day(now)
    for _ in range(SESSIONS_KEPT[interval][0 if is_regular else 1]):
        day = previous_session(day).day
    return day


def hours_between(start: datetime, finish: datetime) -> list[tuple[datetime, datetime]]:
    """Cut the regular hours of a range into parts of an hour at most, in order; ends are not included."""
    parts = []
    for session in sessions(session_day(start), session_day(finish)) if start < finish else []:
        begin, end = max(start, session.open), min(finish, session.close + CLOSED_LATER)
        while begin < end:
            parts.append((begin, min(begin + HOUR, end)))
            begin += HOUR
    return parts


def has_extended_hours(start: datetime, finish: datetime) -> bool:
    """Tell whether a range holds any trading before the open or after the close."""
    days = sessions(session_day(start), session_day(finish)) if start < finish else []
    return any(
        (start < each.open and each.early_open < finish) or (start < each.late_close and each.close < finish)
        for each in days
    )


def require_unexpired(symbol: str, now: datetime) -> None:
    """Raise EntitlementError for an option contract that has expired: the vendor keeps nothing of it."""
    if not symbols.is_option_symbol(symbol):
        return
    expiration = symbols.parse_option(symbol).expiration
    if expiration < session_day(now):
        raise EntitlementError(
            f"tradier keeps nothing of expired options, and {symbol} expired on {expiration}; Massive has its bars and "
            "trades",
            provider="tradier",
        )
