"""Sessions: literal days and moments that everyone remembers, and the whole span against exchange_calendars."""

from __future__ import annotations

import importlib.util
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from quantdata import sessions
from quantdata.errors import ArgumentError
from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Callable


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- the table ------------------------------------------------------------------------------------------------------


# exchange_calendars builds its schedule in a way that pandas 3 deprecates.
@pytest.mark.filterwarnings("ignore:Series.values returning")
def test_every_day_agrees_with_exchange_calendars() -> None:
    exchange_calendars = pytest.importorskip("exchange_calendars")
    calendar = exchange_calendars.get_calendar("XNYS", start="2005-01-01", end="2031-12-31")
    expected = [
        (day.date(), opens.to_pydatetime(), closes.to_pydatetime())
        for day, opens, closes in zip(calendar.sessions, calendar.opens, calendar.closes, strict=True)
    ]
    ours = sessions.sessions(sessions.FIRST_DAY, sessions.LAST_DAY)
    assert [(session.day, session.open, session.close) for session in ours] == expected


@pytest.mark.filterwarnings("ignore:Series.values returning")
def test_the_committed_table_is_what_its_script_writes() -> None:
    pytest.importorskip("exchange_calendars")
    script = Path(__file__).resolve().parents[2] / "tools" / "generate_sessions.py"
    spec = importlib.util.spec_from_file_location("generate_sessions", script)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.TABLE.read_text(encoding="utf-8") == module.render()


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2007-01-02", "National Day of Mourning for Gerald Ford"),
        ("2012-10-29", "Hurricane Sandy"),
        ("2012-10-30", "Hurricane Sandy"),
        ("2018-12-05", "National Day of Mourning for George H.W. Bush"),
        ("2025-01-09", "National Day of Mourning for Jimmy Carter"),
        ("2019-04-19", "Good Friday"),
        ("2022-06-20", "Juneteenth National Independence Day (observed)"),
        ("2023-06-19", "Juneteenth National Independence Day"),
        ("2024-11-28", "Thanksgiving Day"),
        ("2026-07-03", "Independence Day (observed)"),
        ("2025-12-25", "Christmas Day"),
        ("2030-01-01", "New Year's Day"),
        ("2031-01-20", "Martin Luther King, Jr. Day"),
        ("2025-11-22", "weekend"),
        ("2025-11-23", "weekend"),
    ],
)
def test_the_market_is_shut_for_a_reason(day: str, reason: str) -> None:
    closed = date.fromisoformat(day)
    assert not sessions.is_session(closed)
    assert sessions.find_session(closed) is None
    assert sessions.closed_reason(closed) == reason
    with pytest.raises(ArgumentError, match="is not a session") as refusal:
        sessions.session(closed)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    "day",
    [
        "2021-06-18",  # Juneteenth was a federal holiday since the day before, not yet an exchange holiday
        "2021-12-31",  # New Year's Day on a Saturday is not made up for
        "2012-10-31",  # the first day after Hurricane Sandy
        "2025-10-13",  # Columbus Day
        "2025-11-11",  # Veterans Day
    ],
)
def test_the_market_trades_on_days_that_look_like_holidays(day: str) -> None:
    assert sessions.is_session(date.fromisoformat(day))
    assert sessions.closed_reason(date.fromisoformat(day)) is None


# --- a session ------------------------------------------------------------------------------------------------------


def test_hours_follow_new_york_through_both_clock_changes() -> None:
    winter, summer = sessions.session(date(2025, 3, 7)), sessions.session(date(2025, 3, 10))
    assert (winter.open, winter.close) == (utc("2025-03-07T14:30"), utc("2025-03-07T21:00"))
    assert (summer.open, summer.close) == (utc("2025-03-10T13:30"), utc("2025-03-10T20:00"))
    assert (winter.early_open, winter.late_close) == (utc("2025-03-07T09:00"), utc("2025-03-08T01:00"))
    assert sessions.session(date(2025, 11, 3)).open == utc("2025-11-03T14:30")
    assert winter.open.tzinfo is UTC
    assert not winter.is_half_day


@pytest.mark.parametrize("day", ["2024-07-03", "2025-11-28", "2025-12-24", "2008-07-03"])
def test_half_days_end_at_one_and_after_hours_at_five(day: str) -> None:
    half = sessions.session(date.fromisoformat(day))
    assert half.is_half_day
    assert half.close == new_york(f"{day}T13:00")
    assert half.early_open == new_york(f"{day}T04:00")
    assert half.late_close == new_york(f"{day}T17:00")


