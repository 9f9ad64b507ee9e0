"""The token bucket and the counted windows, over a clock that only the test moves."""

from __future__ import annotations

import asyncio
import heapq
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from quantdata.wire.limits import LATENESS_S, Budget, Pause, TokenBucket, WindowLimiter, pause_in_words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


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


def test_a_pause_is_told_until_it_is_over(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=3, clock=clock, sleep=clock.sleep)
    assert pause_in_words("massive", bucket.budgets()) is None
    bucket.pause(60.0)
    clock.now = 19.0
    bucket.pause(2.0)
    assert [each.pause for each in bucket.budgets()] == [Pause(60.0, 41.0)]
    assert pause_in_words("massive", bucket.budgets()) == "massive asked for 60 s of rest; 41 s left"
    clock.now = 60.0
    assert pause_in_words("massive", bucket.budgets()) is None


def test_of_several_pauses_the_longest_is_told() -> None:
    budgets = [Budget(path, 120.0, 0, 60.0, pause) for path, pause in (("/a", Pause(9, 8)), ("/b", Pause(60, 50)))]
    assert pause_in_words("tradier", budgets) == "tradier asked for 60 s of rest; 50 s left"


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


def test_the_log_says_once_that_the_vendor_has_asked_to_wait(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=9, clock=clock, sleep=clock.stand)
    bucket.pause(0.5)
    asyncio.run(bucket.acquire("/v3/a"))
    bucket.pause(15.0)
    for endpoint in ("/v3/a", "/v3/b"):
        asyncio.run(bucket.acquire(endpoint))
    assert [record.message for record in caplog.records] == ["all requests: the vendor has asked to wait; on in 15 s"]


@pytest.mark.parametrize(("per_minute", "is_slow"), [(5.0, True), (59.9, True), (60.0, False), (6000.0, False)])
def test_less_than_one_request_a_second_is_slow(per_minute: float, *, is_slow: bool) -> None:
    assert TokenBucket(per_minute=per_minute, burst=1).is_slow is is_slow


def test_a_bucket_has_one_budget_for_all_endpoints_and_learns_nothing(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=3, clock=clock, sleep=clock.sleep)
    bucket.learn("/v3/thing", _told(allowed=1, used=1, ends_in_s=30))
    asyncio.run(bucket.acquire())
    assert bucket.budgets() == [Budget("*", 60.0, 2, None)]
    clock.now = 0.5
    assert bucket.budgets() == [Budget("*", 60.0, 2, None)]
    clock.now = 1.0
    assert bucket.budgets() == [Budget("*", 60.0, 3, None)]


def test_the_budget_of_an_overdrawn_bucket_is_nothing(clock: Clock) -> None:
    bucket = TokenBucket(per_minute=60.0, burst=1, clock=clock, sleep=clock.stand)

    async def leave() -> None:
        for _ in range(3):
            await bucket.acquire()

    asyncio.run(leave())
    assert bucket.budgets() == [Budget("*", 60.0, 0, None)]


# --- windows --------------------------------------------------------------------------------------------------------

QUOTES = "/v1/markets/quotes"
HISTORY = "/v1/markets/history"
# The vendor's clock when ours is at 0: seven seconds into a minute.
BEGAN = datetime(2026, 11, 18, 17, 0, 7, tzinfo=UTC)


def _told(
    *,
    allowed: object = 120,
    used: object = 1,
    at_s: float = 0.0,
    ends_in_s: float | None = None,
    expiry_ms: object = None,
    date: str | None = None,
) -> httpx.Headers:
    """Return the headers of an answer served at ``at_s`` of our clock; the window ends on the vendor's next minute."""
    served = BEGAN + timedelta(seconds=at_s)
    ends = served.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if ends_in_s is not None:
        ends = served + timedelta(seconds=ends_in_s)
    return httpx.Headers(
        {
            "X-Ratelimit-Allowed": str(allowed),
            "X-Ratelimit-Used": str(used),
            "X-Ratelimit-Expiry": str(round(ends.timestamp() * 1000) if expiry_ms is None else expiry_ms),
            "Date": format_datetime(served, usegmt=True) if date is None else date,
        }
    )


