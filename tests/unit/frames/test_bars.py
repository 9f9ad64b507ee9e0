"""Bars of any vendor: sessions, coarser from finer, adjustment by numbers worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.bars import (
    TIMEFRAMES,
    dividend_factors,
    finish,
    given_by,
    on_midnight,
    regular_hours,
    resample,
    total_return,
    with_session,
)
from quantdata.frames.columns import BARS, empty, schema

FOUND = {
    "ts": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("open", "high", "low", "close", "volume", "vwap"), pl.Float64()),
    "trades": pl.Int64(),
}
SPLITS = pl.Schema({"execution_date": pl.Date(), "ratio": pl.Float64()})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def found(*rows: tuple[object, ...]) -> pl.DataFrame:
    """Return bars as a vendor's page gives them, with their sessions and their source."""
    return given_by(with_session(pl.DataFrame(rows, schema=FOUND, orient="row")), "massive", None)


def at(*moments: str) -> pl.DataFrame:
    """Return bars at these moments (UTC), all of one price."""
    return found(*((utc(moment), 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1) for moment in moments))


# --- sessions -------------------------------------------------------------------------------------------------------


def test_the_session_of_a_bar_is_its_new_york_date() -> None:
    # 20:00 and midnight in New York, in summer and in winter.
    bars = at("2025-07-02 00:00", "2025-07-02 04:00", "2025-01-03 04:59", "2025-01-03 05:00")
    assert bars.get_column("session").to_list() == [
        date(2025, 7, 1),
        date(2025, 7, 2),
        date(2025, 1, 2),
        date(2025, 1, 3),
    ]


def test_daily_bars_are_put_on_midnight_new_york() -> None:
    bars = on_midnight(at("2025-01-03 06:00", "2025-07-02 05:00", "2025-07-03 04:00"))
    assert bars.get_column("ts").to_list() == [
        utc("2025-01-03 05:00"),
        utc("2025-07-02 04:00"),
        utc("2025-07-03 04:00"),
    ]


def test_regular_hours_run_from_half_past_nine_to_before_four() -> None:
    bars = at("2025-07-01 13:29", "2025-07-01 13:30", "2025-07-01 19:59", "2025-07-01 20:00", "2025-07-02 00:00")
    assert regular_hours(bars).get_column("ts").to_list() == [utc("2025-07-01 13:30"), utc("2025-07-01 19:59")]


def test_regular_hours_follow_the_clock_change() -> None:
    bars = at("2025-03-07 14:30", "2025-03-07 20:59", "2025-03-10 13:30", "2025-03-10 20:00")
    assert regular_hours(bars).get_column("ts").to_list() == [
        utc("2025-03-07 14:30"),
        utc("2025-03-07 20:59"),
        utc("2025-03-10 13:30"),
    ]


def test_a_half_day_ends_at_one() -> None:
    # The day after Thanksgiving: 13:00 in New York is 18:00 UTC.
    bars = at("2025-11-28 14:30", "2025-11-28 17:59", "2025-11-28 18:00", "2025-11-28 20:00")
    assert regular_hours(bars).get_column("ts").to_list() == [utc("2025-11-28 14:30"), utc("2025-11-28 17:59")]


def test_nothing_is_regular_on_a_day_off() -> None:
    bars = at("2025-07-04 15:00", "2025-07-05 15:00", "2025-07-07 15:00")  # Independence Day, a Saturday, a Monday
    assert regular_hours(bars).get_column("session").to_list() == [date(2025, 7, 7)]


def test_an_option_that_trades_longer_keeps_its_last_quarter_hour() -> None:
    bars = at("2025-07-01 20:00", "2025-07-01 20:14", "2025-07-01 20:15", "2025-11-28 18:14", "2025-11-28 18:15")
    kept = regular_hours(bars, close_after=timedelta(minutes=15))
    assert kept.get_column("ts").to_list() == [
        utc("2025-07-01 20:00"),
        utc("2025-07-01 20:14"),
        utc("2025-11-28 18:14"),
    ]


def test_regular_hours_change_no_column_and_take_no_bars_at_all() -> None:
    bars = at("2025-07-01 13:30")
    assert_frame_equal(regular_hours(bars), bars)
    assert_frame_equal(regular_hours(found()), found())


# --- coarser bars ---------------------------------------------------------------------------------------------------


