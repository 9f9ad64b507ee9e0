from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from quantdata.sim.timeline import day_ns, moment_of
from quantdata.sim.windows import Window, cut, gather, join, window_starts

if TYPE_CHECKING:
    from quantdata.sim.source import MarketSource
    from quantdata.sim.views import Bars

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
DAY = 86_400 * 10**9
MINUTE = 60 * 10**9
TODAY = day_ns(NOON.date())


def gathered(market: MarketSource, symbol: str, window: Window, start: int, *, limit: int = 10_000) -> Bars:
    return gather(market, symbol, window, start_ns=start, end_ns=TODAY + DAY, until=NOON, adjusted=True, limit=limit)


def test_bars_are_seen_up_to_a_moment(market: MarketSource) -> None:
    bars = gathered(market, "SPY", Window(1, "minute"), TODAY)
    assert len(bars.start) == 150
    assert moment_of(int(bars.start[0])) == datetime(2026, 11, 18, 14, 30, tzinfo=UTC)


def test_gathering_stops_after_the_day_that_exceeds_the_limit(market: MarketSource) -> None:
    bars = gathered(market, "SPY", Window(5, "minute"), TODAY - 6 * DAY, limit=151)
    assert len(bars.start) == 300


@pytest.mark.parametrize(("symbol", "before"), [("AAPL", 4.0), ("SPY", 16.0), ("SPX", 16.0)])
def test_stocks_are_adjusted_for_splits(market: MarketSource, symbol: str, before: float) -> None:
    bars = gathered(market, symbol, Window(1, "day"), TODAY - 2 * DAY)
    assert bars.close.tolist() == [before, 17.0, 18.0]
    assert bars.volume.tolist() == [1600.0 / (before * 1.0) if symbol == "AAPL" else 100.0, 100.0, 100.0]


def test_windows_join_what_begins_in_them(market: MarketSource) -> None:
    bars = gathered(market, "SPY", Window(1, "minute"), TODAY)
    window = Window(1, "hour")
    joined = join(bars, window_starts(bars.start, window, anchor_ns=TODAY))
    assert joined.volume.tolist() == [3_000.0, 6_000.0, 6_000.0]
    assert joined.open.tolist() == [99.5, 129.5, 189.5]
    assert joined.close.tolist() == [129.0, 189.0, 249.0]
    assert joined.vwap[0] == np.mean(np.arange(100.0, 130.0))


def test_a_part_is_cut_out(market: MarketSource) -> None:
    bars = cut(gathered(market, "SPY", Window(1, "minute"), TODAY), slice(1, 3))
    assert (np.diff(bars.start) == MINUTE).all()
    assert bars.close.tolist() == [101.0, 102.0]
