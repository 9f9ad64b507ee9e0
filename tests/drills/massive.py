"""Every fault of the simulator on every call of the Massive client: the right data or the right error, in time.

A case is one fault, one call, and what may come of it. After each case the fault is lifted and the same client must
answer the same call as if nothing had happened. Faults of later pages come in small pages, so that they hit every call
whose answer can have several.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from polars.testing import assert_frame_equal

from quantdata import portal
from quantdata.clients import AsyncMassive, BarQuery, ChainQuery
from quantdata.errors import (
    AuthenticationError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    MaxRetriesError,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)
from quantdata.sim import Fault
from quantdata.symbols import parse_option
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim import Simulator

__all__ = ["CALLS", "CASES", "CLOCK", "Case", "Outcome", "ask", "attempt", "drill"]

CLOCK: Final = "at:2026-11-18T11:00"
# Short enough for a drill of hundreds of cases; the product's own are 10 s and longer back-offs.
POLICY: Final = RetryPolicy(deadline_s=1.5, first_delay_s=0.02, longest_delay_s=0.1)
GRACE_S: Final = 1.0

NEAR: Final = ChainQuery.of("DIA", dte=(0, 45))
MORNING: Final = (datetime(2026, 11, 18, 14, 30, tzinfo=UTC), datetime(2026, 11, 18, 15, 0, tzinfo=UTC))

Check = Callable[[object, object], None]
Call = Callable[[AsyncMassive], Coroutine[Any, Any, Any]]

CALLS: Final[Mapping[str, Call]] = {
    "chain": lambda client: client.chain(NEAR),
    "chain by page": lambda client: client.chain(NEAR),  # of a plan so slow that nothing is asked in parallel
    "contract": lambda client: client.contract(parse_option("DIA261218C00440000")),
    "expirations": lambda client: client.expirations("DIA", start=None, end=date(2027, 1, 31)),
    "quotes": lambda client: client.quotes(["SPY", "BRK.B"]),
    "indices": lambda client: client.indices(["SPX", "VIX"]),
    "bars": lambda client: client.bars(BarQuery.of("DIA", "5m", "2026-11-16", "2026-11-17")),
    "trades": lambda client: client.trades("DIA", start=MORNING[0], end=MORNING[1]),
    "market_status": lambda client: client.market_status(),
}

# Calls that a fault hits; the others' answers have no pages, rows or blocks of that kind.
PAGED: Final = ("chain", "chain by page", "expirations", "indices", "bars", "trades")
CHAINS: Final = ("chain", "chain by page")
SNAPSHOTS: Final = ("chain", "chain by page", "contract")
QUOTED: Final = ("chain", "chain by page", "contract")
ALL: Final = tuple(CALLS)
LONG: Final = tuple(each for each in PAGED if each != "indices")  # more than two small pages
# Answers of which a part is handed out with the error, and answers that are of use as a whole only.
PARTIAL: Final = ("chain", "chain by page", "bars", "trades")
WHOLE: Final = ("expirations", "indices")
# Pages that do not belong together are refused, as a whole or with the part that does.
WRONG_PAGES: Final = (PayloadError, IncompleteError)
# Rows a page in small pages: a few pages of each answer. Side by side a chain has later pages of single strikes only.
SMALL_PAGE: Final = {"chain": 12, "indices": 1, "expirations": 100}
SMALL_PAGE_USUALLY: Final = 60

# What may come of a case: an error of a class, or an answer that passes a check beside the healthy one.
Expected = type[DataProviderError] | Check


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, the calls that it hits, and what must come of it: one of several outcomes where more are right.

    A fault of later pages hits answers in small pages.
    """

    name: str
    fault: Fault
    expected: Expected | tuple[Expected, ...]
    calls: tuple[str, ...] = ALL
    in_small_pages: bool = False

    @property
    def allowed(self) -> tuple[Expected, ...]:
        """What may come of it."""
        return self.expected if isinstance(self.expected, tuple) else (self.expected,)

    def faults(self, call: str) -> tuple[Fault, ...]:
        """Return all that goes wrong with a call."""
        if not self.in_small_pages:
            return (self.fault,)
        return Fault("small_pages", rows=SMALL_PAGE.get(call, SMALL_PAGE_USUALLY)), self.fault


def same(answer: object, healthy: object) -> None:
    """Nothing of the fault is seen."""
    if isinstance(healthy, pl.DataFrame):
        assert isinstance(answer, pl.DataFrame)
        assert_frame_equal(_timeless(answer), _timeless(healthy))
    else:
        assert answer == healthy


