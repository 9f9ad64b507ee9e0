from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., dict[str, Any]]


def rows(ask: Ask, path: str = "/v3/snapshot", **query: Any) -> dict[str, dict[str, Any]]:
    return {row["ticker"]: row for row in ask(path, **query)["results"]}


def test_an_index_row_changes_from_its_value(ask: Ask) -> None:
    row = rows(ask, "/v3/snapshot/indices")["I:SPX"]
    assert row["session"] == {
        "change": 12.5,
        "change_percent": 0.2083,
        "close": 6012.25,
        "high": 6020,
        "low": 5975.25,
        "open": 5980,
        "previous_close": 6000,
    }
    assert (row["value"], row["type"], row["market_status"], row["timeframe"]) == (
        6012.5,
        "indices",
        "open",
        "REAL-TIME",
    )


def test_a_bad_ticker_is_a_row_in_a_good_answer(ask: Ask) -> None:
    found = rows(ask, ticker__any_of="SPY,XX,I:SPX", plan="options_advanced")
    assert found["XX"] == {"ticker": "XX", "error": "NOT_FOUND", "message": "Ticker not found."}
    assert found["SPY"]["error"] == found["I:SPX"]["error"] == "NOT_ENTITLED"


def test_an_option_row_has_its_ticker_outside_its_details(ask: Ask) -> None:
    row = rows(ask, ticker__any_of="O:SPY261218C00600000")["O:SPY261218C00600000"]
    assert row["details"] == {
        "contract_type": "call",
        "exercise_style": "american",
        "expiration_date": "2026-12-18",
        "shares_per_contract": 100,
        "strike_price": 600,
        "underlying_ticker": "SPY",
    }
    assert row["session"]["close"] == 12.05
    assert "vwap" not in row["session"]
    assert row["last_quote"]["midpoint"] == 12.05
    assert row["greeks"]["delta"] == pytest.approx(0.5311111111111111)


def test_an_option_that_never_traded_has_an_empty_session(ask: Ask) -> None:
    row = rows(ask, ticker__any_of="O:SPY261218P00600000")["O:SPY261218P00600000"]
    assert row["session"] == row["last_trade"] == {}


def test_a_stock_row_has_quote_and_trade(ask: Ask) -> None:
    row = rows(ask, ticker="SPY")["SPY"]
    assert row["session"]["price"] == 601.25
    assert row["last_quote"]["ask_size"] == 500
    assert row["last_trade"]["conditions"] == [37]
    assert row["name"] == "SPDR S&P 500 ETF Trust"


def test_type_chooses_and_ranges_cut(ask: Ask) -> None:
    assert list(rows(ask, type="stocks")) == ["AAPL", "SPY"]
    assert list(rows(ask, type="options", limit=3)) == [
        "O:SPX261218C06000000",
        "O:SPXW261218C06000000",
        "O:SPY1261218C00400000",
    ]
    assert list(rows(ask, ticker__gt="AAPL")) == ["I:SPX", "SPY"]
    assert list(rows(ask, order="desc")) == ["SPY", "I:SPX", "AAPL"]
    assert rows(ask, type="stocks", ticker__any_of="I:SPX")["I:SPX"]["error"] == "NOT_FOUND"


def test_pages_follow_each_other(ask: Ask) -> None:
    first = ask("/v3/snapshot", limit=2)
    second = ask(first["next_url"].removeprefix("http://sim"))
    assert [row["ticker"] for row in first["results"] + second["results"]] == ["AAPL", "I:SPX", "SPY"]
    assert "next_url" not in second


def test_more_than_250_tickers_are_too_many(ask: Ask) -> None:
    with pytest.raises(Refusal) as caught:
        ask("/v3/snapshot", ticker__any_of=",".join(f"T{number}" for number in range(251)))
    assert caught.value.status == 400


def test_plans_without_snapshots_are_refused(ask: Ask) -> None:
    for path, plan in (("/v3/snapshot", "basic"), ("/v3/snapshot/indices", "options_advanced")):
        with pytest.raises(Refusal) as caught:
            ask(path, plan=plan)
        assert caught.value.status == 403
