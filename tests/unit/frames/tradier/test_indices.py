"""Tradier's quotes of indices as canonical rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import INDEX_QUOTES, schema
from quantdata.frames.provenance import Answer
from quantdata.frames.tradier.indices import index_quotes
from quantdata.frames.tradier.quotes import quote_page

AT = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 18, 17, 0, 0, 250_000, tzinfo=UTC)
ROW: dict[str, Any] = {
    "symbol": "SPX",
    "description": "S&P 500 Index",
    "exch": "C",
    "type": "index",
    "last": 6000.0,
    "change": 10.5,
    "change_percentage": 0.18,
    "volume": 0,
    "open": 5990.0,
    "high": 6010.0,
    "low": 5985.0,
    "close": None,
    "bid": 0.0,
    "ask": None,
    "trade_date": 1_795_021_199_000,
    "prevclose": 5989.5,
}


def read(rows: list[dict[str, Any]], *names: str, **facts: bool) -> pl.DataFrame:
    page = quote_page(msgspec.json.encode(rows), received=RECEIVED)
    answer = Answer(source="tradier", snapshot_ts=AT, **facts)
    return index_quotes(page, {name: name for name in names}, answer=answer)


def test_a_whole_row() -> None:
    expected = pl.DataFrame(
        [
            {
                "symbol": "SPX", "name": "S&P 500 Index", "value": 6000.0,
                "value_ts": datetime(2026, 11, 18, 16, 59, 59, tzinfo=UTC), "change": 10.5, "change_percent": 0.18,
                "open": 5990.0, "high": 6010.0, "low": 5985.0, "close": 6000.0, "prev_close": 5989.5,
                "market_status": None, "vendor_error": None, "source": "tradier", "snapshot_ts": AT,
                "received_ts": RECEIVED, "feed": "realtime",
            }
        ],
        schema=schema(INDEX_QUOTES),
    )  # fmt: skip
    assert_frame_equal(read([ROW], "SPX"), expected)


def test_rows_come_in_the_order_asked_with_a_reason_for_what_is_missing() -> None:
    frame = read([ROW, ROW | {"symbol": "VIX", "last": 17.5}], "VIX", "XYZ", "SPX")
    assert frame.select("symbol", "value", "vendor_error").rows() == [
        ("VIX", 17.5, None),
        ("XYZ", None, "NOT_FOUND: no such index at Tradier"),
        ("SPX", 6000.0, None),
    ]


@pytest.mark.parametrize("kind", ["stock", "etf", None])
def test_what_is_no_index_has_its_reason_and_no_values(kind: str | None) -> None:
    row = read([ROW | {"type": kind}], "SPX").row(0, named=True)
    assert row["vendor_error"] == f"NOT_FOUND: Tradier knows it as {kind or '?'}, not as an index"
    assert (row["value"], row["name"], row["prev_close"]) == (None, None, None)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("last", "value"), ("open", "open"), ("high", "high"), ("low", "low"), ("prevclose", "prev_close"),
        ("trade_date", "value_ts"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("nothing", [0, None])
def test_0_and_null_are_nothing(sent: str, name: str, nothing: int | None) -> None:
    assert read([ROW | {sent: nothing}], "SPX").row(0, named=True)[name] is None


@pytest.mark.parametrize(("facts", "feed"), [({"is_delayed": True}, "delayed"), ({"is_simulated": True}, "simulated")])
def test_what_the_host_says_of_its_data_holds_for_every_row(facts: dict[str, bool], feed: str) -> None:
    assert read([ROW], "SPX", **facts).get_column("feed").to_list() == [feed]


def test_an_index_that_came_twice_or_was_not_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match="a symbol came twice"):
        read([ROW, ROW], "SPX")
    with pytest.raises(ValueError, match="not asked for"):
        read([ROW], "VIX")
