"""When windows begin and end: daylight saving, half-days, options that close at 16:15."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.interop.bars import ready
from quantdata.interop.hours import is_equity, timeframe_of
from tests.unit.interop.canonical import (
    AUTUMN,
    HALF_DAY,
    SPRING,
    SPX_WEEKLY,
    THANKSGIVING,
    at,
    bar,
    bars,
    daily,
    intraday,
    starts,
)


@pytest.mark.parametrize("timeframe", ["1m", "5m", "15m", "30m", "1h"])
@pytest.mark.parametrize("days", [AUTUMN, SPRING, THANKSGIVING])
def test_the_timeframe_is_told_from_when_bars_start(timeframe: str, days: tuple[date, ...]) -> None:
    assert timeframe_of(intraday("SPY", timeframe, days), asked=None) == timeframe


@pytest.mark.parametrize("days", [AUTUMN, SPRING, THANKSGIVING])
def test_bars_at_midnight_are_of_days(days: tuple[date, ...]) -> None:
    assert timeframe_of(daily("SPY", days), asked=None) == "1d"


def test_bars_of_mondays_at_midnight_are_of_weeks() -> None:
    mondays = (date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 23))
    assert timeframe_of(daily("SPY", mondays), asked=None) == "1w"
    assert timeframe_of(daily("SPY", mondays[:1]), asked=None) == "1d"
    assert timeframe_of(daily("SPY", mondays[:1]), asked="1w") == "1w"
    assert timeframe_of(daily("SPY", AUTUMN[:1]), asked=None) == "1d"


def test_sparse_minutes_are_still_minutes() -> None:
    sparse = bars(bar("SPY", at(AUTUMN[0], clock), AUTUMN[0], 100.0) for clock in ("09:30", "09:37", "11:00"))
    assert timeframe_of(sparse, asked=None) == "1m"
    assert timeframe_of(sparse.head(1), asked="5m") == "5m"


def test_five_minutes_apart_but_not_by_the_clock_are_minutes() -> None:
    odd = bars(bar("SPY", at(AUTUMN[0], clock), AUTUMN[0], 100.0) for clock in ("09:31", "09:36", "09:41"))
    assert timeframe_of(odd, asked=None) == "1m"


@pytest.mark.parametrize(
    ("frame", "asked", "message"),
    [
        (intraday("SPY", "5m", AUTUMN), "2m", "timeframe must be '1m', '5m'"),
        (intraday("SPY", "5m", AUTUMN), "15m", "timeframe='15m' does not fit when these bars start"),
        (intraday("SPY", "5m", AUTUMN).gather_every(78), None, "no session has two bars"),
        (pl.concat([intraday("SPY", "5m", AUTUMN), daily("QQQ", AUTUMN)]), None, "bars of days and bars within days"),
        (daily("SPY", AUTUMN), "1w", "timeframe='1w' does not fit"),
        (
            bars(bar("SPY", at(AUTUMN[0], clock), AUTUMN[0], 100.0) for clock in ("09:30:10", "09:31")),
            None,
            "no timeframe fits when these bars start",
        ),
    ],
)
def test_what_cannot_be_told_or_does_not_fit_is_refused(frame: pl.DataFrame, asked: str | None, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        timeframe_of(frame, asked=asked)


@pytest.mark.parametrize(
    ("days", "opens", "closes"),
    [(AUTUMN, [13, 13, 14, 14], [20, 20, 21, 21]), (SPRING, [14, 14, 13, 13], [21, 21, 20, 20])],
)
def test_windows_follow_the_clock_in_new_york_through_daylight_saving(
    days: tuple[date, ...], opens: list[int], closes: list[int]
) -> None:
    found = ready(intraday("SPY", "30m", days), timeframe=None, fill=None)
    by_day = found.bars.group_by("session", maintain_order=True).agg(pl.col("ts").first(), pl.col("end").last())
    assert [(moment.hour, moment.minute) for moment in by_day["ts"]] == [(hour, 30) for hour in opens]
    assert [(moment.hour, moment.minute) for moment in by_day["end"]] == [(hour, 0) for hour in closes]
    assert found.facts["no_trade_windows"] == 0


def test_a_half_day_ends_at_one_and_nothing_is_missing_after_it() -> None:
    found = ready(intraday("SPY", "5m", THANKSGIVING), timeframe=None, fill=None)
    assert found.bars.filter(session=HALF_DAY)["end"].max() == at(HALF_DAY, "13:00")
    assert (found.facts["no_trade_windows"], found.facts["missing_sessions"]) == (0, {})


def test_the_last_hour_ends_at_the_close() -> None:
    found = ready(intraday("SPY", "1h", THANKSGIVING), timeframe=None, fill=None)
    last = found.bars.group_by("session", maintain_order=True).agg(pl.col("ts").last(), pl.col("end").last())
    assert last["ts"].to_list() == [at(day, "12:30" if day == HALF_DAY else "15:30") for day in THANKSGIVING]
    assert last["end"].to_list() == [at(day, "13:00" if day == HALF_DAY else "16:00") for day in THANKSGIVING]


def test_hours_by_the_clock_are_known_by_their_starts() -> None:
    days = AUTUMN[:1]
    by_clock = bars(bar("SPY", ts, days[0], 100.0) for ts in starts(days[0], "1h", opens="09:00"))
    found = ready(by_clock, timeframe=None, fill=None)
    assert (found.timeframe, found.facts["no_trade_windows"]) == ("1h", 0)
    assert found.bars["end"].to_list() == [at(days[0], f"{hour}:00") for hour in range(10, 17)]


def test_index_options_end_at_a_quarter_past_four_and_on_their_last_day_at_the_stocks_close() -> None:
    days = THANKSGIVING[:2]
    usual = intraday(SPX_WEEKLY, "15m", days, closes="16:15")
    last = intraday(SPX_WEEKLY, "15m", [HALF_DAY])
    found = ready(pl.concat([usual, last]), timeframe=None, fill=None)
    ends = found.bars.group_by("session", maintain_order=True).agg(pl.col("end").last())["end"].to_list()
    assert ends == [at(days[0], "16:15"), at(days[1], "16:15"), at(HALF_DAY, "13:00")]
    assert found.facts["no_trade_windows"] == 0


def test_options_that_close_late_close_late_on_half_days_too() -> None:
    symbol = "SPY261218C00690000"
    found = ready(intraday(symbol, "15m", [HALF_DAY], closes="13:15"), timeframe=None, fill=None)
    assert found.bars["end"].max() == at(HALF_DAY, "13:15")
    without_last = ready(daily(symbol, THANKSGIVING), timeframe=None, fill=None)
    assert without_last.bars["end"].to_list() == [
        at(day, "13:15" if day == HALF_DAY else "16:15") for day in THANKSGIVING
    ]


def test_a_days_bar_ends_at_the_close_and_a_weeks_at_that_of_its_last_session() -> None:
    days = ready(daily("SPY", THANKSGIVING), timeframe=None, fill=None)
    assert days.bars["end"].to_list() == [at(day, "13:00" if day == HALF_DAY else "16:00") for day in THANKSGIVING]
    weeks = ready(daily("SPY", (date(2026, 11, 16), date(2026, 11, 23))), timeframe=None, fill=None)
    assert weeks.timeframe == "1w"
    assert weeks.bars["end"].to_list() == [at(date(2026, 11, 20), "16:00"), at(HALF_DAY, "13:00")]


def test_bars_outside_regular_hours_have_their_whole_length() -> None:
    early = bars(bar("SPY", at(AUTUMN[0], clock), AUTUMN[0], 100.0) for clock in ("08:00", "08:05", "18:00"))
    found = ready(early, timeframe="5m", fill=None)
    assert found.bars["end"].to_list() == [at(AUTUMN[0], clock) for clock in ("08:05", "08:10", "18:05")]
    assert not found.bars["is_regular"].any()


@pytest.mark.parametrize(
    ("symbol", "expected"), [("SPY", True), ("SPX", False), ("I:COMP", False), (SPX_WEEKLY, False)]
)
def test_stocks_and_funds_are_told_from_indices_and_options(symbol: str, *, expected: bool) -> None:
    assert is_equity(symbol) is expected
