"""Tradier's quotes of stocks and funds as canonical rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import EQUITY_QUOTES, schema
from quantdata.frames.provenance import Answer
from quantdata.frames.tradier.equities import equity_quotes
from quantdata.frames.tradier.quotes import quote_page

AT = datetime(2024, 6, 28, 16, 0, tzinfo=UTC)
RECEIVED = datetime(2024, 6, 28, 16, 0, 0, 250_000, tzinfo=UTC)
MISSING = "NOT_FOUND: no such stock or fund at Tradier"
ROW: dict[str, Any] = {
    "symbol": "SPY",
    "description": "SPDR S&P 500",
    "exch": "P",
    "type": "etf",
    "last": 547.94,
    "change": 1.57,
    "volume": 16616657,
    "open": 547.16,
    "high": 550.28,
    "low": 546.67,
    "close": None,
    "bid": 547.95,
    "ask": 547.96,
    "change_percentage": 0.29,
    "average_volume": 57774558,
    "last_volume": 100,
    "trade_date": 1719589860990,
    "prevclose": 546.37,
    "week_52_high": 550.12,
    "week_52_low": 409.21,
    "bidsize": 2,
    "bidexch": "P",
    "bid_date": 1719589861000,
    "asksize": 3,
    "askexch": "Q",
    "ask_date": 1719589860000,
    "root_symbols": "SPY",
}


def read(rows: list[dict[str, Any]], names: dict[str, str], **facts: bool) -> pl.DataFrame:
    page = quote_page(msgspec.json.encode(rows), received=RECEIVED)
    return equity_quotes(page, names, answer=Answer(source="tradier", snapshot_ts=AT, **facts))


def one(**fields: Any) -> dict[str, Any]:
    return read([ROW | fields], {"SPY": "SPY"}).row(0, named=True)


def test_a_whole_row() -> None:
    expected = pl.DataFrame(
        [
            {
                "symbol": "SPY", "price": 547.94, "bid": 547.95, "ask": 547.96, "bid_size": 2.0, "ask_size": 3.0,
                "size_unit": "round_lots", "quote_ts": datetime(2024, 6, 28, 15, 51, 1, tzinfo=UTC),
                "last_size": 100.0, "last_ts": datetime(2024, 6, 28, 15, 51, 0, 990_000, tzinfo=UTC), "open": 547.16,
                "high": 550.28, "low": 546.67, "close": 547.94, "prev_close": 546.37, "change": 1.57,
                "change_percent": 0.29, "volume": 16616657.0, "vwap": None, "updated_ts": None, "vendor_error": None,
                "source": "tradier", "snapshot_ts": AT, "received_ts": RECEIVED, "feed": "realtime",
            }
        ],
        schema=schema(EQUITY_QUOTES),
    )  # fmt: skip
    assert_frame_equal(read([ROW], {"SPY": "SPY"}), expected)


def test_rows_come_in_the_order_asked_with_a_reason_for_what_is_missing() -> None:
    rows = [ROW | {"symbol": "BRK/B", "type": "stock"}, ROW]
    frame = read(rows, {"SPY": "SPY", "XXXX": "XXXX", "BRK/B": "BRK.B"})
    assert frame.select("symbol", "price", "vendor_error", "feed").rows() == [
        ("SPY", 547.94, None, "realtime"),
        ("XXXX", None, MISSING, None),
        ("BRK.B", 547.94, None, "realtime"),
    ]
    assert frame.get_column("received_ts").to_list() == [RECEIVED] * 3


@pytest.mark.parametrize("kind", ["stock", "etf", "mutual_fund"])
def test_stocks_and_funds_of_all_kinds_are_equities(kind: str) -> None:
    assert one(type=kind)["vendor_error"] is None


@pytest.mark.parametrize("kind", ["index", "option"])
def test_what_is_something_else_has_its_reason_and_no_values(kind: str) -> None:
    row = one(type=kind)
    assert row["vendor_error"] == f"NOT_FOUND: Tradier knows it as {kind}, not as a stock or fund"
    given = {"symbol", "vendor_error", "source", "snapshot_ts", "received_ts", "feed"}
    assert {name for name, value in row.items() if value is not None} == given


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("last", "price"), ("bid", "bid"), ("ask", "ask"), ("bidsize", "bid_size"), ("asksize", "ask_size"),
        ("last_volume", "last_size"), ("open", "open"), ("high", "high"), ("low", "low"), ("prevclose", "prev_close"),
        ("trade_date", "last_ts"), ("last_volume", "last_ts"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("nothing", [0, None])
def test_0_and_null_are_nothing(sent: str, name: str, nothing: int | None) -> None:
    assert one(**{sent: nothing})[name] is None


def test_without_a_quote_there_is_no_unit_of_its_sizes() -> None:
    row = one(bid_date=0, ask_date=None)
    assert (row["quote_ts"], row["size_unit"]) == (None, None)


def test_before_the_first_trade_of_a_day_it_has_no_prices() -> None:
    row = one(open=None, high=None, low=None, close=None)
    assert (row["open"], row["high"], row["low"], row["close"], row["price"]) == (None, None, None, None, 547.94)


def test_no_change_is_a_change_of_0() -> None:
    row = one(change=0.0, change_percentage=0.0)
    assert (row["change"], row["change_percent"]) == (0.0, 0.0)


@pytest.mark.parametrize(("facts", "feed"), [({"is_delayed": True}, "delayed"), ({"is_simulated": True}, "simulated")])
def test_what_the_host_says_of_its_data_holds_for_every_row(facts: dict[str, bool], feed: str) -> None:
    assert read([ROW], {"SPY": "SPY"}, **facts).get_column("feed").to_list() == [feed]


def test_a_symbol_that_came_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="a symbol came twice"):
        read([ROW, ROW], {"SPY": "SPY"})


def test_a_symbol_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match="not asked for"):
        read([ROW], {"QQQ": "QQQ"})
