"""From a source to the provider that answers for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from quantdata import sim
from quantdata.client.streams import massive_streams, tradier_streams
from quantdata.clients import AsyncMassive, AsyncTradier
from quantdata.clients.records import Records
from quantdata.clients.watched import Watched
from quantdata.config import Secret
from quantdata.hybrid import ANSWER_PATIENCE_S, AsyncHybrid
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from quantdata.client.streams import StreamSource
    from quantdata.clients import Provider
    from quantdata.config import Config, Source

__all__ = ["Connection", "Vendor"]

Vendor = Literal["massive", "tradier"]

# Nobody counts the requests to a simulator on this machine, and years of history take it a while.
LOCAL_POLICY: Final = RetryPolicy(deadline_s=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What it takes to make the provider of a source.

    Attributes
    ----------
    source, config
        Whom to ask, with which keys, at which hosts.
    seed, clock
        Of the simulated market, for ``source="sim"``.
    rates
        Of the model.
    delayed_fallback
        Whether a second vendor whose data are late may stand in for the first and fill its gaps.
    records
        Where what the provider does is remembered.
    """

    source: Source
    config: Config
    seed: int
    clock: str
    rates: RateCurve = field(default_factory=lambda: RateCurve.of(DEFAULT_RATE))
    delayed_fallback: bool = False
    records: Records = field(default_factory=Records)

    async def provider(self) -> Provider:
        """Return the provider: of one vendor, or of both; for ``"sim"`` the simulated market is started."""
        if self.source in {"massive", "tradier"}:
            return await self.vendor(self.source)
        return AsyncHybrid(
            await self.vendor("massive"),
            await self.vendor("tradier"),
            metrics=self.records.metrics,
            rates=self.rates,
            allow_delayed=self.delayed_fallback,
            patience_s=LOCAL_POLICY.deadline_s if self.source == "sim" else ANSWER_PATIENCE_S,
        )

    async def vendor(self, name: Vendor) -> Watched:
        """Return the provider of one vendor, in the simulated market where that is the source."""
        vendor = await self._simulated(name) if self.source == "sim" else self._real(name)
        return Watched(vendor, health=self.records.health_of(name), metrics=self.records.metrics)

    async def streams(self) -> list[StreamSource]:
        """Return the streams of the source, those of the vendor that is asked first before the others."""
        config, metrics = self.config, self.records.metrics
        if self.source == "sim":
            simulator = await asyncio.to_thread(sim.shared, seed=self.seed, clock=self.clock)
            host = simulator.base_url.replace("http", "ws", 1)
            return [
                massive_streams(Secret("sim"), url=host),
                tradier_streams(
                    Secret("sim"),
                    url=f"{host}/v1/markets/events",
                    rest_url=simulator.tradier_url,
                    metrics=metrics,
                ),
            ]
        found: list[StreamSource] = []
        if self.source in {"massive", "hybrid"} and config.massive_api_key is not None:
            found.append(massive_streams(config.massive_api_key, url=config.massive_ws_url))
        if self.source in {"tradier", "hybrid"} and config.tradier_access_token is not None:
            found.append(
                tradier_streams(
                    config.tradier_access_token,
                    url=config.tradier_stream_url,
                    rest_url=config.tradier_base_url,
                    metrics=metrics,
                )
            )
        return found

    async def _simulated(self, name: Vendor) -> Provider:
        simulator = await asyncio.to_thread(sim.shared, seed=self.seed, clock=self.clock)
        if name == "tradier":
            return AsyncTradier(
                Secret("sim"),
                base_url=simulator.tradier_url,
                policy=LOCAL_POLICY,
                metrics=self.records.metrics,
                rates=self.rates,
            )
        return AsyncMassive(
            Secret("sim"),
            base_url=simulator.base_url,
            policy=LOCAL_POLICY,
            metrics=self.records.metrics,
            rates=self.rates,
        )

    def _real(self, name: Vendor) -> Provider:
        config = self.config
        if name == "tradier":
            return AsyncTradier(
                config.tradier_access_token or Secret(""),
                base_url=config.tradier_base_url,
                metrics=self.records.metrics,
                rates=self.rates,
            )
        return AsyncMassive(
            config.massive_api_key or Secret(""),
            base_url=config.massive_base_url,
            requests_per_minute=config.massive_requests_per_minute,
            metrics=self.records.metrics,
            rates=self.rates,
        )
