"""Massive's past quotes of an option to canonical ones.

References
----------
Massive, *Quotes*, ``GET /v3/quotes/{optionsTicker}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import FEED, OPTION_QUOTES, PROVIDER, TICK
from quantdata.frames.decode import nanoseconds, rows
from quantdata.frames.provenance import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["option_quotes", "quote_page"]

_I: Final = pl.Int64()
_F: Final = pl.Float64()

WIRE: Final = {
    "sip_timestamp": _I,
    "sequence_number": _I,
    "bid_price": _F,
    "bid_size": _I,
    "ask_price": _F,
    "ask_size": _I,
}


def quote_page(results: bytes) -> pl.DataFrame:
    """Read one page of quotes into wire columns."""
    return rows(results, WIRE)


def option_quotes(pages: Sequence[pl.DataFrame], symbol: str, *, feed: str | None) -> pl.DataFrame:
    """Return the canonical quotes of one contract, oldest first, from pages that go back in time.

    Raises
    ------
    ValueError
        If a quote has no time, or is later than the one that it is sent behind: then pages overlap.
    """
    sent = pl.concat(pages)
    stamps = sent.get_column("sip_timestamp")
    if stamps.null_count() or not stamps.is_sorted(descending=True):
        raise ValueError("quotes without a time, or out of order")
    quotes = sent.select(
        pl.lit(symbol).alias("symbol"),
        nanoseconds(pl.col("sip_timestamp")).cast(TICK).alias("ts"),
        "sequence_number",
        # A price of 0 is a side without a quote: reference/massive.md §7. Nobody bids is a fact, and stays 0.0.
        pl.col("bid_price").alias("bid"),
        "bid_size",
        pl.when(pl.col("ask_price") > 0).then("ask_price").alias("ask"),
        "ask_size",
        pl.lit("massive", PROVIDER).alias("source"),
        pl.lit(feed, FEED).alias("feed"),
    )
    ordered = quotes.reverse().sort("ts", "sequence_number", maintain_order=True)
    return ordered.select(canonical(OPTION_QUOTES, ordered.columns))
