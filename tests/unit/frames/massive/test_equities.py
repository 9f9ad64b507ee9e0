"""Massive's stock snapshots: which price counts, what zero means, and the unit of sizes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import EQUITY_QUOTES, empty, schema
from quantdata.frames.massive.equities import equity_page, equity_quotes
from quantdata.frames.provenance import Answer

AT = datetime(2025, 11, 5, 15, 0, tzinfo=UTC)
RECEIVED = datetime(2025, 11, 5, 15, 0, 0, 250_000, tzinfo=UTC)
TICK_NS = 1_762_354_799_123_456_789
TICK = datetime(2025, 11, 5, 14, 59, 59, 123_456, tzinfo=UTC)
MISSING = "NOT_FOUND: no such stock or fund at Massive"
ROW: dict[str, Any] = {
    "ticker": "SPY",
    "day": {"o": 670.0, "h": 675.0, "l": 669.0, "c": 674.0, "v": 1_000_000.5, "vw": 672.0},
    "prevDay": {"c": 671.0},
    "min": {"c": 674.5, "t": TICK_NS // 1_000_000},
    "lastTrade": {"p": 675.0, "s": 100.5, "t": TICK_NS},
    "lastQuote": {"p": 674.99, "s": 200, "P": 675.01, "S": 300, "t": TICK_NS},
    "todaysChange": 4.0,
    "todaysChangePerc": 0.596,
    "updated": TICK_NS,
}


def read(rows: list[dict[str, Any]], symbols: list[str], *, is_delayed: bool = False) -> pl.DataFrame:
    page = equity_page(json.dumps(rows).encode(), received=RECEIVED)
    return equity_quotes(page, symbols, answer=Answer(source="massive", snapshot_ts=AT, is_delayed=is_delayed))


def one(**fields: Any) -> dict[str, Any]:
    return read([ROW | fields], ["SPY"]).row(0, named=True)


def test_a_whole_row() -> None:
    expected = pl.DataFrame(
        [
            {
                "symbol": "SPY", "price": 675.0, "bid": 674.99, "ask": 675.01, "bid_size": 200.0, "ask_size": 300.0,
                "size_unit": "shares", "quote_ts": TICK, "last_size": 100.5, "last_ts": TICK, "open": 670.0,
                "high": 675.0, "low": 669.0, "close": 674.0, "prev_close": 671.0, "change": 4.0,
                "change_percent": 0.596, "volume": 1_000_000.5, "vwap": 672.0, "updated_ts": TICK,
                "source": "massive", "snapshot_ts": AT, "received_ts": RECEIVED,
            }
        ],
        schema=schema(EQUITY_QUOTES),
    )  # fmt: skip
    assert_frame_equal(read([ROW], ["SPY"]), expected)


def test_no_symbols_have_the_schema_of_some() -> None:
    assert_frame_equal(read([], []), empty(EQUITY_QUOTES))


def test_rows_come_in_the_order_asked_and_what_was_not_asked_stays_out() -> None:
    rows = [ROW | {"ticker": ticker} for ticker in ("QQQ", "SPY", "IWM")]
    frame = read(rows, ["SPY", "XXXX", "QQQ"])
    assert frame.select("symbol", "price", "vendor_error").rows() == [
        ("SPY", 675.0, None),
        ("XXXX", None, MISSING),
        ("QQQ", 675.0, None),
    ]


def test_a_symbol_that_was_left_out_has_the_time_of_the_page() -> None:
    row = read([ROW], ["SPY", "XXXX"]).row(1, named=True)
    assert (row["snapshot_ts"], row["received_ts"], row["vendor_error"]) == (AT, RECEIVED, MISSING)


def test_a_symbol_that_came_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="a symbol came twice"):
        read([ROW, ROW | {"ticker": "QQQ"}, ROW], ["SPY", "QQQ"])


@pytest.mark.parametrize("nothing", [{}, None])
@pytest.mark.parametrize(
    ("blocks", "price"),
    [
        ((), 675.0),
        (("lastTrade",), 674.5),
        (("lastTrade", "min"), 674.0),
        (("lastTrade", "min", "day"), None),
    ],
)
def test_the_price_is_the_last_trade_then_the_minute_then_the_day(
    blocks: tuple[str, ...], price: float | None, nothing: object
) -> None:
    row = one(**dict.fromkeys(blocks, nothing))
    assert row["price"] == price
    assert (row["change"] is None) is (price is None)


def test_the_zeros_of_a_day_that_has_not_begun_are_null() -> None:
    # From 03:30 New York on day and min are zeros, and so is the change: reference/massive.md §4.
    zeros = {"o": 0, "h": 0, "l": 0, "c": 0, "v": 0, "vw": 0}
    row = one(day=zeros, min={"c": 0, "t": 0}, lastTrade=None, lastQuote=None, todaysChange=0, todaysChangePerc=0)
    names = ("price", "open", "high", "low", "close", "volume", "vwap", "change", "change_percent", "quote_ts")
    assert [row[name] for name in names] == [None] * len(names)
    assert row["prev_close"] == 671.0


def test_a_change_of_zero_beside_a_price_is_zero() -> None:
    row = one(todaysChange=0, todaysChangePerc=0)
    assert (row["change"], row["change_percent"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("stamp", "unit"),
    [
        (1_762_127_999_999_999_999, "round_lots"),  # the last nanosecond before 2025-11-03 UTC
        (1_762_128_000_000_000_000, "shares"),
        (1_762_128_000_000, "shares"),
        (0, None),
        (None, None),
    ],
)
def test_sizes_are_shares_from_november_2025_on(stamp: int | None, unit: str | None) -> None:
    assert one(lastQuote=ROW["lastQuote"] | {"t": stamp})["size_unit"] == unit


def test_a_side_without_a_price_is_null() -> None:
    row = one(lastQuote={"p": 0, "s": 0, "P": 675.01, "S": 300, "t": TICK_NS})
    assert (row["bid"], row["bid_size"], row["ask"], row["ask_size"]) == (None, None, 675.01, 300.0)


@pytest.mark.parametrize(("is_delayed", "feed"), [(True, "delayed"), (False, None)])
def test_the_feed_is_that_of_the_answer(*, is_delayed: bool, feed: str | None) -> None:
    assert read([ROW], ["SPY"], is_delayed=is_delayed).item(0, "feed") == feed
