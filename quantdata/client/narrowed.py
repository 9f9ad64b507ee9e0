"""A chain narrowed to what was asked for, where the vendor does not filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quantdata.client.warned import warned_of_age
from quantdata.clients.chain_query import OPEN
from quantdata.clients.plan import TELLING_ROWS
from quantdata.errors import ArgumentError, ContractNotFoundError, EntitlementError, SymbolError
from quantdata.frames.chain import newest_session

if TYPE_CHECKING:
    from quantdata.clients.chain_query import ChainQuery

__all__ = ["narrowed", "of_roots", "only_contract"]


def narrowed(query: ChainQuery, where: pl.Expr | None, chain: pl.DataFrame) -> pl.DataFrame:
    """Return the contracts that pass the filters which are applied here; warn of an old chain.

    Raises
    ------
    EntitlementError
        If a filter needs what the plan does not deliver.
    ArgumentError
        If ``where`` cannot be applied.
    """
    warned_of_age(chain)
    if query.is_filtered_here and chain.height:
        _require_blocks(query, chain)
        chain = chain.filter(query.local_part(newest_session(chain.get_column("snapshot_ts")[0])))
    if where is None:
        return chain
    try:
        return chain.filter(where)
    except pl.exceptions.PolarsError as error:
        raise ArgumentError(f"where cannot be applied to a chain: {str(error).splitlines()[0]}") from error


def only_contract(found: pl.DataFrame, named: str, query: ChainQuery, provider: str) -> pl.DataFrame:
    """Return the one contract found; several are those of several roots, and whoever asks must say which."""
    if found.height == 1:
        return found
    if found.is_empty():
        root = f" with root {query.roots[0]}" if query.roots else ""
        raise ContractNotFoundError(
            f"no contract {named}{root}: see chain({query.underlying!r}, expirations={str(query.expirations[0])!r}) "
            "for what there is",
            provider=provider,
        )
    roots = found.get_column("root_symbol").to_list()
    raise SymbolError(
        f"{named} is {found.height} contracts: {', '.join(found.get_column('contract_symbol'))}; name the root: "
        f"{' or '.join(f'root={root!r}' for root in roots)}"
    )


def of_roots(roots: tuple[str, ...], comparison: pl.DataFrame) -> pl.DataFrame:
    """Return what is about contracts of some roots; all of it where none are named."""
    return comparison.filter(pl.col("root_symbol").is_in(roots)) if roots else comparison


def _require_blocks(query: ChainQuery, chain: pl.DataFrame) -> None:
    """Raise if a filter needs what the plan does not deliver: all rows would fail it, which says nothing of them."""
    needs = {
        "max_spread_percent": (query.max_spread_percent is not None, "quote_source", "quotes"),
        "delta": (query.delta != OPEN, "greeks_source", "greeks"),
        "moneyness": (query.moneyness != OPEN, "underlying_source", "prices of the underlying"),
    }
    for name, (is_asked, column, block) in needs.items():
        if is_asked and chain.height >= TELLING_ROWS and chain.get_column(column).null_count() == chain.height:
            raise EntitlementError(
                f"{name} needs {block}, and none of the {chain.height:,} contracts came with one: this key's plan "
                "lacks them; see entitlements()",
                provider=chain.get_column("source")[0],
            )
