"""What the vendors' services share: the market, what time it is there, what goes wrong, who does the work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from quantdata.sim.faults import Faults
    from quantdata.sim.source import MarketSource

__all__ = ["Stage"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Stage:
    """The surroundings of a service.

    Attributes
    ----------
    market
        Where the data comes from.
    simulated_now
        Returns the simulated moment.
    faults
        What goes wrong.
    workers
        Threads for all that takes more than a moment.
    monotonic
        Seconds on a real clock that never goes back, for rate limits.
    seed
        Seed of request ids.
    base_url
        The server's own address; known once it listens.
    latency_s
        Seconds by which every answer is held back.
    quantum
        Data is shown as of this grain of time, so that what is asked for within it is the same bytes.
    stopping
        Set when the server stops: nobody waits any longer.
    """

    market: MarketSource
    simulated_now: Callable[[], datetime]
    faults: Faults
    workers: Executor
    monotonic: Callable[[], float]
    seed: int = 7
    base_url: str = ""
    latency_s: float = 0.0
    quantum: timedelta = timedelta(seconds=1)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        """Return the simulated moment, UTC."""
        return self.simulated_now().astimezone(UTC)

    def version(self, now: datetime) -> datetime:
        """Return the moment as of which data is shown."""
        return now - (now - _EPOCH) % self.quantum

    async def pause(self, seconds: float) -> None:
        """Wait some seconds, or until the server stops."""
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
