"""The hub's drill: what it says of a market that goes away, comes back, garbles or closes, and who may burden it.

Every case has a simulator and a hub of its own, with the product's own patience: nothing is made quicker for the drill.
An outage must be told within `TRUTH_S` by everything that tells (streams, health, ages, confidence, alerts), be over
within `BACK_S` of the vendor's return, and be on record with both ends and the polls that filled it. Under faults of
the streams the state must end as the server's: as what was sent last, and as what a request is answered.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from unittest.mock import patch

import polars as pl

import quantdata as qd
from quantdata.live import MarketDataHub
from quantdata.sim import Fault, Simulator
from tests.drills.engine import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from quantdata.live import HubSnapshot
    from quantdata.live.alerts import Alert
    from quantdata.sim.faults import FaultKind

__all__ = ["BACK_S", "DRILL", "TRUTH_S", "at_work", "difference", "stream_states", "vendors"]

TRUTH_S: Final = 6.0
BACK_S: Final = 5.0
# Longer than anything here takes that takes as long as it likes.
LONGEST_S: Final = 30.0
LOOK_S: Final = 0.02
# How long an outage lasts before the vendor returns.
OUTAGE_S: Final = 9.0
OPTIONS: Final = "/options"

Tests = dict[str, "Callable[[], bool]"]


class Places(Protocol):
    """Where a simulator is."""

    base_url: str
    socket_url: str
    tradier_url: str


@contextmanager
def vendors(simulator: Places | Simulator) -> Iterator[None]:
    """Let both vendors be where a user's environment has them."""
    places = {
        "MASSIVE_API_KEY": "sim",
        "MASSIVE_BASE_URL": simulator.base_url,
        "MASSIVE_WS_URL": simulator.socket_url,
        "TRADIER_ACCESS_TOKEN": "sim",
        "TRADIER_BASE_URL": simulator.tradier_url,
        "TRADIER_STREAM_URL": f"{simulator.socket_url}/v1/markets/events",
        "QUANTDATA_SOURCE": "hybrid",
    }
    with patch.dict(os.environ, places):
        yield


class Watched:
    """A hub at work, and what it tells of itself."""

    def __init__(self, simulator: Simulator, hub: MarketDataHub) -> None:
        self.simulator = simulator
        self.hub = hub
        self.alerts: list[Alert] = []
        self.tellers: set[str] = set()
        hub.subscribe_alert("drill", self.alerts.append)
        hub.subscribe_tick("drill", lambda tick: self.tellers.add(tick.source))

    def are_live(self) -> bool:
        """Whether every stream of Massive's is."""
        return [state for (vendor, _), state in stream_states(self.hub).items() if vendor == "massive"] == ["live"] * 3

    def are_lost(self) -> bool:
        """Whether no stream counts as well, and each says why."""
        rows = self.hub.streams().select("state", "error").rows()
        return all(state not in {"live", "idle"} and error for state, error in rows)

    def polled(self) -> pl.DataFrame:
        """Return the health of what Massive is asked at each interval."""
        return self.hub.health().filter(pl.col("endpoint").is_in(["chain", "quotes", "indices"]), provider="massive")

    def is_alarmed(self) -> bool:
        """Whether the alert is on that nobody is healthy."""
        told = [alert.is_over for alert in self.alerts if alert.kind == "all_providers_unhealthy"]
        return bool(told) and not told[-1]

    def frames(self) -> list[pl.DataFrame]:
        """Return everything that is published now."""
        snapshot = self.hub.snapshot()
        return [*snapshot.chains.values(), snapshot.equities, snapshot.indices]

    def stale(self) -> list[bool]:
        return [each for frame in self.frames() for each in frame.get_column("is_stale")]

    def confidences(self) -> list[int]:
        return [each.confidence for each in self.hub.snapshot().qualities.values()]

    def is_gap_filled(self) -> bool:
        """Whether the newest gap of each stream has both ends and the polls that filled it."""
        gaps = self.hub.gaps()
        return gaps.get_column("asset").n_unique() == 3 and gaps.null_count().sum_horizontal().item() == 0

    def has_ticks_of_tradier(self) -> bool:
        """Whether Tradier's stream has told anything."""
        return "tradier" in self.tellers

    def counts(self) -> dict[str, float]:
        """Return the figures of the options stream."""
        found = self.hub.metrics().filter(subject="massive options stream").select("metric", "value")
        return dict(found.iter_rows())


