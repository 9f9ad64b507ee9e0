"""Subscribers: named, each at its own pace, isolated, counted, and gone when the hub is."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from typing import TYPE_CHECKING

import pytest

from quantdata.errors import ArgumentError, FeedError
from quantdata.live.subscribers import Kind, Subscribers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Tick = tuple[str, int]
PATIENCE_S = 30.0


class Inbox:
    """A callback that keeps what it gets, and waits first where it is told to."""

    def __init__(self, *, expects: int = 1) -> None:
        self.got: list[Tick] = []
        self.began = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self._complete = threading.Semaphore(0)
        self._expects = expects

    def __call__(self, tick: Tick) -> None:
        self.began.set()
        assert self.may_go_on.wait(PATIENCE_S)
        self.got.append(tick)
        self._complete.release()

    def all(self) -> list[Tick]:
        for _ in range(self._expects):
            assert self._complete.acquire(timeout=PATIENCE_S)
        return self.got


@pytest.fixture
def make() -> Iterator[Callable[..., Subscribers[Tick]]]:
    """Make subscribers that are closed in the end."""
    made: list[Subscribers[Tick]] = []

    def new(kind: Kind = "tick", *, room: int = 100) -> Subscribers[Tick]:
        made.append(Subscribers(kind, key=lambda tick: tick[0], room=room))
        return made[-1]

    yield new
    for each in made:
        each.close(timeout_s=PATIENCE_S)


@pytest.fixture
def ticks(make: Callable[..., Subscribers[Tick]]) -> Subscribers[Tick]:
    return make()


def test_everyone_is_told_of_everything_in_order(ticks: Subscribers[Tick]) -> None:
    one, other = Inbox(expects=2), Inbox(expects=2)
    ticks.subscribe("one", one)
    ticks.subscribe("other", other)
    ticks.publish([("SPY", 1), ("SPY", 2)])
    assert one.all() == other.all() == [("SPY", 1), ("SPY", 2)]


def test_a_slow_callback_delays_no_other_and_gets_the_newest_in_the_end(make: Callable[..., Subscribers[Tick]]) -> None:
    ticks = make(room=2)
    slow, quick = Inbox(expects=2), Inbox(expects=1)
    slow.may_go_on.clear()
    ticks.subscribe("slow", slow)
    ticks.publish([("SPY", 0)])
    assert slow.began.wait(PATIENCE_S)
    ticks.subscribe("quick", quick)
    for number in range(1, 6):
        ticks.publish([("SPY", number)])
        quick.all()
    assert quick.got[-1] == ("SPY", 5)
    assert slow.got == []
    slow.may_go_on.set()
    assert slow.all() == [("SPY", 0), ("SPY", 5)]
    by_name = {row.name: row for row in ticks.stats()}
    assert (by_name["slow"].conflated, by_name["slow"].dropped) == (4, 0)
    assert (by_name["quick"].conflated, by_name["quick"].dropped) == (0, 0)


def test_of_snapshots_only_the_newest_waits(make: Callable[..., Subscribers[Tick]]) -> None:
    snapshots = make("snapshot")
    inbox = Inbox(expects=2)
    inbox.may_go_on.clear()
    snapshots.subscribe("mine", inbox)
    snapshots.publish([("hub", 0)])
    assert inbox.began.wait(PATIENCE_S)
    for number in range(1, 4):
        snapshots.publish([("hub", number)])
    (row,) = snapshots.stats()
    assert (row.kind, row.waiting, row.conflated) == ("snapshot", 1, 2)
    inbox.may_go_on.set()
    assert inbox.all() == [("hub", 0), ("hub", 3)]


def test_a_failing_callback_reaches_nobody_else_and_is_kept(ticks: Subscribers[Tick]) -> None:
    tried: list[Tick] = []
    twice, inbox = threading.Semaphore(0), Inbox(expects=2)

    def fail(tick: Tick) -> None:
        tried.append(tick)
        twice.release()
        raise ValueError("no")

    ticks.subscribe("failing", fail)
    ticks.subscribe("mine", inbox)
    ticks.publish([("SPY", 1), ("SPY", 2)])
    assert inbox.all() == [("SPY", 1), ("SPY", 2)]
    assert twice.acquire(timeout=PATIENCE_S)
    assert twice.acquire(timeout=PATIENCE_S)
    assert tried == [("SPY", 1), ("SPY", 2)]
    assert [row.name for row in ticks.stats()] == ["failing", "mine"]


def test_figures_tell_how_each_subscriber_does(ticks: Subscribers[Tick]) -> None:
    stream = ticks.stream("mine")
    ticks.publish([("SPY", 1), ("SPY", 2)])

    async def read_one() -> Tick:
        return await anext(stream)

    assert asyncio.run(read_one()) == ("SPY", 1)
    assert ticks.stats() == [("tick", "mine", 1, 0, 0, 0, 1, 0.0, None)]


def test_after_unsubscribing_nothing_comes(ticks: Subscribers[Tick]) -> None:
    gone, inbox = Inbox(), Inbox()
    unsubscribe = ticks.subscribe("gone", gone)
    ticks.subscribe("mine", inbox)
    unsubscribe()
    unsubscribe()
    ticks.publish([("SPY", 1)])
    inbox.all()
    assert gone.got == []
    assert len(ticks) == 1


def test_a_callback_may_unsubscribe_itself(ticks: Subscribers[Tick]) -> None:
    done = threading.Event()

    def once(_: Tick) -> None:
        unsubscribe()
        done.set()

    unsubscribe = ticks.subscribe("once", once)
    ticks.publish([("SPY", 1), ("SPY", 2)])
    assert done.wait(PATIENCE_S)
    ticks.close(timeout_s=PATIENCE_S)
    assert len(ticks) == 0


def test_a_subscriber_of_the_same_name_replaces_the_first(
    ticks: Subscribers[Tick], caplog: pytest.LogCaptureFixture
) -> None:
    first, second = Inbox(), Inbox()
    unsubscribe_first = ticks.subscribe("mine", first)
    with caplog.at_level(logging.INFO, "quantdata.live"):
        ticks.subscribe("mine", second)
    assert [record.getMessage() for record in caplog.records] == ["subscriber replaced kind=tick name=mine"]
    unsubscribe_first()
    ticks.publish([("SPY", 1)])
    assert second.all() == [("SPY", 1)]
    assert first.got == []
    assert len(ticks) == 1


def test_an_iterator_starts_with_what_comes_after_its_making(ticks: Subscribers[Tick]) -> None:
    ticks.publish([("SPY", 1)])
    stream = ticks.stream()
    ticks.publish([("SPY", 2)])
    ticks.close()

    async def read() -> list[Tick]:
        return [tick async for tick in stream]

    assert asyncio.run(read()) == [("SPY", 2)]


def test_iterators_without_names_are_numbered(ticks: Subscribers[Tick]) -> None:
    streams = [ticks.stream(), ticks.stream()]
    assert [row.name for row in ticks.stats()] == ["iterator-1", "iterator-2"]
    assert len(streams) == 2


def test_an_iterator_that_nobody_holds_takes_nothing_in(ticks: Subscribers[Tick]) -> None:
    stream = ticks.stream()
    assert len(ticks) == 1
    del stream
    gc.collect()
    assert len(ticks) == 0
    ticks.publish([("SPY", 1)])


def test_a_closed_iterator_no_longer_counts(ticks: Subscribers[Tick]) -> None:
    stream = ticks.stream()
    asyncio.run(stream.aclose())
    assert len(ticks) == 0
    assert ticks.stats() == []


def test_closing_ends_every_thread_and_may_be_done_twice(ticks: Subscribers[Tick]) -> None:
    for number in range(3):
        ticks.subscribe(f"mine-{number}", Inbox())
    threads = list(ticks._threads)
    assert all(thread.is_alive() for thread in threads)
    ticks.close(timeout_s=PATIENCE_S)
    ticks.close(timeout_s=PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads)


def test_threads_of_those_who_left_are_waited_for_too(ticks: Subscribers[Tick]) -> None:
    inbox = Inbox()
    inbox.may_go_on.clear()
    unsubscribe = ticks.subscribe("mine", inbox)
    ticks.publish([("SPY", 1)])
    assert inbox.began.wait(PATIENCE_S)
    unsubscribe()
    inbox.may_go_on.set()
    ticks.close(timeout_s=PATIENCE_S)
    assert inbox.got == [("SPY", 1)]


def test_closing_from_within_a_callback_waits_for_the_others_alone(ticks: Subscribers[Tick]) -> None:
    closed = threading.Event()

    def close(_: Tick) -> None:
        ticks.close(timeout_s=PATIENCE_S)
        closed.set()

    ticks.subscribe("closing", close)
    ticks.subscribe("other", Inbox())
    (own, other) = ticks._threads
    ticks.publish([("SPY", 1)])
    assert closed.wait(PATIENCE_S)
    assert not other.is_alive()
    own.join(PATIENCE_S)
    assert not own.is_alive()


def test_a_callback_that_never_ends_does_not_hold_the_end_up(
    ticks: Subscribers[Tick], caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    inbox.may_go_on.clear()
    ticks.subscribe("stuck", inbox)
    ticks.publish([("SPY", 1)])
    assert inbox.began.wait(PATIENCE_S)
    with caplog.at_level(logging.WARNING, "quantdata.live"):
        ticks.close(timeout_s=0.0)
    assert [record.getMessage() for record in caplog.records] == [
        "callback thread=quantdata-tick-stuck still_busy_after_s=0.0"
    ]
    inbox.may_go_on.set()


def test_nobody_subscribes_to_a_closed_hub(ticks: Subscribers[Tick]) -> None:
    ticks.close()
    with pytest.raises(FeedError, match="the hub is closed: subscribe 'mine' to one that runs"):
        ticks.subscribe("mine", print)
    with pytest.raises(FeedError, match="the hub is closed"):
        ticks.stream()


@pytest.mark.parametrize("name", ["", None, 7])
def test_a_subscriber_has_a_name(ticks: Subscribers[Tick], name: str) -> None:
    with pytest.raises(ArgumentError, match="a subscriber's name must be a text"):
        ticks.subscribe(name, print)


def test_what_cannot_be_called_is_refused(ticks: Subscribers[Tick]) -> None:
    with pytest.raises(ArgumentError, match="'mine' must be a function"):
        ticks.subscribe("mine", "print")  # type: ignore[arg-type]


def test_a_coroutine_function_is_refused_and_told_of_the_iterator(ticks: Subscribers[Tick]) -> None:
    async def read(tick: Tick) -> None: ...

    class Reader:
        async def __call__(self, tick: Tick) -> None: ...

    for callback in (read, Reader()):
        with pytest.raises(ArgumentError, match="which nobody here awaits: use 'async for' instead"):
            ticks.subscribe("mine", callback)
