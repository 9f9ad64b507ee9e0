"""Snapshots of indices: what is in them, and what is said of what is not."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.client.snapshot import IndexSnapshot, snapshot_warning, snapshots
from quantdata.errors import EntitlementError
from quantdata.frames.columns import INDEX_QUOTES, schema

if TYPE_CHECKING:
    from quantdata.client.snapshot import Histories

BARS = pl.DataFrame({"ts": [1, 2]})
REFUSED = EntitlementError("tradier has no intraday bars of the index SPX", provider="tradier")


def quotes(*symbols: str, **values: Any) -> pl.DataFrame:
    return pl.DataFrame([{"symbol": symbol, **values} for symbol in symbols], schema=schema(INDEX_QUOTES))


def test_each_index_has_its_quote_and_its_bars() -> None:
    found = snapshots(quotes("SPX", "VIX"), {("SPX", "5m"): BARS, ("VIX", "5m"): BARS, ("SPX", "1d"): BARS.head(1)})
    assert list(found) == ["SPX", "VIX"]
    assert found["SPX"].symbol == "SPX"
    assert found["SPX"].quote.get_column("symbol").to_list() == ["SPX"]
    assert {name: bars.height for name, bars in found["SPX"].timeframes.items()} == {"5m": 2, "1d": 1}
    assert list(found["VIX"].timeframes) == ["5m"]


def test_what_is_refused_is_left_out_and_named_once() -> None:
    histories: Histories = {("SPX", "1m"): REFUSED, ("SPX", "5m"): REFUSED, ("SPX", "1d"): BARS}
    assert list(snapshots(quotes("SPX"), histories)["SPX"].timeframes) == ["1d"]
    assert snapshot_warning(histories) == (
        "timeframes left out: SPX 1m, 5m: tradier has no intraday bars of the index SPX"
    )
    assert snapshot_warning({("SPX", "1d"): BARS}) is None


def test_an_index_without_any_bars_is_an_error() -> None:
    with pytest.raises(EntitlementError, match="no intraday bars"):
        snapshots(quotes("SPX", "VIX"), {("SPX", "1m"): BARS, ("VIX", "1m"): REFUSED})


def test_a_snapshot_reads_well() -> None:
    at = datetime(2026, 11, 18, 16, tzinfo=UTC)
    quote = quotes("SPX", value=6901.72, change_percent=-0.171, value_ts=at)
    assert repr(IndexSnapshot("SPX", quote, {"1m": BARS, "1d": BARS})) == (
        "<IndexSnapshot SPX 6,901.72 -0.17 %, 2026-11-18 11:00:00 New York; 1m: 2 bars, 1d: 2 bars>"
    )
    assert repr(IndexSnapshot("SPX", quotes("SPX"), {})) == "<IndexSnapshot SPX no value; no bars>"


def test_a_snapshot_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        IndexSnapshot("SPX", quotes("SPX"), {}).symbol = "VIX"  # type: ignore[misc]
