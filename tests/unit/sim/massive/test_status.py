from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]


@pytest.mark.parametrize(
    ("hour", "word", "early", "late"),
    [
        (8, "closed", False, False),
        (10, "extended-hours", True, False),
        (17, "open", False, False),
        (22, "extended-hours", False, True),
    ],
)
def test_the_market_opens_and_closes(ask: Ask, hour: int, word: str, early: bool, late: bool) -> None:  # noqa: FBT001
    body = ask("/v1/marketstatus/now", now=datetime(2026, 11, 18, hour, tzinfo=UTC))
    assert (body["market"], body["earlyHours"], body["afterHours"]) == (word, early, late)
    assert body["exchanges"]["nyse"] == word
    assert "status" not in body


def test_the_servers_clock_is_new_yorks(ask: Ask) -> None:
    assert ask("/v1/marketstatus/now")["serverTime"] == "2026-11-18T12:00:00-05:00"


def test_holidays_come_as_a_bare_list_once_per_exchange(ask: Ask) -> None:
    rows = ask("/v1/marketstatus/upcoming")
    assert [row["exchange"] for row in rows[:3]] == ["NYSE", "NASDAQ", "OTC"]
    assert rows[0] == {"date": "2026-11-26", "name": "Thanksgiving Day", "status": "closed", "exchange": "NYSE"}
    assert rows[3] == {
        "date": "2026-11-27",
        "name": "Thanksgiving Day",
        "status": "early-close",
        "open": "2026-11-27T14:30:00.000Z",
        "close": "2026-11-27T18:00:00.000Z",
        "exchange": "NYSE",
    }
