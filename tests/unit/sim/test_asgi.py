from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.asgi import ClientGoneError, html_page, read_body, read_request, replaced, retry_after_header
from quantdata.sim.faults import Fault, Faults
from quantdata.sim.stage import Stage
from quantdata.sim.transport import Reply

if TYPE_CHECKING:
    from quantdata.sim.source import MarketSource
    from quantdata.sim.transport import Receive


def scope(headers: dict[str, str], query: str = "") -> dict[str, Any]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"method": "GET", "path": "/v1/x", "query_string": query.encode(), "headers": raw}


def receiving(*messages: dict[str, Any]) -> Receive:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return receive


@pytest.fixture
def stage(market: MarketSource) -> Stage:
    return Stage(
        market=market,
        simulated_now=lambda: datetime(2026, 11, 18, 17, tzinfo=UTC),
        faults=Faults(),
        workers=ThreadPoolExecutor(1),
        monotonic=lambda: 0.0,
    )


def test_a_request_is_read_from_its_scope() -> None:
    asked = read_request(scope({"authorization": "Bearer  k ", "accept-encoding": "br, gzip"}, "a=1&b=&symbols=A%2CB"))
    assert (asked.method, asked.path, asked.bearer, asked.accepts_gzip) == ("GET", "/v1/x", "k", True)
    assert asked.query == {"a": "1", "b": "", "symbols": "A,B"}


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic k"}, {"authorization": "Bearer"}])
def test_other_schemes_hold_no_token(headers: dict[str, str]) -> None:
    asked = read_request(scope(headers))
    assert asked.bearer == ""
    assert not asked.accepts_gzip


def test_a_body_comes_in_parts_up_to_a_limit() -> None:
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"cd"},
    ]
    assert asyncio.run(read_body(receiving(*parts), limit=100)) == b"abcd"
    assert asyncio.run(read_body(receiving(*parts), limit=1)) == b"ab"


def test_who_leaves_gets_nothing(stage: Stage) -> None:
    gone = {"type": "http.disconnect"}
    with pytest.raises(ClientGoneError):
        asyncio.run(read_body(receiving(gone), limit=1))
    waiting = replaced([Fault("timeout", seconds=60)], stage=stage, receive=receiving(gone), instead=lambda _: None)
    with pytest.raises(ClientGoneError):
        asyncio.run(waiting)


def test_the_first_fault_that_replaces_an_answer_counts(stage: Stage) -> None:
    def shown(*faults: Fault) -> Reply | None:
        own = Reply(b"own", 418)
        return asyncio.run(
            replaced(
                faults,
                stage=stage,
                receive=receiving(),
                instead=lambda fault: own if fault.kind == "status" else None,
            )
        )

    assert shown() is shown(Fault("unsorted")) is shown(Fault("latency", seconds=0.001)) is None
    assert shown(Fault("unsorted"), Fault("status"), Fault("html")) == Reply(b"own", 418)
    assert shown(Fault("foreign_object")) == Reply(b'{"foo":1}')
    assert shown(Fault("empty")) == Reply(b"")
    assert shown(Fault("html", status=502, retry_after=1.5)) == html_page(502, 1.5)
    assert shown(Fault("timeout", seconds=0.001)) == html_page(504)


def test_gateways_answer_in_html() -> None:
    page = html_page(503, 2.0)
    assert (page.status, page.content_type, page.headers) == (503, "text/html", {"Retry-After": "2"})
    assert b"<h1>503</h1>" in page.body
    assert retry_after_header(None) == {}