def test_a_range_of_sessions_includes_both_ends() -> None:
    week = sessions.sessions(date(2025, 11, 24), date(2025, 11, 28))
    assert [session.day.day for session in week] == [24, 25, 26, 28]
    assert sessions.sessions(date(2025, 11, 27), date(2025, 11, 27)) == []
    assert len(sessions.sessions(date(2024, 1, 1), date(2024, 12, 31))) == 252


def test_a_range_of_sessions_is_the_callers_own_list() -> None:
    sessions.sessions(date(2025, 11, 24), date(2025, 11, 28)).clear()
    assert len(sessions.sessions(date(2025, 11, 24), date(2025, 11, 28))) == 4


def test_neighbours_skip_weekends_and_holidays() -> None:
    assert sessions.next_session(date(2025, 11, 26)).day == date(2025, 11, 28)
    assert sessions.next_session(date(2025, 11, 27)).day == date(2025, 11, 28)
    assert sessions.next_session(date(2025, 11, 28)).day == date(2025, 12, 1)
    assert sessions.previous_session(date(2025, 12, 1)).day == date(2025, 11, 28)
    assert sessions.previous_session(date(2025, 11, 27)).day == date(2025, 11, 26)


# --- moments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2025-11-26T03:59:59", "closed"),
        ("2025-11-26T04:00:00", "early"),
        ("2025-11-26T09:29:59", "early"),
        ("2025-11-26T09:30:00", "open"),
        ("2025-11-26T15:59:59", "open"),
        ("2025-11-26T16:00:00", "late"),
        ("2025-11-26T19:59:59", "late"),
        ("2025-11-26T20:00:00", "closed"),
        ("2025-11-27T12:00:00", "closed"),
        ("2025-11-28T12:59:59", "open"),
        ("2025-11-28T13:00:00", "late"),
        ("2025-11-28T17:00:00", "closed"),
        ("2025-11-29T12:00:00", "closed"),
    ],
)
def test_market_state(moment: str, state: str) -> None:
    assert sessions.market_state(new_york(moment)) == state
    assert sessions.market_state(new_york(moment).astimezone(UTC)) == state


def test_the_day_of_a_moment_is_the_one_in_new_york() -> None:
    evening = utc("2025-11-27T03:00")
    assert sessions.session_day(evening) == date(2025, 11, 26)
    assert sessions.current_session(evening) == sessions.session(date(2025, 11, 26))
    assert sessions.current_session(new_york("2025-11-27T12:00")) is None


def test_next_open_and_close_are_strictly_later() -> None:
    opens, closes = new_york("2025-11-26T09:30"), new_york("2025-11-26T16:00")
    instant = timedelta(microseconds=1)
    assert sessions.next_open(opens - instant) == opens
    assert sessions.next_open(opens) == new_york("2025-11-28T09:30")
    assert sessions.next_close(opens) == closes
    assert sessions.next_close(closes) == new_york("2025-11-28T13:00")
    assert sessions.next_open(opens).tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2025-11-21T15:59:50", "2025-11-22T12:00:00", 10.0),
        ("2025-11-26T09:30:00", "2025-11-26T16:00:00", 23_400.0),
        ("2025-11-26T15:00:00", "2025-11-28T09:31:00", 3_660.0),
        ("2025-11-28T00:00:00", "2025-11-29T00:00:00", 12_600.0),
        ("2025-11-26T10:00:00", "2025-11-26T10:00:00.25", 0.25),
        ("2025-11-26T16:00:00", "2025-11-28T09:30:00", 0.0),
        ("2005-01-01T00:00:00", "2005-01-03T09:30:00", 0.0),
    ],
)
def test_open_seconds_between(start: str, end: str, seconds: float) -> None:
    assert sessions.open_seconds_between(new_york(start), new_york(end)) == seconds


def test_the_hour_that_runs_twice_is_in_order() -> None:
    first, second = new_york("2025-11-02T01:59"), new_york("2025-11-02T01:01").replace(fold=1)
    assert sessions.open_seconds_between(first, second) == 0.0
    with pytest.raises(ArgumentError, match="end is before the start"):
        sessions.open_seconds_between(second, first)


