from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

NOON_MS = 1_795_021_200_000
EVENING = datetime(2026, 11, 18, 22, tzinfo=UTC)
MORNING = datetime(2026, 11, 18, 13, tzinfo=UTC)


def test_a_fund_is_written_as_the_vendor_writes_it(ask: Ask) -> None:
    assert ask("quotes", symbols="SPY", greeks="true") == {
        "quotes": {
            "quote": {
                "symbol": "SPY",
                "description": "SPDR S&P 500 ETF Trust",
                "exch": "P",
                "type": "etf",
                "last": 601.25,
                "change": 1.25,
                "volume": 1_000_000,
                "open": 598.0,
                "high": 602.5,
                "low": 597.25,
                "close": None,
                "bid": 601.24,
                "ask": 601.26,
                "change_percentage": 0.21,
                "average_volume": 100,
                "last_volume": 40,
                "trade_date": NOON_MS - 1,
                "prevclose": 600.0,
                "week_52_high": 602.5,
                "week_52_low": 0.0,
                "bidsize": 3,
                "bidexch": "P",
                "bid_date": NOON_MS - 1_000,
                "asksize": 5,
                "askexch": "Q",
                "ask_date": NOON_MS - 1_000,
                "root_symbols": "SPY",
            }
        }
    }


def test_after_the_close_there_is_a_close_and_no_last_size(ask: Ask) -> None:
    quote = ask("quotes", symbols="SPY", at=EVENING)["quotes"]["quote"]
    assert (quote["last"], quote["close"], quote["last_volume"]) == (601.25, 601.25, 0)


@pytest.mark.parametrize("symbol", ["SPY", "SPX"])
def test_before_the_open_there_are_no_prices_of_the_day(ask: Ask, symbol: str) -> None:
    quote = ask("quotes", symbols=symbol, at=MORNING)["quotes"]["quote"]
    assert [quote[name] for name in ("open", "high", "low", "close")] == [None] * 4


def test_before_the_open_the_last_price_is_the_close_before(ask: Ask) -> None:
    quote = ask("quotes", symbols="SPY", at=MORNING)["quotes"]["quote"]
    assert (quote["last"], quote["prevclose"], quote["change"]) == (600.0, 600.0, 0.0)


def test_an_index_has_neither_quote_nor_volume(ask: Ask) -> None:
    quote = ask("quotes", symbols="SPX")["quotes"]["quote"]
    assert (quote["type"], quote["last"], quote["prevclose"], quote["change"]) == ("index", 6012.5, 6000.0, 12.5)
    assert [quote[name] for name in ("bid", "ask", "bidsize", "asksize", "volume", "bid_date")] == [0] * 6
    assert quote["root_symbols"] == "SPX,SPXW"


def test_kinds_mix_and_only_options_have_greeks(ask: Ask) -> None:
    quotes = ask("quotes", symbols="spy,SPX,spy261218c00600000", greeks="true")["quotes"]["quote"]
    assert [(each["symbol"], "greeks" in each) for each in quotes] == [
        ("SPY", False),
        ("SPX", False),
        ("SPY261218C00600000", True),
    ]
    assert quotes[2]["greeks"]["smv_vol"] == 0.162


def test_greeks_are_null_unless_asked_for_and_for_a_new_contract(ask: Ask) -> None:
    assert ask("quotes", symbols="SPY261218C00600000")["quotes"]["quote"]["greeks"] is None
    assert ask("quotes", symbols="SPY1261218C00400000", greeks="true")["quotes"]["quote"]["greeks"] is None


def test_an_option_is_the_row_of_its_chain(ask: Ask) -> None:
    chain = ask("options/chains", symbol="SPY", expiration="2026-12-18", greeks="true")["options"]["option"]
    asked = [row["symbol"] for row in chain]
    assert ask("quotes", symbols=",".join(asked), greeks="true")["quotes"]["quote"] == chain


def test_what_is_unknown_is_listed_beside_the_rest(ask: Ask) -> None:
    quotes = ask("quotes", symbols="NOPE,SPY,SPY261218C00601000")["quotes"]
    assert quotes["quote"]["symbol"] == "SPY"
    assert quotes["unmatched_symbols"] == {"symbol": ["NOPE", "SPY261218C00601000"]}
    assert ask("quotes", symbols="sefdf") == {"quotes": {"unmatched_symbols": {"symbol": "sefdf"}}}
