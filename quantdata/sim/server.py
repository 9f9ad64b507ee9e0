"""The local server: a simulated market behind the vendors' own protocols, on one loopback port.

It runs on a thread of its own and ends with the process. Massive's REST paths are at the root, Tradier's under ``/v1``
(``/v1/markets/...`` and ``/v1/user/...``; Massive has others there), ``/beta`` and ``/sandbox``; the simulator's own
endpoints are under ``/_sim``. Streams are WebSockets on the same port: Massive's at ``/options``, ``/indices`` and
``/stocks``, Tradier's at ``/v1/markets/events``.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache, partial
from math import inf
from typing import TYPE_CHECKING, Any, Self

from starlette.applications import Starlette
from starlette.routing import Mount

from quantdata.config import is_loopback
from quantdata.errors import ArgumentError
from quantdata.sim.clock import Clock, parse_clock
from quantdata.sim.control import control_routes
from quantdata.sim.faults import Faults
from quantdata.sim.listener import Listener, listen
from quantdata.sim.market import Market
from quantdata.sim.massive.service import MassiveService
from quantdata.sim.massive.sockets import MassiveSockets
from quantdata.sim.plans import plan_named
from quantdata.sim.stage import Stage
from quantdata.sim.streams.streams import Streams
from quantdata.sim.tradier.routes import is_tradier
from quantdata.sim.tradier.service import TradierService

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from quantdata.sim.source import MarketSource
    from quantdata.sim.streams.rules import StreamRules
    from quantdata.sim.transport import Message, Receive, Send

__all__ = ["Simulator", "shared"]

# Rows are Python objects under one lock: a second worker keeps small answers from queueing behind a big chain.
_WORKERS = 2
_START_TIMEOUT_S = 5.0
_STOP_TIMEOUT_S = 5.0


class Simulator:
    """A market and the server that shows it.

    Parameters
    ----------
    seed
        Seed of the market, of the dice for faults and of request ids: the same seed shows the same data.
    clock
        What time it is there: ``"open"`` (always mid-session), ``"live"``, ``"at:2026-11-18T15:30:00-05:00"`` (stands
        still) or that with ``"*60"`` behind it (runs, 60 times as fast); see `parse_clock`.
    plan
        Profile of keys that name none: ``basic``, ``starter``, ``developer``, ``advanced``, ``business``,
        ``options_starter``, ``options_developer``, ``options_advanced``.
    port
        TCP port; 0 takes a free one.
    host
        Address to listen on; loopback only, for nothing here is guarded.
    latency_s
        Seconds by which every answer is held back.
    public_next_url
        Write ``next_url`` with the vendor's public host, as the vendor does.
    tradier_requests_per_minute
        Requests that one Tradier token has for each endpoint; half as many on the sandbox.
    market
        Another market than the seed's own, for tests.
    wall
        Returns the real moment, from which moving clocks count and by whose minutes Tradier counts requests.
    stream_rate
        Events per second of every stream, from frames made in advance; the market's own pace when None. See `streams`.
    stream_rules
        What streams allow; the vendors' own rules when None.

    Attributes
    ----------
    faults : Faults
        What goes wrong.
    streams : Streams
        Pace and rules of the streams, and what was sent last.

    Raises
    ------
    ArgumentError
        If the host is not a loopback address, or there is no such plan, clock or rate.

    Examples
    --------
    >>> with Simulator(clock="at:2026-11-18T15:30:00-05:00") as simulator:
    ...     address = simulator.base_url
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        clock: str = "open",
        plan: str = "advanced",
        port: int = 0,
        host: str = "127.0.0.1",
        latency_s: float = 0.0,
        public_next_url: bool = False,
        tradier_requests_per_minute: int = 120,
        market: MarketSource | None = None,
        wall: Callable[[], datetime] = partial(datetime.now, UTC),  # noqa: B008 - called later
        stream_rate: float | None = None,
        stream_rules: StreamRules | None = None,
    ) -> None:
        _check_loopback(host)
        if not 0.0 <= latency_s < inf:
            raise ArgumentError(f"latency_s={latency_s}: it is 0 or more seconds")
        self.seed = seed
        self.plan = plan_named(plan)
        self.market: MarketSource = _market(seed) if market is None else market
        self.faults = Faults(seed)
        self.streams = Streams(stream_rules, rate=stream_rate)
        self._wall = wall
        self._clock_text = clock
        self.clock: Clock = self._parsed(clock)
        self._address = (host, port)
        self._latency_s = latency_s
        self._public_next_url = public_next_url
        self._tradier_requests_per_minute = tradier_requests_per_minute
        self._running: _Running | None = None

    def start(self) -> Self:
        """Start listening; nothing happens when it does already.

        Raises
        ------
        ArgumentError
            If the port is taken.
        """
        if self._running is None:
            self._running = _Running(self, self._address)
        return self

    def stop(self) -> None:
        """Stop listening and wait for the thread to end; may be called twice."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def serve_forever(self) -> None:
        """Start, and wait until interrupted (Ctrl-C) or stopped from another thread."""
        running = self.start()._started()  # noqa: SLF001 - its own
        try:
            running.wait()
        except KeyboardInterrupt:
            return
        finally:
            self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._started().port

    @property
    def base_url(self) -> str:
        """Scheme, host and port of every address, without a slash at the end."""
        return self._started().stage.base_url

    @property
    def tradier_url(self) -> str:
        """Address of Tradier's production interface; the beta one is beside it."""
        return f"{self.base_url}/v1"

    @property
    def tradier_sandbox_url(self) -> str:
        """Address of Tradier's sandbox: its own tokens (``sandbox...``), and data 15 minutes old."""
        return f"{self.base_url}/sandbox/v1"

    @property
    def socket_url(self) -> str:
        """Scheme, host and port of every WebSocket, without a slash at the end."""
        return self.base_url.replace("http", "ws", 1)

    def pause(self) -> None:
        """Reset every connection and listen no more, until `resume`: whoever connects is refused. The port is kept."""
        self._started().listener.pause()

    def black_hole(self) -> None:
        """Accept connections and answer nothing, on old ones neither, until `resume`."""
        self._started().listener.black_hole()

    def resume(self) -> None:
        """Listen again on the same port; connections from before are reset. Nothing happens when it does listen."""
        self._started().listener.resume()

    def set_clock(self, text: str) -> None:
        """Change what time it is; answers already sent stay what they were."""
        self.clock = self._parsed(text)
        self._clock_text = text

    def describe(self) -> dict[str, Any]:
        """Return what ``GET /_sim`` shows."""
        requests = {} if self._running is None else self._running.requests()
        return {
            "simulated": True,
            "seed": self.seed,
            "clock": self._clock_text,
            "now": self.clock.now().isoformat(timespec="microseconds"),
            "plan": self.plan.name,
            "requests": requests,
            "stream_rate": self.streams.rate,
            "streams": self.streams.counts(),
        }

    def _parsed(self, text: str) -> Clock:
        return parse_clock(text, wall=self._wall)

    def _started(self) -> _Running:
        if self._running is None:
            raise ArgumentError("the simulator has not been started: call start(), or use it in a with statement")
        return self._running

    def _forget(self) -> None:
        """Close what a forked child inherited: its thread did not come along."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()


class _Running:
    """A listening socket, and the thread and workers behind it."""

    def __init__(self, simulator: Simulator, address: tuple[str, int]) -> None:
        self._process = os.getpid()
        listening = listen(*address)
        self.port: int = listening.getsockname()[1]
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="quantdata-sim-worker")
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.stage = Stage(
            market=simulator.market,
            simulated_now=lambda: simulator.clock.now(),  # noqa: PLW0108 - set_clock replaces the clock
            faults=simulator.faults,
            workers=self._workers,
            monotonic=time.monotonic,
            seed=simulator.seed,
            base_url=f"http://{host}:{self.port}",
            latency_s=simulator._latency_s,  # noqa: SLF001 - one class in two parts
        )
        self._massive = MassiveService(
            self.stage,
            plan=simulator.plan,
            public_next_url=simulator._public_next_url,  # noqa: SLF001
        )
        self._tradier = TradierService(
            self.stage,
            wall=simulator._wall,  # noqa: SLF001
            streams=simulator.streams,
            requests_per_minute=simulator._tradier_requests_per_minute,  # noqa: SLF001
        )
        self._sockets = MassiveSockets(self.stage, simulator.streams, plan=simulator.plan)
        app = Starlette(routes=[*control_routes(simulator), Mount("/", app=self._answer)])
        self.listener = Listener(app, listening)
        self._thread = threading.Thread(target=self._run, name="quantdata-sim", daemon=True)
        self._thread.start()
        if not self.listener.ready.wait(_START_TIMEOUT_S):
            raise RuntimeError(f"the simulator did not start within {_START_TIMEOUT_S} s")
        atexit.register(self.stop)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        """Have a request or a WebSocket answered by the vendor whose path it has."""
        if is_tradier(scope["path"]):
            await self._tradier(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
        else:
            await self._massive(scope, receive, send)

    def requests(self) -> dict[str, int]:
        """Return how often each path was asked; no path is both vendors'."""
        return {**self._massive.requests, **self._tradier.requests}

    def _run(self) -> None:
        with _quiet(threading.get_ident()):
            asyncio.run(self.listener.serve())

    def wait(self) -> None:
        """Wait until the thread has ended."""
        while self._thread.is_alive():
            self._thread.join(0.2)  # in steps, so that Ctrl-C is noticed everywhere

    def stop(self) -> None:
        """End the thread, the workers and the socket; in a forked child, close what it inherited."""
        atexit.unregister(self.stop)
        if os.getpid() != self._process:
            self.listener.close()
            return
        self.listener.finish(self.stage.stopping)
        self._thread.join(_STOP_TIMEOUT_S)
        self._workers.shutdown(wait=False, cancel_futures=True)
        self.listener.close()