def _limiter(clock: Clock, allowed: int = 3) -> WindowLimiter:
    return WindowLimiter(allowed=allowed, clock=clock, sleep=clock.sleep, wall=lambda: BEGAN)


def _leave(limiter: WindowLimiter, count: int, clock: Clock, endpoint: str = QUOTES) -> list[float]:
    """Return when each of some requests left, one after the other."""

    async def leave() -> list[float]:
        times = []
        for _ in range(count):
            await limiter.acquire(endpoint)
            times.append(clock.now)
        return times

    return asyncio.run(leave())


def _available(limiter: WindowLimiter, endpoint: str = QUOTES) -> int:
    return {budget.endpoint: budget.available for budget in limiter.budgets()}[endpoint]


def _rounded(limiter: WindowLimiter) -> tuple[float, int, float]:
    """Return the one budget, its end to the millisecond."""
    (budget,) = limiter.budgets()
    assert budget.resets_in_s is not None
    return budget.per_minute, budget.available, round(budget.resets_in_s, 3)


def test_a_whole_window_leaves_at_once_and_the_rest_in_the_next_minute(clock: Clock) -> None:
    limiter = _limiter(clock)
    assert _leave(limiter, 8, clock) == [0.0] * 3 + [60.0] * 3 + [120.0] * 2


def test_windows_are_never_slow(clock: Clock) -> None:
    assert _limiter(clock, allowed=1).is_slow is False


def test_each_endpoint_has_a_window_of_its_own(clock: Clock) -> None:
    limiter = _limiter(clock)
    assert _leave(limiter, 3, clock) == [0.0] * 3
    assert _leave(limiter, 3, clock, HISTORY) == [0.0] * 3
    assert limiter.budgets() == [Budget(QUOTES, 3.0, 0, 60.0), Budget(HISTORY, 3.0, 0, 60.0)]


def test_what_an_answer_tells_is_about_its_endpoint_alone(clock: Clock) -> None:
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    _leave(limiter, 1, clock, HISTORY)
    limiter.learn(QUOTES, _told(allowed=200, used=150))
    assert limiter.budgets() == [Budget(QUOTES, 200.0, 50, 53.0), Budget(HISTORY, 3.0, 2, 60.0)]


def test_before_any_request_there_is_no_budget_to_tell(clock: Clock) -> None:
    assert _limiter(clock).budgets() == []


def test_headers_override_the_guess(clock: Clock) -> None:
    # Guessed are 3 requests until 60 s from the first; the vendor's minute ends after 53 s and has 5.
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(allowed=5))
    assert limiter.budgets() == [Budget(QUOTES, 5.0, 4, 53.0)]
    assert _leave(limiter, 6, clock) == [0.0] * 4 + [53.0] * 2


def test_the_minutes_after_a_told_one_end_with_the_vendors(clock: Clock) -> None:
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(allowed=3))
    clock.now = 53.0 + 2 * 60.0 + 10.0
    assert limiter.budgets() == [Budget(QUOTES, 3.0, 3, 50.0)]


def test_who_waits_for_a_guessed_end_hears_of_the_told_one(clock: Clock) -> None:
    limiter = _limiter(clock)
    naps = 0

    async def nap(seconds: float) -> None:
        nonlocal naps
        naps += 1
        await clock.sleep(seconds)
        if naps == 2:
            limiter.learn(QUOTES, _told(allowed=3, used=3, at_s=2.0))

    limiter._sleep = nap
    assert _leave(limiter, 4, clock) == [0.0, 0.0, 0.0, 53.0]
    assert clock.slept == [1.0, 1.0, 51.0]


def test_requests_of_others_count_too(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 2, clock)
    limiter.learn(QUOTES, _told(used=100))
    assert _available(limiter) == 20
    assert _leave(limiter, 21, clock) == [0.0] * 20 + [53.0]


def test_a_count_behind_our_own_does_not_lower_it(clock: Clock) -> None:
    # Answers overtake each other, and requests on their way are not in the vendor's count yet.
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 10, clock)
    limiter.learn(QUOTES, _told(used=2))
    assert _available(limiter) == 110


