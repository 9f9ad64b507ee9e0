"""From a source to its streams: whose, how many connections, how fresh, and where."""

from __future__ import annotations

import asyncio
import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.client.connect import Connection
from quantdata.client.streams import massive_streams
from quantdata.config import Config, Secret

if TYPE_CHECKING:
    from quantdata.client.streams import StreamSource
    from quantdata.config import Source

CONFIG = Config(
    massive_api_key=Secret("k3y"),
    massive_ws_url="ws://127.0.0.1:1",
    tradier_access_token=Secret("t0ken"),
    tradier_base_url="http://127.0.0.1:2/v1",
    tradier_stream_url="ws://127.0.0.1:2/v1/markets/events",
)


def _sources(source: Source, config: Config = CONFIG) -> list[StreamSource]:
    async def asked() -> list[StreamSource]:
        connection = Connection(source=source, config=config, seed=7, clock="open")
        found = await connection.streams()
        for each in found:
            await each.close()
        return found

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("source", "vendors"),
    [("massive", ["massive"]), ("tradier", ["tradier"]), ("hybrid", ["massive", "tradier"])],
)
def test_each_source_has_the_streams_of_its_vendors_the_first_asked_first(source: Source, vendors: list[str]) -> None:
    assert [each.vendor for each in _sources(source)] == vendors


def test_massive_has_a_connection_for_each_asset_class_and_tradier_one_for_all() -> None:
    massive, tradier = _sources("hybrid")
    assert massive.assets == ("options", "stocks", "indices")
    assert [massive.dialect(asset).url for asset in massive.assets] == [
        f"ws://127.0.0.1:1/{asset}" for asset in massive.assets
    ]
    assert tradier.assets == ("all",)
    assert tradier.dialect("all").url == "ws://127.0.0.1:2/v1/markets/events"


def test_without_a_key_there_is_no_stream() -> None:
    assert _sources("hybrid", dataclasses.replace(CONFIG, massive_api_key=None, tradier_access_token=None)) == []


@pytest.mark.parametrize(
    ("url", "feed"), [("wss://socket.massive.com", "realtime"), ("wss://delayed.massive.com", "delayed")]
)
def test_a_delayed_host_says_so_in_its_name(url: str, feed: str) -> None:
    assert massive_streams(Secret("k3y"), url=url).feed == feed


def test_accounts_are_told_apart_by_key_and_host_and_never_shown() -> None:
    here, there = (massive_streams(Secret("k3y"), url=f"ws://127.0.0.1:{port}").account for port in (1, 2))
    assert here.reveal() != there.reveal()
    assert "k3y" not in repr(massive_streams(Secret("k3y"), url="ws://127.0.0.1:1"))


def test_the_simulated_market_streams_as_both_vendors(monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(**_: Any) -> SimpleNamespace:
        return SimpleNamespace(base_url="http://127.0.0.1:3", tradier_url="http://127.0.0.1:3/v1")

    monkeypatch.setattr("quantdata.client.connect.sim.shared", shared)
    massive, tradier = _sources("sim")
    assert massive.dialect("options").url == "ws://127.0.0.1:3/options"
    assert tradier.dialect("all").url == "ws://127.0.0.1:3/v1/markets/events"
