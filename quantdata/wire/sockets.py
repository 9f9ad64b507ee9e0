"""The one place that opens a WebSocket: no redirects, no compression unless asked for, nothing of it in any log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from quantdata.config import is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from quantdata.wire.backoff import StreamPolicy

__all__ = ["BROKEN", "Socket", "is_clean", "open_socket", "why"]

# Whatever a socket, or the way to one, may fail with.
BROKEN: Final = (WebSocketException, OSError)
# Servers evidently stay below 1 MiB a frame: reference/massive.md §9.
MOST_BYTES: Final = 16 * 1024 * 1024
# Enough that a burst waits here and not in the vendor's buffer, whose overflow ends the connection.
FRAMES_WAITING: Final = 256

# The library shows whole frames, the key in the log-in included, to a logger that debugs. This one never does.
_SILENT: Final = logging.Logger("quantdata.wire.sockets", level=logging.CRITICAL + 1)  # noqa: LOG001  # outside the tree


class Socket(Protocol):
    """An open WebSocket, as far as a session uses it."""

    @property
    def latency(self) -> float:
        """Round trip of the last ping in seconds; 0.0 before the first."""

    async def recv(self, decode: bool | None = None) -> str | bytes:  # noqa: FBT001  # as the library has it
        """Return the next message."""

    async def send(self, message: str) -> None:
        """Send a message."""

    async def ping(self) -> Awaitable[float]:
        """Send a ping; what is returned can be awaited for its answer."""

    async def close(self) -> None:
        """Close the connection; may be called twice."""


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Follow none: the key goes to the host that the settings name."""
        return exc


async def open_socket(url: str, policy: StreamPolicy) -> Socket:
    """Open a WebSocket.

    Raises
    ------
    OSError, WebSocketException
        If there is none to be had: `BROKEN`.
    """
    socket: Socket = await _Connect(
        url,
        compression="deflate" if policy.is_compressed else None,
        # A simulator on this machine is behind no proxy.
        proxy=None if is_loopback(urlsplit(url).hostname or "") else True,
        open_timeout=policy.connect_s,
        ping_interval=policy.ping_interval_s,
        ping_timeout=policy.ping_timeout_s,
        close_timeout=policy.close_s,
        max_size=MOST_BYTES,
        max_queue=FRAMES_WAITING,
        logger=_SILENT,
        user_agent_header="quantdata",
    )
    return socket


def is_clean(error: Exception) -> bool:
    """Tell whether the vendor said that it closes, so that it counts the connection no longer."""
    return isinstance(error, ConnectionClosed) and error.rcvd is not None


def why(error: Exception) -> str:
    """Return why a connection failed: never the library's own text, which may quote a proxy's password or a frame."""
    if isinstance(error, ConnectionClosed):
        return _why_closed(error)
    if isinstance(error, InvalidStatus):
        return f"the host answered HTTP {error.response.status_code}"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    said = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}{said}"


def _why_closed(error: ConnectionClosed) -> str:
    is_ours = error.rcvd is None or error.rcvd_then_sent is False
    if is_ours and error.sent is not None:
        return f"closed by us, code {error.sent.code}"
    return f"closed by the vendor, code {error.rcvd.code}" if error.rcvd is not None else "the connection broke off"
