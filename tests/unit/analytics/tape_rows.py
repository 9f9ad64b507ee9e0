"""Prints, quotes and contracts, written short."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from quantdata.frames.columns import CHAIN, OPTION_QUOTES, TRADES
from quantdata.frames.provenance import canonical

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
CALL, PUT = "SPY261218C00600000", "SPY261218P00600000"


def prints(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return a tape; ``at`` is in milliseconds after noon in New York."""
    usual = {"symbol": CALL, "size": 1.0, "exchange": "302", "conditions": [209]}
    return _ticks(usual, rows, TRADES)


def quotes(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return quotes; ``at`` as in `prints`."""
    return _ticks({"symbol": CALL, "bid_size": 10, "ask_size": 10}, rows, OPTION_QUOTES)


def contracts(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return a chain of contracts that traded today."""
    usual = {
        "contract_symbol": CALL,
        "option_type": "call",
        "multiplier": 100,
        "open_interest": 1000,
        "day_session": NOON.date(),
        "volume": 0,
        "snapshot_ts": NOON,
        "received_ts": NOON,
        "source": "massive",
        "feed": "realtime",
    }
    frame = pl.DataFrame([usual | row for row in rows], infer_schema_length=None)
    return frame.select(canonical(CHAIN, frame.columns))


def _ticks(usual: dict[str, Any], rows: tuple[dict[str, Any], ...], columns: Any) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema={column.name: column.dtype for column in columns})
    frame = pl.DataFrame([usual | row for row in rows], infer_schema_length=None)
    stamped = frame.with_columns(
        ts=pl.lit(NOON).cast(pl.Datetime("ns", "UTC")) + pl.duration(microseconds=pl.col("at") * 1000),
        sequence=pl.int_range(pl.len()),
    )
    return stamped.select(canonical(columns, stamped.columns))
