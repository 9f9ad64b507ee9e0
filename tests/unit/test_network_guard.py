"""The guard of conftest.py itself: nothing leaves this machine, and whoever tries fails."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import NetworkGuard

ELSEWHERE = ("192.0.2.1", 443)  # TEST-NET-1: nobody's address


def _udp(use: Callable[[socket.socket], object]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        use(sock)


async def _asyncio_to_an_address() -> None:
    await asyncio.open_connection(*ELSEWHERE)


async def _asyncio_to_a_name() -> None:
    await asyncio.open_connection("api.massive.com", 443)


@pytest.mark.parametrize(
    ("leave", "host"),
    [
        (lambda: _udp(lambda sock: sock.connect(ELSEWHERE)), ELSEWHERE[0]),
        (lambda: _udp(lambda sock: sock.connect_ex(ELSEWHERE)), ELSEWHERE[0]),
        (lambda: _udp(lambda sock: sock.sendto(b"x", ELSEWHERE)), ELSEWHERE[0]),
        (lambda: socket.create_connection(ELSEWHERE), ELSEWHERE[0]),
        (lambda: socket.getaddrinfo("api.massive.com", 443), "api.massive.com"),
        (lambda: socket.gethostbyname("api.massive.com"), "api.massive.com"),
        (lambda: asyncio.run(_asyncio_to_an_address()), ELSEWHERE[0]),
        (lambda: asyncio.run(_asyncio_to_a_name()), "api.massive.com"),
    ],
    ids=["connect", "connect_ex", "sendto", "create_connection", "getaddrinfo", "gethostbyname", "asyncio", "name"],
)
def test_every_way_out_is_refused_and_remembered(
    leave: Callable[[], object], host: str, network_guard: NetworkGuard
) -> None:
    with pytest.raises(ConnectionRefusedError, match="stay on this machine"):
        leave()
    assert set(network_guard.refused) == {host}
    network_guard.refused.clear()


def test_this_machine_can_be_reached(network_guard: NetworkGuard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sock:
        assert sock.getpeername() == server.getsockname()
    assert socket.getaddrinfo("localhost", 80)
    assert network_guard.refused == []


def test_keys_of_whoever_runs_the_tests_do_not_reach_them() -> None:
    assert [name for name in os.environ if name.startswith(("MASSIVE_", "TRADIER_", "QUANTDATA_"))] == []
