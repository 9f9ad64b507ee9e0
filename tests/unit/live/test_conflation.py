"""Conflation: the first change at once, the rest at the end of the window, never two in one."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantdata.errors import ArgumentError
from quantdata.live.conflation import Conflation


class Hands:
    """A clock that only those move who sleep or work."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def _conflation(hands: Hands, debounce_s: float = 0.125) -> Conflation:
    return Conflation(debounce_s, clock=lambda: hands.now, sleep=hands.sleep)


def test_nothing_is_due_while_nothing_has_changed() -> None:
    assert _conflation(Hands()).due_in_s() is None


def test_the_first_change_is_due_at_once() -> None:
    conflation = _conflation(Hands())
    conflation.mark()
    assert conflation.due_in_s() == 0.0


def test_a_change_within_the_window_is_due_at_its_end() -> None:
    hands = Hands()
    conflation = _conflation(hands)
    conflation.begin()
    hands.now += 0.0625
    conflation.mark()
    conflation.mark()
    assert conflation.due_in_s() == 0.0625


def test_a_change_after_a_quiet_window_is_due_at_once() -> None:
    hands = Hands()
    conflation = _conflation(hands)
    conflation.begin()
    hands.now += 10.0
    assert conflation.due_in_s() is None
    conflation.mark()
    assert conflation.due_in_s() == 0.0


def test_what_changes_during_a_publication_belongs_to_the_next() -> None:
    hands = Hands()
    conflation = _conflation(hands)
    conflation.mark()
    conflation.begin()
    assert conflation.due_in_s() is None
    conflation.mark()
    assert conflation.due_in_s() == 0.125


async def _published(conflation: Conflation, hands: Hands, *, times: int, takes_s: float) -> list[float]:
    moments: list[float] = []
    for _ in range(times):
        conflation.mark()
        await conflation.ready()
        moments.append(hands.now)
        hands.now += takes_s
    return moments


def test_a_steady_flow_is_published_once_a_window() -> None:
    hands = Hands()
    moments = asyncio.run(_published(_conflation(hands), hands, times=3, takes_s=0.0))
    assert moments == [100.0, 100.125, 100.25]


def test_a_publication_longer_than_the_window_delays_the_next_and_nothing_piles_up() -> None:
    hands = Hands()
    moments = asyncio.run(_published(_conflation(hands), hands, times=3, takes_s=1.0))
    assert moments == [100.0, 101.0, 102.0]
    assert hands.slept == []


def test_a_waiting_publisher_is_woken_by_a_change() -> None:
    hands = Hands()
    conflation = _conflation(hands)

    async def wait_first() -> None:
        waiting = asyncio.create_task(conflation.ready())
        await asyncio.sleep(0)
        assert not waiting.done()
        conflation.mark()
        await waiting

    asyncio.run(wait_first())
    assert conflation.publications == 1
    assert conflation.due_in_s() is None


def test_a_publisher_that_stops_waiting_loses_no_change() -> None:
    hands = Hands()
    conflation = _conflation(hands)
    conflation.begin()
    conflation.mark()

    async def give_up() -> None:
        waiting = asyncio.create_task(conflation.ready())
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting

    asyncio.run(give_up())
    assert conflation.due_in_s() == 0.125


def test_a_sleep_that_ends_early_is_taken_up_again() -> None:
    hands = Hands()

    async def sleep_short(seconds: float) -> None:
        hands.slept.append(seconds)
        hands.now += 0.0625

    conflation = Conflation(0.125, clock=lambda: hands.now, sleep=sleep_short)
    conflation.begin()
    conflation.mark()
    asyncio.run(conflation.ready())
    assert hands.slept == [0.125, 0.0625]


def test_without_a_window_each_change_is_due_at_once() -> None:
    hands = Hands()
    moments = asyncio.run(_published(_conflation(hands, 0.0), hands, times=2, takes_s=0.0))
    assert moments == [100.0, 100.0]


@pytest.mark.parametrize("debounce_s", [-0.1, float("nan"), float("inf")])
def test_a_window_of_no_length_that_exists_is_refused(debounce_s: float) -> None:
    with pytest.raises(ArgumentError, match=r"debounce must be seconds from 0 on, such as 0\.1"):
        Conflation(debounce_s)


@given(
    gaps=st.lists(st.integers(0, 40), min_size=1, max_size=30),
    takes=st.lists(st.integers(0, 40), min_size=30, max_size=30),
)
def test_no_window_sees_two_publications_and_no_change_waits_longer_than_window_and_publication(
    gaps: list[int], takes: list[int]
) -> None:
    hands, window = Hands(), 16.0
    conflation = _conflation(hands, window)

    async def publish() -> list[tuple[float, float]]:
        moments = []
        for gap, take in zip(gaps, takes, strict=False):
            hands.now += gap
            marked_at = hands.now
            conflation.mark()
            await conflation.ready()
            moments.append((marked_at, hands.now))
            hands.now += take
        return moments

    moments = asyncio.run(publish())
    began = [moment for _, moment in moments]
    assert all(later - earlier >= window for earlier, later in pairwise(began))
    assert all(published - marked <= window for marked, published in moments)
