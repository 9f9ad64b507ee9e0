from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from quantdata.analytics import bars_drawing, bars_figure
from quantdata.analytics.technical import with_indicators
from quantdata.errors import ArgumentError
from quantdata.frames.columns import BARS, empty, schema
from tests.unit.analytics.figures.looks import check, known, names, part, said, title

# A Friday in New York, 09:30, and the Monday after.
FRIDAY = datetime(2026, 11, 13, 14, 30, tzinfo=UTC)
MONDAY = datetime(2026, 11, 16, 14, 30, tzinfo=UTC)


def bar(ts: datetime, number: int, **values: Any) -> dict[str, Any]:
    close = 100 + 3 * math.sin(number / 7)
    return {
        "symbol": "SPY",
        "ts": ts,
        "open": close - (0.2 if number % 2 else -0.2),
        "high": close + 0.5,
        "low": close - 0.5,
        "close": close,
        "volume": 1_000.0 + number,
        "session": ts.date(),
        "adjustment": "split",
        "source": "massive",
        "feed": "realtime",
        **values,
    }


def bars_of(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema(BARS), orient="row")


def two_sessions(**values: Any) -> pl.DataFrame:
    starts = [first + timedelta(minutes=5 * number) for first in (FRIDAY, MONDAY) for number in range(30)]
    return bars_of(*(bar(ts, number, **values) for number, ts in enumerate(starts)))


def daily(days: int, step: int = 1, **values: Any) -> pl.DataFrame:
    starts = [datetime(2026, 2, 2, 5, tzinfo=UTC) + timedelta(days=step * number) for number in range(days)]
    return bars_of(*(bar(ts, number, **values) for number, ts in enumerate(starts)))


def test_candles_follow_each_other_without_gaps_over_the_weekend() -> None:
    drawing = bars_drawing(two_sessions())
    check(drawing)
    candles = part(drawing, "candles")
    assert drawing.layout["xaxis"]["type"] == "category"
    assert candles["x"][29:31] == ["Fri 13 Nov 11:55", "Mon 16 Nov 09:30"]
    assert candles["close"].tolist() == two_sessions().get_column("close").to_list()
    assert title(drawing) == ("SPY 5-minute bars", "last bar of 16 Nov 2026 11:55:00 ET · adjusted for splits")


def test_hover_tells_prices_and_source() -> None:
    only = bars_of(bar(FRIDAY, 0, open=1.0, high=2.5, low=0.5, close=None, source=None))
    (told,) = part(bars_drawing(bars_of(*two_sessions().to_dicts(), *only.to_dicts()), last=1), "candles")["hovertext"]
    assert told.startswith("<b>")
    empty_close = part(bars_drawing(two_sessions().vstack(only).tail(31)), "candles")["hovertext"]
    assert "<b>not known</b> close<br>open 1.0, high 2.5, low 0.5<br>source unknown" in empty_close
    assert any(text.endswith("<br>massive") for text in empty_close)


def test_rising_candles_are_hollow_and_falling_ones_full() -> None:
    candles = part(bars_drawing(two_sessions()), "candles")
    assert candles["increasing"]["fillcolor"] == "rgba(0,0,0,0)"
    assert candles["decreasing"]["fillcolor"] == candles["decreasing"]["line"]["color"]
    colours = part(bars_drawing(two_sessions()), "volume")["marker"]["color"]
    # The first bar falls, the second rises.
    assert colours[:2] == [candles["decreasing"]["fillcolor"], "rgba(0,0,0,0)"]


def test_indicators_are_those_of_all_bars_though_the_last_are_drawn() -> None:
    bars = two_sessions()
    drawing = bars_drawing(bars, last=10, indicators=["vwap", "ema_21", "bollinger", "rsi"])
    expected = with_indicators(bars).tail(10)
    for meta, column in (("ema_21", "ema_21"), ("bb_upper", "bb_upper"), ("rsi_14", "rsi_14"), ("vwap", "vwap")):
        assert part(drawing, meta)["y"].tolist() == expected.get_column(column).to_list(), meta
    assert title(drawing)[1].endswith("the last 10 of 60")


def test_no_line_leads_from_one_session_s_average_to_the_next() -> None:
    vwap = part(bars_drawing(two_sessions()), "vwap")["y"]
    assert np.flatnonzero(np.isnan(vwap)).tolist() == [30]


