"""Massive's REST service as an ASGI application: one request from its bytes to its bytes.

A request passes these stages: key (401), rate (429), delay, faults instead of an answer, plan and endpoint (403, 404,
400, or data), faults on the data, bytes, faults on the bytes. Endpoints run in worker threads, so the loop only waits.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from quantdata.errors import ArgumentError
from quantdata.sim.asgi import ClientGoneError, read_request, replaced, retry_after_header
from quantdata.sim.cache import BuildOnce
from quantdata.sim.massive import routes
from quantdata.sim.massive.answers import Answer, assemble, row_part, tail_part
from quantdata.sim.massive.catalog import Catalog
from quantdata.sim.massive.damage import damaged, damaged_link
from quantdata.sim.massive.paging import unpack
from quantdata.sim.massive.refusals import (
    Refusal,
    key_missing,
    key_unknown,
    not_entitled,
    server_failure,
    too_many_requests,
)
from quantdata.sim.massive.request import Request
from quantdata.sim.plans import Plan, RateMeter, is_known, plan_of_key
from quantdata.sim.transport import Prefix, Reply, deliver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from quantdata.sim.asgi import Asked
    from quantdata.sim.faults import Fault
    from quantdata.sim.stage import Stage
    from quantdata.sim.transport import Message, Receive, Send

__all__ = ["MassiveService"]

_VENDOR = "massive"
_PUBLIC_URL = "https://api.massive.com"
_PAGES_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that is asked for again: its rows are bytes already."""

    prefix: Prefix
    answer: Answer
    count: int


class MassiveService:
    """Everything behind Massive's paths.

    Parameters
    ----------
    stage
        What the vendors' services share: market, clock, faults, workers.
    plan
        Profile of keys that name none.
    public_next_url
        Write ``next_url`` with the vendor's public host instead of the server's own.
    """

    def __init__(self, stage: Stage, *, plan: Plan, public_next_url: bool = False) -> None:
        self.plan = plan
        self.requests: Counter[str] = Counter()
        self._stage = stage
        self._public_next_url = public_next_url
        self._catalog = Catalog(stage.market)
        self._meter = RateMeter(stage.monotonic)
        self._pages: BuildOnce[_Page] = BuildOnce(_PAGES_KEPT)
        self._first_pages: BuildOnce[tuple[str, Mapping[str, str]]] = BuildOnce(_PAGES_KEPT)
        self._ids = Random(stage.seed)  # noqa: S311 - repeatable by intent

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        asked = read_request(scope)
        now = self._stage.now()
        request_id = f"{self._ids.getrandbits(128):032x}"
        faults = self._stage.faults.strike(vendor=_VENDOR, path=asked.path, is_later_page="cursor" in asked.query)
        self.requests[asked.path] += 1
        try:
            reply = await self._reply(asked, now, request_id, faults, receive)
        except Refusal as refusal:
            reply = _refused(refusal, request_id)
        except ClientGoneError:
            return
        reply.headers["X-Request-Id"] = request_id
        reply.headers["X-Quantdata-Simulated"] = now.isoformat(timespec="microseconds")
        await deliver(reply, send, accepts_gzip=asked.accepts_gzip, pause=self._stage.pause, faults=faults)

    async def _reply(
        self, asked: Asked, now: datetime, request_id: str, faults: Sequence[Fault], receive: Receive
    ) -> Reply:
        plan = self._admit(asked)
        instead = await replaced(
            faults, stage=self._stage, receive=receive, instead=lambda fault: _instead(fault, asked.path)
        )
        if instead is not None:
            return instead
        request = Request(
            path=asked.path,
            query=_in_small_pages(unpack(asked.query), faults),
            plan=plan,
            now=self._stage.version(now),
            catalog=self._catalog,
            base_url=_PUBLIC_URL if self._public_next_url else self._stage.base_url,
        )
        known = None if faults else self._pages.peek(_page_key(request))
        if known is not None:
            return self._paged(asked, request, known, request_id)
        return await asyncio.get_running_loop().run_in_executor(
            self._stage.workers, self._work, asked, request, request_id, faults
        )

    def _admit(self, asked: Asked) -> Plan:
        """Return the plan of a request's key; refuse a missing or wrong one, and one that asks too often."""
        if asked.method != "GET":
            raise Refusal("Method Not Allowed", status=405)
        key = asked.bearer or asked.query.get("apiKey", "")
        if not key:
            raise key_missing()
        if not is_known(key):
            raise key_unknown()
        plan = plan_of_key(key, self.plan)
        if not self._meter.admit(key, plan):
            raise too_many_requests()
        return plan

    # --- in a worker thread -----------------------------------------------------------------------------------------

    def _work(self, asked: Asked, request: Request, request_id: str, faults: Sequence[Fault]) -> Reply:
        """Answer a request with data."""
        try:
            answer = routes.answer(request)
        except ArgumentError as error:  # a day outside the simulated years
            raise Refusal(str(error), status=400) from error
        if answer.is_shared and not faults:
            page = self._pages.get(_page_key(request), lambda: _prepared(answer))
            return self._paged(asked, request, page, request_id)
        self._remember_first_page(request, asked, answer.next_path)
        if any(fault.kind == "repeated_page" for fault in faults):
            path, query = self._first_page(request, asked)
            answer = replace(answer, rows=routes.answer(replace(request, path=path, query=query)).rows, is_shared=False)
        answer = damaged(answer, faults, dice=self._stage.faults.dice())
        next_url = None if answer.next_path is None else request.base_url + answer.next_path
        own_query = {key: value for key, value in asked.query.items() if key != "apiKey"}
        own_url = f"{request.base_url}{asked.path}?{urlencode(own_query)}"
        next_url = damaged_link(next_url, own_url, faults, base_url=request.base_url)
        body = assemble(answer, request_id=request_id, next_url=next_url)
        return Reply(body, headers=_headers(request.path, answer, len(answer.rows), next_url))

    def _paged(self, asked: Asked, request: Request, page: _Page, request_id: str) -> Reply:
        next_path = page.answer.next_path
        self._remember_first_page(request, asked, next_path)
        next_url = None if next_path is None else request.base_url + next_path
        tail = tail_part(page.answer, request_id=request_id, next_url=next_url)
        headers = _headers(request.path, page.answer, page.count, next_url)
        return Reply(tail, headers=headers, prefix=page.prefix)

    def _remember_first_page(self, request: Request, asked: Asked, next_path: str | None) -> None:
        """Remember where the pages began that a link goes on with."""
        if next_path is not None:
            first = self._first_page(request, asked)
            self._first_pages.get(next_path, lambda: first)

    def _first_page(self, request: Request, asked: Asked) -> tuple[str, Mapping[str, str]]:
        """Return path and query of the first of the pages that a request belongs to: its own when it is that."""
        known = self._first_pages.peek(f"{asked.path}?cursor={asked.query.get('cursor')}")
        return known or (request.path, request.query)


