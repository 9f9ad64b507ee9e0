"""What runs behind a hub: what it does with gaps, failures of its own, and whom it tells of troubles."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import quantdata as qd
from quantdata.frames.columns import HEALTH as HEALTH_COLUMNS
from quantdata.frames.columns import schema
from quantdata.live.engine import Engine, Settings
from quantdata.live.figures import figures
from quantdata.live.market import EQUITIES, INDICES, Polled
from quantdata.live.market_hub import MarketDataHub
from quantdata.live.polling import PollStats
from quantdata.live.subscribers import Subscribers
from quantdata.live.watchlist import Watchlist
from quantdata.pricing.rates import RateCurve
from quantdata.wire.limits import Budget, Pause
from quantdata.wire.vitals import Gap
from tests.unit.live.test_quotes import NOW, stocks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from quantdata.live.alerts import Alert
    from quantdata.live.snapshot import HubSnapshot, Tick

HEALTH = pl.DataFrame(
    [{"provider": "massive", "endpoint": "chain", "is_healthy": False, "consecutive_failures": 3}],
    schema=schema(HEALTH_COLUMNS),
)


class Stage:
    """An engine on a market that nobody sends anything of; its loop is that of the test."""

    def __init__(self) -> None:
        self.now = NOW
        self.alerts: Subscribers[Alert] = Subscribers("tick", key=lambda alert: alert[:3])
        core: Any = SimpleNamespace(
            connection=lambda: SimpleNamespace(rates=RateCurve.of(0.04)),
            connected=None,
            health=lambda: HEALTH,
            hurry=lambda: None,
        )
        snapshots: Subscribers[HubSnapshot] = Subscribers("snapshot", key=lambda _: None)
        ticks: Subscribers[Tick] = Subscribers("tick", key=lambda tick: tick.about)
        settings = Settings(interval_s=5.0, debounce_s=0.0, wants_streams=False, dte=None, weights={}, name="mine")
        self.engine = Engine(
            core, settings, snapshots=snapshots, ticks=ticks, alerts=self.alerts, wall=lambda: self.now
        )

    def run(self, act: Callable[[Engine], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            await self.engine.watch(Watchlist.of("SPY", equities="AAPL", indices="VIX"))
            await act(self.engine)
            await self.engine.close()

        asyncio.run(main())


def gap(asset: str) -> Gap:
    return Gap(
        vendor="massive", asset=asset, start=NOW - timedelta(seconds=9), end=NOW - timedelta(seconds=5), reason="reset"
    )


@pytest.mark.parametrize(
    ("asset", "filled_by"),
    [("options", ["SPY"]), ("stocks", [EQUITIES]), ("indices", [INDICES]), ("all", ["SPY", EQUITIES, INDICES])],
)
def test_a_gap_is_filled_by_polls_of_what_its_stream_tells_of(asset: str, filled_by: list[str]) -> None:
    async def act(engine: Engine) -> None:
        engine._note_gap(gap(asset))
        for name in filled_by:
            assert [record.filled_at for record in engine.gaps.records] == [None]
            engine._note_answer(name, NOW)
        assert [record.filled_at for record in engine.gaps.records] == [NOW]

    Stage().run(act)


def test_a_part_that_fails_is_remembered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise ZeroDivisionError("by zero")

    async def act(engine: Engine) -> None:
        engine._run(broken())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert isinstance(engine.failure, ZeroDivisionError)

    Stage().run(act)
    assert "hub failed hub=mine" in caplog.text


def test_a_hub_that_failed_says_why_to_whoever_asks() -> None:
    hub = MarketDataHub("SPY", source="sim")
    hub._engine = Stage().engine
    hub._engine.failure = ZeroDivisionError("by zero")
    with pytest.raises(qd.FeedError, match="has failed: by zero") as caught:
        hub.snapshot()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_nothing_published_yet_is_an_error_that_says_what_to_do() -> None:
    hub = MarketDataHub("SPY", source="sim")
    hub._engine = Stage().engine
    with pytest.raises(qd.FeedError, match="has published nothing yet: wait\\(\\) waits for it"):
        hub.snapshot()
    with pytest.raises(qd.FeedError, match="after 0 s nothing is known of SPY"):
        hub.wait(timeout=0.0)


def test_what_nobody_has_is_not_waited_for_once_all_else_is_there() -> None:
    hub = MarketDataHub("SPY", indices="ZZZ", source="sim")
    hub._engine = Stage().engine
    stats = {"SPY": PollStats(), INDICES: PollStats(last_error="QUOTE_NOT_FOUND: massive has nothing on ZZZ")}
    hub._engine.poller.stats.update(stats)
    stats[INDICES].is_unknown = True
    with pytest.raises(qd.FeedError, match="after 0 s nothing is known of SPY, ZZZ \\(QUOTE_NOT_FOUND"):
        hub.wait(timeout=0.0)
    stats["SPY"].is_unknown = True
    with pytest.raises(qd.FeedError, match=">: nothing is known of SPY, ZZZ \\(QUOTE_NOT_FOUND"):
        hub.wait()


def test_a_wait_that_the_vendor_asked_for_is_said() -> None:
    hub = MarketDataHub("SPY", source="sim")
    hub._engine = Stage().engine
    budgets = [Budget("*", 6000.0, 99, None, Pause(60.0, 41.2))]
    hub._engine._provider = SimpleNamespace(name="massive", budgets=lambda: budgets)
    with pytest.raises(qd.FeedError, match="nothing is known of SPY; massive asked for 60 s of rest; 41 s left"):
        hub.wait(timeout=0.0)
    budgets.clear()
    with pytest.raises(qd.FeedError, match=r"nothing is known of SPY$"):
        hub.wait(timeout=0.0)


def test_troubles_are_told_with_the_quality_of_what_is_watched() -> None:
    async def act(engine: Engine) -> None:
        engine.publisher.put(Polled(EQUITIES, stocks("AAPL", price=-1.0)))
        await engine.publisher.publish_once()
        await engine.publisher.value_once()
        await engine.publisher.publish_once()
        assert {(alert.kind, alert.subject) for alert in engine._troubles()} == {("low_confidence", "equities")}
        stage.now += timedelta(seconds=1)
        (alert,) = engine._troubles()
        assert (alert.kind, alert.subject) == ("all_providers_unhealthy", "hub")
        assert engine._troubles() == []

    stage = Stage()
    stage.run(act)


def test_figures_count_what_was_done() -> None:
    async def act(engine: Engine) -> None:
        engine.publisher.put(Polled(EQUITIES, stocks("AAPL")))
        await engine.publisher.publish_once()
        found = {(figure.subject, figure.metric): figure for figure in figures(engine, [])}
        assert found["hub", "last_publication"].value > 0.0
        assert found["hub", "last_publication"].unit == "seconds"
        assert found["SPY", "effective_refresh"].value == 5.0
        assert found[EQUITIES, "polls"].value == 0

    Stage().run(act)


def test_the_market_is_open_by_the_providers_clock() -> None:
    async def act(engine: Engine) -> None:
        assert not engine._is_market_open()
        engine._provider = SimpleNamespace(now=lambda: datetime(2026, 11, 18, 16, tzinfo=UTC))
        assert engine._is_market_open()
        engine._provider = SimpleNamespace(now=lambda: datetime(2026, 11, 22, 16, tzinfo=UTC))
        assert not engine._is_market_open()

    Stage().run(act)


def test_a_lost_stream_has_all_polled_at_once_and_another_within_an_interval_has_not() -> None:
    async def act(engine: Engine) -> None:
        hurried: list[int] = []
        engine.poller.hurry = lambda: hurried.append(1)  # type: ignore[method-assign]
        engine._note_loss()
        engine._note_loss()
        assert len(hurried) == 1
        engine._hurried_at -= 5.0
        engine._note_loss()
        assert len(hurried) == 2

    Stage().run(act)


def test_who_streams_again_is_asked_again_though_it_was_skipped() -> None:
    hurried: list[int] = []
    stage = Stage()
    stage.engine._core.hurry = lambda: hurried.append(1)  # type: ignore[method-assign]

    async def act(engine: Engine) -> None:
        engine._note_gap(Gap(vendor="massive", asset="options", start=NOW, end=NOW, reason="broke off"))
        assert len(hurried) == 1

    stage.run(act)
