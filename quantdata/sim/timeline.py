"""Sessions as integers: nanoseconds of every open and close, and the clock that variance runs on.

Session ``i`` owns the stretch from the close of session ``i - 1`` to its own close: after-hours of the day before, the
night, pre-market and regular trading. Each stretch carries one unit of variance time, spread over it as real markets
do: little after hours and overnight, most of it in the session, more near its open and close than at noon.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.errors import ArgumentError
from quantdata.sessions import NEW_YORK, sessions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = [
    "DAY_CLEARED_NS",
    "FIRST_DAY",
    "LAST_DAY",
    "NS_PER_S",
    "SESSIONS_PER_YEAR",
    "Timeline",
    "day_ns",
    "moment_of",
    "ns_of",
    "timeline",
]

FIRST_DAY: Final = date(2016, 1, 4)
"""First day with prices; the session before it only supplies its previous close."""
LAST_DAY: Final = date(2031, 12, 31)

NS_PER_S: Final = 1_000_000_000
DAY_CLEARED_NS: Final = 12_600 * NS_PER_S
"""03:30 New York time, when vendors clear what they show of the day before."""
SESSIONS_PER_YEAR: Final = 252.0
_HOUR_NS: Final = 3600 * NS_PER_S
_WHOLE_DAY_NS: Final = 13 * _HOUR_NS // 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Shares of a stretch's variance: after hours, night, pre-market; the session has the rest.
_AFTER_HOURS: Final = 0.03
_NIGHT: Final = 0.15
_PRE_MARKET: Final = 0.06
_SESSION: Final = 1.0 - _AFTER_HOURS - _NIGHT - _PRE_MARKET
# Extra variance density at the open and close, and how fast it fades, as fractions of the session.
_OPEN_BURST, _OPEN_FADE = 1.8, 0.07
_CLOSE_BURST, _CLOSE_FADE = 0.9, 0.06


def ns_of(moment: datetime) -> int:
    """Return the nanoseconds since the epoch of an aware moment, exactly.

    Raises
    ------
    ArgumentError
        If the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ArgumentError(f"{moment!r} has no time zone: give an aware datetime")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def moment_of(ns: int) -> datetime:
    """Return nanoseconds since the epoch as a UTC moment, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=int(ns) // 1000)


def day_ns(day: date, *, is_end: bool = False) -> int:
    """Return the first (or last) nanosecond of a New York day."""
    following = date.fromordinal(day.toordinal() + is_end)
    midnight = datetime.combine(following, time(), NEW_YORK)
    return int(midnight.timestamp()) * NS_PER_S - is_end


class Timeline:
    """Every session from the one before `FIRST_DAY` to `LAST_DAY`; arrays are indexed by session number."""

    def __init__(self) -> None:
        known = sessions(date(2015, 12, 31), LAST_DAY)
        self.days: NDArray[np.datetime64] = np.array([each.day for each in known], dtype="datetime64[D]")
        self.open: Ints = np.array([ns_of(each.open) for each in known], dtype=np.int64)
        self.close: Ints = np.array([ns_of(each.close) for each in known], dtype=np.int64)
        # No clock change falls on a weekday, so the other bounds lie at fixed distances.
        self.midnight: Ints = self.open - 19 * _HOUR_NS // 2
        self.early_open: Ints = self.open - 11 * _HOUR_NS // 2
        self.late_close: Ints = self.close + 4 * _HOUR_NS

    def __len__(self) -> int:
        return len(self.days)

    def day(self, index: int) -> date:
        """Return the New York date of a session."""
        return self.days[index].item()  # type: ignore[no-any-return]  # datetime64[D] holds dates

    def find(self, day: date) -> int | None:
        """Return the number of the session on a day; None when the market is shut or the day out of range."""
        index = int(np.searchsorted(self.days, np.datetime64(day, "D")))
        return index if 0 < index < len(self.days) and self.day(index) == day else None

    def last_before(self, day: date) -> int:
        """Return the number of the last session strictly before a day."""
        return max(int(np.searchsorted(self.days, np.datetime64(day, "D"))) - 1, 0)

    def last_until(self, day: date) -> int:
        """Return the number of the last session on or before a day."""
        return max(int(np.searchsorted(self.days, np.datetime64(day, "D"), side="right")) - 1, 0)

    def is_half_day(self, index: int) -> bool:
        """Tell whether a session ends early."""
        return bool(self.close[index] - self.open[index] < _WHOLE_DAY_NS)

    def trading_at(self, ns: int) -> int:
        """Return the newest session whose pre-market has begun, 04:00 New York time."""
        return self._newest(self.early_open, ns)

    def regular_at(self, ns: int) -> int:
        """Return the newest session whose regular trading has begun, 09:30 New York time."""
        return self._newest(self.open, ns)

    def _newest(self, starts: Ints, ns: int) -> int:
        index = int(np.searchsorted(starts, ns, side="right")) - 1
        if index < 1 or ns > self.late_close[-1] + 24 * _HOUR_NS:
            raise ArgumentError(
                f"{moment_of(ns):%Y-%m-%d %H:%M} UTC is outside the simulated market: it runs from the opening on "
                f"{FIRST_DAY} to {LAST_DAY}"
            )
        return index

    def stretch_of(self, ns: Ints) -> Ints:
        """Return the session that owns each instant: the first one that closes at it or later."""
        found = np.searchsorted(self.close, ns, side="left")
        return np.clip(found, 1, len(self.days) - 1).astype(np.int64)

    def variance_time(self, ns: Ints) -> Floats:
        """Return the variance clock at each instant, in sessions; it grows by one from close to close."""
        owner = self.stretch_of(ns)
        before = owner - 1

        def part(start: Ints, end: Ints) -> Floats:
            return np.asarray(np.clip((ns - start) / (end - start), 0.0, 1.0), dtype=np.float64)

        return np.asarray(
            before
            + _AFTER_HOURS * part(self.close[before], self.late_close[before])
            + _NIGHT * part(self.late_close[before], self.early_open[owner])
            + _PRE_MARKET * part(self.early_open[owner], self.open[owner])
            + _SESSION * session_share(part(self.open[owner], self.close[owner])),
            dtype=np.float64,
        )


def session_share(elapsed: Floats) -> Floats:
    """Return the share of a session's variance that has passed when a share of its time has (the U shape)."""
    opening = _OPEN_BURST * _OPEN_FADE * -np.expm1(-elapsed / _OPEN_FADE)
    closing = _CLOSE_BURST * _CLOSE_FADE * (np.exp((elapsed - 1.0) / _CLOSE_FADE) - np.exp(-1.0 / _CLOSE_FADE))
    whole = (
        1.0
        + _OPEN_BURST * _OPEN_FADE * -np.expm1(-1.0 / _OPEN_FADE)
        + _CLOSE_BURST * _CLOSE_FADE * -np.expm1(-1.0 / _CLOSE_FADE)
    )
    return np.asarray((elapsed + opening + closing) / whole, dtype=np.float64)


@cache
def timeline() -> Timeline:
    """Return the one timeline; it is the same for every market."""
    return Timeline()