@contextmanager
def at_work(*, clock: str = "open", **arguments: Any) -> Iterator[Watched]:
    """Have a hub run on a market of its own; it has everything, and all streams are up where the market is open."""
    with Simulator(clock=clock) as simulator, vendors(simulator):
        made = MarketDataHub("SPY", indices="VIX", **{"client": qd.Client(), "dte": (0, 2), **arguments})
        watched = Watched(simulator, made)
        with made:
            made.wait()
            yield watched


def stream_states(hub: MarketDataHub) -> dict[tuple[str, str], str]:
    """Return the state of each stream by vendor and asset."""
    return {
        (vendor, asset): state for vendor, asset, state in hub.streams().select("provider", "asset", "state").rows()
    }


def times(tests: Mapping[str, Callable[[], bool]], *, limit_s: float) -> dict[str, float]:
    """Return after how many seconds each came true, for the first time; what does not within the limit is left out."""
    began = time.monotonic()
    found: dict[str, float] = {}
    while len(found) < len(tests) and time.monotonic() - began < limit_s:
        for name, holds in tests.items():
            if name not in found and holds():
                found[name] = time.monotonic() - began
        time.sleep(LOOK_S)
    return found


def comes(holds: Callable[[], bool], *, limit_s: float = LONGEST_S) -> bool:
    """Wait for something to come true; tell whether it did."""
    return bool(times({"it": holds}, limit_s=limit_s))


def in_words(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in found.items())


# --- the vendor goes away and comes back ----------------------------------------------------------------------------


OUTAGES: Final[Mapping[str, Callable[[Simulator], None]]] = {
    "refused": lambda simulator: simulator.pause(),
    "black hole": lambda simulator: simulator.black_hole(),
}


def outage(name: str, *, stream: bool = True) -> Iterator[Outcome]:
    """Take both vendors away, all at once, and bring them back."""
    with at_work(stream=stream, refresh_interval=5.0 if stream else 1.0) as watched:
        call = "streams and polls" if stream else "polls alone, every 1 s"
        if stream and not comes(watched.are_live):
            yield Outcome(name, call, "", 0.0, "the streams did not come up")
            return
        time.sleep(2.0)
        began = time.monotonic()
        OUTAGES[name](watched.simulator)
        tests: Tests = {
            "health": lambda: not watched.polled().get_column("is_healthy").any(),
            "stale": lambda: all(watched.stale()),
            "confidence": lambda: max(watched.confidences()) <= 90,
            "alert": watched.is_alarmed,
        }
        if stream:
            tests["streams"] = watched.are_lost
        yield _timed(f"{name}: told", call, tests, limit_s=TRUTH_S)
        time.sleep(max(0.0, OUTAGE_S - (time.monotonic() - began)))
        watched.simulator.resume()
        yield _timed(f"{name}: over", call, _recovery(watched, stream=stream), limit_s=BACK_S)


def _recovery(watched: Watched, *, stream: bool) -> Tests:
    tests: Tests = {
        "health": lambda: bool(watched.polled().get_column("is_healthy").all()),
        "fresh": lambda: not any(watched.stale()),
        "confidence": lambda: min(watched.confidences()) > 90,
        "alert over": lambda: not watched.is_alarmed(),
    }
    return tests | ({"streams": watched.are_live, "gaps filled": watched.is_gap_filled} if stream else {})


def _timed(case: str, call: str, tests: Tests, *, limit_s: float) -> Outcome:
    found = times(tests, limit_s=limit_s + 6.0)
    late = sorted(name for name in tests if found.get(name, LONGEST_S) > limit_s)
    failure = f"not within {limit_s:g} s: {', '.join(late)}" if late else None
    return Outcome(case, call, in_words(found), max(found.values(), default=0.0), failure)


