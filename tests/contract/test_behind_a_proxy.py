"""From a company's network: over TLS by an authority of its own, through a proxy that wants a name and a password."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import socket
import traceback
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import pytest

import quantdata as qd
from quantdata import portal
from quantdata.config import Secret
from quantdata.wire.backoff import StreamPolicy
from quantdata.wire.book import Book
from quantdata.wire.dialect import Channel
from quantdata.wire.massive.stream import MassiveDialect
from quantdata.wire.session import StreamSession
from tests.contract.gateway import API, SOCKETS, Authority, Gateway

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from quantdata.sim import Simulator
    from quantdata.wire.vitals import SessionState, SessionStats

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make certificates with")

PASSWORD: Final = "s3cr3t-pä€s"  # noqa: S105  # looked for in errors and logs
QUOTED: Final = "s3cr3t-p%C3%A4%E2%82%ACs"
SECRETS: Final = (PASSWORD, QUOTED, "s3cr3t", b64encode(f"trader:{PASSWORD}".encode()).decode())
CALL: Final = Channel("quote", "O:SPY261218C00660000")
HASTY: Final = StreamPolicy(first_delay_s=0.01, longest_delay_s=0.02, close_s=0.1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> ssl.SSLContext:
    return authority.of_hosts(API, SOCKETS)


@pytest.fixture
def gateway(simulator: Simulator, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Return a network that is left through a proxy with a password; the environment says so, but not whom to trust."""
    port = int(simulator.base_url.rpartition(":")[2])
    with Gateway(certificate, port, password=f"trader:{PASSWORD}") as made:
        monkeypatch.setenv("HTTPS_PROXY", f"http://trader:{QUOTED}@127.0.0.1:{made.proxy_port}")
        monkeypatch.setenv("MASSIVE_BASE_URL", f"https://{API}")
        monkeypatch.setenv("MASSIVE_API_KEY", "k3y")
        monkeypatch.delenv("NO_PROXY", raising=False)
        yield made


@pytest.fixture
def is_trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


def failure_of_a_chain() -> qd.QuantDataError:
    with qd.Client("massive") as client, pytest.raises(qd.QuantDataError) as failure:
        client.chain("DIA", dte=(0, 7))
    return failure.value


def stream(until: SessionState) -> SessionStats:
    """Run a stream until it comes to a state; return how it is then."""

    async def tried() -> SessionStats:
        reached = asyncio.Event()
        session = StreamSession(
            MassiveDialect(Secret("k3y"), asset="options", base_url=f"wss://{SOCKETS}"),
            book=Book("massive"),
            policy=HASTY,
            on_data=lambda: None,
            on_state=lambda state: reached.set() if state == until else None,
            is_market_open=lambda: True,
        )
        running = asyncio.create_task(session.run())
        await session.want([CALL])
        await reached.wait()
        found = session.stats
        await session.close()
        await running
        return found

    return portal.call(tried())


# --- let through ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("is_trusted")
def test_a_chain_comes_through_it(gateway: Gateway) -> None:
    with qd.Client("massive") as client:
        chain = client.chain("DIA", dte=(0, 7))
    assert chain.height > 20
    assert set(gateway.asked) == {f"{API}:443"}
    assert all(head.startswith(b"GET /v") and b"host: api.example.com" in head.lower() for head in gateway.heads)


@pytest.mark.usefixtures("is_trusted")
def test_a_stream_comes_through_it(gateway: Gateway) -> None:
    stats = stream("live")
    assert (stats.wanted, stats.held) == (1, 1)
    assert set(gateway.asked) == {f"{SOCKETS}:443"}
    assert gateway.heads[0].startswith(b"GET /options")


@pytest.mark.usefixtures("is_trusted")
def test_a_proxys_password_is_for_the_proxy_alone(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), qd.Client("massive") as client:
        client.quotes(["SPY"])
        stream("live")
    assert len(gateway.heads) >= 2
    assert b"proxy-authorization" not in b"".join(gateway.heads).lower()
    for said in SECRETS:
        assert said not in caplog.text


@pytest.mark.usefixtures("is_trusted")
def test_a_host_that_is_excepted_is_reached_without_it(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(host: str | bytes | None, port: Any, *_: Any, **__: Any) -> list[Any]:
        assert host == API
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setenv("NO_PROXY", ".example.com")
    monkeypatch.setenv("MASSIVE_BASE_URL", f"https://{API}:{gateway.host_port}")
    with qd.Client("massive") as client:
        assert client.quotes(["SPY"]).height == 1
    assert gateway.asked == []
    assert gateway.heads


# --- kept out -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("gateway")
def test_a_certificate_of_an_authority_that_is_unknown_is_said_with_what_to_do() -> None:
    failure = failure_of_a_chain()
    assert isinstance(failure, qd.DataProviderError)
    for said in (str(failure), str(stream("waiting").last_error)):
        assert "the host's certificate is not trusted (" in said
        assert "set SSL_CERT_FILE to a file with its authority's certificate" in said


@pytest.mark.usefixtures("is_trusted")
@pytest.mark.parametrize(
    ("names", "days", "said"),
    [
        (["www.example.org"], 2, r"the certificate is another host's \(.*api\.example\.com.*\); check the address"),
        ([API, SOCKETS], -1, r"the host's certificate is out of date \(.*\); check this machine's clock"),
    ],
)
def test_a_certificate_that_says_something_else_is_not_believed(
    gateway: Gateway, authority: Authority, monkeypatch: pytest.MonkeyPatch, names: list[str], days: int, said: str
) -> None:
    with Gateway(authority.of_hosts(*names, days=days), gateway.port) as other:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{other.proxy_port}")
        failure, error = failure_of_a_chain(), str(stream("waiting").last_error)
    assert re.search(said, str(failure))
    assert re.search(said.replace("api", "socket"), error)


@pytest.mark.usefixtures("is_trusted")
def test_a_password_that_the_proxy_does_not_take_is_said_and_not_shown(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.password = "trader:another"  # noqa: S105  # the proxy's, of this test
    with caplog.at_level(logging.DEBUG):
        failure, error = failure_of_a_chain(), str(stream("waiting").last_error)
    wants = (
        "the proxy wants a name and a password, or others (HTTP 407); check HTTPS_PROXY or ALL_PROXY, whichever is set"
    )
    assert wants in str(failure)
    assert error == wants
    told = "".join(traceback.format_exception(failure))
    for said in SECRETS:
        assert said not in f"{told} {failure!r} {vars(failure)} {error} {caplog.text}"


@pytest.mark.usefixtures("is_trusted", "gateway")
def test_a_proxy_that_is_not_there_is_told_from_the_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://trader:{QUOTED}@127.0.0.1:1")
    for said in (str(failure_of_a_chain()), str(stream("waiting").last_error)):
        assert "the proxy cannot be reached (" in said
        assert PASSWORD not in said


@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_holds_no_certificates_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "bundle.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    failure = failure_of_a_chain()
    assert isinstance(failure, qd.ConfigError)
    assert f"SSL_CERT_FILE is {file}, which holds no certificates that can be read (" in str(failure)
