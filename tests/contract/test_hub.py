"""The hub on the simulated market: what it shows, whom it tells, what it survives, what it leaves behind."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

import quantdata as qd
from quantdata import portal
from quantdata.frames.columns import CHAIN, EQUITY_QUOTES, GAPS, HUB_METRICS, INDEX_QUOTES, STREAMS, schema
from quantdata.live import HubSnapshot, MarketDataHub, Tick, global_hub
from quantdata.sim import Simulator
from tests.contract.hubs import SOON_S, places, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS: Final = {"MASSIVE_API_KEY": "sim", "TRADIER_ACCESS_TOKEN": "sim", "QUANTDATA_SOURCE": "hybrid"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(clock="open") as simulator:
        yield simulator


@pytest.fixture
def vendors(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Both vendors, as a user's environment has them; each test has its own."""
    for name, text in {**KEYS, **places(simulator)}.items():
        monkeypatch.setenv(name, text)
    yield simulator
    simulator.faults.clear()


def made(symbols: str | list[str] = "SPY", **arguments: Any) -> MarketDataHub:
    """Return a hub of a client of its own, not started."""
    return MarketDataHub(symbols, **{"client": qd.Client(), "dte": (0, 2), **arguments})


def newest(frame: pl.DataFrame) -> datetime:
    """Return the newest time of a quote."""
    found = frame.get_column("quote_ts").max()
    assert isinstance(found, datetime)
    return found


def stream_states(hub: MarketDataHub) -> dict[str, str]:
    return dict(hub.streams().select("asset", "state").iter_rows())


# --- what it shows --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("vendors")
def test_everything_watched_is_there_in_canonical_frames() -> None:
    with made(["SPY", "SPX"], equities="AAPL", indices=["VIX"]) as hub:
        snapshot = hub.wait()
        assert list(snapshot.chains) == ["SPY", "SPX"]
        assert hub.chain("SPY").schema == schema(CHAIN)
        assert hub.chain("SPX").height > 100
        assert set(snapshot.equities.get_column("symbol")) == {"AAPL", "SPY"}
        assert set(snapshot.indices.get_column("symbol")) == {"VIX", "SPX"}
        assert hub.equity("aapl").schema == schema(EQUITY_QUOTES)
        assert hub.index("VIX").schema == schema(INDEX_QUOTES)
        assert snapshot.is_simulated
        assert snapshot.confidence > 90
        assert hub.chain("SPY").get_column("confidence").null_count() == 0


@pytest.mark.usefixtures("vendors")
def test_streams_change_the_quotes_between_polls_and_the_model_prices_them() -> None:
    with made(refresh_interval=600.0) as hub:
        first = hub.wait().chains["SPY"]
        polled_at = newest(first)

        def streamed() -> pl.DataFrame:
            return hub.chain("SPY").filter(pl.col("quote_ts") > pl.lit(polled_at) + timedelta(seconds=2))

        until(lambda: streamed().height > 50)
        until(lambda: streamed().filter(greeks_source="model").height > 20)
        assert set(streamed().get_column("quote_source")) == {"massive"}
        # A quote waits for the model for a moment.
        until(lambda: streamed().filter(greeks_source="massive").height < 5)
        assert hub.metrics().filter(subject="SPY", metric="polls").item(0, "value") <= 2
        assert stream_states(hub)["options"] == "live"
        assert newest(hub.equity("SPY")) > polled_at


@pytest.mark.usefixtures("vendors")
def test_without_streams_polls_alone_feed_it() -> None:
    with made(stream=False, refresh_interval="low-latency") as hub:
        first = hub.wait()
        until(lambda: newest(hub.chain("SPY")) > newest(first.chains["SPY"]))
        assert hub.streams().is_empty()
        assert hub.streams().schema == schema(STREAMS)
        assert hub.refused() == {}


@pytest.mark.usefixtures("vendors")
def test_how_it_is_doing_is_told_in_frames() -> None:
    with made() as hub:
        hub.wait()
        until(lambda: stream_states(hub) == {"options": "live", "stocks": "live"})
        metrics = hub.metrics()
        assert metrics.schema == schema(HUB_METRICS)
        figures = {(row["subject"], row["metric"]): row["value"] for row in metrics.iter_rows(named=True)}
        assert figures["SPY", "effective_refresh"] == 5.0
        assert figures["hub", "publications"] >= 1
        assert figures["massive options stream", "held"] > 100
        assert hub.gaps().schema == schema(GAPS)
        assert hub.gaps().is_empty()
        assert set(hub.health().get_column("provider")) >= {"massive"}
        assert repr(hub) == "<MarketDataHub 'hub' running: SPY>"


