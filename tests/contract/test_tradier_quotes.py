"""Tradier's recorded quotes of stocks and funds; expected values were written down from the payloads by eye."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

from quantdata.frames.columns import EQUITY_QUOTES, INDEX_QUOTES, schema
from quantdata.frames.provenance import Answer
from quantdata.frames.tradier.equities import equity_quotes
from quantdata.frames.tradier.indices import index_quotes
from quantdata.frames.tradier.quotes import quote_page
from quantdata.wire.tradier import endpoints
from tests.contract.tradier_recordings import equities, quoted, utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.contract.conftest import AssertSays, Tradier

PLTR = "recorded/quotes_single_PLTR_object.json"
BANKS = "recorded/quotes_C_JPM_GS.json"
SPY_2017 = "recorded/quotes_2017_SPY_AAPL.json"
SPY = "recorded/quotes_SPY_and_option_greeks.json"
AAPL = "client/quotes_single_AAPL_object.json"
WITH_OPTION = "client/quotes_multiple.json"
UNTRADED_OPTION = "client/quotes_AAPL_and_untraded_option.json"
PREMARKET = "client/quotes_premarket_null_ohlc.json"
PARTLY = "client/quotes_partly_unmatched.json"
UNMATCHED = "client/quotes_all_unmatched.json"

OPTION: Final = {"SPY251219P00450000": "SPY251219P00450000"}
# Each with what was asked for, and a moment at which it may have been; of those with an option, it among them.
QUOTES: Final[dict[str, tuple[dict[str, str], datetime]]] = {
    PLTR: ({"PLTR": "PLTR"}, utc("2024-07-07 23:34:17")),
    BANKS: ({"C": "C", "JPM": "JPM", "GS": "GS"}, utc("2024-07-11 19:26:45")),
    SPY_2017: ({"SPY": "SPY", "AAPL": "AAPL"}, utc("2017-06-29 00:10")),
    SPY: ({"SPY": "SPY"} | OPTION, utc("2024-06-28 16:06:01")),
    AAPL: ({"AAPL": "AAPL"}, utc("2024-01-12 15:10:36")),
    WITH_OPTION: ({"AAPL": "AAPL", "TSLA240119P00250000": "TSLA240119P00250000"}, utc("2024-01-12 16:01:20")),
    UNTRADED_OPTION: ({"AAPL": "AAPL", "VXX190517P00016000": "VXX190517P00016000"}, utc("2019-05-06 18:46:47")),
    PREMARKET: ({"AMZN": "AMZN"}, utc("2015-08-25 08:14:03")),
    PARTLY: ({"AAPL": "AAPL", "SEFDF": "SEFDF"}, utc("2024-01-12 16:04:44")),
}
LOTS: Final[dict[str, Any]] = {"size_unit": "round_lots", "source": "tradier", "feed": "realtime"}

every_recording = pytest.mark.parametrize("path", QUOTES)


def read(tradier: Tradier, path: str) -> pl.DataFrame:
    asked, at = QUOTES[path]
    return equities(tradier, path, asked, at)


# --- rows, column by column -----------------------------------------------------------------------------------------


def test_one_stock_alone_comes_as_an_object_and_after_the_close_has_one(
    tradier: Tradier, assert_says: AssertSays
) -> None:
    # reference/tradier.md §3.1, and §5.1: last_volume 0 after the close, and a trade_date three hours later than the
    # trade whose price `last` is. Quoted until 20:00 in New York, on Friday.
    expected = LOTS | {
        "symbol": "PLTR",
        "price": 27.23,
        "bid": 27.23,
        "ask": 27.25,
        "bid_size": 1.0,
        "ask_size": 138.0,
        "quote_ts": utc("2024-07-06 00:00"),
        "open": 26.0,
        "high": 27.25,
        "low": 25.975,
        "close": 27.23,
        "prev_close": 25.85,
        "change": 1.38,
        "change_percent": 5.34,
        "volume": 46_703_729.0,
        "feed": "delayed",
    }
    assert_says(read(tradier, PLTR), 0, expected)


def test_once_there_is_a_close_it_is_the_close_whatever_traded_later(tradier: Tradier) -> None:
    # No recording has a last price other than the close.
    asked, at = QUOTES[PLTR]
    body = tradier.body(PLTR).replace(b'"last":27.23', b'"last":27.4')
    page = quoted(tradier, PLTR, "PLTR", at, body)
    frame = equity_quotes(page, asked, answer=Answer(source="tradier", snapshot_ts=at))
    assert frame.select("price", "close").row(0) == (27.4, 27.23)


def test_a_fund_of_the_sandbox_during_the_session(tradier: Tradier, assert_says: AssertSays) -> None:
    # Answered at 16:06:01 UTC, a quarter of an hour late. Close is null in the session: the last price is it so far.
    expected = LOTS | {
        "symbol": "SPY",
        "price": 547.94,
        "bid": 547.95,
        "ask": 547.96,
        "bid_size": 2.0,
        "ask_size": 2.0,
        "quote_ts": utc("2024-06-28 15:51:01"),
        "last_size": 100.0,
        "last_ts": utc("2024-06-28 15:51:00.990"),
        "open": 547.16,
        "high": 550.28,
        "low": 546.67,
        "close": 547.94,
        "prev_close": 546.37,
        "change": 1.57,
        "change_percent": 0.29,
        "volume": 16_616_657.0,
        "feed": "delayed",
    }
    assert_says(read(tradier, SPY), 0, expected)


def test_a_stock_during_the_session(tradier: Tradier, assert_says: AssertSays) -> None:
    expected = LOTS | {
        "symbol": "AAPL",
        "price": 186.07,
        "bid": 186.08,
        "ask": 186.09,
        "bid_size": 2.0,
        "ask_size": 3.0,
        "quote_ts": utc("2024-01-12 15:10:35"),
        "last_size": 100.0,
        "last_ts": utc("2024-01-12 15:10:33.914"),
        "open": 186.06,
        "high": 186.74,
        "low": 185.485,
        "close": 186.07,
        "prev_close": 185.59,
        "change": 0.48,
        "change_percent": 0.26,
        "volume": 6_674_105.0,
    }
    assert_says(read(tradier, AAPL), 0, expected)


def test_before_the_open_there_are_no_prices_of_the_day(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.1: OHLC null before the first eligible trade. The last one is of the evening before.
    expected = LOTS | {
        "symbol": "AMZN",
        "price": 463.37,
        "bid": 477.2,
        "ask": 481.16,
        "bid_size": 2.0,
        "ask_size": 1.0,
        "quote_ts": utc("2015-08-25 08:14:02"),
        "last_size": 235_852.0,
        "last_ts": utc("2015-08-24 20:00"),
        "prev_close": 463.37,
        "change": 0.0,
        "change_percent": 0.0,
        "volume": 812.0,
    }
    assert_says(read(tradier, PREMARKET), 0, expected)


def test_several_come_as_a_list_with_prices_between_the_cents(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = read(tradier, BANKS)
    citigroup = LOTS | {
        "symbol": "C",
        "price": 65.605,
        "bid": 65.6,
        "ask": 65.61,
        "bid_size": 17.0,
        "ask_size": 8.0,
        "quote_ts": utc("2024-07-11 19:26:43"),
        "last_size": 100.0,
        "last_ts": utc("2024-07-11 19:26:43.419"),
        "open": 66.185,
        "high": 66.5,
        "low": 65.305,
        "close": 65.605,
        "prev_close": 66.98,
        "change": -1.38,
        "change_percent": -2.06,
        "volume": 13_189_182.0,
    }
    # Among the roots of its options is an adjusted one, GS1.
    goldman = LOTS | {
        "symbol": "GS",
        "price": 478.7975,
        "bid": 478.66,
        "ask": 478.93,
        "bid_size": 1.0,
        "ask_size": 2.0,
        "quote_ts": utc("2024-07-11 19:26:43"),
        "last_size": 100.0,
        "last_ts": utc("2024-07-11 19:26:26.965"),
        "open": 480.0,
        "high": 483.16,
        "low": 476.27,
        "close": 478.7975,
        "prev_close": 478.89,
        "change": -0.1,
        "change_percent": -0.02,
        "volume": 1_349_715.0,
    }
    assert frame.get_column("symbol").to_list() == ["C", "JPM", "GS"]
    assert_says(frame, 0, citigroup)
    assert_says(frame, 2, goldman)
    assert frame.select("price", "bid", "ask", "volume").row(1) == (207.75, 207.74, 207.76, 6_467_719.0)


def test_keys_in_any_order_and_zeros_for_what_is_not_known(tradier: Tradier, assert_says: AssertSays) -> None:
    # In 2017; of the fund the year's range was 0. After the close, when last_volume is 0.
    expected = LOTS | {
        "symbol": "SPY",
        "price": 243.49,
        "bid": 243.96,
        "ask": 243.98,
        "bid_size": 5.0,
        "ask_size": 43.0,
        "quote_ts": utc("2017-06-28 23:59:59"),
        "open": 242.5,
        "high": 243.715,
        "low": 242.23,
        "close": 243.49,
        "prev_close": 241.33,
        "change": 2.16,
        "change_percent": 0.9,
        "volume": 70_042_599.0,
    }
    frame = read(tradier, SPY_2017)
    assert_says(frame, 0, expected)
    apple = ("AAPL", 145.83, 22_082_432.0, utc("2017-06-29 00:00"), None)
    assert frame.select("symbol", "close", "volume", "quote_ts", "last_ts").row(1) == apple


def test_a_stock_beside_an_option_of_another(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.1: kinds mix in one call; the stock has no greeks key. As a stock the option is unknown.
    frame = read(tradier, WITH_OPTION)
    stock = LOTS | {
        "symbol": "AAPL",
        "price": 185.565,
        "bid": 185.54,
        "ask": 185.55,
        "bid_size": 2.0,
        "ask_size": 3.0,
        "quote_ts": utc("2024-01-12 16:01:19"),
        "last_size": 700.0,
        "last_ts": utc("2024-01-12 16:01:18.892"),
        "open": 186.06,
        "high": 186.74,
        "low": 185.19,
        "close": 185.565,
        "prev_close": 185.59,
        "change": -0.03,
        "change_percent": -0.02,
        "volume": 10_945_550.0,
    }
    option = {
        "symbol": "TSLA240119P00250000",
        "vendor_error": "NOT_FOUND: Tradier knows it as option, not as a stock or fund",
        "source": "tradier",
        "feed": "realtime",
    }
    assert_says(frame, 0, stock)
    assert_says(frame, 1, option)


def test_the_stock_beside_an_option_that_never_traded(tradier: Tradier, assert_says: AssertSays) -> None:
    expected = LOTS | {
        "symbol": "AAPL",
        "price": 208.21,
        "bid": 208.19,
        "ask": 208.21,
        "bid_size": 12.0,
        "ask_size": 1.0,
        "quote_ts": utc("2019-05-06 18:46:46"),
        "last_size": 100.0,
        "last_ts": utc("2019-05-06 18:46:46"),
        "open": 204.29,
        "high": 208.71,
        "low": 203.5,
        "close": 208.21,
        "prev_close": 211.75,
        "change": -3.54,
        "change_percent": -1.68,
        "volume": 25_288_395.0,
    }
    assert_says(read(tradier, UNTRADED_OPTION), 0, expected)


def test_what_is_unknown_among_others_is_a_row_with_its_reason(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §3.3: both keys are there; one unknown symbol is a bare text, one known one an object.
    frame = read(tradier, PARTLY)
    known = LOTS | {
        "symbol": "AAPL",
        "price": 185.75,
        "bid": 185.74,
        "ask": 185.75,
        "bid_size": 5.0,
        "ask_size": 2.0,
        "quote_ts": utc("2024-01-12 16:04:43"),
        "last_size": 400.0,
        "last_ts": utc("2024-01-12 16:04:42.942"),
        "open": 186.06,
        "high": 186.74,
        "low": 185.19,
        "close": 185.75,
        "prev_close": 185.59,
        "change": 0.16,
        "change_percent": 0.09,
        "volume": 11_189_867.0,
    }
    unknown = {"symbol": "SEFDF", "vendor_error": "NOT_FOUND: no such stock or fund at Tradier", "source": "tradier"}
    assert_says(frame, 0, known)
    assert_says(frame, 1, unknown)


# --- what is unmatched ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "quotes"), [(PARTLY, 1), (UNMATCHED, 0)])
def test_unmatched_symbols_are_handed_on_in_the_vendors_spelling(tradier: Tradier, path: str, quotes: int) -> None:
    items = tradier.items(path, endpoints.quotes(["AAPL", "SEFDF"]))
    assert items.unmatched == ("SEFDF",)
    assert quote_page(items.items, received=utc("2024-01-12 16:04:44")).height == quotes


def test_several_unmatched_symbols_are_a_list(tradier: Tradier) -> None:
    # reference/tradier.md §3.3, by inference: none was recorded.
    body = tradier.body(UNMATCHED).replace(b'"SEFDF"', b'["SEFDF","BRK\\/Z"]')
    items = tradier.items(UNMATCHED, endpoints.quotes(["SEFDF", "BRK/Z"]), body=body)
    assert (items.items, items.unmatched) == (b"[]", ("SEFDF", "BRK/Z"))


# --- what holds for every row ---------------------------------------------------------------------------------------


@every_recording
def test_every_recording_has_the_canonical_schema_and_one_row_a_symbol(tradier: Tradier, path: str) -> None:
    asked, at = QUOTES[path]
    frame = read(tradier, path)
    assert frame.schema == schema(EQUITY_QUOTES)
    assert frame.get_column("symbol").to_list() == list(asked.values())
    assert frame.get_column("snapshot_ts").unique().to_list() == [at]
    assert frame.get_column("received_ts").unique().to_list() == [at]


@every_recording
def test_rows_come_in_the_order_asked_whatever_the_order_of_the_answer(tradier: Tradier, path: str) -> None:
    # reference/tradier.md §3.3: key by symbol.
    asked, at = QUOTES[path]
    turned = equities(tradier, path, dict(reversed(asked.items())), at)
    assert turned.equals(read(tradier, path).reverse())


@every_recording
def test_the_bid_is_below_the_offer_and_the_price_within_the_day(tradier: Tradier, path: str) -> None:
    frame = read(tradier, path).filter(pl.col("vendor_error").is_null())
    assert frame.select((pl.col("bid") <= pl.col("ask")).all()).item() is True
    traded = frame.drop_nulls("open")
    for price in ("price", "open", "close"):
        assert traded.select(pl.col(price).is_between("low", "high").all()).item() is True


@every_recording
def test_changes_are_in_percent_of_the_close_before(tradier: Tradier, path: str) -> None:
    frame = read(tradier, path).filter(pl.col("vendor_error").is_null())
    # Prices may have four decimals, changes have two: JPM is 0.05 below and 0.02 % or 0.03 %.
    ours = 100 * pl.col("change") / pl.col("prev_close")
    assert frame.select(((ours - pl.col("change_percent")).abs() < 0.0101).all()).item() is True
    moved = pl.col("price") - pl.col("prev_close")
    assert frame.select(((moved - pl.col("change")).abs() < 0.0101).all()).item() is True


@every_recording
def test_times_are_of_the_evening_before_at_the_earliest(tradier: Tradier, path: str) -> None:
    _, at = QUOTES[path]
    frame = read(tradier, path).filter(pl.col("vendor_error").is_null())
    days = {PLTR: date(2024, 7, 5), SPY_2017: date(2017, 6, 28)}
    for column in ("quote_ts", "last_ts"):
        stamps = frame.get_column(column)
        assert (stamps <= at).all()
        if path != PREMARKET:
            local = stamps.dt.convert_time_zone("America/New_York").dt.date()
            is_after_the_close = column == "last_ts" and path in days
            assert local.unique().to_list() == [None if is_after_the_close else days.get(path, at.date())]


@every_recording
def test_quotes_are_asked_for_as_the_recorded_ones_were(tradier: Tradier, path: str) -> None:
    request = endpoints.quotes(list(QUOTES[path][0]))
    where, said = tradier.asked(path)
    assert (request.path, request.target.partition("?")[0], request.is_form) == (where, where, False)
    assert request.params.keys() >= said.keys()
    if path not in {SPY_2017, WITH_OPTION}:  # one was asked in small letters; the note of the other names another
        assert request.params["symbols"] == said["symbols"]


# --- made of recorded rows ------------------------------------------------------------------------------------------


def test_a_share_class_is_written_with_a_dot(tradier: Tradier) -> None:
    # reference/tradier.md §4: BRK/B at the vendor, whose slash is escaped on the wire.
    body = tradier.body(AAPL).replace(b'"symbol":"AAPL"', b'"symbol":"BRK\\/B"')
    at = utc("2024-01-12 15:10:36")
    page = quoted(tradier, AAPL, "BRK/B", at, body)
    frame = equity_quotes(page, {"BRK/B": "BRK.B"}, answer=Answer(source="tradier", snapshot_ts=at))
    assert frame.select("symbol", "price", "vendor_error").rows() == [("BRK.B", 186.07, None)]


def test_a_quote_of_another_symbol_than_asked_is_an_error(tradier: Tradier) -> None:
    page = quoted(tradier, BANKS, "C,JPM", utc("2024-07-11 19:26:45"))
    with pytest.raises(ValueError, match="not asked for"):
        equity_quotes(page, {"C": "C", "JPM": "JPM"}, answer=Answer(source="tradier", snapshot_ts=utc("2024-07-11")))


def as_index(tradier: Tradier, names: Mapping[str, str], body: bytes) -> pl.DataFrame:
    at = utc("2024-07-07 23:34:17")
    page = quoted(tradier, PLTR, ",".join(names), at, body)
    return index_quotes(page, names, answer=Answer(source="tradier", snapshot_ts=at))


def test_an_index_is_read_from_a_quote_of_that_type(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.1: no index was recorded; bid, ask and volume of one are 0 or null.
    body = (
        tradier.body(PLTR)
        .replace(
            b'"symbol":"PLTR","description":"Palantir Technologies Inc"', b'"symbol":"SPX","description":"S&P 500"'
        )
        .replace(b'"type":"stock"', b'"type":"index"')
        .replace(b'"volume":46703729', b'"volume":0')
        .replace(b'"bid":27.23,"ask":27.25', b'"bid":0.0,"ask":null')
    )
    frame = as_index(tradier, {"SPX": "SPX"}, body)
    assert frame.schema == schema(INDEX_QUOTES)
    expected = {
        "symbol": "SPX",
        "name": "S&P 500",
        "value": 27.23,
        "value_ts": utc("2024-07-05 23:00:00.001"),
        "change": 1.38,
        "change_percent": 5.34,
        "open": 26.0,
        "high": 27.25,
        "low": 25.975,
        "close": 27.23,
        "prev_close": 25.85,
        "source": "tradier",
        "feed": "realtime",
    }
    assert_says(frame, 0, expected)


def test_a_stock_is_no_index(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = as_index(tradier, {"PLTR": "PLTR"}, tradier.body(PLTR))
    expected = {
        "symbol": "PLTR",
        "vendor_error": "NOT_FOUND: Tradier knows it as stock, not as an index",
        "source": "tradier",
        "feed": "realtime",
    }
    assert_says(frame, 0, expected)
