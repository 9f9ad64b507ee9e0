"""The hybrid's drill: each vendor in every state beside every state of the other.

What the user must get: Massive's answer if there is a good one, else Tradier's with the reason, else an error that
holds both; of two answers that cannot be trusted the better, which says so. Afterwards all is well again, and so must
the hybrid be, once cool-downs, holds and waits are over.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from polars.testing import assert_frame_equal

from quantdata import portal
from quantdata.clients import AsyncMassive, AsyncTradier, ChainQuery
from quantdata.clients.dividends import KEPT_S
from quantdata.clients.dividends import PATIENCE_S as DIVIDENDS_S
from quantdata.clients.health import Health
from quantdata.clients.vendor import VendorClient
from quantdata.clients.watched import Watched
from quantdata.errors import AllProvidersFailedError, DataProviderError, QuoteNotFoundError
from quantdata.hybrid import AsyncHybrid
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve
from quantdata.sim import Fault
from quantdata.validation import quality
from quantdata.wire.metrics import Metrics
from tests.drills.engine import GRACE_S, POLICY, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim import Simulator

__all__ = ["DRILL"]

Call = Callable[[AsyncHybrid], Coroutine[Any, Any, pl.DataFrame]]
# The states of one vendor: what goes wrong there.
State = Callable[[str], tuple[Fault, ...]]

NEAR: Final = ChainQuery.of("SPY", expirations=("2026-12-14", "2026-12-18"), strikes=(640, 740))
CALLS: Final[Mapping[str, Call]] = {
    "chain": lambda hybrid: hybrid.chain(NEAR),
    "quotes": lambda hybrid: hybrid.quotes(["SPY", "QQQ", "BRK.B"]),
}
LATE_S: Final = 10.0
# Longer than any deadline, so that a refusal stands.
WAIT_S: Final = 5.0
# For an answer of Massive's: two deadlines, since a simulator is asked for the time first.
PATIENCE_S: Final = 2 * POLICY.deadline_s
# Both vendors' deadlines, one after the other, and the dividends beside the chain that does come.
LONGEST_S: Final = PATIENCE_S + POLICY.deadline_s + DIVIDENDS_S + GRACE_S

STATES: Final[Mapping[str, State]] = {
    "up": lambda _: (),
    "slow": lambda vendor: (Fault("latency", vendor=vendor, seconds=LATE_S),),
    "wrong": lambda vendor: (Fault("crossed_quotes", vendor=vendor),),
    "empty": lambda vendor: (Fault("empty_results", vendor=vendor),),
    "limited": lambda vendor: (
        Fault("status", vendor=vendor, status=429, retry_after=WAIT_S)
        if vendor == "massive"
        else Fault("quota_violation", vendor=vendor, seconds=WAIT_S),
    ),
    "down": lambda vendor: (Fault("status", vendor=vendor, status=503),),
    "flapping": lambda vendor: (Fault("status", vendor=vendor, status=503, probability=0.5),),
    # Beside these, for Massive alone: other ways to be wrong.
    "unquoted": lambda vendor: (Fault("zero_quotes", vendor=vendor, path="/v3/snapshot/options/*"),),
    "foreign": lambda vendor: (Fault("foreign_object", vendor=vendor),),
    "cut short": lambda vendor: (Fault("truncated_gzip", vendor=vendor),),
    "keyless": lambda vendor: (Fault("rows_without_key", vendor=vendor),),
}
EACH: Final = ("up", "slow", "wrong", "empty", "limited", "down", "flapping")
OTHERWISE_WRONG: Final = ("unquoted", "foreign", "cut short", "keyless")
SHORT: Final = (
    ("up", "down", "chain"),
    ("slow", "up", "chain"),
    ("wrong", "up", "chain"),
    ("empty", "up", "quotes"),
    ("limited", "up", "quotes"),
    ("down", "up", "quotes"),
    ("flapping", "flapping", "chain"),
    ("down", "down", "chain"),
    ("limited", "limited", "quotes"),
    ("wrong", "wrong", "chain"),
    ("unquoted", "up", "chain"),
)

# What may come.
MASSIVE, TRADIER, HYBRID = "massive", "tradier", "hybrid"
POOR_MASSIVE, POOR_TRADIER = "massive, poor", "tradier, poor"
UNQUOTED: Final = "massive, without quotes"
BOTH, NEITHER = AllProvidersFailedError.__name__, QuoteNotFoundError.__name__
GOOD: Final = 90


def expected(call: str, massive: str, tradier: str) -> set[str]:
    """Return what may come of a call, by the states of both vendors."""
    if massive == "flapping":
        return expected(call, "up", tradier) | expected(call, "down", tradier)
    if tradier == "flapping":
        return expected(call, massive, "up") | expected(call, massive, "down")
    if massive in {"up", "wrong", "unquoted"}:
        return {_expected_of_massive(call, massive, is_tradier_up=tradier == "up")}
    if tradier in {"up", "wrong"}:
        return {TRADIER if tradier == "up" else POOR_TRADIER}
    return {NEITHER if massive == tradier == "empty" else BOTH}


def _expected_of_massive(call: str, state: str, *, is_tradier_up: bool) -> str:
    """Return what must come of an answer of Massive's, good or not; quotes are not judged, each row says what it is."""
    if state == "up" or (state == "unquoted" and call == "quotes"):
        return MASSIVE
    if state == "unquoted":
        return HYBRID if is_tradier_up else UNQUOTED
    return TRADIER if is_tradier_up and call == "chain" else POOR_MASSIVE


