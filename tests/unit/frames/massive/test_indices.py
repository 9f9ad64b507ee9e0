"""Massive's index snapshots: values, sessions, and refusals inside a good answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import INDEX_QUOTES, empty, schema
from quantdata.frames.massive.indices import index_page, index_quotes
from quantdata.frames.provenance import Answer

AT = datetime(2025, 11, 5, 15, 0, tzinfo=UTC)
RECEIVED = datetime(2025, 11, 5, 15, 0, 0, 250_000, tzinfo=UTC)
TICK_NS = 1_762_354_799_123_456_789
TICK = datetime(2025, 11, 5, 14, 59, 59, 123_456, tzinfo=UTC)
ROW: dict[str, Any] = {
    "ticker": "I:SPX",
    "name": "S&P 500",
    "market_status": "open",
    "value": 6_700.5,
    "last_updated": TICK_NS,
    "timeframe": "REAL-TIME",
    "session": {
        "open": 6_690,
        "high": 6_710.0,
        "low": 6_680.0,
        "close": 6_701.0,
        "previous_close": 6_695.0,
        "change": 5.5,
        "change_percent": 0.0822,
    },
}


def read(rows: list[dict[str, Any]], tickers: list[str], *, is_delayed: bool = False) -> pl.DataFrame:
    page = index_page(json.dumps(rows).encode(), received=RECEIVED)
    return index_quotes(page, tickers, answer=Answer(source="massive", snapshot_ts=AT, is_delayed=is_delayed))


def test_a_whole_row() -> None:
    expected = pl.DataFrame(
        [
            {
                "symbol": "SPX", "name": "S&P 500", "value": 6_700.5, "value_ts": TICK, "change": 5.5,
                "change_percent": 0.0822, "open": 6_690.0, "high": 6_710.0, "low": 6_680.0, "close": 6_701.0,
                "prev_close": 6_695.0, "market_status": "open", "source": "massive", "snapshot_ts": AT,
                "received_ts": RECEIVED, "feed": "realtime",
            }
        ],
        schema=schema(INDEX_QUOTES),
    )  # fmt: skip
    assert_frame_equal(read([ROW], ["SPX"]), expected)


def test_no_indices_have_the_schema_of_some() -> None:
    assert_frame_equal(read([], []), empty(INDEX_QUOTES))


def test_rows_come_in_the_order_asked_and_one_left_out_has_its_reason() -> None:
    frame = read([ROW | {"ticker": "I:NDX"}, ROW], ["SPX", "VIX", "NDX"])
    assert frame.get_column("symbol").to_list() == ["SPX", "VIX", "NDX"]
    assert frame.get_column("vendor_error").to_list() == [None, "NOT_FOUND: no such index at Massive", None]
    assert frame.get_column("received_ts").to_list() == [RECEIVED] * 3


def test_an_index_that_came_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="a symbol came twice"):
        read([ROW, ROW], ["SPX"])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"error": "NOT_ENTITLED", "message": "Not entitled."}, "NOT_ENTITLED: Not entitled."),
        ({"error": "NOT_FOUND"}, "NOT_FOUND: "),
        ({"error": "", "message": ""}, None),  # good rows say it too: reference/massive.md §3.3
        ({"error": None, "message": None}, None),
    ],
)
def test_a_refused_row_has_its_reason(fields: dict[str, Any], reason: str | None) -> None:
    assert read([ROW | fields], ["SPX"]).item(0, "vendor_error") == reason


@pytest.mark.parametrize("session", [{}, None])
def test_an_empty_session_leaves_the_value(session: object) -> None:
    row = read([ROW | {"session": session}], ["SPX"]).row(0, named=True)
    assert row["value"] == 6_700.5
    assert [row[name] for name in ("open", "high", "low", "close", "prev_close", "change")] == [None] * 6


@pytest.mark.parametrize(
    ("timeframe", "is_delayed", "feed"),
    [
        ("REAL-TIME", False, "realtime"),
        ("DELAYED", False, "delayed"),
        ("REAL-TIME", True, "delayed"),
        (None, False, None),
        ("NEVER HEARD OF", False, None),
    ],
)
def test_the_feed_is_the_rows_and_no_fresher_than_the_answer(
    *, timeframe: str | None, is_delayed: bool, feed: str | None
) -> None:
    assert read([ROW | {"timeframe": timeframe}], ["SPX"], is_delayed=is_delayed).item(0, "feed") == feed
