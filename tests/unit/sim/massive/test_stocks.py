from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.massive.refusals import Refusal
from quantdata.sim.massive.stocks import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., dict[str, Any]]

STOCKS = "/v2/snapshot/locale/us/markets/stocks"
NOON = 1_795_021_200_000_000_000


def test_one_stock_is_an_object_under_ticker(ask: Ask) -> None:
    body = ask(f"{STOCKS}/tickers/SPY")
    row = body["ticker"]
    assert list(body) == ["ticker", "status", "request_id"]
    assert row["todaysChange"] == 1.25
    assert row["todaysChangePerc"] == pytest.approx(100 * 1.25 / 600)
    assert row["day"] == {
        "o": 598,
        "h": 602.5,
        "l": 597.25,
        "c": 601.25,
        "v": 1000000,
        "vw": 600.1235,
        "dv": "1000000.0",
    }
    assert row["lastQuote"] == {"P": 601.26, "S": 500, "p": 601.24, "s": 300, "t": NOON - 1}
    assert row["lastTrade"]["c"] == [37]
    assert row["min"]["t"] == NOON // 10**6 - 60_000
    assert row["prevDay"]["c"] == 600


def test_a_regular_sale_has_null_conditions(ask: Ask) -> None:
    assert ask(f"{STOCKS}/tickers/AAPL")["ticker"]["lastTrade"]["c"] is None


def test_plans_without_ticks_have_no_last_blocks(ask: Ask) -> None:
    row = ask(f"{STOCKS}/tickers/SPY", plan="starter")["ticker"]
    assert not {"lastQuote", "lastTrade", "fmv"} & row.keys()
    assert "lastTrade" in ask(f"{STOCKS}/tickers/SPY", plan="developer")["ticker"]
    assert ask(f"{STOCKS}/tickers/SPY", plan="business")["ticker"]["fmv"] == 601.25


def test_a_list_leaves_unknown_tickers_out(ask: Ask) -> None:
    body = ask(f"{STOCKS}/tickers", tickers="SPY,NOPE")
    assert [row["ticker"] for row in body["tickers"]] == ["SPY"]
    assert body["count"] == 1
    assert ask(f"{STOCKS}/tickers")["count"] == 2


def test_winners_and_losers_are_told_apart(ask: Ask) -> None:
    assert [row["ticker"] for row in ask(f"{STOCKS}/gainers")["tickers"]] == ["SPY"]
    assert [row["ticker"] for row in ask(f"{STOCKS}/losers")["tickers"]] == ["AAPL"]


def test_an_unknown_ticker_is_not_found_and_options_alone_are_refused(ask: Ask) -> None:
    with pytest.raises(Refusal) as caught:
        ask(f"{STOCKS}/tickers/NOPE")
    assert caught.value.status == 404
    with pytest.raises(Refusal) as caught:
        ask(f"{STOCKS}/tickers/SPY", plan="options_advanced")
    assert caught.value.text_key == "message"


def test_numbers_are_rounded_whole_ones_are_integers_and_nothing_is_zero() -> None:
    assert [plain(value) for value in (1.00004, 1.5, float("nan"))] == [1, 1.5, 0]
    assert isinstance(plain(2.0), int)
