"""Option snapshots: a whole chain in pages, and one contract.

References
----------
``GET /v3/snapshot/options/{underlyingAsset}`` and ``.../{optionContract}``: reference/massive.md §3.1, §3.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.sim.massive.answers import Answer
from quantdata.sim.massive.refusals import not_found
from quantdata.sim.plans import AssetClass, Product

if TYPE_CHECKING:
    from quantdata.sim.massive.request import Request

__all__ = ["chain", "contract"]

_DEFAULT_LIMIT = 10
_MAX_LIMIT = 250


def chain(request: Request, underlying: str) -> Answer:
    """Answer one page of a chain; an underlying without options has no rows."""
    request.require(AssetClass.OPTIONS, Product.SNAPSHOT)
    symbol = request.catalog.chain_symbol(underlying)
    if symbol is None:
        return Answer(tail=request.tail(AssetClass.OPTIONS))
    rows = request.catalog.chain(symbol, plan=request.plan, at=request.seen_at(AssetClass.OPTIONS))
    page = rows.index.page(request.query, default_limit=_DEFAULT_LIMIT, max_limit=_MAX_LIMIT)
    return Answer(
        rows=[rows.encoded(position) for position in page.positions],
        tail=request.tail(AssetClass.OPTIONS),
        next_path=request.link(page.cursor),
        is_shared=True,
    )


def contract(request: Request, underlying: str, ticker: str) -> Answer:
    """Answer one contract's row."""
    request.require(AssetClass.OPTIONS, Product.SNAPSHOT)
    symbol = request.catalog.chain_symbol(underlying)
    if symbol is None:
        raise not_found(f"Underlying {underlying} not found.")
    rows = request.catalog.chain(symbol, plan=request.plan, at=request.seen_at(AssetClass.OPTIONS))
    position = rows.index.find(ticker)
    if position is None:
        raise not_found(f"Options contract {ticker} not found.")
    return Answer(rows=[rows.encoded(position)], is_single=True, tail=request.tail(AssetClass.OPTIONS))
