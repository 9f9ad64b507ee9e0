"""Massive's recorded stock and index rows as canonical quotes; expected values were written down by eye."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from quantdata.frames.columns import EQUITY_QUOTES, INDEX_QUOTES, schema
from quantdata.frames.massive import equities, indices
from quantdata.frames.provenance import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tests.contract.conftest import AssertSays, Massive

NVDA = {
    "recorded/stocks_snapshot_NVDA_90.json": (182.315, 180.45, 1.8699000000000012, 1.0362427265170415),
    "recorded/stocks_snapshot_NVDA_93.json": (179.74, 182.02, -2.280000000000001, -1.252609603340293),
    "recorded/stocks_snapshot_NVDA_ab.json": (177.623864, 176.97, 0.6619000000000028, 0.37401819517432494),
    "recorded/stocks_snapshot_NVDA_b6.json": (166.09, 171.66, -5.569999999999993, -3.2447862052895218),
}
NOW = datetime(2025, 11, 5, 15, 0, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read_quotes(massive: Massive, path: str, symbols: Sequence[str]) -> pl.DataFrame:
    """Read stock snapshots; that of a single ticker holds one row of the list that the client asks for."""
    answer = json.loads(massive.body(path))
    body = json.dumps({**answer, "tickers": [answer["ticker"]]}).encode() if "ticker" in answer else None
    page = equities.equity_page(massive.page(path, body=body, holds="tickers").results, received=NOW)
    return equities.equity_quotes(page, symbols, answer=Answer(source="massive", snapshot_ts=NOW))


def read_indices(massive: Massive, path: str, tickers: Sequence[str]) -> pl.DataFrame:
    page = indices.index_page(massive.page(path).results, received=NOW)
    return indices.index_quotes(page, tickers, answer=Answer(source="massive", snapshot_ts=NOW))


# --- stocks ---------------------------------------------------------------------------------------------------------


def test_stock_snapshots_without_quotes_are_priced_by_the_last_minute(
    massive: Massive, assert_says: AssertSays
) -> None:
    # reference/massive.md §4: no lastTrade and no lastQuote on the plans of 2025.
    frame = read_quotes(massive, "recorded/stocks_snapshot_list.json", ["SPY", "NVDA", "IWM"])
    assert frame.schema == schema(EQUITY_QUOTES)
    assert frame.height == 3
    expected = {
        "symbol": "SPY",
        "price": 645.96,
        "open": 651.48,
        "high": 652.21,
        "low": 643.33,
        "close": 647.24,
        "prev_close": 649.12,
        "change": -1.8799999999999955,
        "change_percent": -0.28962287404486003,
        "volume": 85_163_302.0,
        "vwap": 647.1536,
        "updated_ts": utc("2025-09-06 00:00:00"),
        "source": "massive",
    }
    assert_says(frame, 0, expected)
    assert frame.get_column("price").to_list() == [645.96, 166.09, 237.26]


def test_a_stock_that_is_left_out_of_the_list_has_its_reason(massive: Massive, assert_says: AssertSays) -> None:
    frame = read_quotes(massive, "recorded/stocks_snapshot_list.json", ["XXXX", "IWM"])
    assert frame.get_column("vendor_error").to_list() == ["NOT_FOUND: no such stock or fund at Massive", None]
    assert_says(frame, 0, {"symbol": "XXXX", "vendor_error": "NOT_FOUND: no such stock or fund at Massive",
                           "source": "massive"})  # fmt: skip


@pytest.mark.parametrize("path", NVDA)
def test_change_is_in_dollars_and_percent_units(massive: Massive, path: str) -> None:
    price, prev_close, change, change_percent = NVDA[path]
    row = read_quotes(massive, path, ["NVDA"]).row(0, named=True)
    assert (row["price"], row["prev_close"]) == (price, prev_close)
    assert (row["change"], row["change_percent"]) == (change, change_percent)
    assert change_percent == pytest.approx(100 * change / prev_close)


def test_snapshot_times_are_nanoseconds(massive: Massive) -> None:
    first = read_quotes(massive, "recorded/stocks_snapshot_NVDA_90.json", ["NVDA"])
    assert first.item(0, "updated_ts") == utc("2025-08-18 19:18:20.074461")
    third = read_quotes(massive, "recorded/stocks_snapshot_NVDA_ab.json", ["NVDA"])
    assert third.item(0, "updated_ts") == utc("2025-09-25 17:22:06.750610")


@pytest.mark.parametrize(
    ("path", "symbol", "price", "bid", "ask", "bid_size", "ask_size", "quote_ts", "last_size"),
    [
        ("client-python-mocks/v2/snapshot/locale/us/markets/stocks/gainers.json", "NVCN",
         6.42, 6.4, 6.43, 1, 1, "2022-04-29 17:02:18.312628", 200),
        ("client-python-mocks/v2/snapshot/locale/us/markets/stocks/gainers.json", "BIOL",
         4.2116, 4.21, 4.22, 11, 9, "2022-04-29 17:03:01.709136", 241),
        ("client-python-mocks/v2/snapshot/locale/us/markets/stocks/tickers/AAPL.json", "AAPL",
         159.99, 159.98, 159.99, 3, 5, "2022-04-29 17:05:48.407646", 200),
        ("client-python-mocks/v2/snapshot/locale/us/markets/stocks/tickers/index.json", "BCAT",
         20.506, 20.5, 20.6, 13, 22, "2020-11-12 14:55:59.994246", 2416),
        ("docs-examples-2026/v2_snapshot_stocks_all.json", "BCAT",
         20.506, 20.5, 20.6, 13, 22, "2020-11-12 14:55:59.994246", 2416),
        ("spec-examples/v2_snapshot_locale_us_markets_stocks_tickers.json", "BCAT",
         20.506, 20.5, 20.6, 13, 22, "2020-11-12 14:55:59.994246", 2416),
        ("docs-examples-2026/v2_snapshot_stock.json", "AAPL",
         120.47, 120.46, 120.47, 8, 4, "2020-11-12 15:45:18.507251", 236),
    ],
)  # fmt: skip
def test_a_quoted_stock_before_november_2025_has_its_sizes_in_round_lots(
    massive: Massive,
    path: str,
    symbol: str,
    price: float,
    bid: float,
    ask: float,
    bid_size: float,
    ask_size: float,
    quote_ts: str,
    last_size: float,
) -> None:
    # reference/massive.md §0.8; one letter apart: P is the ask and p the bid.
    frame = read_quotes(massive, path, [symbol])
    assert frame.schema == schema(EQUITY_QUOTES)
    row = frame.row(0, named=True)
    assert (row["price"], row["bid"], row["ask"]) == (price, bid, ask)
    assert (row["bid_size"], row["ask_size"], row["size_unit"]) == (bid_size, ask_size, "round_lots")
    assert (row["quote_ts"], row["last_size"]) == (utc(quote_ts), last_size)


def test_a_trade_without_conditions_is_a_trade(massive: Massive) -> None:
    # reference/massive.md §0.4: lastTrade.c is null here.
    path = "client-python-mocks/v2/snapshot/locale/us/markets/stocks/tickers/AAPL.json"
    row = read_quotes(massive, path, ["AAPL"]).row(0, named=True)
    assert (row["price"], row["last_ts"]) == (159.99, utc("2022-04-29 17:05:48.294080"))


# --- indices --------------------------------------------------------------------------------------------------------

SPX = {
    "symbol": "SPX",
    "name": "Standard & Poor's 500",
    "value": 4191.9800000000005,
    "value_ts": utc("2023-05-19 21:02:51.934"),
    "change": -9.09,
    "change_percent": -0.216,
    "open": 4204.15,
    "high": 4212.91,
    "low": 4180.2,
    "close": 4180.7,
    "prev_close": 4201.07,
    "market_status": "open",
    "source": "massive",
    "feed": "realtime",
}


@pytest.mark.parametrize(
    ("path", "tickers", "values"),
    [
        ("client-go/indices_snapshot.json", ["SPX", "A1HCR", "NDX"], [3918.32, 1326.17, None]),
        ("client-go/universal_snapshot_indices.json", ["SPX", "DJI", "A1BSC"], [4191.9800000000005, 33426.63, 443.7]),
        ("client-python-mocks/v3/snapshot/indices_ticker.any_of_SPX_2CAPx_2CAPy.json", ["SPX"], [3822.39]),
        ("docs-examples-2026/v3_snapshot_indices.json", ["DJI"], [3822.39]),
        ("spec-examples/v3_snapshot_indices.json", ["DJI"], [3822.39]),
        ("errors/snapshot_row_errors.json", ["APx"], [None]),
    ],
)
def test_every_recorded_index_answer_has_the_canonical_schema_in_the_order_asked(
    massive: Massive, path: str, tickers: list[str], values: list[float | None]
) -> None:
    endpoint = "/v3/snapshot/indices"
    page = indices.index_page(massive.page(path, endpoint=endpoint).results, received=NOW)
    frame = indices.index_quotes(page, tickers, answer=Answer(source="massive", snapshot_ts=NOW))
    assert frame.schema == schema(INDEX_QUOTES)
    assert frame.get_column("symbol").to_list() == tickers
    assert frame.get_column("value").to_list() == values


def test_an_index_in_full(massive: Massive, assert_says: AssertSays) -> None:
    assert_says(read_indices(massive, "client-go/universal_snapshot_indices.json", ["SPX"]), 0, SPX)


@pytest.mark.parametrize("symbol", ["SPX", "A1HCR"])
def test_an_index_changes_against_its_value_not_against_the_session_close(massive: Massive, symbol: str) -> None:
    # reference/massive.md §3.4: session.close is another figure.
    row = read_indices(massive, "client-go/indices_snapshot.json", [symbol]).row(0, named=True)
    assert row["change"] == pytest.approx(row["value"] - row["prev_close"])
    assert row["change"] != pytest.approx(row["close"] - row["prev_close"], abs=1.0)


def test_older_index_rows_have_no_time_and_no_feed(massive: Massive) -> None:
    row = read_indices(massive, "client-go/indices_snapshot.json", ["SPX"]).row(0, named=True)
    assert (row["value"], row["value_ts"], row["feed"]) == (3918.32, None, None)


@pytest.mark.parametrize(
    "path",
    [
        "errors/snapshot_row_errors.json",
        "client-python-mocks/v3/snapshot/indices_ticker.any_of_SPX_2CAPx_2CAPy.json",
        "docs-examples-2026/v3_snapshot_indices.json",
        "spec-examples/v3_snapshot_indices.json",
    ],
)
def test_refused_rows_inside_a_good_answer_surface_as_rows(massive: Massive, path: str) -> None:
    # reference/massive.md §3.3 and §8
    page = indices.index_page(massive.page(path, endpoint="/v3/snapshot/indices").results, received=NOW)
    frame = indices.index_quotes(page, ["APx", "APy"], answer=Answer(source="massive", snapshot_ts=NOW))
    assert frame.get_column("vendor_error").to_list() == [
        "NOT_FOUND: Ticker not found.",
        "NOT_ENTITLED: Not entitled to this ticker.",
    ]
    assert frame.get_column("value").to_list() == [None, None]
