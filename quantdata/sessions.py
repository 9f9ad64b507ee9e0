"""Trading sessions of the US equity and option market, 2005 to 2031, and when options expire.

A session is one trading day, named by its New York date: regular hours 09:30 to 16:00 New York time, to 13:00 on
half-days. Functions take a ``date`` for a day and an aware ``datetime`` (any zone) for a moment; moments returned are
in UTC. A naive ``datetime``, and a ``datetime`` where a day is meant, are refused: both hide a zone.

References
----------
NYSE, *Holidays & Trading Hours* (through exchange_calendars ``XNYS``, see ``tools/generate_sessions.py``); years that
NYSE has not announced yet follow its rules.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import accumulate
from typing import Literal
from zoneinfo import ZoneInfo

from quantdata._session_table import EARLY_CLOSES, FIRST_DAY, HOLIDAYS, LAST_DAY
from quantdata.errors import ArgumentError

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "NEW_YORK",
    "ExpirationType",
    "MarketState",
    "Session",
    "Settlement",
    "closed_reason",
    "current_session",
    "days_to_expiry",
    "expiration_type",
    "expiry_instant",
    "find_session",
    "is_session",
    "market_state",
    "midnight",
    "next_close",
    "next_open",
    "next_session",
    "open_seconds_between",
    "previous_session",
    "session",
    "session_day",
    "sessions",
    "third_friday",
    "time_to_expiry",
]

NEW_YORK = ZoneInfo("America/New_York")

Settlement = Literal["AM", "PM"]
MarketState = Literal["open", "early", "late", "closed"]
ExpirationType = Literal["standard", "quarterly", "eom", "weekly"]

_EARLY_OPEN = time(4, 0)
_OPEN = time(9, 30)
_CLOSE = time(16, 0)
_HALF_DAY_CLOSE = time(13, 0)
_LATE_CLOSE = time(20, 0)
_HALF_DAY_LATE_CLOSE = time(17, 0)

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
_YEAR = timedelta(days=365)
# Before this day standard options expired on the Saturday after the third Friday, since then on the Friday itself:
# Cboe, "XSP Product Specifications" and "DJX Product Specifications".
_FRIDAY_EXPIRATION_FROM = date(2015, 2, 15)


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """One trading day of the US equity and option market.

    Attributes
    ----------
    day
        New York date of the session.
    open, close
        First and last instant of regular trading, UTC: 09:30 and 16:00 (half-day: 13:00) New York time.
    """

    day: date
    open: datetime
    close: datetime

    @property
    def is_half_day(self) -> bool:
        """Whether regular trading ends at 13:00 New York time."""
        return self.day in EARLY_CLOSES

    @property
    def early_open(self) -> datetime:
        """Start of pre-market trading, UTC: 04:00 New York time."""
        return _instant(self.day, _EARLY_OPEN)

    @property
    def late_close(self) -> datetime:
        """End of after-hours trading, UTC: 20:00 New York time, 17:00 on half-days."""
        return _instant(self.day, _HALF_DAY_LATE_CLOSE if self.is_half_day else _LATE_CLOSE)


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Every session, and the same facts as parallel lists for bisection."""

    sessions: list[Session]
    by_day: dict[date, Session]
    days: list[date]
    opens: list[datetime]
    closes: list[datetime]
    open_time_before: list[timedelta]  # regular trading time before session i; one entry more than sessions


@cache
def _calendar() -> _Calendar:
    span = range(FIRST_DAY.toordinal(), LAST_DAY.toordinal() + 1)
    weekdays = (day for day in map(date.fromordinal, span) if day.weekday() < _SATURDAY)
    sessions = [_build(day) for day in weekdays if day not in HOLIDAYS]
    return _Calendar(
        sessions=sessions,
        by_day={session.day: session for session in sessions},
        days=[session.day for session in sessions],
        opens=[session.open for session in sessions],
        closes=[session.close for session in sessions],
        open_time_before=list(
            accumulate((session.close - session.open for session in sessions), initial=timedelta()),
        ),
    )


