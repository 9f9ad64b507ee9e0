"""The hub's soak: a busy quarter of an hour of a market that runs faster than real, in which nothing stays as it is.

Twenty faults of requests, streams and the network at random moments (by a seed), watchlists that change, subscribers
that are slow, fail or never read, two hubs of one account. When all that is over, the state must be the server's,
nothing may be left of the hubs (no task, no thread, no socket), and memory must be where it was once they were warm.

The simulator runs in a process of its own, so that what is measured is the hub's.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import polars as pl

import quantdata as qd
from quantdata import portal
from quantdata.live import MarketDataHub
from quantdata.sim import Fault, Simulator
from tests.drills.engine import Outcome
from tests.drills.hub import comes, stream_states, vendors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from quantdata.live import HubSnapshot

__all__ = ["DRILL"]

SEED: Final = 20_261_118
FAULTS: Final = 20
SPEED: Final = 5.0
SIMULATED_MINUTES: Final = 15.0
SHORT_SIMULATED_MINUTES: Final = 2.0
# The market's clock begins here and never reaches the close.
OPENED: Final = "2026-11-18T11:00:00-05:00"
BASE: Final = ["SPY", "QQQ"]
OTHERS: Final = ("IWM", "NVDA", "SPX", "AAPL")
# What the allocators of polars and Python may keep; a leak of a frame a publication would be hundreds.
MOST_GROWTH_MB: Final = 80.0
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
SOON_S: Final = 30.0


# --- the market, in a process of its own ----------------------------------------------------------------------------


def _serve(pipe: Connection, clock: str) -> None:
    """Run a simulator and do what is asked for, until None is."""
    with Simulator(clock=clock) as simulator:
        acts: dict[str, Callable[..., Any]] = {
            "pause": simulator.pause,
            "black_hole": simulator.black_hole,
            "resume": simulator.resume,
            "add": simulator.faults.add,
            "clear": simulator.faults.clear,
            "stop_clock": lambda: simulator.set_clock(f"at:{simulator.clock.now().isoformat()}"),
            "last_sent": simulator.streams.last_sent,
        }
        pipe.send((simulator.base_url, simulator.socket_url, simulator.tradier_url))
        while (asked := pipe.recv()) is not None:
            name, arguments = asked
            pipe.send(acts[name](*arguments))


class Market:
    """A simulator that runs elsewhere."""

    def __init__(self, clock: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, clock), daemon=True)
        self._process.start()
        theirs.close()
        self.base_url, self.socket_url, self.tradier_url = self._pipe.recv()

    def ask(self, name: str, *arguments: Any) -> Any:
        """Have something done there, and return what comes of it."""
        self._pipe.send((name, arguments))
        return self._pipe.recv()

    def close(self) -> None:
        self._pipe.send(None)
        self._process.join(SOON_S)
        self._process.close()
        self._pipe.close()


# --- what happens ---------------------------------------------------------------------------------------------------

_ON_STREAMS: Final = (
    "socket_drop",
    "socket_close",
    "slow_consumer",
    "half_open",
    "silence",
    "unknown_events",
    "mixed_units",
    "repeated_events",
    "unordered_events",
    "invalid_frame",
    "limit_refusal",
)
_ON_REQUESTS: Final = ("status", "latency", "invalid_json", "truncated_gzip", "drop", "empty_results", "crossed_quotes")
_ON_THE_NETWORK: Final = ("pause", "black_hole")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that is done to the market or to a hub, and when: a share of the whole time."""

    at: float
    what: str
    act: Callable[[Soak], None]


def script(random: Random) -> list[Happening]:
    """Return what happens, in order: faults, and edits of the watchlist between them."""
    found = [_fault(random, number) for number in range(FAULTS)]
    found += [_edit(random, (number + 0.5) / 8) for number in range(8)]
    return sorted(found, key=lambda each: each.at)


