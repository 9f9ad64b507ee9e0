"""Tradier's recorded bars, ticks and expirations as frames; expected values were written down by eye."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.errors import PayloadError
from quantdata.frames import bars as bar_frames
from quantdata.frames.columns import BARS, TRADES, schema
from quantdata.frames.tradier import bars, reference, trades
from quantdata.wire.tradier import endpoints
from tests.contract.tradier_recordings import utc

if TYPE_CHECKING:
    from quantdata.wire.tradier.endpoints import Interval
    from tests.contract.conftest import AssertSays, Tradier

AAPL_DAYS = "recorded/history_AAPL_daily_2024-02.json"
AAPL_HALF_YEAR = "recorded/history_AAPL_daily_2017H1.json"
OPTION_DAYS = "recorded/history_option_MTB241115C00190000_daily.json"
THREE_DAYS = "client/history_daily_3.json"
ONE_DAY = "client/history_single_day_object.json"
WEEKS = "recorded/history_weekly.json"
MONTHS = "recorded/history_MTB_monthly.json"

QUARTERS = "recorded/timesales_WY_15min.json"
AFTER_HOURS = "recorded/timesales_C_1min_all_afterhours.json"
MINUTES = "client/timesales_1min_AAPL.json"
TWO_TICKS = "client/timesales_tick_two.json"
ONE_TICK = "client/timesales_tick_single_object.json"
NO_TICKS = "client/timesales_empty_string_null.json"
OLD_TICKS = "legacy2013/timesales.json"

PLTR_DATES = "recorded/expirations_PLTR_dates.json"
PLTR_DATES_MARCH = "recorded/expirations_PLTR_2024-03_dates.json"
TSLA_DATES = "client/expirations_TSLA_dates.json"
NO_DATES = "client/expirations_null.json"


def finished(found: pl.DataFrame, symbol: str) -> pl.DataFrame:
    rows = bar_frames.with_session(found)
    return bar_frames.finish(bar_frames.given_by(rows, "tradier", None), symbol=symbol, adjustment="split")


def days(tradier: Tradier, path: str, symbol: str, body: bytes | None = None) -> pl.DataFrame:
    request = endpoints.history(symbol, start=date(2017, 1, 1), end=date(2024, 12, 31))
    return finished(bars.daily_bars(tradier.items(path, request, body=body).items), symbol)


def timesales(tradier: Tradier, path: str, interval: Interval, body: bytes | None = None) -> bytes:
    start = utc("2024-10-04 16:00")
    request = endpoints.timesales("C", interval=interval, start=start, end=start, is_regular=False)
    return tradier.items(path, request, body=body).items


def minutes(tradier: Tradier, path: str, symbol: str, body: bytes | None = None) -> pl.DataFrame:
    return finished(bars.intraday_bars(timesales(tradier, path, "1min", body)), symbol)


# --- daily bars -----------------------------------------------------------------------------------------------------


def test_days_are_bars_from_midnight_in_new_york(tradier: Tradier) -> None:
    expected = pl.DataFrame(
        {
            "symbol": ["AAPL"] * 3,
            "ts": [utc("2019-01-02 05:00"), utc("2019-01-03 05:00"), utc("2019-01-04 05:00")],
            "open": [154.89, 143.98, 144.53],
            "high": [158.85, 145.72, 148.5499],
            "low": [154.23, 142.0, 143.8],
            "close": [157.92, 142.19, 148.26],
            "volume": [37_039_737.0, 91_312_195.0, 58_607_070.0],
            "vwap": [None] * 3,
            "trades": [None] * 3,
            "session": [date(2019, 1, 2), date(2019, 1, 3), date(2019, 1, 4)],
            "adjustment": ["split"] * 3,
            "source": ["tradier"] * 3,
            "feed": [None] * 3,
        },
        schema=schema(BARS),
    )
    assert_frame_equal(days(tradier, THREE_DAYS, "AAPL"), expected)


def test_one_day_comes_as_an_object(tradier: Tradier) -> None:
    # reference/tradier.md §3.1
    frame = days(tradier, ONE_DAY, "AAPL")
    assert_frame_equal(frame, days(tradier, THREE_DAYS, "AAPL").head(1))


def test_a_month_of_days(tradier: Tradier, assert_says: AssertSays) -> None:
    # Both ends that were asked for, 1 and 29 February, are there.
    frame = days(tradier, AAPL_DAYS, "AAPL")
    alike = {"symbol": "AAPL", "adjustment": "split", "source": "tradier"}
    first = alike | {
        "ts": utc("2024-02-01 05:00"),
        "open": 183.985,
        "high": 186.95,
        "low": 183.82,
        "close": 186.86,
        "volume": 64_885_408.0,
        "session": date(2024, 2, 1),
    }
    last = alike | {
        "ts": utc("2024-02-29 05:00"),
        "open": 181.27,
        "high": 182.57,
        "low": 179.53,
        "close": 180.75,
        "volume": 136_682_600.0,
        "session": date(2024, 2, 29),
    }
    assert frame.height == 20
    assert_says(frame, 0, first)
    assert_says(frame, 19, last)


def test_days_start_at_midnight_across_the_clock_change_and_keys_come_in_any_order(
    tradier: Tradier, assert_says: AssertSays
) -> None:
    frame = days(tradier, AAPL_HALF_YEAR, "AAPL")
    first = {
        "symbol": "AAPL",
        "ts": utc("2017-01-03 05:00"),
        "open": 115.8,
        "high": 116.33,
        "low": 114.76,
        "close": 116.15,
        "volume": 28_781_865.0,
        "session": date(2017, 1, 3),
        "adjustment": "split",
        "source": "tradier",
    }
    assert frame.height == 123
    assert_says(frame, 0, first)
    stamps = frame.get_column("ts").to_list()
    assert utc("2017-03-10 05:00") in stamps  # a Friday
    assert utc("2017-03-13 04:00") in stamps  # the Monday after
    assert frame.get_column("ts").dt.hour().unique().sort().to_list() == [4, 5]


def test_days_of_an_option_are_those_with_trades_alone(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.7
    frame = days(tradier, OPTION_DAYS, "MTB241115C00190000")
    second = {
        "symbol": "MTB241115C00190000",
        "ts": utc("2024-07-19 04:00"),
        "open": 2.85,
        "high": 2.89,
        "low": 2.85,
        "close": 2.89,
        "volume": 4.0,
        "session": date(2024, 7, 19),
        "adjustment": "split",
        "source": "tradier",
    }
    assert frame.height == 34
    assert_says(frame, 1, second)
    assert frame.get_column("session")[2:5].to_list() == [date(2024, 7, 22), date(2024, 7, 24), date(2024, 7, 31)]
    assert frame.select("session", "open", "high", "low", "close", "volume").row(-1) == (
        date(2024, 10, 15),
        6.7,
        8.1,
        6.7,
        8.0,
        54.0,
    )


def test_weeks_are_dated_by_their_monday_even_if_that_is_a_holiday(tradier: Tradier) -> None:
    # reference/tradier.md §5.7: the list key stays "day"; 2024-09-02 was Labor Day.
    frame = days(tradier, WEEKS, "MTB")
    assert frame.height == 12
    assert frame.select("ts", "open", "high", "low", "close", "volume").row(5) == (
        utc("2024-09-02 04:00"),
        172.17,
        173.285,
        165.15,
        166.51,
        3_855_579.0,
    )
    assert frame.get_column("session").dt.weekday().unique().to_list() == [1]


def test_months_are_dated_by_their_first_day(tradier: Tradier) -> None:
    frame = days(tradier, MONTHS, "MTB")
    assert frame.height == 21
    assert frame.select("ts", "open", "close", "volume").row(0) == (
        utc("2021-05-01 04:00"),
        159.3,
        160.69,
        16_054_621.0,
    )
    assert frame.select("ts", "close").row(-1) == (utc("2023-01-01 05:00"), 156.0)
    assert frame.get_column("session").dt.day().unique().to_list() == [1]


@pytest.mark.parametrize("empty", [b'{"history":null}', b'{"history":"null"}', b'{"history":{}}', b"{}", b"null"])
def test_no_days_are_an_empty_frame_in_every_form(tradier: Tradier, empty: bytes) -> None:
    # reference/tradier.md §3.2
    frame = days(tradier, THREE_DAYS, "AAPL", empty)
    assert frame.is_empty()
    assert frame.schema == schema(BARS)


@pytest.mark.parametrize("path", [AAPL_DAYS, AAPL_HALF_YEAR, OPTION_DAYS, THREE_DAYS, ONE_DAY, WEEKS, MONTHS])
def test_every_day_is_once_in_order_with_prices_between_its_ends(tradier: Tradier, path: str) -> None:
    frame = days(tradier, path, "X")
    assert frame.schema == schema(BARS)
    assert frame.get_column("ts").is_sorted()
    assert frame.get_column("ts").is_unique().all()
    for price in ("open", "close"):
        assert frame.select(pl.col(price).is_between("low", "high").all()).item() is True
    assert (frame.get_column("volume") > 0).all()
    local = frame.get_column("ts").dt.convert_time_zone("America/New_York")
    assert local.dt.time().unique().to_list() == [datetime.min.time()]
    assert (local.dt.date() == frame.get_column("session")).all()


def test_days_are_asked_for_as_the_recorded_ones_were(tradier: Tradier) -> None:
    february = endpoints.history("AAPL", start=date(2024, 2, 1), end=date(2024, 2, 29))
    option = endpoints.history("MTB241115C00190000", start=date(2024, 6, 1), end=date(2024, 10, 16))
    assert (february.path, february.params) == tradier.asked(AAPL_DAYS)
    assert (option.path, option.params) == tradier.asked(OPTION_DAYS)


# --- intraday bars --------------------------------------------------------------------------------------------------


def test_minutes_start_where_they_say_in_new_york(tradier: Tradier) -> None:
    # reference/tradier.md §5.8: time 09:30 without a zone, and the same in epoch seconds; `price` is left out.
    expected = pl.DataFrame(
        {
            "symbol": ["AAPL"] * 3,
            "ts": [utc("2019-05-09 13:30"), utc("2019-05-09 13:31"), utc("2019-05-09 13:32")],
            "open": [200.46, 200.15, 200.51],
            "high": [200.53, 200.54, 200.75],
            "low": [198.76, 199.86, 200.14],
            "close": [200.1154, 200.49, 200.2],
            "volume": [1_273_841.0, 228_068.0, 277_041.0],
            "vwap": [199.77806, 200.17588, 200.44681],
            "trades": [None] * 3,
            "session": [date(2019, 5, 9)] * 3,
            "adjustment": ["split"] * 3,
            "source": ["tradier"] * 3,
            "feed": [None] * 3,
        },
        schema=schema(BARS),
    )
    assert_frame_equal(minutes(tradier, MINUTES, "AAPL"), expected)


def test_quarters_of_an_hour_end_with_the_closing_auction(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.8: `end` is inclusive; the bar of 16:00 is the auction.
    frame = minutes(tradier, QUARTERS, "WY")
    alike = {"symbol": "WY", "session": date(2024, 10, 4), "adjustment": "split", "source": "tradier"}
    noon = alike | {
        "ts": utc("2024-10-04 16:00"),
        "open": 32.805,
        "high": 32.885,
        "low": 32.76,
        "close": 32.8,
        "volume": 112_648.0,
        "vwap": 32.831508,
    }
    auction = alike | {
        "ts": utc("2024-10-04 20:00"),
        "open": 32.88,
        "high": 32.88,
        "low": 32.88,
        "close": 32.88,
        "volume": 928_888.0,
        "vwap": 32.88,
    }
    assert frame.height == 17
    assert_says(frame, 0, noon)
    assert_says(frame, 16, auction)
    assert frame.get_column("ts").diff().drop_nulls().unique().to_list() == [timedelta(minutes=15)]


def test_minutes_without_a_trade_are_missing(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.8: sparse. The mean price may lie outside of the range: late prints count in it alone.
    frame = minutes(tradier, AFTER_HOURS, "C")
    sixth = {
        "symbol": "C",
        "ts": utc("2024-10-04 20:31"),
        "open": 62.52,
        "high": 62.54,
        "low": 62.51,
        "close": 62.51,
        "volume": 2_880.0,
        "vwap": 62.515042,
        "session": date(2024, 10, 4),
        "adjustment": "split",
        "source": "tradier",
    }
    assert frame.height == 21
    assert_says(frame, 5, sixth)
    assert frame.get_column("ts")[:3].to_list() == [
        utc("2024-10-04 20:00"),
        utc("2024-10-04 20:06"),
        utc("2024-10-04 20:08"),
    ]
    # After midnight UTC it would be another day; in New York it is the same session.
    assert frame.select("ts", "session").row(-1) == (utc("2024-10-04 23:56"), date(2024, 10, 4))
    assert frame.select("close", "vwap").row(4) == (62.5101, 62.527989)


def test_prices_that_are_the_word_nan_are_null(tradier: Tradier) -> None:
    # reference/tradier.md §3.5: none was recorded.
    body = tradier.body(MINUTES).replace(b'"open":200.15,"high":200.54', b'"open":"NaN","high":"NaN"')
    body = body.replace(b'"vwap":200.17588', b'"vwap":"NaN"')
    frame = minutes(tradier, MINUTES, "AAPL", body)
    assert frame.select("open", "high", "vwap").row(1) == (None, None, None)
    assert frame.select("low", "close").row(1) == (199.86, 200.49)
    assert frame.select("open", "high", "vwap").row(0) == (200.46, 200.53, 199.77806)


@pytest.mark.parametrize("path", [QUARTERS, AFTER_HOURS, MINUTES])
def test_every_minute_is_once_in_order_at_its_epoch_second(tradier: Tradier, path: str) -> None:
    frame = minutes(tradier, path, "X")
    assert frame.schema == schema(BARS)
    assert frame.get_column("ts").is_sorted()
    assert frame.get_column("ts").is_unique().all()
    for price in ("open", "close"):
        assert frame.select(pl.col(price).is_between("low", "high").all()).item() is True
    said = pl.read_json(timesales(tradier, path, "1min")).get_column("time").str.to_datetime("%Y-%m-%dT%H:%M:%S")
    local = frame.get_column("ts").dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)
    assert local.to_list() == said.to_list()


def test_minutes_are_asked_for_as_the_recorded_ones_were(tradier: Tradier) -> None:
    minute = endpoints.timesales(
        "AAPL", interval="1min", start=utc("2019-05-09 13:30"), end=utc("2019-05-09 13:33"), is_regular=True
    )
    quarter = endpoints.timesales(
        "WY", interval="15min", start=utc("2024-10-04 16:00"), end=utc("2024-10-04 20:00"), is_regular=False
    )
    assert (minute.path, minute.params) == tradier.asked(MINUTES)
    path, said = tradier.asked(QUARTERS)
    assert (quarter.path, quarter.params) == (path, said | {"session_filter": "all"})


# --- ticks ----------------------------------------------------------------------------------------------------------


def test_ticks_have_a_price_a_size_and_a_second_alone(tradier: Tradier) -> None:
    # reference/tradier.md §5.8; 09:30:00 and 09:31:20 in New York.
    page = trades.tick_page(timesales(tradier, TWO_TICKS, "tick"))
    expected = pl.DataFrame(
        {
            "symbol": ["XXX"] * 2,
            "ts": [utc("2017-01-27 14:30:00"), utc("2017-01-27 14:31:20")],
            "price": [4.32, 4.34],
            "size": [125.0, 100.0],
            "source": ["tradier"] * 2,
        }
    )
    frame = trades.trades([page], "XXX", feed=None)
    assert frame.schema == schema(TRADES)
    others = frame.drop(expected.columns)
    assert others.null_count().row(0) == (2,) * len(others.columns)
    assert frame.select(expected.columns).rows() == expected.rows()


def test_one_tick_comes_as_an_object(tradier: Tradier) -> None:
    page = trades.tick_page(timesales(tradier, ONE_TICK, "tick"))
    assert page.rows() == [(utc("2017-01-27 14:30:00"), 4.32, 125.0)]


def test_no_ticks_are_the_word_null(tradier: Tradier) -> None:
    # reference/tradier.md §3.2: a text, not JSON's null.
    assert timesales(tradier, NO_TICKS, "tick") == b"[]"
    assert trades.trades([trades.tick_page(b"[]")], "XXX", feed=None).schema == schema(TRADES)


def test_ticks_without_a_timestamp_are_refused(tradier: Tradier) -> None:
    # Those of 2013 had their time in New York alone; of ticks it is not certain which zone that is.
    with pytest.raises(ValueError, match="a tick without a time"):
        trades.tick_page(timesales(tradier, OLD_TICKS, "tick"))


def test_ticks_out_of_order_are_put_in_order(tradier: Tradier) -> None:
    body = tradier.body(TWO_TICKS).replace(b"1485527480", b"1485527399")
    in_order, turned = (
        trades.tick_page(timesales(tradier, TWO_TICKS, "tick", each)) for each in (tradier.body(TWO_TICKS), body)
    )
    assert turned.get_column("ts").is_sorted()
    assert turned.get_column("price").to_list() == in_order.get_column("price").to_list()[::-1]


# --- expirations ----------------------------------------------------------------------------------------------------


def listed(tradier: Tradier, path: str, body: bytes | None = None) -> list[date]:
    return reference.expirations(tradier.items(path, endpoints.expirations("PLTR"), body=body).items)


def test_expirations_are_dates_in_rising_order(tradier: Tradier) -> None:
    assert listed(tradier, PLTR_DATES) == [
        date(2024, 7, 12),
        date(2024, 7, 19),
        date(2024, 7, 26),
        date(2024, 8, 2),
        date(2024, 8, 9),
        date(2024, 8, 16),
        date(2024, 8, 23),
        date(2024, 9, 20),
        date(2024, 10, 18),
        date(2024, 11, 15),
        date(2024, 12, 20),
        date(2025, 1, 17),
        date(2025, 2, 21),
        date(2025, 3, 21),
        date(2025, 6, 20),
        date(2026, 1, 16),
        date(2026, 6, 18),
        date(2026, 12, 18),
    ]


@pytest.mark.parametrize(
    ("path", "count", "first", "third", "last"),
    [
        # The third is a Thursday: Good Friday follows.
        (PLTR_DATES_MARCH, 18, date(2024, 3, 15), date(2024, 3, 28), date(2026, 1, 16)),
        (TSLA_DATES, 22, date(2024, 1, 12), date(2024, 1, 26), date(2026, 6, 18)),
    ],
)
def test_other_recorded_expirations(
    tradier: Tradier, path: str, count: int, first: date, third: date, last: date
) -> None:
    dates = listed(tradier, path)
    assert (len(dates), dates[0], dates[2], dates[-1]) == (count, first, third, last)
    assert dates == sorted(set(dates))


def test_one_expiration_is_a_bare_text(tradier: Tradier) -> None:
    # reference/tradier.md §3.1: scalars too, by inference.
    assert listed(tradier, PLTR_DATES, b'{"expirations":{"date":"2024-07-12"}}') == [date(2024, 7, 12)]


def test_a_date_of_several_roots_is_one_expiration(tradier: Tradier) -> None:
    # reference/tradier.md §5.4: with several roots a date may repeat.
    body = b'{"expirations":{"date":["2024-07-19","2024-07-12","2024-07-19"]}}'
    assert listed(tradier, PLTR_DATES, body) == [date(2024, 7, 12), date(2024, 7, 19)]


def test_what_has_no_options_has_no_expirations(tradier: Tradier) -> None:
    assert listed(tradier, NO_DATES) == []


@pytest.mark.parametrize(
    "path",
    [
        "recorded/expirations_ZBRA_strikes.json",
        "client/expirations_full_objects.json",
        "legacy2013/expirations_with_strikes.json",
    ],
)
def test_expirations_under_the_other_key_are_refused_and_not_taken_for_none(tradier: Tradier, path: str) -> None:
    # reference/tradier.md §5.4: with strikes, sizes or types the key changes from `date` to `expiration`.
    with pytest.raises(PayloadError, match="/v1/markets/options/expirations holds no date"):
        listed(tradier, path)


@pytest.mark.parametrize("path", [PLTR_DATES, PLTR_DATES_MARCH, TSLA_DATES])
def test_expirations_are_asked_for_without_a_flag_that_would_change_their_key(tradier: Tradier, path: str) -> None:
    where, said = tradier.asked(path)
    request = endpoints.expirations(said["symbol"])
    assert request.path == where
    assert request.params == {"symbol": said["symbol"], "includeAllRoots": "true"}
    assert {said[flag] for flag in ("strikes", "contractSize", "expirationType")} == {"false"}
