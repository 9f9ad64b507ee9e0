"""Massive's three sockets, ``/options``, ``/indices`` and ``/stocks``, on the simulator's one port.

References
----------
Handshake, statuses and limits: reference/massive.md §9. Assumed, since nobody has written it down: a connection that
the vendor ends is closed with 1008; a newcomer beyond the limit of connections is told so in place of ``auth_success``;
a login after the first is acknowledged again; what cannot be read is answered with an ``error`` status.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from quantdata.sim.massive.channels import Channels, Status
from quantdata.sim.massive.events import EventGrammar
from quantdata.sim.massive.programme import MassiveProgramme
from quantdata.sim.plans import AssetClass, is_known, plan_of_key
from quantdata.sim.streams.happenings import Happenings
from quantdata.sim.streams.link import framed, link_of
from quantdata.sim.streams.outlet import POLICY_VIOLATION, Outlet
from quantdata.sim.streams.pump import Pump

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quantdata.sim.faults import Fault, FaultStage
    from quantdata.sim.plans import Plan
    from quantdata.sim.stage import Stage
    from quantdata.sim.streams.streams import Record, Streams
    from quantdata.sim.transport import Message, Receive, Send

__all__ = ["MAX_CONNECTIONS", "MassiveSockets"]

_VENDOR = "massive"
_ASSETS = {"/options": AssetClass.OPTIONS, "/indices": AssetClass.INDICES, "/stocks": AssetClass.STOCKS}
_STATUSES_PER_FRAME = 100
_encode = msgspec.json.Encoder().encode

MAX_CONNECTIONS = "Maximum number of websocket connections exceeded."
_SLOW = Status("slow_consumer", "Slow consumer: the client does not read fast enough.")


class _Command(msgspec.Struct):
    """What a client sends."""

    action: str = ""
    params: str = ""


class MassiveSockets:
    """Everything behind Massive's sockets.

    Parameters
    ----------
    stage
        What the vendors' services share.
    streams
        Pace and rules.
    plan
        Profile of keys that name none.
    """

    def __init__(self, stage: Stage, streams: Streams, *, plan: Plan) -> None:
        self.stage, self.streams, self.plan = stage, streams, plan
        self.happenings = Happenings(stage.market)
        self._holders: dict[tuple[str, str], _Connection] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one WebSocket from its handshake to its end."""
        path = scope["path"]
        await receive()  # the client wants to connect
        if path not in _ASSETS:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        for fault in self.strike("connection", path):
            await send({"type": "websocket.http.response.start", "status": fault.status, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b""})
            return
        await send({"type": "websocket.accept"})
        connection = _Connection(self, scope, receive)
        try:
            await connection.run()
        finally:
            self._leave(connection)

    def strike(self, stage: FaultStage, path: str, *, has_minutes: bool = True) -> Sequence[Fault]:
        """Return the faults that hit a part of a stream."""
        return self.stage.faults.strike(vendor=_VENDOR, path=path, stage=stage, has_minutes=has_minutes)

    def admit(self, connection: _Connection, key: str) -> bool:
        """Make a connection its key's only one on its path; False when there is one already and that stays."""
        place = (connection.path, key)
        holder = self._holders.get(place)
        if holder is not None and holder.outlet.is_open:
            if self.streams.rules.second_connection == "newcomer":
                return False
            holder.end(Status("max_connections", MAX_CONNECTIONS))
        self._holders[place] = connection
        return True

    def _leave(self, connection: _Connection) -> None:
        place = (connection.path, connection.key)
        if self._holders.get(place) is connection:
            del self._holders[place]


