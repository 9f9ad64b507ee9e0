"""Answers held to what was asked: what repeats, contradicts itself or is about nothing is an error, not data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.errors import ArgumentError, EntitlementError, PayloadError, QuoteNotFoundError
from quantdata.sessions import session_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quantdata.clients.capabilities import Capabilities
    from quantdata.clients.chain_query import ChainQuery

__all__ = ["overlap", "require_consistent", "require_each_once", "require_live", "require_some"]

SHOWN: Final = 5


def require_live(query: ChainQuery, now: datetime) -> None:
    """Raise if a query asks for expirations that are over: a chain holds live contracts.

    Raises
    ------
    ArgumentError
        If the last expiration asked for is before the New York day of ``now``.
    """
    last = query.expiration_range(now)[1]
    if last is not None and last < session_day(now):
        raise ArgumentError(
            f"expirations end on {last}, before today ({session_day(now)}): a chain holds live contracts; "
            "bars() and trades() have those of expired ones"
        )


def require_consistent(chain: pl.DataFrame, *, provider: str, endpoint: str) -> None:
    """Raise if a row says other than its symbol: then it is not known which contract its prices are those of.

    Raises
    ------
    PayloadError
        If root, expiration, type and strike do not spell the contract symbol, or no row has one.
    """
    if chain.height and chain.get_column("contract_symbol").null_count() == chain.height:
        raise PayloadError(
            f"{provider}: {chain.height:,} contracts came without a symbol; try again",
            provider=provider,
            endpoint=endpoint,
        )
    spelled = pl.concat_str(
        "root_symbol",
        pl.col("expiration").dt.strftime("%y%m%d"),
        pl.col("option_type").cast(pl.String).str.head(1).str.to_uppercase(),
        (pl.col("strike") * 1000).round().cast(pl.Int64, strict=False).cast(pl.String).str.zfill(8),
    )
    # Null, and so without a say, where a part is missing or the type is the vendor's "other".
    others = chain.filter(spelled != pl.col("contract_symbol")).get_column("contract_symbol")
    if others.len():
        raise PayloadError(
            f"{provider}: {others.len():,} contracts, {others[0]} first, say other than their symbols; try again",
            provider=provider,
            endpoint=endpoint,
        )


def require_each_once(chain: pl.DataFrame, *, provider: str, endpoint: str) -> None:
    """Raise PayloadError if a contract came twice, so that another may be missing."""
    named = chain.get_column("contract_symbol").drop_nulls()
    repeats = named.len() - named.n_unique()
    if repeats:
        raise PayloadError(
            f"{provider}: {repeats:,} of {chain.height:,} contracts came twice: pages overlap, so others may be "
            "missing; try again",
            provider=provider,
            endpoint=endpoint,
        )


def require_some(quotes: pl.DataFrame, asked: Sequence[str], *, capabilities: Capabilities, block: str) -> None:
    """Raise if a vendor had nothing on any symbol; some among others stay as rows with their reason.

    Raises
    ------
    EntitlementError, QuoteNotFoundError
        If every row has a ``vendor_error``.
    """
    reasons = quotes.get_column("vendor_error")
    if reasons.null_count():
        return
    kind = EntitlementError if reasons.str.starts_with("NOT_ENTITLED").all() else QuoteNotFoundError
    shown = ", ".join(asked[:SHOWN]) + (f" and {len(asked) - SHOWN} more" if len(asked) > SHOWN else "")
    # Refused are these symbols; what that says of the rest of the block is not known.
    capabilities.learn(block, is_entitled=None, reason=reasons[0])
    raise kind(f"{capabilities.provider} has nothing on {shown}: {reasons[0]}", provider=capabilities.provider)


def overlap(what: str, *, provider: str) -> PayloadError:
    """Return the error of an answer of which parts came twice or out of order."""
    return PayloadError(
        f"{provider}: {what} came twice or out of order: pages overlap, so others may be missing; try again",
        provider=provider,
    )
