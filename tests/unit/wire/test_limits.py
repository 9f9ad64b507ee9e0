"""The token bucket, over a clock that only the test moves."""

from __future__ import annotations

import asyncio

import pytest

from quantdata.wire.limits import TokenBucket


class Clock:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def stand(self, seconds: float) -> None:
        """Sleep without letting the time pass: others come at the same instant."""
        self.slept.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_at_once_and_the_rest_at_the_rate(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=3, clock=clock, sleep=clock.sleep)

    async def leave() -> list[float]:
        times = []
        for _ in range(6):
            await bucket.acquire()
            times.append(clock.now)
        return times

    assert asyncio.run(leave()) == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]


def test_callers_at_the_same_instant_queue_in_order(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=1, clock=clock, sleep=clock.stand)

    async def leave() -> None:
        await asyncio.gather(*(bucket.acquire() for _ in range(4)))

    asyncio.run(leave())
    assert clock.slept == [1.0, 2.0, 3.0]


def test_a_quiet_time_fills_no_more_than_the_burst(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=2, clock=clock, sleep=clock.sleep)
    clock.now = 3600.0

    async def leave() -> None:
        for _ in range(3):
            await bucket.acquire()

    asyncio.run(leave())
    assert clock.slept == [1.0]


def test_a_caller_who_gives_up_leaves_his_place_to_others() -> None:
    clock = Clock()
    entered: list[float] = []
    waits = asyncio.Event()

    async def wait_for_ever(seconds: float) -> None:
        entered.append(seconds)
        waits.set()
        await asyncio.Event().wait()

    bucket = TokenBucket(per_minute=60.0, burst=1, clock=clock, sleep=wait_for_ever)

    async def leave() -> None:
        await bucket.acquire()
        waiting = asyncio.ensure_future(bucket.acquire())
        await waits.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        clock.now = 1.0
        await bucket.acquire()

    asyncio.run(leave())
    assert entered == [1.0]


def test_nothing_passes_during_a_pause_and_all_as_before_after_it(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=3, clock=clock, sleep=clock.sleep)
    bucket.pause(5.0)

    async def leave() -> list[float]:
        times = []
        for _ in range(5):
            await bucket.acquire()
            times.append(clock.now)
        return times

    times = asyncio.run(leave())
    assert times[0] == 5.0
    assert times[-1] - times[-2] == 1.0
    assert (bucket.per_minute, bucket.burst) == (60.0, 3)


def test_a_pause_that_is_over_holds_up_nobody(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=3, clock=clock, sleep=clock.sleep)
    bucket.pause(5.0)
    clock.now = 5.0
    asyncio.run(bucket.acquire())
    assert clock.slept == []


def test_a_pause_holds_up_all_who_come_at_once(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=6000.0, burst=100, clock=clock, sleep=clock.stand)
    bucket.pause(5.0)

    async def leave() -> None:
        await asyncio.gather(*(bucket.acquire() for _ in range(3)))

    asyncio.run(leave())
    assert clock.slept == [5.0, 5.0, 5.0]


def test_a_pause_within_a_longer_one_does_not_shorten_it(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=3, clock=clock, sleep=clock.sleep)
    bucket.pause(5.0)
    clock.now = 1.0
    bucket.pause(2.0)
    asyncio.run(bucket.acquire())
    assert clock.now == 5.0


def test_a_pause_on_top_of_an_empty_bucket_waits_for_the_later_of_both(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=6.0, burst=1, clock=clock, sleep=clock.sleep)

    async def leave() -> None:
        await bucket.acquire()
        bucket.pause(3.0)
        await bucket.acquire()
        bucket.pause(30.0)
        await bucket.acquire()

    asyncio.run(leave())
    assert clock.slept == [10.0, 30.0]


@pytest.mark.parametrize(("per_minute", "is_slow"), [(5.0, True), (59.9, True), (60.0, False), (6000.0, False)])
def test_less_than_one_request_a_second_is_slow(per_minute: float, *, is_slow: bool) -> None:
    assert TokenBucket(per_minute=per_minute, burst=1).is_slow is is_slow
