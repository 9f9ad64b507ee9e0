"""Indicators of bars: literal values by hand, and what is null when it cannot be known."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.analytics.technical import INDICATORS, SETTLING_BARS, indicator_columns, with_indicators
from quantdata.errors import ArgumentError
from quantdata.frames.columns import BARS, empty

if TYPE_CHECKING:
    from collections.abc import Sequence

OPEN = datetime(2026, 11, 17, 14, 30, tzinfo=UTC)
DAY = datetime(2026, 11, 2, 5, tzinfo=UTC)


def minutes(closes: Sequence[float | None], *, start: datetime = OPEN, **columns: Any) -> pl.DataFrame:
    """Return minute bars a dollar wide around their closes."""
    ts = [start + timedelta(minutes=number) for number in range(len(closes))]
    bars = pl.DataFrame({"ts": ts, "close": closes}, schema_overrides={"close": pl.Float64})
    return bars.with_columns(high=pl.col("close") + 0.5, low=pl.col("close") - 0.5, **columns)


def days(closes: Sequence[float], **columns: Any) -> pl.DataFrame:
    """Return daily bars, a dollar wide, of consecutive days."""
    ts = [DAY + timedelta(days=number) for number in range(len(closes))]
    return minutes(closes, **columns).with_columns(ts=pl.Series(ts))


def waves(bars: int) -> list[float]:
    """Return closes that rise and fall."""
    return [100 + 3 * math.sin(number / 7) + number / 100 for number in range(bars)]


def test_the_columns_are_these_in_this_order() -> None:
    assert " ".join(INDICATORS) == (
        "ema_8 ema_21 ema_50 ema_200 rsi_14 macd macd_signal macd_histogram atr_14 bb_upper bb_middle bb_lower vwap "
        "adx_14 pivot r1 r2 r3 s1 s2 s3"
    )


@pytest.mark.parametrize("rows", [0, 1, 7, 19, 33])
def test_short_histories_have_rows_and_null_before_their_windows_are_full(rows: int) -> None:
    found = indicator_columns(minutes(waves(rows)))
    assert found.columns == ["ts", *INDICATORS]
    assert all(dtype == pl.Float64 for dtype in found.drop("ts").dtypes)
    assert found.height == rows
    assert found.get_column("ema_200").null_count() == rows
    assert found.get_column("pivot").null_count() == rows
    assert found.drop_nulls("ema_8").height == max(0, rows - 7)


def test_an_empty_frame_of_bars_will_do() -> None:
    assert indicator_columns(empty(BARS)).columns == ["ts", *INDICATORS]
    assert with_indicators(empty(BARS)).is_empty()


def test_averages_begin_with_the_mean_of_their_first_window() -> None:
    found = indicator_columns(minutes([float(number) for number in range(1, 11)])).get_column("ema_8").to_list()
    assert found == [*[None] * 7, 4.5, pytest.approx(4.5 + 2 / 9 * 4.5), pytest.approx(6.5)]


def test_an_average_of_200_has_settled_after_the_bars_that_are_read_before() -> None:
    # The worst start: a jump of 100 % just after the first window.
    closes = [100.0] * 200 + [200.0] * (SETTLING_BARS - 200)
    last = indicator_columns(minutes(closes)).get_column("ema_200")[-1]
    assert last == pytest.approx(200, rel=0.00125)


def test_strength_is_of_the_rises() -> None:
    up = indicator_columns(minutes([float(number) for number in range(30)])).get_column("rsi_14")
    down = indicator_columns(minutes([30.0 - number for number in range(30)])).get_column("rsi_14")
    assert up.to_list()[13:15] == [None, 100.0]
    assert down[-1] == 0.0
    both = indicator_columns(minutes([10.0, *[11.0, 10.0] * 7])).get_column("rsi_14")
    assert both[-1] == 50.0


def test_closes_that_never_moved_have_no_strength() -> None:
    assert indicator_columns(minutes([10.0] * 30)).get_column("rsi_14").null_count() == 30
    moved = indicator_columns(minutes([10.0] * 30 + [11.0])).get_column("rsi_14")
    assert moved.to_list()[29:] == [None, 100.0]


def test_macd_is_the_difference_of_two_averages() -> None:
    found = indicator_columns(minutes(waves(400))).row(-1, named=True)
    closes = pl.Series(waves(400))
    fast, slow = (closes.ewm_mean(span=span, adjust=False)[-1] for span in (12, 26))
    assert found["macd"] == pytest.approx(fast - slow, rel=1e-6)
    assert found["macd_histogram"] == pytest.approx(found["macd"] - found["macd_signal"])


def test_bands_are_two_population_deviations_wide() -> None:
    closes = waves(20)
    found = indicator_columns(minutes(closes)).row(-1, named=True)
    mean, deviation = pl.Series(closes).mean(), pl.Series(closes).std(ddof=0)
    assert isinstance(mean, float)
    assert isinstance(deviation, float)
    assert found["bb_middle"] == pytest.approx(mean)
    assert found["bb_upper"] == pytest.approx(mean + 2 * deviation)
    assert found["bb_lower"] == pytest.approx(mean - 2 * deviation)


def test_ranges_of_bars_a_dollar_wide_average_a_dollar() -> None:
    found = indicator_columns(minutes([10.0] * 30)).get_column("atr_14").to_list()
    assert found[13:15] == [None, 1.0]
    trend = indicator_columns(minutes([float(number) for number in range(60)])).get_column("adx_14").to_list()
    assert trend[26:28] == [None, pytest.approx(100)]


def test_vwap_runs_over_the_session_and_begins_anew() -> None:
    first = minutes([10.0, 20.0], volume=pl.Series([1.0, 3.0]), vwap=pl.Series([11.0, 19.0]))
    second = minutes([30.0], start=OPEN + timedelta(days=1), volume=pl.lit(5.0), vwap=pl.lit(None, pl.Float64))
    found = indicator_columns(pl.concat([first, second])).get_column("vwap").to_list()
    # The bar without a vwap of its own counts with its typical price.
    assert found == [11.0, (11 + 57) / 4, 30.0]


def test_an_index_has_no_vwap() -> None:
    assert indicator_columns(minutes(waves(5))).get_column("vwap").null_count() == 5
    nothing = minutes(waves(3), volume=pl.lit(0.0), vwap=pl.lit(None, pl.Float64))
    assert indicator_columns(nothing).get_column("vwap").null_count() == 3


def test_daily_bars_keep_their_own_vwap() -> None:
    found = indicator_columns(days([10.0, 20.0], volume=pl.lit(5.0), vwap=pl.Series([10.1, 20.1])))
    assert found.get_column("vwap").to_list() == [10.1, 20.1]
    assert indicator_columns(days([10.0], volume=pl.lit(5.0))).get_column("vwap").to_list() == [None]


PIVOTS = {"pivot": 10.0, "r1": 10.5, "r2": 11.0, "r3": 11.5, "s1": 9.5, "s2": 9.0, "s3": 8.5}


def test_pivots_of_a_day_are_those_of_the_day_before() -> None:
    first, second, _ = indicator_columns(days([10.0, 20.0, 30.0])).select(*PIVOTS).iter_rows(named=True)
    assert set(first.values()) == {None}
    # High 10.5, low 9.5, close 10.
    assert second == {name: pytest.approx(value) for name, value in PIVOTS.items()}


def test_pivots_in_a_session_are_those_of_the_session_before() -> None:
    bars = pl.concat([minutes([9.9, 10.1, 10.0]), minutes([50.0, 51.0], start=OPEN + timedelta(days=1))])
    found = indicator_columns(bars).select("pivot", "r1", "s3")
    assert found.head(3).null_count().row(0) == (3, 3, 3)
    # High 10.6, low 9.4, close 10.
    for row in found.tail(2).iter_rows():
        assert row == pytest.approx((10.0, 10.6, 9.4 - 1.2))


@pytest.mark.parametrize("hole", [None, math.nan, math.inf, -math.inf])
def test_a_bar_without_a_close_is_left_out_and_the_others_go_on(hole: float | None) -> None:
    closes: list[float | None] = list(waves(60))
    without = indicator_columns(minutes([*closes[:30], *closes[31:]]))
    found = indicator_columns(minutes([*closes[:30], hole, *closes[31:]]))
    assert set(found.drop("ts").row(30)) == {None}
    for name in ("ema_8", "rsi_14", "macd", "bb_upper", "atr_14", "adx_14"):
        values = found.get_column(name).to_list()
        assert [*values[:30], *values[31:]] == without.get_column(name).to_list(), name


def test_nothing_is_ever_nan_or_infinite() -> None:
    closes: list[float | None] = [math.nan if number % 11 == 0 else value for number, value in enumerate(waves(300))]
    bars = minutes(closes, volume=pl.lit(math.nan), vwap=pl.lit(math.inf))
    for each in (bars, bars.with_columns(close=pl.lit(math.nan)), bars.with_columns(high=pl.lit(None, pl.Float64))):
        found = indicator_columns(each).drop("ts")
        assert found.select(pl.all().is_finite().fill_null(value=True).all()).row(0) == (True,) * len(INDICATORS)


def test_bars_come_out_oldest_first_and_as_they_were() -> None:
    bars = minutes(waves(50), vwap=pl.lit(1.0), volume=pl.lit(2.0))
    kept = bars.clone()
    found = with_indicators(bars.sample(fraction=1.0, shuffle=True, seed=1))
    assert found.get_column("ts").is_sorted()
    assert found.columns == ["ts", "close", "high", "low", "volume", *INDICATORS]
    assert found.select("ts", "ema_8").equals(indicator_columns(bars).select("ts", "ema_8"))
    assert bars.equals(kept)


def test_whole_numbers_are_prices_too() -> None:
    whole = minutes([float(number) for number in range(9)]).with_columns(pl.col("close").cast(pl.Int64))
    assert indicator_columns(whole).get_column("ema_8")[-1] == 4.5


def test_other_frames_are_refused() -> None:
    with pytest.raises(ArgumentError, match="need the columns ts, high, low, close; missing: high, low"):
        indicator_columns(pl.DataFrame({"ts": [OPEN], "close": [1.0]}))
    two = minutes([1.0, 2.0], symbol=pl.Series(["SPY", "QQQ"]))
    with pytest.raises(ArgumentError, match=r"of one symbol's bars; these are of SPY, QQQ"):
        indicator_columns(two)
