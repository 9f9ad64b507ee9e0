"""The cadence: as often as wanted, as far as the rate carries it, slower after failures and after hours."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantdata.errors import ArgumentError
from quantdata.live.cadence import FAR_EVERY, PRESETS, USED_SHARE, Cadence, last_near, refresh_interval


class Watch:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Polls:
    """A cadence of 5 s without luck, and polls that take no time."""

    def __init__(self, *, requests_per_minute: float | None = None, draw: float = 0.0) -> None:
        self.clock = Watch()
        self.cadence = Cadence[str](5.0, requests_per_minute=requests_per_minute, clock=self.clock, draw=lambda: draw)

    def succeed(self, subject: str, *, requests: float = 1.0, took_s: float = 0.0) -> None:
        self.cadence.begin(subject)
        self.clock.now += took_s
        self.cadence.succeed(subject, requests=requests)

    def fail(self, subject: str) -> None:
        self.cadence.begin(subject)
        self.cadence.fail(subject)

    def moments(self, seconds: float) -> list[tuple[float, str]]:
        """Poll whatever is due for a while; return the seconds at which it was."""
        start, polled = self.clock.now, []
        while self.clock.now - start <= seconds:
            for subject in self.cadence.due():
                polled.append((self.clock.now - start, subject))
                self.succeed(subject)
            wait_s = self.cadence.due_in_s()
            assert wait_s is not None
            self.clock.now += wait_s
        return polled


def test_nobody_waits_where_nothing_is_watched() -> None:
    polls = Polls()
    assert (polls.cadence.due(), polls.cadence.due_in_s()) == ([], None)


def test_what_is_watched_is_polled_at_once_and_then_at_each_interval() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    assert polls.cadence.due_in_s() == 0.0
    assert polls.moments(10.0) == [(0.0, "SPY"), (5.0, "SPY"), (10.0, "SPY")]


def test_far_expirations_are_polled_at_every_nth_interval() -> None:
    polls = Polls()
    polls.cadence.watch("near")
    polls.cadence.watch("far", every=3)
    assert [second for second, subject in polls.moments(30.0) if subject == "far"] == [0.0, 15.0, 30.0]
    assert polls.cadence.effective_s("far") == 15.0


def test_a_poll_under_way_is_not_due_again() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    polls.cadence.begin("SPY")
    polls.clock.now += 60.0
    assert (polls.cadence.due(), polls.cadence.due_in_s()) == ([], None)
    polls.cadence.succeed("SPY", requests=1)
    assert polls.cadence.due() == ["SPY"]
    assert polls.cadence.effective_s("SPY") == 60.0


def test_intervals_run_from_beginning_to_beginning() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    polls.succeed("SPY", took_s=2.0)
    assert polls.cadence.due_in_s() == 3.0


def test_the_new_come_first_and_then_who_is_latest_for_its_interval() -> None:
    polls = Polls()
    polls.cadence.watch("far", every=6)
    polls.succeed("far")
    polls.cadence.watch("near")
    polls.succeed("near")
    polls.clock.now += 36.0
    polls.cadence.watch("new")
    assert polls.cadence.due() == ["new", "near", "far"]


def test_what_is_watched_again_keeps_its_turn_and_takes_its_new_pace() -> None:
    polls = Polls()
    polls.cadence.watch("SPY", every=6)
    polls.succeed("SPY")
    polls.cadence.watch("SPY")
    assert polls.cadence.due_in_s() == 5.0


def test_what_the_rate_does_not_carry_is_stretched_evenly() -> None:
    polls = Polls(requests_per_minute=60.0)
    polls.cadence.watch("SPY")
    polls.cadence.watch("QQQ", every=2)
    polls.succeed("SPY", requests=8)
    assert polls.cadence.effective_s("SPY") == pytest.approx(5.0 * (96 + 6) / (60 * USED_SHARE))
    assert polls.cadence.effective_s("QQQ") == pytest.approx(2 * polls.cadence.effective_s("SPY"))
    assert polls.cadence.due_in_s() == 0.0
    polls.succeed("QQQ")
    assert polls.cadence.due_in_s() == pytest.approx(polls.cadence.effective_s("SPY"))


def test_a_rate_that_carries_all_stretches_nothing() -> None:
    polls = Polls(requests_per_minute=120.0)
    polls.cadence.watch("SPY", requests=8)
    assert polls.cadence.effective_s("SPY") == 5.0


def test_less_to_poll_is_polled_sooner_at_once() -> None:
    polls = Polls(requests_per_minute=60.0)
    polls.cadence.watch("SPY", requests=4)
    polls.cadence.watch("QQQ", requests=4)
    polls.succeed("SPY", requests=4)
    assert polls.cadence.effective_s("SPY") == 10.0
    polls.cadence.unwatch("QQQ")
    polls.cadence.unwatch("QQQ")
    assert polls.cadence.due_in_s() == 5.0


def test_a_rate_learned_later_counts_from_then_on() -> None:
    polls = Polls()
    polls.cadence.watch("SPY", requests=40)
    assert polls.cadence.effective_s("SPY") == 5.0
    polls.cadence.requests_per_minute = 60.0
    assert polls.cadence.effective_s("SPY") == 50.0


def test_each_failure_in_a_row_doubles_the_wait_up_to_a_minute_and_success_ends_that() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    waits = []
    for _ in range(5):
        polls.fail("SPY")
        waits.append(polls.cadence.due_in_s())
    assert waits == [10.0, 20.0, 40.0, 60.0, 60.0]
    polls.succeed("SPY")
    assert polls.cadence.due_in_s() == 5.0


def test_a_failure_never_makes_a_slow_poll_quicker() -> None:
    polls = Polls()
    polls.cadence.watch("far", every=60)
    polls.fail("far")
    assert polls.cadence.due_in_s() == 300.0


def test_failures_without_end_are_no_overflow() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    for _ in range(2_000):
        polls.fail("SPY")
    assert polls.cadence.due_in_s() == 60.0


def test_a_closed_market_is_polled_once_a_minute_and_never_not_at_all() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    polls.cadence.watch("far", every=60)
    polls.cadence.is_market_open = False
    assert [second for second, subject in polls.moments(120.0) if subject == "SPY"] == [0.0, 60.0, 120.0]
    assert (polls.cadence.effective_s("SPY"), polls.cadence.effective_s("far")) == (60.0, 300.0)


def test_when_the_market_opens_the_next_poll_does_not_wait_for_the_minute() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    polls.cadence.is_market_open = False
    polls.succeed("SPY")
    polls.clock.now += 20.0
    assert polls.cadence.due() == []
    polls.cadence.is_market_open = True
    assert polls.cadence.due() == ["SPY"]


@pytest.mark.parametrize(("draw", "wait_s"), [(0.0, 5.0), (0.5, 4.75), (1.0, 4.5)])
def test_chance_shortens_an_interval_by_up_to_a_tenth(draw: float, wait_s: float) -> None:
    polls = Polls(draw=draw)
    polls.cadence.watch("SPY")
    polls.succeed("SPY")
    assert polls.cadence.due_in_s() == pytest.approx(wait_s)


def test_a_poll_that_ends_after_its_watch_changes_nothing() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    polls.cadence.begin("SPY")
    polls.cadence.unwatch("SPY")
    polls.cadence.succeed("SPY", requests=40)
    polls.cadence.watch("SPY")
    polls.cadence.fail("SPY")
    assert polls.cadence.due() == ["SPY"]


@given(
    requests=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    rate=st.floats(5.0, 600.0),
    every=st.lists(st.sampled_from([1, 2, FAR_EVERY]), min_size=6, max_size=6),
)
def test_effective_intervals_never_ask_for_more_than_the_share_of_the_rate(
    requests: list[int], rate: float, every: list[int]
) -> None:
    cadence = Cadence[int](5.0, requests_per_minute=rate)
    for subject, cost in enumerate(requests):
        cadence.watch(subject, every=every[subject], requests=cost)
    asked = sum(60.0 * cost / cadence.effective_s(subject) for subject, cost in enumerate(requests))
    assert asked <= USED_SHARE * rate * (1.0 + 1e-9)
    assert all(cadence.effective_s(subject) >= 5.0 * every[subject] for subject in range(len(requests)))


@pytest.mark.parametrize(("wanted", "seconds"), [*PRESETS.items(), (2.5, 2.5), (3, 3.0)])
def test_an_interval_is_given_in_seconds_or_by_name(wanted: float | str, seconds: float) -> None:
    assert refresh_interval(wanted) == seconds


@pytest.mark.parametrize("wanted", [0.0, -1.0, float("nan"), float("inf"), "fast", None])
def test_an_interval_that_is_none_is_refused_with_the_presets(wanted: Any) -> None:
    with pytest.raises(ArgumentError, match=r"one of 'development' \(10 s\), 'production' \(5 s\), 'low-latency'"):
        refresh_interval(wanted)


def test_the_nearest_expirations_are_near() -> None:
    days = [date(2026, 12, day) for day in (18, 4, 4, 11, 24, 31)]
    assert last_near(days) == date(2026, 12, 24)
    assert last_near(days[:2]) == date(2026, 12, 18)
    assert last_near([]) is None


def test_who_is_hurried_is_due_at_once_however_it_has_failed_and_once() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    for _ in range(3):
        polls.fail("SPY")
    assert polls.cadence.due_in_s() == 40.0
    polls.cadence.hurry("SPY")
    polls.cadence.hurry("QQQ")
    assert polls.cadence.due() == ["SPY"]
    polls.succeed("SPY")
    assert polls.cadence.due_in_s() == 5.0


def test_who_is_hurried_has_a_rest_after_its_last_poll_began() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    polls.cadence.begin("SPY")
    polls.clock.now += 0.4
    polls.cadence.hurry("SPY", rest_s=1.0)
    assert polls.cadence.due() == []
    polls.cadence.succeed("SPY", requests=1.0)
    assert polls.cadence.due_in_s() == pytest.approx(0.6)


def test_an_answer_is_stale_when_the_next_should_be_there() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    assert polls.cadence.stale_after_s("SPY") == 5.0
    for took_s in (0.5, 0.25, 2.0):
        polls.succeed("SPY", took_s=took_s)
    assert polls.cadence.stale_after_s("SPY") == 7.0


def test_nothing_is_waited_for_that_is_late_or_has_failed() -> None:
    polls = Polls()
    polls.cadence.watch("SPY")
    polls.succeed("SPY", took_s=2.0)
    polls.cadence.begin("SPY")
    polls.clock.now += 1.9
    assert polls.cadence.stale_after_s("SPY") == 7.0
    polls.clock.now += 0.2
    assert polls.cadence.stale_after_s("SPY") == 5.0
    polls.clock.now += 8.0
    polls.cadence.fail("SPY")
    # However long the failure took.
    assert polls.cadence.stale_after_s("SPY") == 5.0
