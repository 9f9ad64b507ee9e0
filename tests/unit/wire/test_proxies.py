"""Proxies of the environment are used for the vendor, and never for a simulator on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import quantdata as qd
from quantdata import portal
from quantdata.clients import AsyncMassive
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from quantdata.sim import Simulator

ONE_TRY = RetryPolicy(tries=1)


@pytest.fixture(autouse=True)
def _proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a proxy at which nothing listens."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)


def test_the_vendor_is_reached_through_the_proxy() -> None:
    # The network guard fails this test if anything asks for the vendor's host itself.
    client = AsyncMassive("key", policy=ONE_TRY)
    with pytest.raises(qd.UnavailableError, match="broke off"):
        portal.call(client.quotes(["SPY"]))
    portal.call(client.close())


def test_a_proxy_may_come_without_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:1")
    client = AsyncMassive("key", policy=ONE_TRY)
    with pytest.raises(qd.UnavailableError, match="broke off"):
        portal.call(client.quotes(["SPY"]))
    portal.call(client.close())


@pytest.mark.parametrize("proxy", ["http://me:s3/cret@proxy:80", "http://me:s3#cret@proxy:80", "me:s3?cret@proxy:80"])
def test_a_proxy_that_cannot_be_one_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(qd.ConfigError, match="the proxy that the environment names") as failure:
        AsyncMassive("key")
    assert "s3" not in str(failure.value)
    assert failure.value.__context__ is None


def test_a_simulator_on_this_machine_is_not(simulator: Simulator) -> None:
    client = AsyncMassive("key", base_url=simulator.base_url, policy=ONE_TRY)
    assert portal.call(client.quotes(["SPY"])).height == 1
    portal.call(client.close())
