"""Sessions agree with slow, obvious versions of themselves on any day and at any moment of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from quantdata import sessions
from quantdata.sessions import NEW_YORK, Session

ALL = sessions.sessions(sessions.FIRST_DAY, sessions.LAST_DAY)
DAYS = st.dates(sessions.FIRST_DAY, sessions.LAST_DAY)
INNER_DAYS = st.dates(date(2005, 1, 4), date(2031, 12, 30))
MOMENTS = st.datetimes(datetime(2005, 1, 5), datetime(2031, 12, 29), timezones=st.sampled_from([UTC, NEW_YORK]))  # noqa: DTZ001
NEARBY = st.timedeltas(timedelta(0), timedelta(days=12))


def slow_open_seconds(start: datetime, end: datetime) -> float:
    first, last = start.astimezone(NEW_YORK).date(), end.astimezone(NEW_YORK).date()
    overlaps = (min(end, day.close) - max(start, day.open) for day in sessions.sessions(first, last))
    return sum((overlap for overlap in overlaps if overlap > timedelta(0)), timedelta(0)).total_seconds()


def slow_state(moment: datetime) -> str:
    local = moment.astimezone(NEW_YORK)
    if local.weekday() >= 5 or not sessions.is_session(local.date()):
        return "closed"
    half = sessions.session(local.date()).is_half_day
    clock = (local.hour, local.minute)
    for state, end in (("closed", (4, 0)), ("early", (9, 30)), ("open", (13 if half else 16, 0))):
        if clock < end:
            return state
    return "late" if clock < (17 if half else 20, 0) else "closed"


def test_sessions_are_in_order_and_unique_and_do_not_touch() -> None:
    assert [session.day for session in ALL] == sorted({session.day for session in ALL})
    assert all(one.late_close < other.early_open for one, other in pairwise(ALL))


def test_every_session_opens_before_it_closes_within_its_day() -> None:
    for session in ALL:
        assert session.early_open < session.open < session.close < session.late_close
        assert session.open.astimezone(NEW_YORK).date() == session.day
        assert session.close.astimezone(NEW_YORK).date() == session.day


@given(DAYS)
def test_a_day_is_a_session_or_has_a_reason(day: date) -> None:
    found = sessions.find_session(day)
    assert sessions.is_session(day) == (found is not None) == (sessions.closed_reason(day) is None)
    assert found is None or found.day == day


@given(DAYS, DAYS)
def test_a_range_holds_the_days_that_are_sessions(one: date, other: date) -> None:
    start, end = min(one, other), max(one, other)
    assert sessions.sessions(start, end) == [session for session in ALL if start <= session.day <= end]


@given(INNER_DAYS)
def test_next_and_previous_undo_each_other(day: date) -> None:
    after, before = sessions.next_session(day), sessions.previous_session(day)
    assert before.day < day < after.day
    current: Session | None = sessions.find_session(day)
    assert sessions.previous_session(after.day) == (current or before)
    assert sessions.next_session(before.day) == (current or after)


@given(MOMENTS)
def test_market_state_agrees_with_the_clock_on_the_wall(moment: datetime) -> None:
    assert sessions.market_state(moment) == slow_state(moment)


@given(MOMENTS)
def test_open_and_close_take_turns(moment: datetime) -> None:
    opens, closes = sessions.next_open(moment), sessions.next_close(moment)
    assert opens > moment
    assert closes > moment
    assert (closes < opens) == (sessions.market_state(moment) == "open")


@given(MOMENTS, NEARBY)
def test_open_seconds_agree_with_adding_up_overlaps(start: datetime, length: timedelta) -> None:
    start = start.astimezone(UTC)
    end = min(start + length, datetime(2031, 12, 30, tzinfo=UTC))
    assert sessions.open_seconds_between(start, end) == slow_open_seconds(start, end)


@given(st.lists(MOMENTS, min_size=3, max_size=3))
def test_open_seconds_add_up(moments: list[datetime]) -> None:
    start, middle, end = sorted(moment.astimezone(UTC) for moment in moments)
    whole = sessions.open_seconds_between(start, end)
    parts = sessions.open_seconds_between(start, middle) + sessions.open_seconds_between(middle, end)
    assert abs(whole - parts) < 1e-6
    assert 0 <= whole <= (end - start).total_seconds()


@given(DAYS)
def test_every_month_has_one_standard_day_and_one_end(day: date) -> None:
    month = [session.day for session in ALL if (session.day.year, session.day.month) == (day.year, day.month)]
    kinds = {each: sessions.expiration_type(each) for each in month}
    assert [each for each, kind in kinds.items() if kind == "standard"] == [sessions.third_friday(day.year, day.month)]
    assert [each for each, kind in kinds.items() if kind in ("quarterly", "eom")] == [month[-1]]
    assert kinds[month[-1]] == ("quarterly" if day.month in (3, 6, 9, 12) else "eom")


@given(DAYS.filter(lambda day: day > date(2005, 1, 3)), MOMENTS)
def test_time_to_expiry_is_longer_for_pm_and_zero_when_past(expiration: date, at: datetime) -> None:
    opening = sessions.time_to_expiry(expiration, "AM", at=at)
    closing = sessions.time_to_expiry(expiration, "PM", at=at)
    assert 0.0 <= opening <= closing
    assert (closing == 0.0) == (at >= sessions.expiry_instant(expiration, "PM"))
    assert sessions.expiry_instant(expiration, "PM").astimezone(NEW_YORK).date() <= expiration