# --- faults of the streams ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StreamFault:
    """What goes wrong with Massive's options stream, and what must be seen of it before all is well again."""

    name: str
    faults: tuple[Fault, ...]
    seen: Callable[[Watched], bool]
    told: Callable[[Watched], str]
    stops: bool = False


def _fault(kind: FaultKind, **more: Any) -> Fault:
    return Fault(kind, **{"path": OPTIONS, "skip": 2, **more})


def _counted(metric: str) -> tuple[Callable[[Watched], bool], Callable[[Watched], str]]:
    return (
        lambda watched: watched.counts().get(metric, 0) > 0,
        lambda watched: f"{metric} {watched.counts()[metric]:.0f}",
    )


def _of_options(watched: Watched) -> dict[str, Any]:
    return watched.hub.streams().filter(provider="massive", asset="options").row(0, named=True)


def _has_reconnected(watched: Watched) -> bool:
    return watched.counts().get("reconnects", 0) > 0


def _why(watched: Watched) -> str:
    return str(_of_options(watched)["error"])


def _is_silent(watched: Watched) -> bool:
    return bool(_of_options(watched)["state"] == "silent")


def _has_stopped(watched: Watched) -> bool:
    return _of_options(watched)["state"] == "stopped" and _of_options(watched)["error"] is not None


def _gone(kind: FaultKind, **more: Any) -> StreamFault:
    return StreamFault(kind.replace("_", " "), (_fault(kind, times=1, **more),), _has_reconnected, _why)


def _cut_off_and(kind: FaultKind) -> StreamFault:
    """Return a fault of the next log-in, and one that makes it necessary."""
    faults = (_fault("socket_drop", times=1), _fault(kind, times=1, skip=0, status=503))
    return StreamFault(f"dropped, then {kind.replace('_', ' ')}", faults, _has_reconnected, _why)


def _denied(kind: FaultKind) -> StreamFault:
    """Return a fault that ends the stream for good: at the log-in that a clean close makes necessary."""
    faults = (_fault("socket_close", times=1), _fault(kind, skip=0))
    return StreamFault(f"{kind.replace('_', ' ')} for good", faults, _has_stopped, _why, stops=True)


def _odd(kind: FaultKind, metric: str) -> StreamFault:
    return StreamFault(kind.replace("_", " "), (_fault(kind, probability=0.3),), *_counted(metric))


STREAM_FAULTS: Final = (
    _gone("socket_drop"),
    _gone("socket_close"),
    _gone("slow_consumer"),
    _gone("half_open"),
    _cut_off_and("refused_handshake"),
    _cut_off_and("auth_timeout"),
    _denied("auth_failed"),
    _denied("max_connections"),
    _odd("unknown_events", "unknown"),
    _odd("mixed_units", "events"),
    _odd("revised_minutes", "events"),
    _odd("repeated_events", "repeated"),
    _odd("unordered_events", "late"),
    _odd("invalid_frame", "unreadable"),
    StreamFault("silence", (_fault("silence", times=1),), _is_silent, lambda _: "silent, and said so"),
    StreamFault(
        "limit refusal",
        (_fault("socket_drop", times=1), _fault("limit_refusal", skip=0, times=1)),
        lambda watched: bool(watched.hub.refused()) or _has_reconnected(watched),
        lambda watched: f"{len(watched.hub.refused())} channels refused",
    ),
)
SHORT_FAULTS: Final = ("dropped, then refused handshake", "max connections for good", "unordered events")


def under(fault: StreamFault) -> Outcome:
    """Let something go wrong with the options stream while polls go on; the state must end as the server's."""
    with at_work() as watched:
        if not comes(watched.are_live):
            return Outcome(fault.name, "options stream", "", 0.0, "the streams did not come up")
        watched.simulator.faults.add(*fault.faults)
        began = time.monotonic()
        if not comes(lambda: fault.seen(watched)):
            return Outcome(fault.name, "options stream", _why(watched), LONGEST_S, "nothing was seen of it")
        seconds, got = time.monotonic() - began, fault.told(watched)
        time.sleep(1.0)
        if not fault.stops:
            watched.simulator.faults.clear()
        return Outcome(fault.name, "options stream", got, seconds, _afterwards(watched, stops=fault.stops))


