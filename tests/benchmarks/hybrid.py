"""What the hybrid costs where it is not needed: a healthy chain of Massive's through it, and without it."""

from __future__ import annotations

from typing import Final

from quantdata import portal
from quantdata.clients import AsyncMassive, AsyncTradier, ChainQuery
from quantdata.clients.health import Health
from quantdata.clients.watched import Watched
from quantdata.hybrid import AsyncHybrid
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve
from quantdata.wire.metrics import Metrics
from tests.benchmarks.round_trips import LATENCY_S, server
from tests.benchmarks.runner import Comparison, interleaved

__all__ = ["run"]

QUERY: Final = ChainQuery.of("SPY")
HYBRID: Final = "hybrid"
PLAIN: Final = "massive alone"
GOAL: Final = ">= 1/1.15"


def run(*, rounds: int) -> list[Comparison]:
    """Compare the hybrid with its first provider by itself; both are warm, and neither asks Tradier anything."""
    with server() as base_url:
        metrics = Metrics()
        rates = RateCurve.of(DEFAULT_RATE)
        massive = AsyncMassive("benchmark", base_url=base_url, metrics=metrics, rates=rates)
        tradier = AsyncTradier("benchmark", base_url=f"{base_url}/v1", metrics=metrics, rates=rates)
        first, second = (Watched(each, health=Health(each.name), metrics=metrics) for each in (massive, tradier))
        hybrid = AsyncHybrid(first, second, metrics=metrics, rates=rates)
        contracts = portal.call(hybrid.chain(QUERY)).height
        times = interleaved(
            {
                HYBRID: lambda: portal.call(hybrid.chain(QUERY)),
                PLAIN: lambda: portal.call(first.chain(QUERY)),
            },
            rounds=rounds,
        )
        assert second.requests_sent == 0
        portal.call(hybrid.close())
    conditions = (
        f"SPY, {contracts:,} contracts, priced and judged, loopback, {1e3 * LATENCY_S:.0f} ms before each answer, "
        "server in a process of its own"
    )
    return [Comparison("A healthy chain through the hybrid, warm", conditions, "ms", times, {PLAIN: GOAL})]
