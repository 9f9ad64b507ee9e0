"""A hub in the hands of a test, and a stage on which nothing happens unless the test says so."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata.errors import ArgumentError, FeedError
from quantdata.frames.columns import EQUITY_QUOTES, HEALTH, INDEX_QUOTES, STREAMS, schema
from quantdata.live import HubSnapshot
from quantdata.live.watchlist import Watchlist
from quantdata.widgets.stage import Stage
from tests.unit.widgets.boards import NOW, board, contract
from tests.unit.widgets.comms import HandFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

__all__ = [
    "AT",
    "SPY",
    "HandHub",
    "Hands",
    "Page",
    "Tape",
    "at_once",
    "equity",
    "health",
    "index",
    "picture",
    "stage",
    "stream",
]

AT: Final = datetime(2026, 11, 18, 16, 0, 5, tzinfo=UTC)
SPY: Final = board(
    [
        contract(strike, kind, implied_volatility=0.2, quote_ts=NOW)
        for strike in (590, 600, 610)
        for kind in ("call", "put")
    ]
)
FINE: Final[dict[str, Any]] = {
    "snapshot_ts": NOW,
    "received_ts": NOW,
    "source": "massive",
    "feed": "realtime",
    "confidence": 100,
    "quality": "excellent",
    "is_stale": False,
    "errors": [],
    "warnings": [],
    "notes": [],
}


def index(symbol: str, value: float | None = 6600.0, change: float | None = -12.5, **values: Any) -> dict[str, Any]:
    percent = None if change is None or value is None else 100 * change / (value - change)
    return (
        {"symbol": symbol, "value": value, "change": change, "change_percent": percent, "value_ts": NOW} | FINE | values
    )


def equity(symbol: str, price: float = 230.0, **values: Any) -> dict[str, Any]:
    return {"symbol": symbol, "price": price, "change": 1.0, "change_percent": 0.4, "quote_ts": NOW} | FINE | values


def health(*rows: dict[str, Any]) -> pl.DataFrame:
    fine = {"is_healthy": True, "consecutive_failures": 0, "successes": 0, "failures": 0}
    return pl.DataFrame([fine | row for row in rows], schema=schema(HEALTH), orient="row")


def stream(asset: str, state: str, **values: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("reconnects", "wanted", "held", "refused"), 0)
    return {"provider": "massive", "asset": asset, "state": state} | counts | values


def picture(
    chains: Mapping[str, pl.DataFrame] | None = None,
    *,
    indices: Iterable[dict[str, Any]] = (),
    equities: Iterable[dict[str, Any]] = (),
) -> HubSnapshot:
    return HubSnapshot(
        number=0,
        at=AT,
        chains=chains or {},
        quotes={
            "indices": pl.DataFrame(list(indices), schema=schema(INDEX_QUOTES), orient="row"),
            "equities": pl.DataFrame(list(equities), schema=schema(EQUITY_QUOTES), orient="row"),
        },
    )


class Tape:
    """A recording that writes nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_open = True
        self.records = 1_234
        self.bytes = 56_000
        self.lost = 0
        self.error: str | None = None

    def close(self) -> None:
        self.is_open = False


class HandHub(HandFeed):
    """A hub that does what a test says, at once."""

    def __init__(self, *chains: str, indices: tuple[str, ...] = (), equities: tuple[str, ...] = ()) -> None:
        super().__init__(SPY)
        self.name = "mine"
        self.is_running = True
        self.watchlist = Watchlist(chains, equities, indices)
        self.newest: HubSnapshot | None = None
        self.subscribers: dict[str, Callable[[Any], object]] = {}
        self.health_rows: list[dict[str, Any]] = []
        self.stream_rows: list[dict[str, Any]] = []
        self.tape: Tape | None = None

    def start(self) -> None:
        self.is_running = True

    def stop(self) -> None:
        if not self.is_running:
            raise FeedError("<it> does not run")
        self.is_running = False

    def watch(self, symbols: Iterable[str] = (), *, indices: Iterable[str] = (), equities: Iterable[str] = ()) -> None:
        self.watchlist = self.watchlist.with_more(Watchlist.of(symbols, indices=indices, equities=equities))

    def unwatch(
        self, symbols: Iterable[str] = (), *, indices: Iterable[str] = (), equities: Iterable[str] = ()
    ) -> None:
        self.watchlist = self.watchlist.without(Watchlist.of(symbols, indices=indices, equities=equities))

    def record(self, path: str | Path) -> Tape:
        if Path(path).name == "full":
            raise ArgumentError(f"{path} holds a recording already")
        self.tape = Tape(Path(path))
        return self.tape

    def snapshot(self) -> HubSnapshot:
        if self.newest is None:
            raise FeedError("nothing yet")
        return self.newest

    def health(self) -> pl.DataFrame:
        return health(*self.health_rows)

    def streams(self) -> pl.DataFrame:
        if not self.is_running:
            raise FeedError("start() it")
        return pl.DataFrame(self.stream_rows, schema=schema(STREAMS), orient="row")

    def subscribe_snapshot(self, name: str, callback: Callable[[Any], object], /) -> Callable[[], None]:
        self.subscribers[name] = callback
        return lambda: self.subscribers.pop(name, None) and None

    def publish(self, newest: HubSnapshot) -> None:
        self.newest = newest
        for callback in self.subscribers.values():
            callback(newest)


def at_once(coroutine: Coroutine[Any, Any, None]) -> Future[None]:
    """Do an errand before going on; the beat of a stage is not begun."""
    future: Future[None] = Future()
    if getattr(coroutine, "__qualname__", "").endswith("_run"):
        coroutine.close()
    else:
        asyncio.run(coroutine)
    future.set_result(None)
    return future


class Page:
    """A page that looks, and says that it has drawn everything at once."""

    def __init__(self, stage: Stage, client: str = "a") -> None:
        self.stage = stage
        self.client = client
        self.marks = 0
        stage.pulse.pages.hear({"kind": "hello", "client": client})

    def draw(self) -> None:
        # More than there have been: all of them.
        self.stage.pulse.pages.hear({"kind": "ack", "client": self.client, "sequence": 1_000_000})


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def stage(hub: HandHub, clock: Hands | None = None) -> Stage:
    """Return a stage that beats when it is told to, on the caller's thread."""
    return Stage(hub, clock=clock or Hands(), spawn=at_once)
