"""A client's figures as Prometheus reads them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import quantdata as qd
from quantdata import portal
from quantdata.client.prometheus import register
from tests.unit.client.test_sync import KEY, STOCKS, offer_everything

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from tests.unit.conftest import Vendor

QUOTES = {"provider": "massive", "endpoint": "quotes"}
PATH = {"provider": "massive", "endpoint": STOCKS}


@pytest.fixture(autouse=True)
def _massive(market: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    offer_everything(market)
    monkeypatch.setenv("MASSIVE_API_KEY", KEY)


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry of the test's own."""
    prometheus_client = pytest.importorskip("prometheus_client", reason="prometheus-client is not installed: an extra")
    return prometheus_client.CollectorRegistry()  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [qd.Client, qd.AsyncClient])
def test_a_client_that_asked_nothing_has_no_values_and_connects_to_nobody(
    registry: CollectorRegistry, market: Vendor, kind: type[qd.Client | qd.AsyncClient]
) -> None:
    register(kind(), registry)
    families = list(registry.collect())
    assert {"quantdata_requests", "quantdata_cache_hits", "quantdata_healthy"} <= {each.name for each in families}
    assert [sample for family in families for sample in family.samples] == []
    assert market.requests == []


def test_a_scrape_reads_the_present_figures(registry: CollectorRegistry) -> None:
    with qd.Client() as client:
        register(client, registry)
        client.quotes("SPY")
        client.quotes("SPY")
        assert registry.get_sample_value("quantdata_requests_total", PATH) == 1.0
        assert registry.get_sample_value("quantdata_rows_total", QUOTES) == 1.0
        assert registry.get_sample_value("quantdata_cache_hits_total", {"endpoint": "quotes"}) == 1.0
        assert registry.get_sample_value("quantdata_healthy", QUOTES) == 1.0
        assert registry.get_sample_value("quantdata_successes_total", QUOTES) == 1.0
        assert 0.0 < (registry.get_sample_value("quantdata_response_p95_seconds", QUOTES) or 0.0) < 10.0
        client.quotes(["SPY", "SPY", "spy"])
        assert registry.get_sample_value("quantdata_cache_hits_total", {"endpoint": "quotes"}) == 2.0


def test_what_fails_is_unhealthy_and_its_failures_have_a_kind(registry: CollectorRegistry, market: Vendor) -> None:
    market.on(STOCKS, {"status": "ERROR", "error": "Unknown API Key"}, status=401)
    with qd.Client() as client:
        register(client, registry)
        for _ in range(3):
            with pytest.raises(qd.AuthenticationError):
                client.quotes("SPY")
    assert registry.get_sample_value("quantdata_healthy", QUOTES) == 0.0
    assert registry.get_sample_value("quantdata_consecutive_failures", QUOTES) == 3.0
    assert registry.get_sample_value("quantdata_question_failures_total", QUOTES) == 3.0
    assert registry.get_sample_value("quantdata_response_p50_seconds", QUOTES) is None
    kind = {"kind": "AUTHENTICATION_FAILED"}
    assert registry.get_sample_value("quantdata_failures_total", {**PATH, **kind}) == 3.0


def test_the_text_names_no_symbol_and_no_key(registry: CollectorRegistry) -> None:
    prometheus_client = pytest.importorskip("prometheus_client")
    with qd.Client() as client:
        register(client, registry)
        client.chain("SPY")
        client.bars("SPY", "1d", "2026-11-02", "2026-11-06")
        text = prometheus_client.generate_latest(registry).decode()
    assert 'quantdata_requests_total{endpoint="/v3/snapshot/options/*",provider="massive"}' in text
    assert "SPY" not in text
    assert KEY not in text


def test_a_registry_takes_one_client_until_it_is_taken_out(registry: CollectorRegistry) -> None:
    first = register(qd.Client(), registry)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        register(qd.Client(), registry)
    registry.unregister(first)
    register(qd.Client(), registry)


def test_left_out_the_registry_is_that_of_the_process() -> None:
    prometheus_client = pytest.importorskip("prometheus_client")
    collector = register(qd.Client())
    try:
        assert "quantdata_healthy" in {family.name for family in prometheus_client.REGISTRY.collect()}
    finally:
        prometheus_client.REGISTRY.unregister(collector)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(qd.ConfigError, match=r"pip install quantdata\[prometheus\]"):
        register(qd.Client())


def test_a_scrape_does_not_wait_for_the_portal(registry: CollectorRegistry) -> None:
    register(qd.Client(), registry)

    async def scrape() -> int:
        return len(list(registry.collect()))

    assert portal.call(scrape()) == len(list(registry.collect()))
