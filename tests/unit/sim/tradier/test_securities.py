from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

AAPL = {"symbol": "AAPL", "exchange": "Q", "type": "stock", "description": "Apple Inc."}
SPY = {"symbol": "SPY", "exchange": "P", "type": "etf", "description": "SPDR S&P 500 ETF Trust"}
SPX = {"symbol": "SPX", "exchange": "C", "type": "index", "description": "S&P 500"}


def test_search_looks_into_symbols_and_names(ask: Ask) -> None:
    assert ask("search", q="apple") == {"securities": {"security": AAPL}}
    assert ask("search", q="500") == {"securities": {"security": SPY}}
    assert ask("search", q="500", indexes="true") == {"securities": {"security": [SPY, SPX]}}
    assert ask("search", q="nothing") == {"securities": None}


def test_search_shows_the_most_traded_first(ask: Ask) -> None:
    assert ask("search", q="a")["securities"]["security"] == AAPL
    assert ask("search", q="p")["securities"]["security"] == [SPY, AAPL]


def test_lookup_goes_by_symbol_exchange_and_type(ask: Ask) -> None:
    assert ask("lookup", q="sp") == {"securities": {"security": [SPY, SPX]}}
    assert ask("lookup", q="sp", types="index,stock") == {"securities": {"security": SPX}}
    assert ask("lookup", exchanges="q,N") == {"securities": {"security": AAPL}}
    assert ask("lookup", q="X") == {"securities": None}


def test_everything_that_trades_can_be_borrowed(ask: Ask) -> None:
    assert ask("etb") == {"securities": {"security": [AAPL, SPY]}}
