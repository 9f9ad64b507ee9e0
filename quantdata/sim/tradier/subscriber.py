"""One client of Tradier's stream, on a WebSocket or on an HTTP answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from quantdata.sim.streams.outlet import POLICY_VIOLATION, Outlet
from quantdata.sim.streams.pump import Pump
from quantdata.sim.tradier.stream_events import StreamGrammar, encoded
from quantdata.sim.tradier.stream_programme import TradierProgramme

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim.streams.outlet import Link
    from quantdata.sim.streams.streams import Record
    from quantdata.sim.tradier.sockets import TradierSockets
    from quantdata.sim.tradier.stream_request import StreamRequest

__all__ = ["NO_SESSION", "Subscriber"]

NO_SESSION = "Session not found"
_WORDS = {"auth_failed": NO_SESSION, "auth_timeout": "Session expired", "max_connections": "Too many sessions"}


class Subscriber:
    """A connection, what it wants, and what supplies it.

    Parameters
    ----------
    sockets
        What all connections share.
    link
        The connection.
    wrap
        Makes a text the bytes that it carries.

    Attributes
    ----------
    token
        Whose connection it is; empty until a session says so.
    """

    def __init__(self, sockets: TradierSockets, link: Link, *, wrap: Callable[[bytes], bytes]) -> None:
        self.token = ""
        self._sockets, self._link = sockets, link
        stage, rules = sockets.stage, sockets.streams.rules
        self._outlet = Outlet(
            link,
            wrap=wrap,
            strike=lambda _: sockets.strike("frame"),
            grammar=StreamGrammar(),
            last_word=b"",  # this vendor has none
            rules=rules,
            monotonic=stage.monotonic,
        )
        self._programme = TradierProgramme(
            stage, sockets.happenings, sockets.catalog, resend_after_s=rules.resend_after_s
        )
        self._pump: Pump | None = None
        self._has_begun = asyncio.Event()

    def greet(self) -> None:
        """Say that this is a simulation, and what time it is there: an object of a type that no vendor has."""
        moment = self._sockets.stage.now().isoformat(timespec="microseconds")
        self._tell({"type": "simulated", "simulated": moment})

    async def run(self) -> None:
        """Supply the connection once it has a subscription."""
        await self._has_begun.wait()
        if self._pump is not None:
            await self._pump.run()

    async def subscribe(self, asked: StreamRequest) -> bool:
        """Take a subscription in place of the one before, and send what it begins with; False when it is refused."""
        sockets = self._sockets
        for fault in sockets.strike("login"):
            self.refuse(_WORDS[fault.kind])
            self.end(POLICY_VIOLATION)
            return False
        token = sockets.sessions.token_of(asked.session_id)
        if token is None:
            self.refuse(NO_SESSION)
        elif not asked.symbols or sockets.strike("subscription"):
            self.refuse("no symbols" if not asked.symbols else "too many symbols")
        else:
            sockets.hold(self, token)
            await self._begin(asked)
            return True
        return False

    async def _begin(self, asked: StreamRequest) -> None:
        record = self._sockets.streams.record(self._sockets.path, self.token)
        if self._pump is None:
            # Before the snapshot is taken, so that nothing happens between the two.
            self._pump = self._made_pump(record)
            record.connections += 1
        workers = self._sockets.stage.workers
        refused, snapshot = await asyncio.get_running_loop().run_in_executor(workers, self._programme.begin, asked)
        for each in refused:
            self._outlet.tell(each)
        for told in snapshot:
            if self._outlet.send(self._outlet.packet(told.payload, told.events)):
                record.said(told.events, told.quotes)
        self._has_begun.set()

    def _made_pump(self, record: Record) -> Pump:
        return Pump(
            self._sockets.stage,
            self._sockets.streams,
            path=self._sockets.path,
            outlet=self._outlet,
            programme=self._programme,
            record=record,
        )

    def refuse(self, text: str) -> None:
        """Say why something is not granted."""
        self._tell({"error": text})

    def end(self, code: int) -> None:
        """Close the connection."""
        self._link.hang_up(code)

    def _tell(self, said: dict[str, Any]) -> None:
        self._outlet.tell(encoded(said))
