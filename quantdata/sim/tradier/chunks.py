"""An HTTP answer that does not end, as a connection that data can be pushed into."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantdata.sim.transport import Send

__all__ = ["ChunkedLink"]

_JSON = (b"content-type", b"application/json")


class ChunkedLink:
    """A chunked answer: what is pushed waits here until the client takes it.

    Parameters
    ----------
    send
        Sends a message to the client, and waits while it is slow.
    idle_s
        Seconds without data after which the answer ends.
    """

    def __init__(self, send: Send, *, idle_s: float) -> None:
        self.is_open = True
        self.waiting = 0
        self._send, self._idle_s = send, idle_s
        self._chunks: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._is_deaf = self._is_broken = False

    def push(self, frame: bytes) -> None:
        """Let some bytes follow."""
        if self.is_open:
            self._chunks.append(frame)
            self.waiting += len(frame)
            self._news.set()

    def reset(self) -> None:
        """Break off behind all that waits: the answer never gets its last chunk."""
        self._is_broken, self.is_open = True, False
        self._news.set()

    def deafen(self) -> None:
        """Send nothing any more, not even an end."""
        self._is_deaf = True
        self._news.set()

    def hang_up(self, code: int) -> None:
        """End the answer behind all that waits; there is no code here."""
        del code
        self.is_open = False
        self._news.set()

    async def deliver(self) -> None:
        """Send what is pushed until the end of it, or until nothing has come for too long."""
        await self._send({"type": "http.response.start", "status": 200, "headers": [_JSON]})
        while self.is_open or self._chunks:
            while self._chunks:
                frame = self._chunks.popleft()
                await self._send({"type": "http.response.body", "body": frame, "more_body": True})
                self.waiting -= len(frame)
            self._news.clear()
            if self.is_open and not await self._hears():
                self.is_open = False
        if not self._is_broken:
            await self._send({"type": "http.response.body", "body": b""})

    async def _hears(self) -> bool:
        """Wait for more to send, and say whether it came in time; once deaf, wait for the client to leave."""
        try:
            async with asyncio.timeout(None if self._is_deaf else self._idle_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True
