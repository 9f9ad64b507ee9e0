"""Opening a socket: no redirects, no proxy to this machine, and errors in words of our own."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import InvalidURL, WSServerHandshakeError
from websockets.asyncio.server import ServerConnection, serve

from quantdata.wire.backoff import StreamPolicy
from quantdata.wire.sockets import BROKEN, ClosedError, RefusedError, is_clean, open_socket, why

if TYPE_CHECKING:
    from websockets.http11 import Request, Response

POLICY = StreamPolicy(close_s=0.1, connect_s=5.0)


async def _echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


async def _opened(policy: StreamPolicy = POLICY, **options: Any) -> tuple[bytes, str]:
    """Open a socket to a local server, send a message; return what comes back and the headers that were sent."""
    async with serve(_echo, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await open_socket(f"ws://127.0.0.1:{port}/options", policy)
        try:
            await socket.send('{"params":"a-secret-key"}')
            (connection,) = server.connections
            headers = str(connection.request.headers if connection.request is not None else "")
            return await socket.recv(), headers
        finally:
            await socket.close()


def _answering(status: HTTPStatus, **headers: str) -> Any:
    def process(connection: ServerConnection, _: Request) -> Response:
        response = connection.respond(status, "")
        for name, text in headers.items():
            response.headers[name] = text
        return response

    return process


def test_messages_come_as_bytes_uncompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://name:password@proxy.invalid:1")
    message, headers = asyncio.run(_opened())
    assert message == b'{"params":"a-secret-key"}'
    assert "permessage-deflate" not in headers
    assert "quantdata" in headers


def test_compression_is_offered_where_it_is_asked_for() -> None:
    _, headers = asyncio.run(_opened(StreamPolicy(close_s=0.1, is_compressed=True)))
    assert "permessage-deflate" in headers


def test_no_log_shows_a_frame(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("websockets.server").setLevel(logging.CRITICAL)
        asyncio.run(_opened())
    assert "a-secret-key" not in caplog.text


def test_a_redirect_is_not_followed() -> None:
    moved = _answering(HTTPStatus.FOUND, Location="ws://127.0.0.1:9/elsewhere")
    with pytest.raises(RefusedError) as failure:
        asyncio.run(_opened(process_request=moved))
    assert why(failure.value) == "the host answered HTTP 302"


def test_a_refused_upgrade_tells_its_status() -> None:
    with pytest.raises(WSServerHandshakeError) as failure:
        asyncio.run(_opened(process_request=_answering(HTTPStatus.SERVICE_UNAVAILABLE)))
    assert why(failure.value) == "the host answered HTTP 503"


def test_a_refused_connection_says_so() -> None:
    with pytest.raises(BROKEN) as failure:
        asyncio.run(open_socket("ws://127.0.0.1:9/options", POLICY))
    assert "ConnectionRefusedError" in why(failure.value)


def test_a_port_that_answers_nothing_has_its_time() -> None:
    async def main() -> None:
        never = asyncio.Event()

        async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await never.wait()
            writer.close()

        async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            try:
                await open_socket(f"ws://127.0.0.1:{port}/", StreamPolicy(connect_s=0.05))
            finally:
                never.set()

    with pytest.raises(TimeoutError) as failure:
        asyncio.run(main())
    assert why(failure.value) == "no connection in time"


@pytest.mark.parametrize(
    ("error", "text", "clean"),
    [
        (ClosedError(1008), "by the vendor, code 1008", True),
        (ClosedError(sent=1011), "by us, code 1011", False),
        (ClosedError(), "the connection broke off", False),
        (InvalidURL("http://name:k3y@proxy"), "InvalidURL", False),
        (OSError("k3y"), "OSError", False),
    ],
)
def test_why_it_ended_is_said_in_words_of_our_own(error: Exception, text: str, clean: bool) -> None:  # noqa: FBT001
    assert text in why(error)
    assert "k3y" not in why(error)
    assert is_clean(error) == clean
