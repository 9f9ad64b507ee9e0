from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quantdata import portal
from quantdata.errors import ArgumentError
from quantdata.jobs import Job
from quantdata.jobs.asking import regular_close
from quantdata.jobs.slots import Alarm, Hours, hours_of, interval, slots, until_time
from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Callable

STOCK = Job("chains", ["NVDA"])
FIVE = timedelta(minutes=5)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


def spoken(hours: Hours) -> tuple[str, str]:
    first, last = (f"{moment.astimezone(NEW_YORK):%d %H:%M}" for moment in hours)
    return first, last


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), (" 3h ", 10_800)])
def test_intervals_are_seconds_minutes_or_hours(text: str, seconds: int) -> None:
    assert interval(text).total_seconds() == seconds
    assert interval(timedelta(seconds=seconds)).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "0s", "4h", "1d", "-5m", "5 m", 300, None, timedelta()])
def test_what_is_no_interval_is_refused(text: Any) -> None:
    with pytest.raises(ArgumentError, match="every is an interval from 1s to 3h, such as '30s', '5m' or '1h', not "):
        interval(text)


def test_until_is_the_close_or_a_time() -> None:
    assert until_time("close") is None
    assert until_time("15:30") == until_time(time(15, 30)) == time(15, 30)
    for other in ("", "later", 15, None):
        with pytest.raises(ArgumentError, match="until is 'close' or a New York time such as '15:30', not "):
            until_time(other)


@pytest.mark.parametrize(
    ("symbol", "day", "has_options", "closes"),
    [
        ("NVDA", "2026-11-18", True, "2026-11-18T16:00"),
        ("SPX", "2026-11-18", True, "2026-11-18T16:15"),
        ("SPY", "2026-11-18", True, "2026-11-18T16:15"),
        ("SPX", "2026-11-27", True, "2026-11-27T13:15"),
        ("NVDA", "2026-11-27", True, "2026-11-27T13:00"),
        ("SPY", "2026-11-18", False, "2026-11-18T16:00"),
        ("SPX", "2026-11-27", False, "2026-11-27T13:00"),
        ("SPXW261218C06000000", "2026-11-18", False, "2026-11-18T16:15"),
        ("NVDA261218C00600000", "2026-11-27", False, "2026-11-27T13:00"),
    ],
)
def test_each_symbol_has_its_own_close(symbol: str, day: str, *, has_options: bool, closes: str) -> None:
    session = datetime.fromisoformat(day).date()
    assert regular_close(symbol, session, has_options=has_options) == at(closes)


@pytest.mark.parametrize(
    ("jobs", "now", "until", "hours"),
    [
        ([STOCK], "2026-11-18T11:00", None, ("18 09:30", "18 16:00")),
        ([STOCK], "2026-11-18T08:00", None, ("18 09:30", "18 16:00")),
        ([STOCK], "2026-11-18T16:01", None, ("19 09:30", "19 16:00")),
        ([STOCK, Job("flow", ["SPX"])], "2026-11-18T16:01", None, ("18 09:30", "18 16:15")),
        ([Job("quotes", ["SPY"])], "2026-11-18T15:00", None, ("18 09:30", "18 16:00")),
        ([STOCK], "2026-11-21T11:00", None, ("23 09:30", "23 16:00")),
        ([STOCK], "2026-11-26T11:00", None, ("27 09:30", "27 13:00")),
        ([STOCK], "2026-11-18T11:00", time(15, 30), ("18 09:30", "18 15:30")),
        ([STOCK], "2026-11-18T15:31", time(15, 30), ("19 09:30", "19 15:30")),
        ([STOCK], "2026-11-18T11:00", time(18), ("18 09:30", "18 16:00")),
    ],
)
def test_hours_are_those_of_the_session_that_is_on_or_of_the_next(
    jobs: list[Job], now: str, until: time | None, hours: tuple[str, str]
) -> None:
    assert spoken(hours_of(jobs, at(now), until)) == hours


def test_a_time_before_the_open_is_refused() -> None:
    with pytest.raises(ArgumentError, match="until 09:00:00 is before the open: sessions begin at 09:30 New York time"):
        hours_of([STOCK], at("2026-11-18T08:00"), time(9))


@pytest.mark.parametrize(
    ("every", "now", "first", "count"),
    [
        ("5m", "2026-11-18T08:00", "2026-11-18T09:30", 79),
        ("5m", "2026-11-18T15:50:00", "2026-11-18T15:50", 3),
        ("5m", "2026-11-18T15:50:01", "2026-11-18T15:55", 2),
        ("1h", "2026-11-18T08:00", "2026-11-18T10:00", 7),
        ("3h", "2026-11-18T08:00", "2026-11-18T12:00", 2),
        ("7m", "2026-11-18T15:56", "2026-11-18T15:59", 1),
    ],
)
def test_slots_are_multiples_from_midnight_on_with_both_ends(every: str, now: str, first: str, count: int) -> None:
    hours = Hours(at("2026-11-18T09:30"), at("2026-11-18T16:00"))
    found = list(slots(hours, interval(every), at(now)))
    assert (found[0], len(found)) == (at(first), count)
    assert {later - earlier for earlier, later in itertools.pairwise(found)} <= {interval(every)}


# --- waiting --------------------------------------------------------------------------------------------------------


class Clock:
    """A clock that runs so many times as fast as the time that is slept; told anew every ``told_s`` slept."""

    def __init__(self, speed: float, *, told_s: float = 0.0) -> None:
        self.speed = speed
        self.told_s = told_s
        self.slept: list[float] = []
        self.told = self.start = at("2026-11-18T09:00")
        self._told_at = 0.0

    async def present(self) -> datetime:
        total = sum(self.slept)
        if total - self._told_at >= self.told_s:
            self._told_at = total
            self.told = self.start + timedelta(seconds=total * self.speed)
        return self.told

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def waited(clock: Clock, moment: datetime) -> datetime:
    return portal.call(Alarm(clock.present, clock.sleep).wait_for(moment))


@pytest.mark.parametrize("clock", [lambda: Clock(1.0), lambda: Clock(60.0), lambda: Clock(60.0, told_s=1.0)])
def test_a_moment_is_waited_for_at_any_speed(clock: Callable[[], Clock]) -> None:
    running = clock()
    late = waited(running, running.start + timedelta(minutes=10)) - running.start - timedelta(minutes=10)
    assert timedelta() <= late <= timedelta(seconds=2.0 * running.speed)
    assert sum(running.slept) == pytest.approx(600.0 / running.speed, abs=2.0)


def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    clock = Clock(1.0)
    assert waited(clock, clock.start - FIVE) == clock.start
    assert clock.slept == []


def test_a_clock_that_stands_still_is_not_waited_for_forever() -> None:
    clock = Clock(0.0)
    with pytest.raises(ArgumentError) as refused:
        waited(clock, clock.start + FIVE)
    assert str(refused.value) == (
        "it stays 2026-11-18 14:00:00 UTC in the simulated market, and 14:05:00 is waited for: give a clock that runs, "
        "as in open, live or at:TIME*SPEED"
    )
