"""When to try again, and after how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quantdata.errors import (
    AuthenticationError,
    DataProviderError,
    EntitlementError,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = RetryPolicy(tries=4, first_delay_s=0.25, longest_delay_s=4.0, deadline_s=10.0)


def _delay(
    error: DataProviderError,
    *,
    tries_done: int = 1,
    elapsed_s: float = 0.0,
    random: Callable[[], float] = lambda: 1.0,
    policy: RetryPolicy = POLICY,
) -> float | None:
    return policy.delay_before_retry(error, tries_done=tries_done, elapsed_s=elapsed_s, random=random)


def _down(retry_after_s: float | None = None) -> UnavailableError:
    return UnavailableError("down", provider="massive", retry_after_s=retry_after_s)


def test_delays_double_up_to_the_longest() -> None:
    patient = RetryPolicy(tries=9, first_delay_s=0.25, longest_delay_s=4.0, deadline_s=60.0)
    delays = [_delay(_down(), tries_done=tries, policy=patient) for tries in range(1, 9)]
    assert delays == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0]


def test_jitter_is_full() -> None:
    assert _delay(_down(), tries_done=3, random=lambda: 0.0) == 0.0
    assert _delay(_down(), tries_done=3, random=lambda: 0.5) == 0.5


def test_tries_are_limited() -> None:
    assert _delay(_down(), tries_done=3) is not None
    assert _delay(_down(), tries_done=4) is None


def test_an_unreadable_answer_is_tried_once_more() -> None:
    garbled = PayloadError("garbled", provider="massive")
    assert _delay(garbled, tries_done=1) == 0.25
    assert _delay(garbled, tries_done=2) is None


@pytest.mark.parametrize("kind", [AuthenticationError, EntitlementError, QuoteNotFoundError, DataProviderError])
def test_what_would_fail_again_is_not_tried_again(kind: type[DataProviderError]) -> None:
    assert _delay(kind("no", provider="massive")) is None


@pytest.mark.parametrize("kind", [RateLimitError, UnavailableError])
def test_the_vendors_own_time_is_kept_to_the_second(kind: type[DataProviderError]) -> None:
    assert _delay(kind("later", provider="massive", retry_after_s=3.0), random=lambda: 0.0) == 3.0
    assert _delay(kind("now", provider="massive", retry_after_s=0.0)) == 0.0


@pytest.mark.parametrize(
    ("elapsed_s", "retry_after_s", "expected"), [(6.9, 3.0, 3.0), (7.0, 3.0, None), (0.0, 60.0, None)]
)
def test_no_wait_outlasts_the_deadline(elapsed_s: float, retry_after_s: float, expected: float | None) -> None:
    assert _delay(_down(retry_after_s), elapsed_s=elapsed_s) == expected


def test_one_try_is_one_whatever_came_of_it() -> None:
    once = RetryPolicy(tries=1)
    for error in (PayloadError("?", provider="massive"), UnavailableError("?", provider="massive")):
        assert once.delay_before_retry(error, tries_done=1, elapsed_s=0.0, random=lambda: 0.0) is None
