"""Wide frames that vectorbt really runs a portfolio on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata.interop import to_vectorbt
from tests.unit.interop.canonical import AUTUMN, SPRING, THANKSGIVING, at, daily, intraday

if TYPE_CHECKING:
    from datetime import date

pd = pytest.importorskip("pandas")
vbt = pytest.importorskip("vectorbt")

pytestmark = [
    pytest.mark.interop,
    pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaPendingDeprecationWarning"),
]


@pytest.mark.parametrize("days", [AUTUMN, SPRING, THANKSGIVING])
def test_minutes_of_two_symbols_run_side_by_side(days: tuple[date, ...]) -> None:
    prices = to_vectorbt(pl.concat([intraday("SPY", "1m", days), intraday("QQQ", "1m", days)]))
    entries = pd.DataFrame(data=False, index=prices.close.index, columns=prices.close.columns)
    entries.iloc[0] = True
    held = vbt.Portfolio.from_signals(
        prices.close, entries, ~entries & False, open=prices.open, high=prices.high, low=prices.low, freq=prices.freq
    )
    growth = prices.close.iloc[-1] / prices.close.iloc[0] - 1
    assert held.total_return().tolist() == pytest.approx(growth.tolist())
    assert held.wrapper.freq == pd.Timedelta("1min")


def test_a_symbol_without_a_bar_does_not_trade_there() -> None:
    whole = daily("SPY", AUTUMN)
    lacking = daily("QQQ", AUTUMN).filter(pl.col("session") != AUTUMN[1])
    prices = to_vectorbt(pl.concat([whole, lacking]))
    entries = pd.DataFrame([[False, False], [True, True], [False, False], [False, False]], index=prices.close.index)
    entries.columns = prices.close.columns
    held = vbt.Portfolio.from_signals(prices.close, entries, ~entries & False, freq=prices.freq)
    assert held.orders.count().tolist() == [1, 0]


def test_indicators_and_the_ohlcv_accessor_take_them() -> None:
    frame = intraday("SPY", "5m", THANKSGIVING).filter(pl.col("ts") != at(THANKSGIVING[0], "10:00"))
    prices = to_vectorbt(frame, fill="previous_close", label="end")
    assert vbt.MA.run(prices.close["SPY"], 10).ma.notna().sum() == len(prices.close) - 9
    one = pd.concat({"Open": prices.open["SPY"], "High": prices.high["SPY"], "Close": prices.close["SPY"]}, axis=1)
    assert one.vbt.ohlcv(freq=prices.freq).close.equals(prices.close["SPY"].rename("Close"))
