"""What the vendors' services have in common as ASGI applications: reading a request, and failing on demand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from quantdata.sim.transport import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantdata.sim.faults import Fault
    from quantdata.sim.stage import Stage
    from quantdata.sim.transport import Message, Receive

__all__ = [
    "Asked",
    "ClientGoneError",
    "disconnected",
    "html_page",
    "read_body",
    "read_request",
    "replaced",
    "retry_after_header",
]

_HTML = (
    "<html>\r\n<head><title>{status}</title></head>\r\n<body><center><h1>{status}</h1></center></body>\r\n</html>\r\n"
)


class ClientGoneError(Exception):
    """The client has left: there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def bearer(self) -> str:
        """The token of the ``Authorization`` header; empty when there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def accepts_gzip(self) -> bool:
        """Whether the client takes gzip."""
        return "gzip" in self.headers.get("accept-encoding", "")


def read_request(scope: Message) -> Asked:
    """Return the request of an HTTP scope, without its body."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Asked(scope["method"], scope["path"], query, headers)


async def read_body(receive: Receive, *, limit: int) -> bytes:
    """Return a request's body, or the beginning of one that is longer than ``limit`` bytes.

    Raises
    ------
    ClientGoneError
        If the client leaves before the end of it.
    """
    body = b""
    more = True
    while more and len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def replaced(
    faults: Sequence[Fault], *, stage: Stage, receive: Receive, instead: Callable[[Fault], Reply | None]
) -> Reply | None:
    """Hold a request up as its faults say, and return what the first of them puts in the answer's place, if any.

    Parameters
    ----------
    instead
        Returns what a fault that the vendor has a form for puts in an answer's place; None when it does no such thing.

    Raises
    ------
    ClientGoneError
        If the client leaves while it is left waiting.
    """
    await stage.pause(stage.latency_s + sum(each.seconds for each in faults if each.kind == "latency"))
    for fault in faults:
        if fault.kind == "timeout":
            return await _hold(stage, receive, fault.seconds)
        reply = _in_any_form(fault) or instead(fault)
        if reply is not None:
            return reply
    return None


async def _hold(stage: Stage, receive: Receive, seconds: float) -> Reply:
    """Say nothing until the client leaves; give up after some seconds as a gateway does."""
    leaving = asyncio.ensure_future(disconnected(receive))
    waiting = asyncio.ensure_future(stage.pause(seconds))
    done, pending = await asyncio.wait({leaving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if leaving in done:
        raise ClientGoneError
    return html_page(504)


async def disconnected(receive: Receive) -> None:
    """Wait until the client leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _in_any_form(fault: Fault) -> Reply | None:
    if fault.kind == "html":
        return html_page(fault.status, fault.retry_after)
    if fault.kind == "foreign_object":
        return Reply(b'{"foo":1}')
    return Reply(b"") if fault.kind == "empty" else None


def html_page(status: int, retry_after: float | None = None) -> Reply:
    """Return the page of a gateway that has no answer."""
    return Reply(_HTML.format(status=status).encode(), status, "text/html", retry_after_header(retry_after))


def retry_after_header(seconds: float | None) -> dict[str, str]:
    """Return the ``Retry-After`` header; none when None."""
    return {} if seconds is None else {"Retry-After": f"{seconds:g}"}
