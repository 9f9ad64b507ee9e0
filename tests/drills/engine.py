"""The engine of the drills: every fault on every call that it hits, the right data or the right error, in time.

A case is one fault, one call, and what may come of it. After each case the fault is lifted and the same client must
answer the same call as if nothing had happened. Each vendor's file brings its calls and its cases.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from polars.testing import assert_frame_equal

from quantdata import portal
from quantdata.clients import Provider
from quantdata.errors import DataProviderError
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quantdata.sim import Fault, Simulator

__all__ = [
    "CLOCK",
    "POLICY",
    "Case",
    "Drill",
    "Expected",
    "Outcome",
    "adjusted",
    "crossed",
    "nothing",
    "same",
    "same_contracts",
    "timeless",
]

CLOCK: Final = "at:2026-11-18T11:00"
# Short enough for a drill of hundreds of cases; the product's own are 10 s and longer back-offs.
POLICY: Final = RetryPolicy(deadline_s=1.5, first_delay_s=0.02, longest_delay_s=0.1)
GRACE_S: Final = 1.0

Check = Callable[[object, object], None]
Call = Callable[[Provider], Coroutine[Any, Any, Any]]
# What may come of a case: an error of a class, or an answer that passes a check beside the healthy one.
Expected = type[DataProviderError] | Check


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, the calls that it hits, and what must come of it: one of several outcomes where more are right."""

    name: str
    fault: Fault
    expected: Expected | tuple[Expected, ...]
    calls: tuple[str, ...]

    @property
    def allowed(self) -> tuple[Expected, ...]:
        """What may come of it."""
        return self.expected if isinstance(self.expected, tuple) else (self.expected,)

    def faults(self, call: str) -> tuple[Fault, ...]:  # noqa: ARG002  # a vendor's cases may add to it by call
        """Return all that goes wrong with a call."""
        return (self.fault,)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case and one call."""

    case: str
    call: str
    got: str
    seconds: float
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """A vendor's calls and cases.

    Attributes
    ----------
    vendor
        Its name.
    calls
        What is asked, by name.
    cases
        What goes wrong.
    client
        Makes a client for a call, with an account of its own: clients with one key share one rate.
    """

    vendor: str
    calls: Mapping[str, Call]
    cases: Sequence[Case]
    client: Callable[[Simulator, str], Provider]

    def run(self, simulator: Simulator, *, is_short: bool = False) -> Iterator[Outcome]:
        """Run every case on every call that it hits; short, each case on one call only."""
        simulator.faults.clear()
        healthy = {name: self.ask(simulator, name) for name in self.calls}
        for number, case in enumerate(self.cases):
            calls = [case.calls[number % len(case.calls)]] if is_short else case.calls
            for name in calls:
                yield self.attempt(simulator, case, name, healthy[name])

    def ask(self, simulator: Simulator, name: str) -> Any:
        """Make one call with a client of its own."""
        client = self.client(simulator, name)
        try:
            return portal.call(self.calls[name](client))
        finally:
            portal.call(client.close())

    def attempt(self, simulator: Simulator, case: Case, name: str, healthy: object) -> Outcome:
        """Make one call under a fault, and once more when it is lifted; say what came of it."""
        client = self.client(simulator, name)
        simulator.faults.add(*case.faults(name))
        began = time.perf_counter()
        got, failure = "", None
        try:
            answer = portal.call(self.calls[name](client))
            got = f"{answer.height} rows" if isinstance(answer, pl.DataFrame) else "an answer"
            failure = _complaint(case, answer, healthy)
        except DataProviderError as error:
            got = f"{type(error).__name__}: {error}"
            if not any(isinstance(each, type) and isinstance(error, each) for each in case.allowed):
                failure = "unexpected error"
        seconds = time.perf_counter() - began
        simulator.faults.clear()
        if failure is None and seconds > POLICY.deadline_s + GRACE_S:
            failure = f"took {seconds:.1f} s, the deadline is {POLICY.deadline_s} s"
        if failure is None:
            failure = self._afterwards(client, name, healthy)
        portal.call(client.close())
        return Outcome(case.name, name, got, seconds, failure)

    def _afterwards(self, client: Provider, name: str, healthy: object) -> str | None:
        """Ask again, now that nothing is wrong."""
        try:
            same(portal.call(self.calls[name](client)), healthy)
        except (DataProviderError, AssertionError) as error:
            return f"afterwards: {error}"
        return None


def _complaint(case: Case, answer: object, healthy: object) -> str | None:
    """Say what is wrong with an answer; None when a check of the case takes it."""
    complaint = "expected " + " or ".join(each.__name__ for each in case.allowed)
    for check in case.allowed:
        if isinstance(check, type):
            continue
        try:
            check(answer, healthy)
        except AssertionError as error:
            complaint = f"not {check.__name__}: {error}".strip(": ")
        else:
            return None
    return complaint


def same(answer: object, healthy: object) -> None:
    """Nothing of the fault is seen."""
    if isinstance(healthy, pl.DataFrame):
        assert isinstance(answer, pl.DataFrame)
        assert_frame_equal(timeless(answer), timeless(healthy))
    else:
        assert answer == healthy


def timeless(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame without the times at which its rows arrived."""
    return frame.drop("received_ts", strict=False)


def same_contracts(answer: object, healthy: object) -> None:
    """The contracts are all there, with whatever values the vendor sent."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    keys = ["underlying_symbol", "contract_symbol", "expiration", "strike", "option_type"]
    assert answer.schema == healthy.schema
    assert_frame_equal(answer.select(keys), healthy.select(keys))


def crossed(answer: object, healthy: object) -> None:
    """Crossed quotes come through as sent: judging them is not the client's job."""
    same_contracts(answer, healthy)
    assert isinstance(answer, pl.DataFrame)
    assert answer.filter(pl.col("bid") > pl.col("ask")).height > 0


def adjusted(answer: object, healthy: object) -> None:
    """Adjusted contracts, under a root of their own, are there and say so."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.height == healthy.height
    assert answer.get_column("is_adjusted").any()


def nothing(answer: object, healthy: object) -> None:
    """No rows, in the schema of a full answer."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.is_empty()
    assert answer.schema == healthy.schema