def test_an_allowance_that_shrinks_below_what_is_used_waits_for_the_end(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 10, clock)
    limiter.learn(QUOTES, _told(allowed=5, used=10))
    assert _available(limiter) == 0
    assert _leave(limiter, 1, clock) == [53.0]


def test_an_answer_of_a_minute_that_is_over_changes_nothing(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=3)
    _leave(limiter, 3, clock)
    limiter.learn(QUOTES, _told(allowed=3, used=3))
    clock.now = 53.5
    _leave(limiter, 1, clock)
    late = _told(allowed=3, used=3, at_s=52.9)  # served in the second before the end, told to the second
    limiter.learn(QUOTES, late)
    assert limiter.budgets() == [Budget(QUOTES, 3.0, 2, 59.5)]


def test_an_answer_of_long_ago_changes_nothing(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=3)
    _leave(limiter, 1, clock)
    before = limiter.budgets()
    limiter.learn(QUOTES, _told(used=3, ends_in_s=-1.0))
    limiter.learn(QUOTES, _told(used=3, ends_in_s=0.0))
    assert limiter.budgets() == before


@pytest.mark.parametrize(("ends_in_s", "is_taken"), [(62.0, True), (62.1, False), (3600.0, False)])
def test_an_end_further_off_than_a_minute_is_none(clock: Clock, ends_in_s: float, *, is_taken: bool) -> None:
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(allowed=9, used=9, ends_in_s=ends_in_s))
    assert _rounded(limiter) == ((9.0, 0, ends_in_s) if is_taken else (3.0, 2, 60.0))


def test_a_new_minute_counts_from_the_vendors_number(clock: Clock) -> None:
    # The vendor's minute ends a little before the end that its clock, in whole seconds, told.
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 100, clock)
    limiter.learn(QUOTES, _told(used=100))
    clock.now = 52.8
    limiter.learn(QUOTES, _told(used=7, at_s=53.0))
    assert _rounded(limiter) == (120.0, 113, 60.0)


def test_a_new_minute_announces_its_own_waits(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    limiter = _limiter(clock, allowed=3)
    _leave(limiter, 3, clock)
    limiter.learn(QUOTES, _told(allowed=3, used=3))
    clock.now = 52.0
    limiter._sleep = _next_minute_begins(limiter, clock)
    assert _leave(limiter, 1, clock) == [pytest.approx(112.9)]
    assert [record.message for record in caplog.records] == [
        f"{QUOTES}: all 3 requests of this minute are used; on in 1 s",
        f"{QUOTES}: all 3 requests of this minute are used; on in 60 s",
    ]


def _next_minute_begins(limiter: WindowLimiter, clock: Clock) -> Callable[[float], Awaitable[None]]:
    """Return a sleep in which, the first time, an answer tells of the next minute, used up by others."""

    async def sleep(seconds: float) -> None:
        if not clock.slept:
            clock.now = 52.9
            limiter.learn(QUOTES, _told(allowed=3, used=3, at_s=53.0))
        await clock.sleep(seconds if clock.slept else 0.1)

    return sleep


@pytest.mark.parametrize("seconds_before", [0.0, LATENESS_S])
def test_what_leaves_near_the_end_of_a_minute_counts_in_the_next_as_well(clock: Clock, seconds_before: float) -> None:
    limiter = _limiter(clock, allowed=5)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(allowed=5))
    clock.now = 53.0 - seconds_before - 0.5
    _leave(limiter, 1, clock)
    clock.now = 53.0 - 0.25
    _leave(limiter, 2, clock)
    clock.now = 53.0
    assert _available(limiter) == (2 if seconds_before < LATENESS_S else 3)


def test_after_a_quiet_minute_all_are_free(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=5)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(allowed=5))
    clock.now = 52.9
    _leave(limiter, 4, clock)
    clock.now = 53.0 + 60.0
    assert limiter.budgets() == [Budget(QUOTES, 5.0, 5, 60.0)]


