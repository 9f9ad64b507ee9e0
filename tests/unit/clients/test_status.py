"""The state of the market: the vendor's word, completed by the session table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quantdata.clients.status import MarketStatus

WEDNESDAY = datetime(2026, 11, 18, 16, tzinfo=UTC)


def _status(at: datetime = WEDNESDAY, *, market: str | None = None, is_simulated: bool = False) -> MarketStatus:
    return MarketStatus.at(
        at, market=market, local_time=at - timedelta(seconds=1.5), source="massive", is_simulated=is_simulated
    )


@pytest.mark.parametrize(
    ("word", "market"),
    [
        ("open", "open"),
        ("extended-hours", "extended"),
        ("early", "extended"),
        ("late", "extended"),
        ("closed", "closed"),
        ("holiday", "closed"),
    ],
)
def test_the_vendors_word_counts(word: str, market: str) -> None:
    assert _status(market=word).market == market


@pytest.mark.parametrize(("hour", "market"), [(16, "open"), (12, "extended"), (22, "extended"), (4, "closed")])
def test_without_a_word_the_table_counts(hour: int, market: str) -> None:
    assert _status(WEDNESDAY.replace(hour=hour)).market == market


def test_the_next_changes_come_from_the_table() -> None:
    status = _status()
    assert status.next_open == datetime(2026, 11, 19, 14, 30, tzinfo=UTC)
    assert status.next_close == datetime(2026, 11, 18, 21, tzinfo=UTC)


def test_skew_is_that_of_a_real_clock_only() -> None:
    assert _status().clock_skew_s == 1.5
    assert _status(is_simulated=True).clock_skew_s is None