# --- what is watched ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("vendors")
def test_the_watchlist_changes_while_it_runs() -> None:
    with made() as hub:
        hub.wait()
        hub.watch("QQQ", indices="VIX")
        assert set(hub.wait().chains) == {"SPY", "QQQ"}
        assert hub.index("VIX").height == 1
        hub.unwatch("SPY")
        until(lambda: set(hub.snapshot().chains) == {"QQQ"})
        with pytest.raises(qd.FeedError, match="SPY is not watched: watch\\(\\) it; watched are QQQ, VIX"):
            hub.chain("SPY")
        hub.set_watchlist(equities=["AAPL"])
        until(lambda: set(hub.wait().equities.get_column("symbol")) == {"AAPL"})
        assert hub.snapshot().chains == {}
        until(lambda: hub.streams().filter(asset="options").item(0, "wanted") == 0)


@pytest.mark.usefixtures("vendors")
def test_what_is_not_watched_cannot_be_given_up() -> None:
    hub = made()
    with pytest.raises(qd.ArgumentError, match="not watched: QQQ; there are SPY"):
        hub.unwatch("QQQ")
    with pytest.raises(qd.ArgumentError, match="a hub watches something"):
        hub.unwatch("SPY")
    with pytest.raises(qd.ArgumentError, match="a hub watches something"):
        hub.set_watchlist()