def test_an_hour_is_two_halves_from_the_open_on() -> None:
    halves = found(
        (utc("2025-07-01 13:30"), 10.0, 12.0, 9.0, 11.0, 100.0, 10.0, 5),
        (utc("2025-07-01 14:00"), 11.0, 15.0, 10.5, 14.0, 300.0, 14.0, 7),
        (utc("2025-07-01 14:30"), 14.0, 14.5, 13.0, 13.5, 50.0, 14.0, 2),
        (
            utc("2025-07-01 19:30"),
            13.0,
            13.0,
            12.0,
            12.5,
            10.0,
            12.5,
            1,
        ),  # nothing traded between; half an hour
    )
    hours = found(
        (utc("2025-07-01 13:30"), 10.0, 15.0, 9.0, 14.0, 400.0, 13.0, 12),  # (100 * 10 + 300 * 14) / 400
        (utc("2025-07-01 14:30"), 14.0, 14.5, 13.0, 13.5, 50.0, 14.0, 2),
        (utc("2025-07-01 19:30"), 13.0, 13.0, 12.0, 12.5, 10.0, 12.5, 1),
    )
    assert_frame_equal(resample(halves, "1h"), hours, check_column_order=False)


def test_the_hours_of_two_sessions_do_not_mix() -> None:
    hours = resample(at("2025-07-01 19:30", "2025-07-02 13:30", "2025-07-02 14:00"), "1h")
    assert hours.select("ts", "session", "trades").rows() == [
        (utc("2025-07-01 19:30"), date(2025, 7, 1), 1),
        (utc("2025-07-02 13:30"), date(2025, 7, 2), 2),
    ]


def test_a_week_starts_on_monday_even_if_that_is_a_holiday() -> None:
    days = found(
        (utc("2025-08-29 04:00"), 9.0, 9.5, 8.5, 9.0, 10.0, 9.0, 1),
        (utc("2025-09-02 04:00"), 10.0, 11.0, 9.0, 10.5, 100.0, 10.0, 3),  # Tuesday after Labor Day
        (utc("2025-09-03 04:00"), 10.5, 13.0, 10.0, 12.0, 300.0, 12.0, 4),
        (utc("2025-09-05 04:00"), 12.0, 12.5, 8.0, 8.5, 100.0, 9.0, 5),
    )
    expected = pl.DataFrame(
        [
            (utc("2025-08-25 04:00"), 9.0, 9.5, 8.5, 9.0, 10.0, 9.0, 1, date(2025, 8, 29)),
            (utc("2025-09-01 04:00"), 10.0, 13.0, 8.0, 8.5, 500.0, 11.0, 12, date(2025, 9, 2)),
        ],
        schema={**FOUND, "session": pl.Date},
        orient="row",
    )
    assert_frame_equal(resample(days, "1w"), given_by(expected, "massive", None), check_column_order=False)


@pytest.mark.parametrize(("timeframe", "second"), [("1h", "2025-07-01 14:00"), ("1w", "2025-07-02 04:00")])
def test_a_coarser_bar_of_two_vendors_has_no_source_and_the_worse_feed(timeframe: str, second: str) -> None:
    first = given_by(at("2025-07-01 13:30"), "massive", "realtime")
    same, other = (given_by(at(second), vendor, "delayed") for vendor in ("massive", "tradier"))
    for bars, source in ((same, "massive"), (other, None)):
        built = resample(pl.concat([first, bars]), timeframe)
        assert built.select("source", "feed", "trades").rows() == [(source, "delayed", 2)]


def test_the_week_of_the_clock_change_starts_at_winter_midnight() -> None:
    days = found((utc("2025-03-07 05:00"), 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1), (utc("2025-03-10 04:00"), *[2.0] * 6, 2))
    assert resample(days, "1w").get_column("ts").to_list() == [utc("2025-03-03 05:00"), utc("2025-03-10 04:00")]


@pytest.mark.parametrize(("timeframe", "ts"), [("1h", "2025-07-01 13:30"), ("1w", "2025-06-30 04:00")])
def test_coarser_bars_of_an_index_have_no_volume(timeframe: str, ts: str) -> None:
    bars = found(
        (utc("2025-07-01 13:30"), 10.0, 12.0, 9.0, 11.0, None, None, None),
        (utc("2025-07-01 14:00"), 11.0, 15.0, 10.0, 14.0, None, None, None),
    )
    built = resample(bars, timeframe)
    assert built.select("ts", "open", "high", "low", "close", "volume", "vwap", "trades").rows() == [
        (utc(ts), 10.0, 15.0, 9.0, 14.0, None, None, None)
    ]


