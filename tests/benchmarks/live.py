"""Streams: how many events a second a client takes in, against the vendor's own on the same server."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import tracemalloc
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from massive.websocket import WebSocketClient
from massive.websocket.models import Market, parse

from quantdata.config import Secret
from quantdata.pricing.fast import Background
from quantdata.wire.book import Book
from quantdata.wire.dialect import Channel
from quantdata.wire.massive.messages import read
from quantdata.wire.massive.scanner import compiled
from quantdata.wire.massive.stream import MassiveDialect
from quantdata.wire.session import StreamSession
from tests.benchmarks.live_hub import flood, idle
from tests.benchmarks.runner import Comparison
from tests.benchmarks.sender import sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.wire.massive.scanner import Scanner
    from tests.benchmarks.sender import Sender

__all__ = ["run"]

CONTRACTS: Final = 5_000
# More than anybody takes: the sender waits for the reader.
FLOOD: Final = 20_000_000.0
EVENTS: Final = 400_000
OFFICIAL: Final = "massive client, dict of last values"


def run(*, rounds: int) -> list[Comparison]:
    """Compare what an event costs and what a contract takes, then look at a whole hub."""
    return [_sustained(rounds), _memory(), *flood(rounds=max(2, rounds // 2)), *idle(rounds=rounds)]


def _sustained(rounds: int) -> Comparison:
    """Compare what an event costs on its way from the socket to the last values."""
    ways = {
        "quantdata, stream session and book": _ours,
        "quantdata, compiled scanner": _ours_compiled,
        OFFICIAL: _official,
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    with sender(FLOOD) as server:
        symbols = server.symbols[:CONTRACTS]
        for _ in range(rounds):
            for name, way in ways.items():
                spent[name].append(asyncio.run(way(server, symbols)))
    return Comparison(
        "Stream of quotes, from the socket to the last values",
        f"{CONTRACTS:,} contracts, 100 events a frame, loopback, server in a process of its own, which sends as fast "
        "as it is read; CPU time, so that whoever else is on the machine does not count",
        "us of CPU an event",
        spent,
        {OFFICIAL: ">= 6x, compiled 15x"},
    )


class _Meter:
    """CPU time an event, from the first to the last of a number of events."""

    def __init__(self, events: int) -> None:
        self.done = asyncio.Event()
        self._wanted = events
        self._first: tuple[int, float] | None = None
        self.cost_us = 0.0

    def read(self, events: int) -> None:
        """Take note of how many events there have been."""
        if self._first is None:
            self._first = (events, time.process_time())
        elif events - self._first[0] >= self._wanted and not self.done.is_set():
            count, began = self._first
            self.cost_us = 1e6 * (time.process_time() - began) / (events - count)
            self.done.set()


async def _ours(server: Sender, symbols: Sequence[str]) -> float:
    meter, book = _Meter(EVENTS), Book("massive")
    session = StreamSession(
        MassiveDialect(Secret("ours"), asset="options", base_url=server.socket_url),
        book=book,
        on_data=lambda: meter.read(book.counts.events) if book.counts.events else None,
        is_market_open=lambda: True,
    )
    await session.want([Channel("quote", symbol) for symbol in symbols])
    running = asyncio.create_task(session.run())
    await meter.done.wait()
    await session.close()
    await running
    return meter.cost_us


async def _ours_compiled(server: Sender, symbols: Sequence[str]) -> float:
    scanner: Background[Scanner] = Background(compiled, is_wanted=lambda: True)
    scanner.wait()
    with patch("quantdata.wire.massive.messages.SCANNER", scanner):
        return await _ours(server, symbols)


async def _official(server: Sender, symbols: Sequence[str]) -> float:
    meter, last, count = _Meter(EVENTS // 4), dict[str, Any](), 0
    address = server.socket_url.removeprefix("ws://")
    channels = [f"Q.{symbol}" for symbol in symbols]
    client = WebSocketClient(
        "official", feed=address, market="options", secure=False, subscriptions=channels, max_reconnects=0
    )

    async def keep(messages: list[Any]) -> None:
        nonlocal count
        for message in messages:
            last[message.symbol] = message
        count += len(messages)
        meter.read(count)

    running = asyncio.create_task(client.connect(keep))
    await meter.done.wait()
    await client.close()  # type: ignore[no-untyped-call]
    # It may not wait for the server to say goodbye, and then raises that it did not.
    await asyncio.gather(running, return_exceptions=True)
    return meter.cost_us


def _memory() -> Comparison:
    """Compare what the last quote of a contract takes, by what Python allocates for it."""
    passes = [_frames(number) for number in range(3)]
    held: dict[str, list[float]] = {}
    for name, keep in {"quantdata, book": _kept_by_us, OFFICIAL: _kept_officially}.items():
        tracemalloc.start()
        state = keep(passes)
        held[name] = [tracemalloc.get_traced_memory()[0] / CONTRACTS]
        tracemalloc.stop()
        del state
    return Comparison(
        "Memory of a contract's last quote",
        f"{CONTRACTS:,} contracts, told three times and looked at once; what Python allocates and still holds, frames "
        "not counted",
        "bytes",
        held,
        {OFFICIAL: ">= 1x"},
    )


def _frames(number: int) -> list[bytes]:
    quotes = [
        {"ev": "Q", "sym": f"O:SPY261218C{place:08d}", "bx": 300 + place % 20, "bp": 1.01 + place / 100, "bs": place}
        | {"ax": 301 + place % 19, "ap": 1.06 + place / 100, "as": 7 + place, "t": 1_795_017_600_000 + number}
        | {"q": 10_000_000_000 + number * CONTRACTS + place}
        for place in range(CONTRACTS)
    ]
    return [json.dumps(quotes[at : at + 100]).encode() for at in range(0, CONTRACTS, 100)]


def _kept_by_us(passes: Sequence[Sequence[bytes]]) -> object:
    book = Book("massive")
    for number, frames in enumerate(passes):
        for frame in frames:
            read(frame, book)
        if number == 1:
            book.take()
    return book


def _kept_officially(passes: Sequence[Sequence[bytes]]) -> object:
    last: dict[str, Any] = {}
    logger = logging.getLogger("benchmark")
    for frames in passes:
        for frame in frames:
            last.update({each.symbol: each for each in parse(json.loads(frame), logger, Market.Options)})  # type: ignore[attr-defined]
    return last