@pytest.mark.usefixtures("vendors")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symbols": []}, "nothing to watch"),
        ({"refresh_interval": 0}, "refresh_interval must be seconds above 0"),
        ({"refresh_interval": "fast"}, "'low-latency' \\(1 s\\)"),
        ({"debounce": -1.0}, "debounce"),
        ({"dte": (5, 1)}, "dte"),
        ({"stream": "yes"}, "stream"),
        ({"source": "sim"}, "a client has a source of its own"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(qd.ArgumentError, match=message):
        made(**arguments)


# --- whoever is told ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("vendors")
def test_subscribers_are_told_of_ticks_and_snapshots_and_one_that_fails_is_alone_with_it() -> None:
    ticks: list[Tick] = []
    snapshots: list[HubSnapshot] = []
    with made(indices="VIX") as hub:

        def fail(_: HubSnapshot) -> None:
            raise ZeroDivisionError

        hub.subscribe_snapshot("broken", fail)
        stop = hub.subscribe_snapshot("mine", snapshots.append)
        hub.subscribe_tick("mine", ticks.append)
        until(lambda: len(snapshots) > 3)
        until(lambda: {tick.kind for tick in ticks} == {"quote", "trade", "value"})
        assert [each.number for each in snapshots] == sorted({each.number for each in snapshots})
        assert all(tick.source == "massive" for tick in ticks)
        stop()
        count = len(snapshots)
        until(lambda: hub.snapshot().number > snapshots[-1].number + 2)
        assert len(snapshots) <= count + 1
        figures = hub.metrics().filter(subject="snapshot subscriber broken", metric="errors")
        assert figures.item(0, "value") > 0


@pytest.mark.usefixtures("vendors")
def test_ticks_and_snapshots_can_be_iterated_over_in_any_loop() -> None:
    async def first_of_both(hub: MarketDataHub) -> tuple[Tick, HubSnapshot]:
        async for tick in hub.ticks():
            async for snapshot in hub.snapshots():
                return tick, snapshot
        raise AssertionError("the iterators ended")

    with made() as hub:
        tick, snapshot = asyncio.run(asyncio.wait_for(first_of_both(hub), SOON_S))
    assert isinstance(tick, Tick)
    assert isinstance(snapshot, HubSnapshot)


@pytest.mark.usefixtures("vendors")
def test_it_works_under_asyncio_too() -> None:
    async def heights() -> int:
        async with made(client=qd.AsyncClient()) as hub:
            snapshot = await asyncio.to_thread(hub.wait)
            return snapshot.chains["SPY"].height

    assert asyncio.run(heights()) > 100


# --- one account, one stream ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("vendors")
def test_a_second_hub_of_one_account_is_told_who_has_the_stream_and_polls() -> None:
    with made(name="first") as first:
        first.wait()
        until(lambda: stream_states(first).get("options") == "live")
        with made(name="second") as second:
            assert second.wait().chains["SPY"].height > 100
            until(lambda: second.streams().get_column("error").drop_nulls().len() > 0)
            assert "'first'" in second.streams().get_column("error").drop_nulls()[0]
        assert stream_states(first)["options"] == "live"


@pytest.mark.usefixtures("vendors")
def test_the_process_has_one_hub_that_everybody_shares() -> None:
    one = global_hub("SPY", refresh_interval=600.0)
    try:
        assert global_hub(indices="VIX") is one
        assert one.watchlist.indices == ("VIX",)
    finally:
        one.close()
    another = global_hub("SPY")
    assert another is not one
    another.close()


@pytest.mark.usefixtures("vendors")
def test_the_hub_of_the_process_starts_again_when_it_was_stopped() -> None:
    one = global_hub("SPY", refresh_interval=600.0)
    try:
        one.stop()
        assert global_hub("SPY") is one
        assert one.is_running
    finally:
        one.close()


# --- life -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("vendors")
def test_closing_leaves_no_task_and_no_thread() -> None:
    async def names() -> set[str]:
        return {task.get_coro().__qualname__ for task in asyncio.all_tasks() if task is not asyncio.current_task()}  # type: ignore[union-attr]

    hub = made()
    with pytest.raises(qd.FeedError, match="start\\(\\) it"):
        hub.snapshot()
    with hub:
        hub.wait()
        hub.subscribe_snapshot("mine", lambda _: None)
        until(lambda: stream_states(hub).get("options") == "live")
        assert portal.call(names())
    hub.close()
    until(lambda: not portal.call(names()))
    assert not [thread.name for thread in threading.enumerate() if "mine" in thread.name]
    assert not hub.is_running
    with pytest.raises(qd.FeedError, match="does not start again"):
        hub.start()
    with pytest.raises(qd.FeedError, match="closed"):
        hub.subscribe_tick("mine", print)


@pytest.mark.usefixtures("vendors")
def test_one_that_was_stopped_starts_again_for_the_same_subscribers(tmp_path: Path) -> None:
    told: list[HubSnapshot] = []
    with made(indices="VIX") as hub:
        hub.subscribe_snapshot("mine", told.append)
        hub.wait()
        recording = hub.record(tmp_path / "monday")
        hub.stop()
        hub.stop()
        assert (hub.is_running, hub.is_closed, recording.is_open) == (False, False, False)
        assert repr(hub) == "<MarketDataHub 'hub' stopped: SPY, VIX>"
        with pytest.raises(qd.FeedError, match=r"start\(\) it"):
            hub.snapshot()
        hub.watch(equities="AAPL")
        told.clear()
        assert set(hub.start().wait().equities.get_column("symbol")) == {"AAPL", "SPY"}
        until(lambda: any("SPY" in each.changed for each in told))
    assert hub.is_closed


@pytest.mark.usefixtures("vendors")
def test_its_client_can_be_asked_meanwhile_and_stays_open() -> None:
    client = qd.Client()
    with made(client=client) as hub:
        hub.wait()
        assert client.quotes("SPY").height == 1
    assert client.quotes("SPY").height == 1


@pytest.mark.usefixtures("vendors")
def test_what_does_not_come_is_named_with_its_reason() -> None:
    with (
        made(["SPY", "ZZZZ"], stream=False) as hub,
        pytest.raises(qd.FeedError, match="running: SPY, ZZZZ>: nothing is known of ZZZZ \\(QUOTE_NOT_FOUND"),
    ):
        # It does not wait so long: nobody has it, and all else is there.
        hub.wait(timeout=SOON_S)


@pytest.mark.usefixtures("vendors")
def test_a_frame_says_how_old_it_is_when_nothing_comes_in_any_more() -> None:
    with made(stream=False, refresh_interval=1.0) as hub:
        hub.wait()
        simulated = hub.snapshot()
        assert simulated.at - datetime.now(UTC) < timedelta(seconds=5)
        ages = hub.chain("SPY").get_column("age_s")
        assert ages.null_count() == 0
