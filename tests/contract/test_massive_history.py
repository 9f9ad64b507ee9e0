"""Massive's recorded bars, prints and reference rows as frames; expected values were written down by eye."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames import bars as bar_frames
from quantdata.frames.columns import BARS, TRADES, schema
from quantdata.frames.massive import bars, reference, trades

if TYPE_CHECKING:
    from tests.contract.conftest import Massive


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read_bars(massive: Massive, path: str, symbol: str, *, endpoint: str | None = None) -> pl.DataFrame:
    found = bar_frames.with_session(bars.bar_page(massive.page(path, endpoint=endpoint).results))
    return bar_frames.finish(bar_frames.given_by(found, "massive", None), symbol=symbol, adjustment="raw")


# --- bars -----------------------------------------------------------------------------------------------------------

AAPL_2005 = "client-python-mocks/v2/aggs/ticker/AAPL/range/1/day/2005-04-01/2005-04-04.json"
AAPL_2005_FROM_SATURDAY = "client-python-mocks/v2/aggs/ticker/AAPL/range/1/day/2005-04-02/2005-04-04.json"
NDX_DAYS = "spec-examples/v2_aggs_ticker_indicesTicker_range_multiplier_timespan_from_to.json"


def test_option_day_bars_start_at_midnight_new_york_across_the_clock_change(massive: Massive) -> None:
    # reference/massive.md §5: 05:00Z before 2025-03-09 and 04:00Z after; days without a trade have no bar.
    frame = read_bars(massive, "recorded/aggs_day_O_SPY250314C00560000.json", "SPY250314C00560000")
    expected = pl.DataFrame(
        {
            "symbol": ["SPY250314C00560000"] * 6,
            "ts": [
                utc("2025-02-03 05:00"),
                utc("2025-03-04 05:00"),
                utc("2025-03-07 05:00"),
                utc("2025-03-10 04:00"),
                utc("2025-03-13 04:00"),
                utc("2025-03-14 04:00"),
            ],
            "open": [40.08, 21.6, 16.29, 12.71, 3.57, 0.99],
            "high": [40.08, 22.5, 19.65, 13.8, 3.69, 3.93],
            "low": [40.08, 18.0, 12.41, 6.4, 0.5, 0.72],
            "close": [40.08, 22.5, 18.34, 8.43, 0.73, 1.7],
            "volume": [25.0, 211.0, 2_002.0, 10_405.0, 110_087.0, 259_249.0],
            "vwap": [40.08, 19.7264, 15.8958, 8.3941, 1.4883, 1.7871],
            "trades": [1, 39, 194, 1_883, 15_790, 42_827],
            "session": [
                date(2025, 2, 3),
                date(2025, 3, 4),
                date(2025, 3, 7),
                date(2025, 3, 10),
                date(2025, 3, 13),
                date(2025, 3, 14),
            ],
            "adjustment": ["raw"] * 6,
            "source": ["massive"] * 6,
            "feed": [None] * 6,
        },
        schema=schema(BARS),
    )
    assert_frame_equal(frame, expected)


@pytest.mark.parametrize("path", [AAPL_2005, AAPL_2005_FROM_SATURDAY])
def test_stock_day_bars_start_at_midnight_new_york_across_the_clock_change(massive: Massive, path: str) -> None:
    page = massive.page(path)
    frame = read_bars(massive, path, "AAPL")
    assert page.adjusted is True
    assert frame.schema == schema(BARS)
    assert frame.get_column("ts").to_list() == [utc("2005-04-01 05:00"), utc("2005-04-04 04:00")]
    assert frame.get_column("volume").to_list() == [642_646_396.0, 578_172_308.0]
    assert frame.select("open", "high", "low", "close", "vwap").rows() == [
        (1.5032, 1.5064, 1.4489, 1.4604, 1.469),
        (1.4639, 1.4754, 1.4343, 1.4675, 1.4589),
    ]


def test_index_bars_have_neither_volume_nor_adjustment(massive: Massive) -> None:
    assert massive.page(NDX_DAYS).adjusted is None
    frame = read_bars(massive, NDX_DAYS, "NDX")
    assert frame.schema == schema(BARS)
    assert frame.select("volume", "vwap", "trades").null_count().row(0) == (2, 2, 2)
    assert frame.get_column("close").to_list() == [11995.88235998666, 11830.28178808306]


def test_index_day_bars_of_midnight_chicago_are_moved_to_midnight_new_york(massive: Massive) -> None:
    # The one recording of index days has 06:00Z in winter: an hour after every stock's.
    found = bar_frames.with_session(bars.bar_page(massive.page(NDX_DAYS).results))
    assert found.get_column("ts").to_list() == [utc("2023-03-09 06:00"), utc("2023-03-10 06:00")]
    assert bar_frames.on_midnight(found).get_column("ts").to_list() == [
        utc("2023-03-09 05:00"),
        utc("2023-03-10 05:00"),
    ]
    assert found.get_column("session").to_list() == [date(2023, 3, 9), date(2023, 3, 10)]


def test_option_and_stock_samples_read_as_bars(massive: Massive) -> None:
    option = read_bars(
        massive,
        "spec-examples/v2_aggs_ticker_optionsTicker_range_multiplier_timespan_from_to.json",
        "RDFN211119C00025000",
    )
    assert option.select("ts", "close", "volume", "trades").rows() == [
        (utc("2021-09-23 04:00"), 26.2, 2.0, 1),
        (utc("2021-09-24 04:00"), 28.3, 2.0, 1),
    ]
    stock = read_bars(
        massive,
        "spec-examples/v2_aggs_ticker_stocksTicker_range_multiplier_timespan_from_to.json",
        "AAPL",
        endpoint="/v2/aggs/ticker/AAPL/range/1/day/1577854800000/2020-01-10",
    )
    assert stock.select("ts", "open", "volume").rows() == [
        (utc("2020-01-02 05:00"), 74.06, 135_647_456.0),
        (utc("2020-01-03 05:00"), 74.2875, 146_535_512.0),
    ]


@pytest.mark.parametrize(
    ("path", "ts", "close"),
    [
        ("client-python-mocks/v2/aggs/ticker/AAPL/prev.json", "2022-04-26 20:00", 156.8),
        ("spec-examples/v2_aggs_ticker_indicesTicker_prev.json", "2023-06-20 20:00", 15070.14948566977),
        ("spec-examples/v2_aggs_ticker_optionsTicker_prev.json", "2020-11-10 21:00", 115.97),
        (
            "client-python-mocks/v2/aggs/grouped/locale/us/market/stocks/2005-04-04_adjusted_true.json",
            "2020-10-14 20:00",
            10.02,
        ),
    ],
)
def test_bars_of_the_previous_day_are_stamped_at_the_close_of_their_session(
    massive: Massive, path: str, ts: str, close: float
) -> None:
    # reference/massive.md §5: which is why they are never mixed with a range of bars.
    frame = read_bars(massive, path, "X")
    assert frame.schema == schema(BARS)
    assert frame.select("ts", "session", "close").row(0) == (utc(ts), utc(ts).date(), close)


# --- trades ---------------------------------------------------------------------------------------------------------


def tape(massive: Massive, path: str, symbol: str, *, endpoint: str | None = None) -> pl.DataFrame:
    return trades.trades([trades.trade_page(massive.page(path, endpoint=endpoint).results)], symbol, feed=None)


def test_prints_keep_their_nanoseconds(massive: Massive) -> None:
    frame = tape(massive, "client-python-mocks/v3/trades/AAPL_limit_2.json", "AAPL")
    assert frame.schema == schema(TRADES)
    assert frame.get_column("ts").to_physical().to_list() == [1651181822461979400] * 2
    assert frame.get_column("participant_ts").to_physical().to_list() == [1651181822461636600] * 2
    # One id and one sequence number, two venues and prices: a correction is a row of its own.
    assert frame.select("price", "size", "exchange", "conditions", "correction", "sequence", "trade_id").rows() == [
        (156.43, 10.0, "11", [12, 37], 1, 7_179_341, "183276"),
        (157.43, 10.0, "12", [12, 37], 1, 7_179_341, "183276"),
    ]


def test_option_prints_have_no_id_no_sequence_and_sometimes_no_conditions(massive: Massive) -> None:
    path = "spec-examples/v3_trades_optionsTicker.json"
    frame = tape(massive, path, "AZO140621P00530000", endpoint="/v3/trades/O:AZO140621P00530000")
    assert frame.schema == schema(TRADES)
    assert frame.select("price", "size", "exchange", "conditions", "correction", "sequence", "trade_id").rows() == [
        (6.91, 1.0, "46", None, None, None, None),
        (7.2, 1.0, "67", [209], None, None, None),
    ]
    assert frame.get_column("ts").to_physical().to_list() == [1401715883806000000, 1401716547786000000]


def test_the_exact_size_comes_from_the_decimal_string(massive: Massive) -> None:
    frame = tape(massive, "docs-examples-2026/v3_trades_stock.json", "AAPL", endpoint="/v3/trades/AAPL")
    assert frame.schema == schema(TRADES)
    assert frame.select("size", "sequence", "trade_id").rows() == [(100.0, 1_063, "1"), (100.0, 1_064, "2")]
    assert frame.get_column("ts").to_physical().to_list() == [1517562000016036600, 1517562000016038100]


# --- reference ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "rows", "expirations"),
    [
        ("recorded/options_contracts_SPY_asof_2025-01-31.json", 4, [date(2025, 3, 14)]),
        ("client-python-mocks/v3/reference/options/contracts.json", 10, [date(2022, 5, 20)]),
        ("client-python-mocks/v3/reference/options/contracts_cursor_YXA9JTdCJTIySUQlMjIlM0ElMjIy.json", 10,
         [date(2022, 5, 20)]),
        ("spec-examples/v3_reference_options_contracts.json", 2, [date(2021, 11, 19)]),
        ("client-python-mocks/v3/reference/options/contracts/OEVRI240119C00002500.json", None, [date(2024, 1, 19)]),
        ("spec-examples/v3_reference_options_contracts_options_ticker.json", None, [date(2021, 11, 19)]),
    ],
)  # fmt: skip
def test_contracts_give_their_expirations(
    massive: Massive, path: str, rows: int | None, expirations: list[date]
) -> None:
    results = massive.page(path).results
    listed = json.loads(results)
    assert (len(listed) if isinstance(listed, list) else None) == rows
    found = reference.contracts(results)
    assert found.height == (rows or 1)
    assert found.get_column("expiration").unique().sort().to_list() == expirations
    assert sum(found.null_count().row(0)) == 0
    assert found.get_column("ticker").str.starts_with("O:").all()


def test_splits_are_new_shares_for_one_old(massive: Massive) -> None:
    frame = reference.splits(massive.page("client-python-mocks/v3/reference/splits.json").results)
    assert frame.height == 10
    assert frame.row(0) == ("GOOGL", date(2022, 7, 18), 20.0)
    assert frame.row(7) == ("BRW", date(2022, 5, 20), 0.5)  # 1 for 2: a reverse split
    assert frame.row(9) == ("CIG.C", date(2022, 5, 2), pytest.approx(4 / 3))  # 4 for 3: a stock dividend
    apple = reference.splits(massive.page("spec-examples/v3_reference_splits.json", endpoint="/v3/splits/AAPL").results)
    assert apple.rows() == [("AAPL", date(2020, 8, 31), 4.0), ("AAPL", date(2005, 2, 28), 2.0)]


def test_dividends_are_dollars_a_share(massive: Massive) -> None:
    frame = reference.dividends(massive.page("client-python-mocks/v3/reference/dividends.json").results)
    assert frame.height == 10
    assert frame.row(0) == ("CSSEN", date(2025, 6, 12), 0.59375, "CD", True)
    assert frame.row(7) == ("AIRTP", date(2023, 11, 13), 0.5, "CD", True)


def test_the_newer_reference_endpoints_have_the_same_fields(massive: Massive) -> None:
    # reference/massive.md §6; their request_id is a number.
    split = reference.splits(massive.page("docs-examples-2026/stocks_v1_splits.json").results)
    dividend = reference.dividends(massive.page("docs-examples-2026/stocks_v1_dividends.json").results)
    assert split.rows() == [("AAPL", date(2005, 2, 28), 2.0)]
    assert dividend.select("ticker", "ex_date", "amount").rows() == [("AAPL", date(2025, 8, 11), 0.26)]
    assert dividend.get_column("is_recurring").to_list() == [None]  # they call it by another name


@pytest.mark.parametrize(
    "path",
    [
        "client-python-mocks/v3/reference/tickers/AAPL.json",
        "client-python-mocks/v3/reference/tickers/AAPL_date_2020-10-01.json",
    ],
)
def test_a_known_ticker_answers_with_one_object(massive: Massive, path: str) -> None:
    page = massive.page(path)
    assert json.loads(page.results)["name"] == "Apple Inc."
    assert page.next is None
