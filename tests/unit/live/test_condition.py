"""The condition of providers: what failed last or owes an answer for long is not well, whatever the strikes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from quantdata.frames.columns import HEALTH, schema
from quantdata.live.condition import are_well, at_present
from quantdata.live.market_hub import MarketDataHub

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
WELL: dict[str, Any] = {
    "provider": "massive",
    "endpoint": "chain",
    "is_healthy": True,
    "consecutive_failures": 0,
    "response_p95_s": 0.2,
    "last_error": None,
    "waiting_s": None,
}


def health(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**WELL, **row} for row in rows], schema=schema(HEALTH))


@pytest.mark.parametrize(
    ("row", "is_well"),
    [
        ({}, True),
        ({"waiting_s": 1.9}, True),
        ({"waiting_s": 2.1}, False),
        ({"waiting_s": 2.1, "response_p95_s": None}, False),
        ({"waiting_s": 5.9, "response_p95_s": 2.0}, True),
        ({"waiting_s": 6.1, "response_p95_s": 2.0}, False),
        ({"consecutive_failures": 1}, False),
        ({"is_healthy": False, "consecutive_failures": 3}, False),
    ],
)
def test_an_endpoint_is_well_while_it_answers_in_time(row: dict[str, Any], is_well: bool) -> None:  # noqa: FBT001  # what is expected
    (found,) = at_present(health(row)).get_column("is_healthy")
    assert found is is_well


def test_an_answer_that_is_overdue_says_so_and_a_failure_keeps_its_words() -> None:
    told = at_present(
        health({"waiting_s": 3.4}, {"consecutive_failures": 1, "waiting_s": 3.4, "last_error": "refused"})
    )
    assert told.get_column("last_error").to_list() == ["no answer for 3 s", "refused"]
    assert told.schema == schema(HEALTH)


def test_a_provider_is_well_while_anything_that_is_asked_at_each_interval_is() -> None:
    rows = health(
        {"endpoint": "chain", "is_healthy": False},
        {"endpoint": "quotes", "last_success_ts": NOON},
        {"provider": "tradier", "is_healthy": False},
        {"provider": "tradier", "endpoint": "expirations", "last_success_ts": NOON},
    )
    assert are_well(rows) == {"massive": True, "tradier": False}


def test_a_failure_of_who_stands_in_counts_until_the_first_answers_again() -> None:
    failed = {"consecutive_failures": 1, "last_failure_ts": NOON, "last_success_ts": NOON - timedelta(seconds=9)}
    rows = [{**failed}, {**failed, "provider": "tradier"}]
    assert at_present(health(*rows)).get_column("is_healthy").to_list() == [False, False]
    rows[0] = {"last_success_ts": NOON + timedelta(seconds=1)}
    assert at_present(health(*rows)).get_column("is_healthy").to_list() == [True, True]
    rows = [failed, {"provider": "tradier", "last_success_ts": NOON + timedelta(seconds=1)}]
    assert at_present(health(*rows)).get_column("is_healthy").to_list() == [False, True]


def test_who_has_not_answered_since_the_other_failed_is_not_known_to_be_well() -> None:
    rows = [
        {"is_healthy": False, "last_failure_ts": NOON},
        {"provider": "tradier", "last_success_ts": NOON - timedelta(hours=1), "waiting_s": 0.5},
    ]
    assert are_well(health(*rows)) == {"massive": False, "tradier": False}
    rows[1]["last_success_ts"] = NOON + timedelta(seconds=1)
    assert are_well(health(*rows)) == {"massive": False, "tradier": True}


def test_nothing_asked_tells_nothing() -> None:
    assert at_present(health()).equals(health())
    assert are_well(health()) == {}


def test_a_hub_that_has_not_begun_has_asked_nobody() -> None:
    assert MarketDataHub("SPY", source="sim").health().equals(health())
