"""Frames that backtesting.py really runs a strategy on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata.interop import to_backtesting
from tests.unit.interop.canonical import AUTUMN, SPRING, THANKSGIVING, daily, intraday

if TYPE_CHECKING:
    from datetime import date

pytest.importorskip("backtesting")
from backtesting import Backtest, Strategy

pytestmark = [
    pytest.mark.interop,
    pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofweek is deprecated"),
]


class BuyOnce(Strategy):  # type: ignore[misc]
    """Orders ten at the first bar that it sees."""

    def init(self) -> None:
        """Compute nothing."""

    def next(self) -> None:
        """Order, once."""
        if not self.position and not self.orders:
            self.buy(size=10)


@pytest.mark.parametrize("timeframe", ["1m", "5m", "30m"])
@pytest.mark.parametrize("days", [AUTUMN, SPRING, THANKSGIVING])
def test_bars_within_days_run(timeframe: str, days: tuple[date, ...]) -> None:
    frame = intraday("SPY", timeframe, days)
    stats = Backtest(to_backtesting(frame), BuyOnce, cash=100_000, finalize_trades=True).run()
    # It orders at the second bar, is filled at the open of the third, and ends at the open of the last.
    assert stats["_trades"]["EntryPrice"].tolist() == [frame["open"][2]]
    assert stats["Equity Final [$]"] == pytest.approx(100_000 + 10 * (frame["open"][-1] - frame["open"][2]))


def test_days_run() -> None:
    stats = Backtest(to_backtesting(daily("SPY", AUTUMN)), BuyOnce, cash=100_000, finalize_trades=True).run()
    assert stats["_trades"]["EntryPrice"].tolist() == [101.5]
    assert str(stats["Start"].date()) == "2026-10-29"


@pytest.mark.parametrize("label", ["start", "end"])
def test_gaps_may_be_filled_or_left(label: str) -> None:
    lacking = intraday("SPY", "5m", AUTUMN).filter(pl.col("session") != AUTUMN[1])
    filled, left = (to_backtesting(lacking, fill=fill, label=label) for fill in ("previous_close", None))  # type: ignore[arg-type]
    assert (len(filled), len(left)) == (4 * 78, 3 * 78)
    for prices in (filled, left):
        assert Backtest(prices, BuyOnce, cash=100_000, finalize_trades=True).run()["# Trades"] == 1


def test_an_index_without_volume_runs() -> None:
    prices = to_backtesting(daily("SPX", AUTUMN, volume=None))
    assert Backtest(prices, BuyOnce, cash=100_000, finalize_trades=True).run()["# Trades"] == 1
