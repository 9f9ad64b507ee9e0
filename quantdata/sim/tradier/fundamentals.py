"""Splits and dividends of the beta interface: bare lists, one item per symbol asked for.

References
----------
``beta/markets/fundamentals/corporate_actions`` and ``dividends``: the vendor's documentation; reference/tradier.md
§5.13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from quantdata.sim.tradier.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim.tradier.request import Request

    Result = dict[str, Any]

__all__ = ["corporate_actions", "dividends"]


def corporate_actions(request: Request) -> Answer:
    """Answer the mergers (there are none) and the splits up to today, per symbol."""
    return _per_symbol(request, lambda own: [_company(own), _share(own, {"stock_splits": _splits(request, own)})])


def dividends(request: Request) -> Answer:
    """Answer the cash dividends declared up to today, per symbol, oldest first."""
    return _per_symbol(request, lambda own: [_share(own, {"cash_dividends": _dividends(request, own)})])


def _per_symbol(request: Request, results: Callable[[str], list[Result]]) -> Answer:
    found = []
    for symbol in request.words("symbols"):
        instrument = request.catalog.instrument(symbol)
        item: Result = {"request": symbol.upper(), "type": "Symbol"}
        if instrument is None or instrument.kind not in {"stock", "etf"}:
            item |= {"error": "Symbol not found", "results": []}
        else:
            item["results"] = results(instrument.own)
        found.append(item)
    return Answer(whole=found)


def _company(own: str) -> Result:
    return {"type": "Company", "id": _id("0C", own), "tables": {"mergers_and_acquisitions": None}}


def _share(own: str, tables: Result) -> Result:
    return {"type": "Stock", "id": _id("0P", own), "tables": tables}


def _splits(request: Request, own: str) -> Result | None:
    rows = {
        str(split.execution_date): {
            "share_class_id": _id("0P", own),
            "ex_date": str(split.execution_date),
            "adjustment_factor": split.after / split.before,
            "split_from": float(split.before),
            "split_to": float(split.after),
            "split_type": "SS",
        }
        for split in request.market.splits(own)
        if split.execution_date <= request.today
    }
    return rows or None


def _dividends(request: Request, own: str) -> list[Result] | None:
    rows = [
        {
            "share_class_id": _id("0P", own),
            "dividend_type": "CD",
            "ex_date": str(dividend.ex_date),
            "cash_amount": dividend.cash_amount,
            "currency_i_d": "USD",
            "declaration_date": str(dividend.declaration_date),
            "frequency": dividend.frequency,
            "pay_date": str(dividend.pay_date),
            "record_date": str(dividend.record_date),
        }
        for dividend in request.market.dividends(own)
        if dividend.declaration_date <= request.today
    ]
    return rows or None


def _id(kind: str, own: str) -> str:
    return f"{kind}{crc32(own.encode()):08X}"
