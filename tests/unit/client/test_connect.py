"""From a source to its provider: one vendor or both, real or simulated, with the settings of the client."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from quantdata import portal
from quantdata.client.connect import LOCAL_POLICY, Connection
from quantdata.clients import AsyncMassive, AsyncTradier, Provider
from quantdata.clients.records import Records
from quantdata.clients.watched import Watched
from quantdata.config import Config, Secret
from quantdata.hybrid import AsyncHybrid
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve

if TYPE_CHECKING:
    from quantdata.config import Source

CONFIG = Config(
    massive_api_key=Secret("k3y"),
    massive_base_url="http://127.0.0.1:1",
    massive_requests_per_minute=42.0,
    tradier_access_token=Secret("t0ken"),
    tradier_base_url="http://127.0.0.1:2/v1",
)
KINDS = {"massive": AsyncMassive, "tradier": AsyncTradier}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Let a simulator be started in name only; return how."""
    asked: list[dict[str, Any]] = []

    def shared(**market: Any) -> SimpleNamespace:
        asked.append(market)
        return SimpleNamespace(base_url="http://127.0.0.1:3", tradier_url="http://127.0.0.1:4/v1")

    monkeypatch.setattr("quantdata.client.connect.sim.shared", shared)
    return asked


def _connection(source: Source, **settings: Any) -> Connection:
    return Connection(**{"source": source, "config": CONFIG, "seed": 7, "clock": "open", **settings})


def _inner(watched: object) -> Any:
    assert isinstance(watched, Watched)
    return watched._provider


@pytest.mark.parametrize("source", ["massive", "tradier"])
def test_one_vendor_is_watched(source: Literal["massive", "tradier"]) -> None:
    records = Records()
    provider = portal.call(_connection(source, records=records).provider())
    assert isinstance(provider, Watched)
    inner = _inner(provider)
    assert type(inner) is KINDS[source]
    assert provider.name == source
    assert provider.health is records.health_of(source)
    assert isinstance(provider, Provider)


def test_a_hybrid_is_both_massive_first() -> None:
    provider = portal.call(_connection("hybrid").provider())
    assert isinstance(provider, AsyncHybrid)
    assert [type(_inner(each)) for each in (provider._first, provider._second)] == [AsyncMassive, AsyncTradier]
    assert provider.name == "hybrid"


def test_the_simulated_market_is_a_hybrid_of_both_its_vendors(started: list[dict[str, Any]]) -> None:
    provider = portal.call(_connection("sim", seed=11, clock="live").provider())
    assert isinstance(provider, AsyncHybrid)
    assert [type(_inner(each)) for each in (provider._first, provider._second)] == [AsyncMassive, AsyncTradier]
    assert started == [{"seed": 11, "clock": "live"}] * 2


@pytest.mark.parametrize("name", ["massive", "tradier"])
def test_one_vendor_of_the_simulated_market_can_be_had_alone(
    started: list[dict[str, Any]], name: Literal["massive", "tradier"]
) -> None:
    vendor = portal.call(_connection("sim").vendor(name))
    assert type(_inner(vendor)) is KINDS[name]
    assert len(started) == 1


@pytest.mark.parametrize("source", ["massive", "tradier", "hybrid"])
def test_a_real_vendor_starts_no_market(started: list[dict[str, Any]], source: Source) -> None:
    portal.call(_connection(source).provider())
    assert started == []


@pytest.mark.parametrize(
    ("source", "hosts"),
    [
        ("hybrid", ["http://127.0.0.1:1", "http://127.0.0.1:2/v1"]),
        ("sim", ["http://127.0.0.1:3", "http://127.0.0.1:4/v1"]),
    ],
)
def test_each_vendor_is_asked_at_its_host(
    monkeypatch: pytest.MonkeyPatch, started: list[dict[str, Any]], source: Source, hosts: list[str]
) -> None:
    made: list[dict[str, Any]] = []
    for name, kind in KINDS.items():

        def noting(key: Secret, *, kind: type[Any] = kind, name: str = name, **settings: Any) -> Any:
            made.append({"name": name, "key": key, **settings})
            return kind(key, **settings)

        monkeypatch.setattr(f"quantdata.client.connect.{kind.__name__}", noting)
    rates = RateCurve.of(0.03)
    records = Records()
    portal.call(_connection(source, rates=rates, records=records).provider())
    assert [each["name"] for each in made] == ["massive", "tradier"]
    assert [each["base_url"] for each in made] == hosts
    assert all(each["rates"] is rates and each["metrics"] is records.metrics for each in made)
    keys = ["sim", "sim"] if source == "sim" else ["k3y", "t0ken"]
    assert [each["key"].reveal() for each in made] == keys
    # A market on this machine takes its time for years of history, and nobody counts its requests.
    assert [each.get("policy") for each in made] == ([LOCAL_POLICY] * 2 if source == "sim" else [None] * 2)
    assert made[0].get("requests_per_minute") == (None if source == "sim" else 42.0)
    assert len(started) == (2 if source == "sim" else 0)


@pytest.mark.parametrize("delayed_fallback", [False, True])
def test_a_late_second_vendor_stands_in_only_where_that_was_asked_for(*, delayed_fallback: bool) -> None:
    provider = portal.call(_connection("hybrid", delayed_fallback=delayed_fallback).provider())
    assert isinstance(provider, AsyncHybrid)
    assert (provider._allow_delayed, provider._router._allow_delayed) == (delayed_fallback, delayed_fallback)


def test_both_vendors_of_a_hybrid_count_in_one_place() -> None:
    records = Records()
    provider = portal.call(_connection("hybrid", records=records).provider())
    assert isinstance(provider, AsyncHybrid)
    assert {each._metrics for each in (provider._first, provider._second)} == {records.metrics}
    assert provider._metrics is records.metrics
    assert provider._first.health is records.health_of("massive")
    assert provider._second.health is records.health_of("tradier")


def test_left_out_the_rates_are_flat_and_nothing_late_stands_in() -> None:
    connection = _connection("massive")
    assert connection.rates == RateCurve.of(DEFAULT_RATE)
    assert connection.delayed_fallback is False


def test_a_vendor_is_made_anew_each_time() -> None:
    connection = _connection("massive")

    async def twice() -> list[Watched]:
        return [await connection.vendor("massive"), await connection.vendor("massive")]

    first, second = asyncio.run(twice())
    assert first is not second
    assert first.health is second.health