# --- expirations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (2025, 11, date(2025, 11, 21)),
        (2025, 8, date(2025, 8, 15)),  # the month begins on a Friday: the earliest third Friday
        (2026, 5, date(2026, 5, 15)),
        (2014, 4, date(2014, 4, 17)),  # Good Friday
        (2025, 4, date(2025, 4, 17)),  # Good Friday
        (2026, 6, date(2026, 6, 18)),  # Juneteenth
        (2031, 12, date(2031, 12, 19)),
    ],
)
def test_third_friday_moves_to_thursday_when_it_is_a_holiday(year: int, month: int, day: date) -> None:
    assert sessions.third_friday(year, month) == day


@pytest.mark.parametrize(
    ("expiration", "kind"),
    [
        ("2025-11-21", "standard"),
        ("2025-04-17", "standard"),  # Thursday before Good Friday
        ("2025-04-18", "weekly"),  # Good Friday itself, on which nothing expires
        ("2014-01-18", "standard"),  # the Saturday of old symbols
        ("2014-01-17", "standard"),
        ("2014-04-19", "standard"),  # Saturday after a third Friday that was Good Friday
        ("2015-01-17", "standard"),
        ("2014-01-25", "weekly"),
        ("2015-02-21", "weekly"),  # from February 2015 on standard options expire on Fridays
        ("2015-02-20", "standard"),
        ("2025-09-30", "quarterly"),
        ("2025-12-31", "quarterly"),
        ("2024-03-28", "quarterly"),  # Good Friday is the 29th
        ("2025-10-31", "eom"),
        ("2025-05-30", "eom"),  # the month ends on a Saturday
        ("2025-11-28", "eom"),
        ("2025-11-24", "weekly"),
        ("2025-11-14", "weekly"),
    ],
)
def test_expiration_type(expiration: str, kind: str) -> None:
    assert sessions.expiration_type(date.fromisoformat(expiration)) == kind


@pytest.mark.parametrize(
    ("expiration", "am", "pm"),
    [
        ("2025-11-21", "2025-11-21T09:30", "2025-11-21T16:00"),
        ("2025-11-28", "2025-11-28T09:30", "2025-11-28T13:00"),
        ("2014-01-18", "2014-01-17T09:30", "2014-01-17T16:00"),
        ("2014-04-19", "2014-04-17T09:30", "2014-04-17T16:00"),
        ("2030-12-20", "2030-12-20T09:30", "2030-12-20T16:00"),
    ],
)
def test_expiry_instant(expiration: str, am: str, pm: str) -> None:
    day = date.fromisoformat(expiration)
    assert sessions.expiry_instant(day, "AM") == new_york(am)
    assert sessions.expiry_instant(day, "PM") == new_york(pm)


def test_time_to_expiry_counts_years_of_365_days_and_stops_at_zero() -> None:
    expiration = date(2025, 11, 21)
    close = new_york("2025-11-21T16:00")
    assert sessions.time_to_expiry(expiration, "PM", at=close - timedelta(days=365)) == 1.0
    assert sessions.time_to_expiry(expiration, "PM", at=close - timedelta(hours=1)) == pytest.approx(
        1 / 8760, rel=1e-12
    )
    assert sessions.time_to_expiry(expiration, "PM", at=close) == 0.0
    assert sessions.time_to_expiry(expiration, "PM", at=close + timedelta(days=1)) == 0.0


def test_time_to_expiry_counts_elapsed_time_across_a_clock_change() -> None:
    # Friday's to Monday's close is 71 hours when clocks go forward in between, in whatever zone the moment is given.
    before = new_york("2025-03-07T16:00")
    for at in (before, before.astimezone(UTC)):
        assert sessions.time_to_expiry(date(2025, 3, 10), "PM", at=at) == pytest.approx(71 / 8760, rel=1e-12)


def test_days_to_expiry_counts_new_york_dates() -> None:
    expiration = date(2025, 11, 21)
    assert sessions.days_to_expiry(expiration, new_york("2025-11-21T09:30")) == 0
    assert sessions.days_to_expiry(expiration, utc("2025-11-21T03:00")) == 1
    assert sessions.days_to_expiry(expiration, new_york("2025-11-22T00:00")) == -1
    assert sessions.days_to_expiry(date(2028, 12, 15), new_york("2025-11-22T00:00")) == 1119


