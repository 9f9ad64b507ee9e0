from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quantdata.errors import ArgumentError
from quantdata.sessions import NEW_YORK
from quantdata.sim.clock import parse_clock


class Wall:
    """A wall clock that stands where it is put."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def test_live_is_the_wall_in_utc() -> None:
    clock = parse_clock("live", wall=Wall(new_york("2026-11-22T05:00")))
    assert clock.now() == SUNDAY
    assert clock.now().tzinfo is UTC


def test_a_frozen_clock_stands_still() -> None:
    wall = Wall(SUNDAY)
    clock = parse_clock("at:2026-11-18T15:30:00Z", wall=wall)
    wall.moment += timedelta(days=3)
    assert clock.now() == datetime(2026, 11, 18, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(("suffix", "minutes"), [("*60", 120), ("*1", 2), ("*0.5", 1)])
def test_a_running_clock_runs_at_its_speed(suffix: str, minutes: int) -> None:
    wall = Wall(SUNDAY)
    clock = parse_clock("at:2026-11-18T15:30:00Z" + suffix, wall=wall)
    wall.moment += timedelta(minutes=2)
    assert clock.now() == datetime(2026, 11, 18, 15, 30, tzinfo=UTC) + timedelta(minutes=minutes)


def test_a_time_without_offset_is_new_york_time() -> None:
    clock = parse_clock("at:2026-11-18T15:30:00", wall=Wall(SUNDAY))
    assert clock.now() == datetime(2026, 11, 18, 20, 30, tzinfo=UTC)


def test_open_starts_at_eleven_of_the_newest_session() -> None:
    assert parse_clock("open", wall=Wall(SUNDAY)).now() == new_york("2026-11-20T11:00")
    before_the_open = Wall(new_york("2026-11-24T09:29"))
    assert parse_clock("open", wall=before_the_open).now() == new_york("2026-11-23T11:00")
    at_the_open = Wall(new_york("2026-11-24T09:30"))
    assert parse_clock("open", wall=at_the_open).now() == new_york("2026-11-24T11:00")


def test_open_runs_in_real_time_and_skips_what_is_closed() -> None:
    wall = Wall(SUNDAY)
    clock = parse_clock("open", wall=wall)
    wall.moment += timedelta(hours=4, minutes=29, seconds=59)
    assert clock.now() == new_york("2026-11-20T15:29:59")
    wall.moment += timedelta(seconds=1)
    assert clock.now() == new_york("2026-11-23T11:00")


def test_open_leaves_a_half_day_early() -> None:
    wall = Wall(new_york("2026-11-27T18:00"))
    clock = parse_clock("open", wall=wall)
    assert clock.now() == new_york("2026-11-27T11:00")
    wall.moment += timedelta(hours=1, minutes=30)
    assert clock.now() == new_york("2026-11-30T11:00")


@pytest.mark.parametrize(
    "text",
    ["", "now", "at:", "at:tomorrow", "at:2026-11-18", "at:2026-11-18T15:30Z*", "at:2026-11-18T15:30Z*-1",
     "at:2026-11-18T15:30Z*60*2", "at:2015-01-05T15:30Z", "at:2032-01-05T15:30Z", "OPEN"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ArgumentError, match="clock"):
        parse_clock(text, wall=Wall(SUNDAY))
