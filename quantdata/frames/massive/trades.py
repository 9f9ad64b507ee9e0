"""Massive's tape to canonical trades.

References
----------
Massive, *Trades*, ``GET /v3/trades/{ticker}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import PROVIDER, TICK, TRADES
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


def trades(pages: Sequence[pl.DataFrame], symbol: str) -> pl.DataFrame:
    """Return the canonical tape of one symbol, oldest first."""
    tape = pl.concat(pages).select(
        pl.lit(symbol).alias("symbol"),
        nanoseconds(pl.col("sip_timestamp")).cast(TICK).alias("ts"),
        nanoseconds(pl.col("participant_timestamp")).cast(TICK).alias("participant_ts"),
        "price",
        # Fractional shares come exact as a decimal string beside the rounded number: reference/massive.md §1.
        pl.coalesce(pl.col("decimal_size").cast(pl.Float64, strict=False), "size").alias("size"),
        pl.col("exchange").cast(pl.String),
        "conditions",
        "correction",
        pl.col("sequence_number").alias("sequence"),
        pl.col("id").alias("trade_id"),
        pl.lit("massive", PROVIDER).alias("source"),
    )
    return tape.select(canonical(TRADES, tape.columns)).sort("ts", "sequence", maintain_order=True)
