"""The Tradier client's drill: its calls, and every fault that the simulator knows of Tradier.

``lost_rows`` is left out: nothing in an answer says how many rows it should have.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl
from polars.testing import assert_frame_equal

from quantdata.clients import AsyncTradier, BarQuery, ChainQuery
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
    "contract": lambda client: client.contract(parse_option("DIA261218C00440000")),
    "expirations": lambda client: client.expirations("DIA", start=None, end=date(2027, 1, 31)),
    "quotes": lambda client: client.quotes(["SPY", "BRK.B"]),
    "indices": lambda client: client.indices(["SPX", "VIX"]),
    "daily bars": lambda client: client.bars(BarQuery.of("DIA", "1d", "2026-10-01", "2026-11-17")),
    "raw bars": lambda client: client.bars(BarQuery.of("NVDA", "1d", "2024-06-03", "2024-06-14", adjust="raw")),
    "minute bars": lambda client: client.bars(BarQuery.of("DIA", "5m", "2026-11-16", "2026-11-17", adjust="raw")),
    "trades": lambda client: client.trades("DIA", start=MORNING[0], end=MORNING[1]),
    "market_status": lambda client: client.market_status(),
}

ALL: Final = tuple(CALLS)
QUOTED: Final = ("chain", "contract")
SERIES: Final = ("minute bars", "trades")
BARS: Final = ("daily bars", "minute bars")
LISTS: Final = tuple(each for each in ALL if each != "market_status")
# A part that arrived is handed out with the error, where a chain is made of several answers.
BROKEN: Final = (PayloadError, IncompleteError)


def without_greeks(answer: object, healthy: object) -> None:
    """The contracts and quotes are as they were; volatilities and greeks are the model's, null where it has none."""
    lost = {"delta", "gamma", "theta", "vega", "rho", "greeks_ts", "greeks_source", "greeks_feed"}
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.schema == healthy.schema
    is_priced = answer.get_column("model_iv").is_not_null()
    for name in sorted(lost):
        assert answer.filter(~is_priced).get_column(name).null_count() == (~is_priced).sum()
    assert answer.filter(is_priced).select(sorted(lost)).null_count().sum_horizontal().sum() == 0
    assert set(answer.get_column("greeks_source").drop_nulls()) == {"model"}
    # Quoted at this moment or at the last one that traded, as the quote is.
    assert_frame_equal(answer.filter(is_priced).select("greeks_ts"), answer.filter(is_priced).select(greeks_ts="iv_ts"))
    without_volatility(answer.drop(lost), healthy.drop(lost))


def without_volatility(answer: object, healthy: object) -> None:
    """A volatility of 0.0 is none, and the model's is in its place; everything else is as it was."""
    lost = {"implied_volatility", "bid_iv", "ask_iv", "iv_ts", "iv_source"}
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert_frame_equal(answer.select(implied_volatility="model_iv"), answer.select("implied_volatility"))
    assert answer.select("bid_iv", "ask_iv").null_count().row(0) == (answer.height,) * 2
    is_priced = answer.get_column("model_iv").is_not_null()
    assert is_priced.any()
    assert set(answer.filter(is_priced).get_column("iv_source")) == {"model"}
    assert answer.filter(~is_priced).select("iv_source", "iv_ts").null_count().row(0) == ((~is_priced).sum(),) * 2
    assert_frame_equal(unjudged(answer).drop(lost), unjudged(healthy).drop(lost))


def without_prices(answer: object, healthy: object) -> None:
    """Bars whose prices are the word "NaN" have null ones, and their volume."""
    assert isinstance(answer, pl.DataFrame)
    assert isinstance(healthy, pl.DataFrame)
    assert answer.get_column("close").null_count() == answer.height
    assert_frame_equal(answer.select("ts", "volume"), healthy.select("ts", "volume"))