def _build(day: date) -> Session:
    opens = _instant(day, _OPEN)
    closes = _HALF_DAY_CLOSE if day in EARLY_CLOSES else _CLOSE
    # No clock change falls between 09:30 and 16:00 on a weekday, so the close is a plain distance from the open.
    hours = timedelta(hours=closes.hour - _OPEN.hour, minutes=closes.minute - _OPEN.minute)
    return Session(day, opens, opens + hours)


def _instant(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)


# --- arguments ------------------------------------------------------------------------------------------------------


def _check_day(day: date) -> None:
    if isinstance(day, datetime):
        raise ArgumentError(
            f"{day!r} is a moment, not a day: which day it is depends on the zone. Use session_day(moment).",
        )
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ArgumentError(f"{day} is outside the calendar, which runs from {FIRST_DAY} to {LAST_DAY}")


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ArgumentError(
            f"{moment!r} has no time zone: give an aware datetime, such as datetime.now(UTC) "
            "or one with tzinfo=sessions.NEW_YORK",
        )
    return moment.astimezone(UTC)


# --- days -----------------------------------------------------------------------------------------------------------


def is_session(day: date) -> bool:
    """Say whether the market trades on a day.

    Raises
    ------
    ArgumentError
        If the day is outside `FIRST_DAY` to `LAST_DAY`, or is a ``datetime``.
    """
    return find_session(day) is not None


def find_session(day: date) -> Session | None:
    """Return the session of a day, or None when the market is shut all day.

    Raises
    ------
    ArgumentError
        If the day is outside `FIRST_DAY` to `LAST_DAY`, or is a ``datetime``.
    """
    _check_day(day)
    return _calendar().by_day.get(day)


def session(day: date) -> Session:
    """Return the session of a day.

    Raises
    ------
    ArgumentError
        If the market is shut on that day (the message names the reason and the sessions around it), if the day is
        outside `FIRST_DAY` to `LAST_DAY`, or is a ``datetime``.
    """
    found = find_session(day)
    if found is None:
        raise ArgumentError(
            f"{day} is not a session: {closed_reason(day)}. Use previous_session or next_session for its neighbours.",
        )
    return found


def sessions(start: date, end: date) -> list[Session]:
    """Return the sessions from ``start`` to ``end``, both included, in order.

    Raises
    ------
    ArgumentError
        If either day is outside `FIRST_DAY` to `LAST_DAY`, is a ``datetime``, or ``end`` is before ``start``.
    """
    _check_day(start)
    _check_day(end)
    if end < start:
        raise ArgumentError(f"sessions from {start} to {end}: the end is before the start")
    calendar = _calendar()
    return calendar.sessions[bisect_left(calendar.days, start) : bisect_right(calendar.days, end)]


def next_session(day: date) -> Session:
    """Return the first session strictly after a day.

    Raises
    ------
    ArgumentError
        If there is none before `LAST_DAY`, if the day is outside the calendar, or is a ``datetime``.
    """
    _check_day(day)
    calendar = _calendar()
    position = bisect_right(calendar.days, day)
    if position == len(calendar.days):
        raise ArgumentError(f"no session after {day}: the calendar ends on {LAST_DAY}")
    return calendar.sessions[position]


def previous_session(day: date) -> Session:
    """Return the last session strictly before a day.

    Raises
    ------
    ArgumentError
        If there is none since `FIRST_DAY`, if the day is outside the calendar, or is a ``datetime``.
    """
    _check_day(day)
    calendar = _calendar()
    position = bisect_left(calendar.days, day)
    if position == 0:
        raise ArgumentError(f"no session before {day}: the calendar starts on {FIRST_DAY}")
    return calendar.sessions[position - 1]


