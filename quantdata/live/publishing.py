"""From what comes in to what is published: quotes at once, the model and the rules a little later, each in a thread.

The loop only hands over: applying, pricing and judging run in worker threads, one at a time on the state, valuations
beside it, so that no quote waits for the model.
"""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from quantdata.live.rhythm import Rhythm
from quantdata.pricing.breath import PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from quantdata.live.conflation import Conflation
    from quantdata.live.market import Input, LiveMarket, Polled
    from quantdata.live.snapshot import HubSnapshot, Tick
    from quantdata.live.subscribers import Subscribers

__all__ = ["Publisher"]

# A publication that takes longer than this is not waited for.
LONGEST_PAUSE_S: Final = 0.25


class Publisher:
    """Publishes a market: on the portal's loop.

    Parameters
    ----------
    market
        The state; nobody else touches it.
    conflation
        When to publish.
    gather
        Returns what streams told since the last look.
    snapshots, tick_subscribers
        Who is told.
    wall, clock
        Return the present (UTC), and monotonic seconds.

    Attributes
    ----------
    rhythm
        When to price and judge.
    snapshot
        The newest; readable from any thread. None before the first.
    publish_s, valuation_s
        Seconds that the last of each took.
    """

    def __init__(
        self,
        market: LiveMarket,
        *,
        conflation: Conflation,
        gather: Callable[[], list[Input]],
        snapshots: Subscribers[HubSnapshot],
        tick_subscribers: Subscribers[Tick],
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rhythm = Rhythm(clock=clock)
        self.snapshot: HubSnapshot | None = None
        self.publish_s = 0.0
        self.valuation_s = 0.0
        self._market = market
        self._conflation = conflation
        self._gather = gather
        self._snapshots = snapshots
        self._ticks = tick_subscribers
        self._wall = wall
        self._inbox: list[Input] = []
        self._state = asyncio.Lock()
        # Set while nothing is being published: a valuation gives way to a publication.
        self._calm = threading.Event()
        self._calm.set()

    def put(self, polled: Input) -> None:
        """Take in an answer; it is published at the next occasion."""
        self._inbox.append(polled)
        self._conflation.mark()

    async def change(self, act: Callable[[LiveMarket], Any]) -> None:
        """Change the market itself: what is watched."""
        async with self._state:
            await asyncio.to_thread(act, self._market)
        self._conflation.mark()

    async def standing(self) -> list[Polled]:
        """Return all that has come, as one answer for each that is watched."""
        await self.publish_once()
        async with self._state:
            return await asyncio.to_thread(self._market.standing)

    async def publish(self) -> None:
        """Publish for ever: whenever something has come in, at most once a window."""
        while True:
            await self._conflation.ready()
            await self.publish_once()

    async def publish_once(self) -> None:
        """Take in what has come, and publish how all stands."""
        inputs, self._inbox = [*self._inbox, *self._gather()], []
        began, now = time.perf_counter(), self._wall()
        async with self._state:
            self._calm.clear()
            try:
                self.snapshot = snapshot = await asyncio.to_thread(self._applied, inputs, now)
                self.publish_s = time.perf_counter() - began
                self._snapshots.publish([snapshot])
                # In the pause that the window leaves.
                await asyncio.to_thread(self._market.prepare, now)
            finally:
                self._calm.set()
        self.rhythm.mark()

    async def value(self) -> None:
        """Price and judge for ever what has changed, and from time to time what has not."""
        while True:
            await self.rhythm.ready()
            await self.value_once()

    async def value_once(self) -> None:
        """Price and judge what has changed; what has not, if that is due."""
        await self._valued(is_aged=self.rhythm.begin())
        self.rhythm.end()

    async def _valued(self, *, is_aged: bool) -> None:
        now = self._wall()
        async with self._state:
            jobs = await asyncio.to_thread(self._market.valuations, now, is_aged=is_aged)
        if jobs:
            began = time.perf_counter()
            valued = await asyncio.to_thread(_done, jobs, self._give_way)
            self.valuation_s = time.perf_counter() - began
            async with self._state:
                self._market.adopt(valued)
        if jobs or is_aged:
            self._conflation.mark()

    def _give_way(self) -> None:
        """Wait while something is being published: the model works in many small steps, each of which holds it up."""
        self._calm.wait(LONGEST_PAUSE_S)

    def _applied(self, inputs: Sequence[Input], now: datetime) -> HubSnapshot:
        # Who wants events one by one does not wait for what follows from them.
        if len(self._ticks):
            self._ticks.publish(self._market.ticks(inputs))
        self._market.apply(inputs)
        return self._market.snapshot(now)


def _done(jobs: dict[str, Callable[[], pl.DataFrame]], pause: Callable[[], object]) -> dict[str, pl.DataFrame]:
    PAUSE.set(pause)  # in this thread's own context
    return {name: job() for name, job in jobs.items()}
