"""What the vendors' services share: the market, what time it is there, what goes wrong, who does the work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from quantdata.sim.quoting import QUOTE_DELAY_NS

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
    settled
        How long into each grain its quotes have all come out; from then on they are shown.
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
    settled: timedelta = timedelta(microseconds=QUOTE_DELAY_NS // 1_000)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        """Return the simulated moment, UTC."""
        return self.simulated_now().astimezone(UTC)

    def version(self, now: datetime) -> datetime:
        """Return the moment as of which data is shown: the beginning of a grain, or when its quotes are out."""
        into = (now - _EPOCH) % self.quantum
        return now - into + (self.settled if into >= self.settled else timedelta())

    async def pause(self, seconds: float) -> None:
        """Wait some seconds, or until the server stops."""
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
