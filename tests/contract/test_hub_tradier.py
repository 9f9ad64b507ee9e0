"""A hub on Tradier's stream: alone, in the place of one of Massive's that is refused or down, and given back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

import quantdata as qd
from quantdata.live import MarketDataHub, Tick, merging, streaming
from quantdata.sim import Fault, Simulator
from tests.contract.hubs import places, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.thorough

# Longer than any of this takes on a busy machine.
EVENTS: Final = "/v1/markets/events"


@pytest.fixture(scope="module")
def market() -> Iterator[Simulator]:
    with Simulator(clock="open") as simulator:
        yield simulator


@pytest.fixture
def simulator(market: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A market whose hubs are impatient: they change vendors within a second or two."""
    for name, text in places(market).items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("QUANTDATA_SOURCE", raising=False)
    monkeypatch.setattr(streaming, "PATIENCE_S", 0.5)
    monkeypatch.setattr(merging, "_OWNED_MS", 1_000)
    yield market
    market.faults.clear()


def keys(monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
    """Let the environment have these keys and no others."""
    for name in ("MASSIVE_API_KEY", "TRADIER_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, text in given.items():
        monkeypatch.setenv(name, text)


def made(**arguments: Any) -> MarketDataHub:
    """Return a hub that polls once and lives on its streams."""
    settings = {"client": qd.Client(), "dte": (0, 2), "refresh_interval": 600.0, **arguments}
    return MarketDataHub("SPY", **settings)


def state(hub: MarketDataHub, provider: str, asset: str, what: str = "state") -> Any:
    """Return one fact about a stream; None when the hub does not have it."""
    found = hub.streams().filter(provider=provider, asset=asset)
    return found.item(0, what) if found.height else None


def moved_on(hub: MarketDataHub, polled: pl.DataFrame, source: str) -> int:
    """Return how many rows have a quote that is newer than all that was polled, from a source."""
    newest = polled.get_column("quote_ts").max()
    assert isinstance(newest, datetime)
    chain = hub.chain("SPY")
    return chain.filter(pl.col("quote_ts") > newest + timedelta(seconds=1), quote_source=source).height


# --- Tradier alone --------------------------------------------------------------------------------------------------


def test_with_a_key_of_tradiers_alone_everything_comes_over_its_one_connection(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(monkeypatch, TRADIER_ACCESS_TOKEN="alone")  # noqa: S106 - nothing is guarded there
    ticks: list[Tick] = []
    with made(indices="VIX", equities="BRK.B") as hub:
        hub.subscribe_tick("mine", ticks.append)
        polled = hub.wait().chains["SPY"]
        until(lambda: moved_on(hub, polled, "tradier") > 50)
        assert hub.streams().select("provider", "asset", "state", "feed").rows() == [
            ("tradier", "all", "live", "simulated")
        ]
        until(lambda: {tick.kind for tick in ticks} == {"quote", "trade", "value"})
        until(lambda: {"SPY", "BRK.B", "VIX"} <= {tick.symbol for tick in ticks})
        assert {tick.source for tick in ticks} == {"tradier"}
        assert hub.refused() == {}
        symbol, _ = max(simulator.streams.last_sent(EVENTS, key="alone").items(), key=lambda sent: len(sent[0]))

        def is_shown() -> bool:
            sent = simulator.streams.last_sent(EVENTS, key="alone")[symbol]
            row = hub.chain("SPY").filter(contract_symbol=symbol)
            return bool(row.select("bid", "ask").row(0) == (sent[0] or None, sent[1]))

        until(is_shown)


# --- in the place of Massive's --------------------------------------------------------------------------------------


def test_quotes_outside_massives_plan_come_from_tradier(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch, MASSIVE_API_KEY="sim-developer", TRADIER_ACCESS_TOKEN="plan")  # noqa: S106
    with made() as hub:
        polled = hub.wait().chains["SPY"]
        until(lambda: moved_on(hub, polled, "tradier") > 50)
        until(lambda: state(hub, "tradier", "all") == "live")
        refused = {reason for (vendor, channel), reason in hub.refused().items() if channel.startswith("quote O:")}
        assert refused == {"not authorized"}
        assert state(hub, "massive", "options") == "live"
        assert simulator.streams.counts()[EVENTS]["events"] > 0


def test_a_key_that_massives_stream_does_not_accept_leaves_tradiers(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(monkeypatch, MASSIVE_API_KEY="denied", TRADIER_ACCESS_TOKEN="denied-too")  # noqa: S106
    simulator.faults.add(Fault("auth_failed", path="/options"))
    with made() as hub:
        polled = hub.wait().chains["SPY"]
        until(lambda: moved_on(hub, polled, "tradier") > 50)
        assert "does not accept the key" in state(hub, "massive", "options", "error")
        assert state(hub, "massive", "stocks") == "live"


def test_while_massives_stream_is_down_tradiers_stands_in_and_hands_back(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(monkeypatch, MASSIVE_API_KEY="down", TRADIER_ACCESS_TOKEN="stands-in")  # noqa: S106
    with made() as hub:
        polled = hub.wait().chains["SPY"]
        until(lambda: moved_on(hub, polled, "massive") > 50)
        assert state(hub, "tradier", "all") is None
        simulator.faults.add(
            Fault("refused_handshake", path="/options", status=503), Fault("socket_drop", path="/options", times=1)
        )
        until(lambda: moved_on(hub, polled, "tradier") > 50)
        assert state(hub, "massive", "options") in {"connecting", "waiting"}
        simulator.faults.clear()
        until(lambda: state(hub, "massive", "options") == "live")
        until(lambda: state(hub, "tradier", "all", "wanted") == 0)
        stood_in = hub.chain("SPY")
        until(lambda: moved_on(hub, stood_in, "massive") > 50)
        gaps = hub.gaps().filter(provider="massive", asset="options")
        assert gaps.height >= 1
