"""What runs behind a replayed hub: a recording in the place of polls and streams, on a time of its own.

Everything is done in turn, at moments that the recording alone decides on: what comes in, a publication when the window
is over, a valuation when its rest is over. So the same recording publishes the same, bit for bit, at any speed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from quantdata.live.chains import Pace
from quantdata.live.engine import Engine
from quantdata.live.records import Answer, Frame, Line, Lost, Missed, Paced, Watched
from quantdata.live.replayed_streams import ReplayedStreams
from quantdata.live.timeline import Timeline
from quantdata.live.watchlist import Watchlist
from quantdata.wire.facts import facts
from quantdata.wire.vitals import Gap

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from quantdata.client.core import Core
    from quantdata.live.alerts import Alert
    from quantdata.live.engine import Settings
    from quantdata.live.market import Input
    from quantdata.live.recording_reader import Reading
    from quantdata.live.records import Record
    from quantdata.live.snapshot import HubSnapshot, Tick
    from quantdata.live.streaming import StreamStatus
    from quantdata.live.subscribers import Kind, Subscribers

__all__ = ["Replayer"]

logger = logging.getLogger("quantdata.live")

LOOK_S: Final = 0.001
# Without a speed a replay begins when nobody has subscribed for so many looks: all of them see the beginning.
LOOKS_BEFORE_BEGINNING: Final = 100
# A subscriber that takes nothing for so long is not waited for any more.
PATIENCE_S: Final = 60.0


class _Due(NamedTuple):
    """What is due, and in how many seconds."""

    in_s: float
    act: Callable[[], Awaitable[None]]


class Replayer(Engine):
    """A replayed hub at work; made, used and closed on the portal's loop.

    Parameters
    ----------
    core, settings, snapshots, ticks, alerts
        As of `Engine`; the core is asked for nothing but its rates.
    reading
        The recording.
    speed
        How many times faster than real time; None is as fast as its subscribers take what is published.
    on_watch
        Called with each new watchlist.
    clock, sleep
        Real monotonic seconds, and how to wait for some.

    Attributes
    ----------
    is_over
        Whether there is nothing more to come.
    ended
        Set when its subscribers have been told all of it, too.
    """

    def __init__(
        self,
        core: Core,
        settings: Settings,
        reading: Reading,
        *,
        speed: float | None,
        snapshots: Subscribers[HubSnapshot],
        ticks: Subscribers[Tick],
        alerts: Subscribers[Alert],
        on_watch: Callable[[Watchlist], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.is_over = False
        self.ended = threading.Event()
        self._timeline = Timeline(reading.opened.at, speed=speed, clock=clock, sleep=sleep)
        super().__init__(
            core,
            settings,
            snapshots=snapshots,
            ticks=ticks,
            alerts=alerts,
            wall=self._timeline.moment,
            clock=self._timeline.elapsed_s,
        )
        self._reading = reading
        self._speed = speed
        self._on_watch = on_watch
        self._clock = clock
        self._sleep = sleep
        self._replayed = ReplayedStreams(reading.opened.streams)
        self._paced: dict[str, list[Pace]] = {}
        self._is_awaited = False
        self._given_up: set[tuple[Kind, str]] = set()
        self._played = self._lost = 0

    # --- what a hub asks its engine ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin to play, for somebody waits; from any thread."""
        self._is_awaited = True

    def paces(self, name: str) -> Sequence[Pace]:
        """Return how often something was polled."""
        return self._paced.get(name) or [Pace(None, self._settings.interval_s)]

    def stream_statuses(self) -> list[StreamStatus]:
        """Return how each stream was."""
        return self._replayed.statuses()

    def recording_figures(self) -> list[tuple[str, float, str]]:
        """Return how much was played, and what the recording lacks."""
        return [("records", self._played, "count"), ("lost_records", self._lost, "count")]

    async def start(self, watchlist: Watchlist) -> None:
        """Begin to play; without a speed as soon as somebody waits or has subscribed."""
        await self.watch(watchlist)
        self._run(self._play())

    def _gathered(self) -> list[Input]:
        return self._replayed.gather()

    def _note_end(self, task: asyncio.Task[None]) -> None:
        super()._note_end(task)
        self.is_over = True
        self.ended.set()

    # --- playing ----------------------------------------------------------------------------------------------------

    async def _play(self) -> None:
        failure: Exception | None = None
        try:
            await self._awaited()
            await self._play_all()
        except Exception as error:  # noqa: BLE001  # raised again when the subscribers know that it is over
            failure = error
        self.is_over = True
        await asyncio.to_thread(self._end_subscriptions)
        if failure is not None:
            raise failure

    def _end_subscriptions(self) -> None:
        for each in (*self._subscribers, self._alerts):
            each.close()

    async def _awaited(self) -> None:
        """Wait for somebody who wants to see it, where the speed would leave no time to come."""
        subscribers = looks = 0
        while self._speed is None and not self._is_awaited and looks < LOOKS_BEFORE_BEGINNING:
            present = sum(len(each) for each in self._subscribers)
            looks = looks + 1 if present and present == subscribers else 0
            subscribers = present
            await self._sleep(LOOK_S)

    async def _play_all(self) -> None:
        blocks = self._reading.blocks()
        while (block := await asyncio.to_thread(_next, blocks)) is not None:
            for record in block:
                await self._until(record.at)
                await self._take(record)
                self._played += 1
        await self._settle()
        await self._delivered()

    async def _until(self, at: int) -> None:
        """Do all that is due before a moment, each when it is due."""
        while True:
            first = min(self._due(), key=lambda due: due.in_s)
            if self._timeline.after(first.in_s) >= at:
                break
            await self._do(first)
        await self._timeline.advance(at)

    async def _settle(self) -> None:
        """Publish and judge until nothing has changed since."""
        while self._conflation.due_in_s() is not None or self.publisher.rhythm.is_marked:
            await self._do(min(self._due(), key=lambda due: due.in_s))

    def _due(self) -> Iterator[_Due]:
        if (in_s := self._conflation.due_in_s()) is not None:
            yield _Due(in_s, self._publish)
        yield _Due(self.publisher.rhythm.due_in_s(), self.publisher.value_once)

    async def _do(self, due: _Due) -> None:
        await self._timeline.advance(self._timeline.after(due.in_s))
        await due.act()

    async def _publish(self) -> None:
        self._conflation.begin()
        await self.publisher.publish_once()
        if self._speed is None:
            await self._delivered()

    async def _delivered(self) -> None:
        """Wait until every subscriber has taken what waits for it, but for those that nothing was heard of for long."""
        deadline = self._clock() + PATIENCE_S
        while late := self._late():
            if self._clock() > deadline:
                self._given_up |= late
                names = ", ".join(name for _, name in sorted(late))
                logger.warning("replay goes on %s", facts(without=names, that_took_nothing_for_s=PATIENCE_S))
                return
            await self._sleep(LOOK_S)

    def _late(self) -> set[tuple[Kind, str]]:
        """Return the subscribers that something waits for."""
        stats = (each for readers in self._subscribers for each in readers.stats())
        return {(each.kind, each.name) for each in stats if each.waiting} - self._given_up

    # --- what came in -----------------------------------------------------------------------------------------------

    async def _take(self, record: Record) -> None:
        if isinstance(record, Frame):
            self._replayed.hear(record)
            self._conflation.mark()
        elif isinstance(record, Answer):
            self._answer(record)
        elif isinstance(record, Line):
            self._replayed.read_as(record)
        elif isinstance(record, Paced):
            self._paced[record.subject] = [Pace(*pace) for pace in record.paces]
        elif isinstance(record, Watched):
            watchlist = Watchlist(record.chains, record.equities, record.indices)
            self._on_watch(watchlist)
            await self.watch(watchlist)
        elif isinstance(record, Missed):
            self._missed(
                Gap(vendor=record.vendor, asset=record.asset, start=record.start, end=record.end, reason=record.reason)
            )
        elif isinstance(record, Lost):
            self._lost += record.records

    def _answer(self, record: Answer) -> None:
        self._put(record.polled)
        stats = self.poller.stats.get(record.subject)
        if stats is not None:
            stats.polls += 1
            stats.answered_at = self._timeline.moment()
            # When it was asked for is not on record: of an answer that was on its way then, a moment too early.
            self._note_answer(record.subject, stats.answered_at)


def _next(blocks: Iterator[list[Record]]) -> list[Record] | None:
    return next(blocks, None)
