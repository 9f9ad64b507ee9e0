"""Subscriptions to both vendors together, and to a hub, in a market that moves on and fails when it is told to."""

from __future__ import annotations

import logging
from queue import Queue
from typing import TYPE_CHECKING, Final

import pytest

import quantdata as qd
from quantdata import portal
from quantdata.clients import AsyncMassive, AsyncTradier, ChainQuery
from quantdata.clients.records import Records
from quantdata.clients.subscriptions import shown
from quantdata.clients.watched import Watched
from quantdata.frames.columns import CHAIN, INDEX_QUOTES, schema
from quantdata.hybrid import AsyncHybrid
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve
from quantdata.sim import Simulator
from quantdata.sim.faults import Fault
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

# Longer than anything here takes on a busy machine.
LONGEST_WAIT_S: Final = 30.0
AT_ONCE: Final = RetryPolicy(tries=1, first_delay_s=0.0)
MOMENTS: Final = tuple(f"at:2026-11-18T11:0{minute}" for minute in range(3))
DOWN: Final = (
    Fault("status", path="/v3/snapshot/indices", status=503, times=1),
    Fault("status", vendor="tradier", path="/v1/markets/quotes", status=503, times=1),
)
NEAR: Final = ChainQuery.of("SPY", dte=(0, 1), strikes=(640.0, 690.0))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Return a market of this test's own, that it may move on."""
    with Simulator(clock=MOMENTS[0]) as simulator:
        yield simulator


@pytest.fixture
def provider(simulator: Simulator) -> Iterator[AsyncHybrid]:
    records = Records()
    first = AsyncMassive("k3y", base_url=simulator.base_url, policy=AT_ONCE, metrics=records.metrics)
    second = AsyncTradier("t0ken", base_url=simulator.tradier_url, policy=AT_ONCE, metrics=records.metrics)
    watched = [Watched(each, health=records.health_of(each.name), metrics=records.metrics) for each in (first, second)]
    found = AsyncHybrid(*watched, metrics=records.metrics, rates=RateCurve.of(DEFAULT_RATE))
    yield found
    portal.call(found.close())


def test_a_chain_comes_anew_whenever_the_market_has_moved(provider: AsyncHybrid, simulator: Simulator) -> None:
    async def read() -> list[pl.DataFrame]:
        found: list[pl.DataFrame] = []
        async for chain in provider.subscribe_chain(NEAR, interval_s=0.1):
            found.append(chain)
            if len(found) == len(MOMENTS):
                break
            simulator.set_clock(MOMENTS[len(found)])
        return found

    chains = portal.call(read())
    assert [chain.schema for chain in chains] == [schema(CHAIN)] * len(MOMENTS)
    assert [chain.height for chain in chains] == [chains[0].height] * len(MOMENTS)
    newest = [chain.get_column("quote_ts").max() for chain in chains]
    assert newest == sorted(set(newest))  # type: ignore[type-var]  # moments


def test_a_subscription_outlives_a_time_without_answers(
    provider: AsyncHybrid, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    async def read() -> list[pl.DataFrame]:
        values = provider.subscribe_index(["SPX"], interval_s=0.1)
        found = [await anext(values)]
        simulator.set_clock(MOMENTS[1])
        simulator.faults.add(*DOWN)
        found.append(await anext(values))
        assert (values.answers, values.failures, values.last_error) == (2, 1, None)
        return found

    with caplog.at_level(logging.INFO, logger="quantdata.clients"):
        before, after = portal.call(read())
    assert before.schema == after.schema == schema(INDEX_QUOTES)
    assert after.item(0, "value_ts") > before.item(0, "value_ts")
    told = [record.message for record in caplog.records if record.message.startswith("subscription")]
    assert [each.split(" about")[0] for each in told] == ["subscription unanswered", "subscription answered again"]
    assert not any(secret in each for each in told for secret in ("k3y", "t0ken"))


def test_a_hub_tells_of_one_chain_and_of_one_index_until_it_is_enough() -> None:
    chains: Queue[pl.DataFrame] = Queue()
    values: Queue[pl.DataFrame] = Queue()
    with qd.hub("SPX", source="sim", dte=(0, 1), stream=False, refresh_interval=0.5) as hub:
        unsubscribe = hub.subscribe_chain("SPX", chains.put)
        hub.subscribe_index("SPX", values.put)
        first, second = (chains.get(timeout=LONGEST_WAIT_S) for _ in range(2))
        unsubscribe()
        assert values.get(timeout=LONGEST_WAIT_S).get_column("symbol").to_list() == ["SPX"]
        told = hub.metrics().filter(metric="delivered").get_column("subject").to_list()
    assert first.schema == second.schema == schema(CHAIN)
    assert not shown(first).equals(shown(second))
    assert told == ["snapshot subscriber index SPX: Queue.put"]
