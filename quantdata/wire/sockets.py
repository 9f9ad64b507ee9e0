"""The one place that opens a WebSocket: no redirects, no compression unless asked for, nothing of it in any log."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWSTimeout,
    DummyCookieJar,
    TraceConfig,
    WebSocketError,
    WSCloseCode,
    WSMsgType,
    WSServerHandshakeError,
)

from quantdata.wire.proxies import proxy_to, why_kept_out
from quantdata.wire.tls import trusted, why_untrusted

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import SimpleNamespace
    from typing import Any

    from aiohttp import ClientWebSocketResponse, TraceRequestRedirectParams

    from quantdata.wire.backoff import StreamPolicy

__all__ = ["BROKEN", "ClosedError", "RefusedError", "Socket", "is_clean", "open_socket", "why"]

# Servers evidently stay below 1 MiB a frame: reference/massive.md §9.
MOST_BYTES: Final = 16 * 1024 * 1024
# Of a close without a code.
NO_CODE: Final = 1005
# Bits of the window that permessage-deflate offers.
DEFLATE_BITS: Final = 15


class RefusedError(Exception):
    """The host has not opened a WebSocket, but answered something else.

    Parameters
    ----------
    status
        Of its answer.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ClosedError(Exception):
    """An open WebSocket has ended.

    Parameters
    ----------
    received
        The code that the vendor closed with; None if it did not.
    sent
        The code that we closed with, before the vendor did; None if we did not.
    """

    def __init__(self, received: int | None = None, *, sent: int | None = None) -> None:
        super().__init__(received, sent)
        self.received = received
        self.sent = sent


# Whatever a socket, or the way to one, may fail with.
BROKEN: Final = (ClosedError, RefusedError, ClientError, OSError)


class Socket(Protocol):
    """An open WebSocket, as far as a session uses it."""

    @property
    def latency(self) -> float:
        """Round trip of the last ping in seconds; 0.0 before the first."""

    async def recv(self) -> bytes:
        """Return the next message; one at a time may wait for it, and answers to pings are heard while it does."""

    async def send(self, message: str) -> None:
        """Send a message."""

    async def ping(self) -> Awaitable[float]:
        """Send a ping; what is returned can be awaited for its answer."""

    async def close(self) -> None:
        """Close the connection; may be called twice."""


class _Socket:
    """A WebSocket of aiohttp's, which is pinged from time to time."""

    def __init__(self, session: ClientSession, socket: ClientWebSocketResponse[Any], policy: StreamPolicy) -> None:
        self.latency = 0.0
        self._session = session
        self._socket = socket
        self._sent: int | None = None
        self._numbers = count()
        self._pings: dict[bytes, tuple[float, asyncio.Future[float]]] = {}
        self._pinging = asyncio.create_task(self._keep_pinging(policy.ping_interval_s, policy.ping_timeout_s))

    async def recv(self) -> bytes:
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                return message.data  # type: ignore[no-any-return]
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._answered(bytes(message.data))
            else:
                self._end(message.type, message.data)

    async def send(self, message: str) -> None:
        await self._socket.send_str(message)

    async def ping(self) -> asyncio.Future[float]:
        loop, name = asyncio.get_running_loop(), b"%d" % next(self._numbers)
        answered: asyncio.Future[float] = loop.create_future()
        self._pings[name] = loop.time(), answered
        await self._socket.ping(name)
        return answered

    async def close(self) -> None:
        self._pinging.cancel()
        self._sent = self._sent or WSCloseCode.OK
        try:
            await self._socket.close()
        finally:
            await self._session.close()

    async def _keep_pinging(self, interval_s: float, timeout_s: float) -> None:
        with suppress(*BROKEN):
            while True:
                await asyncio.sleep(interval_s)
                answered = await self.ping()
                done, _ = await asyncio.wait((answered,), timeout=timeout_s)
                if not done:
                    self._sent = WSCloseCode.INTERNAL_ERROR
                    await self._socket.close(code=self._sent)
                    return

    def _answered(self, name: bytes) -> None:
        """Take note of a pong, which answers all pings before it too; of one that nobody asked for, nothing."""
        if name not in self._pings:
            return
        now = asyncio.get_running_loop().time()
        for earlier in list(self._pings)[: list(self._pings).index(name) + 1]:
            sent_at, answered = self._pings.pop(earlier)
            self.latency = now - sent_at
            if not answered.done():
                answered.set_result(self.latency)

    def _end(self, kind: WSMsgType, said: object) -> NoReturn:
        if kind is WSMsgType.CLOSE:
            # One without a code comes as 0.
            raise ClosedError(said or NO_CODE if isinstance(said, int) else None)
        if isinstance(said, WebSocketError):
            raise ClosedError(sent=said.code)
        raise ClosedError(sent=self._sent)


async def open_socket(url: str, policy: StreamPolicy) -> Socket:
    """Open a WebSocket.

    Raises
    ------
    RefusedError, ClientError, OSError
        If there is none to be had: `BROKEN`.
    ConfigError
        If the environment names a proxy, or certificates, that cannot be any.
    """
    proxy, trace = proxy_to(url), TraceConfig()
    trace.on_request_redirect.append(_refuse)
    session = ClientSession(
        headers={"User-Agent": "quantdata"},
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None),
        trace_configs=[trace],
    )
    try:
        async with asyncio.timeout(policy.connect_s):
            socket = await session.ws_connect(
                url,
                ssl=trusted(),
                proxy=None if proxy is None else proxy.url,
                proxy_headers=None if proxy is None else proxy.headers,
                compress=DEFLATE_BITS if policy.is_compressed else 0,
                max_msg_size=MOST_BYTES,
                timeout=ClientWSTimeout(ws_close=policy.close_s),
                autoping=False,
                decode_text=False,
            )
    except BaseException:
        await session.close()
        raise
    return _Socket(session, socket, policy)


async def _refuse(_: ClientSession, __: SimpleNamespace, redirect: TraceRequestRedirectParams) -> None:
    """Follow no redirect: the key goes to the host that the settings name."""
    raise RefusedError(redirect.response.status)


def is_clean(error: Exception) -> bool:
    """Tell whether the vendor said that it closes, so that it counts the connection no longer."""
    return isinstance(error, ClosedError) and error.received is not None


def why(error: Exception) -> str:
    """Return why a connection failed: never the library's own text, which may quote a proxy's password or a frame."""
    if isinstance(error, ClosedError):
        return _why_closed(error)
    if isinstance(error, (RefusedError, WSServerHandshakeError)):
        return f"the host answered HTTP {error.status}"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    if said := why_untrusted(error) or why_kept_out(error):
        return said
    cause = getattr(error, "os_error", error)
    said = f" ({cause.strerror})" if isinstance(cause, OSError) and cause.strerror else ""
    return f"{type(cause).__name__}{said}"


def _why_closed(error: ClosedError) -> str:
    if error.sent is not None:
        return f"closed by us, code {error.sent}"
    return f"closed by the vendor, code {error.received}" if error.received is not None else "the connection broke off"
