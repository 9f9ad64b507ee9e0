from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

ACTIONS = "/beta/markets/fundamentals/corporate_actions"
DIVIDENDS = "/beta/markets/fundamentals/dividends"
AAPL_ID = "0PB665575C"


def test_splits_are_keyed_by_day(ask: Ask) -> None:
    (item,) = ask(ACTIONS, symbols="aapl")
    assert (item["request"], item["type"]) == ("AAPL", "Symbol")
    company, share = item["results"]
    assert company == {"type": "Company", "id": "0CB665575C", "tables": {"mergers_and_acquisitions": None}}
    assert share == {
        "type": "Stock",
        "id": AAPL_ID,
        "tables": {
            "stock_splits": {
                "2026-11-17": {
                    "share_class_id": AAPL_ID,
                    "ex_date": "2026-11-17",
                    "adjustment_factor": 4.0,
                    "split_from": 1.0,
                    "split_to": 4.0,
                    "split_type": "SS",
                }
            }
        },
    }


def test_what_is_still_to_come_is_not_there(ask: Ask) -> None:
    before = datetime(2026, 11, 16, 17, tzinfo=UTC)
    assert ask(ACTIONS, symbols="AAPL", at=before)[0]["results"][1]["tables"] == {"stock_splits": None}
    undeclared = datetime(2026, 10, 31, 17, tzinfo=UTC)
    assert len(ask(DIVIDENDS, symbols="SPY", at=undeclared)[0]["results"][0]["tables"]["cash_dividends"]) == 3
    none_yet = datetime(2026, 1, 31, 17, tzinfo=UTC)
    assert ask(DIVIDENDS, symbols="SPY", at=none_yet)[0]["results"][0]["tables"] == {"cash_dividends": None}


def test_dividends_are_a_list(ask: Ask) -> None:
    (item,) = ask(DIVIDENDS, symbols="AAPL")
    (share,) = item["results"]
    assert share["tables"]["cash_dividends"][0] == {
        "share_class_id": AAPL_ID,
        "dividend_type": "CD",
        "ex_date": "2026-02-10",
        "cash_amount": 0.26,
        "currency_i_d": "USD",
        "declaration_date": "2026-02-01",
        "frequency": 4,
        "pay_date": "2026-02-20",
        "record_date": "2026-02-10",
    }


def test_every_symbol_has_an_item(ask: Ask) -> None:
    found = ask(ACTIONS, symbols="SPY,NOPE,SPX")
    assert found[0]["results"][1]["tables"] == {"stock_splits": None}
    assert found[1] == {"request": "NOPE", "type": "Symbol", "error": "Symbol not found", "results": []}
    assert found[2]["error"] == "Symbol not found"
