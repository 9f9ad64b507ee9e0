"""What holds for every test: no network, no environment of the developer's, one way to find recorded payloads."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import settings

from quantdata import portal
from quantdata.clients import AsyncMassive
from quantdata.sim import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# Read before `_own_environment` takes the variable away.
FIXTURES: Final = Path(
    os.environ.get("QUANTDATA_FIXTURES") or Path(__file__).resolve().parents[2] / "shared" / "fixtures"
)
CLOCK: Final = "at:2026-11-18T11:00"
PREFIXES: Final = ("MASSIVE_", "TRADIER_", "QUANTDATA_")
PROXIES: Final = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}


class NetworkGuard:
    """Refuses every way out of this machine, and remembers who tried.

    The refusal is an `OSError`, as from a dead network: the library may translate or retry it, so the test fails by
    what ``refused`` holds in the end, not by the exception.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand in for what sockets, asyncio and resolvers all end in."""
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, self._held(getattr(socket.socket, name)))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, name, self._resolving(getattr(socket, name)))

    def _held(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(own: socket.socket, *args: Any) -> Any:
            address = args[-1]
            if own.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
                self._check(str(address[0]))
            return method(own, *args)

        return guarded

    def _resolving(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(host: str | bytes | None, *args: Any, **kwargs: Any) -> Any:
            if host:
                self._check(host.decode() if isinstance(host, bytes) else host)
            return function(host, *args, **kwargs)

        return guarded

    def _check(self, host: str) -> None:
        try:
            allowed = ip_address(host).is_loopback or host in {"0.0.0.0", "::"}  # noqa: S104  # listeners bind to these
        except ValueError:
            allowed = host in {"localhost", ""}
        if not allowed:
            self.refused.append(host)
            raise ConnectionRefusedError(f"tests stay on this machine: {host} is elsewhere")


@pytest.fixture(scope="session", autouse=True)
def _guard() -> Iterator[NetworkGuard]:
    """Guard the whole session, so that fixtures of any scope and background threads are held too."""
    guard = NetworkGuard()
    with pytest.MonkeyPatch.context() as patch:
        guard.install(patch)
        yield guard


@pytest.fixture(autouse=True)
def network_guard(_guard: NetworkGuard) -> Iterator[NetworkGuard]:
    """Fail the test during which anything tried to leave this machine."""
    yield _guard
    refused, _guard.refused = _guard.refused, []
    if refused:
        pytest.fail(f"tried to reach {', '.join(refused)}")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the keys, settings, proxies and width of the terminal of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(PREFIXES) or name.upper() in {*PROXIES, "COLUMNS"}:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def fixtures_dir() -> Path:
    """Return the folder of recorded payloads (``QUANTDATA_FIXTURES``); skip where there is none."""
    if not FIXTURES.is_dir():
        pytest.skip(f"no recorded payloads at {FIXTURES}: set QUANTDATA_FIXTURES")
    return FIXTURES


@pytest.fixture(scope="session")
def simulated_market() -> Iterator[Simulator]:
    """Run the one simulated market of the session, frozen at 11:00 on a Wednesday."""
    # Tradier counts real minutes, which no test waits for; those about its rate run a market of their own.
    with Simulator(clock=CLOCK, tradier_requests_per_minute=1_000_000) as simulator:
        yield simulator


@pytest.fixture
def simulator(simulated_market: Simulator) -> Iterator[Simulator]:
    """Return the session's market without faults, before and after."""
    simulated_market.faults.clear()
    yield simulated_market
    simulated_market.faults.clear()


@pytest.fixture
def massive(simulator: Simulator) -> Iterator[AsyncMassive]:
    """Return a Massive client of the simulated market, to be driven by `portal.call`."""
    client = AsyncMassive("test", base_url=simulator.base_url)
    yield client
    portal.call(client.close())
