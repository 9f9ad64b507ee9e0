"""Tradier's market stream on the simulator's one port: sessions, the WebSocket and the chunked HTTP stream.

References
----------
reference/tradier.md §7. Assumed, since nobody has written it down: a bad session id is answered with an ``error``
object and the socket stays open, so that a good one can follow; a second connection of a user closes the first without
a word, and so is a reader closed that is too slow; a stream over HTTP with a bad id is refused under 401, one without
symbols under 400; whoever does not accept JSON is refused under 406 (the vendor would send XML).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from quantdata.sim.asgi import disconnected, read_body
from quantdata.sim.streams.happenings import Happenings
from quantdata.sim.streams.link import framed, link_of
from quantdata.sim.streams.outlet import NORMAL_CLOSURE, POLICY_VIOLATION
from quantdata.sim.tradier.chunks import ChunkedLink
from quantdata.sim.tradier.refusals import Refusal, missing_parameter, not_for_sandbox
from quantdata.sim.tradier.routes import is_sandbox
from quantdata.sim.tradier.stream_request import from_parameters, from_text
from quantdata.sim.tradier.stream_sessions import StreamSessions
from quantdata.sim.tradier.subscriber import NO_SESSION, Subscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.sim.asgi import Asked
    from quantdata.sim.faults import Fault, FaultStage
    from quantdata.sim.stage import Stage
    from quantdata.sim.streams.streams import Streams
    from quantdata.sim.tradier.catalog import Catalog
    from quantdata.sim.tradier.stream_request import StreamRequest
    from quantdata.sim.transport import Message, Receive, Send

__all__ = ["SESSION_PATH", "STREAM_PATH", "TradierSockets"]

STREAM_PATH = "/v1/markets/events"
SESSION_PATH = f"{STREAM_PATH}/session"
_VENDOR = "tradier"
_LONGEST_FORM = 1_000_000


class TradierSockets:
    """Everything behind Tradier's stream.

    Parameters
    ----------
    stage
        What the vendors' services share.
    streams
        Pace and rules.
    catalog
        Which symbols there are.
    """

    def __init__(self, stage: Stage, streams: Streams, catalog: Catalog) -> None:
        self.path = STREAM_PATH
        self.stage, self.streams, self.catalog = stage, streams, catalog
        self.happenings = Happenings(stage.market)
        self.sessions = StreamSessions(stage.monotonic, lifetime_s=streams.rules.session_s, seed=stage.seed)
        self._holders: dict[str, Subscriber] = {}

    def open_session(self, asked: Asked) -> dict[str, Any]:
        """Return the body that answers a request for a session.

        Raises
        ------
        Refusal
            405 for anything but ``POST``, 401 on the sandbox.
        """
        if asked.method != "POST":
            raise Refusal(b"Method Not Allowed", status=405)
        if is_sandbox(asked.path):
            raise not_for_sandbox()
        url = self.stage.base_url.replace("http", "ws", 1) + STREAM_PATH
        return {"stream": {"url": url, "sessionid": self.sessions.open(asked.bearer)}}

    def strike(self, stage: FaultStage) -> Sequence[Fault]:
        """Return the faults that hit a part of a stream."""
        return self.stage.faults.strike(vendor=_VENDOR, path=STREAM_PATH, stage=stage)

    def hold(self, subscriber: Subscriber, token: str) -> None:
        """Make a connection its user's only one."""
        holder = self._holders.get(token)
        if holder is not None and holder is not subscriber:
            holder.end(NORMAL_CLOSURE)
        subscriber.token = token
        self._holders[token] = subscriber

    def _leave(self, subscriber: Subscriber) -> None:
        if self._holders.get(subscriber.token) is subscriber:
            del self._holders[subscriber.token]

    # --- the WebSocket ----------------------------------------------------------------------------------------------

    async def serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one WebSocket from its handshake to its end."""
        await receive()  # the client wants to connect
        if scope["path"] != STREAM_PATH:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        for fault in self.strike("connection"):
            await send({"type": "websocket.http.response.start", "status": fault.status, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b""})
            return
        await send({"type": "websocket.accept"})
        subscriber = Subscriber(self, link_of(scope), wrap=framed)
        subscriber.greet()
        try:
            async with asyncio.TaskGroup() as group:
                pumping = group.create_task(subscriber.run())
                while (message := await receive())["type"] != "websocket.disconnect":
                    await self._obey(subscriber, message)
                pumping.cancel()
        finally:
            self._leave(subscriber)

    async def _obey(self, subscriber: Subscriber, message: Message) -> None:
        try:
            asked = from_text(message.get("text") or message.get("bytes") or b"")
        except msgspec.MsgspecError:
            subscriber.refuse("invalid request")
        else:
            await subscriber.subscribe(asked)

    # --- the HTTP stream --------------------------------------------------------------------------------------------

    async def stream(self, asked: Asked, receive: Receive, send: Send) -> None:
        """Answer a request with events, one JSON object per line, until one side ends it.

        Raises
        ------
        Refusal
            400 without symbols, 401 for a session that there is not, 405, 406, or what a fault says.
        ClientGoneError
            If the client leaves before its request is complete.
        """
        wanted = await self._admitted(asked, receive)
        link = ChunkedLink(send, idle_s=self.streams.rules.idle_s)
        subscriber = Subscriber(self, link, wrap=_line)
        subscriber.greet()
        pumping = asyncio.create_task(subscriber.run())
        ends = [link.deliver(), disconnected(receive), self.stage.stopping.wait()]
        tasks = [pumping, *(asyncio.ensure_future(each) for each in ends)]
        try:
            if not await subscriber.subscribe(wanted):
                subscriber.end(NORMAL_CLOSURE)
            await asyncio.wait(tasks[1:], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._leave(subscriber)

    async def _admitted(self, asked: Asked, receive: Receive) -> StreamRequest:
        """Return what a request for a stream asks for, if it may have one."""
        if asked.method not in {"GET", "POST"}:
            raise Refusal(b"Method Not Allowed", status=405)
        if "application/json" not in asked.headers.get("accept", ""):
            raise Refusal(b"Not Acceptable", status=406)
        form = (await read_body(receive, limit=_LONGEST_FORM)).decode("latin-1")
        for fault in self.strike("connection"):
            raise Refusal(b"", status=fault.status)
        wanted = from_parameters(asked.query | dict(parse_qsl(form, keep_blank_values=True)))
        if self.sessions.token_of(wanted.session_id) is None:
            raise Refusal(NO_SESSION.encode(), status=401)
        if not wanted.symbols:
            raise missing_parameter("symbols")
        return wanted


def _line(payload: bytes) -> bytes:
    return payload.rstrip(b"\n") + b"\n"
