"""When to connect again."""

from __future__ import annotations

import pytest

from quantdata.wire.backoff import Backoff, StreamPolicy

POLICY = StreamPolicy(first_delay_s=0.25, longest_delay_s=3.0, steady_s=10.0)


def _delays(backoff: Backoff, number: int) -> list[float]:
    delays = []
    for _ in range(number):
        backoff.attempts += 1
        delays.append(backoff.delay_s())
    return delays


def test_delays_double_up_to_the_longest() -> None:
    assert _delays(Backoff(POLICY, random=lambda: 1.0), 6) == [0.25, 0.5, 1.0, 2.0, 3.0, 3.0]


def test_half_of_a_delay_is_chance_so_that_no_vendor_is_asked_again_at_once() -> None:
    numbers = iter((0.0, 0.5, 0.25))
    assert _delays(Backoff(POLICY, random=lambda: next(numbers)), 3) == [0.125, 0.375, 0.625]


@pytest.mark.parametrize(("flowed_s", "delay_s"), [(9.9, 0.5), (10.0, 0.25)])
def test_it_begins_anew_only_after_a_time_of_data(flowed_s: float, delay_s: float) -> None:
    backoff = Backoff(POLICY, random=lambda: 1.0)
    _delays(backoff, 1)
    backoff.end(flowed_s=flowed_s)
    assert _delays(backoff, 1) == [delay_s]


def test_a_year_of_attempts_is_no_overflow() -> None:
    backoff = Backoff(POLICY, random=lambda: 1.0)
    backoff.attempts = 10**8
    assert backoff.delay_s() == 3.0
    assert Backoff(POLICY, random=lambda: 1.0).delay_s() == 0.25


@pytest.mark.parametrize(("quiet_s", "wait_s"), [(0.0, 1.5), (3.4, 1.5), (4.5, 0.5), (5.0, 1.5), (60.0, 1.5)])
def test_a_quiet_stream_is_looked_at_when_it_becomes_silent_too(quiet_s: float, wait_s: float) -> None:
    assert StreamPolicy(ask_after_s=1.5, silence_s=5.0).next_look_s(quiet_s) == wait_s
