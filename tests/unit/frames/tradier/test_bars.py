"""Tradier's history and timesales as bars."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import MOMENT
from quantdata.frames.tradier.bars import daily_bars, intraday_bars

NUMBERS = ("open", "high", "low", "close", "volume", "vwap")
SCHEMA = pl.Schema([("ts", MOMENT), *((name, pl.Float64()) for name in NUMBERS), ("trades", pl.Int64())])
DAY: dict[str, Any] = {
    "date": "2024-02-01",
    "open": 183.985,
    "high": 186.95,
    "low": 183.82,
    "close": 186.86,
    "volume": 64885408,
}
MINUTE: dict[str, Any] = {
    "time": "2024-10-04T12:00:00",
    "timestamp": 1728057600,
    "price": 32.8225,
    "open": 32.805,
    "high": 32.885,
    "low": 32.76,
    "close": 32.8,
    "volume": 112648,
    "vwap": 32.831508,
}


def daily(*rows: dict[str, Any]) -> pl.DataFrame:
    return daily_bars(msgspec.json.encode(rows))


def intraday(*rows: dict[str, Any]) -> pl.DataFrame:
    return intraday_bars(msgspec.json.encode(rows))


def test_a_day_begins_at_midnight_in_new_york() -> None:
    # Standard time, summer time, and the day that it begins on.
    rows = [DAY, DAY | {"date": "2024-07-01"}, DAY | {"date": "2024-03-10"}]
    assert daily(*rows).get_column("ts").to_list() == [
        datetime(2024, 2, 1, 5, tzinfo=UTC),
        datetime(2024, 7, 1, 4, tzinfo=UTC),
        datetime(2024, 3, 10, 5, tzinfo=UTC),
    ]


def test_a_whole_day() -> None:
    expected = pl.DataFrame(
        [(datetime(2024, 2, 1, 5, tzinfo=UTC), 183.985, 186.95, 183.82, 186.86, 64885408.0, None, None)],
        schema=SCHEMA,
        orient="row",
    )
    assert_frame_equal(daily(DAY), expected)


def test_a_whole_minute() -> None:
    expected = pl.DataFrame(
        [(datetime(2024, 10, 4, 16, tzinfo=UTC), 32.805, 32.885, 32.76, 32.8, 112648.0, 32.831508, None)],
        schema=SCHEMA,
        orient="row",
    )
    assert_frame_equal(intraday(MINUTE), expected)


def test_the_time_is_that_of_the_stamp_and_not_of_the_text() -> None:
    assert intraday(MINUTE | {"time": "nonsense"}).get_column("ts").to_list() == [datetime(2024, 10, 4, 16, tzinfo=UTC)]


def test_no_bars_have_the_columns_of_some() -> None:
    assert daily().schema == SCHEMA
    assert intraday().schema == SCHEMA


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "vwap"])
def test_the_word_nan_is_no_price(name: str) -> None:
    assert intraday(MINUTE | {name: "NaN"}).get_column(name).to_list() == [None]
    if name != "vwap":
        assert daily(DAY | {name: "NaN"}).get_column(name).to_list() == [None]


@pytest.mark.parametrize("date", [None, "", "2024-02-30", "02/01/2024", "NaN"])
def test_a_day_without_a_date_is_refused(date: str | None) -> None:
    with pytest.raises(ValueError, match="a bar without a time"):
        daily(DAY, DAY | {"date": date})


@pytest.mark.parametrize("stamp", [None, "NaN"])
def test_a_minute_without_a_time_is_refused(stamp: object) -> None:
    with pytest.raises(ValueError, match="a bar without a time"):
        intraday(MINUTE, MINUTE | {"timestamp": stamp})


@pytest.mark.parametrize("price", ["high", {}, [1]])
def test_a_price_that_is_none_is_refused(price: object) -> None:
    with pytest.raises(ValueError, match="deserializ"):
        daily(DAY | {"open": price})
    with pytest.raises(ValueError, match="deserializ"):
        intraday(MINUTE | {"open": price})
