"""Tradier's ticks to canonical trades: price, size and second alone.

References
----------
Tradier, *Get Time and Sales*, ``GET /v1/markets/timesales?interval=tick``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import FEED, MOMENT, PROVIDER, TICK, TRADES
from quantdata.frames.decode import rows
from quantdata.frames.provenance import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["tick_page", "trades"]

WIRE: Final = {"timestamp": pl.Int64(), "price": pl.Float64(), "volume": pl.Float64()}


def tick_page(items: bytes) -> pl.DataFrame:
    """Read the ticks of one answer, by the second: ts, price, size; ValueError where one has no time."""
    ticks = rows(items, WIRE).select(
        (pl.col("timestamp") * 1_000_000).cast(MOMENT).alias("ts"), "price", pl.col("volume").alias("size")
    )
    if ticks.get_column("ts").null_count():
        raise ValueError("a tick without a time")
    return ticks.sort("ts", maintain_order=True)


def trades(pages: Sequence[pl.DataFrame], symbol: str, *, feed: str | None) -> pl.DataFrame:
    """Return the canonical tape of one symbol from pages in order of time, oldest first; what is not sent is null."""
    tape = pl.concat(pages).with_columns(
        pl.col("ts").cast(TICK),
        symbol=pl.lit(symbol),
        source=pl.lit("tradier", PROVIDER),
        feed=pl.lit(feed, FEED),
    )
    return tape.select(canonical(TRADES, tape.columns))
