"""What counts as today at a moment: which session's trades, and whether it is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from quantdata.sessions import find_session, previous_session, session_day
from quantdata.sim.timeline import DAY_CLEARED_NS, day_ns, ns_of

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    Stamps = TypeVar("Stamps", int, NDArray[np.int64])

__all__ = ["Day", "day_at", "milliseconds"]


@dataclass(frozen=True, slots=True)
class Day:
    """The session that is shown.

    Attributes
    ----------
    trading_midnight_ns
        Midnight New York time of the session whose trades are today's; of a session that has not opened yet there are
        none.
    has_opened
        Whether regular trading has begun.
    is_over
        Whether it has ended.
    """

    trading_midnight_ns: int
    has_opened: bool
    is_over: bool


def day_at(at: datetime) -> Day:
    """Return what counts as today: from 03:30 New York time of a session on that session, else the newest one."""
    day = session_day(at)
    session = find_session(day)
    if session is None or ns_of(at) < day_ns(day) + DAY_CLEARED_NS:
        session = previous_session(day)
    return Day(day_ns(session.day), has_opened=at >= session.open, is_over=at >= session.close)


def milliseconds(stamps: Stamps, *, whole_seconds: bool = False) -> Stamps:
    """Return nanoseconds as epoch milliseconds; quotes are stamped in whole seconds."""
    return stamps // 1_000_000_000 * 1_000 if whole_seconds else stamps // 1_000_000
