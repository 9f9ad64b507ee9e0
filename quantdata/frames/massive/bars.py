"""Massive aggregates to canonical bars.

References
----------
Massive, *Custom Bars*, ``GET /v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from quantdata.frames.decode import moment, rows

__all__ = ["bar_page"]

_F: Final = pl.Float64()

WIRE: Final = {
    "t": pl.Int64(),
    "o": _F,
    "h": _F,
    "l": _F,
    "c": _F,
    "v": _F,
    "vw": _F,
    "n": pl.Int64(),
}


def bar_page(results: bytes) -> pl.DataFrame:
    """Read one page of aggregates: ts, open, high, low, close, volume, vwap, trades, as sent.

    Raises
    ------
    ValueError
        If a bar has no time.
    """
    bars = rows(results, WIRE).select(
        moment(pl.col("t")).alias("ts"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("c").alias("close"),
        pl.col("v").alias("volume"),
        pl.col("vw").alias("vwap"),
        pl.col("n").alias("trades"),
    )
    if bars.get_column("ts").null_count():
        raise ValueError("a bar without a time")
    return bars
