from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from quantdata.client import missing
from quantdata.client.missing import Run, failed_reason, is_settled, reasons, runs
from quantdata.errors import AllProvidersFailedError, DataProviderError, EntitlementError, UnavailableError
from quantdata.sessions import sessions

# Thanksgiving is the 26th; the 28th and 29th are a weekend.
WEEK = [each.day for each in sessions(date(2026, 11, 23), date(2026, 12, 1))]
MONDAY, TUESDAY, WEDNESDAY, FRIDAY, NEXT_MONDAY, NEXT_TUESDAY = WEEK


def test_neighbours_are_asked_for_at_once_across_a_holiday_and_a_weekend() -> None:
    assert runs([NEXT_MONDAY, TUESDAY, FRIDAY, WEDNESDAY], is_intraday=True) == [Run(TUESDAY, NEXT_MONDAY)]
    assert runs([MONDAY, WEDNESDAY, NEXT_TUESDAY], is_intraday=False) == [
        Run(MONDAY, MONDAY),
        Run(WEDNESDAY, WEDNESDAY),
        Run(NEXT_TUESDAY, NEXT_TUESDAY),
    ]
    assert runs([], is_intraday=True) == []


def test_the_moments_of_a_run_are_all_of_its_days_in_new_york() -> None:
    summer_ends = Run(date(2026, 10, 30), date(2026, 11, 2))
    assert summer_ends.moments == (
        datetime(2026, 10, 30, 4, tzinfo=UTC),
        datetime(2026, 11, 3, 4, 59, 59, 999_999, tzinfo=UTC),
    )


def test_a_run_of_minutes_is_no_longer_than_a_request_of_them() -> None:
    year = [each.day for each in sessions(date(2025, 1, 1), date(2025, 12, 31))]
    found = runs(year, is_intraday=True)
    assert [day for run in found for day in run.days] == year
    assert {len(run.days) for run in found[:-1]} == {missing.SESSIONS_AT_ONCE}
    assert max(run.last - run.first for run in found) <= timedelta(days=48)
    assert runs(year, is_intraday=False) == [Run(year[0], year[-1])]


@pytest.mark.parametrize(
    ("symbol", "traded", "said"),
    [
        ("SPY", [MONDAY, FRIDAY], "halted"),
        ("SPY", [WEDNESDAY, FRIDAY], "no_trades"),
        ("SPY", [MONDAY], "no_trades"),
        ("SPY", [], "no_trades"),
        ("SPY261218C00600000", [MONDAY, FRIDAY], "no_trades"),
        ("SPX", [MONDAY, FRIDAY], "no_trades"),
    ],
)
def test_a_stock_that_trades_before_and_after_was_halted(symbol: str, traded: list[date], said: str) -> None:
    assert reasons([TUESDAY], traded, symbol=symbol) == {TUESDAY: said}


def test_a_gap_is_believed_when_some_sessions_have_passed() -> None:
    assert [is_settled(day, NEXT_TUESDAY) for day in WEEK] == [True, True, True, False, False, False]
    assert not is_settled(NEXT_TUESDAY, MONDAY)


REFUSED = EntitlementError("not in the plan", provider="massive")
DOWN = UnavailableError("the host is down", provider="tradier")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (REFUSED, "not_entitled"),
        (DOWN, "failed"),
        (AllProvidersFailedError("neither", errors={"massive": REFUSED, "tradier": REFUSED}), "not_entitled"),
        (AllProvidersFailedError("neither", errors={"massive": REFUSED, "tradier": DOWN}), "failed"),
    ],
)
def test_what_every_plan_lacks_is_not_entitled_and_all_else_has_failed(error: DataProviderError, said: str) -> None:
    assert failed_reason(error) == said
