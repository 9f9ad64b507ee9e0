from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.faults import Faults
from quantdata.sim.stage import Stage
from quantdata.sim.streams.outlet import Packet
from quantdata.sim.streams.pump import Pump, Told
from quantdata.sim.streams.ring import MOMENT, Prepared
from quantdata.sim.streams.rules import StreamRules
from quantdata.sim.streams.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
NOON_MS = 1_795_021_200_000


class FakeOutlet:
    """Takes what a pump sends."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.is_open, self.is_full, self.takes = True, False, True

    def wrap(self, payload: bytes) -> bytes:
        return payload

    def packet(self, payload: bytes, events: int) -> Packet:
        return Packet(payload, 0, len(payload), events)

    def send(self, packet: Packet) -> bool:
        self.packets.append(packet)
        return self.takes

    def is_held_up(self) -> bool:
        return self.is_full


class FakeProgramme:
    """Tells every second of what it is asked about."""

    def __init__(self, events_per_frame: int = 10) -> None:
        self.edition = 1
        self.asked: list[tuple[float, float]] = []
        self.sizes: list[int] = []
        self._events = events_per_frame

    def happened(self, since: datetime, until: datetime) -> Sequence[Told]:
        self.asked.append(((since - NOON).total_seconds(), (until - NOON).total_seconds()))
        return [Told(b"told", 2, {"X": (1.0, 2.0, 3, 4, 5, 6)})]

    def prepare(self, now: datetime, *, events_per_frame: int, wrap: Callable[[bytes], bytes]) -> Sequence[Prepared]:
        assert now == NOON
        self.sizes.append(events_per_frame)
        return [Prepared(MOMENT.encode(), events=self._events, wrap=wrap)] if self._events else []


class Made:
    """A pump between fakes, whose clocks move when told to."""

    def __init__(self, workers: ThreadPoolExecutor, *, rate: float | None = None, events_per_frame: int = 10) -> None:
        self.now, self.seconds = NOON, 0.0
        self.outlet, self.programme = FakeOutlet(), FakeProgramme(events_per_frame)
        self.streams = Streams(StreamRules(batch_s=0.001), rate=rate)
        market: Any = None
        stage = Stage(market, lambda: self.now, Faults(), workers, lambda: self.seconds)
        outlet: Any = self.outlet
        self.record = self.streams.record("/options", "k")
        self.pump = Pump(
            stage, self.streams, path="/options", outlet=outlet, programme=self.programme, record=self.record
        )

    def look(self) -> None:
        asyncio.run(self.pump._follow())

    def pay(self, debt: float) -> float:
        async def due() -> float:
            assert self.streams.rate is not None
            await self.pump._prepare(self.streams.rate)
            return self.pump._pay(debt)

        return asyncio.run(due())


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - a pump tells nobody what it has done
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_each_look_goes_on_where_the_one_before_ended(workers: ThreadPoolExecutor) -> None:
    made = Made(workers)
    for seconds in (1, 3):
        made.now = NOON + timedelta(seconds=seconds)
        made.look()
    assert made.programme.asked == [(0.0, 1.0), (1.0, 3.0)]
    assert [packet.payload for packet in made.outlet.packets] == [b"told", b"told"]
    assert (made.record.frames, made.record.events) == (2, 4)
    assert made.streams.last_sent("/options") == {"X": (1.0, 2.0, 3, 4, 5, 6)}


def test_a_clock_that_stands_still_or_goes_back_tells_nothing(workers: ThreadPoolExecutor) -> None:
    made = Made(workers)
    made.look()
    made.now = NOON - timedelta(hours=1)
    made.look()
    assert made.programme.asked == []
    made.now += timedelta(seconds=1)
    made.look()
    assert made.programme.asked == [(-3_600.0, -3_599.0)]


def test_a_jump_ahead_tells_of_the_last_minute_alone(workers: ThreadPoolExecutor) -> None:
    made = Made(workers)
    made.now = NOON + timedelta(hours=1)
    made.look()
    assert made.programme.asked == [(3_540.0, 3_600.0)]


def test_a_reader_that_is_held_up_gets_it_later(workers: ThreadPoolExecutor) -> None:
    made = Made(workers)
    made.outlet.is_full = True
    made.now = NOON + timedelta(seconds=1)
    made.look()
    made.outlet.is_full = False
    made.now = NOON + timedelta(seconds=2)
    made.look()
    assert made.programme.asked == [(0.0, 2.0)]


def test_what_a_fault_lost_was_not_sent(workers: ThreadPoolExecutor) -> None:
    made = Made(workers, rate=1_000.0)
    made.outlet.takes = False
    made.now = NOON + timedelta(seconds=1)
    made.look()
    made.now = NOON
    made.pay(20)
    assert made.streams.last_sent("/options") == {}
    assert made.record.events == 0


@pytest.mark.parametrize(("rate", "size"), [(1.0, 1), (1_000.0, 10), (200_000.0, 100)])
def test_frames_are_as_large_as_the_rate_wants(workers: ThreadPoolExecutor, rate: float, size: int) -> None:
    made = Made(workers, rate=rate)
    made.pay(0)
    assert made.programme.sizes == [size]


def test_frames_are_made_anew_when_something_else_is_wanted(workers: ThreadPoolExecutor) -> None:
    made = Made(workers, rate=1_000.0)
    made.pay(0)
    made.pay(0)
    made.programme.edition = 2
    made.pay(0)
    assert len(made.programme.sizes) == 2


def test_what_is_due_is_sent_in_whole_frames(workers: ThreadPoolExecutor) -> None:
    made = Made(workers, rate=1_000.0)
    assert made.pay(25.0) == -5.0
    assert len(made.outlet.packets) == 3
    made.outlet.is_full = True
    assert made.pay(25.0) == 25.0


def test_nothing_is_due_to_who_wants_nothing(workers: ThreadPoolExecutor) -> None:
    assert Made(workers, rate=1_000.0, events_per_frame=0).pay(25.0) == 0.0


def test_prepared_frames_have_the_markets_time_and_go_on_where_it_stands(workers: ThreadPoolExecutor) -> None:
    made = Made(workers, rate=1_000.0)
    made.pay(1)
    made.seconds = 1.5
    made.pay(1)
    made.now = NOON + timedelta(seconds=1)  # never back
    made.seconds = 0.0
    made.now = NOON
    made.pay(1)
    moments = [int(packet.payload) for packet in made.outlet.packets]
    assert moments == [NOON_MS, NOON_MS + 1_500, NOON_MS + 1_500]


def test_it_runs_at_either_pace_until_the_connection_ends(workers: ThreadPoolExecutor) -> None:
    made = Made(workers)

    async def run() -> None:
        running = asyncio.ensure_future(made.pump.run())
        made.now = NOON + timedelta(seconds=1)
        await until(lambda: made.outlet.packets)
        made.now, made.streams.rate = NOON, 1_000.0
        await until(lambda: made.programme.sizes)
        made.seconds = 0.01
        await until(lambda: made.outlet.packets[-1].events == 10)
        made.streams.rate = None
        while len(made.programme.asked) < 2:
            made.now += timedelta(seconds=1)
            await asyncio.sleep(0)
        made.outlet.is_open = False
        await running

    asyncio.run(run())
    assert made.programme.asked[0] == (0.0, 1.0)
