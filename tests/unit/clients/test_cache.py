"""Answers kept for a short while: how long, how many, for whom, and that nobody can damage them."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.cache import TTL_S, Cache
from quantdata.errors import ArgumentError, UnavailableError
from quantdata.wire.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KEY = ("chain", "SPY")


class Clock:
    """Seconds that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Fetches an answer when told to, and counts how often it is asked."""

    def __init__(self, answer: Any = "answer", *, is_held: bool = False) -> None:
        self.answer = answer
        self.fetches = 0
        self.cancelled = 0
        self._go = asyncio.Event()
        if not is_held:
            self._go.set()

    def release(self) -> None:
        self._go.set()

    async def __call__(self) -> Any:
        self.fetches += 1
        try:
            await self._go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def _frame(rows: int = 3) -> pl.DataFrame:
    return pl.DataFrame({"strike": [float(row) for row in range(rows)], "symbol": ["x"] * rows})


async def _settled() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def _run(asked: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await asked()

    return asyncio.run(main())


# --- life -----------------------------------------------------------------------------------------------------------


def test_an_answer_lives_as_long_as_its_kind() -> None:
    clock, cache = Clock(), None
    cache = Cache(clock=clock)

    async def ask() -> int:
        source = Source()
        await cache.get_or_fetch(KEY, source)
        clock.now = 4.999
        await cache.get_or_fetch(KEY, source)
        assert source.fetches == 1
        clock.now = 5.0
        assert cache.get(KEY) is None
        await cache.get_or_fetch(KEY, source)
        return source.fetches

    assert _run(ask) == 2


def test_a_life_can_be_set_and_zero_keeps_nothing() -> None:
    clock = Clock()
    cache = Cache(ttl={"chain": 60.0, "quotes": 0}, clock=clock)

    async def ask() -> None:
        await cache.get_or_fetch(KEY, Source())
        await cache.get_or_fetch(("quotes", "SPY"), Source())

    _run(ask)
    clock.now = 59.0
    assert cache.get(KEY) == "answer"
    assert cache.get(("quotes", "SPY")) is None


@pytest.mark.parametrize(
    "ttl",
    [
        {"chains": 5.0},
        {5: 5.0},
        {"chain": -1},
        {"chain": float("nan")},
        {"chain": "5"},
        {"chain": None},
        5.0,
        ["chain"],
    ],
)
def test_lives_that_make_no_sense_are_refused(ttl: Any) -> None:
    with pytest.raises(ArgumentError, match="cache_ttl"):
        Cache(ttl=ttl)


def test_every_kind_has_a_life() -> None:
    assert all(seconds > 0 for seconds in TTL_S.values())


def test_clearing_forgets_all() -> None:
    cache = Cache()
    _run(lambda: cache.get_or_fetch(KEY, Source(_frame())))
    cache.clear()
    assert cache.get(KEY) is None


# --- size -----------------------------------------------------------------------------------------------------------


def test_the_least_recently_used_answers_go_first() -> None:
    size = int(_frame().estimated_size())
    cache = Cache(most_bytes=2 * size)
    keys = [("chain", number) for number in range(3)]

    async def ask() -> None:
        await cache.get_or_fetch(keys[0], Source(_frame()))
        await cache.get_or_fetch(keys[1], Source(_frame()))
        assert cache.get(keys[0]) is not None
        await cache.get_or_fetch(keys[2], Source(_frame()))

    _run(ask)
    assert [cache.get(key) is not None for key in keys] == [True, False, True]


def test_replacing_an_answer_frees_its_bytes() -> None:
    size, clock = int(_frame().estimated_size()), Clock()
    cache = Cache(most_bytes=2 * size, clock=clock)

    async def ask() -> None:
        for _ in range(5):
            await cache.get_or_fetch(KEY, Source(_frame()))
            clock.now += 10.0
        await cache.get_or_fetch(("chain", "other"), Source(_frame()))
        await cache.get_or_fetch(KEY, Source(_frame()))

    _run(ask)
    assert cache.get(KEY) is not None
    assert cache.get(("chain", "other")) is not None


def test_an_answer_larger_than_all_room_is_not_kept() -> None:
    cache = Cache(most_bytes=10)
    assert_frame_equal(_run(lambda: cache.get_or_fetch(KEY, Source(_frame()))), _frame())
    assert cache.get(KEY) is None


# --- one request for all --------------------------------------------------------------------------------------------


def test_fifty_callers_at_once_make_one_request() -> None:
    cache = Cache()

    async def ask() -> tuple[int, list[Any]]:
        source = Source([1], is_held=True)
        callers = [asyncio.ensure_future(cache.get_or_fetch(KEY, source)) for _ in range(50)]
        await _settled()
        source.release()
        return source.fetches, await asyncio.gather(*callers)

    fetches, answers = _run(ask)
    assert fetches == 1
    assert answers == [[1]] * 50
    assert len({id(answer) for answer in answers}) == 50


def test_an_answer_is_a_hit_unless_it_has_to_be_fetched() -> None:
    metrics = Metrics()
    cache, source = Cache(metrics=metrics), Source(is_held=True)

    async def ask() -> None:
        waiting = [asyncio.ensure_future(cache.get_or_fetch(KEY, source)) for _ in range(3)]
        await asyncio.sleep(0)
        source.release()
        await asyncio.gather(*waiting)
        await cache.get_or_fetch(KEY, source)

    assert cache.get(KEY) is None  # looked for on the caller's thread first: the fetch is the miss, once
    asyncio.run(ask())
    assert cache.get(KEY) == "answer"
    counted = [(count.metric, count.endpoint, count.value) for count in metrics.counts()]
    assert counted == [("cache_hits", "chain", 4.0), ("cache_misses", "chain", 1.0)]


def test_different_keys_are_different_requests() -> None:
    cache = Cache()

    async def ask() -> int:
        source = Source()
        await asyncio.gather(*(cache.get_or_fetch(("chain", number), source) for number in range(3)))
        return source.fetches

    assert _run(ask) == 3


def test_a_failure_reaches_all_who_asked_and_is_not_kept() -> None:
    cache = Cache()

    async def ask() -> tuple[list[Any], Any]:
        source = Source(UnavailableError("down", provider="massive"), is_held=True)
        callers = [asyncio.ensure_future(cache.get_or_fetch(KEY, source)) for _ in range(3)]
        await _settled()
        source.release()
        failures = await asyncio.gather(*callers, return_exceptions=True)
        return failures, await cache.get_or_fetch(KEY, Source("later"))

    failures, later = _run(ask)
    assert [type(failure) for failure in failures] == [UnavailableError] * 3
    assert later == "later"


def test_one_who_gives_up_leaves_the_others() -> None:
    cache = Cache()

    async def ask() -> tuple[Any, Source]:
        source = Source(is_held=True)
        first = asyncio.ensure_future(cache.get_or_fetch(KEY, source))
        second = asyncio.ensure_future(cache.get_or_fetch(KEY, source))
        await _settled()
        first.cancel()
        await _settled()
        source.release()
        return await second, source

    answer, source = _run(ask)
    assert answer == "answer"
    assert (source.fetches, source.cancelled) == (1, 0)


def test_when_the_last_one_gives_up_so_does_the_request() -> None:
    cache = Cache()

    async def ask() -> Any:
        source = Source(is_held=True)
        callers = [asyncio.ensure_future(cache.get_or_fetch(KEY, source)) for _ in range(3)]
        await _settled()
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        await _settled()
        # While the loop still runs: at its end it cancels whatever is left.
        assert source.cancelled == 1
        return await cache.get_or_fetch(KEY, Source("anew"))

    assert _run(ask) == "anew"


def test_one_who_asks_as_the_last_one_leaves_gets_a_request_of_his_own() -> None:
    cache = Cache()

    async def ask() -> Any:
        held = Source(is_held=True)
        leaving = asyncio.ensure_future(cache.get_or_fetch(KEY, held))
        await _settled()
        leaving.cancel()
        coming = asyncio.ensure_future(cache.get_or_fetch(KEY, Source("anew")))
        await asyncio.gather(leaving, return_exceptions=True)
        held.release()
        return await coming

    assert _run(ask) == "anew"


def test_nothing_is_under_way_once_all_have_their_answer() -> None:
    cache = Cache(ttl={"chain": 0})

    async def ask() -> None:
        await asyncio.gather(*(cache.get_or_fetch(KEY, Source()) for _ in range(5)))

    _run(ask)
    assert cache._under_way == {}


# --- copies ---------------------------------------------------------------------------------------------------------


def _set(frame: pl.DataFrame) -> None:
    frame[0, "strike"] = -1.0


def _extend(frame: pl.DataFrame) -> None:
    frame.extend(_frame())


def _insert(frame: pl.DataFrame) -> None:
    frame.insert_column(0, pl.Series("new", [1, 2, 3]))


def _replace(frame: pl.DataFrame) -> None:
    frame.replace_column(0, pl.Series("strike", ["a", "b", "c"]))


def _drop(frame: pl.DataFrame) -> None:
    frame.drop_in_place("symbol")


def _rename(frame: pl.DataFrame) -> None:
    frame.columns = ["a", "b"]


def _column(frame: pl.DataFrame) -> None:
    frame.get_column("strike")[0] = -1.0


@pytest.mark.parametrize("damage", [_set, _extend, _insert, _replace, _drop, _rename, _column])
def test_a_frame_can_be_damaged_without_harm(damage: Callable[[pl.DataFrame], None]) -> None:
    cache, original = Cache(), _frame()

    async def ask() -> None:
        damage(await cache.get_or_fetch(KEY, Source(original)))

    _run(ask)
    kept = cache.get(KEY)
    assert_frame_equal(kept, _frame())
    damage(kept)
    damage(original)
    assert_frame_equal(cache.get(KEY), _frame())


def test_a_list_can_be_damaged_without_harm() -> None:
    cache, days = Cache(), [date(2026, 12, 18)]
    key = ("expirations", "SPY")

    async def ask() -> None:
        (await cache.get_or_fetch(key, Source(days))).clear()

    _run(ask)
    cache.get(key).append("x")
    days.clear()
    assert cache.get(key) == [date(2026, 12, 18)]


def test_callers_who_share_a_request_do_not_share_a_frame() -> None:
    cache = Cache(ttl={"chain": 0})

    async def ask() -> list[pl.DataFrame]:
        source = Source(_frame(), is_held=True)
        callers = [asyncio.ensure_future(cache.get_or_fetch(KEY, source)) for _ in range(2)]
        await _settled()
        source.release()
        return list(await asyncio.gather(*callers))

    first, second = _run(ask)
    _set(first)
    assert_frame_equal(second, _frame())


# --- threads --------------------------------------------------------------------------------------------------------


def test_threads_read_while_the_loop_writes() -> None:
    size = int(_frame().estimated_size())
    cache, stop = Cache(most_bytes=5 * size), threading.Event()

    def read() -> int:
        hits = 0
        while not stop.is_set():
            for number in range(10):
                frame = cache.get(("chain", number))
                if frame is not None:
                    _set(frame)
                    hits += 1
        return hits

    async def write() -> None:
        for round_ in range(300):
            await cache.get_or_fetch(("chain", round_ % 10), Source(_frame()))
            if round_ % 50 == 0:
                cache.clear()

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            asyncio.run(write())
        finally:
            stop.set()
        assert all(reader.result(timeout=5) >= 0 for reader in readers)
    kept = [cache.get(("chain", number)) for number in range(10)]
    assert sum(frame is not None for frame in kept) <= 5
    for frame in kept:
        if frame is not None:
            assert_frame_equal(frame, _frame())
