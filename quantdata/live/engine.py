"""What runs behind a hub, on the portal's loop: polls, streams, publications, and who looks after them."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.clients.chain_query import ChainQuery
from quantdata.errors import FeedError
from quantdata.hybrid import AsyncHybrid
from quantdata.live.alerts import Alert, Alerts, Facts
from quantdata.live.budget import MOST_QUOTES, allocate
from quantdata.live.cadence import Cadence
from quantdata.live.condition import are_well, at_present
from quantdata.live.conflation import Conflation
from quantdata.live.gaps import Gaps
from quantdata.live.market import EQUITIES, INDICES, LiveMarket
from quantdata.live.polling import Poller
from quantdata.live.publishing import Publisher
from quantdata.live.streaming import Streams, Wanted
from quantdata.live.targets import candidates
from quantdata.sessions import market_state
from quantdata.wire.facts import facts
from quantdata.wire.limits import pause_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from pathlib import Path

    from quantdata.client.core import Core
    from quantdata.clients import Provider
    from quantdata.live.chains import Pace
    from quantdata.live.market import Input, Polled
    from quantdata.live.recording import Recorder
    from quantdata.live.snapshot import HubSnapshot, Tick
    from quantdata.live.streaming import StreamStatus
    from quantdata.live.subscribers import Subscribers
    from quantdata.live.watchlist import Watchlist
    from quantdata.wire.vitals import Gap

__all__ = ["Engine", "Settings"]

logger = logging.getLogger("quantdata.live")

# Between two looks at what is worth an alert, and at which contracts are worth a subscription.
HOUSEKEEPING_S: Final = 1.0
LOOKS_A_SUBSCRIPTION: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a hub works: seconds between polls and between publications, and what its streams are for."""

    interval_s: float
    debounce_s: float
    wants_streams: bool
    dte: tuple[int | None, int | None] | None
    weights: Mapping[str, float]
    name: str