class Clock:
    """A monotonic clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


_accounts = itertools.count()


class _Pair:
    """Both vendors with accounts of their own, behind one hybrid; all that waits does so by one clock."""

    def __init__(self, simulator: Simulator) -> None:
        account = f"drill-hybrid-{next(_accounts)}"
        rates = RateCurve.of(DEFAULT_RATE)
        metrics = Metrics()
        self.clock = Clock()
        massive = AsyncMassive(account, base_url=simulator.base_url, policy=POLICY, rates=rates)
        tradier = AsyncTradier(account, base_url=simulator.tradier_url, policy=POLICY, rates=rates)
        first, second = (self._watched(each, metrics) for each in (massive, tradier))
        self.hybrid = AsyncHybrid(first, second, metrics=metrics, rates=rates, patience_s=PATIENCE_S, clock=self.clock)

    def _watched(self, vendor: AsyncMassive | AsyncTradier, metrics: Metrics) -> Watched:
        assert isinstance(vendor, VendorClient)
        vendor._dividends._clock = self.clock
        vendor._rest._http.limiter._clock = self.clock  # type: ignore[attr-defined]  # both kinds of limiter have one
        return Watched(vendor, health=Health(vendor.name, clock=self.clock), metrics=metrics)

    def ask(self, call: str) -> pl.DataFrame:
        return portal.call(CALLS[call](self.hybrid))

    def close(self) -> None:
        portal.call(self.hybrid.close())


@dataclass(frozen=True, slots=True)
class HybridDrill:
    """Every state of Massive beside every state of Tradier, for each call."""

    vendor: str = "hybrid"

    def run(self, simulator: Simulator, *, is_short: bool = False) -> Iterator[Outcome]:
        """Run every case; short, about ten of them."""
        simulator.faults.clear()
        pair = _Pair(simulator)
        healthy = {call: pair.ask(call) for call in CALLS}
        pair.close()
        for massive, tradier, call in SHORT if is_short else _cases():
            yield _attempt(simulator, massive, tradier, call, healthy[call])


def _cases() -> Iterator[tuple[str, str, str]]:
    for call in CALLS:
        yield from ((*states, call) for states in itertools.product(EACH, EACH))
        yield from ((*states, call) for states in itertools.product(OTHERWISE_WRONG, ("up", "down")))


def _attempt(simulator: Simulator, massive: str, tradier: str, call: str, healthy: pl.DataFrame) -> Outcome:
    """Ask under the faults of both states, and once more when all is well; say what came of it."""
    pair = _Pair(simulator)
    simulator.faults.add(*STATES[massive]("massive"), *STATES[tradier]("tradier"))
    began = time.perf_counter()
    try:
        kind, got = _said_of(pair.ask(call))
    except DataProviderError as error:
        kind, got = type(error).__name__, _in_words(error)
    seconds = time.perf_counter() - began
    simulator.faults.clear()
    failure = None
    if kind not in (allowed := expected(call, massive, tradier)):
        failure = f"it is {kind}, not {' or '.join(sorted(allowed))}"
    elif seconds > LONGEST_S + (WAIT_S if massive == "limited" and tradier == "empty" else 0.0):
        # Who alone can know has its wish to wait granted.
        failure = f"took {seconds:.1f} s"
    failure = failure or _afterwards(pair, call, healthy)
    pair.close()
    return Outcome(f"Massive {massive}, Tradier {tradier}", call, got, seconds, failure)


def _said_of(frame: pl.DataFrame) -> tuple[str, str]:
    """Return what kind of answer a frame is, by all that it says of itself, and that in words."""
    said = quality(frame)
    reason = said.fallback_reason
    words = f"{said.source}, confidence {said.confidence}" + (f" ({_code_in(reason)})" if reason else "")
    is_marked = (reason is not None) == ("fallback_used" in said.warnings) == (said.source == TRADIER)
    without_reason = frame.get_column("fallback_reason").null_count()
    if not is_marked or without_reason != (0 if reason else frame.height):
        return "an answer that does not say whose it is", words
    if "quotes" in said.plan_lacks:
        return UNQUOTED, f"{words}, without quotes"
    if said.source == HYBRID and said.rules.get("filled") != frame.height:
        return "a mixture that does not say so", words
    if said.confidence >= GOOD:
        return str(said.source), words
    is_poor = said.quality == "poor" and said.rules.get("crossed_quote") == frame.height
    return (f"{said.source}, poor" if is_poor else "an answer of no known kind"), words


def _code_in(reason: str) -> str:
    """Return who failed and how, or what made both answers differ, out of a reason."""
    return reason if ";" in reason.partition(": ")[2][:20] else ":".join(reason.split(":", 2)[:2])


def _in_words(error: DataProviderError) -> str:
    """Return an error's class, and those of what it holds."""
    held = error.errors.items() if isinstance(error, AllProvidersFailedError) else ()
    each = ", ".join(f"{name} {type(found).__name__}" for name, found in held)
    return f"{type(error).__name__}" + (f" ({each})" if each else f": {error}")


def _afterwards(pair: _Pair, call: str, healthy: pl.DataFrame) -> str | None:
    """Ask again, when nothing is wrong any more and everything that waits has waited long enough."""
    pair.clock.ahead_s += KEPT_S
    try:
        again = pair.ask(call)
        assert_frame_equal(*(frame.drop("received_ts", "age_s") for frame in (again, healthy)))
    except (DataProviderError, AssertionError) as error:
        return f"afterwards: {error}"
    return None


DRILL: Final = HybridDrill()
