"""End to end at Tradier: a chain of 37 expirations, one request each, from a server 50 ms away that counts minutes."""

from __future__ import annotations

import itertools
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from quantdata import portal
from quantdata.clients import AsyncTradier, ChainQuery
from tests.benchmarks.round_trips import LATENCY_S, server
from tests.benchmarks.runner import Comparison, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

__all__ = ["run"]

UNDERLYING: Final = "SPX"
EXPIRATIONS: Final = 37
GOAL: Final = ">= 8x"

_tokens = itertools.count()


def run(*, rounds: int) -> list[Comparison]:
    """Compare a client that has not seen the underlying, one that has, and uvatradier, each with a fresh token."""
    with server() as base_url:
        days = _expirations(base_url)
        peer, ways, counts = _ways(base_url, days)
        contracts = len(peer())
        times = interleaved(ways, rounds=max(3, rounds // 2))
    conditions = (
        f"{UNDERLYING}, {len(days)} expirations, {contracts:,} contracts, loopback, {1e3 * LATENCY_S:.0f} ms before "
        "each answer, 120 requests a minute and token, server in a process of its own"
    )
    cold, warm, peers = (f"{name}: {counts[name]} requests" for name in ways)
    figures = dict(zip((cold, warm, peers), times.values(), strict=True))
    return [
        Comparison(
            "Tradier chain over HTTP, the first time",
            conditions,
            "ms",
            {cold: figures[cold], peers: figures[peers]},
            {peers: GOAL},
        ),
        Comparison(
            "Tradier chain over HTTP, expirations known",
            conditions,
            "ms",
            {warm: figures[warm], peers: figures[peers]},
            {peers: GOAL},
        ),
    ]


def _expirations(base_url: str) -> list[str]:
    client = _client(base_url)
    days = portal.call(client.expirations(UNDERLYING, start=None, end=None))[:EXPIRATIONS]
    portal.call(client.close())
    return [day.isoformat() for day in days]


def _ways(base_url: str, days: list[str]) -> tuple[Callable[[], Any], dict[str, Callable[[], object]], dict[str, int]]:
    query = ChainQuery.of(UNDERLYING, expirations=(days[0], days[-1]))
    counts: dict[str, int] = {}
    warmed: list[AsyncTradier] = []

    def chain(client: AsyncTradier, name: str) -> pl.DataFrame:
        before = client.requests_sent
        found = portal.call(client.chain(query))
        counts[name] = client.requests_sent - before
        return found

    def cold() -> None:
        client = _client(base_url)
        chain(client, "quantdata, cold")
        warmed.append(client)

    def warm() -> None:
        # The one that was cold a moment ago: 76 of its 120 requests are then used.
        client = warmed.pop() if warmed else _client(base_url)
        chain(client, "quantdata, warm")
        portal.call(client.close())

    def peer() -> object:
        options: Any = _uvatradier().OptionsData("none", f"peer-{next(_tokens)}", live_trade=True)
        options.BASE_URL = base_url
        listed = [day for day in options.get_expiry_dates(UNDERLYING) if days[0] <= day <= days[-1]]
        counts["uvatradier, day by day"] = 1 + len(listed)
        return pd.concat(options.get_chain_day(UNDERLYING, expiry=day) for day in listed)

    ways: dict[str, Callable[[], object]] = {
        "quantdata, cold": cold,
        "quantdata, warm": warm,
        "uvatradier, day by day": peer,
    }
    return peer, ways, counts


def _uvatradier() -> Any:
    """Return the peer's module, whose greeting on import does not belong among the figures."""
    with redirect_stdout(StringIO()):
        return import_module("uvatradier")


def _client(base_url: str) -> AsyncTradier:
    return AsyncTradier(f"benchmark-{next(_tokens)}", base_url=f"{base_url}/v1")