def closed_reason(day: date) -> str | None:
    """Say why the market is shut on a day: ``"weekend"`` or a holiday's name; None when it trades.

    Raises
    ------
    ArgumentError
        If the day is outside `FIRST_DAY` to `LAST_DAY`, or is a ``datetime``.
    """
    _check_day(day)
    return "weekend" if day.weekday() >= _SATURDAY else HOLIDAYS.get(day)


# --- moments --------------------------------------------------------------------------------------------------------


def midnight(day: date) -> datetime:
    """Return the beginning of a New York day (UTC)."""
    return _instant(day, time())


def session_day(moment: datetime) -> date:
    """Return the New York calendar date of a moment, whether or not the market trades that day.

    Raises
    ------
    ArgumentError
        If the moment has no time zone.
    """
    return _utc(moment).astimezone(NEW_YORK).date()


def current_session(moment: datetime) -> Session | None:
    """Return the session of the moment's New York date, at any hour of it; None when there is none that day.

    Raises
    ------
    ArgumentError
        If the moment has no time zone, or its day is outside `FIRST_DAY` to `LAST_DAY`.
    """
    return find_session(session_day(moment))


def market_state(moment: datetime) -> MarketState:
    """Return what the stock market is doing: ``open``, ``early`` (pre-market), ``late`` (after hours) or ``closed``.

    Opening instants belong to the state that begins, so 16:00 New York time is ``late`` and 20:00 is ``closed``.
    Listed options trade only while it is ``open``, and a few classes 15 minutes longer (`symbols.root_facts`).

    Raises
    ------
    ArgumentError
        If the moment has no time zone, or its day is outside `FIRST_DAY` to `LAST_DAY`.
    """
    today = current_session(moment)
    if today is None or not today.early_open <= moment < today.late_close:
        return "closed"
    if moment < today.open:
        return "early"
    return "open" if moment < today.close else "late"


def next_open(moment: datetime) -> datetime:
    """Return the first start of regular trading strictly after a moment, UTC.

    Raises
    ------
    ArgumentError
        If the moment has no time zone, or no session opens after it within the calendar.
    """
    return _first_after(moment, _calendar().opens)


def next_close(moment: datetime) -> datetime:
    """Return the first end of regular trading strictly after a moment, UTC.

    Raises
    ------
    ArgumentError
        If the moment has no time zone, or no session closes after it within the calendar.
    """
    return _first_after(moment, _calendar().closes)


def _first_after(moment: datetime, instants: list[datetime]) -> datetime:
    _check_day(session_day(moment))
    position = bisect_right(instants, moment)
    if position == len(instants):
        raise ArgumentError(f"nothing after {moment}: the calendar ends on {LAST_DAY}")
    return instants[position]


def open_seconds_between(start: datetime, end: datetime) -> float:
    """Return how many seconds of regular trading lie between two moments.

    This is age as the market counts it: a quote of Friday 15:59:50 is 10 seconds old on Saturday.

    Raises
    ------
    ArgumentError
        If a moment has no time zone, is outside the calendar, or ``end`` is before ``start``.
    """
    # In UTC: moments of one zone compare by the clock on the wall, which shows 01:00 to 02:00 twice in an autumn night.
    start, end = _utc(start), _utc(end)
    if end < start:
        raise ArgumentError(f"open seconds from {start} to {end}: the end is before the start")
    return (_open_time_until(end) - _open_time_until(start)).total_seconds()


def _open_time_until(moment: datetime) -> timedelta:
    """Return the regular trading time from the calendar's start to a moment; exact, so differences add up."""
    _check_day(session_day(moment))
    calendar = _calendar()
    opened = bisect_right(calendar.opens, moment)
    if opened == 0:
        return timedelta()
    last = calendar.sessions[opened - 1]
    return calendar.open_time_before[opened - 1] + (min(moment, last.close) - last.open)


