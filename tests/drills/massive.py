"""The Massive client's drill: its calls, and every fault that the simulator knows of Massive.

Faults of later pages come in small pages, so that they hit every call whose answer can have several.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl
from polars.testing import assert_frame_equal

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
from quantdata.validation import quality
from tests.drills.engine import (
    POLICY,
    Case,
    Drill,
    Expected,
    adjusted,
    an_hour_old,
    crossed,
    nothing,
    same,
    unjudged,
    unquoted,
    without_dividends,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.sim import Simulator
    from tests.drills.engine import Call

__all__ = ["DRILL"]

NEAR: Final = ChainQuery.of("DIA", dte=(0, 45))
MORNING: Final = (datetime(2026, 11, 18, 14, 30, tzinfo=UTC), datetime(2026, 11, 18, 15, 0, tzinfo=UTC))

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


@dataclass(frozen=True, slots=True)
class _Paged(Case):
    """A case whose fault hits answers in small pages, so that there are later ones."""

    def faults(self, call: str) -> tuple[Fault, ...]:
        """Return the fault, behind one that makes the pages small: of a chain that of its contracts, not dividends."""
        fault = replace(self.fault, path="/v3/snapshot/options/*") if call in CHAINS else self.fault
        return Fault("small_pages", rows=SMALL_PAGE.get(call, SMALL_PAGE_USUALLY)), fault


def _case(
    name: str,
    fault: Fault,
    expected: Expected | tuple[Expected, ...],
    calls: tuple[str, ...] = ALL,
    *,
    in_small_pages: bool = False,
) -> Case:
    return (_Paged if in_small_pages else Case)(name, fault, expected, calls)


def without_quotes(answer: object, healthy: object) -> None:
    """The contracts are all there; what the vendor left out, and the model's price of it, is null, and nothing else."""
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
        "model_iv",
    }
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.schema == healthy.schema
    assert all(answer.get_column(name).null_count() == answer.height for name in lost)
    # Without pairs of quotes the forward is the spot's; no row is at fault for what all of them lack.
    changed = {*lost, "liquidity", "tick_size", "forward_price"}
    assert_frame_equal(unjudged(answer).drop(changed), unjudged(healthy).drop(changed))
    assert_frame_equal(answer.select("forward_price"), healthy.select("forward_price"), rel_tol=0.005)
    assert answer.get_column("errors").list.len().sum() == 0
    if answer.height > 1:  # one contract tells nothing of a plan
        assert quality(answer).plan_lacks == ("quotes", "greeks")


