from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quantdata.sim.tradier.rates import RateWindows
from quantdata.sim.tradier.refusals import Refusal

PATH = "/v1/markets/quotes"
START = datetime(2026, 11, 25, 22, 30, 59, tzinfo=UTC)
EXPIRY_MS = 1_795_645_860_000  # 22:31:00


def test_headers_say_what_is_left_until_the_whole_minute() -> None:
    windows = RateWindows(lambda: START)
    windows.admit("k", PATH, 120)
    assert windows.admit("k", PATH, 120).headers() == {
        "X-Ratelimit-Allowed": "120",
        "X-Ratelimit-Used": "2",
        "X-Ratelimit-Available": "118",
        "X-Ratelimit-Expiry": str(EXPIRY_MS),
    }


def test_each_token_has_its_count_on_each_endpoint() -> None:
    windows = RateWindows(lambda: START)
    windows.admit("k", PATH, 120)
    assert windows.admit("k", "/v1/markets/history", 120).used == 1
    assert windows.admit("other", PATH, 120).used == 1


def test_too_many_are_refused_until_the_minute_ends() -> None:
    now = START
    windows = RateWindows(lambda: now)
    windows.admit("k", PATH, 1)
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            windows.admit("k", PATH, 1)
    assert caught.value.status == 429
    assert caught.value.body == f"Quota Violation. Quota Exceeded. Limit: 1. Expires: {EXPIRY_MS}".encode()
    now = START + timedelta(seconds=1)
    assert windows.admit("k", PATH, 1).used == 1
