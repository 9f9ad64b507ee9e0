"""The engine of the drills: every fault on every call that it hits, the right data or the right error, in time.

A case is one fault, one call, and what may come of it. After each case the fault is lifted and the same client must
answer the same call as if nothing had happened. Each vendor's file brings its calls and its cases.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from polars.testing import assert_frame_equal

from quantdata import portal
from quantdata.clients import Provider
from quantdata.clients.dividends import KEPT_S
from quantdata.clients.vendor import VendorClient
from quantdata.errors import DataProviderError, IncompleteError
from quantdata.frames.columns import CHAIN_QUALITY
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
    "an_hour_old",
    "crossed",
    "nothing",
    "same",
    "same_contracts",
    "timeless",
    "unjudged",
    "unquoted",
    "without_dividends",
]

CLOCK: Final = "at:2026-11-18T11:00"
# Short enough for a drill of hundreds of cases; the product's own are 10 s and longer back-offs.
POLICY: Final = RetryPolicy(deadline_s=2.5, first_delay_s=0.02, longest_delay_s=0.1)
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
            elif not _is_judged(error):
                failure = "the part that arrived is not judged"
        seconds = time.perf_counter() - began
        simulator.faults.clear()
        if failure is None and seconds > POLICY.deadline_s + GRACE_S:
            failure = f"took {seconds:.1f} s, the deadline is {POLICY.deadline_s} s"
        if failure is None:
            failure = self._afterwards(client, name, healthy)
        portal.call(client.close())
        return Outcome(case.name, name, got, seconds, failure)

    def _afterwards(self, client: Provider, name: str, healthy: object) -> str | None:
        """Ask again, now that nothing is wrong, and it is time to ask for dividends that failed again."""
        portal.call(_let_pass(client, KEPT_S))
        try:
            same(portal.call(self.calls[name](client)), healthy)
        except (DataProviderError, AssertionError) as error:
            return f"afterwards: {error}"
        return None


async def _let_pass(client: Provider, seconds: float) -> None:
    """Let a client that keeps dividends be some time older, and what it still waits for come or fail."""
    if isinstance(client, VendorClient):
        await asyncio.gather(*client._dividends._asking.values(), return_exceptions=True)
        client._dividends._clock = lambda: time.monotonic() + seconds


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


def _is_judged(error: DataProviderError) -> bool:
    """Tell whether a part of a chain that comes with an error is held to the rules as a whole one is."""
    part = error.received if isinstance(error, IncompleteError) else None
    if not isinstance(part, pl.DataFrame) or "strike" not in part.columns:
        return True
    return part.select("confidence", "quality").null_count().row(0) == (0, 0)


def same(answer: object, healthy: object) -> None:
    """Nothing of the fault is seen."""
    if isinstance(healthy, pl.DataFrame):
        assert isinstance(answer, pl.DataFrame)
        assert_frame_equal(timeless(answer), timeless(healthy))
    else:
        assert answer == healthy


def timeless(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame without the times at which its rows arrived, and since then."""
    return frame.drop("received_ts", "age_s", strict=False)


def unjudged(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a chain without what the rules say of it, and without the times of its arrival."""
    return timeless(frame).drop(column.name for column in CHAIN_QUALITY)


def same_contracts(answer: object, healthy: object) -> None:
    """The contracts are all there, with whatever values the vendor sent."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    keys = ["underlying_symbol", "contract_symbol", "expiration", "strike", "option_type"]
    assert answer.schema == healthy.schema
    assert_frame_equal(answer.select(keys), healthy.select(keys))


def crossed(answer: object, healthy: object) -> None:
    """Crossed quotes come through as sent, are errors, and nothing is priced by them."""
    same_contracts(answer, healthy)
    assert isinstance(answer, pl.DataFrame)
    is_crossed = (pl.col("bid") > pl.col("ask")).fill_null(value=False)
    damaged, others = answer.filter(is_crossed), answer.filter(~is_crossed)
    assert damaged.height > 0
    assert damaged.get_column("errors").list.contains("crossed_quote").all()
    assert damaged.select(pl.sum("confidence", "quote_confidence")).row(0) == (0, 0)
    assert set(damaged.get_column("quality")) == {"poor"}
    assert damaged.get_column("model_iv").null_count() == damaged.height
    assert not others.get_column("errors").list.contains("crossed_quote").any()


def unquoted(answer: object, healthy: object) -> None:
    """Quotes of nothing are none: no group, no price by the model, and no error, for it is a state."""
    same_contracts(answer, healthy)
    assert isinstance(answer, pl.DataFrame)
    nothing = answer.select("bid", "ask", "mid", "spread", "quote_ts", "quote_source", "model_iv").null_count()
    assert set(nothing.row(0)) == {answer.height}
    assert answer.get_column("errors").list.len().sum() == 0
    assert answer.get_column("greeks_source").cast(pl.String).drop_nulls().ne("model").all()


def an_hour_old(answer: object, healthy: object) -> None:
    """Old quotes say from when they are, and are priced as of then; they came just now, so nothing is stale."""
    same_contracts(answer, healthy)
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    hour = timedelta(hours=1)
    assert_frame_equal(answer.select("quote_ts"), healthy.select(pl.col("quote_ts") - hour))
    assert_frame_equal(answer.select("bid", "ask", "mid"), healthy.select("bid", "ask", "mid"))
    # An hour more of time value decides of a contract or two whether they can be priced.
    priced = [frame.get_column("model_iv") for frame in (answer, healthy)]
    assert abs(priced[0].count() - priced[1].count()) <= answer.height // 200
    moved = (priced[0] - priced[1]).abs().drop_nulls()
    assert moved.is_empty() or float(moved.median()) < 0.01  # type: ignore[arg-type]
    by_model = answer.filter(pl.col("greeks_source") == "model")
    assert_frame_equal(by_model.select("greeks_ts"), by_model.select(greeks_ts="quote_ts"))
    assert not answer.get_column("is_stale").any()


def without_dividends(answer: object, healthy: object) -> None:
    """All that the vendor sent is there; the model does without the dividends and is off by no more than they are."""
    same_contracts(answer, healthy)
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    of_vendor = ["bid", "ask", "last", "volume", "open_interest", "underlying_price", "bid_iv"]
    assert_frame_equal(answer.select(of_vendor), healthy.select(of_vendor))
    assert_frame_equal(answer.select("forward_price"), healthy.select("forward_price"), rel_tol=0.005)
    assert answer.get_column("errors").list.len().sum() == 0


def adjusted(answer: object, healthy: object) -> None:
    """Adjusted contracts, under a root of their own, are there and say so, and the model leaves them alone."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.height == healthy.height
    marked = answer.filter("is_adjusted")
    assert marked.height > 0
    assert marked.get_column("notes").list.contains("adjusted").all()
    assert marked.select("model_iv", "forward_price").null_count().row(0) == (marked.height,) * 2
    assert not answer.filter(~pl.col("is_adjusted")).get_column("notes").list.contains("adjusted").any()


def nothing(answer: object, healthy: object) -> None:
    """No rows, in the schema of a full answer."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.is_empty()
    assert answer.schema == healthy.schema
