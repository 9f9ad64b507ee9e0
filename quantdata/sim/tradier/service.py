"""Tradier's REST service as an ASGI application: one request from its bytes to its bytes.

A request passes these stages: token (401), rate (429), delay, faults instead of an answer, endpoint (404, 400, or
data), faults on the data, JSON or XML, faults on the bytes. Endpoints run in worker threads, so the loop only waits.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from quantdata.errors import ArgumentError
from quantdata.sim.asgi import ClientGoneError, read_body, read_request, replaced
from quantdata.sim.cache import BuildOnce
from quantdata.sim.tradier import routes
from quantdata.sim.tradier.answers import JSON, XML, Answer, json_body, xml_body
from quantdata.sim.tradier.catalog import Catalog
from quantdata.sim.tradier.damage import damaged
from quantdata.sim.tradier.rates import RateWindows, Usage
from quantdata.sim.tradier.refusals import (
    Refusal,
    bad_parameter,
    datastore_error,
    errors_in_body,
    expired_token,
    invalid_token,
    not_for_sandbox,
    quota_violation,
    server_failure,
    too_big_body,
    unknown_path,
)
from quantdata.sim.tradier.request import Request
from quantdata.sim.tradier.sockets import SESSION_PATH, STREAM_PATH, TradierSockets
from quantdata.sim.transport import Prefix, Reply, deliver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from quantdata.sim.asgi import Asked
    from quantdata.sim.faults import Fault
    from quantdata.sim.stage import Stage
    from quantdata.sim.streams.streams import Streams
    from quantdata.sim.tradier.routes import Route
    from quantdata.sim.transport import Message, Receive, Send

__all__ = ["TradierService"]

_VENDOR = "tradier"
_DELAY = timedelta(minutes=15)  # of everything on the sandbox
_BODIES_KEPT = 256
_LONGEST_FORM = 1_000_000
_OK = 200


class TradierService:
    """Everything behind Tradier's paths, on its three hosts.

    Parameters
    ----------
    stage
        What the vendors' services share: market, clock, faults, workers.
    wall
        The real clock, by whose minutes requests are counted.
    streams
        Pace and rules of the stream.
    requests_per_minute
        Requests of one token to one endpoint; the sandbox allows half as many.
    """

    def __init__(
        self, stage: Stage, *, wall: Callable[[], datetime], streams: Streams, requests_per_minute: int = 120
    ) -> None:
        self.requests: Counter[str] = Counter()
        self._stage = stage
        self._wall = wall
        self._requests_per_minute = requests_per_minute
        self._windows = RateWindows(wall)
        self._catalog = Catalog(stage.market)
        self.sockets = TradierSockets(stage, streams, self._catalog)
        self._bodies: BuildOnce[Prefix] = BuildOnce(_BODIES_KEPT)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or serve a stream."""
        if scope["type"] == "websocket":
            await self.sockets.serve(scope, receive, send)
            return
        asked = read_request(scope)
        if asked.path == STREAM_PATH:
            await self._stream(asked, receive, send)
            return
        now = self._stage.now()
        # There are no pages here: what Massive's faults do to later ones may happen to any answer.
        faults = self._stage.faults.strike(vendor=_VENDOR, path=asked.path, is_later_page=True)
        self.requests[asked.path] += 1
        usage = None
        try:
            usage = self._admit(asked)
            reply = await self._reply(asked, now, faults, receive)
        except Refusal as refusal:
            reply = refusal.reply()
        except ClientGoneError:
            return
        if usage is not None and reply.status == _OK and not any(fault.kind == "no_rate_headers" for fault in faults):
            reply.headers |= usage.headers()
        reply.headers["X-Quantdata-Simulated"] = now.isoformat(timespec="microseconds")
        await deliver(reply, send, accepts_gzip=asked.accepts_gzip, pause=self._stage.pause, faults=faults)

    async def _stream(self, asked: Asked, receive: Receive, send: Send) -> None:
        """Serve a stream over HTTP, which no fault of requests hits and no rate counts."""
        self.requests[asked.path] += 1
        try:
            await self.sockets.stream(asked, receive, send)
        except Refusal as refusal:
            await deliver(refusal.reply(), send, accepts_gzip=asked.accepts_gzip, pause=self._stage.pause)
        except ClientGoneError:
            return

    def _admit(self, asked: Asked) -> Usage:
        """Count a request of a good token; refuse a missing or wrong one, and one that asks too often."""
        token, is_sandbox = asked.bearer, routes.is_sandbox(asked.path)
        if token.startswith("expired"):
            raise expired_token()
        is_known = token not in {"", "invalid"} and not token.startswith("wrong")
        if not is_known or token.startswith("sandbox") != is_sandbox:
            raise invalid_token()
        return self._windows.admit(token, asked.path, self._allowed(asked.path))

    def _allowed(self, path: str) -> int:
        return self._requests_per_minute // 2 if routes.is_sandbox(path) else self._requests_per_minute

    async def _reply(self, asked: Asked, now: datetime, faults: Sequence[Fault], receive: Receive) -> Reply:
        instead = await replaced(
            faults, stage=self._stage, receive=receive, instead=lambda fault: self._instead(fault, asked.path)
        )
        if instead is not None:
            return instead
        is_json = "application/json" in asked.headers.get("accept", "") and not any(
            fault.kind == "xml" for fault in faults
        )
        if asked.path.endswith(SESSION_PATH):
            return _written(Answer(whole=self.sockets.open_session(asked)), is_json=is_json)
        route = _route(asked)
        query = dict(asked.query)
        if asked.method == "POST":
            form = await read_body(receive, limit=_LONGEST_FORM)
            query |= dict(parse_qsl(form.decode("latin-1"), keep_blank_values=True))
        is_sandbox = routes.is_sandbox(asked.path)
        at = self._stage.version(now - _DELAY if is_sandbox else now)
        request = Request(query=query, at=at, catalog=self._catalog, is_sandbox=is_sandbox)
        key = (asked.path, at, is_json, tuple(sorted(query.items())))
        known = None if faults else self._bodies.peek(key)
        if known is not None:
            return Reply(b"", content_type=JSON if is_json else XML, prefix=known)
        return await asyncio.get_running_loop().run_in_executor(
            self._stage.workers, self._work, route, request, faults, key
        )

    # --- in a worker thread -----------------------------------------------------------------------------------------

    def _work(
        self, route: Route, request: Request, faults: Sequence[Fault], key: tuple[str, datetime, bool, object]
    ) -> Reply:
        """Answer a request with data."""
        _, _, is_json, _ = key
        try:
            answer = route.answer(request)
        except ArgumentError as error:  # a day outside the simulated years
            raise bad_parameter("date", str(error)) from error
        if answer.is_shared and not faults:
            body = self._bodies.get(key, lambda: Prefix(_written(answer, is_json=is_json).body))
            return Reply(b"", content_type=JSON if is_json else XML, prefix=body)
        return _written(damaged(answer, faults, dice=self._stage.faults.dice()), is_json=is_json)

    # --- faults instead of an answer --------------------------------------------------------------------------------

    def _instead(self, fault: Fault, path: str) -> Reply | None:
        """Return what a fault puts in an answer's place; None when it does no such thing."""
        now_ms = int(self._wall().timestamp() * 1_000)
        allowed = self._allowed(path)
        made: dict[str, Callable[[], Refusal]] = {
            "status": lambda: server_failure(
                path, fault.status, allowed=allowed, now_ms=now_ms, retry_after=fault.retry_after
            ),
            "quota_violation": lambda: quota_violation(allowed, now_ms + int(fault.seconds * 1_000)),
            "datastore_error": datastore_error,
            "expired_token": expired_token,
            "invalid_token": invalid_token,
            "errors_200": lambda: errors_in_body("The request could not be processed."),
            "too_big_body": too_big_body,
            "bad_parameter": lambda: bad_parameter("start", "must be on or after 2024-01-15 00:00:00"),
        }
        make = made.get(fault.kind)
        return None if make is None else make().reply()


def _written(answer: Answer, *, is_json: bool) -> Reply:
    return Reply(json_body(answer), content_type=JSON) if is_json else Reply(xml_body(answer), content_type=XML)


def _route(asked: Asked) -> Route:
    """Return the endpoint of a request; refuse a path or a method that there is not, and the wrong host."""
    route = routes.find(asked.path)
    if route is None:
        raise unknown_path(asked.path)
    if asked.method not in route.methods:
        raise Refusal(b"Method Not Allowed", status=405)
    if route.is_production_only and routes.is_sandbox(asked.path):
        raise not_for_sandbox()
    return route