def _check_loopback(host: str) -> None:
    if not is_loopback(host):
        raise ArgumentError(
            f"host {host!r}: the simulator listens on loopback addresses only (127.0.0.1, ::1), it checks no keys",
        )


class _quiet:  # noqa: N801 - reads as a verb in a with statement
    """Keep uvicorn's complaints about answers that were broken off on purpose from one thread out of the log."""

    def __init__(self, thread_id: int) -> None:
        self._thread_id = thread_id
        self._logger = logging.getLogger("uvicorn.error")

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is shown."""
        return record.thread != self._thread_id or "without completing response" not in record.getMessage()

    def __enter__(self) -> None:
        self._logger.addFilter(self.filter)

    def __exit__(self, *_: object) -> None:
        self._logger.removeFilter(self.filter)


# --- one per process ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _market(seed: int) -> Market:
    """Return the market of a seed: it never changes, so simulators share it."""
    return Market(seed=seed)


_registry: dict[tuple[int, str], Simulator] = {}
_registry_lock = threading.Lock()


def shared(seed: int = 7, clock: str = "open") -> Simulator:
    """Return this process's simulator of a seed and a clock, started at the first call; it ends with the process."""
    with _registry_lock:
        simulator = _registry.get((seed, clock))
        if simulator is None:
            simulator = _registry[seed, clock] = Simulator(seed=seed, clock=clock).start()
        return simulator


def _after_fork() -> None:
    """Begin without simulators in a forked child: their threads stayed with the parent."""
    global _registry_lock  # noqa: PLW0603 - the parent may have held it at the fork
    _registry_lock = threading.Lock()
    for simulator in _registry.values():
        simulator._forget()  # noqa: SLF001 - same module
    _registry.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
