from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., dict[str, Any]]

CHAIN = "/v3/snapshot/options/SPY"
MIDNIGHT = 1_794_978_000_000_000_000
NOON = MIDNIGHT + 12 * 3_600 * 10**9


def rows_by_ticker(ask: Ask, **query: Any) -> dict[str, dict[str, Any]]:
    return {row["details"]["ticker"]: row for row in ask(CHAIN, limit=250, **query)["results"]}


def test_a_full_row_is_written_as_the_vendor_writes_it(ask: Ask) -> None:
    row = rows_by_ticker(ask)["O:SPY261218C00600000"]
    assert row == {
        "break_even_price": 612.05,
        "day": {
            "change": 0.55,
            "change_percent": 4.783,
            "close": 12.05,
            "high": 12.5,
            "last_updated": MIDNIGHT,
            "low": 10.9,
            "open": 11,
            "previous_close": 11.5,
            "volume": 1234,
            "vwap": 11.8765,
        },
        "details": {
            "contract_type": "call",
            "exercise_style": "american",
            "expiration_date": "2026-12-18",
            "shares_per_contract": 100,
            "strike_price": 600,
            "ticker": "O:SPY261218C00600000",
        },
        "greeks": {"delta": 0.5311111111111111, "gamma": 0.013, "theta": -0.21, "vega": 0.65},
        "implied_volatility": 0.1625,
        "last_quote": {
            "ask": 12.1,
            "ask_size": 11,
            "ask_exchange": 312,
            "bid": 12,
            "bid_size": 10,
            "bid_exchange": 302,
            "last_updated": NOON - 1,
            "midpoint": 12.05,
            "timeframe": "REAL-TIME",
        },
        "last_trade": {
            "sip_timestamp": NOON - 60,
            "conditions": [209],
            "price": 12.05,
            "size": 2,
            "exchange": 309,
            "timeframe": "REAL-TIME",
        },
        "open_interest": 1000,
        "underlying_asset": {
            "change_to_break_even": 10.8,
            "last_updated": NOON - 5,
            "price": 601.25,
            "ticker": "SPY",
            "timeframe": "REAL-TIME",
        },
    }
    assert list(row) == sorted(row), "the vendor's keys are in alphabetical order"
    assert isinstance(row["day"]["open"], int), "whole numbers have no decimals"


def test_a_put_breaks_even_below_its_strike(ask: Ask) -> None:
    assert rows_by_ticker(ask)["O:SPY261218P00600000"]["break_even_price"] == 590.85


def test_absence_has_several_faces(ask: Ask) -> None:
    rows = rows_by_ticker(ask)
    never_traded = rows["O:SPY261218P00600000"]
    assert never_traded["day"] == never_traded["last_trade"] == {}
    no_bid = rows["O:SPY261218P00602500"]
    assert "greeks" not in no_bid
    assert "implied_volatility" not in no_bid
    assert no_bid["last_quote"]["bid"] == no_bid["last_quote"]["bid_size"] == 0
    unquoted = rows["O:SPY1261218C00400000"]
    assert unquoted["last_quote"] == {}
    assert "break_even_price" not in unquoted
    assert "change_to_break_even" not in unquoted["underlying_asset"]
    no_previous_close = rows["O:SPY270115C00600000"]["day"]
    assert not {"change", "change_percent", "previous_close"} & no_previous_close.keys()


def test_an_old_day_keeps_its_own_date(ask: Ask) -> None:
    assert rows_by_ticker(ask)["O:SPY261218C00602500"]["day"]["last_updated"] == MIDNIGHT - 86_400 * 10**9


def test_an_adjusted_contract_has_its_own_number_of_shares(ask: Ask) -> None:
    assert rows_by_ticker(ask)["O:SPY1261218C00400000"]["details"]["shares_per_contract"] == 150


@pytest.mark.parametrize(
    ("plan", "missing", "present"),
    [
        ("starter", {"last_quote", "last_trade", "break_even_price", "fmv"}, {"greeks", "open_interest", "day"}),
        ("developer", {"last_quote", "break_even_price", "fmv"}, {"last_trade"}),
        ("advanced", {"fmv", "fmv_last_updated"}, {"last_quote", "last_trade", "break_even_price"}),
        ("business", set(), {"fmv", "fmv_last_updated", "last_quote"}),
        ("options_advanced", {"fmv"}, {"last_quote", "last_trade"}),
    ],
)
def test_the_plan_decides_which_blocks_there_are(ask: Ask, plan: str, missing: set[str], present: set[str]) -> None:
    row = rows_by_ticker(ask, plan=plan)["O:SPY261218C00600000"]
    assert not missing & row.keys()
    assert present <= row.keys()


@pytest.mark.parametrize("plan", ["starter", "developer", "options_advanced"])
def test_the_underlying_is_a_bare_ticker_without_its_subscription(ask: Ask, plan: str) -> None:
    assert rows_by_ticker(ask, plan=plan)["O:SPY261218C00600000"]["underlying_asset"] == {"ticker": "SPY"}


def test_delayed_plans_say_so(ask: Ask) -> None:
    body = ask(CHAIN, plan="developer", ticker="O:SPY261218C00600000")
    assert body["status"] == "DELAYED"
    assert body["results"][0]["last_trade"]["timeframe"] == "DELAYED"


def test_an_index_has_a_value_and_its_prefix(ask: Ask) -> None:
    body = ask("/v3/snapshot/options/I:SPX")
    assert [row["details"]["ticker"] for row in body["results"]] == [
        "O:SPX261218C06000000",
        "O:SPXW261218C06000000",
    ]
    underlying = body["results"][0]["underlying_asset"]
    assert underlying["ticker"] == "I:SPX"
    assert underlying["value"] == 6012.5
    assert "price" not in underlying
    assert body["results"][0]["details"]["exercise_style"] == "european"


@pytest.mark.parametrize("underlying", ["SPX", "I:SPY", "NOPE", "spy"])
def test_an_underlying_without_options_has_no_rows(ask: Ask, underlying: str) -> None:
    body = ask(f"/v3/snapshot/options/{underlying}")
    assert body["results"] == []
    assert "next_url" not in body


def test_ten_rows_unless_asked_otherwise_and_the_link_needs_nothing_else(ask: Ask) -> None:
    first = ask(CHAIN, limit=4, contract_type="call")
    assert list(first) == ["results", "status", "request_id", "next_url"] or "next_url" not in first
    first = ask(CHAIN, limit=3, contract_type="call")
    assert first["next_url"].startswith("http://sim/v3/snapshot/options/SPY?cursor=")
    assert first["next_url"].count("=") == 1
    second = ask(first["next_url"].removeprefix("http://sim"))
    assert [row["details"]["strike_price"] for row in second["results"]] == [600]
    assert "next_url" not in second


def test_one_contract_is_an_object(ask: Ask) -> None:
    body = ask(f"{CHAIN}/O:SPY261218C00600000")
    assert body["results"] == rows_by_ticker(ask)["O:SPY261218C00600000"]


@pytest.mark.parametrize("path", [f"{CHAIN}/O:SPY261218C00601000", "/v3/snapshot/options/NOPE/O:SPY261218C00600000"])
def test_an_unknown_contract_is_not_found(ask: Ask, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(path)
    assert caught.value.status == 404


def test_the_free_plan_has_no_snapshot_and_the_text_is_under_error(ask: Ask) -> None:
    with pytest.raises(Refusal) as caught:
        ask(CHAIN, plan="basic")
    assert caught.value.status == 403
    assert caught.value.body("id") == {
        "status": "NOT_AUTHORIZED",
        "request_id": "id",
        "error": "You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing",
    }
