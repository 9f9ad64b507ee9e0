"""When a valuation is due: after a publication, not without a rest, and now and then in any case."""

from __future__ import annotations

import asyncio

import pytest

from quantdata.live.rhythm import AGED_AFTER_S, LONGEST_REST_S, VALUATION_INTERVAL_S, Rhythm


class Hands:
    """A clock that only those move who sleep or work."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def made(hands: Hands) -> Rhythm:
    return Rhythm(clock=hands.clock, sleep=hands.sleep)


def test_a_publication_is_valued_at_once_and_the_next_after_a_rest() -> None:
    hands = Hands()
    rhythm = made(hands)
    rhythm.mark()
    assert (rhythm.is_marked, rhythm.due_in_s()) == (True, 0.0)
    assert rhythm.begin() is False
    assert not rhythm.is_marked
    rhythm.mark()
    hands.now += 0.01
    rhythm.end()
    assert rhythm.due_in_s() == VALUATION_INTERVAL_S


@pytest.mark.parametrize(("took_s", "rest_s"), [(0.125, 1.125), (60.0, LONGEST_REST_S)])
def test_one_that_takes_long_rests_longer(took_s: float, rest_s: float) -> None:
    hands = Hands()
    rhythm = made(hands)
    rhythm.begin()
    rhythm.mark()
    hands.now += took_s
    rhythm.end()
    assert rhythm.due_in_s() == pytest.approx(rest_s)


def test_nothing_published_is_judged_anew_now_and_then() -> None:
    hands = Hands()
    rhythm = made(hands)
    assert rhythm.due_in_s() == AGED_AFTER_S
    hands.now += AGED_AFTER_S
    assert rhythm.begin() is True
    rhythm.end()
    assert rhythm.due_in_s() == AGED_AFTER_S
    rhythm.mark()
    hands.now += VALUATION_INTERVAL_S
    assert (rhythm.due_in_s(), rhythm.begin()) == (0.0, False)


def test_who_waits_for_a_publication_in_the_rest_sleeps_to_its_end() -> None:
    hands = Hands()
    rhythm = made(hands)
    rhythm.end()
    rhythm.mark()
    asyncio.run(rhythm.ready())
    assert hands.now == 100.0 + VALUATION_INTERVAL_S


def test_a_publication_wakes_who_waits() -> None:
    async def marked_meanwhile() -> None:
        rhythm = made(Hands())
        waiting = asyncio.create_task(rhythm.ready())
        await asyncio.sleep(0)
        assert not waiting.done()
        rhythm.mark()
        await waiting

    asyncio.run(marked_meanwhile())


def test_who_waits_is_woken_when_nothing_was_published_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands()
    rhythm = made(hands)
    monkeypatch.setattr(asyncio, "timeout", lambda wait_s: _Elapsed(hands, wait_s))
    asyncio.run(rhythm.ready())
    assert hands.now == 100.0 + AGED_AFTER_S


class _Elapsed:
    """A timeout of `asyncio` that is over at once, on the clock of the test."""

    def __init__(self, hands: Hands, seconds: float) -> None:
        self._hands = hands
        self._seconds = seconds

    async def __aenter__(self) -> None:
        self._hands.now += self._seconds
        raise TimeoutError

    async def __aexit__(self, *_: object) -> None:
        """Do nothing: it never began."""