def some_without_symbol(answer: object, healthy: object) -> None:
    """Contracts without a ticker have neither symbol nor root, and are errors; all others are as they came."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.height == healthy.height
    nameless = answer.filter(pl.col("contract_symbol").is_null())
    assert nameless.height > 0
    assert nameless.get_column("root_symbol").null_count() == nameless.height
    assert nameless.get_column("errors").list.contains("missing_identity").all()
    assert nameless.get_column("confidence").sum() == 0
    named = answer.filter(pl.col("contract_symbol").is_not_null())
    kept = healthy.filter(pl.col("contract_symbol").is_in(named.get_column("contract_symbol").implode()))
    # They may have lost the strikes next door, and half of the pairs that their forward comes from.
    by_symbol = [each.sort("contract_symbol") for each in (named, kept)]
    assert_frame_equal(*(unjudged(each).drop("forward_price", "model_iv") for each in by_symbol))
    assert_frame_equal(*(each.select("forward_price") for each in by_symbol), rel_tol=0.005)


# Contracts that come twice hide no expiration as long as the days are all there.
REPEATED: Final = (*WRONG_PAGES, same)

CASES: Final = (
    _case("HTTP 500 once", Fault("status", status=500, times=1), same),
    _case("HTTP 503 always", Fault("status", status=503), MaxRetriesError),
    _case("HTTP 503, Retry-After: 30", Fault("status", status=503, retry_after=30), UnavailableError),
    _case("HTTP 429 once", Fault("status", status=429, times=1), same),
    _case("HTTP 429 once, Retry-After: 0.2", Fault("status", status=429, times=1, retry_after=0.2), same),
    _case("HTTP 429 always", Fault("status", status=429), RateLimitError),
    _case("HTTP 429, Retry-After: 3", Fault("status", status=429, retry_after=3), RateLimitError),
    _case("HTTP 400", Fault("status", status=400), DataProviderError),
    _case("HTTP 401", Fault("status", status=401), AuthenticationError),
    _case("HTTP 403", Fault("status", status=403), EntitlementError),
    _case("HTTP 403 as 200", Fault("forbidden_as_200"), EntitlementError),
    _case(
        "HTTP 404", Fault("status", status=404), QuoteNotFoundError, tuple(each for each in ALL if each != "contract")
    ),
    _case("HTTP 404, contract", Fault("status", status=404), ContractNotFoundError, ("contract",)),
    _case("web page under 200, once", Fault("html", status=200, times=1), same),
    _case("web page under 200", Fault("html", status=200), MaxRetriesError),
    _case("web page under 502", Fault("html", status=502), MaxRetriesError),
    _case("0.2 s late", Fault("latency", seconds=0.2), same),
    _case("no answer", Fault("timeout", seconds=10), UnavailableError),
    _case("bytes too slow", Fault("slow_bytes", seconds=10), UnavailableError),
    _case("connection lost once", Fault("drop", times=1), same),
    _case("connection lost always", Fault("drop"), MaxRetriesError),
    _case("gzip cut short once", Fault("truncated_gzip", times=1), same),
    _case("gzip cut short always", Fault("truncated_gzip"), PayloadError),
    _case("not JSON, once", Fault("invalid_json", times=1), same),
    _case("not JSON", Fault("invalid_json"), PayloadError),
    _case("empty body", Fault("empty"), PayloadError),
    _case("no results", Fault("empty_results"), QuoteNotFoundError, ("chain", "expirations", "quotes", "indices")),
    _case("no results, contract", Fault("empty_results"), ContractNotFoundError, ("contract",)),
    _case("no results", Fault("empty_results"), nothing, ("bars", "trades")),
    _case("something else under 200", Fault("foreign_object"), PayloadError),
    _case("small pages", Fault("latency", seconds=0.0), same, PAGED, in_small_pages=True),
    _case("page 2 fails", Fault("page_failure", status=500), IncompleteError, PARTIAL, in_small_pages=True),
    _case("page 2 fails, no parts", Fault("page_failure", status=500), MaxRetriesError, WHOLE, in_small_pages=True),
    _case("page 2 fails once", Fault("page_failure", status=500, times=1), same, PAGED, in_small_pages=True),
    _case("page 2 of another filter", Fault("wrong_page"), WRONG_PAGES, PAGED, in_small_pages=True),
    _case("page 2 of another filter, once", Fault("wrong_page", times=1), same, PAGED, in_small_pages=True),
    _case("page 2 is page 1 again", Fault("repeated_page", times=1), REPEATED, PAGED, in_small_pages=True),
    _case("page 3 is page 1 again", Fault("repeated_page", times=1, skip=1), REPEATED, LONG, in_small_pages=True),
    _case("pages are page 1 again", Fault("repeated_page"), REPEATED, PAGED, in_small_pages=True),
    _case("next_url in a circle", Fault("next_url_loop"), WRONG_PAGES, PAGED, in_small_pages=True),
    _case("next_url in a circle on the last page", Fault("next_url_loop"), WRONG_PAGES, PAGED),
    _case("next_url of another host", Fault("foreign_next_url"), same, PAGED, in_small_pages=True),
    _case("rows in any order", Fault("unsorted"), (PayloadError, same), (*PAGED, "quotes")),
    _case("rows of pages in any order", Fault("unsorted"), (*WRONG_PAGES, same), PAGED, in_small_pages=True),
    _case(
        "rows without ticker or time",
        Fault("rows_without_key"),
        PayloadError,
        ("contract", "quotes", "indices", "bars", "trades"),
    ),
    _case("some rows without time", Fault("rows_without_key", share=0.2), PayloadError, ("bars", "trades")),
    _case(
        "some rows without ticker", Fault("rows_without_key", share=0.2), (PayloadError, some_without_symbol), CHAINS
    ),
    _case("rows without ticker", Fault("rows_without_key"), (PayloadError, same), ("expirations",)),
    _case(
        "some rows without expiration",
        Fault("missing_blocks", blocks=("expiration_date",), share=0.2),
        PayloadError,
        ("expirations",),
    ),
    _case("blocks missing", Fault("missing_blocks"), without_quotes, SNAPSHOTS),
    _case("blocks {}", Fault("empty_blocks"), without_quotes, SNAPSHOTS),
    _case("blocks null", Fault("null_blocks"), without_quotes, SNAPSHOTS),
    _case("crossed quotes", Fault("crossed_quotes"), crossed, QUOTED),
    _case("zero quotes", Fault("zero_quotes"), unquoted, QUOTED),
    _case("stale times", Fault("stale_times", seconds=3600), an_hour_old, QUOTED),
    _case("adjusted contracts", Fault("adjusted_contracts", share=0.2), adjusted, ("chain",)),
    _case("no dividends", Fault("status", status=500, path="/v3/reference/dividends"), without_dividends, SNAPSHOTS),
    _case("dividends late", Fault("timeout", seconds=10, path="/v3/reference/dividends"), without_dividends, SNAPSHOTS),
    _case("rows refused", Fault("row_errors"), QuoteNotFoundError, ("indices",)),
)

# Clients with one key share one rate limit.
_accounts = itertools.count()


def _client(simulator: Simulator, name: str) -> AsyncMassive:
    rate = 59.0 if name == "chain by page" else 6000.0
    return AsyncMassive(
        f"drill-{next(_accounts)}", base_url=simulator.base_url, requests_per_minute=rate, policy=POLICY
    )


DRILL: Final = Drill("massive", CALLS, CASES, _client)
