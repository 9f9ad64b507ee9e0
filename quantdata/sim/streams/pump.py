"""What drives a connection: the market's own events as they happen, or prepared frames at a given rate."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from quantdata.sim.streams.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from quantdata.sim.stage import Stage
    from quantdata.sim.streams.outlet import Outlet
    from quantdata.sim.streams.ring import Prepared, Sent
    from quantdata.sim.streams.streams import Record, Streams

__all__ = ["Programme", "Pump", "Told"]

_TICK_S = 0.005
_EVENTS_PER_FRAME = 100
_FRAMES_PER_S = 100  # below that many frames a second, frames are smaller
_LONGEST_DEBT_S = 1.0  # what a slow reader missed beyond this is never sent
_LONGEST_STEP = timedelta(seconds=60)  # of simulated time in one look at the market

Made = TypeVar("Made")


class Told(NamedTuple):
    """A frame of the market's own: its text, its events, and the last quotes among them."""

    payload: bytes
    events: int
    quotes: Mapping[str, Sent]


class Programme(Protocol):
    """What a connection has subscribed to, and how its vendor writes it. Both methods run in a worker thread."""

    @property
    def edition(self) -> int:
        """A number that changes with the subscription."""
        ...

    def prepare(self, now: datetime, *, events_per_frame: int, wrap: Callable[[bytes], bytes]) -> Sequence[Prepared]:
        """Return frames of all that is subscribed to, to be sent in turn."""
        ...

    def happened(self, since: datetime, until: datetime) -> Sequence[Told]:
        """Return what happened in the market after one moment, up to and with another."""
        ...


class Pump:
    """Keeps one connection supplied for as long as it lasts.

    Parameters
    ----------
    stage
        The simulated moment, and threads to work in.
    streams
        The pace.
    path
        The socket's path.
    record
        Where what goes out is remembered.
    """

    def __init__(
        self, stage: Stage, streams: Streams, *, path: str, outlet: Outlet, programme: Programme, record: Record
    ) -> None:
        self._stage, self._streams = stage, streams
        self._outlet, self._programme, self._record = outlet, programme, record
        self._numbers = streams.numbers(path)
        self._seen_until = self._started = stage.now()
        self._started_s = stage.monotonic()
        self._moment_ms = 0
        self._prepared: tuple[int, int] | None = None
        self._ring = Ring([])

    async def run(self) -> None:
        """Supply the connection until it is closed or this is cancelled."""
        while self._outlet.is_open:
            if self._streams.rate is None:
                await asyncio.sleep(self._streams.rules.batch_s)
                await self._follow()
            else:
                await self._run_at_rate()

    # --- the market's own pace --------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Send what has happened since the last look, unless the clock stands still or was set back."""
        now, since = self._stage.now(), self._seen_until
        if now <= since:
            self._seen_until = now
        elif not self._outlet.is_held_up():
            self._seen_until = now
            for told in await self._work(lambda: self._programme.happened(max(since, now - _LONGEST_STEP), now)):
                if self._outlet.send(self._outlet.packet(told.payload, told.events)):
                    self._record.said(told.events, told.quotes)

    # --- a given rate -----------------------------------------------------------------------------------------------

    async def _run_at_rate(self) -> None:
        """Send prepared frames until the rate is taken away."""
        monotonic = self._stage.monotonic
        debt, before = 0.0, monotonic()
        while (rate := self._streams.rate) is not None and self._outlet.is_open:
            await asyncio.sleep(_TICK_S)
            await self._prepare(rate)
            now = monotonic()
            debt, before = min(debt + rate * (now - before), rate * _LONGEST_DEBT_S), now
            debt = self._pay(debt)
        self._seen_until = self._stage.now()

    async def _prepare(self, rate: float) -> None:
        """Make frames of what is subscribed to, when that has changed."""
        size = max(1, min(_EVENTS_PER_FRAME, int(rate / _FRAMES_PER_S)))
        wanted = (self._programme.edition, size)
        if wanted == self._prepared:
            return
        now, wrap = self._stage.now(), self._outlet.wrap
        frames = await self._work(lambda: self._programme.prepare(now, events_per_frame=size, wrap=wrap))
        self._prepared, self._ring = wanted, Ring(frames)
        self._record.turn_to(self._ring)

    def _pay(self, debt: float) -> float:
        """Send the frames that are due, and return how many events still are."""
        ring, moment = self._ring, self._moment()
        while ring.frames and debt >= 1.0 and not self._outlet.is_held_up():
            place, number = next(ring.turn), next(self._numbers)
            packet = ring.frames[place].at(moment, number)
            debt -= packet.events
            if self._outlet.send(packet):
                self._record.went_out(place, moment, number)
        return debt if ring.frames else 0.0

    def _moment(self) -> int:
        """Return the simulated moment (ms); where the clock stands still, it goes on at the real pace all the same."""
        elapsed = timedelta(seconds=self._stage.monotonic() - self._started_s)
        moment = max(self._stage.now(), self._started + elapsed)
        self._moment_ms = max(self._moment_ms, int(moment.timestamp() * 1_000))
        return self._moment_ms

    async def _work(self, work: Callable[[], Sequence[Made]]) -> Sequence[Made]:
        return await asyncio.get_running_loop().run_in_executor(self._stage.workers, work)
