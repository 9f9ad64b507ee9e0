"""From a body to the wire: gzip, headers, and everything that can happen to bytes on the way.

The body of a page that is asked for again differs in its last few bytes only (request id, next page), so its rows are
compressed once: deflate blocks that end on a byte boundary can be followed by other blocks, and a CRC can be continued.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence

    from quantdata.sim.faults import Fault

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

__all__ = ["Prefix", "Reply", "deliver"]

_RAW_DEFLATE = -15
_LEVEL = 1
# Magic, deflate, no flags, no time, fastest compression, unknown system: RFC 1952 §2.3.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_GZIP_FROM_BYTES = 256
_DRIPS = 20


class Prefix:
    """The beginning of many bodies, plain and compressed.

    Parameters
    ----------
    plain
        The bytes that the bodies share; only their compressed form is kept.
    """

    def __init__(self, plain: bytes) -> None:
        squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
        self._size = len(plain)
        # A full flush ends on a byte boundary and lets no later block refer back.
        self._deflated = squeeze.compress(plain) + squeeze.flush(zlib.Z_FULL_FLUSH)
        self._crc = zlib.crc32(plain)

    @property
    def plain(self) -> bytes:
        """The bytes themselves, for the rare client that takes no gzip."""
        return zlib.decompressobj(_RAW_DEFLATE).decompress(self._deflated)

    def gzip(self, rest: bytes) -> bytes:
        """Return the gzip file of this beginning and its end."""
        squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
        end = squeeze.compress(rest) + squeeze.flush()
        size = (self._size + len(rest)) & 0xFFFFFFFF
        trailer = zlib.crc32(rest, self._crc).to_bytes(4, "little") + size.to_bytes(4, "little")
        return _GZIP_HEADER + self._deflated + end + trailer


@dataclass(slots=True)
class Reply:
    """What goes back to the client.

    Attributes
    ----------
    body
        The bytes, before compression; those after ``prefix`` when there is one.
    prefix
        A shared beginning that is already compressed.
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    prefix: Prefix | None = None

    def encoded(self, *, gzip: bool) -> tuple[bytes, bool]:
        """Return the body for the wire, and whether it is compressed."""
        if self.prefix is not None:
            return (self.prefix.gzip(self.body), True) if gzip else (self.prefix.plain + self.body, False)
        if gzip and len(self.body) >= _GZIP_FROM_BYTES:
            return Prefix(b"").gzip(self.body), True
        return self.body, False


async def deliver(
    reply: Reply,
    send: Send,
    *,
    accepts_gzip: bool,
    pause: Callable[[float], Awaitable[None]],
    faults: Sequence[Fault] = (),
) -> None:
    """Send a reply, with the faults that act on its bytes; ``pause`` waits some seconds, or until the server stops.

    A dropped body ends before the length that its header promised and the server closes the connection; a truncated
    one is complete to HTTP, and its gzip stream ends too early.
    """
    by_kind = {fault.kind: fault for fault in faults}
    if "invalid_json" in by_kind:
        reply = _cut_json(reply)
    body, is_gzip = reply.encoded(gzip=accepts_gzip or "truncated_gzip" in by_kind)
    headers = {"content-type": reply.content_type, "vary": "Accept-Encoding", **reply.headers}
    if is_gzip:
        headers["content-encoding"] = "gzip"
    if "truncated_gzip" in by_kind:
        body = body[: len(body) // 2]
    headers["content-length"] = str(len(body))
    await send({"type": "http.response.start", "status": reply.status, "headers": _raw(headers.items())})
    if "drop" in by_kind:
        # Without a last message the server notices that the promised length was not reached, and hangs up.
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        return
    if "slow_bytes" in by_kind:
        await _drip(body, send, pause, by_kind["slow_bytes"].seconds)
        return
    await send({"type": "http.response.body", "body": body})


def _cut_json(reply: Reply) -> Reply:
    whole = reply.body if reply.prefix is None else reply.prefix.plain + reply.body
    return Reply(whole[: len(whole) * 2 // 3], reply.status, reply.content_type, reply.headers)


def _raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def _drip(body: bytes, send: Send, pause: Callable[[float], Awaitable[None]], seconds: float) -> None:
    step = max(1, -(-len(body) // _DRIPS))
    for start in range(0, len(body), step):
        await send({"type": "http.response.body", "body": body[start : start + step], "more_body": True})
        await pause(seconds / _DRIPS)
    await send({"type": "http.response.body", "body": b""})
