"""A scripted vendor on a free port, and a session that is driven by a clock of the test's own."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from quantdata.config import Secret
from quantdata.wire.backoff import StreamPolicy
from quantdata.wire.book import Book
from quantdata.wire.dialect import Channel
from quantdata.wire.massive.stream import MassiveDialect
from quantdata.wire.session import StreamSession
from quantdata.wire.tradier.stream import TradierDialect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quantdata.wire.dialect import Dialect
    from quantdata.wire.vitals import Gap, SessionState

KEY: Final = "k3y-that-nobody-may-see"
NOON: Final = 1_795_021_200_000
NOON_NS: Final = NOON * 1_000_000
CALL: Final = Channel("quote", "O:SPY251219C00650000")
PUT: Final = Channel("quote", "O:SPY251219P00650000")
TAPE: Final = Channel("trade", "*")
SPY: Final = Channel("quote", "SPY")

Script = Callable[["Line"], Awaitable[None]]


class Pulse:
    """Wakes who waits for something to be true whenever anything happens; nobody polls."""

    def __init__(self) -> None:
        self._beats = asyncio.Event()

    def beat(self) -> None:
        self._beats.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._beats.clear()
            await self._beats.wait()


class Time:
    """A clock that stands until it is moved on."""

    def __init__(self, pulse: Pulse) -> None:
        self.now = 1000.0
        self.asked: list[float] = []
        self._pulse = pulse
        self._numbers = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def clock(self) -> float:
        return self.now

    def wall(self) -> int:
        return NOON_NS + round((self.now - 1000.0) * 1e9)

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        self._pulse.beat()
        await woken

    def sleeping(self) -> list[float]:
        """Return how long each who sleeps still will."""
        return [at - self.now for at, _, woken in sorted(self._sleepers) if not woken.done()]

    async def pass_until(self, seconds: float) -> None:
        """Let time pass, once somebody sleeps for just so long."""
        await self._pulse.until(lambda: any(abs(left - seconds) < 1e-6 for left in self.sleeping()))
        await self.move(seconds)

    async def move(self, seconds: float) -> None:
        """Move the clock on, and let everybody do what is due."""
        end = self.now + seconds
        while self._sleepers and self._sleepers[0][0] <= end + 1e-6:
            at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self.now = at
                woken.set_result(None)
                for _ in range(10):
                    await asyncio.sleep(0)
        self.now = end


class Line:
    """The vendor's end of one connection."""

    def __init__(self, socket: ServerConnection, pulse: Pulse) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []
        self._pulse = pulse

    async def hear(self) -> dict[str, Any]:
        self.heard.append(json.loads(await self.socket.recv()))
        self._pulse.beat()
        return self.heard[-1]

    async def say(self, *messages: object) -> None:
        await self.socket.send(json.dumps(messages))

    async def status(self, status: str, message: str = "", **more: object) -> None:
        await self.say({"ev": "status", "status": status, "message": message, **more})

    async def log_in(self, **more: object) -> None:
        await self.status("connected", "Connected Successfully", **more)
        assert await self.hear() == {"action": "auth", "params": KEY}
        await self.status("auth_success", "authenticated")

    async def grant(self) -> list[str]:
        """Grant all of the next request, each channel by a status of its own."""
        request = await self.hear()
        channels = [channel.strip() for channel in request["params"].split(",")]
        word = "success"
        said = [{"ev": "status", "status": word, "message": f"{request['action']}d to: {each}"} for each in channels]
        await self.say(*said)
        return channels

    async def quote(self, sequence: int = 1, symbol: str = CALL.symbol) -> None:
        await self.say({"ev": "Q", "sym": symbol, "bp": 1.0 + sequence, "t": NOON, "q": sequence})

    def drop(self) -> None:
        self.socket.transport.abort()

    def play_dead(self) -> None:
        """Read nothing more: pings are not answered, and nothing is closed."""
        transport = self.socket.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    async def stay(self) -> None:
        """Do nothing until the other end closes."""
        await self.socket.wait_closed()


async def serving(line: Line) -> None:
    """Be the vendor on a good day: log in, grant whatever is asked for."""
    await line.log_in()
    while True:
        await line.grant()


