"""How far a vendor's clock is off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantdata.wire.skew import ClockSkew

START = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def observe(skew: ClockSkew, *, at: float, ahead: float, way_s: float = 0.1) -> None:
    """Let a vendor whose clock is so many seconds ahead answer a question asked at a moment."""
    told = (START + seconds(at + way_s / 2 + ahead)).replace(microsecond=0)
    skew.observe(told, sent=START + seconds(at), received=START + seconds(at + way_s))


def test_nothing_is_known_before_an_answer() -> None:
    assert ClockSkew().known == timedelta(0)


@pytest.mark.parametrize("ahead", [0.0, 0.7, -0.7, 1.9, -1.9])
def test_what_may_be_less_than_two_seconds_is_none(ahead: float) -> None:
    skew = ClockSkew()
    for number in range(20):
        observe(skew, at=number * 1.37, ahead=ahead)
    assert skew.known == timedelta(0)


@pytest.mark.parametrize("ahead", [5.0, -5.0, 3600.0, -86_400.0])
def test_more_is_known_closer_with_each_answer(ahead: float) -> None:
    skew = ClockSkew()
    observe(skew, at=0.0, ahead=ahead)
    assert abs(skew.known.total_seconds() - ahead) <= 0.55
    for number in range(30):
        observe(skew, at=number * 1.37, ahead=ahead)
    assert abs(skew.known.total_seconds() - ahead) <= 0.1


def test_a_slow_answer_proves_nothing() -> None:
    skew = ClockSkew()
    observe(skew, at=0.0, ahead=0.0, way_s=30.0)
    assert skew.known == timedelta(0)


def test_a_clock_that_is_set_right_is_believed() -> None:
    skew = ClockSkew()
    observe(skew, at=0.0, ahead=60.0)
    observe(skew, at=5.0, ahead=0.0)
    assert skew.known == timedelta(0)


@given(st.floats(-1e5, 1e5), st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.001, 5)), min_size=1, max_size=20))
def test_the_truth_is_never_missed_by_more_than_the_way_and_a_second(
    ahead: float, answers: list[tuple[float, float]]
) -> None:
    skew = ClockSkew()
    for at, way_s in answers:
        observe(skew, at=at, ahead=ahead, way_s=way_s)
    width = min(way_s for _, way_s in answers) + 1.0
    allowed = width / 2 if skew.known else 2.0 + width
    assert abs(skew.known.total_seconds() - ahead) <= allowed + 1e-4