def _cases() -> tuple[Case, ...]:
    fault = partial(Fault, vendor="tradier")

    def case(
        name: str, gone_wrong: Fault, expected: Expected | tuple[Expected, ...], calls: tuple[str, ...] = ALL
    ) -> Case:
        return Case(name, gone_wrong, expected, calls)

    return (
        case("HTTP 500 once", fault("status", status=500, times=1), same),
        case("HTTP 503 always", fault("status", status=503), MaxRetriesError),
        case("HTTP 503, Retry-After: 30", fault("status", status=503, retry_after=30), UnavailableError),
        case("HTTP 400", fault("status", status=400), DataProviderError),
        case("HTTP 401", fault("status", status=401), AuthenticationError),
        case("HTTP 403", fault("status", status=403), (EntitlementError, AuthenticationError)),
        case("HTTP 404, the gateway's, once", fault("status", status=404, times=1), same),
        case("HTTP 404 always", fault("status", status=404), MaxRetriesError),
        case(
            "quota used up, anew at once",
            fault("quota_violation", seconds=0, times=1),
            (same, RateLimitError, IncompleteError),
        ),
        case("quota used up, anew in 3 s", fault("quota_violation", seconds=3), RateLimitError),
        case("datastore error once", fault("datastore_error", times=1), same),
        case("datastore error always", fault("datastore_error"), MaxRetriesError),
        case("expired token under 500", fault("expired_token"), AuthenticationError),
        case("invalid token as text", fault("invalid_token"), AuthenticationError),
        case("errors under 200", fault("errors_200"), DataProviderError),
        case("bad parameter as text", fault("bad_parameter"), DataProviderError),
        case("too big a body, always", fault("too_big_body"), DataProviderError),
        case("too big a body, once", fault("too_big_body", times=1), same, SERIES),
        case("no rate headers", fault("no_rate_headers"), same),
        case("web page under 200, once", fault("html", status=200, times=1), same),
        case("web page under 200", fault("html", status=200), MaxRetriesError),
        case("web page under 502", fault("html", status=502), MaxRetriesError),
        case("XML", fault("xml"), PayloadError),
        case("0.2 s late", fault("latency", seconds=0.2), same),
        case("no answer", fault("timeout", seconds=10), UnavailableError),
        case("bytes too slow", fault("slow_bytes", seconds=10), UnavailableError),
        case("connection lost once", fault("drop", times=1), same),
        case("connection lost always", fault("drop"), MaxRetriesError),
        case("gzip cut short once", fault("truncated_gzip", times=1), same),
        case("gzip cut short always", fault("truncated_gzip"), PayloadError),
        case("not JSON, once", fault("invalid_json", times=1), same),
        case("not JSON", fault("invalid_json"), PayloadError),
        case("empty body", fault("empty"), PayloadError),
        case("something else under 200", fault("foreign_object"), PayloadError),
        *_of_collections(),
    )


def _of_collections() -> tuple[Case, ...]:
    fault = partial(Fault, vendor="tradier")
    listed = ("chain", "expirations", "quotes", "indices")
    return (
        Case("null for a collection", fault("empty_results"), QuoteNotFoundError, listed),
        Case("null for a contract", fault("empty_results"), ContractNotFoundError, ("contract",)),
        Case("null for a series", fault("empty_results", path="/v1/markets/[ht]*"), nothing, (*BARS, "trades")),
        Case("the word null for a collection", fault("null_text"), QuoteNotFoundError, listed),
        Case("the word null for a series", fault("null_text", path="/v1/markets/[ht]*"), nothing, (*BARS, "trades")),
        Case(
            "null for one expiration",
            fault("empty_results", path="/v1/markets/options/chains", times=1, skip=2),
            (IncompleteError, same),
            ("chain",),
        ),
        Case(
            "one expiration fails",
            fault("status", status=500, path="/v1/markets/options/chains", skip=2),
            IncompleteError,
            ("chain",),
        ),
        Case(
            "the quote of the underlying fails",
            fault("status", status=500, path="/v1/markets/quotes"),
            IncompleteError,
            ("chain",),
        ),
        Case("rows of something else", fault("wrong_page"), BROKEN, tuple(c for c in LISTS if c != "expirations")),
        # Ticks are told to the second: those of one second have no order of their own.
        Case("rows in any order", fault("unsorted"), (PayloadError, same), tuple(c for c in LISTS if c != "trades")),
        Case(
            "rows without symbol or time",
            fault("rows_without_key"),
            BROKEN,
            ("chain", "contract", "quotes", "indices", "daily bars", "minute bars", "trades"),
        ),
        Case("greeks missing", fault("missing_blocks", blocks=("greeks",)), without_greeks, QUOTED),
        Case("greeks {}", fault("empty_blocks", blocks=("greeks",)), without_greeks, QUOTED),
        Case("greeks null", fault("null_blocks", blocks=("greeks",)), without_greeks, QUOTED),
        Case("volatilities of zero", fault("zero_iv"), without_volatility, QUOTED),
        Case("crossed quotes", fault("crossed_quotes"), crossed, QUOTED),
        Case("zero quotes", fault("zero_quotes"), unquoted, QUOTED),
        Case("stale times", fault("stale_times", seconds=3600), an_hour_old, QUOTED),
        Case("adjusted contracts", fault("adjusted_contracts", share=0.2), adjusted, ("chain",)),
        Case("no dividends", fault("status", status=500, path="/beta/*"), without_dividends, QUOTED),
        Case("dividends late", fault("timeout", seconds=10, path="/beta/*"), without_dividends, QUOTED),
        Case("NaN as a word", fault("nan_text"), without_prices, ("minute bars",)),
    )


CASES: Final = _cases()

# The vendor counts a token's requests endpoint by endpoint.
_accounts = itertools.count()


def _client(simulator: Simulator, _: str) -> AsyncTradier:
    return AsyncTradier(f"drill-{next(_accounts)}", base_url=simulator.tradier_url, policy=POLICY)


DRILL: Final = Drill("tradier", CALLS, CASES, _client)
