"""A whole hub under a flood of quotes, and in an idle market: from the sender's clock to whoever is told."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

import numpy as np
import polars as pl
from websockets.asyncio.client import connect

import quantdata as qd
from quantdata.live import MarketDataHub
from quantdata.live.conflation import Conflation
from tests.benchmarks.runner import Comparison
from tests.benchmarks.sender import KEY, sender

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from quantdata.live import HubSnapshot, Tick
    from quantdata.live.streaming import Heard
    from tests.benchmarks.sender import Sender

__all__ = ["flood", "idle"]

CONTRACTS: Final = 5_000
RATE: Final = 100_000.0
WINDOW_S: Final = 0.1
ROUND_S: Final = 4.0
# One event about every fourth window.
IDLE_RATE: Final = 2.5
IDLE_S: Final = 12.0
PATIENCE_S: Final = 30.0


@dataclass(slots=True)
class Timed:
    """What was sent and what was published, as both came: times are seconds since 1970 here, milliseconds there."""

    sent: list[tuple[str, int, float]] = field(default_factory=list)
    published: list[tuple[float, pl.Series | None]] = field(default_factory=list)

    def note(self, frame: bytes, at: float) -> None:
        """Take note of the first quote in a frame; all of a frame were sent at once."""
        if frame.startswith(b'[{"ev":"Q"'):
            begin, moment = frame.index(b'"sym":"O:') + 9, frame.index(b'"t":') + 4
            symbol = frame[begin : frame.index(b'"', begin)].decode()
            self.sent.append((symbol, int(frame[moment : moment + 13]), at))

    def p99_ms(self, ahead_s: float, places: dict[str, int]) -> float:
        """Return the 99th percentile of the time from sending a quote to the first publication that tells it, or more.

        Parameters
        ----------
        ahead_s
            By how much the sender's clock is ahead.
        places
            Where the symbols are in what was published; empty if publications tell nothing.
        """
        at = np.array([at for at, _ in self.published])
        told = [None if ts is None else ts.dt.epoch("ms").to_numpy() for _, ts in self.published]
        waits = []
        for symbol, sent_ms, came in self.sent:
            place, number = places.get(symbol), int(np.searchsorted(at, came))
            while number < len(at) and place is not None and _is_before(told[number], place, sent_ms):
                number += 1
            if number < len(at):
                waits.append(at[number] - (sent_ms / 1e3 - ahead_s))
        return 1e3 * float(np.percentile(waits, 99))


def _is_before(told: NDArray[np.float64] | None, place: int, sent_ms: int) -> bool:
    return told is not None and not told[place] >= sent_ms


def flood(*, rounds: int) -> list[Comparison]:
    """Measure the hub at 100,000 events a second, each round beside a window that has nothing to publish."""
    beyond, share = [], []
    with sender(RATE) as server:
        for _ in range(max(rounds, 2)):
            own = asyncio.run(_window_alone(server, server.symbols[:CONTRACTS]))
            ours, busy = _hub_round(server)
            beyond.append(ours - own)
            share.append(100.0 * busy)
    conditions = (
        f"{RATE:,.0f} events a second of {CONTRACTS:,} contracts (quotes, and one in 18 a print, one a minute), "
        f"window {1e3 * WINDOW_S:.0f} ms, sender in a process of its own; no last value lost in any of {len(share)} "
        "rounds"
    )
    return [
        Comparison(
            "Hub in a flood: from the sender to the published frame, beyond the window's own",
            conditions,
            "ms, p99",
            {"quantdata, hub": beyond},
            {"quantdata, hub": "<= 40"},
        ),
        Comparison(
            "Hub in a flood: CPU time of the whole process",
            conditions,
            "% of a core",
            {"quantdata, hub": share},
            {"quantdata, hub": "<= 50"},
        ),
    ]


async def _window_alone(server: Sender, symbols: list[str]) -> float:
    """Return what the window costs by itself, on this machine at this moment: frames are received and that is all."""
    timed, conflation = Timed(), Conflation(WINDOW_S)

    async def publish() -> None:
        while True:
            await conflation.ready()
            timed.published.append((time.time(), None))

    async with connect(f"{server.socket_url}/options", compression=None, max_size=None) as socket:
        await socket.send('{"action":"auth","params":"window"}')
        channels = ",".join(f"Q.{symbol}" for symbol in symbols)
        await socket.send(f'{{"action":"subscribe","params":"{channels}"}}')
        publishing = asyncio.create_task(publish())
        while not timed.sent:
            timed.note(bytes(await socket.recv(decode=False)), time.time())
        with suppress(TimeoutError):
            async with asyncio.timeout(ROUND_S):
                while True:
                    timed.note(bytes(await socket.recv(decode=False)), time.time())
                    conflation.mark()
        publishing.cancel()
    return timed.p99_ms(server.ahead_s, {})


@contextmanager
def _hub(server: Sender, *, days: tuple[int, int], contracts: int) -> Iterator[MarketDataHub]:
    """Run a hub that watches SPY by its options' stream, as many contracts as are wanted."""
    places = {
        "MASSIVE_API_KEY": KEY,
        "MASSIVE_BASE_URL": server.rest_url,
        "MASSIVE_WS_URL": server.socket_url,
        "QUANTDATA_SOURCE": "massive",
    }
    with (
        patch.dict(os.environ, places),
        patch("quantdata.live.engine.MOST_QUOTES", contracts),
        MarketDataHub("SPY", client=qd.Client(), dte=days, refresh_interval=600.0, debounce=WINDOW_S) as hub,
    ):
        hub.wait()
        deadline = time.monotonic() + PATIENCE_S
        while not _is_streaming(hub, contracts) and time.monotonic() < deadline:
            time.sleep(0.05)
        # The sender makes its frames anew with each subscription.
        time.sleep(3.0)
        yield hub