class _Connection:
    """One client on one socket."""

    def __init__(self, sockets: MassiveSockets, scope: Message, receive: Receive) -> None:
        self.path: str = scope["path"]
        self.key = ""
        self._sockets, self._receive = sockets, receive
        self._link = link_of(scope)
        self.outlet = Outlet(
            self._link,
            wrap=framed,
            strike=lambda has_minutes: sockets.strike("frame", self.path, has_minutes=has_minutes),
            grammar=EventGrammar(),
            last_word=_encode([_SLOW]),
            rules=sockets.streams.rules,
            monotonic=sockets.stage.monotonic,
        )

    async def run(self) -> None:
        """Greet, let in, and serve until one side ends it."""
        moment = self._sockets.stage.now().isoformat(timespec="microseconds")
        self._tell([Status("connected", "Connected Successfully", moment)])
        try:
            async with asyncio.timeout(self._sockets.streams.rules.auth_timeout_s):
                plan = await self._login()
        except TimeoutError:
            self.end(Status("auth_timeout", "authentication timed out"))
            return
        if plan is not None:
            await self._serve(plan)

    async def _login(self) -> Plan | None:
        """Wait for a login, and return the plan of its key; None when it was refused or the client left."""
        while (command := await self._command()) is not None:
            if command.action == "auth":
                refusal = self._refusal(command.params)
                if refusal is not None:
                    self.end(refusal)
                    return None
                self.key = command.params
                self._tell([Status("auth_success", "authenticated")])
                return plan_of_key(self.key, self._sockets.plan)
            self._tell([Status("auth_required", "authentication required")])
        return None

    def _refusal(self, key: str) -> Status | None:
        """Return why a key is not let in; None when it is."""
        for fault in self._sockets.strike("login", self.path):
            return Status(fault.kind, _REFUSALS[fault.kind])
        if not is_known(key):
            return Status("auth_failed", _REFUSALS["auth_failed"])
        if not self._sockets.admit(self, key):
            return Status("max_connections", MAX_CONNECTIONS)
        return None

    async def _serve(self, plan: Plan) -> None:
        """Take commands, and send what is subscribed to, until the client leaves or the connection is ended."""
        sockets, asset = self._sockets, _ASSETS[self.path]
        channels = Channels(asset, plan=plan, option_quotes=sockets.streams.rules.option_quotes)
        record: Record = sockets.streams.record(self.path, self.key)
        record.connections += 1
        pump = Pump(
            sockets.stage,
            sockets.streams,
            path=self.path,
            outlet=self.outlet,
            programme=MassiveProgramme(channels, sockets.happenings, sockets.stage, asset=asset, plan=plan),
            record=record,
        )
        async with asyncio.TaskGroup() as group:
            pumping = group.create_task(pump.run())
            while (command := await self._command()) is not None:
                self._obey(command, channels)
            pumping.cancel()

    def _obey(self, command: _Command, channels: Channels) -> None:
        if command.action == "subscribe":
            is_refused = bool(self._sockets.strike("subscription", self.path))
            self._tell(channels.subscribe(command.params, is_refused=is_refused))
        elif command.action == "unsubscribe":
            self._tell(channels.unsubscribe(command.params))
        elif command.action == "auth":
            self._tell([Status("auth_success", "authenticated")])
        else:
            self._tell([Status("error", "unknown action")])

    async def _command(self) -> _Command | None:
        """Return the client's next command, an empty one when it cannot be read; None when it has left."""
        message: Any = await self._receive()
        if message["type"] == "websocket.disconnect":
            return None
        try:
            return msgspec.json.decode(message.get("text") or message.get("bytes") or b"", type=_Command)
        except msgspec.MsgspecError:
            return _Command()

    def _tell(self, statuses: Sequence[Status]) -> None:
        for part in _batched(statuses):
            self.outlet.tell(_encode(part))

    def end(self, status: Status) -> None:
        """Say why, and close."""
        self._tell([status])
        self._link.hang_up(POLICY_VIOLATION)


_REFUSALS = {
    "auth_failed": "authentication failed",
    "auth_timeout": "authentication timed out",
    "max_connections": MAX_CONNECTIONS,
}


def _batched(statuses: Sequence[Status]) -> Iterator[Sequence[Status]]:
    return (statuses[at : at + _STATUSES_PER_FRAME] for at in range(0, len(statuses), _STATUSES_PER_FRAME))
