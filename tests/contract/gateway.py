"""A company's network in small: hosts with certificates of its own authority, and a proxy that leads to them."""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["API", "SOCKETS", "Authority", "Gateway"]

API: Final = "api.example.com"
SOCKETS: Final = "socket.example.com"
SOON_S: Final = 30.0
# Of the event loop, after which a connection that was cut off is gone.
TURNS: Final = 5
_NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_OF_A_HOST: Final = """\
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


class Authority:
    """Signs certificates of hosts; nobody trusts it who is not told to.

    Parameters
    ----------
    folder
        Of keys and certificates.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "authority.pem"
        is_one = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
        named = [part for each in is_one for part in ("-addext", each)]
        key = str(folder / "authority.key")
        _openssl("req", "-x509", *_NEW_KEY, "-keyout", key, "-out", str(self.file), "-subj", "/CN=A Company", *named)

    def of_hosts(self, *names: str, days: int = 2) -> ssl.SSLContext:
        """Return what a server of some hosts needs; after ``days`` nobody believes it any more."""
        key, request, certificate, said = (self._folder / f"{names[0]}.{end}" for end in ("key", "csr", "pem", "txt"))
        said.write_text(_OF_A_HOST.format(names=",".join(f"DNS:{name}" for name in names)))
        _openssl("req", *_NEW_KEY, "-keyout", str(key), "-out", str(request), "-subj", f"/CN={names[0]}")
        by = ("-CA", str(self.file), "-CAkey", str(self._folder / "authority.key"), "-CAcreateserial")
        to = ("-in", str(request), "-out", str(certificate), "-extfile", str(said), "-days", str(days))
        _openssl("x509", "-req", *by, *to)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        return context


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=SOON_S)  # noqa: S607


@dataclass(slots=True)
class Gateway:
    """A proxy, and the hosts behind it; all of them are one server on this machine.

    Attributes
    ----------
    certificate
        Of the hosts.
    port
        Of the server that speaks plainly.
    password
        ``name:password`` that the proxy wants; None where it asks for nothing.
    asked
        What the proxy was asked to connect to.
    heads
        What the hosts were asked: the first bytes of each connection.
    """

    certificate: ssl.SSLContext
    port: int
    password: str | None = None
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    proxy_port: int = 0
    host_port: int = 0
    _has_begun: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _end: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: set[StreamWriter] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._has_begun.wait(SOON_S)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(SOON_S)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        hosts = await asyncio.start_server(self._host, "127.0.0.1", 0, ssl=self.certificate)
        proxy = await asyncio.start_server(self._proxy, "127.0.0.1", 0)
        self.host_port, self.proxy_port = (each.sockets[0].getsockname()[1] for each in (hosts, proxy))
        self._has_begun.set()
        await self._end.wait()
        hosts.close()
        proxy.close()
        # Those that have not begun are cut off as soon as they do.
        for writer in self._lines:
            writer.transport.abort()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
        for _ in range(TURNS):
            await asyncio.sleep(0)

    @contextmanager
    def _line(self, writer: StreamWriter) -> Iterator[None]:
        """Keep account of one side of a connection; it is cut off afterwards, and in the end."""
        self._lines.add(writer)
        if self._end.is_set():
            writer.transport.abort()
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                yield
        finally:
            self._lines.discard(writer)
            writer.transport.abort()

    async def _host(self, reader: StreamReader, writer: StreamWriter) -> None:
        with self._line(writer):
            head = await reader.read(65_536)
            self.heads.append(head)
            await self._join(reader, writer, self.port, head)

    async def _proxy(self, reader: StreamReader, writer: StreamWriter) -> None:
        with self._line(writer):
            request, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            self.asked.append(request.split()[1])
            if not self._is_let_through(headers):
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                writer.close()
                await writer.wait_closed()
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._join(reader, writer, self.host_port)

    async def _join(self, reader: StreamReader, writer: StreamWriter, port: int, head: bytes = b"") -> None:
        """Hand on what comes from either side, until one of them ends; then there is no other."""
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with self._line(back):
            back.write(head)
            await asyncio.gather(_handed_on(reader, back), _handed_on(there, writer))

    def _is_let_through(self, headers: list[str]) -> bool:
        if self.password is None:
            return True
        wanted = f"Basic {base64.b64encode(self.password.encode()).decode()}"
        return ("proxy-authorization", wanted) in _parted(headers)


def _parted(headers: list[str]) -> list[tuple[str, str]]:
    return [(name.lower(), text) for name, _, text in (header.partition(": ") for header in headers)]


async def _handed_on(reader: StreamReader, writer: StreamWriter) -> None:
    """Hand on what comes; once nothing more does, cut off where it went."""
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()