def test_what_is_not_settled_yet_is_not_drawn() -> None:
    drawing = bars_drawing(two_sessions(), indicators=["ema_21", "ema_200"])
    assert "ema_200" not in names(drawing)
    assert known(part(drawing, "ema_21")["y"]) == 40


def test_volume_and_oscillators_have_panels_below_the_prices() -> None:
    drawing = bars_drawing(two_sessions(), indicators=["rsi", "macd"])
    check(drawing)
    assert {trace["meta"]: trace.get("yaxis", "y") for trace in drawing.traces} == {
        "candles": "y",
        "volume": "y2",
        "rsi_14": "y3",
        "macd_histogram": "y4",
        "macd": "y4",
        "macd_signal": "y4",
    }
    domains = [drawing.layout[f"yaxis{number}"]["domain"] for number in ("", 2, 3, 4)]
    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))
    assert all(0.0 <= low < high <= 1.0 for low, high in domains)
    assert drawing.layout["xaxis"]["anchor"] == "y4"
    # One box tells of all panels.
    assert (drawing.layout["hovermode"], drawing.layout["hoversubplots"]) == ("x unified", "axis")


def test_an_index_has_neither_volume_nor_vwap() -> None:
    drawing = bars_drawing(two_sessions(volume=None), indicators=["vwap"])
    check(drawing)
    assert names(drawing) == ["candles"]
    assert drawing.layout["yaxis"]["title"]["text"] == "points"
    assert drawing.layout["yaxis"]["domain"] == [0, 1]


@pytest.mark.parametrize(
    ("bars", "words"),
    [
        (daily(60), "SPY daily bars"),
        (daily(30, step=7), "SPY weekly bars"),
        (daily(1), "SPY bars"),
        (two_sessions(), "SPY 5-minute bars"),
    ],
)
def test_the_title_tells_the_timeframe(bars: pl.DataFrame, words: str) -> None:
    assert title(bars_drawing(bars))[0] == words


def test_days_are_named_without_a_time() -> None:
    bars = daily(3, session=date(2026, 2, 2)).with_columns(session=pl.col("ts").dt.date())
    drawing = bars_drawing(bars)
    assert part(drawing, "candles")["x"] == ["2 Feb 2026", "3 Feb 2026", "4 Feb 2026"]
    assert "last bar of 4 Feb 2026 · adjusted" in title(drawing)[1]


def test_one_bar_is_a_candle() -> None:
    drawing = bars_drawing(two_sessions().head(1), indicators=["vwap", "ema_8", "bollinger", "rsi", "macd"])
    check(drawing)
    assert known(part(drawing, "candles")["close"]) == 1


def test_a_bar_without_prices_is_a_gap() -> None:
    hole = bar(MONDAY, 5, open=None, high=None, low=None, close=None, volume=None)
    drawing = bars_drawing(bars_of(*two_sessions().head(30).to_dicts(), hole))
    assert known(part(drawing, "candles")["close"]) == 30
    assert known(part(drawing, "volume")["y"]) == 30


@pytest.mark.parametrize(
    ("bars", "count"),
    [(empty(BARS), 0), (bars_of(bar(FRIDAY, 0, open=None, high=None, low=None, close=None)), 1)],
)
def test_what_cannot_be_drawn_is_said(bars: pl.DataFrame, count: int) -> None:
    assert said(bars_drawing(bars)) == f"No prices in {count} bars"


def test_simulated_bars_say_so() -> None:
    assert title(bars_drawing(two_sessions(feed="simulated")))[1].startswith("<b>SIMULATED</b> · ")


def test_other_frames_several_symbols_and_unknown_indicators_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"bars_figure\(\) needs bars; this frame lacks session, feed$"):
        bars_figure(empty(BARS).drop("session", "feed"))
    with pytest.raises(ArgumentError, match="indicators are of one symbol's bars; these are of SPY, QQQ"):
        bars_figure(bars_of(bar(FRIDAY, 0), bar(FRIDAY, 1, symbol="QQQ")))
    with pytest.raises(ArgumentError, match=r"an indicator must be one of vwap, .*, not 'ichimoku'"):
        bars_figure(two_sessions(), indicators=["ichimoku"])