def test_the_end_of_a_minute_is_the_earliest_that_was_told(clock: Clock) -> None:
    # The Date header is up to a second behind, and an answer takes its time: ends come out late, never early.
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 1, clock)
    clock.now = 0.9
    limiter.learn(QUOTES, _told(used=1, at_s=0.0))
    assert limiter.budgets()[0].resets_in_s == pytest.approx(53.0)
    clock.now = 1.0
    limiter.learn(QUOTES, _told(used=2, at_s=1.0))
    assert limiter.budgets()[0].resets_in_s == pytest.approx(52.0)
    clock.now = 2.5
    limiter.learn(QUOTES, _told(used=3, at_s=2.0))
    assert limiter.budgets()[0].resets_in_s == pytest.approx(50.5)


@pytest.mark.parametrize("skew_h", [-30, -1, 1, 30])
def test_a_vendors_clock_may_be_wrong_as_long_as_its_times_agree(clock: Clock, skew_h: int) -> None:
    limiter = WindowLimiter(allowed=3, clock=clock, sleep=clock.sleep, wall=lambda: BEGAN + timedelta(hours=skew_h))
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(used=2))
    assert limiter.budgets() == [Budget(QUOTES, 120.0, 118, 53.0)]


@pytest.mark.parametrize("date", ["", "yesterday", "Wed, 18 Nov 2026 17:00:07"])
def test_without_a_date_our_own_clock_must_do(clock: Clock, date: str) -> None:
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(used=2, date=date))
    assert limiter.budgets() == [Budget(QUOTES, 120.0, 118, 53.0)]


def test_our_own_clock_is_the_real_one_unless_told(clock: Clock) -> None:
    limiter = WindowLimiter(allowed=3, clock=clock, sleep=clock.sleep)
    assert abs(limiter._wall() - datetime.now(UTC)) < timedelta(minutes=1)


GARBAGE = ["", " ", "many", "-5", "1.5", "1e2", "12_0", "\u0661\u0662", "9" * 16, "9" * 5000]


@pytest.mark.parametrize("name", ["allowed", "used", "expiry_ms"])
@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_in_the_headers_changes_nothing(clock: Clock, name: str, text: str) -> None:
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    headers = _told(**{name: "?"})  # type: ignore[arg-type]
    header = {"allowed": "Allowed", "used": "Used", "expiry_ms": "Expiry"}[name]
    limiter.learn(QUOTES, {**dict(headers), f"X-Ratelimit-{header}": text})
    assert limiter.budgets() == [Budget(QUOTES, 3.0, 2, 60.0)]


@pytest.mark.parametrize("name", ["Allowed", "Used", "Expiry"])
def test_absent_headers_change_nothing(clock: Clock, name: str) -> None:
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    headers = _told(allowed=9, used=9)
    del headers[f"X-Ratelimit-{name}"]
    limiter.learn(QUOTES, headers)
    limiter.learn(QUOTES, httpx.Headers())
    assert limiter.budgets() == [Budget(QUOTES, 3.0, 2, 60.0)]


def test_an_allowance_of_nothing_is_no_allowance(clock: Clock) -> None:
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(allowed=0, used=0))
    assert limiter.budgets() == [Budget(QUOTES, 3.0, 2, 60.0)]


def test_an_expiry_in_seconds_is_no_time_of_a_minute(clock: Clock) -> None:
    limiter = _limiter(clock)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(expiry_ms=round(BEGAN.timestamp()) + 53))
    assert limiter.budgets() == [Budget(QUOTES, 3.0, 2, 60.0)]


def test_after_a_quota_violation_nothing_passes_until_the_vendors_time(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 1, clock)
    limiter.pause(20.0, QUOTES)
    assert limiter.budgets() == [Budget(QUOTES, 120.0, 0, 60.0, Pause(20.0, 20.0))]
    clock.now = 5.0
    limiter.pause(2.0, QUOTES)
    assert [each.pause for each in limiter.budgets()] == [Pause(20.0, 15.0)]
    clock.now = 0.0
    assert _leave(limiter, 1, clock) == [20.0]
    assert _leave(limiter, 1, clock, HISTORY) == [20.0]


