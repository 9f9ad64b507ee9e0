from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.market import Market
from quantdata.sim.tradier.catalog import Catalog
from quantdata.sim.tradier.history import history
from quantdata.sim.tradier.refusals import Refusal
from quantdata.sim.tradier.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]


def dates(ask: Ask, **query: Any) -> list[str]:
    return [day["date"] for day in ask("history", **query)["history"]["day"]]


def test_both_ends_are_included_and_one_day_is_an_object(ask: Ask) -> None:
    assert dates(ask, symbol="SPY", start="2026-11-12", end="2026-11-16") == ["2026-11-12", "2026-11-13", "2026-11-16"]
    assert ask("history", symbol="SPY", start="2026-11-13", end="2026-11-15") == {
        "history": {
            "day": {"date": "2026-11-13", "open": 12.5, "high": 14.0, "low": 12.0, "close": 13.0, "volume": 100}
        }
    }


def test_what_was_before_a_split_is_in_todays_shares(ask: Ask) -> None:
    before, after = ask("history", symbol="AAPL", start="2026-11-16", end="2026-11-17")["history"]["day"]
    assert (before["close"], before["high"], before["volume"]) == (4.0, 4.25, 400)
    assert (after["close"], after["volume"]) == (17.0, 100)


def test_it_begins_with_the_year_and_ends_today(ask: Ask) -> None:
    found = dates(ask, symbol="SPY")
    assert (found[0], found[-1]) == ("2026-01-01", "2026-11-18")


def test_a_week_is_its_monday_and_whole_wherever_the_range_ends(ask: Ask) -> None:
    rows = ask("history", symbol="SPY", interval="weekly", start="2026-11-03", end="2026-11-09")["history"]
    # The week of 2 November began too early; that of 9 November is shown to its end.
    assert rows == {"day": {"date": "2026-11-09", "open": 8.5, "high": 14.0, "low": 8.0, "close": 13.0, "volume": 500}}


def test_a_month_is_its_first(ask: Ask) -> None:
    rows = ask("history", symbol="SPY", interval="monthly", start="2026-09-02", end="2026-11-18")["history"]["day"]
    assert [(row["date"], row["open"], row["close"]) for row in rows] == [
        ("2026-10-01", 0.5, 30.0),
        ("2026-11-01", 1.5, 18.0),
    ]
    assert [row["date"] for row in rows] == dates(
        ask, symbol="SPY", interval="monthly", start="2026-09-02", end="2026-12-31"
    )


@pytest.mark.parametrize(
    "query",
    [
        {"symbol": "NOPE"},
        {"symbol": "SPY", "start": "2026-11-19"},
        {"symbol": "SPY", "start": "2026-11-14", "end": "2026-11-15"},
        {"symbol": "SPY261218C00601000"},
    ],
)
def test_what_there_is_not_is_null(ask: Ask, query: dict[str, str]) -> None:
    assert ask("history", **query) == {"history": None}


def test_an_expired_contract_is_gone_and_a_live_one_has_days_with_trades_only() -> None:
    catalog = Catalog(Market())

    def of(symbol: str, day: int) -> int:
        at = datetime(2026, 11, day, 22, tzinfo=UTC)
        query = {"symbol": symbol, "start": "2026-10-01"}
        return len(history(Request(query=query, at=at, catalog=catalog)).rows)

    assert of("SPY261118C00690000", 18) == 11
    assert of("SPY261118C00690000", 19) == 0


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"interval": "hourly"}, "Invalid parameter, interval: must be one of daily, weekly, monthly."),
        ({"start": "2026-11-18", "end": "2026-11-17"}, "Invalid parameter, end: must be on or after start."),
        ({"start": "yesterday"}, "Invalid parameter, start: must be a date as YYYY-MM-DD."),
        ({"session_filter": "half"}, "Invalid parameter, session_filter: must be one of all, open."),
    ],
)
def test_bad_parameters_are_named(ask: Ask, query: dict[str, str], text: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask("history", symbol="SPY", **query)
    assert (caught.value.status, caught.value.body.decode()) == (400, text)
