"""Objects that NautilusTrader's engine really runs on: known at the end of their window, not before."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl
import pytest

from quantdata.interop import to_nautilus
from tests.unit.interop.canonical import (
    AUTUMN,
    HALF_DAY,
    SPRING,
    SPX_WEEKLY,
    THANKSGIVING,
    at,
    contract,
    daily,
    intraday,
    snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from quantdata.interop import NautilusData

    Run: TypeAlias = Callable[[NautilusData], tuple["Watcher", Any]]

pytest.importorskip("nautilus_trader")
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Quantity
from nautilus_trader.trading.strategy import Strategy

pytestmark = pytest.mark.interop


class Watcher(Strategy):  # type: ignore[misc]
    """Notes when it is told of what, and buys one at the second thing it is told of."""

    def __init__(self, loaded: NautilusData) -> None:
        super().__init__()
        self.loaded = loaded
        self.seen: list[tuple[int, Any]] = []

    def on_start(self) -> None:
        for bar_type in self.loaded.bar_types:
            self.subscribe_bars(bar_type)
        for instrument in self.loaded.instruments if not self.loaded.bar_types else []:
            self.subscribe_quote_ticks(instrument.id)

    def on_bar(self, bar: Any) -> None:
        self._note(bar.bar_type.instrument_id, bar)

    def on_quote_tick(self, tick: Any) -> None:
        self._note(tick.instrument_id, tick)

    def _note(self, instrument: Any, told: Any) -> None:
        self.seen.append((self.clock.timestamp_ns(), told))
        if len(self.seen) == 2:
            self.submit_order(self.order_factory.market(instrument, OrderSide.BUY, Quantity.from_int(1)))


@pytest.fixture
def run() -> Iterator[Run]:
    """Run an engine on loaded data; the policy that it sets for all event loops is taken back."""
    policy = asyncio.get_event_loop_policy()
    engines = []

    def started(loaded: NautilusData) -> tuple[Watcher, Any]:
        engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
        engines.append(engine)
        engine.add_venue(
            venue=Venue("US"),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=USD,
            starting_balances=[Money(1_000_000, USD)],
        )
        for instrument in loaded.instruments:
            engine.add_instrument(instrument)
        engine.add_data(loaded.data)
        watcher = Watcher(loaded)
        engine.add_strategy(watcher)
        engine.run()
        return watcher, engine

    yield started
    for engine in engines:
        engine.dispose()
    asyncio.set_event_loop_policy(policy)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def _fills(engine: Any) -> list[tuple[str, float]]:
    report = engine.trader.generate_order_fills_report()
    return [(row["instrument_id"], float(row["avg_px"])) for _, row in report.iterrows()]


@pytest.mark.parametrize("days", [AUTUMN, SPRING, THANKSGIVING])
def test_a_minute_is_told_of_at_its_end(days: tuple[date, ...], run: Run) -> None:
    frame = intraday("SPY", "1m", days)
    watcher, engine = run(to_nautilus(frame))
    assert [now for now, _ in watcher.seen] == [_ns(end) for end in frame["ts"].dt.offset_by("1m")]
    assert all(now == bar.ts_init == bar.ts_event for now, bar in watcher.seen)
    assert [float(bar.close) for _, bar in watcher.seen] == frame["close"].round(4).to_list()
    assert _fills(engine) == [("SPY.US", frame["close"][1])]


def test_days_of_a_stock_and_an_index_are_told_of_at_the_close(run: Run) -> None:
    both = pl.concat([daily("SPY", THANKSGIVING), daily("SPX", THANKSGIVING, volume=None)])
    watcher, _ = run(to_nautilus(both))
    closes = [_ns(at(day, "13:00" if day == HALF_DAY else "16:00")) for day in THANKSGIVING]
    assert [now for now, _ in watcher.seen] == [close for close in closes for _ in "ab"]


@pytest.mark.parametrize("timeframe", ["5m", "15m", "30m", "1h"])
def test_every_timeframe_is_one_that_the_engine_knows(timeframe: str, run: Run) -> None:
    frame = intraday("SPY", timeframe, AUTUMN)
    watcher, _ = run(to_nautilus(frame))
    assert len(watcher.seen) == frame.height


def test_weeks_are_told_of_at_the_close_of_their_last_session(run: Run) -> None:
    watcher, _ = run(to_nautilus(daily("SPY", (date(2026, 11, 16), date(2026, 11, 23)))))
    assert [now for now, _ in watcher.seen] == [_ns(at(date(2026, 11, 20), "16:00")), _ns(at(HALF_DAY, "13:00"))]


def test_an_index_option_trades_until_a_quarter_past_four_and_ends_on_its_last_day(run: Run) -> None:
    usual = intraday(SPX_WEEKLY, "15m", THANKSGIVING[:2], closes="16:15")
    last = intraday(SPX_WEEKLY, "15m", [HALF_DAY])
    watcher, engine = run(to_nautilus(pl.concat([usual, last])))
    times = [now for now, _ in watcher.seen]
    assert _ns(at(THANKSGIVING[0], "16:15")) in times
    assert times[-1] == _ns(at(HALF_DAY, "13:00"))
    assert _fills(engine)[0][0] == f"{SPX_WEEKLY}.US"


def test_quotes_of_chains_are_told_of_at_their_snapshot(run: Run) -> None:
    rows = [contract(690.0), contract(700.0, "put", bid=12.0, ask=12.3)]
    chains = pl.concat([snapshot(day, clock, rows) for day in AUTUMN for clock in ("10:00", "15:45")])
    watcher, engine = run(to_nautilus(chains))
    taken = [_ns(at(day, clock)) for day in AUTUMN for clock in ("10:00", "15:45")]
    assert [now for now, _ in watcher.seen] == [moment for moment in taken for _ in rows]
    assert all(tick.ts_event == now - 1_000_000_000 for now, tick in watcher.seen)
    assert _fills(engine) == [("SPY261218P00700000.US", 12.3)]