def _page_key(request: Request) -> tuple[object, ...]:
    query = tuple(sorted((key, value) for key, value in request.query.items() if key != "apiKey"))
    return request.plan.name, request.now, request.path, query


def _prepared(answer: Answer) -> _Page:
    return _Page(Prefix(row_part(answer)), replace(answer, rows=()), len(answer.rows))


def _headers(path: str, answer: Answer, count: int, next_url: str | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    if answer.rows_key is not None and not answer.is_single:
        headers["X-Item-Count"] = str(count)
    if next_url is not None and path.startswith("/v3/"):
        headers["Link"] = f'<{next_url}>; rel="next"'
    return headers


def _in_small_pages(query: dict[str, str], faults: Sequence[Fault]) -> dict[str, str]:
    """Return the query with its limit as faults cap it; what is no number stays for the endpoint to refuse."""
    rows = min((fault.rows for fault in faults if fault.kind == "small_pages"), default=None)
    limit = query.get("limit", str(rows))
    if rows is None or not limit.isdecimal():
        return query
    return {**query, "limit": str(min(int(limit), rows))}


def _instead(fault: Fault, path: str) -> Reply | None:
    """Return the reply that a fault puts in an answer's place; None when it does no such thing."""
    if fault.kind in {"status", "page_failure"}:
        raise server_failure(path, fault.status, fault.retry_after)
    if fault.kind == "forbidden_as_200":
        refusal = not_entitled(path)
        refusal.status = 200
        raise refusal
    return None


def _refused(refusal: Refusal, request_id: str) -> Reply:
    headers = retry_after_header(refusal.retry_after)
    return Reply(msgspec.json.encode(refusal.body(request_id)), refusal.status, headers=headers)
