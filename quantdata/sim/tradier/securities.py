"""What the vendor trades: found by name, by symbol, or easy to borrow.

References
----------
``markets/search``, ``markets/lookup``, ``markets/etb``: reference/tradier.md §5.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.sim.tradier.answers import Answer, encode_rows
from quantdata.sim.tradier.quotes import LISTED_AT
from quantdata.sim.universe import asset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantdata.sim.tradier.catalog import Instrument
    from quantdata.sim.tradier.request import Request

__all__ = ["easy_to_borrow", "lookup", "search"]


def search(request: Request) -> Answer:
    """Answer what has a text in its symbol or name, the most traded first; indices only when asked for."""
    text = request.text("q").upper()
    found = [
        each
        for each in request.catalog.instruments()
        if (text in each.symbol or text in asset(each.own).name.upper())
        and (each.kind != "index" or request.flag("indexes"))
    ]
    return _answer(sorted(found, key=lambda each: -asset(each.own).shares_per_day))


def lookup(request: Request) -> Answer:
    """Answer what has a symbol that begins with a text, of some exchanges and types or of all."""
    text = request.query.get("q", "").upper()
    exchanges = _list(request, "exchanges")
    types = [each.lower() for each in _list(request, "types")]
    return _answer(
        each
        for each in request.catalog.instruments()
        if each.symbol.startswith(text)
        and (not exchanges or LISTED_AT[each.own] in exchanges)
        and (not types or each.kind in types)
    )


def easy_to_borrow(request: Request) -> Answer:
    """Answer every stock and fund."""
    return _answer(each for each in request.catalog.instruments() if each.kind != "index")


def _list(request: Request, name: str) -> list[str]:
    return [word.strip().upper() for word in request.query.get(name, "").split(",") if word.strip()]


def _answer(found: Iterable[Instrument]) -> Answer:
    rows = [
        {
            "symbol": each.symbol,
            "exchange": LISTED_AT[each.own],
            "type": each.kind,
            "description": asset(each.own).name,
        }
        for each in found
    ]
    return Answer("securities", "security", encode_rows(rows))
