"""The listening port: uvicorn on it, and what networks do to ports: refuse, swallow, come back."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from quantdata.errors import ArgumentError
from quantdata.sim.streams.link import StreamProtocol, reset

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.applications import Starlette

__all__ = ["Listener", "listen"]

_BACKLOG = 512
_PATIENCE_S = 5.0


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    ArgumentError
        If the port is taken.
    """
    listener = _bound(host, port)
    listener.listen(_BACKLOG)
    return listener


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is spelled out; with it a body waits 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ArgumentError(
            f"the simulator cannot listen on {host} port {port}: {error.strerror}. Port 0 takes a free one.",
        ) from error
    return bound


class Listener(uvicorn.Server):
    """uvicorn's server: it tells when it is ready, and can be stopped, paused and resumed from another thread.

    Parameters
    ----------
    app
        What answers.
    listening
        A listening socket.
    """

    def __init__(self, app: Starlette, listening: socket.socket) -> None:
        super().__init__(_config(app))
        self.ready = threading.Event()
        self._socket = listening
        self._address: tuple[str, int] = listening.getsockname()[:2]
        self._is_listening = True
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer until asked to stop."""
        await super().serve(sockets or [self._socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; who has not read to the end by then is cut off, or its socket would stay open without a loop."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def finish(self, stopping: asyncio.Event) -> None:
        """Ask the server to stop, and whoever waits inside it to wait no longer."""
        self.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(stopping.set)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    # --- from any thread --------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Listen no more, and reset every connection."""
        self._on_loop(self._pause())

    def black_hole(self) -> None:
        """Let connections come about that nobody answers, and answer no old one."""
        self._on_loop(self._black_hole())

    def resume(self) -> None:
        """Answer again; connections that were not answered are reset."""
        self._on_loop(self._resume())

    def _on_loop(self, doing: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None  # noqa: S101 - it has been ready
        asyncio.run_coroutine_threadsafe(doing, self._loop).result(_PATIENCE_S)

    # --- on the loop ------------------------------------------------------------------------------------------------

    async def _pause(self) -> None:
        self._leave_port()
        self._reset_all()

    async def _black_hole(self) -> None:
        self._leave_port()
        for connection in list(self.server_state.connections):
            if isinstance(connection, StreamProtocol):
                connection.deafen()
            connection.transport.pause_reading()
        # The system itself completes handshakes for a socket that nobody accepts from.
        self._socket.listen(_BACKLOG)

    async def _resume(self) -> None:
        if self._is_listening:
            return
        self._reset_all()
        # Who connected in the meantime is reset with the socket that never accepted.
        self._take_port()
        self._socket.listen(_BACKLOG)
        self._is_listening = True
        await super().startup([self._socket])

    def _leave_port(self) -> None:
        """Close the listening socket, and keep its port from anybody else."""
        if self._is_listening:
            for server in self.servers:
                server.close()
        self._is_listening = False
        self._take_port()

    def _take_port(self) -> None:
        self._socket.close()
        self._socket = _bound(*self._address)

    def _reset_all(self) -> None:
        for connection in list(self.server_state.connections):
            reset(connection.transport)


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,  # whose process it is decides about logging
        access_log=False,
        lifespan="off",
        ws=StreamProtocol,
        # The vendors are not known to ping or to compress.
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