class Vendor:
    """Runs one script for each connection, the last for all that follow."""

    def __init__(self, pulse: Pulse, *scripts: Script) -> None:
        self.lines: list[Line] = []
        self._pulse = pulse
        self._scripts = scripts
        self._server: Server | None = None
        self._port = 0

    async def open(self) -> None:
        self._server = await serve(self._handle, "127.0.0.1", self._port, ping_interval=None, close_timeout=0.1)
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            for line in self.lines:
                line.drop()
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    async def _handle(self, socket: ServerConnection) -> None:
        line = Line(socket, self._pulse)
        self.lines.append(line)
        self._pulse.beat()
        with suppress(ConnectionClosed):
            await self._scripts[min(len(self.lines), len(self._scripts)) - 1](line)


class Stage:
    """A vendor, a session, a clock, and all that was told."""

    def __init__(self, *scripts: Script, policy: StreamPolicy | None = None, vendor: str = "massive") -> None:
        self.pulse = Pulse()
        self.time = Time(self.pulse)
        self.vendor = Vendor(self.pulse, *scripts)
        self.policy = policy or StreamPolicy(close_s=0.1)
        self.name = vendor
        self.book = Book(vendor)
        self.states: list[SessionState] = []
        self.gaps: list[Gap] = []
        self.on_gap: Callable[[Gap], None] = self.gaps.append
        self.frames: list[tuple[bytes, int]] = []
        self.is_market_open = True
        self.sessions_made = 0
        self.session_fails: list[Exception] = []
        self.looks = 0

    def dialect(self) -> Dialect:
        if self.name == "tradier":
            return TradierDialect(self._new_session, url=f"{self.vendor.url}/v1/markets/events", clock=self.time.clock)
        return MassiveDialect(Secret(KEY), asset="options", base_url=self.vendor.url)

    async def _new_session(self) -> Secret:
        self.sessions_made += 1
        if self.session_fails:
            raise self.session_fails.pop(0)
        return Secret(f"session-{self.sessions_made}")

    def _on_data(self) -> None:
        self.looks += 1
        self.pulse.beat()

    def _on_state(self, state: SessionState) -> None:
        self.states.append(state)
        self.pulse.beat()

    def _on_frame(self, frame: bytes, received_ns: int) -> None:
        self.frames.append((frame, received_ns))

    def make(self, **more: Any) -> StreamSession:
        told: dict[str, Any] = {
            "on_state": self._on_state,
            "on_gap": self.on_gap,
            "on_frame": self._on_frame,
            "clock": self.time.clock,
            "wall": self.time.wall,
            "random": lambda: 1.0,
            "sleep": self.time.sleep,
        }
        return StreamSession(
            self.dialect(),
            book=self.book,
            policy=self.policy,
            on_data=self._on_data,
            is_market_open=lambda: self.is_market_open,
            **told | more,
        )

    @asynccontextmanager
    async def open(self, *channels: Channel, **more: Any) -> AsyncIterator[StreamSession]:
        """Run a session that wants channels; afterwards nothing may be left of it."""
        await self.vendor.open()
        session = self.make(**more)
        await session.want(channels)
        self.running = asyncio.create_task(session.run())
        self.running.add_done_callback(lambda _: self.pulse.beat())
        try:
            yield session
        finally:
            await session.close()
            await asyncio.wait((self.running,))
            await self.vendor.close()
        assert session.state == "stopped"

    def line(self, number: int = -1) -> Line:
        return self.vendor.lines[number]

    async def heard(self, number: int) -> None:
        """Wait until so many requests came on the last connection."""
        await self.pulse.until(lambda: bool(self.vendor.lines) and len(self.line().heard) >= number)

    async def events(self, number: int) -> None:
        """Wait for so many events in all."""
        await self.pulse.until(lambda: self.book.counts.events >= number)

    async def state(self, state: str) -> None:
        await self.pulse.until(lambda: bool(self.states) and self.states[-1] == state)

    async def failure(self) -> str:
        """Wait for the end of the session; return what it ended in."""
        await self.pulse.until(self.running.done)
        error = self.running.exception()
        assert error is not None
        return f"{type(error).__name__}: {error}"


@pytest.fixture(autouse=True)
def _nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every loop of a test to leaving no task behind."""
    run = asyncio.run

    def checked(main: Any, **options: Any) -> Any:
        async def whole() -> Any:
            result = await main
            for _ in range(10):
                await asyncio.sleep(0)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, left
            return result

        return run(whole(), **options)

    monkeypatch.setattr(asyncio, "run", checked)
