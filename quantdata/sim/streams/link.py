"""One WebSocket from below: uvicorn's protocol with a way past it to the bytes.

An application sends through uvicorn one message at a time and waits while the client is slow. A stream must be able to
look at what waits, to send frames that were made in advance, and to break off as a failing network does.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from asyncio import WriteTransport

    from quantdata.sim.transport import Message

__all__ = ["StreamProtocol", "framed", "link_of", "reset"]

_EXTENSION = "quantdata.link"
_TEXT = 0x81  # a whole text message in one frame: RFC 6455 §5.2
_SHORT, _MEDIUM = 126, 65_536
_CLOSE_TIMEOUT_S = 2.0


def framed(payload: bytes) -> bytes:
    """Return a text message as the bytes of one WebSocket frame from a server."""
    size = len(payload)
    if size < _SHORT:
        return struct.pack("!BB", _TEXT, size) + payload
    if size < _MEDIUM:
        return struct.pack("!BBH", _TEXT, 126, size) + payload
    return struct.pack("!BBQ", _TEXT, 127, size) + payload


def reset(transport: WriteTransport) -> None:
    """Break a connection off at once: the other side sees a TCP reset, and what waits is never sent."""
    held = transport.get_extra_info("socket")
    if held is not None:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def link_of(scope: Message) -> StreamProtocol:
    """Return the protocol below a WebSocket that an application serves."""
    found: StreamProtocol = scope["extensions"][_EXTENSION]["protocol"]
    return found


class StreamProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which can also fall silent, break off and say how much waits to be sent."""

    is_deaf = False

    async def run_asgi(self) -> None:
        """Serve the application, and let it find this protocol."""
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[_EXTENSION] = {"protocol": self}
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends; nothing, once deaf."""
        if not self.is_deaf:
            super().data_received(data)

    def shutdown(self) -> None:
        """End with the server: politely, unless the client does not listen."""
        if self.is_deaf or self.waiting:
            reset(self.transport)
        else:
            super().shutdown()

    @property
    def waiting(self) -> int:
        """Bytes that the client has not taken yet and the system has no room for."""
        return self.transport.get_write_buffer_size()

    @property
    def is_open(self) -> bool:
        """Whether anything may still be sent."""
        return self.handshake_complete and not self.close_sent and not self.transport.is_closing()

    def push(self, frame: bytes) -> None:
        """Send the bytes of a frame, or of a part of one, without waiting for a slow client; nothing, once deaf."""
        if self.is_open and not self.is_deaf:
            self.transport.write(frame)

    def reset(self) -> None:
        """Break off with a TCP reset."""
        reset(self.transport)

    def deafen(self) -> None:
        """Hear and say nothing any more, so that not even a ping or a close is answered; the connection stays open."""
        self.is_deaf = True
        self.stop_keepalive()

    def hang_up(self, code: int) -> None:
        """Send a close frame behind all that waits; whoever does not take it is cut off after a moment."""
        if not self.is_open:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(_CLOSE_TIMEOUT_S, self.transport.abort)