def stands_in() -> Outcome:
    """Let Massive's options stream be refused for a while: Tradier's tells in its place, and hands back."""
    call = "options stream"
    with at_work() as watched:
        if not comes(watched.are_live):
            return Outcome("refused, then back", call, "", 0.0, "the streams did not come up")
        watched.simulator.faults.add(_fault("socket_close", times=1), _fault("refused_handshake", skip=0, status=503))
        found = times(
            {"Tradier live": lambda: _of_tradier(watched) == "live", "its ticks": watched.has_ticks_of_tradier},
            limit_s=LONGEST_S,
        )
        watched.simulator.faults.clear()
        tests: Tests = {"Massive live": watched.are_live, "Tradier idle": lambda: _of_tradier(watched) == "idle"}
        back = times(tests, limit_s=LONGEST_S)
        failure = None if len(found) == len(back) == 2 else "did not stand in, or not hand back"
        failure = failure or difference(watched)
        return Outcome("refused, then back", call, f"{in_words(found)}; {in_words(back)}", sum(found.values()), failure)


def _of_tradier(watched: Watched) -> str | None:
    return stream_states(watched.hub).get(("tradier", "all"))


def _afterwards(watched: Watched, *, stops: bool) -> str | None:
    """Say what is not as it should be once the fault is over: the stream, and the state beside the server's."""
    if stops:
        polls = watched.hub.metrics().filter(subject="SPY", metric="polls").item(0, "value")
        if not comes(lambda: watched.hub.metrics().filter(subject="SPY", metric="polls").item(0, "value") > polls):
            return "polls have stopped too"
        if not comes(lambda: _of_tradier(watched) == "live"):
            return "Tradier's stream does not stand in"
        return None if comes(watched.has_ticks_of_tradier) else "no tick of Tradier's stream was told"
    if not comes(lambda: _of_options(watched)["state"] in {"live", "silent"}):
        return f"the stream did not come back: {_why(watched)}"
    return difference(watched)


def difference(watched: Watched) -> str | None:
    """Stop the market's clock, and return how the hub's chain differs from what was sent and from what is answered.

    None when it does not: every quote that was streamed is as new as the last that was sent, and every row is what a
    request is answered at that moment.
    """
    simulator = watched.simulator
    simulator.set_clock(f"at:{simulator.clock.now().isoformat()}")
    found = "never compared"

    def is_same() -> bool:
        nonlocal found
        found = _unlike(watched)
        return not found

    return None if comes(is_same) else found


def _unlike(watched: Watched) -> str:
    with qd.Client() as client:
        answered = client.chain("SPY", dte=(0, 2))
    names = ("contract_symbol", "bid", "ask", "bid_size", "ask_size")
    held = watched.hub.chain("SPY")
    both = held.select(*names, "quote_ts").join(answered.select(*names, "quote_ts"), on=names[0], suffix="_answered")
    if not both.height == held.height == answered.height:
        return f"{held.height} rows, and {answered.height} are answered"
    unlike = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_answered")) for name in names[1:])
    if (rows := both.filter(unlike)).height:
        return f"{rows.height} quotes are not those that are answered, the first of {rows.item(0, 'contract_symbol')}"
    sent = watched.simulator.streams.last_sent(OPTIONS)
    quoted_ms = dict(held.select("contract_symbol", pl.col("quote_ts").dt.epoch("ms")).iter_rows())
    behind = [symbol for symbol, quote in sent.items() if quoted_ms.get(symbol.removeprefix("O:"), quote[4]) < quote[4]]
    return f"{len(behind)} quotes are older than what was sent, the first of {behind[0]}" if behind else ""


# --- a closed market, and subscribers that are a burden -------------------------------------------------------------

CLOSED: Final = {"Sunday": "at:2026-11-22T12:00:00-05:00*1", "after hours": "at:2026-11-18T18:00:00-05:00*1"}