def test_bars_without_a_trade_weigh_nothing() -> None:
    bars = found(
        (utc("2025-07-01 13:30"), 10.0, 10.0, 10.0, 10.0, 0.0, None, 0),
        (utc("2025-07-01 14:00"), 10.0, 12.0, 10.0, 12.0, 5.0, 11.0, 1),
        (utc("2025-07-01 14:30"), 12.0, 12.0, 12.0, 12.0, 0.0, None, 0),
    )
    assert resample(bars, "1h").select("volume", "vwap").rows() == [(5.0, 11.0), (0.0, None)]


@pytest.mark.parametrize("timeframe", ["1h", "1w"])
def test_nothing_resamples_to_nothing(timeframe: str) -> None:
    built = resample(found(), timeframe)
    assert built.is_empty()
    assert dict(built.schema) == dict(found().schema)


# --- adjustment -----------------------------------------------------------------------------------------------------


def dividends(*rows: tuple[date, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"ex_date": pl.Date, "amount": pl.Float64}, orient="row")


def splits(*rows: tuple[date, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SPLITS, orient="row")


def closes(*rows: tuple[date, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"session": pl.Date, "close": pl.Float64}, orient="row")


def test_a_dividend_takes_its_share_of_the_close_before_it() -> None:
    factors = dividend_factors(
        dividends((date(2025, 7, 7), 2.0)),
        splits=splits(),
        closes=closes((date(2025, 7, 2), 50.0), (date(2025, 7, 3), 100.0), (date(2025, 7, 7), 99.0)),
    )
    # Friday the 4th is a holiday: Thursday's close counts, not that of the day itself.
    assert factors.rows() == [(date(2025, 7, 7), pytest.approx(0.98))]


def test_factors_hold_all_later_dividends() -> None:
    factors = dividend_factors(
        dividends((date(2025, 9, 10), 5.0), (date(2025, 3, 10), 10.0)),
        splits=splits(),
        closes=closes((date(2025, 3, 7), 100.0), (date(2025, 9, 9), 50.0)),
    )
    assert factors.rows() == [
        (date(2025, 3, 10), pytest.approx(0.9 * 0.9)),
        (date(2025, 9, 10), pytest.approx(0.9)),
    ]


def test_a_dividend_before_a_split_is_counted_in_todays_shares() -> None:
    # $4 on the old share are $1 on each of the four new ones, whose close before was 50 as adjusted for the split.
    # The dividend after the split is in today's shares already, and one on the day of the split is too.
    factors = dividend_factors(
        dividends((date(2025, 3, 10), 4.0), (date(2025, 6, 10), 1.0), (date(2025, 9, 10), 1.0)),
        splits=splits((date(2025, 6, 10), 4.0)),
        closes=closes((date(2025, 3, 7), 50.0), (date(2025, 6, 9), 40.0), (date(2025, 9, 9), 20.0)),
    )
    assert factors.get_column("factor").to_list() == pytest.approx([0.98 * 0.975 * 0.95, 0.975 * 0.95, 0.95], rel=1e-12)


def test_several_splits_multiply_in_whatever_order_they_come() -> None:
    factors = dividend_factors(
        dividends((date(2020, 1, 10), 6.0)),
        splits=splits((date(2025, 6, 10), 0.5), (date(2022, 6, 10), 4.0), (date(2019, 6, 10), 7.0)),
        closes=closes((date(2020, 1, 9), 30.0)),
    )
    # 4 * 0.5 = 2 of today's shares for one: $3 each. The split of 2019 came before.
    assert factors.rows() == [(date(2020, 1, 10), pytest.approx(0.9))]


def test_a_dividend_without_a_close_before_it_is_left_out() -> None:
    factors = dividend_factors(
        dividends((date(2025, 3, 10), 1.0), (date(2025, 9, 10), 1.0)),
        splits=splits(),
        closes=closes((date(2025, 3, 10), 100.0)),
    )
    assert factors.rows() == [(date(2025, 9, 10), pytest.approx(0.99))]


def test_two_dividends_of_one_day_both_count() -> None:
    day = date(2025, 9, 10)
    factors = dividend_factors(
        dividends((day, 10.0), (day, 20.0)), splits=splits(), closes=closes((date(2025, 9, 9), 100.0))
    )
    bars = total_return(found((utc("2025-09-09 04:00"), *[100.0] * 4, 7.0, 100.0, 3)), factors)
    assert bars.item(0, "close") == pytest.approx(100 - 10 - 20)


def test_total_return_scales_prices_before_each_dividend_and_nothing_else() -> None:
    factors = pl.DataFrame({"ex_date": [date(2025, 3, 10), date(2025, 9, 10)], "factor": [0.81, 0.9]})
    bars = found(
        (utc("2025-03-07 05:00"), 100.0, 120.0, 90.0, 110.0, 1_000.0, 105.0, 10),
        (utc("2025-03-10 04:00"), 100.0, 120.0, 90.0, 110.0, 1_000.0, 105.0, 10),
        (utc("2025-09-09 04:00"), 100.0, 120.0, 90.0, 110.0, 1_000.0, None, 10),
        (utc("2025-09-10 04:00"), 100.0, 120.0, 90.0, 110.0, 1_000.0, 105.0, 10),
    )
    expected = found(
        (utc("2025-03-07 05:00"), 81.0, 97.2, 72.9, 89.1, 1_000.0, 85.05, 10),
        (utc("2025-03-10 04:00"), 90.0, 108.0, 81.0, 99.0, 1_000.0, 94.5, 10),
        (utc("2025-09-09 04:00"), 90.0, 108.0, 81.0, 99.0, 1_000.0, None, 10),
        (utc("2025-09-10 04:00"), 100.0, 120.0, 90.0, 110.0, 1_000.0, 105.0, 10),
    )
    assert_frame_equal(total_return(bars, factors), expected)


def test_returns_over_a_dividend_and_a_split_are_those_of_a_holder() -> None:
    # $4 on the old share and $1 on each of the four new ones are $1 a share of today both times, and each time the
    # price falls by just that. Reinvested on the ex-day at 49, a share becomes 1 + 1/49 shares.
    factors = dividend_factors(
        dividends((date(2025, 3, 10), 4.0), (date(2025, 9, 10), 1.0)),
        splits=splits((date(2025, 6, 10), 4.0)),
        closes=closes((date(2025, 3, 7), 50.0), (date(2025, 9, 9), 50.0)),
    )
    bars = found(
        (utc("2025-03-07 05:00"), *[50.0] * 4, 1.0, 50.0, 1),
        (utc("2025-03-10 04:00"), *[49.0] * 4, 1.0, 49.0, 1),
        (utc("2025-09-09 04:00"), *[50.0] * 4, 1.0, 50.0, 1),
        (utc("2025-09-10 04:00"), *[49.0] * 4, 1.0, 49.0, 1),
    )
    total = total_return(bars, factors).get_column("close")
    growth = (1 + 1 / 49) * (1 + 1 / 49) * 49 / 50
    assert total[-1] / total[0] == pytest.approx(growth)
    assert total[1] / total[0] == pytest.approx(1.0)
    assert total[3] / total[2] == pytest.approx(1.0)


def test_without_dividends_nothing_changes() -> None:
    factors = dividend_factors(dividends(), splits=splits(), closes=closes())
    bars = at("2025-03-07 05:00")
    assert_frame_equal(total_return(bars, factors), bars)


# --- canonical ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("feed", ["delayed", None])
def test_finished_bars_are_canonical_and_oldest_first(feed: str | None) -> None:
    found_bars = at("2025-07-02 04:00", "2025-07-01 04:00")
    bars = finish(given_by(found_bars, "massive", feed), symbol="SPY", adjustment="split")
    assert bars.schema == schema(BARS)
    assert bars.select("symbol", "ts", "adjustment", "source", "feed").rows() == [
        ("SPY", utc("2025-07-01 04:00"), "split", "massive", feed),
        ("SPY", utc("2025-07-02 04:00"), "split", "massive", feed),
    ]


def test_no_bars_have_the_schema_of_some() -> None:
    assert_frame_equal(finish(found(), symbol="SPY", adjustment="raw"), empty(BARS))


@pytest.mark.parametrize("name", ["1m", "5m", "15m", "30m", "1h", "1d", "1w"])
def test_a_timeframe_knows_whether_several_of_it_make_a_session(name: str) -> None:
    assert TIMEFRAMES[name].is_intraday is (name not in {"1d", "1w"})


def test_a_timeframe_knows_how_long_it_is() -> None:
    minutes = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "1d": 24 * 60, "1w": 7 * 24 * 60}
    assert {name: each.length for name, each in TIMEFRAMES.items()} == {
        name: timedelta(minutes=count) for name, count in minutes.items()
    }
