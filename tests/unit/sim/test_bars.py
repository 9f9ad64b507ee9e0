from __future__ import annotations

import numpy as np
import pytest

from quantdata.sim.bars import MINUTE_NS, Prints, day_bar, joined, minute_bars_of, no_bars, share_out

T = 1_794_978_000_000_000_000
PRINTS = Prints(
    ts=T + np.array([1, 2, MINUTE_NS - 1, MINUTE_NS, 5 * MINUTE_NS], dtype=np.int64),
    price=np.array([10.0, 12.0, 9.0, 11.0, 13.0]),
    volume=np.array([100, 300, 100, 50, 0], dtype=np.int64),
    trades=np.array([1, 2, 1, 1, 1], dtype=np.int64),
)


def test_minutes_open_high_low_close_and_add_up() -> None:
    bars = minute_bars_of(PRINTS)
    assert bars.start.tolist() == [T, T + MINUTE_NS, T + 5 * MINUTE_NS]
    assert bars.open.tolist() == [10.0, 11.0, 13.0]
    assert bars.high.tolist() == [12.0, 11.0, 13.0]
    assert bars.low.tolist() == [9.0, 11.0, 13.0]
    assert bars.close.tolist() == [9.0, 11.0, 13.0]
    assert bars.volume.tolist() == [500.0, 50.0, 0.0]
    assert bars.vwap.tolist() == pytest.approx([11.0, 11.0, 0.0])
    assert bars.trades.tolist() == [4, 1, 1]


def test_a_day_takes_prices_from_regular_trading_and_volume_from_all() -> None:
    bar = day_bar(PRINTS, start=T, opened=T + MINUTE_NS, closed=T + 5 * MINUTE_NS)
    assert (bar.open[0], bar.high[0], bar.low[0], bar.close[0]) == (11.0, 11.0, 11.0, 11.0)
    assert (bar.start[0], bar.volume[0], bar.trades[0]) == (T, 550.0, 6)
    assert bar.vwap[0] == pytest.approx(11.0)


def test_before_the_open_a_day_shows_what_there_is() -> None:
    bar = day_bar(PRINTS, start=T, opened=T + 60 * MINUTE_NS, closed=T + 90 * MINUTE_NS)
    assert (bar.open[0], bar.high[0], bar.low[0], bar.close[0]) == (10.0, 13.0, 9.0, 13.0)


def test_nothing_traded_is_no_bar() -> None:
    nothing = PRINTS.between(0, T)
    assert len(minute_bars_of(nothing).start) == 0
    assert len(day_bar(nothing, start=T, opened=T, closed=T + 1).start) == 0
    assert len(joined([]).start) == len(no_bars().start) == 0


def test_a_range_of_prints_excludes_its_end() -> None:
    assert PRINTS.between(T + 2, T + MINUTE_NS).price.tolist() == [12.0, 9.0]


def test_joined_bars_keep_their_order() -> None:
    bars = minute_bars_of(PRINTS)
    assert joined([bars, bars]).close.tolist() == [9.0, 11.0, 13.0, 9.0, 11.0, 13.0]


@pytest.mark.parametrize(("volume", "count"), [(1, 1), (7, 7), (100, 3), (9999, 24)])
def test_parts_of_a_volume_are_positive_and_add_up(volume: int, count: int) -> None:
    rank = np.arange(count)
    parts = share_out(np.full(count, volume), rank, np.full(count, count), event=np.full(count, T))
    assert parts.min() >= 1
    assert parts.sum() == volume