# --- expirations ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def third_friday(year: int, month: int) -> date:
    """Return the last day of a month's standard options: its third Friday, or the session before when that is shut.

    Raises
    ------
    ArgumentError
        If the month is outside the calendar.
    """
    if not (FIRST_DAY.year <= year <= LAST_DAY.year and 1 <= month <= 12):  # noqa: PLR2004
        raise ArgumentError(f"third_friday({year}, {month}): months run from 1 to 12, years from 2005 to 2031")
    fifteenth = date(year, month, 15)
    friday = fifteenth + timedelta(days=(4 - fifteenth.weekday()) % 7)
    return _session_on_or_before(friday).day


def expiration_type(expiration: date) -> ExpirationType:
    """Return the kind of expiration that falls on a date, in four words that do not overlap.

    Parameters
    ----------
    expiration
        Expiration date as it stands in the contract's symbol.

    Returns
    -------
    ExpirationType
        ``standard``: a month's third Friday (Thursday when that Friday is a holiday; before February 2015 the Saturday
        after it, as OCC symbols had it). ``quarterly``: the last session of March, June, September or December.
        ``eom``: the last session of another month. ``weekly``: every other date, daily expirations included.

    Notes
    -----
    It is a function of the date alone, so that both vendors' rows get the same word: Massive sends none, and Tradier's
    (``standard``, ``weeklys``, ``quarterlys``, ``eom``) vary with the series. SPXW on a third Friday is ``standard``
    here and VIX, whose standard options expire on Wednesdays, ``weekly``: tell series apart by their root.

    Raises
    ------
    ArgumentError
        If the date is outside `FIRST_DAY` to `LAST_DAY`, or is a ``datetime``.
    """
    _check_day(expiration)
    last_trading_day = third_friday(expiration.year, expiration.month)
    if expiration == last_trading_day or _is_standard_saturday(expiration):
        return "standard"
    if expiration != _month_end(expiration):
        return "weekly"
    return "quarterly" if expiration.month % 3 == 0 else "eom"


def _is_standard_saturday(expiration: date) -> bool:
    if expiration.weekday() != _SATURDAY or expiration >= _FRIDAY_EXPIRATION_FROM:
        return False
    return 16 <= expiration.day <= 22  # noqa: PLR2004 - a Saturday after a third Friday (15th to 21st) falls here


def _month_end(day: date) -> date:
    first_of_next = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return _session_on_or_before(first_of_next - _ONE_DAY).day


def _session_on_or_before(day: date) -> Session:
    return find_session(day) or previous_session(day)


def expiry_instant(expiration: date, settlement: Settlement) -> datetime:
    """Return the instant from which an option's payoff is fixed, UTC.

    Parameters
    ----------
    expiration
        Expiration date as it stands in the contract's symbol. When the market is shut that day (the Saturdays before
        February 2015) the session before it counts.
    settlement
        ``"PM"``: the close of regular trading, 16:00 New York time or 13:00 on a half-day. ``"AM"``: the opening,
        09:30, from which the settlement value is calculated; trading in the option stops the day before.

    Raises
    ------
    ArgumentError
        If the date is outside `FIRST_DAY` to `LAST_DAY`, or the settlement is neither word.
    """
    _check_day(expiration)
    if settlement not in ("AM", "PM"):
        raise ArgumentError(f'settlement {settlement!r}: it is "AM" or "PM"')
    last = _session_on_or_before(expiration)
    return last.open if settlement == "AM" else last.close


def time_to_expiry(expiration: date, settlement: Settlement, *, at: datetime) -> float:
    """Return the time from ``at`` to an option's expiry in years of 365 days (ACT/365); 0.0 once it has expired.

    Raises
    ------
    ArgumentError
        As `expiry_instant`, or if ``at`` has no time zone.
    """
    return max(0.0, (expiry_instant(expiration, settlement) - _utc(at)) / _YEAR)


def days_to_expiry(expiration: date, at: datetime) -> int:
    """Return the calendar days from the New York date of ``at`` to an expiration; negative once it is past.

    Raises
    ------
    ArgumentError
        If the expiration is outside `FIRST_DAY` to `LAST_DAY`, or ``at`` has no time zone.
    """
    _check_day(expiration)
    return (expiration - session_day(at)).days
