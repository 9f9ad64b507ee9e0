"""The time of a replay: only it moves itself on, and never back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from quantdata.live.timeline import Timeline

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
NOON_NS = int(NOON.timestamp()) * 1_000_000_000
SECOND = 1_000_000_000


class Hands:
    """A real clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def timeline(hands: Hands, speed: float | None) -> Timeline:
    return Timeline(NOON_NS, speed=speed, clock=hands.clock, sleep=hands.sleep)


def test_without_a_speed_nobody_waits() -> None:
    hands = Hands()
    line = timeline(hands, None)
    asyncio.run(line.advance(NOON_NS + 3600 * SECOND))
    assert hands.slept == []
    assert line.elapsed_s() == 3600.0
    assert line.moment() == NOON.replace(hour=18)


@pytest.mark.parametrize(("speed", "slept"), [(1.0, [2.0, 4.0]), (10.0, [0.2, 0.4]), (0.5, [4.0, 8.0])])
def test_at_a_speed_a_moment_comes_when_it_is_due(speed: float, slept: list[float]) -> None:
    async def two_moments(line: Timeline) -> None:
        for seconds in (0, 2, 6):
            await line.advance(NOON_NS + seconds * SECOND)

    hands = Hands()
    asyncio.run(two_moments(timeline(hands, speed)))
    assert hands.slept == pytest.approx(slept)


def test_what_took_time_is_caught_up_with() -> None:
    async def two_moments(line: Timeline) -> None:
        await line.advance(NOON_NS)
        hands.now += 5.0
        await line.advance(NOON_NS + 2 * SECOND)
        await line.advance(NOON_NS + 6 * SECOND)

    hands = Hands()
    asyncio.run(two_moments(timeline(hands, 1.0)))
    assert hands.slept == [1.0]


def test_time_never_goes_back() -> None:
    line = timeline(Hands(), None)
    asyncio.run(line.advance(NOON_NS - SECOND))
    assert line.now == NOON_NS


def test_what_is_due_later_at_all_is_due_later_there() -> None:
    line = timeline(Hands(), None)
    assert [line.after(seconds) - NOON_NS for seconds in (0.0, 1e-12, 0.25)] == [0, 1, 250_000_000]
