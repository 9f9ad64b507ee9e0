"""The vendor's clock and its calendar of trading days.

References
----------
``markets/clock`` and ``markets/calendar``: reference/tradier.md §5.9 and §5.10; hours as recorded in 2024.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from quantdata.sessions import FIRST_DAY, LAST_DAY, NEW_YORK, Session, closed_reason, find_session, next_session
from quantdata.sim.tradier.answers import Answer
from quantdata.sim.tradier.refusals import bad_parameter

if TYPE_CHECKING:
    from quantdata.sim.tradier.request import Request

__all__ = ["clock", "month"]

_MONTHS = 12
# The vendor's own hours, not the exchanges': it opens before them and closes after them by so much.
_OPENS_BEFORE = timedelta(hours=2, minutes=30)
_PREMARKET_ENDS_BEFORE = timedelta(minutes=6)
_CLOSES_AFTER = timedelta(hours=3, minutes=55)


def clock(request: Request) -> Answer:
    """Answer what the market is doing, and when it does something else."""
    changes = [*_changes(request.today), *_changes(next_session(request.today).day)]
    state = next((name for start, name in reversed(changes) if start <= request.at), "closed")
    until, following = next(change for change in changes if change[0] > request.at)
    body = {
        "date": str(request.today),
        "description": _described(state, find_session(request.today)),
        "state": state,
        "timestamp": int(request.at.timestamp()),
        "next_change": _time(until),
        "next_state": following,
    }
    return Answer(whole={"clock": body})


def _changes(day: date) -> list[tuple[datetime, str]]:
    """Return when the market begins to do what on a day."""
    session = find_session(day)
    if session is None:
        return []
    return [
        (session.open - _OPENS_BEFORE, "premarket"),
        (session.open, "open"),
        (session.close, "postmarket"),
        (session.close + _CLOSES_AFTER, "closed"),
    ]


def _described(state: str, session: Session | None) -> str:
    if session is None or state == "closed":
        return "Market is closed."
    if state == "open":
        return f"Market is open from {_time(session.open)} to {_time(session.close)}"
    return f"Market is in {state}."


def month(request: Request) -> Answer:
    """Answer every day of a month; this one when none is named."""
    number = request.number("month", default=request.today.month)
    year = request.number("year", default=request.today.year)
    if not 1 <= number <= _MONTHS:
        raise bad_parameter("month", "must be from 1 to 12")
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        raise bad_parameter("year", f"must be from {FIRST_DAY.year} to {LAST_DAY.year}")
    days = [_day(date(year, number, each + 1)) for each in range(monthrange(year, number)[1])]
    return Answer(whole={"calendar": {"month": number, "year": year, "days": {"day": days}}})


def _day(day: date) -> dict[str, Any]:
    session = find_session(day)
    if session is None:
        reason = closed_reason(day)
        text = "Market is closed" if reason == "weekend" else f"Market is closed for {reason}"
        return {"date": str(day), "status": "closed", "description": text}
    opened, closed = session.open, session.close
    return {
        "date": str(day),
        "status": "open",
        "description": "Market is open",
        "premarket": {"start": _time(opened - _OPENS_BEFORE), "end": _time(opened - _PREMARKET_ENDS_BEFORE)},
        "open": {"start": _time(opened), "end": _time(closed)},
        "postmarket": {"start": _time(closed), "end": _time(closed + _CLOSES_AFTER)},
    }


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(NEW_YORK):%H:%M}"
