"""Massive's tape to canonical trades.

References
----------
Massive, *Trades*, ``GET /v3/trades/{ticker}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import FEED, PROVIDER, TICK, TRADES
from quantdata.frames.decode import nanoseconds, rows
from quantdata.frames.provenance import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["trade_page", "trades"]

_I: Final = pl.Int64()

WIRE: Final = {
    "sip_timestamp": _I,
    "participant_timestamp": _I,
    "price": pl.Float64(),
    "size": pl.Float64(),
    "decimal_size": pl.String(),
    "exchange": _I,
    "conditions": pl.List(_I),
    "correction": _I,
    "sequence_number": _I,
    "id": pl.String(),
}


def trade_page(results: bytes) -> pl.DataFrame:
    """Read one page of prints into wire columns."""
    return rows(results, WIRE)


def trades(pages: Sequence[pl.DataFrame], symbol: str, *, feed: str | None) -> pl.DataFrame:
    """Return the canonical tape of one symbol, oldest first.

    Raises
    ------
    ValueError
        If a print has no time, comes twice, or before one that it follows: then pages overlap.
    """
    sent = pl.concat(pages)
    stamps = sent.get_column("sip_timestamp")
    if stamps.null_count() or not stamps.is_sorted():
        raise ValueError("prints without a time, or out of order")
    # Options come without a number of their own; there equal prints of one instant are ordinary.
    numbered = sent.filter(pl.col("sequence_number").is_not_null())
    if numbered.select("sip_timestamp", "sequence_number", "id", "exchange", "price", "size").is_duplicated().any():
        raise ValueError("prints came twice")
    exact = pl.col("decimal_size").cast(pl.Float64, strict=False)
    tape = sent.select(
        pl.lit(symbol).alias("symbol"),
        nanoseconds(pl.col("sip_timestamp")).cast(TICK).alias("ts"),
        nanoseconds(pl.col("participant_timestamp")).cast(TICK).alias("participant_ts"),
        "price",
        # Fractional shares come exact as a decimal string beside the rounded number: reference/massive.md §1.
        pl.coalesce(pl.when(exact.is_finite()).then(exact), "size").alias("size"),
        pl.col("exchange").cast(pl.String),
        "conditions",
        "correction",
        pl.col("sequence_number").alias("sequence"),
        pl.col("id").alias("trade_id"),
        pl.lit("massive", PROVIDER).alias("source"),
        pl.lit(feed, FEED).alias("feed"),
    )
    return tape.select(canonical(TRADES, tape.columns)).sort("ts", "sequence", maintain_order=True)
