"""What indicators are asked for, and the bars that they take."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from quantdata.analytics.technical import SETTLING_BARS
from quantdata.clients.indicator_query import IndicatorQuery, timeframe_names
from quantdata.errors import ArgumentError, SymbolError
from quantdata.sessions import FIRST_DAY, session_day, sessions

NOW = datetime(2026, 11, 18, 16, tzinfo=UTC)  # 11:00 on a Wednesday


def first_day(timeframe: str, lookback: int, now: datetime = NOW) -> str:
    query = IndicatorQuery.of("SPY", timeframe, lookback=lookback).bars(now)
    assert query.end == now
    assert (query.adjustment, query.session) == ("split", "regular")
    return session_day(query.start).isoformat()


@pytest.mark.parametrize(
    ("timeframe", "minutes", "day"),
    # 1,000 bars: 390 minutes a session; the one under way is not counted.
    [("1m", 1, "2026-11-13"), ("5m", 5, "2026-10-30"), ("30m", 30, "2026-07-31")],
)
def test_enough_sessions_are_read(timeframe: str, minutes: int, day: str) -> None:
    assert first_day(timeframe, 200) == day
    read = sessions(datetime.fromisoformat(day).date(), NOW.date())[:-1]
    bars = [(each.close - each.open).total_seconds() / 60 / minutes for each in read]
    assert sum(bars) >= 200 + SETTLING_BARS > sum(bars[1:])


def test_half_days_and_short_hours_count_as_what_they_are() -> None:
    # 800 + 1 hours of 7 a session, 4 on a half-day (three of them in between): the last hour is half of one.
    read = sessions(datetime.fromisoformat(first_day("1h", 1)).date(), NOW.date())[:-1]
    bars = [4 if each.is_half_day else 7 for each in read]
    assert sum(bars) >= 801 > sum(bars[1:])


def test_days_and_weeks_are_bars_themselves() -> None:
    day = datetime.fromisoformat(first_day("1d", 200)).date()
    assert len(sessions(day, NOW.date())) == 1001
    assert first_day("1w", 200) == "2007-09-19"


def test_the_session_table_is_the_end_of_history() -> None:
    assert first_day("1w", 5_000) == first_day("1d", 5_000, datetime(2012, 1, 4, tzinfo=UTC)) == str(FIRST_DAY)


@pytest.mark.parametrize(
    ("ticker", "symbol", "adjustment"),
    [("spx", "SPX", "raw"), ("I:SPX", "SPX", "raw"), ("I:XYZQ", "I:XYZQ", "raw"), ("brk/b", "BRK.B", "split")],
)
def test_anything_with_bars_has_indicators(ticker: str, symbol: str, adjustment: str) -> None:
    query = IndicatorQuery.of(ticker, "1d")
    assert query.key == ("indicators", symbol, "1d", 200)
    assert query.bars(NOW).adjustment == adjustment


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"timeframe": "7m"}, "timeframe must be '1m', '5m', '15m', '30m', '1h', '1d', '1w', not '7m'"),
        ({"timeframe": None}, "timeframe must be .*, not None"),
        ({"timeframe": ["1d"]}, "timeframe must be"),
        ({"lookback": 0}, "lookback must be at least 1, not 0"),
        ({"lookback": 1.5}, "lookback must be a whole number, not 1.5"),
        ({"lookback": True}, "lookback must be a whole number"),
        ({"lookback": None}, "lookback must be a whole number, not None"),
        ({"lookback": 5_001}, r"lookback must be at most 5,000 rows, not 5,001: for more, get bars\(\)"),
    ],
)
def test_what_cannot_be_read_is_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        IndicatorQuery.of("SPX", **{"timeframe": "1d"} | arguments)


@pytest.mark.parametrize("ticker", [None, 5, ["SPX"], "", "SPX;x", "TOOLONG"])
def test_what_is_no_symbol_is_refused(ticker: Any) -> None:
    with pytest.raises(SymbolError):
        IndicatorQuery.of(ticker, "1d")


def test_timeframes_are_one_or_several() -> None:
    assert timeframe_names("1d") == ("1d",)
    assert timeframe_names(["5m", "1d", "5m"]) == ("5m", "1d")
    for wrong, said in [([], "timeframes is empty"), (["1d", "2d"], "not '2d'"), (5, "must be text"), ("", "not ''")]:
        with pytest.raises(ArgumentError, match=said):
            timeframe_names(wrong)
