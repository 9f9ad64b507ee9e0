"""The simulator's clock: the wall's, a market that is always open, or any instant, frozen or running."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from quantdata.errors import ArgumentError
from quantdata.sessions import NEW_YORK, Session, find_session, next_session, previous_session, session_day
from quantdata.sim.timeline import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "parse_clock"]

_AT: Final = re.compile(r"at:(?P<moment>[^*]+)(?:\*(?P<speed>[0-9]+(?:\.[0-9]+)?))?")
_AFTER_OPEN: Final = timedelta(hours=1, minutes=30)  # 11:00 New York time
_BEFORE_CLOSE: Final = timedelta(minutes=30)  # 15:30, on half-days 12:30
_ALLOWED: Final = (
    '"live" (the wall clock), "open" (always mid-session), "at:2026-11-18T15:30:00Z" (frozen there) or '
    '"at:2026-11-18T15:30:00Z*60" (running from there at 60 times the speed); a time without offset is New York time'
)


class Clock(Protocol):
    """Says what time it is in the simulated market."""

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        ...


@dataclass(frozen=True, slots=True)
class _Wall:
    """The wall clock itself."""

    wall: Callable[[], datetime]

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return self.wall().astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Scaled:
    """A clock that shows ``origin`` at wall time ``started`` and runs ``speed`` times as fast; 0 stands still."""

    wall: Callable[[], datetime]
    started: datetime
    origin: datetime
    speed: float

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return self.origin + (self.wall() - self.started) * self.speed


@dataclass(frozen=True, slots=True)
class _AlwaysOpen:
    """A clock that runs from 11:00 to 15:30 New York time of one session, then on from 11:00 of the next."""

    wall: Callable[[], datetime]
    started: datetime
    first: Session

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        elapsed, session = self.wall() - self.started, self.first
        while elapsed >= (length := session.close - _BEFORE_CLOSE - (session.open + _AFTER_OPEN)):
            elapsed, session = elapsed - length, next_session(session.day)
        return session.open + _AFTER_OPEN + elapsed


def parse_clock(text: str, *, wall: Callable[[], datetime]) -> Clock:
    """Return the clock that a text describes.

    Parameters
    ----------
    text
        ``"live"``, ``"open"``, ``"at:<time>"`` or ``"at:<time>*<speed>"``. A time is ISO 8601 with date and time of
        day; without an offset it is New York time.
    wall
        The real clock: returns aware datetimes. Clocks start when they are made.

    Raises
    ------
    ArgumentError
        If the text is anything else, or its time lies outside the simulated years.
    """
    if text == "live":
        return _Wall(wall)
    if text == "open":
        started = wall()
        return _AlwaysOpen(wall, started, _newest_session(started))
    match = _AT.fullmatch(text)
    if match is None:
        raise ArgumentError(f"clock {text!r}: it is {_ALLOWED}")
    origin = _moment(match["moment"], text)
    return _Scaled(wall, wall(), origin, float(match["speed"] or 0.0))


def _newest_session(moment: datetime) -> Session:
    """Return the newest session that has begun by 09:30 New York time."""
    day = session_day(moment)
    today = find_session(day)
    return today if today is not None and today.open <= moment else previous_session(day)


def _moment(text: str, whole: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentError(f"clock {whole!r}: {text!r} is not an ISO 8601 time; it is {_ALLOWED}") from None
    if ":" not in text:
        raise ArgumentError(f"clock {whole!r}: {text!r} has no time of day, as in 2026-11-18T15:30:00Z")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=NEW_YORK)
    if not FIRST_DAY < session_day(moment) <= LAST_DAY:
        raise ArgumentError(f"clock {whole!r}: the simulated market runs from {FIRST_DAY} to {LAST_DAY}")
    return moment.astimezone(UTC)