def _fault(random: Random, number: int) -> Happening:
    """Return one fault; one in five is the whole network's, and each kind comes where there are enough."""
    at = (number + random.random()) / FAULTS
    if number % 5 == 4:
        name = _ON_THE_NETWORK[number // 5 % 2]
        seconds = 1.0 + 2.0 * random.random()
        return Happening(at, name, lambda soak: soak.cut_off(name, seconds))
    if number % 5 == 3:
        kind = random.choice(_ON_REQUESTS)
        more = Fault(kind, vendor="*", path="/v*", times=random.randint(1, 5), status=503)  # type: ignore[arg-type]  # one of them
    else:
        kind, path = random.choice(_ON_STREAMS), random.choice(("/options", "/options", "/stocks", "/indices"))
        more = Fault(kind, path=path, times=random.randint(1, 3), skip=random.randint(0, 5))  # type: ignore[arg-type]
    return Happening(at, kind, lambda soak: soak.market.ask("add", more))


def _edit(random: Random, at: float) -> Happening:
    others = random.sample(OTHERS, k=random.randint(0, 2))
    index = random.choice(("VIX", "NDX"))
    return Happening(at, f"watch {', '.join([*BASE, *others])}", lambda soak: soak.watch(others, index))


@dataclass
class Soak:
    """Two hubs of one account in a market, and what was seen of them."""

    market: Market
    hubs: Sequence[MarketDataHub]
    numbers: list[int] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def cut_off(self, name: str, seconds: float) -> None:
        """Take the network away for a while."""
        self.market.ask(name)
        time.sleep(seconds)
        self.market.ask("resume")

    def watch(self, others: Sequence[str], index: str) -> None:
        for hub in self.hubs:
            hub.set_watchlist([*BASE, *others], indices=index)

    def burden(self) -> list[object]:
        """Subscribe as nobody should; return who must be kept for it."""

        def slow(_: object) -> None:
            time.sleep(0.3)

        def failing(_: object) -> None:
            raise ZeroDivisionError

        kept: list[object] = []
        for hub in self.hubs:
            for subscribe in (hub.subscribe_snapshot, hub.subscribe_tick):
                subscribe("slow", slow)
                subscribe("failing", failing)
            kept += [hub.snapshots(), hub.ticks()]
        self.hubs[0].subscribe_snapshot("prompt", self._note)
        return kept

    def _note(self, snapshot: HubSnapshot) -> None:
        self.numbers.append(snapshot.number)

    def run(self, seconds: float) -> float:
        """Let everything happen; return how much memory has grown since a quarter of the time had passed: MB."""
        began, warm_mb = time.monotonic(), 0.0
        for each in [*script(Random(SEED)), Happening(1.0, "", lambda _: None)]:  # noqa: S311  # repeatable by intent
            time.sleep(max(0.0, began + each.at * seconds - time.monotonic()))
            if not warm_mb and each.at > 0.25:
                warm_mb = memory_mb()
            each.act(self)
            self.done.append(each.what)
        return memory_mb() - warm_mb

    def settle(self) -> None:
        """End all faults, and watch what was watched at first."""
        self.market.ask("resume")
        self.market.ask("clear")
        for hub in self.hubs:
            hub.set_watchlist(BASE, indices="VIX")


def memory_mb() -> float:
    """Return what this process holds of the machine's memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 1e6


def are_up(hub: MarketDataHub) -> bool:
    """Tell whether every stream of Massive's is up."""
    states = stream_states(hub)
    return [states.get(("massive", asset)) for asset in ("options", "stocks", "indices")] == ["live"] * 3


def unlike(hub: MarketDataHub, market: Market) -> str:
    """Return how a hub's chains differ from what is answered, and from what was sent; nothing when they do not."""
    with qd.Client() as client:
        for name in BASE:
            if said := _unlike(hub.chain(name), client.chain(name, dte=(0, 2)), name):
                return said
    sent = market.ask("last_sent", "/options")
    # After a poor answer Tradier's is stayed with for a minute: its quotes have its own times.
    quotes = pl.concat([hub.chain(name).filter(quote_source="massive") for name in BASE])
    held_ms = dict(quotes.select("contract_symbol", pl.col("quote_ts").dt.epoch("ms")).iter_rows())
    behind = [each for each, quote in sent.items() if held_ms.get(each.removeprefix("O:"), quote[4]) < quote[4]]
    return f"{len(behind)} quotes are older than what was sent, the first of {behind[0]}" if behind else ""


def _unlike(held: pl.DataFrame, answered: pl.DataFrame, name: str) -> str:
    columns = ("contract_symbol", "bid", "ask", "bid_size", "ask_size")
    both = held.select(columns).join(answered.select(columns), on=columns[0], suffix="_answered")
    if not both.height == held.height == answered.height:
        return f"{held.height} rows of {name}, and {answered.height} are answered"
    is_other = pl.any_horizontal(pl.col(each).ne_missing(pl.col(f"{each}_answered")) for each in columns[1:])
    return (
        f"{rows.height} quotes of {name} are not those that are answered"
        if (rows := both.filter(is_other)).height
        else ""
    )


# --- what is left ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """What a process has open: its threads and sockets, and the tasks of the portal."""

    threads: frozenset[str]
    sockets: int
    tasks: frozenset[str]

    @classmethod
    def now(cls) -> Left:
        async def tasks() -> frozenset[str]:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            return frozenset(str(task.get_coro()) for task in others)

        found = portal.call(tasks())
        # Workers of the portal's pool stay for the next call, whoever's it is.
        threads = frozenset(each.name for each in threading.enumerate() if "asyncio" not in each.name)
        return cls(threads, _sockets(), found)

    def beyond(self, before: Left) -> str:
        """Return in words what there is that was not there before; nothing where there is nothing."""
        found = [*(self.threads - before.threads), *(self.tasks - before.tasks)]
        more = self.sockets - before.sockets
        return ", ".join([*found, f"{more} sockets"] if more > 0 else found)


def _sockets() -> int:
    count = 0
    for entry in os.listdir("/proc/self/fd"):  # noqa: PTH208  # links of descriptors, some gone by now
        with suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{entry}").startswith("socket:")  # noqa: PTH115
    return count


# --- the drill ------------------------------------------------------------------------------------------------------


@contextmanager
def hubs_at_work(market: Market) -> Iterator[Soak]:
    """Have two hubs of one account run: the first has the streams, the second polls."""
    clients = [qd.Client(), qd.Client()]
    hubs = [
        MarketDataHub(BASE, indices="VIX", client=client, dte=(0, 2), name=name, refresh_interval=2.0)
        for client, name in zip(clients, ("first", "second"), strict=True)
    ]
    with clients[0], clients[1], hubs[0]:
        hubs[0].wait(60.0)
        comes(lambda: are_up(hubs[0]))
        with hubs[1]:
            hubs[1].wait(60.0)
            yield Soak(market, hubs)


@dataclass(frozen=True, slots=True)
class SoakDrill:
    """A long time in which everything goes wrong."""

    vendor: str = "soak"

    def run(self, _: Simulator, *, is_short: bool = False) -> Iterator[Outcome]:
        """Run it, and tell what was left in the end; short, with the same faults in less time."""
        minutes = SHORT_SIMULATED_MINUTES if is_short else SIMULATED_MINUTES
        seconds = 60.0 * minutes / SPEED
        market = Market(f"at:{OPENED}*{SPEED}")
        try:
            with vendors(market):
                yield from _soaked(market, seconds, f"{minutes:g} simulated minutes")
        finally:
            market.close()


def _soaked(market: Market, seconds: float, call: str) -> Iterator[Outcome]:
    before, began = Left.now(), time.monotonic()
    with hubs_at_work(market) as soak:
        kept = soak.burden()
        grown_mb = soak.run(seconds)
        what = f"{FAULTS} faults, {len(soak.done) - FAULTS - 1} watchlists"
        yield _outcome(what, call, f"{len(soak.numbers)} snapshots", began, _disorder(soak.numbers))
        yield _outcome(
            "memory",
            call,
            f"{grown_mb:+.0f} MB since a quarter",
            began,
            "it grows" if grown_mb > MOST_GROWTH_MB else None,
        )
        began = time.monotonic()
        soak.settle()
        is_up = comes(lambda: are_up(soak.hubs[0]))
        streams = soak.hubs[0].streams().select("provider", "asset", "state", "wanted", "held", "error")
        got = ", ".join(f"{asset} {state}" for asset, state in streams.select("asset", "state").rows())
        yield _outcome("streams", "afterwards", got, began, None if is_up else f"not up: {streams.rows()}")
        market.ask("stop_clock")
        for hub in soak.hubs:
            began = time.monotonic()
            comes(lambda hub=hub: not unlike(hub, market))  # type: ignore[misc]
            yield _outcome(f"state of {hub!r}", "afterwards", "the server's", began, unlike(hub, market) or None)
        del kept
    began = time.monotonic()
    comes(lambda: not Left.now().beyond(before))
    left = Left.now().beyond(before)
    yield _outcome("what is left", "afterwards", left or "nothing", began, left or None)


def _disorder(numbers: Sequence[int]) -> str | None:
    return None if list(numbers) == sorted(set(numbers)) and numbers else "snapshots come twice, or out of order"


def _outcome(case: str, call: str, got: str, began: float, failure: str | None) -> Outcome:
    return Outcome(case, call, got, time.monotonic() - began, failure)


DRILL: Final = SoakDrill()
