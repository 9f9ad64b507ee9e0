"""Snapshots of indices: what is in them, and what is said of what is not."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.client.snapshot import snapshot_warning, snapshots
from quantdata.errors import EntitlementError
from quantdata.frames.columns import BARS as BARS_COLUMNS
from quantdata.frames.columns import INDEX_QUOTES, schema

if TYPE_CHECKING:
    from quantdata.client.snapshot import Histories

AT = datetime(2026, 11, 18, 16, tzinfo=UTC)
REFUSED = EntitlementError("tradier has no intraday bars of the index SPX", provider="tradier")


def quotes(*symbols: str, **values: Any) -> pl.DataFrame:
    common = {"source": "massive", "snapshot_ts": AT, "received_ts": AT, "value": 100.0, "open": 99.0}
    common |= {"confidence": 95, "quality": "excellent", "is_stale": False, "errors": [], "warnings": [], "notes": []}
    return pl.DataFrame([{**common, "symbol": symbol, **values} for symbol in symbols], schema=schema(INDEX_QUOTES))


def bars(**values: Any) -> pl.DataFrame:
    """Return two bars of which values change the second."""
    one = {"symbol": "SPX", "ts": AT, "open": 100.0, "high": 101.0, "low": 99.0, "close": 100.0}
    one |= {"session": AT.date(), "source": "massive"}
    return pl.DataFrame([one, one | {"ts": AT + timedelta(minutes=5)} | values], schema=schema(BARS_COLUMNS))


BARS = bars()


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
    quote = quotes("SPX", value=6901.72, change_percent=-0.171, value_ts=AT)
    assert repr(snapshots(quote, {("SPX", "1m"): BARS, ("SPX", "1d"): BARS})["SPX"]) == (
        "<IndexSnapshot SPX 6,901.72 -0.17 %, 2026-11-18 11:00:00 New York; 1m: 2 bars, 1d: 2 bars; "
        "confidence 95 (excellent)>"
    )
    assert repr(snapshots(quotes("SPX", value=None), {})["SPX"]) == (
        "<IndexSnapshot SPX no value; no bars; confidence 90 (excellent)>"
    )


def test_broken_bars_are_in_the_quality_of_the_whole() -> None:
    histories = {("SPX", "5m"): bars(high=98.0), ("SPX", "1d"): bars(close=102.0)}
    quality = snapshots(quotes("SPX"), histories)["SPX"].quality
    assert (quality.confidence, quality.quality) == (0, "poor")
    assert quality.errors == ("5m:inverted_candle",)
    assert quality.warnings == ("1d:outside_range",)
    assert quality.rules == {"5m:inverted_candle": 1, "1d:outside_range": 1}


def test_a_warning_of_the_bars_costs_as_much_as_any() -> None:
    quality = snapshots(quotes("SPX"), {("SPX", "1d"): bars(close=102.0)})["SPX"].quality
    assert (quality.confidence, quality.errors, quality.warnings) == (90, (), ("1d:outside_range",))


def test_a_snapshot_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        snapshots(quotes("SPX"), {})["SPX"].symbol = "VIX"  # type: ignore[misc]