def test_a_pause_within_a_known_minute_leaves_the_rest_of_it(clock: Clock) -> None:
    # The vendor says when to come back; of a refusal without a time nobody knows that the minute is used up.
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(used=1))
    limiter.pause(0.25, QUOTES)
    assert _leave(limiter, 1, clock) == [0.25]


def test_the_log_says_who_is_waited_for(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    limiter = _limiter(clock, allowed=120)
    limiter.pause(0.25, QUOTES)
    _leave(limiter, 1, clock)
    limiter.pause(22.0, QUOTES)
    _leave(limiter, 2, clock)
    assert [record.message for record in caplog.records] == [f"{QUOTES}: the vendor has asked to wait; on in 22 s"]


def test_headers_of_other_answers_do_not_shorten_a_pause(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 1, clock)
    limiter.pause(20.0, QUOTES)
    limiter.learn(QUOTES, _told(used=1, ends_in_s=5))
    limiter.pause(1.0, QUOTES)
    assert _leave(limiter, 1, clock) == [20.0]


def test_a_pause_past_a_known_minute_lasts_longer(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=120)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(used=1))
    limiter.pause(54.0, QUOTES)
    assert _leave(limiter, 1, clock) == [54.0]


def test_a_pause_does_not_lower_what_is_used(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=3)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(allowed=3, used=90))
    limiter.pause(1.0, QUOTES)
    limiter.learn(QUOTES, _told(allowed=60, used=90))
    assert _available(limiter) == 0


def test_the_log_says_once_a_minute_that_all_is_used(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    limiter = WindowLimiter(allowed=2, clock=world, sleep=world.sleep)
    with caplog.at_level(logging.INFO, logger="quantdata.wire"):
        world.run(limiter, 7)
    assert [record.getMessage() for record in caplog.records] == [
        f"{QUOTES}: all 2 requests of this minute are used; on in 60 s"
    ] * 3
    assert {record.levelname for record in caplog.records} == {"WARNING"}


class World(Clock):
    """Seconds that pass when everybody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[float] = []
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self.now + seconds, len(self._sleeping), woken))
        await woken

    def run(self, limiter: WindowLimiter, count: int) -> None:
        """Let some requests come at once, and time pass until all have left."""

        async def ask() -> None:
            await limiter.acquire(QUOTES)
            self.left.append(self.now)

        async def play() -> None:
            tasks = [asyncio.create_task(ask()) for _ in range(count)]
            await asyncio.sleep(0)
            while self._sleeping:
                self.now = self._sleeping[0][0]
                while self._sleeping and self._sleeping[0][0] <= self.now:
                    heapq.heappop(self._sleeping)[2].set_result(None)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            await asyncio.gather(*tasks)

        asyncio.run(play())


def test_many_who_wait_for_the_same_end_never_exceed_the_allowance() -> None:
    world = World()
    limiter = WindowLimiter(allowed=120, clock=world, sleep=world.sleep, wall=lambda: BEGAN)
    asyncio.run(limiter.acquire(QUOTES))
    limiter.learn(QUOTES, _told())
    world.run(limiter, 1000)
    counts = {at: world.left.count(at) for at in world.left}
    assert counts == {0.0: 119, **{53.0 + 60.0 * number: 120 for number in range(7)}, 473.0: 41}


def test_who_gives_up_waiting_takes_nothing_of_the_next_minute(clock: Clock) -> None:
    waits = asyncio.Event()

    async def wait_for_ever(_: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    limiter = WindowLimiter(allowed=1, clock=clock, sleep=wait_for_ever)

    async def leave() -> None:
        await limiter.acquire(QUOTES)
        waiting = asyncio.ensure_future(limiter.acquire(QUOTES))
        await waits.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(leave())
    clock.now = 60.0
    assert _available(limiter) == 1


def test_an_end_that_is_as_good_as_here_is_not_waited_for_in_a_busy_loop(clock: Clock) -> None:
    limiter = _limiter(clock, allowed=1)
    _leave(limiter, 1, clock)
    limiter.learn(QUOTES, _told(allowed=1))
    clock.now = 52.99
    assert _leave(limiter, 1, clock) == [pytest.approx(53.04)]
    assert clock.slept == [0.05]
