"""Tradier's history and timesales to bars.

References
----------
Tradier, *Get Historical Pricing* and *Get Time and Sales*, ``GET /v1/markets/history``, ``GET /v1/markets/timesales``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from quantdata.frames.bars import midnight
from quantdata.frames.columns import MOMENT
from quantdata.frames.decode import rows

__all__ = ["daily_bars", "intraday_bars"]

_F: Final = pl.Float64()
_PRICES: Final = ("open", "high", "low", "close")

DAY: Final = {"date": pl.String(), **dict.fromkeys((*_PRICES, "volume"), _F)}
INTRADAY: Final = {"timestamp": pl.Int64(), **dict.fromkeys((*_PRICES, "volume", "vwap"), _F)}


def daily_bars(items: bytes) -> pl.DataFrame:
    """Read daily bars as sent: ts (midnight New York), open, high, low, close, volume, vwap and trades (both null).

    Raises
    ------
    ValueError
        If a bar has no date.
    """
    sent = rows(_numbers(items), DAY)
    ts = midnight(pl.col("date").str.to_date("%Y-%m-%d", strict=False))
    return _timed(sent.select(ts.alias("ts"), *_PRICES, "volume", pl.lit(None, pl.Float64).alias("vwap")))


def intraday_bars(items: bytes) -> pl.DataFrame:
    """Read minute bars as sent: ts, open, high, low, close, volume, vwap, and trades (null).

    Raises
    ------
    ValueError
        If a bar has no time.
    """
    sent = rows(_numbers(items), INTRADAY)
    # Seconds, the one time of them all that needs no zone: reference/tradier.md §5.8.
    ts = (pl.col("timestamp") * 1_000_000).cast(MOMENT)
    return _timed(sent.select(ts.alias("ts"), *_PRICES, "volume", "vwap"))


def _numbers(items: bytes) -> bytes:
    """Return items whose prices that are none are null: the vendor may send the word "NaN"."""
    return items.replace(b'"NaN"', b"null")


def _timed(bars: pl.DataFrame) -> pl.DataFrame:
    if bars.get_column("ts").null_count():
        raise ValueError("a bar without a time")
    return bars.with_columns(trades=pl.lit(None, pl.Int64))