def _timeless(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop("received_ts", strict=False)


def without_quotes(answer: object, healthy: object) -> None:
    """The contracts are all there; what the vendor left out is null, and nothing else is."""
    lost = {"bid", "ask", "bid_size", "ask_size", "bid_exchange", "ask_exchange", "mid", "spread", "spread_percent"}
    lost |= {
        "quote_ts",
        "quote_source",
        "quote_feed",
        "delta",
        "gamma",
        "theta",
        "vega",
        "greeks_source",
        "greeks_feed",
    }
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.schema == healthy.schema
    assert all(answer.get_column(name).null_count() == answer.height for name in lost)
    changed = {*lost, "liquidity", "tick_size", "received_ts"}
    assert_frame_equal(answer.drop(changed), healthy.drop(changed))


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


def some_without_symbol(answer: object, healthy: object) -> None:
    """Contracts that came without a ticker have neither symbol nor root; all others are as they were."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.height == healthy.height
    nameless = answer.filter(pl.col("contract_symbol").is_null())
    assert nameless.height > 0
    assert nameless.get_column("root_symbol").null_count() == nameless.height
    named = answer.filter(pl.col("contract_symbol").is_not_null())
    kept = healthy.filter(pl.col("contract_symbol").is_in(named.get_column("contract_symbol").implode()))
    by_symbol = [each.sort("contract_symbol") for each in (named, kept)]
    assert_frame_equal(_timeless(by_symbol[0]), _timeless(by_symbol[1]))


def nothing(answer: object, healthy: object) -> None:
    """No rows, in the schema of a full answer."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.is_empty()
    assert answer.schema == healthy.schema


# Contracts that come twice hide no expiration as long as the days are all there.
REPEATED: Final = (*WRONG_PAGES, same)

CASES: Final = (
    Case("HTTP 500 once", Fault("status", status=500, times=1), same),
    Case("HTTP 503 always", Fault("status", status=503), MaxRetriesError),
    Case("HTTP 503, Retry-After: 30", Fault("status", status=503, retry_after=30), UnavailableError),
    Case("HTTP 429 once", Fault("status", status=429, times=1), same),
    Case("HTTP 429 once, Retry-After: 0.2", Fault("status", status=429, times=1, retry_after=0.2), same),
    Case("HTTP 429 always", Fault("status", status=429), RateLimitError),
    Case("HTTP 429, Retry-After: 30", Fault("status", status=429, retry_after=30), RateLimitError),
    Case("HTTP 400", Fault("status", status=400), DataProviderError),
    Case("HTTP 401", Fault("status", status=401), AuthenticationError),
    Case("HTTP 403", Fault("status", status=403), EntitlementError),
    Case("HTTP 403 as 200", Fault("forbidden_as_200"), EntitlementError),
    Case(
        "HTTP 404", Fault("status", status=404), QuoteNotFoundError, tuple(each for each in ALL if each != "contract")
    ),
    Case("HTTP 404, contract", Fault("status", status=404), ContractNotFoundError, ("contract",)),
    Case("web page under 200, once", Fault("html", status=200, times=1), same),
    Case("web page under 200", Fault("html", status=200), MaxRetriesError),
    Case("web page under 502", Fault("html", status=502), MaxRetriesError),
    Case("0.2 s late", Fault("latency", seconds=0.2), same),
    Case("no answer", Fault("timeout", seconds=10), UnavailableError),
    Case("bytes too slow", Fault("slow_bytes", seconds=10), UnavailableError),
    Case("connection lost once", Fault("drop", times=1), same),
    Case("connection lost always", Fault("drop"), MaxRetriesError),
    Case("gzip cut short once", Fault("truncated_gzip", times=1), same),
    Case("gzip cut short always", Fault("truncated_gzip"), PayloadError),
    Case("not JSON, once", Fault("invalid_json", times=1), same),
    Case("not JSON", Fault("invalid_json"), PayloadError),
    Case("empty body", Fault("empty"), PayloadError),
    Case("no results", Fault("empty_results"), QuoteNotFoundError, ("chain", "expirations", "quotes", "indices")),
    Case("no results, contract", Fault("empty_results"), ContractNotFoundError, ("contract",)),
    Case("no results", Fault("empty_results"), nothing, ("bars", "trades")),
    Case("something else under 200", Fault("foreign_object"), PayloadError),
    Case("small pages", Fault("latency", seconds=0.0), same, PAGED, in_small_pages=True),
    Case("page 2 fails", Fault("page_failure", status=500), IncompleteError, PARTIAL, in_small_pages=True),
    Case("page 2 fails, no parts", Fault("page_failure", status=500), MaxRetriesError, WHOLE, in_small_pages=True),
    Case("page 2 fails once", Fault("page_failure", status=500, times=1), same, PAGED, in_small_pages=True),
    Case("page 2 of another filter", Fault("wrong_page"), WRONG_PAGES, PAGED, in_small_pages=True),
    Case("page 2 of another filter, once", Fault("wrong_page", times=1), same, PAGED, in_small_pages=True),
    Case("page 2 is page 1 again", Fault("repeated_page", times=1), REPEATED, PAGED, in_small_pages=True),
    Case("page 3 is page 1 again", Fault("repeated_page", times=1, skip=1), REPEATED, LONG, in_small_pages=True),
    Case("pages are page 1 again", Fault("repeated_page"), REPEATED, PAGED, in_small_pages=True),
    Case("next_url in a circle", Fault("next_url_loop"), WRONG_PAGES, PAGED, in_small_pages=True),
    Case("next_url in a circle on the last page", Fault("next_url_loop"), WRONG_PAGES, PAGED),
    Case("next_url of another host", Fault("foreign_next_url"), same, PAGED, in_small_pages=True),
    Case("rows in any order", Fault("unsorted"), (PayloadError, same), (*PAGED, "quotes")),
    Case("rows of pages in any order", Fault("unsorted"), (*WRONG_PAGES, same), PAGED, in_small_pages=True),
    Case(
        "rows without ticker or time",
        Fault("rows_without_key"),
        PayloadError,
        ("contract", "quotes", "indices", "bars", "trades"),
    ),
    Case("some rows without time", Fault("rows_without_key", share=0.2), PayloadError, ("bars", "trades")),
    Case("some rows without ticker", Fault("rows_without_key", share=0.2), (PayloadError, some_without_symbol), CHAINS),
    Case("rows without ticker", Fault("rows_without_key"), (PayloadError, same), ("expirations",)),
    Case(
        "some rows without expiration",
        Fault("missing_blocks", blocks=("expiration_date",), share=0.2),
        PayloadError,
        ("expirations",),
    ),
    Case("blocks missing", Fault("missing_blocks"), without_quotes, SNAPSHOTS),
    Case("blocks {}", Fault("empty_blocks"), without_quotes, SNAPSHOTS),
    Case("blocks null", Fault("null_blocks"), without_quotes, SNAPSHOTS),
    Case("crossed quotes", Fault("crossed_quotes"), crossed, QUOTED),
    Case("zero quotes", Fault("zero_quotes"), same_contracts, QUOTED),
    Case("stale times", Fault("stale_times", seconds=3600), same_contracts, QUOTED),
    Case("adjusted contracts", Fault("adjusted_contracts", share=0.2), adjusted, ("chain",)),
    Case("rows refused", Fault("row_errors"), QuoteNotFoundError, ("indices",)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case and one call."""

    case: str
    call: str
    got: str
    seconds: float
    failure: str | None = None


def drill(simulator: Simulator, *, is_short: bool = False) -> Iterator[Outcome]:
    """Run every case on every call that it hits; short, each case on one call only."""
    simulator.faults.clear()
    healthy = {name: ask(simulator, name) for name in CALLS}
    for number, case in enumerate(CASES):
        calls = [case.calls[number % len(case.calls)]] if is_short else case.calls
        for name in calls:
            yield attempt(simulator, case, name, healthy[name])


def ask(simulator: Simulator, name: str) -> Any:
    """Make one call with a client of its own."""
    client = _client(simulator, name)
    try:
        return _ask(client, CALLS[name])
    finally:
        portal.call(client.close())


def attempt(simulator: Simulator, case: Case, name: str, healthy: object) -> Outcome:
    """Make one call under a fault, and once more when it is lifted; say what came of it."""
    client = _client(simulator, name)
    simulator.faults.add(*case.faults(name))
    began = time.perf_counter()
    got, failure = "", None
    try:
        answer = _ask(client, CALLS[name])
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
        failure = _afterwards(client, name, healthy)
    portal.call(client.close())
    return Outcome(case.name, name, got, seconds, failure)


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


def _afterwards(client: AsyncMassive, name: str, healthy: object) -> str | None:
    """Ask again, now that nothing is wrong."""
    try:
        same(_ask(client, CALLS[name]), healthy)
    except (DataProviderError, AssertionError) as error:
        return f"afterwards: {error}"
    return None


# Clients with one key share one rate limit.
_accounts = itertools.count()


def _client(simulator: Simulator, name: str) -> AsyncMassive:
    rate = 59.0 if name == "chain by page" else 6000.0
    return AsyncMassive(
        f"drill-{next(_accounts)}", base_url=simulator.base_url, requests_per_minute=rate, policy=POLICY
    )


def _ask(client: AsyncMassive, call: Call) -> Any:
    return portal.call(call(client))