def closed(name: str) -> Outcome:
    """Watch a market that is closed: it is asked once a minute, nothing is silent, stale, lost or worth an alert."""
    with at_work(clock=CLOSED[name]) as watched:
        began = time.monotonic()
        states: set[str] = set()
        ages: set[float] = set()
        while time.monotonic() - began < 8.0:
            states.update(stream_states(watched.hub).values())
            ages.update(age for frame in watched.frames() for age in frame.get_column("age_s").drop_nulls())
            time.sleep(0.25)
        metrics = watched.hub.metrics()
        refresh = metrics.filter(subject="SPY", metric="effective_refresh").item(0, "value")
        polls = metrics.filter(subject="SPY", metric="polls").item(0, "value")
        checks = {
            f"polled every {refresh:.0f} s": refresh == 60.0,
            f"{polls:.0f} polls": polls <= 3,
            f"streams {', '.join(sorted(states))}": states <= {"live", "idle", "connecting"},
            f"ages up to {max(ages):.1f} s": max(ages) == 0.0,
            f"confidence {min(watched.confidences())}": not any(watched.stale()),
            f"{len(watched.alerts)} alerts": not watched.alerts,
        }
        failed = [what for what, holds in checks.items() if not holds]
        got = "; ".join(checks)
        return Outcome(name, "closed market", got, time.monotonic() - began, "; ".join(failed) or None)


def burdened() -> Outcome:
    """Have slow, failing and absent readers beside one that keeps up, who must not notice."""
    with at_work() as watched:
        hub, delays = watched.hub, []

        def slow(_: object) -> None:
            time.sleep(0.5)

        def failing(_: object) -> None:
            raise ZeroDivisionError

        def prompt(snapshot: HubSnapshot) -> None:
            delays.append(time.time() - snapshot.at.timestamp())

        for kind in (hub.subscribe_snapshot, hub.subscribe_tick):
            kind("slow", slow)
            kind("failing", failing)
        unread = [hub.snapshots(), hub.ticks()]
        hub.subscribe_snapshot("prompt", prompt)
        began = time.monotonic()
        time.sleep(6.0)
        figures = {(row[0], row[1]): row[2] for row in hub.metrics().select("subject", "metric", "value").rows()}
        seconds, late, later = time.monotonic() - began, *(sorted(delays)[int(p * len(delays))] for p in (0.5, 0.95))
        told = {name: figures[f"snapshot subscriber {name}", "conflated"] for name in ("slow", "prompt", "iterator-1")}
        errors = figures["snapshot subscriber failing", "errors"]
        waiting = max(value for (_, metric), value in figures.items() if metric == "waiting")
        del unread
    got = (
        f"{len(delays)} snapshots, half within {1000 * late:.0f} ms, 95 % within {1000 * later:.0f} ms; "
        f"{errors:.0f} errors counted; missed: "
        + ", ".join(f"{name} {count:.0f}" for name, count in told.items())
        + f"; at most {waiting:.0f} wait"
    )
    checks = {
        "the prompt one is late": late > 0.25,
        "the slow one missed nothing": not told["slow"],
        "who does not read misses nothing": not told["iterator-1"],
        "no error is counted": not errors,
        "a mailbox has no bounds": waiting > 10_000,
    }
    return Outcome("slow, failing, absent", "subscribers", got, seconds, _first(checks))


def _first(checks: Mapping[str, bool]) -> str | None:
    return next((what for what, is_so in checks.items() if is_so), None)


@dataclass(frozen=True, slots=True)
class HubDrill:
    """Outages, faults of streams, closed markets, and burdensome subscribers."""

    vendor: str = "hub"

    def run(self, _: Simulator, *, is_short: bool = False) -> Iterator[Outcome]:
        """Run every case, each on a simulator of its own; short, about one of each kind."""
        yield from outage("refused")
        yield from outage("black hole")
        if not is_short:
            yield from outage("refused", stream=False)
        for fault in STREAM_FAULTS:
            if not is_short or fault.name in SHORT_FAULTS:
                yield under(fault)
        if not is_short:
            yield stands_in()
        for name in CLOSED if not is_short else ("Sunday",):
            yield closed(name)
        yield burdened()


DRILL: Final = HubDrill()
