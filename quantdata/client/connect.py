"""From a source to the provider that answers for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from quantdata import sim
from quantdata.clients import AsyncMassive, AsyncTradier
from quantdata.clients.records import Records
from quantdata.clients.watched import Watched
from quantdata.config import Secret
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from quantdata.clients import Provider
    from quantdata.config import Config, Source

__all__ = ["connected"]

# Nobody counts the requests to a simulator on this machine, and years of history take it a while.
LOCAL_POLICY: Final = RetryPolicy(deadline_s=60.0)


async def connected(
    source: Source, config: Config, *, seed: int, clock: str, records: Records | None = None
) -> Provider:
    """Return the provider of a source; for ``"sim"`` the simulated market of a seed and a clock is started.

    What it does is remembered in ``records``.
    """
    records = Records() if records is None else records
    vendor = await _vendor(source, config, seed=seed, clock=clock, records=records)
    return Watched(vendor, health=records.health_of(vendor.name), metrics=records.metrics)


async def _vendor(source: Source, config: Config, *, seed: int, clock: str, records: Records) -> Provider:
    if source == "sim":
        simulator = await asyncio.to_thread(sim.shared, seed=seed, clock=clock)
        return AsyncMassive(Secret("sim"), base_url=simulator.base_url, policy=LOCAL_POLICY, metrics=records.metrics)
    if source == "tradier":
        return AsyncTradier(
            config.tradier_access_token or Secret(""), base_url=config.tradier_base_url, metrics=records.metrics
        )
    return AsyncMassive(
        config.massive_api_key or Secret(""),
        base_url=config.massive_base_url,
        requests_per_minute=config.massive_requests_per_minute,
        metrics=records.metrics,
    )
