"""Windows counted by a vendor: whatever the order of requests and answers, no window gets more than it allows."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from typing import NamedTuple

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quantdata.wire.limits import WindowLimiter

WINDOW_MS = 60_000
# A whole minute, in milliseconds since 1970: the vendor's clock when ours begins.
EPOCH_MS = 1_795_021_200_000
QUOTES = "/v1/markets/quotes"


class Asked(NamedTuple):
    """One request: when somebody wants it, and how long it and its answer travel (milliseconds)."""

    at: int
    out: int = 0
    back: int = 0


class World:
    """Time that jumps from one event to the next, in whole milliseconds."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._sleeping: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def clock(self) -> float:
        return self.now_ms / 1000

    async def sleep(self, seconds: float) -> None:
        # Up, so that nobody wakes before the time.
        await self.until(self.now_ms - int(-seconds * 1000 // 1))

    async def until(self, at_ms: int) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (max(at_ms, self.now_ms), next(self._numbers), woken))
        await woken

    async def run(self, *tasks: asyncio.Task[None]) -> None:
        """Let everybody do what can be done at each instant, then go on to the next."""
        await asyncio.sleep(0)
        while self._sleeping:
            self.now_ms, _, woken = heapq.heappop(self._sleeping)
            woken.set_result(None)
            # One turn for who wakes, one for whom that leads to the next wait.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)


class Vendor:
    """Counts requests in minutes of its own clock, which is ``ahead_ms`` of the whole minute when ours begins."""

    def __init__(self, allowed: int, ahead_ms: int) -> None:
        self.allowed = allowed
        self._ahead_ms = ahead_ms
        self.ours: Counter[int] = Counter()
        self.others: Counter[int] = Counter()

    def minute(self, at_ms: int) -> int:
        return (at_ms + self._ahead_ms) // WINDOW_MS

    def answer(self, at_ms: int) -> httpx.Headers:
        """Count one of our requests; return the headers of its answer."""
        minute = self.minute(at_ms)
        self.ours[minute] += 1
        served = datetime.fromtimestamp((EPOCH_MS + self._ahead_ms + at_ms) // 1000, UTC)
        return httpx.Headers(
            {
                "X-Ratelimit-Allowed": str(self.allowed),
                "X-Ratelimit-Used": str(self.ours[minute] + self.others[minute]),
                "X-Ratelimit-Expiry": str(EPOCH_MS + (minute + 1) * WINDOW_MS),
                "Date": format_datetime(served, usegmt=True),
            }
        )


def _played(asked: list[Asked], *, allowed: int, guess: int, ahead_ms: int, others_at: list[int]) -> Vendor:
    """Return the vendor after all requests have been sent and answered."""
    world = World()
    vendor = Vendor(allowed, ahead_ms)
    for at_ms in others_at:
        vendor.others[vendor.minute(at_ms)] += 1
    limiter = WindowLimiter(allowed=guess, clock=world.clock, sleep=world.sleep)

    async def ask(one: Asked) -> None:
        await world.until(one.at)
        await limiter.acquire(QUOTES)
        await world.until(world.now_ms + one.out)
        headers = vendor.answer(world.now_ms)
        await world.until(world.now_ms + one.back)
        limiter.learn(QUOTES, headers)

    async def play() -> None:
        await world.run(*(asyncio.create_task(ask(one)) for one in asked))

    asyncio.run(play())
    return vendor


# Requests come alone, in crowds and around the ends of minutes; there and back they take a second at most.
ARRIVALS = st.one_of(
    st.integers(0, 200_000),
    st.sampled_from([0, 1, 30_000, 59_000, 59_999, 60_000, 60_500, 61_000, 61_999, 62_000, 120_000]),
)
ASKED = st.lists(st.builds(Asked, ARRIVALS, st.integers(0, 400), st.integers(0, 600)), min_size=1, max_size=40)


@settings(max_examples=500)
@given(
    asked=ASKED,
    allowed=st.integers(1, 6),
    guess=st.integers(1, 6),
    ahead_ms=st.integers(0, WINDOW_MS - 1),
    others_at=st.lists(st.integers(0, 200_000), max_size=10),
)
# The end of a minute is told up to a second late: what leaves just before it counts in the next.
@example(asked=[Asked(0, 0, 1), Asked(0, 0, 50), Asked(0), Asked(0)], allowed=2, guess=1, ahead_ms=0, others_at=[])
# An answer of the minute before arrives when the next one has begun, and says that all is used.
@example(asked=[Asked(0), Asked(59_500, 400, 600), *[Asked(60_100)] * 8], allowed=2, guess=2, ahead_ms=0, others_at=[])
def test_no_minute_of_the_vendor_gets_more_than_it_allows(
    asked: list[Asked], allowed: int, guess: int, ahead_ms: int, others_at: list[int]
) -> None:
    # Who guesses more than is allowed sends too much until the first answer tells.
    vendor = _played(asked, allowed=allowed, guess=min(guess, allowed), ahead_ms=ahead_ms, others_at=others_at)
    assert max(vendor.ours.values()) <= allowed
    assert sum(vendor.ours.values()) == len(asked)


@given(asked=ASKED, allowed=st.integers(1, 6), guess=st.integers(7, 12))
def test_a_guess_that_is_too_high_is_given_up_with_the_first_answer(
    asked: list[Asked], allowed: int, guess: int
) -> None:
    first = Asked(0)
    later = [Asked(one.at + 1, one.out, one.back) for one in asked]
    vendor = _played([first, *later], allowed=allowed, guess=guess, ahead_ms=0, others_at=[])
    assert max(vendor.ours.values()) <= allowed


@given(asked=ASKED, others=st.integers(0, 8), allowed=st.integers(1, 6))
def test_what_others_use_is_left_to_them_once_an_answer_tells(asked: list[Asked], others: int, allowed: int) -> None:
    first = Asked(0)
    later = [Asked(one.at + 1, one.out, one.back) for one in asked]
    vendor = _played([first, *later], allowed=allowed, guess=allowed, ahead_ms=0, others_at=[0] * others)
    assert vendor.ours[0] <= max(1, allowed - others)
