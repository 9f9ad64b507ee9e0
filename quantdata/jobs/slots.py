"""When snapshots are due: slots of the clock on the wall within a session, and how one is waited for."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from quantdata.errors import ArgumentError
from quantdata.jobs.asking import regular_close
from quantdata.sessions import NEW_YORK, current_session, midnight, next_session, session_day

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from quantdata.jobs.job import Job

__all__ = ["Alarm", "Hours", "closing", "hours_of", "interval", "slots", "until_time"]

SECOND: Final = timedelta(seconds=1)
# So that one lies within every session.
LONGEST: Final = timedelta(hours=3)
# How long is slept at once: the clock of a simulated market may run faster than the wall's.
LONGEST_PAUSE_S: Final = 1.0
LEAST_PAUSE_S: Final = 0.01
# A clock that has not moved for so long stands still.
STILL_S: Final = 3.0
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_INTERVAL: Final = re.compile(r"([0-9]{1,5})([smh])")


class Hours(NamedTuple):
    """The first and the last moment of a session at which snapshots are taken (UTC)."""

    first: datetime
    last: datetime


def interval(text: object) -> timedelta:
    """Return an interval given as ``"30s"``, ``"5m"`` or ``"1h"``.

    Raises
    ------
    ArgumentError
        If it is none, or not from a second to three hours.
    """
    if isinstance(text, timedelta):
        every = text
    else:
        found = _INTERVAL.fullmatch(text.strip()) if isinstance(text, str) else None
        every = timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else timedelta()
    if not SECOND <= every <= LONGEST:
        raise ArgumentError(f"every is an interval from 1s to 3h, such as '30s', '5m' or '1h', not {text!r}")
    return every


def until_time(text: object) -> time | None:
    """Return the New York time of ``"HH:MM"``; None of ``"close"``.

    Raises
    ------
    ArgumentError
        If it is neither.
    """
    if isinstance(text, time) or text == "close":
        return text if isinstance(text, time) else None
    try:
        return time.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise ArgumentError(f"until is 'close' or a New York time such as '15:30', not {text!r}") from None


def closing(job: Job, symbol: str, session: datetime) -> datetime:
    """Return when what a job asks of a symbol has its close in the session of a moment (UTC)."""
    return regular_close(symbol, session_day(session), has_options=job.kind in {"chains", "flow"})


def hours_of(jobs: Sequence[Job], now: datetime, until: time | None) -> Hours:
    """Return the hours of the session that is on, or of the next one.

    Parameters
    ----------
    now
        The present (UTC).
    until
        New York time at which to end; None, and at the latest: the last close of any symbol.

    Raises
    ------
    ArgumentError
        If that time is before the open.
    """
    today = current_session(now)
    if today is not None and (hours := _hours(jobs, today.open, until)).last >= now:
        return hours
    return _hours(jobs, next_session(session_day(now)).open, until)


def _hours(jobs: Sequence[Job], opens: datetime, until: time | None) -> Hours:
    last = max(closing(job, symbol, opens) for job in jobs for symbol in job.symbols)
    if until is not None:
        last = min(last, datetime.combine(session_day(opens), until, NEW_YORK).astimezone(opens.tzinfo))
    if last < opens:
        raise ArgumentError(f"until {until} is before the open: sessions begin at 09:30 New York time")
    return Hours(opens, last)


def slots(hours: Hours, every: timedelta, now: datetime) -> Iterator[datetime]:
    """Yield the multiples of an interval from midnight in New York on that are within some hours, and not past."""
    begin = midnight(session_day(hours.first))
    number = -((begin - max(hours.first, now)) // every)
    while (slot := begin + number * every) <= hours.last:
        yield slot
        number += 1


class Alarm:
    """Waits for moments of a clock, which may be a simulated market's that runs faster than time.

    Parameters
    ----------
    present
        Returns what time it is (UTC).
    sleep
        Waits for some seconds of real time.
    """

    def __init__(self, present: Callable[[], Awaitable[datetime]], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._present = present
        self._sleep = sleep
        # How many seconds of that clock one of sleep is.
        self._speed = 1.0

    async def wait_for(self, moment: datetime) -> datetime:
        """Wait until a moment; return what time it is then.

        Raises
        ------
        ArgumentError
            If the clock stands still.
        """
        seen, slept_s = await self._present(), 0.0
        while (wait_s := (moment - seen).total_seconds()) > 0.0:
            pause_s = min(max(wait_s / self._speed, LEAST_PAUSE_S), LONGEST_PAUSE_S)
            await self._sleep(pause_s)
            slept_s += pause_s
            now = await self._present()
            if now > seen:
                self._speed = max(1.0, (now - seen).total_seconds() / slept_s)
                seen, slept_s = now, 0.0
            elif slept_s > STILL_S:
                raise ArgumentError(
                    f"it stays {seen:%Y-%m-%d %H:%M:%S} UTC in the simulated market, and {moment:%H:%M:%S} is waited "
                    "for: give a clock that runs, as in open, live or at:TIME*SPEED"
                )
        return seen
