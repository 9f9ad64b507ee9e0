from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., dict[str, Any]]

CONTRACTS = "/v3/reference/options/contracts"


def tickers(ask: Ask, **query: Any) -> list[str]:
    return [row["ticker"] for row in ask(CONTRACTS, limit=100, **query)["results"]]


def test_a_contract_row_is_written_as_recorded(ask: Ask) -> None:
    row = ask(f"{CONTRACTS}/O:SPY261218P00602500")["results"]
    assert row == {
        "cfi": "OPASPS",
        "contract_type": "put",
        "exercise_style": "american",
        "expiration_date": "2026-12-18",
        "primary_exchange": "BATO",
        "shares_per_contract": 100,
        "strike_price": 602.5,
        "ticker": "O:SPY261218P00602500",
        "underlying_ticker": "SPY",
    }


def test_an_adjusted_contract_names_what_it_delivers(ask: Ask) -> None:
    row = ask(f"{CONTRACTS}/O:SPY1261218C00400000")["results"]
    assert row["shares_per_contract"] == 150
    assert row["additional_underlyings"] == [{"type": "equity", "underlying": "SPY", "amount": 150}]


def test_indices_are_bare_here_and_have_every_root(ask: Ask) -> None:
    assert tickers(ask, underlying_ticker="SPX") == ["O:SPX261218C06000000", "O:SPXW261218C06000000"]
    assert tickers(ask, underlying_ticker="I:SPX") == []
    assert len(tickers(ask)) == 8
    assert len(tickers(ask, underlying_ticker__gt="SPX")) == 6
    assert tickers(ask, ticker="O:SPY261218C00602500") == ["O:SPY261218C00602500"]


def test_pages_hold_ten_rows_unless_asked_otherwise(ask: Ask) -> None:
    first = ask(CONTRACTS, limit=5, sort="expiration_date", order="desc")
    second = ask(first["next_url"].removeprefix("http://sim"))
    assert len({row["ticker"] for row in first["results"] + second["results"]}) == 8
    assert first["results"][0]["expiration_date"] == "2027-01-15"


def test_expired_contracts_are_those_of_their_last_day(ask: Ask) -> None:
    assert tickers(ask, expired="true", underlying_ticker="SPY") == []
    found = tickers(ask, expired="true", as_of="2026-12-19", underlying_ticker="SPY")
    assert len(found) == 5
    assert all("261218" in ticker for ticker in found)
    narrowed = tickers(
        ask, expired="true", as_of="2027-02-01", expiration_date__gte="2027-01-01", underlying_ticker="SPY"
    )
    assert narrowed == ["O:SPY270115C00600000"]


def test_a_day_that_is_not_simulated_is_a_bad_request(ask: Ask) -> None:
    with pytest.raises(Refusal, match="2016-01-04") as caught:
        ask(CONTRACTS, as_of="2010-01-05")
    assert caught.value.status == 400


@pytest.mark.parametrize("ticker", ["O:SPY100115C00100000", "O:SPY261218C00601000", "SPY", "O:NOPE261218C00601000"])
def test_an_unknown_contract_is_not_found(ask: Ask, ticker: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(f"{CONTRACTS}/{ticker}")
    assert caught.value.status == 404


def test_ids_are_opra_participants_and_condition_letters(ask: Ask) -> None:
    exchanges = ask("/v3/reference/exchanges", asset_class="options")["results"]
    assert {row["id"]: row["mic"] for row in exchanges}[302] == "XCBO"
    conditions = ask("/v3/reference/conditions", asset_class="options")["results"]
    assert {row["id"]: row["sip_mapping"] for row in conditions}[209] == {"OPRA": "I"}
    assert ask("/v3/reference/exchanges", asset_class="crypto")["results"] == []
    assert len(ask("/v3/reference/exchanges")["results"]) > len(exchanges)
    with pytest.raises(Refusal):
        ask("/v3/reference/conditions", asset_class="bonds")


def test_a_ticker_has_a_name_and_a_market(ask: Ask) -> None:
    assert ask("/v3/reference/tickers/SPY")["results"]["type"] == "ETF"
    assert ask("/v3/reference/tickers/I:SPX")["results"]["market"] == "indices"
    with pytest.raises(Refusal):
        ask("/v3/reference/tickers/O:SPY261218C00600000")


def test_an_unknown_path_is_not_found(ask: Ask) -> None:
    with pytest.raises(Refusal) as caught:
        ask("/v3/reference/nothing")
    assert caught.value.status == 404