class Engine:
    """A hub at work; made, used and closed on the portal's loop.

    Parameters
    ----------
    core
        Whose provider is asked.
    settings
        How.
    snapshots, ticks, alerts
        Who is told.
    wall, clock
        Return the present (UTC), and monotonic seconds; a replay passes its own.

    Attributes
    ----------
    recorder
        What writes down all that comes in; None where nothing does.
    """

    def __init__(
        self,
        core: Core,
        settings: Settings,
        *,
        snapshots: Subscribers[HubSnapshot],
        ticks: Subscribers[Tick],
        alerts: Subscribers[Alert],
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.recorder: Recorder | None = None
        self.gaps = Gaps()
        self.failure: BaseException | None = None
        self._core = core
        self._settings = settings
        self._wall = wall
        self._rates = core.connection().rates
        self._subscribers = (snapshots, ticks)
        self._alerts = alerts
        self._told = Alerts()
        self._provider: Provider | None = None
        self._watchlist: Watchlist | None = None
        self._conflation = Conflation(settings.debounce_s, clock=clock)
        self.poller = Poller(
            core.connected,
            cadence=Cadence(settings.interval_s),
            put=self._put,
            query=self._query,
            rate=_rate,
            on_answer=self._note_answer,
            on_probe=core.hurry,
            wall=wall,
        )
        self.publisher = Publisher(
            LiveMarket(rates=self._rates, paces=self.paces),
            conflation=self._conflation,
            gather=self._gathered,
            snapshots=snapshots,
            tick_subscribers=ticks,
            wall=wall,
            clock=clock,
        )
        self.streams: Streams | None = None
        self._hurried_at = -math.inf
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def publications(self) -> int:
        """Count of publications so far."""
        return self._conflation.publications

    def paces(self, name: str) -> Sequence[Pace]:
        """Return after how long each part of something is stale: see `Poller.paces`."""
        return self.poller.paces(name)

    def health(self) -> pl.DataFrame:
        """Return how each provider is doing at each endpoint, at this moment; from any thread."""
        return at_present(self._core.health())

    def stream_statuses(self) -> list[StreamStatus]:
        """Return how each stream is; from any thread."""
        return [] if self.streams is None else self.streams.statuses()

    def refused(self) -> dict[tuple[str, str], str]:
        """Return the subscriptions that vendors refused, by vendor and channel, in their words."""
        return {} if self.streams is None else self.streams.refused()

    def recording_figures(self) -> list[tuple[str, float, str]]:
        """Return what is counted of the recording under way, with its unit."""
        recorder = self.recorder
        return [] if recorder is None else recorder.figures()

    async def start(self, watchlist: Watchlist) -> None:
        """Connect, and begin to poll, stream and publish."""
        self._provider = await self._core.connected()
        await self.watch(watchlist)
        if self._settings.wants_streams:
            self.streams = Streams(
                await self._core.connection().streams(),
                on_data=self._conflation.mark,
                on_gap=self._note_gap,
                on_loss=self._note_loss,
                is_market_open=self._is_market_open,
                hub=self._settings.name,
            )
            await self._subscribe()
            self._run(self.streams.watch_over())
        for work in (self.poller.run(), self.publisher.publish(), self.publisher.value(), self._look_after()):
            self._run(work)

    async def watch(self, watchlist: Watchlist) -> None:
        """Watch these from now on, and nothing else."""
        self._watchlist = watchlist
        if self.recorder is not None:
            self.recorder.watch(watchlist)
        equities, indices = watchlist.polled_equities, watchlist.polled_indices
        await self.publisher.change(lambda market: market.watch(watchlist.chains, equities=equities, indices=indices))
        self.poller.watch(watchlist.chains, equities=equities, indices=indices)
        if self.streams is not None:
            await self._subscribe()

    async def close(self) -> None:
        """End everything; nothing of it is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.poller.close()
        if self.streams is not None:
            await self.streams.close()
        await self.stop_recording()

    async def rest(self) -> str | None:
        """Return in words for how long whoever is asked first has asked to be left alone; None where it has not."""
        if self._provider is None:
            return None
        asked = _asked_first(self._provider)
        return pause_in_words(asked.name, asked.budgets())

    def new_recorder(self, folder: Path) -> Recorder:
        """Return what writes down how this hub works, in a new folder; it blocks.

        Raises
        ------
        ArgumentError
            If the folder holds a recording already, or cannot be written.
        FeedError
            If there is one already.
        """
        from quantdata.live.recording import Recorder  # noqa: PLC0415  # heavy: pyarrow

        if self.recorder is not None:
            raise FeedError(f"{self._settings.name} is being recorded already: close() that recording first")
        streams = [] if self.streams is None else self.streams.kinds
        return Recorder(folder, settings=self._settings, rates=self._rates, streams=streams)

    async def record(self, recorder: Recorder) -> None:
        """Write down how all stands, and all that comes in from now on."""
        self.recorder = recorder
        if self._watchlist is not None:
            recorder.watch(self._watchlist)
        if self.streams is not None:
            self.streams.record(recorder.hear)
        for standing in await self.publisher.standing():
            recorder.answer(standing, self.paces(standing.subject))

    async def stop_recording(self) -> None:
        """Write nothing down any more, and finish what is written."""
        recorder, self.recorder = self.recorder, None
        if self.streams is not None:
            self.streams.record(None)
        if recorder is not None:
            await asyncio.to_thread(recorder.close)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._note_end)
        self._tasks.append(task)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """Remember why a part of the hub ended that should not have, and say so in the log."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.failure = self.failure or error
            logger.error("hub failed %s", facts(hub=self._settings.name, why=error), exc_info=error)

    def _query(self, underlying: str) -> ChainQuery:
        return ChainQuery.of(underlying, dte=self._settings.dte)

    def _gathered(self) -> list[Input]:
        return [] if self.streams is None else self.streams.gather()

    def _put(self, polled: Polled) -> None:
        if self.recorder is not None:
            self.recorder.answer(polled, self.paces(polled.subject))
        self.publisher.put(polled)

    def _note_answer(self, name: str, asked_at: datetime) -> None:
        self.gaps.answered(name, asked_at=asked_at, now=self._wall())

    def _note_gap(self, gap: Gap) -> None:
        if self.recorder is not None:
            self.recorder.gap(gap)
        # Who streams again may answer again.
        self._core.hurry()
        for name in self._missed(gap):
            self.poller.refresh(name)

    def _note_loss(self) -> None:
        """Find out by polls at once whether more than a stream is lost; at most once an interval."""
        now = asyncio.get_running_loop().time()
        if now - self._hurried_at >= self._settings.interval_s:
            self._hurried_at = now
            self.poller.hurry()

    def _missed(self, gap: Gap) -> list[str]:
        """Remember a gap, and return the subjects of polls that it is filled by."""
        names = [name for name in self.poller.stats if gap.asset in {_asset_of(name), "all"}]
        self.gaps.add(gap, unfilled=names)
        return names

    def _is_market_open(self) -> bool:
        return self._provider is not None and market_state(self._provider.now()) == "open"

    async def _subscribe(self) -> None:
        """Ask the streams for what is worth it now: stocks and indices, and the contracts nearest to the money."""
        if self.streams is None or self._watchlist is None:
            return
        snapshot = self.publisher.snapshot
        chains = {} if snapshot is None else snapshot.chains
        held = self.streams.wanted.contracts
        chosen = await asyncio.to_thread(
            lambda: allocate(
                {name: candidates(chain) for name, chain in chains.items() if chain.height},
                limit=MOST_QUOTES,
                weights=self._settings.weights,
                held=held,
            )
        )
        await self.streams.want(
            Wanted(
                contracts=frozenset(symbol for each in chosen.values() for symbol in each),
                stocks=frozenset(self._watchlist.polled_equities),
                indices=frozenset(self._watchlist.polled_indices),
            )
        )

    async def _look_after(self) -> None:
        """Renew subscriptions and tell of troubles, for ever."""
        looks = 0
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            looks += 1
            if looks % LOOKS_A_SUBSCRIPTION == 0 or (self.streams is not None and not self.streams.wanted.contracts):
                await self._subscribe()
            told = await asyncio.to_thread(self._troubles)
            self._alerts.publish(told)
            for alert in told:
                logger.warning("alert %s", facts(kind=alert.kind, subject=alert.subject, is_over=alert.is_over))

    def _troubles(self) -> list[Alert]:
        snapshot = self.publisher.snapshot
        qualities = {} if snapshot is None else snapshot.qualities
        health = self.health()
        response_s = health.group_by("provider").agg(pl.col("response_p50_s").max())
        return self._told.observe(
            Facts(
                confidence={name: each.confidence for name, each in qualities.items()},
                providers=are_well(health),
                response_s=dict(response_s.iter_rows()),
                subscribers=sum(len(each) for each in self._subscribers),
            ),
            self._wall(),
        )


def _asset_of(name: str) -> str:
    """Return which streams tell of a subject of polls."""
    return {EQUITIES: "stocks", INDICES: "indices"}.get(name, "options")


def _asked_first(provider: Provider) -> Provider:
    return provider.first if isinstance(provider, AsyncHybrid) else provider


def _rate(provider: Provider) -> float | None:
    """Return the requests a minute of the account that polls cost: of two vendors the first one's."""
    return min((budget.per_minute for budget in _asked_first(provider).budgets()), default=None)