def _is_streaming(hub: MarketDataHub, contracts: int) -> bool:
    """Tell whether quotes of as many contracts are subscribed as there is room for, pairs of them."""
    options = hub.streams().filter(asset="options", state="live")
    return options.height == 1 and options.item(0, "held") >= contracts


def _hub_round(server: Sender) -> tuple[float, float]:
    """Return the 99th percentile (ms) and the share of a core of a round."""
    timed = Timed()
    with _hub(server, days=(0, 400), contracts=CONTRACTS) as hub:
        symbols = hub.chain("SPY").get_column("contract_symbol").to_list()
        assert hub._engine is not None
        streams = hub._engine.streams
        assert streams is not None

        def hear(heard: Heard) -> None:
            timed.note(heard.frame, heard.at / 1e9)

        def told(snapshot: HubSnapshot) -> None:
            timed.published.append((time.time(), snapshot.chains["SPY"].get_column("quote_ts")))

        stop = hub.subscribe_snapshot("benchmark", told)
        streams.record(hear)
        spent, began = time.process_time(), time.perf_counter()
        time.sleep(ROUND_S)
        busy = (time.process_time() - spent) / (time.perf_counter() - began)
        streams.record(None)
        stop()
        _check_nothing_lost(server, hub)
    return timed.p99_ms(server.ahead_s, {symbol: place for place, symbol in enumerate(symbols)}), busy


def _check_nothing_lost(server: Sender, hub: MarketDataHub) -> None:
    """Hold the chain to what was sent last, once nothing is sent any more."""
    server.fall_silent()
    assert hub._engine is not None
    assert hub._engine.streams is not None
    # Others were streamed to a hub before this, or until prices moved on.
    wanted = hub._engine.streams.wanted.contracts
    named = ((symbol.removeprefix("O:"), quote[:5]) for symbol, quote in server.last_sent(KEY).items())
    sent = {symbol: quote for symbol, quote in named if symbol in wanted}
    assert len(sent) >= CONTRACTS - 10
    deadline = time.monotonic() + PATIENCE_S
    while (lost := _lost(sent, hub)) and time.monotonic() < deadline:
        time.sleep(0.1)
    server.speak()
    assert not lost, f"of {lost} of {len(sent)} contracts the hub does not know the last quote"


def _lost(sent: Mapping[str, tuple[float, ...]], hub: MarketDataHub) -> int:
    """Count the contracts whose quote in the hub is neither the one that was sent last, nor a newer one of a poll."""
    names = ("bid", "ask", "bid_size", "ask_size")
    rows = hub.chain("SPY").select(
        "contract_symbol",
        # The vendor's 0 of the offer is no offer.
        *(pl.col(name).fill_null(0.0) for name in names),
        pl.col("quote_ts").dt.epoch("ms").fill_null(0),
    )
    known = {symbol: tuple(quote) for symbol, *quote in rows.iter_rows()}
    return sum(known[symbol] != quote and known[symbol][-1] <= quote[-1] for symbol, quote in sent.items())


def _since_ms(tick: Tick, server: Sender) -> float:
    return 1e3 * (time.time() + server.ahead_s) - tick.ts_ms


def idle(*, rounds: int) -> list[Comparison]:
    """Measure how soon a callback is told of an event that comes after a pause."""
    waits: list[float] = []
    with sender(IDLE_RATE) as server, _hub(server, days=(0, 7), contracts=100) as hub:
        stop = hub.subscribe_tick("benchmark", lambda tick: waits.append(_since_ms(tick, server)))
        time.sleep(rounds * IDLE_S / 5)
        stop()
    return [
        Comparison(
            "Hub in an idle market: from the sender to a tick's callback",
            f"{IDLE_RATE:g} events a second, {len(waits)} events",
            "ms",
            {"quantdata, hub": waits},
            {"quantdata, hub": "< 10"},
        ),
    ]