# --- what is refused ------------------------------------------------------------------------------------------------

NAIVE = datetime(2025, 11, 21, 12)  # noqa: DTZ001 - the missing zone is the point
TAKES_A_DAY: list[Callable[[date], object]] = [
    sessions.is_session,
    sessions.find_session,
    sessions.session,
    sessions.next_session,
    sessions.previous_session,
    sessions.closed_reason,
    sessions.expiration_type,
    lambda day: sessions.sessions(day, date(2025, 11, 21)),
    lambda day: sessions.sessions(date(2025, 11, 21), day),
    lambda day: sessions.expiry_instant(day, "PM"),
    lambda day: sessions.days_to_expiry(day, datetime(2025, 11, 21, tzinfo=UTC)),
]
TAKES_A_MOMENT: list[Callable[[datetime], object]] = [
    sessions.session_day,
    sessions.current_session,
    sessions.market_state,
    sessions.next_open,
    sessions.next_close,
    lambda moment: sessions.open_seconds_between(moment, utc("2025-11-21T12:00")),
    lambda moment: sessions.open_seconds_between(utc("2025-11-21T12:00"), moment),
    lambda moment: sessions.time_to_expiry(date(2025, 11, 21), "PM", at=moment),
    lambda moment: sessions.days_to_expiry(date(2025, 11, 21), moment),
]


@pytest.mark.parametrize("function", TAKES_A_DAY)
@pytest.mark.parametrize("day", [date(2004, 12, 31), date(2032, 1, 1)])
def test_a_day_outside_the_calendar_is_refused_with_its_span(function: Callable[[date], object], day: date) -> None:
    with pytest.raises(ArgumentError, match="from 2005-01-01 to 2031-12-31"):
        function(day)


@pytest.mark.parametrize("function", TAKES_A_DAY)
def test_a_moment_is_not_taken_for_a_day(function: Callable[[date], object]) -> None:
    with pytest.raises(ArgumentError, match="session_day"):
        function(utc("2025-11-21T12:00"))


@pytest.mark.parametrize("function", TAKES_A_MOMENT)
def test_a_moment_without_a_zone_is_refused(function: Callable[[datetime], object]) -> None:
    with pytest.raises(ArgumentError, match="has no time zone"):
        function(NAIVE)


@pytest.mark.parametrize("function", TAKES_A_MOMENT[1:7])
@pytest.mark.parametrize("moment", ["2004-12-31T12:00", "2032-01-01T12:00"])
def test_a_moment_outside_the_calendar_is_refused(function: Callable[[datetime], object], moment: str) -> None:
    with pytest.raises(ArgumentError, match=r"outside the calendar|end is before the start"):
        function(utc(moment))


def test_the_calendar_has_two_ends() -> None:
    with pytest.raises(ArgumentError, match="starts on 2005-01-01"):
        sessions.previous_session(date(2005, 1, 3))
    with pytest.raises(ArgumentError, match="ends on 2031-12-31"):
        sessions.next_session(date(2031, 12, 31))
    with pytest.raises(ArgumentError, match="ends on 2031-12-31"):
        sessions.next_open(new_york("2031-12-31T09:30"))
    assert sessions.next_close(new_york("2031-12-31T09:30")) == new_york("2031-12-31T16:00")
    assert sessions.next_session(sessions.FIRST_DAY).day == date(2005, 1, 3)


def test_an_end_before_its_start_is_refused() -> None:
    with pytest.raises(ArgumentError, match="end is before the start"):
        sessions.sessions(date(2025, 11, 21), date(2025, 11, 20))
    with pytest.raises(ArgumentError, match="end is before the start"):
        sessions.open_seconds_between(utc("2025-11-21T12:00"), utc("2025-11-21T11:59"))


@pytest.mark.parametrize(("year", "month"), [(2004, 12), (2032, 1), (2025, 0), (2025, 13)])
def test_a_month_outside_the_calendar_has_no_third_friday(year: int, month: int) -> None:
    with pytest.raises(ArgumentError, match="months run from 1 to 12"):
        sessions.third_friday(year, month)


def test_settlement_is_one_of_two_words() -> None:
    with pytest.raises(ArgumentError, match='"AM" or "PM"'):
        sessions.expiry_instant(date(2025, 11, 21), "pm")  # type: ignore[arg-type]
