from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., dict[str, Any]]

DIVIDENDS = "/v3/reference/dividends"


def test_a_split_of_four_for_one_is_from_one_to_four(ask: Ask) -> None:
    (row,) = ask("/v3/reference/splits", ticker="AAPL")["results"]
    assert {key: row[key] for key in ("ticker", "execution_date", "split_from", "split_to")} == {
        "ticker": "AAPL",
        "execution_date": "2026-11-17",
        "split_from": 1,
        "split_to": 4,
    }
    assert ask("/v3/reference/splits", reverse_split="true")["results"] == []


def test_the_newer_split_carries_its_factor(ask: Ask) -> None:
    (row,) = ask("/stocks/v1/splits", sort="execution_date.asc")["results"]
    assert (row["adjustment_type"], row["historical_adjustment_factor"]) == ("forward_split", 0.25)
    assert ask("/stocks/v1/splits", adjustment_type__any_of="reverse_split")["results"] == []


def test_dividends_come_newest_first_and_can_be_turned(ask: Ask) -> None:
    days = [row["ex_dividend_date"] for row in ask(DIVIDENDS, ticker="SPY")["results"]]
    assert days == ["2026-11-10", "2026-08-10", "2026-05-10", "2026-02-10"]
    turned = ask(DIVIDENDS, ticker="SPY", sort="ex_dividend_date", order="asc")["results"]
    assert [row["ex_dividend_date"] for row in turned] == days[::-1]


def test_dates_and_numbers_filter(ask: Ask) -> None:
    rows = ask(DIVIDENDS, ticker="SPY", ex_dividend_date__gte="2026-08-01", frequency=4)["results"]
    assert len(rows) == 2
    assert rows[0]["dividend_type"] == "CD"
    assert ask(DIVIDENDS, cash_amount__gt=1)["results"] == []


def test_pages_follow_each_other(ask: Ask) -> None:
    found: list[str] = []
    body = ask(DIVIDENDS, limit=3)
    while True:
        found += [row["id"] for row in body["results"]]
        if "next_url" not in body:
            break
        body = ask(body["next_url"].removeprefix("http://sim"))
    assert len(found) == len(set(found)) == 8


def test_older_dividends_are_restated_in_todays_shares(ask: Ask) -> None:
    rows = ask("/stocks/v1/dividends", ticker="AAPL", sort="ex_dividend_date.desc")["results"]
    assert rows[0]["split_adjusted_cash_amount"] == pytest.approx(0.065)
    assert rows[0]["distribution_type"] == "recurring"
    # The close before the ex-day is 9 (the day of the month): one dividend takes 0.26 of 9.
    assert rows[0]["historical_adjustment_factor"] == pytest.approx(1 - 0.26 / 9, abs=1e-6)
    assert rows[1]["historical_adjustment_factor"] < rows[0]["historical_adjustment_factor"]


@pytest.mark.parametrize("query", [{"sort": "price"}, {"ex_dividend_date": "soon"}, {"limit": 1_001}])
def test_nonsense_is_a_bad_request(ask: Ask, query: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        ask(DIVIDENDS, **query)
    assert caught.value.status == 400
