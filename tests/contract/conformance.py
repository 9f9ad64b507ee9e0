"""The kit that holds any provider to what `quantdata.clients.protocols` promises: one base class per question.

A third provider inherits the classes of the questions that it answers and supplies two fixtures: ``provider``, an
instance that `quantdata.portal.call` can drive, and ``facts``, what the market behind it holds. No more than that::

    import pytest

    pytest.register_assert_rewrite("tests.contract.conformance")

    from tests.contract.conformance import BarQuestions, ChainQuestions, Days, Facts


    @pytest.fixture
    def provider(simulator):
        made = AsyncThird("a token of this test's own", base_url=simulator.third_url)
        yield made
        portal.call(made.close())


    @pytest.fixture
    def facts():
        return Facts(
            name="third",
            today=date(2026, 11, 18),
            underlying="BRK.B",
            daily=Days("SPY", date(2026, 11, 9), date(2026, 11, 17)),
            lacks=frozenset({"minutes of an index", "corporate actions"}),
        )


    class TestChain(ChainQuestions): ...


    class TestBars(BarQuestions): ...

What ``facts`` leaves out is skipped, with the reason in the test report: of recorded payloads little can be asked. What
it says the vendor ``lacks`` is not skipped: it must be refused with an `EntitlementError`, and never come as an empty
frame. The market must stand still: equal questions have equal answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.bar_query import BarQuery
from quantdata.clients.capabilities import BLOCKS
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.protocols import BrokerDataProvider, IndicesDataProvider, OptionsDataProvider, Provider
from quantdata.errors import (
    ArgumentError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    QuoteNotFoundError,
    SymbolError,
)
from quantdata.frames.chain import SORT
from quantdata.frames.columns import BARS, CHAIN, ENTITLEMENTS, EQUITY_QUOTES, INDEX_QUOTES, TICK, TRADES, schema
from quantdata.portal import call
from quantdata.sessions import NEW_YORK, is_session, previous_session, session, session_day, sessions
from quantdata.symbols import parse_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.frames.columns import Column

__all__ = [
    "BarQuestions",
    "ChainQuestions",
    "ContractQuestions",
    "Days",
    "EntitlementQuestions",
    "EquityQuoteQuestions",
    "ExpirationsQuestions",
    "Facts",
    "IndexQuestions",
    "Lack",
    "Series",
    "ShareClass",
    "SplitDay",
    "StatusQuestions",
    "TapeSpan",
    "TradeQuestions",
]

T = TypeVar("T")

Lack = Literal[
    "minutes of an index",
    "minutes of years ago",
    "corporate actions",
    "bars of expired contracts",
    "trades",
]

IDENTITY: Final = (
    "underlying_symbol",
    "contract_symbol",
    "root_symbol",
    "expiration",
    "expiration_type",
    "dte",
    "time_to_expiry",
    "strike",
    "option_type",
    "exercise_style",
    "settlement",
    "multiplier",
    "is_adjusted",
)
# Of two answers to one question these differ: each says when it came.
STAMPS: Final = ("snapshot_ts", "received_ts")
INTRADAY: Final = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60}
REGULAR_MINUTES: Final = 390
HALF_DAY_MINUTES: Final = 210


class Days(NamedTuple):
    """A symbol that has bars on every session from ``first`` to ``last``; both are sessions, some days apart."""

    symbol: str
    first: date
    last: date


class Series(NamedTuple):
    """An expiration on which an underlying has several roots: of AM and PM settlement, or a plain and an adjusted."""

    underlying: str
    expiration: date
    plain: str
    other: str


class ShareClass(NamedTuple):
    """A share class: its canonical spelling, another one that is understood, and the root of its options."""

    symbol: str
    otherwise: str
    root: str


class SplitDay(NamedTuple):
    """A split: new shares for one old, and what later splits make of one of those."""

    symbol: str
    day: date
    ratio: float
    later: float = 1.0


class TapeSpan(NamedTuple):
    """A few minutes of past trading in which a symbol has printed."""

    symbol: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the market behind a provider holds; what is left out is not asked about.

    Attributes
    ----------
    name
        The provider's name.
    today
        New York day of its clock.
    lacks
        What the vendor does not have at all: it must refuse.
    unknown
        A well-formed ticker of nothing.
    underlying
        A stock or fund with options, not too many.
    am_and_pm
        An index with an AM-settled (``plain``) and a PM-settled series on one day.
    adjusted
        An underlying with an adjusted root (``other``) beside its own on one day.
    share_class
        A share class with options and a quote.
    contract, unlisted, expired
        OCC symbols: of a live contract that has traded of late, of none, of one that has expired.
    expirations_of
        An underlying with several expirations.
    equities, indices
        At least two each, that have quotes; not in alphabetical order.
    daily, minutes, weeks
        Symbols with bars by the day, by the minute, and of several weeks.
    half_day, clock_change
        A session that ended at 13:00, and two sessions around a change of the clocks, of `daily`'s symbol.
    splits
        Splits of stocks with daily bars around them.
    dividend
        A stock or fund with one dividend between two days of bars, at least; none since the second.
    index
        An index with daily bars on all days of `daily`.
    tape
        Where there are prints.
    market
        Whether the market is open.
    refused
        Blocks that the plan lacks.
    """

    name: str
    today: date
    lacks: frozenset[Lack] = frozenset()
    unknown: str = "ZZZZ"
    underlying: str | None = None
    am_and_pm: Series | None = None
    adjusted: Series | None = None
    share_class: ShareClass | None = None
    contract: str | None = None
    unlisted: str | None = None
    expired: str | None = None
    expirations_of: str | None = None
    equities: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()
    daily: Days | None = None
    minutes: Days | None = None
    weeks: Days | None = None
    half_day: date | None = None
    clock_change: tuple[date, date] | None = None
    splits: tuple[SplitDay, ...] = ()
    dividend: Days | None = None
    index: str | None = None
    tape: TapeSpan | None = None
    market: Literal["open", "extended", "closed"] | None = None
    refused: frozenset[str] | None = None


def known(fact: T | None, what: str) -> T:
    """Return a fact; skip the test where there is none."""
    if not fact:
        pytest.skip(f"the facts name no {what}")
    return fact


def require_schema(frame: pl.DataFrame, columns: tuple[Column, ...]) -> None:
    """Hold a frame to its canonical columns: names, dtypes and order."""
    assert list(frame.schema.items()) == list(schema(columns).items())


def require_filled(frame: pl.DataFrame, columns: Sequence[str]) -> None:
    """Hold columns to have no nulls."""
    nulls = frame.select(columns).null_count().row(0, named=True)
    assert {name: count for name, count in nulls.items() if count} == {}


def require_missing_is_null(frame: pl.DataFrame) -> None:
    """Hold a frame to have no NaN, no infinity, no empty text and no null inside a list."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List]
    bad = {
        **{name: frame.filter(~pl.col(name).is_finite()).height for name in floats},
        **{name: frame.filter(pl.col(name).str.strip_chars() != pl.col(name)).height for name in texts},
        **{f"{name}: blank": frame.filter(pl.col(name) == "").height for name in texts},
        **{name: frame.filter(pl.col(name).list.eval(pl.element().is_null()).list.any()).height for name in lists},
    }
    assert {name: count for name, count in bad.items() if count} == {}


def require_provenance(frame: pl.DataFrame, facts: Facts) -> None:
    """Hold a frame to say of every row who gave it, when, and how fresh it is."""
    require_filled(frame, ("source", "snapshot_ts", "received_ts", "feed"))
    assert frame.get_column("source").cast(pl.String).unique().to_list() == [facts.name]
    assert frame.get_column("fallback_reason").null_count() == frame.height
    (answered,) = frame.get_column("snapshot_ts").unique()
    assert session_day(answered) == facts.today


def unstamped(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame without the times of its answer."""
    return frame.drop(STAMPS, strict=False)


def named(frame: pl.DataFrame) -> list[str]:
    """Return the contracts of a chain, in order."""
    return frame.get_column("contract_symbol").to_list()


def symbols_of(frame: pl.DataFrame) -> list[str]:
    """Return the symbols of a frame, in order."""
    return frame.get_column("symbol").to_list()


class ChainQuestions:
    """`OptionsDataProvider.chain`."""

    @pytest.fixture
    def whole(self, provider: OptionsDataProvider, facts: Facts) -> pl.DataFrame:
        """Return the chain of `Facts.underlying`."""
        return call(provider.chain(ChainQuery.of(known(facts.underlying, "underlying"))))

    def test_provider_is_one_of_options(self, provider: OptionsDataProvider) -> None:
        assert isinstance(provider, OptionsDataProvider)

    def test_chain_has_exactly_the_canonical_columns(self, whole: pl.DataFrame) -> None:
        require_schema(whole, CHAIN)
        assert whole.height > 0

    def test_every_contract_is_one_row(self, whole: pl.DataFrame) -> None:
        assert whole.get_column("contract_symbol").n_unique() == whole.height

    def test_nothing_that_identifies_a_row_is_null(self, whole: pl.DataFrame) -> None:
        require_filled(whole, IDENTITY)

    def test_rows_are_sorted_by_expiration_root_strike_and_type(self, whole: pl.DataFrame) -> None:
        assert_frame_equal(whole, whole.sort(SORT))

    def test_rows_are_what_their_symbols_spell(self, whole: pl.DataFrame, facts: Facts) -> None:
        for row in whole.iter_rows(named=True):
            spelled = parse_option(row["contract_symbol"])
            of_row = (row["root_symbol"], row["expiration"], row["option_type"], row["strike"])
            assert of_row == (spelled.root, spelled.expiration, spelled.option_type, spelled.strike)
            assert row["underlying_symbol"] == facts.underlying

    def test_missing_is_null_and_never_nan_or_blank(self, whole: pl.DataFrame) -> None:
        require_missing_is_null(whole)

    def test_every_row_says_who_when_and_how_fresh(self, whole: pl.DataFrame, facts: Facts) -> None:
        require_provenance(whole, facts)

    def test_days_to_expiry_are_counted_from_the_hosts_clock(self, whole: pl.DataFrame, facts: Facts) -> None:
        counted = (whole.get_column("expiration") - facts.today).dt.total_days()
        assert whole.get_column("dte").to_list() == counted.to_list()
        assert whole.get_column("dte").min() >= 0  # type: ignore[operator]
        assert whole.filter(pl.col("time_to_expiry") < 0).height == 0

    def test_groups_have_a_source_where_they_have_values(self, whole: pl.DataFrame) -> None:
        groups = {
            "quote_source": ("bid", "ask", "quote_feed"),
            "trade_source": ("last", "last_ts"),
            "open_interest_source": ("open_interest",),
            "iv_source": ("bid_iv", "ask_iv", "implied_volatility"),
            "greeks_source": ("delta", "gamma", "vega"),
            "underlying_source": ("underlying_price",),
        }
        for source, values in groups.items():
            has_value = pl.any_horizontal(pl.col(value).is_not_null() for value in values)
            assert whole.filter(has_value != pl.col(source).is_not_null()).height == 0, source

    def test_mid_and_spread_are_those_of_two_sided_quotes(self, whole: pl.DataFrame) -> None:
        two_sided = (pl.col("bid") > 0) & (pl.col("ask") > 0)
        quoted, others = whole.filter(two_sided), whole.filter(~two_sided.fill_null(value=False))
        assert others.select("mid", "spread", "spread_percent").null_count().row(0) == (others.height,) * 3
        expected = quoted.with_columns(
            mid=(pl.col("bid") + pl.col("ask")) / 2,
            spread=pl.col("ask") - pl.col("bid"),
            spread_percent=200 * (pl.col("ask") - pl.col("bid")) / (pl.col("ask") + pl.col("bid")),
        )
        assert_frame_equal(quoted, expected, abs_tol=1e-4)

    def test_no_quote_is_crossed_or_newer_than_its_answer(self, whole: pl.DataFrame) -> None:
        assert whole.filter((pl.col("bid") > pl.col("ask")) & (pl.col("ask") > 0)).height == 0
        for ts in ("quote_ts", "last_ts", "underlying_ts", "greeks_ts"):
            assert whole.filter(pl.col(ts) > pl.col("snapshot_ts")).height == 0, ts

    def test_moneyness_is_strike_by_price_of_the_underlying(self, whole: pl.DataFrame) -> None:
        assert whole.get_column("underlying_price").n_unique() == 1
        assert_frame_equal(whole, whole.with_columns(moneyness=pl.col("strike") / pl.col("underlying_price")))

    def test_volatilities_and_greeks_are_in_their_units(self, whole: pl.DataFrame) -> None:
        # Fractions, not percent; delta has the sign of the type; a vega is one of a point, so of less than the price.
        for volatility in ("implied_volatility", "bid_iv", "ask_iv"):
            assert whole.filter(~pl.col(volatility).is_between(0, 20, closed="right")).height == 0, volatility
        signs = {"call": (-1e-6, 1.0), "put": (-1.0, 1e-6)}
        for option_type, ends in signs.items():
            side = whole.filter(pl.col("option_type") == option_type)
            assert side.filter(~pl.col("delta").is_between(*ends)).height == 0, option_type
        assert whole.filter(pl.col("vega") > pl.col("underlying_price")).height == 0

    def test_a_range_of_expirations_includes_both_ends(
        self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame
    ) -> None:
        days = whole.get_column("expiration").unique().sort()
        second = days[min(1, days.len() - 1)]
        for ends in ((days[0], days[0]), (days[0], second), (second, None), (None, second)):
            query = ChainQuery.of(known(facts.underlying, "underlying"), expirations=ends)
            expected = whole.filter(pl.col("expiration").is_between(ends[0] or days[0], ends[1] or days[-1]))
            assert_frame_equal(unstamped(call(provider.chain(query))), unstamped(expected))

    def test_a_single_expiration_is_its_own_range(
        self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame
    ) -> None:
        day = whole.get_column("expiration")[0]
        one = call(provider.chain(ChainQuery.of(known(facts.underlying, "underlying"), expirations=day)))
        assert named(one) == named(whole.filter(expiration=day))

    def test_a_range_of_strikes_includes_both_ends(
        self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame
    ) -> None:
        strikes = whole.get_column("strike").unique().sort()
        low, high = strikes[1], strikes[-2]
        for ends in ((low, high), (low, low), (high, None), (None, low)):
            query = ChainQuery.of(known(facts.underlying, "underlying"), strikes=ends)
            expected = whole.filter(pl.col("strike").is_between(ends[0] or 0.0, ends[1] or high + 1e6))
            assert_frame_equal(unstamped(call(provider.chain(query))), unstamped(expected))

    def test_a_range_of_days_to_expiry_includes_both_ends(
        self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame
    ) -> None:
        nearest = whole.get_column("dte").unique().sort()[:2]
        ends = (nearest[0], nearest[-1])
        found = call(provider.chain(ChainQuery.of(known(facts.underlying, "underlying"), dte=ends)))
        assert found.get_column("dte").unique().sort().to_list() == nearest.to_list()
        assert named(found) == named(whole.filter(pl.col("dte") <= nearest[-1]))

    @pytest.mark.parametrize("option_type", ["call", "put"])
    def test_one_type_is_all_of_that_type(
        self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame, option_type: str
    ) -> None:
        query = ChainQuery.of(known(facts.underlying, "underlying"), option_type=option_type)
        assert named(call(provider.chain(query))) == named(whole.filter(pl.col("option_type") == option_type))

    def test_filters_hold_together(self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame) -> None:
        last = whole.row(-1, named=True)
        query = ChainQuery.of(
            known(facts.underlying, "underlying"),
            expirations=last["expiration"],
            strikes=(last["strike"], None),
            option_type=last["option_type"],
        )
        found = call(provider.chain(query))
        assert last["contract_symbol"] in named(found)
        assert found.filter(
            (pl.col("expiration") != last["expiration"])
            | (pl.col("strike") < last["strike"])
            | (pl.col("option_type") != last["option_type"])
        ).is_empty()

    def test_filters_that_nothing_passes_give_the_same_columns_without_rows(
        self, provider: OptionsDataProvider, facts: Facts
    ) -> None:
        nothing = call(provider.chain(ChainQuery.of(known(facts.underlying, "underlying"), strikes=(0.001, 0.002))))
        require_schema(nothing, CHAIN)
        assert nothing.is_empty()

    def test_an_unknown_underlying_is_no_empty_chain(self, provider: OptionsDataProvider, facts: Facts) -> None:
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.chain(ChainQuery.of(facts.unknown)))
        assert caught.value.provider == facts.name
        assert facts.unknown in str(caught.value)

    def test_an_unknown_underlying_is_no_empty_chain_with_filters_either(
        self, provider: OptionsDataProvider, facts: Facts
    ) -> None:
        with pytest.raises(QuoteNotFoundError):
            call(provider.chain(ChainQuery.of(facts.unknown, dte=(0, 7), option_type="call")))

    def test_expirations_that_are_over_are_refused(self, provider: OptionsDataProvider, facts: Facts) -> None:
        yesterday = facts.today - timedelta(days=1)
        query = ChainQuery.of(known(facts.underlying, "underlying"), expirations=(None, yesterday))
        with pytest.raises(ArgumentError, match=f"expirations end on {yesterday}, before today"):
            call(provider.chain(query))

    def test_am_and_pm_series_of_one_day_stay_apart(self, provider: OptionsDataProvider, facts: Facts) -> None:
        twins = known(facts.am_and_pm, "index with AM and PM series")
        chain = call(provider.chain(ChainQuery.of(twins.underlying, expirations=twins.expiration)))
        facts_of_roots = chain.select("root_symbol", "settlement", "underlying_symbol").unique().sort("root_symbol")
        assert facts_of_roots.rows() == [
            (twins.plain, "AM", twins.underlying),
            (twins.other, "PM", twins.underlying),
        ]
        shared = chain.group_by("strike", "option_type").agg(
            pl.col("root_symbol").n_unique().alias("roots"), pl.col("time_to_expiry").n_unique().alias("times")
        )
        assert shared.filter(pl.col("roots") > 1).height > 0
        assert shared.filter((pl.col("roots") > 1) & (pl.col("times") < 2)).height == 0
        assert chain.get_column("contract_symbol").n_unique() == chain.height

    def test_adjusted_contracts_are_marked_and_stay_apart(self, provider: OptionsDataProvider, facts: Facts) -> None:
        pair = known(facts.adjusted, "underlying with an adjusted root")
        chain = call(provider.chain(ChainQuery.of(pair.underlying, expirations=pair.expiration)))
        marked = chain.select("root_symbol", "is_adjusted", "underlying_symbol").unique().sort("root_symbol")
        assert marked.rows() == [(pair.plain, False, pair.underlying), (pair.other, True, pair.underlying)]

    def test_a_share_class_is_spelled_with_a_dot_and_its_root_without(
        self, provider: OptionsDataProvider, facts: Facts
    ) -> None:
        share = known(facts.share_class, "share class")
        for spelling in (share.symbol, share.otherwise):
            chain = call(provider.chain(ChainQuery.of(spelling, dte=(0, 45))))
            assert chain.select("underlying_symbol", "root_symbol").unique().rows() == [(share.symbol, share.root)]

    def test_the_same_question_has_the_same_answer(
        self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame
    ) -> None:
        again = call(provider.chain(ChainQuery.of(known(facts.underlying, "underlying"))))
        assert_frame_equal(unstamped(again), unstamped(whole))

    def test_a_chain_can_be_had_after_a_failure(self, provider: OptionsDataProvider, facts: Facts) -> None:
        query = ChainQuery.of(known(facts.underlying, "underlying"))
        with pytest.raises(QuoteNotFoundError):
            call(provider.chain(ChainQuery.of(facts.unknown)))
        assert call(provider.chain(query)).height > 0


class ContractQuestions:
    """`OptionsDataProvider.contract`."""

    @pytest.fixture
    def one(self, provider: OptionsDataProvider, facts: Facts) -> pl.DataFrame:
        """Return the row of `Facts.contract`."""
        return call(provider.contract(parse_option(known(facts.contract, "contract"))))

    def test_a_contract_is_a_chain_of_one_row(self, one: pl.DataFrame, facts: Facts) -> None:
        require_schema(one, CHAIN)
        assert named(one) == [facts.contract]

    def test_nothing_that_identifies_it_is_null(self, one: pl.DataFrame) -> None:
        require_filled(one, IDENTITY)

    def test_missing_is_null_and_never_nan_or_blank(self, one: pl.DataFrame) -> None:
        require_missing_is_null(one)

    def test_it_says_who_when_and_how_fresh(self, one: pl.DataFrame, facts: Facts) -> None:
        require_provenance(one, facts)

    def test_days_to_expiry_are_counted_from_the_hosts_clock(self, one: pl.DataFrame, facts: Facts) -> None:
        symbol = parse_option(known(facts.contract, "contract"))
        assert one.get_column("dte")[0] == (symbol.expiration - facts.today).days

    def test_it_is_its_row_of_the_chain(self, provider: OptionsDataProvider, facts: Facts, one: pl.DataFrame) -> None:
        symbol = parse_option(known(facts.contract, "contract"))
        known(facts.underlying, "underlying whose whole chain can be had")
        query = ChainQuery.of(symbol.underlying, expirations=symbol.expiration, strikes=symbol.strike)
        row = call(provider.chain(query)).filter(contract_symbol=symbol.occ)
        assert_frame_equal(unstamped(one), unstamped(row))

    def test_a_contract_that_is_not_listed_is_not_found(self, provider: OptionsDataProvider, facts: Facts) -> None:
        symbol = parse_option(known(facts.unlisted, "contract that is not listed"))
        with pytest.raises(ContractNotFoundError) as caught:
            call(provider.contract(symbol))
        assert caught.value.provider == facts.name
        assert symbol.occ in str(caught.value)

    def test_an_expired_contract_is_not_found(self, provider: OptionsDataProvider, facts: Facts) -> None:
        with pytest.raises(ContractNotFoundError):
            call(provider.contract(parse_option(known(facts.expired, "expired contract"))))

    def test_roots_tell_series_of_one_day_apart(self, provider: OptionsDataProvider, facts: Facts) -> None:
        twins = known(facts.am_and_pm, "index with AM and PM series")
        chain = call(provider.chain(ChainQuery.of(twins.underlying, expirations=twins.expiration)))
        for root, settlement in ((twins.plain, "AM"), (twins.other, "PM")):
            symbol = chain.filter(root_symbol=root).get_column("contract_symbol")[0]
            row = call(provider.contract(parse_option(symbol))).row(0, named=True)
            said = (row["root_symbol"], row["underlying_symbol"], row["settlement"])
            assert said == (root, twins.underlying, settlement)

    def test_an_adjusted_contract_is_marked(self, provider: OptionsDataProvider, facts: Facts) -> None:
        pair = known(facts.adjusted, "underlying with an adjusted root")
        chain = call(provider.chain(ChainQuery.of(pair.underlying, expirations=pair.expiration)))
        symbol = chain.filter(root_symbol=pair.other).get_column("contract_symbol")[0]
        row = call(provider.contract(parse_option(symbol))).row(0, named=True)
        assert (row["contract_symbol"], row["underlying_symbol"], row["is_adjusted"]) == (symbol, pair.underlying, True)

    def test_the_same_question_has_the_same_answer(
        self, provider: OptionsDataProvider, facts: Facts, one: pl.DataFrame
    ) -> None:
        again = call(provider.contract(parse_option(known(facts.contract, "contract"))))
        assert_frame_equal(unstamped(again), unstamped(one))

    def test_a_contract_can_be_had_after_a_failure(self, provider: OptionsDataProvider, facts: Facts) -> None:
        with pytest.raises(ContractNotFoundError):
            call(provider.contract(parse_option(known(facts.unlisted, "contract that is not listed"))))
        assert call(provider.contract(parse_option(known(facts.contract, "contract")))).height == 1


class ExpirationsQuestions:
    """`OptionsDataProvider.expirations`."""

    @pytest.fixture
    def days(self, provider: OptionsDataProvider, facts: Facts) -> list[date]:
        """Return all expirations of `Facts.expirations_of`."""
        return call(provider.expirations(known(facts.expirations_of, "underlying"), start=None, end=None))

    def test_expirations_are_days_rising_each_once_from_today_on(self, days: list[date], facts: Facts) -> None:
        assert days == sorted(set(days))
        assert {type(day) for day in days} == {date}
        assert days[0] >= facts.today

    def test_ranges_include_both_ends(self, provider: OptionsDataProvider, facts: Facts, days: list[date]) -> None:
        underlying = known(facts.expirations_of, "underlying")
        first, last = days[0], days[-1]
        middle = days[len(days) // 2]
        for start, end in ((first, middle), (middle, last), (middle, middle), (middle, None), (None, middle)):
            listed = call(provider.expirations(underlying, start=start, end=end))
            assert listed == [day for day in days if (start or first) <= day <= (end or last)]

    def test_days_before_today_are_over(self, provider: OptionsDataProvider, facts: Facts, days: list[date]) -> None:
        underlying = known(facts.expirations_of, "underlying")
        long_ago = facts.today - timedelta(days=3650)
        assert call(provider.expirations(underlying, start=long_ago, end=None)) == days
        yesterday = facts.today - timedelta(days=1)
        assert call(provider.expirations(underlying, start=long_ago, end=yesterday)) == []

    def test_a_range_without_expirations_is_empty(
        self, provider: OptionsDataProvider, facts: Facts, days: list[date]
    ) -> None:
        after = days[-1] + timedelta(days=1)
        assert call(provider.expirations(known(facts.expirations_of, "underlying"), start=after, end=None)) == []

    @pytest.mark.parametrize("is_ranged", [False, True])
    def test_an_unknown_underlying_has_none_and_says_so(
        self, provider: OptionsDataProvider, facts: Facts, *, is_ranged: bool
    ) -> None:
        end = facts.today + timedelta(days=30) if is_ranged else None
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.expirations(facts.unknown, start=None, end=end))
        assert caught.value.provider == facts.name
        assert facts.unknown in str(caught.value)

    def test_all_roots_are_listed_together(self, provider: OptionsDataProvider, facts: Facts) -> None:
        twins = known(facts.am_and_pm, "index with AM and PM series")
        listed = call(provider.expirations(twins.underlying, start=None, end=twins.expiration))
        assert listed.count(twins.expiration) == 1
        near = ChainQuery.of(twins.underlying, expirations=(None, twins.expiration), strikes=(1000, 9999))
        chain = call(provider.chain(near))
        assert chain.get_column("expiration").unique().sort().to_list() == listed
        # The days of the plain root are a part of those of both.
        assert 0 < chain.filter(root_symbol=twins.plain).get_column("expiration").n_unique() < len(listed)

    def test_a_chain_has_the_days_that_are_listed(self, provider: OptionsDataProvider, facts: Facts) -> None:
        underlying = known(facts.underlying, "underlying whose whole chain can be had")
        listed = call(provider.expirations(underlying, start=None, end=None))
        chain = call(provider.chain(ChainQuery.of(underlying)))
        assert chain.get_column("expiration").unique().sort().to_list() == listed

    def test_expirations_can_be_had_after_a_failure(
        self, provider: OptionsDataProvider, facts: Facts, days: list[date]
    ) -> None:
        with pytest.raises(QuoteNotFoundError):
            call(provider.expirations(facts.unknown, start=None, end=None))
        assert call(provider.expirations(known(facts.expirations_of, "underlying"), start=None, end=None)) == days


class EquityQuoteQuestions:
    """`BrokerDataProvider.quotes`."""

    @pytest.fixture
    def quotes(self, provider: BrokerDataProvider, facts: Facts) -> pl.DataFrame:
        """Return the quotes of `Facts.equities`."""
        return call(provider.quotes(known(facts.equities, "stocks")))

    def test_quotes_have_exactly_the_canonical_columns(self, quotes: pl.DataFrame) -> None:
        require_schema(quotes, EQUITY_QUOTES)

    def test_each_symbol_is_one_row_in_the_order_asked(
        self, provider: BrokerDataProvider, facts: Facts, quotes: pl.DataFrame
    ) -> None:
        asked = list(facts.equities)
        assert symbols_of(quotes) == asked
        turned = call(provider.quotes(asked[::-1]))
        assert symbols_of(turned) == asked[::-1]
        assert_frame_equal(unstamped(turned.reverse()), unstamped(quotes))

    def test_missing_is_null_and_never_nan_or_blank(self, quotes: pl.DataFrame) -> None:
        require_missing_is_null(quotes)

    def test_every_row_says_who_when_and_how_fresh(self, quotes: pl.DataFrame, facts: Facts) -> None:
        require_provenance(quotes, facts)

    def test_good_rows_have_a_price_and_no_error(self, quotes: pl.DataFrame) -> None:
        require_filled(quotes, ("price", "prev_close", "volume"))
        assert quotes.get_column("vendor_error").null_count() == quotes.height
        assert quotes.filter((pl.col("price") <= 0) | (pl.col("bid") > pl.col("ask"))).height == 0

    def test_the_day_is_one_of_a_market(self, quotes: pl.DataFrame) -> None:
        assert quotes.filter(pl.col("high") < pl.max_horizontal("open", "close", "low")).height == 0
        assert quotes.filter(pl.col("low") > pl.min_horizontal("open", "close")).height == 0

    def test_sizes_say_their_unit(self, quotes: pl.DataFrame) -> None:
        has_size = pl.col("bid_size").is_not_null() | pl.col("ask_size").is_not_null()
        assert quotes.filter(has_size & pl.col("size_unit").is_null()).height == 0

    def test_nothing_is_newer_than_its_answer(self, quotes: pl.DataFrame) -> None:
        for ts in ("quote_ts", "last_ts", "updated_ts"):
            assert quotes.filter(pl.col(ts) > pl.col("snapshot_ts")).height == 0, ts

    def test_an_unknown_symbol_among_others_has_its_reason(self, provider: BrokerDataProvider, facts: Facts) -> None:
        first = known(facts.equities, "stocks")[0]
        quotes = call(provider.quotes([facts.unknown, first]))
        assert symbols_of(quotes) == [facts.unknown, first]
        lacking = quotes.row(0, named=True)
        assert lacking["vendor_error"].startswith("NOT_FOUND")
        told = {"symbol", "vendor_error", "source", "feed", *STAMPS}
        assert [name for name, value in lacking.items() if value is not None and name not in told] == []
        assert quotes.get_column("vendor_error")[1] is None

    def test_unknown_symbols_alone_are_not_found(self, provider: BrokerDataProvider, facts: Facts) -> None:
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.quotes([facts.unknown]))
        assert caught.value.provider == facts.name
        assert facts.unknown in str(caught.value)

    def test_several_hundred_symbols_are_one_question(self, provider: BrokerDataProvider, facts: Facts) -> None:
        first = known(facts.equities, "stocks")[0]
        others = [f"ZZ{chr(65 + number // 26)}{chr(65 + number % 26)}" for number in range(300)]
        quotes = call(provider.quotes([*others, first]))
        assert symbols_of(quotes) == [*others, first]
        assert quotes.get_column("vendor_error").null_count() == 1

    def test_a_share_class_is_spelled_with_a_dot(self, provider: BrokerDataProvider, facts: Facts) -> None:
        share = known(facts.share_class, "share class")
        for spelling in (share.symbol, share.otherwise):
            quotes = call(provider.quotes([spelling]))
            assert quotes.select("symbol", "vendor_error").rows() == [(share.symbol, None)]

    @pytest.mark.parametrize("symbol", ["SPX", "SPXW", "SPY261218C00660000", "", "SPY,QQQ"])
    def test_what_is_no_stock_is_refused_before_it_is_asked(self, provider: BrokerDataProvider, symbol: str) -> None:
        with pytest.raises(SymbolError):
            call(provider.quotes([symbol]))

    def test_the_same_question_has_the_same_answer(
        self, provider: BrokerDataProvider, facts: Facts, quotes: pl.DataFrame
    ) -> None:
        assert_frame_equal(unstamped(call(provider.quotes(facts.equities))), unstamped(quotes))

    def test_quotes_can_be_had_after_a_failure(self, provider: BrokerDataProvider, facts: Facts) -> None:
        with pytest.raises(QuoteNotFoundError):
            call(provider.quotes([facts.unknown]))
        assert call(provider.quotes(known(facts.equities, "stocks"))).height == len(facts.equities)


class IndexQuestions:
    """`IndicesDataProvider.indices`."""

    @pytest.fixture
    def values(self, provider: IndicesDataProvider, facts: Facts) -> pl.DataFrame:
        """Return the values of `Facts.indices`."""
        return call(provider.indices(known(facts.indices, "indices")))

    def test_provider_is_one_of_indices(self, provider: IndicesDataProvider) -> None:
        assert isinstance(provider, IndicesDataProvider)

    def test_values_have_exactly_the_canonical_columns(self, values: pl.DataFrame) -> None:
        require_schema(values, INDEX_QUOTES)

    def test_each_index_is_one_row_in_the_order_asked(
        self, provider: IndicesDataProvider, facts: Facts, values: pl.DataFrame
    ) -> None:
        asked = list(facts.indices)
        assert symbols_of(values) == asked
        turned = call(provider.indices(asked[::-1]))
        assert symbols_of(turned) == asked[::-1]
        assert_frame_equal(unstamped(turned.reverse()), unstamped(values))

    def test_a_prefix_changes_nothing(self, provider: IndicesDataProvider, facts: Facts, values: pl.DataFrame) -> None:
        prefixed = call(provider.indices([f"I:{ticker}" for ticker in facts.indices]))
        assert_frame_equal(unstamped(prefixed), unstamped(values))

    def test_missing_is_null_and_never_nan_or_blank(self, values: pl.DataFrame) -> None:
        require_missing_is_null(values)

    def test_every_row_says_who_when_and_how_fresh(self, values: pl.DataFrame, facts: Facts) -> None:
        require_provenance(values, facts)

    def test_good_rows_have_a_name_a_value_and_no_error(self, values: pl.DataFrame) -> None:
        require_filled(values, ("name", "value", "prev_close"))
        assert values.get_column("vendor_error").null_count() == values.height
        assert values.filter(pl.col("value") <= 0).height == 0
        assert values.filter(pl.col("value_ts") > pl.col("snapshot_ts")).height == 0

    def test_an_unknown_index_among_others_has_its_reason(self, provider: IndicesDataProvider, facts: Facts) -> None:
        first = known(facts.indices, "indices")[0]
        values = call(provider.indices([facts.unknown, first]))
        assert symbols_of(values) == [facts.unknown, first]
        lacking = values.row(0, named=True)
        assert lacking["vendor_error"].startswith("NOT_FOUND")
        told = {"symbol", "vendor_error", "source", "feed", *STAMPS}
        assert [name for name, value in lacking.items() if value is not None and name not in told] == []
        assert values.get_column("vendor_error")[1] is None

    def test_unknown_indices_alone_are_not_found(self, provider: IndicesDataProvider, facts: Facts) -> None:
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.indices([facts.unknown]))
        assert caught.value.provider == facts.name
        assert facts.unknown in str(caught.value)

    @pytest.mark.parametrize("ticker", ["SPXW", "BRK.B", "SPY261218C00660000", ""])
    def test_what_is_no_index_is_refused_before_it_is_asked(self, provider: IndicesDataProvider, ticker: str) -> None:
        with pytest.raises(SymbolError):
            call(provider.indices([ticker]))

    def test_the_same_question_has_the_same_answer(
        self, provider: IndicesDataProvider, facts: Facts, values: pl.DataFrame
    ) -> None:
        assert_frame_equal(unstamped(call(provider.indices(facts.indices))), unstamped(values))

    def test_values_can_be_had_after_a_failure(self, provider: IndicesDataProvider, facts: Facts) -> None:
        with pytest.raises(QuoteNotFoundError):
            call(provider.indices([facts.unknown]))
        assert call(provider.indices(known(facts.indices, "indices"))).height == len(facts.indices)


class BarQuestions:
    """`BrokerDataProvider.bars`, which is `IndicesDataProvider.bars` too."""

    @pytest.fixture
    def daily(self, provider: BrokerDataProvider, facts: Facts) -> pl.DataFrame:
        """Return the bars of `Facts.daily`."""
        symbol, first, last = known(facts.daily, "daily bars")
        return call(provider.bars(BarQuery.of(symbol, "1d", first, last)))

    def test_bars_have_exactly_the_canonical_columns(self, daily: pl.DataFrame) -> None:
        require_schema(daily, BARS)

    def test_nothing_that_identifies_a_bar_is_null(self, daily: pl.DataFrame, facts: Facts) -> None:
        require_bars(daily, known(facts.daily, "daily bars").symbol, facts)

    def test_each_session_from_first_to_last_is_one_bar(self, daily: pl.DataFrame, facts: Facts) -> None:
        _, first, last = known(facts.daily, "daily bars")
        assert daily.get_column("session").to_list() == [each.day for each in sessions(first, last)]

    def test_daily_bars_start_at_midnight_in_new_york(self, daily: pl.DataFrame) -> None:
        assert daily.get_column("ts").to_list() == [_midnight(day) for day in daily.get_column("session")]

    def test_a_single_day_is_its_own_range(
        self, provider: BrokerDataProvider, facts: Facts, daily: pl.DataFrame
    ) -> None:
        symbol, _, last = known(facts.daily, "daily bars")
        one = call(provider.bars(BarQuery.of(symbol, "1d", last, last)))
        assert_frame_equal(one, daily.filter(session=last))

    def test_moments_include_the_bars_that_start_on_them(
        self, provider: BrokerDataProvider, facts: Facts, daily: pl.DataFrame
    ) -> None:
        symbol, first, last = known(facts.daily, "daily bars")
        second = timedelta(seconds=1)
        begin, end = _midnight(first), _midnight(last)
        assert_frame_equal(call(provider.bars(BarQuery.of(symbol, "1d", begin, end))), daily)
        inner = call(provider.bars(BarQuery.of(symbol, "1d", begin + second, end - second)))
        assert_frame_equal(inner, daily[1:-1])

    def test_midnight_stays_midnight_when_clocks_change(self, provider: BrokerDataProvider, facts: Facts) -> None:
        before, after = known(facts.clock_change, "change of the clocks")
        symbol = known(facts.daily, "daily bars").symbol
        bars = call(provider.bars(BarQuery.of(symbol, "1d", before, after)))
        assert bars.get_column("ts").to_list() == [_midnight(each.day) for each in sessions(before, after)]
        assert _midnight(before).hour != _midnight(after).hour

    def test_days_without_a_session_have_no_bars(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol, _, last = known(facts.daily, "daily bars")
        saturday = last - timedelta(days=(last.weekday() - 5) % 7)
        bars = call(provider.bars(BarQuery.of(symbol, "1d", saturday, saturday + timedelta(days=1))))
        require_schema(bars, BARS)
        assert bars.is_empty()

    def test_days_to_come_have_no_bars(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol = known(facts.daily, "daily bars").symbol
        start = facts.today + timedelta(days=30)
        bars = call(provider.bars(BarQuery.of(symbol, "1d", start, start + timedelta(days=30))))
        require_schema(bars, BARS)
        assert bars.is_empty()

    @pytest.mark.parametrize("timeframe", INTRADAY)
    def test_windows_of_regular_hours_start_at_the_open(
        self, provider: BrokerDataProvider, facts: Facts, timeframe: str
    ) -> None:
        symbol, first, last = known(facts.minutes, "bars by the minute")
        bars = call(provider.bars(BarQuery.of(symbol, timeframe, first, last)))
        require_schema(bars, BARS)
        require_bars(bars, symbol, facts)
        length = timedelta(minutes=INTRADAY[timeframe])
        count = -(-REGULAR_MINUTES // INTRADAY[timeframe])
        expected = [each.open + number * length for each in sessions(first, last) for number in range(count)]
        assert bars.get_column("ts").to_list() == expected

    @pytest.mark.parametrize("timeframe", INTRADAY)
    def test_all_hours_include_those_of_before_and_after(
        self, provider: BrokerDataProvider, facts: Facts, timeframe: str
    ) -> None:
        symbol, first, last = known(facts.minutes, "bars by the minute")
        bars = call(provider.bars(BarQuery.of(symbol, timeframe, first, last, session="all")))
        require_bars(bars, symbol, facts)
        length_s = INTRADAY[timeframe] * 60
        assert bars.filter(pl.col("ts").dt.epoch("s") % length_s != 0).is_empty()  # by the clock
        for each in sessions(first, last):
            own = bars.filter(session=each.day).get_column("ts")
            assert each.early_open <= own[0] < each.open
            assert each.close <= own[-1] < each.late_close

    @pytest.mark.parametrize("timeframe", ["5m", "15m", "30m", "1h"])
    def test_coarse_bars_are_made_of_the_fine_ones(
        self, provider: BrokerDataProvider, facts: Facts, timeframe: str
    ) -> None:
        symbol, first, _ = known(facts.minutes, "bars by the minute")
        fine = call(provider.bars(BarQuery.of(symbol, "1m", first, first)))
        coarse = call(provider.bars(BarQuery.of(symbol, timeframe, first, first)))
        opens = session(first).open
        window = (pl.col("ts") - opens).dt.total_minutes() // INTRADAY[timeframe]
        joined = fine.group_by(window.alias("window"), maintain_order=True).agg(
            pl.col("ts").first(),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        same = ("ts", "open", "high", "low", "close", "volume")
        assert_frame_equal(coarse.select(same), joined.select(same), rel_tol=1e-6)

    def test_a_range_within_a_session_includes_both_ends(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol, first, _ = known(facts.minutes, "bars by the minute")
        opens = session(first).open
        for timeframe, minutes in INTRADAY.items():
            length = timedelta(minutes=minutes)
            query = BarQuery.of(symbol, timeframe, opens + length, opens + 3 * length)
            stamps = call(provider.bars(query)).get_column("ts").to_list()
            assert stamps == [opens + number * length for number in (1, 2, 3)], timeframe

    def test_weeks_are_whole_and_start_on_monday(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol, first, last = known(facts.weeks, "bars of weeks")
        weekly = call(provider.bars(BarQuery.of(symbol, "1w", first, last)))
        require_schema(weekly, BARS)
        require_bars(weekly, symbol, facts)
        monday = first - timedelta(days=first.weekday())
        sunday = last + timedelta(days=6 - last.weekday())
        daily = call(provider.bars(BarQuery.of(symbol, "1d", monday, sunday)))
        assert weekly.get_column("ts").to_list() == [
            _midnight(monday + timedelta(days=7 * week)) for week in range(((sunday - monday).days + 1) // 7)
        ]
        joined = daily.group_by(pl.col("session").dt.truncate("1w"), maintain_order=True).agg(
            pl.col("session").first().alias("first"),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        same = ("open", "high", "low", "close", "volume")
        assert_frame_equal(weekly.select(same), joined.select(same), rel_tol=1e-9)
        assert weekly.get_column("session").to_list() == joined.get_column("first").to_list()

    def test_a_half_day_ends_at_one_o_clock(self, provider: BrokerDataProvider, facts: Facts) -> None:
        day = known(facts.half_day, "half-day")
        symbol = known(facts.minutes, "bars by the minute").symbol
        assert session(day).is_half_day
        query = BarQuery.of(symbol, "5m", day, day)
        if "minutes of years ago" in facts.lacks:
            require_refusal(provider, query, facts)
            return
        stamps = call(provider.bars(query)).get_column("ts")
        assert (stamps.len(), stamps[0]) == (HALF_DAY_MINUTES // 5, session(day).open)
        assert stamps[-1] == session(day).close - timedelta(minutes=5)

    def test_a_half_day_is_a_daily_bar_like_others(self, provider: BrokerDataProvider, facts: Facts) -> None:
        day = known(facts.half_day, "half-day")
        bars = call(provider.bars(BarQuery.of(known(facts.daily, "daily bars").symbol, "1d", day, day)))
        assert bars.get_column("session").to_list() == [day]

    def test_a_day_that_is_under_way_ends_now(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol = known(facts.minutes, "bars by the minute").symbol
        if facts.market != "open":
            pytest.skip("the market is not open")
        bars = call(provider.bars(BarQuery.of(symbol, "5m", facts.today, facts.today)))
        assert bars.get_column("ts")[0] == session(facts.today).open
        assert bars.get_column("ts")[-1] < session(facts.today).close
        daily = call(provider.bars(BarQuery.of(symbol, "1d", facts.today, facts.today)))
        assert daily.get_column("session").to_list() == [facts.today]

    def test_an_index_has_daily_bars_without_volume(self, provider: IndicesDataProvider, facts: Facts) -> None:
        index = known(facts.index, "index with bars")
        _, first, last = known(facts.daily, "daily bars")
        bars = call(provider.bars(BarQuery.of(index, "1d", first, last)))
        require_schema(bars, BARS)
        assert bars.get_column("session").to_list() == [each.day for each in sessions(first, last)]
        assert bars.get_column("symbol").unique().to_list() == [index]
        assert bars.get_column("adjustment").unique().to_list() == ["raw"]
        assert bars.select("volume", "vwap", "trades").null_count().row(0) == (bars.height,) * 3

    def test_minutes_of_an_index_come_or_are_refused(self, provider: IndicesDataProvider, facts: Facts) -> None:
        index = known(facts.index, "index with bars")
        _, first, _ = known(facts.minutes, "bars by the minute")
        query = BarQuery.of(index, "5m", first, first)
        if "minutes of an index" in facts.lacks:
            require_refusal(provider, query, facts)
            return
        bars = call(provider.bars(query))
        assert bars.height == REGULAR_MINUTES // 5
        assert bars.get_column("volume").null_count() == bars.height

    def test_a_contract_has_bars_as_traded(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol = known(facts.contract, "contract")
        first = facts.today - timedelta(days=30)
        bars = call(provider.bars(BarQuery.of(symbol, "1d", first, facts.today)))
        require_schema(bars, BARS)
        require_bars(bars, symbol, facts)
        assert bars.height > 0
        assert bars.get_column("adjustment").unique().to_list() == ["raw"]
        assert bars.filter(~pl.col("session").is_between(first, facts.today)).is_empty()

    def test_bars_of_an_expired_contract_come_or_are_refused(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol = known(facts.expired, "expired contract")
        expiration = parse_option(symbol).expiration
        query = BarQuery.of(symbol, "1d", expiration - timedelta(days=30), expiration)
        if "bars of expired contracts" in facts.lacks:
            require_refusal(provider, query, facts)
            return
        bars = call(provider.bars(query))
        require_bars(bars, symbol, facts)
        assert bars.height > 0

    @pytest.mark.parametrize("timeframe", ["1d", "5m"])
    def test_an_unknown_symbol_is_not_found(self, provider: BrokerDataProvider, facts: Facts, timeframe: str) -> None:
        day = previous_session(facts.today).day
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.bars(BarQuery.of(facts.unknown, timeframe, day, day)))
        assert caught.value.provider == facts.name
        assert facts.unknown in str(caught.value)

    def test_an_unknown_contract_is_not_found(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol = known(facts.unlisted, "contract that is not listed")
        with pytest.raises(ContractNotFoundError):
            call(provider.bars(BarQuery.of(symbol, "1d", facts.today - timedelta(days=7), facts.today)))

    def test_raw_prices_leap_at_a_split_and_split_adjusted_ones_do_not(
        self, provider: BrokerDataProvider, facts: Facts
    ) -> None:
        for symbol, day, ratio, later in known(facts.splits, "splits"):
            first, last = day - timedelta(days=7), day + timedelta(days=7)
            split = call(provider.bars(BarQuery.of(symbol, "1d", first, last)))
            assert split.get_column("adjustment").unique().to_list() == ["split"]
            query = BarQuery.of(symbol, "1d", first, last, adjust="raw")
            if "corporate actions" in facts.lacks:
                require_refusal(provider, query, facts)
                continue
            raw = call(provider.bars(query))
            assert raw.get_column("adjustment").unique().to_list() == ["raw"]
            shares = pl.when(pl.col("session") < day).then(ratio * later).otherwise(later)
            prices = [pl.col(name) * shares for name in ("open", "high", "low", "close")]
            as_traded = split.with_columns(*prices, volume=pl.col("volume") / shares)
            same = ("ts", "open", "high", "low", "close", "volume", "session")
            assert_frame_equal(raw.select(same), as_traded.select(same), rel_tol=1e-3)
            assert raw.filter(pl.col("session") < day).height > 0

    def test_total_returns_take_dividends_off_what_was_before_them(
        self, provider: BrokerDataProvider, facts: Facts
    ) -> None:
        symbol, first, last = known(facts.dividend, "dividend")
        query = BarQuery.of(symbol, "1d", first, last, adjust="total")
        if "corporate actions" in facts.lacks:
            require_refusal(provider, query, facts)
            return
        total = call(provider.bars(query))
        split = call(provider.bars(BarQuery.of(symbol, "1d", first, last)))
        assert total.get_column("adjustment").unique().to_list() == ["total"]
        ratio = (total.get_column("close") / split.get_column("close")).round(9)
        assert (ratio[0] < 0.9999, ratio[-1]) == (True, 1.0)
        assert ratio.is_sorted()
        untouched = ("symbol", "ts", "volume", "session", "source", "feed")
        assert_frame_equal(total.select(untouched), split.select(untouched))

    def test_the_same_question_has_the_same_answer(
        self, provider: BrokerDataProvider, facts: Facts, daily: pl.DataFrame
    ) -> None:
        symbol, first, last = known(facts.daily, "daily bars")
        assert_frame_equal(call(provider.bars(BarQuery.of(symbol, "1d", first, last))), daily)

    def test_bars_can_be_had_after_a_failure(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol, first, last = known(facts.daily, "daily bars")
        with pytest.raises(QuoteNotFoundError):
            call(provider.bars(BarQuery.of(facts.unknown, "1d", first, last)))
        assert call(provider.bars(BarQuery.of(symbol, "1d", first, last))).height > 0


def require_bars(bars: pl.DataFrame, symbol: str, facts: Facts) -> None:
    """Hold bars to be of one symbol, in order, each once, and such as a market makes."""
    require_filled(bars, ("symbol", "ts", "open", "high", "low", "close", "session", "adjustment", "source", "feed"))
    require_missing_is_null(bars)
    assert bars.get_column("symbol").unique().to_list() == [symbol]
    assert bars.get_column("source").cast(pl.String).unique().to_list() == [facts.name]
    assert bars.get_column("ts").is_sorted()
    assert bars.get_column("ts").n_unique() == bars.height
    assert bars.filter(pl.col("low") > pl.min_horizontal("open", "close", "high")).is_empty()
    assert bars.filter(pl.col("high") < pl.max_horizontal("open", "close")).is_empty()
    assert bars.filter((pl.col("low") <= 0) | (pl.col("volume") < 0)).is_empty()
    assert all(is_session(day) for day in bars.get_column("session").unique())


def require_refusal(provider: BrokerDataProvider | IndicesDataProvider, query: BarQuery, facts: Facts) -> None:
    """Hold a provider to refuse, by name, what its vendor does not have."""
    with pytest.raises(EntitlementError) as caught:
        call(provider.bars(query))
    assert caught.value.provider == facts.name
    assert facts.name in str(caught.value)


def within(start: datetime, end: datetime) -> pl.Expr:
    """Return whether a print is in a range, to the nanosecond, both ends included."""
    return pl.col("ts").is_between(pl.lit(start).cast(TICK), pl.lit(end).cast(TICK))


class TradeQuestions:
    """`BrokerDataProvider.trades`."""

    @pytest.fixture
    def tape(self, provider: BrokerDataProvider, facts: Facts) -> pl.DataFrame:
        """Return the prints of `Facts.tape`."""
        symbol, start, end = known(facts.tape, "stretch of the tape")
        if "trades" in facts.lacks:
            pytest.skip("the vendor has no trades: see the test of its refusal")
        return call(provider.trades(symbol, start=start, end=end))

    def test_trades_have_exactly_the_canonical_columns(self, tape: pl.DataFrame) -> None:
        require_schema(tape, TRADES)
        assert tape.height > 0

    def test_every_print_has_a_time_a_price_a_size_and_a_source(self, tape: pl.DataFrame, facts: Facts) -> None:
        require_filled(tape, ("symbol", "ts", "price", "size", "source", "feed"))
        require_missing_is_null(tape)
        assert tape.get_column("symbol").unique().to_list() == [known(facts.tape, "tape").symbol]
        assert tape.get_column("source").cast(pl.String).unique().to_list() == [facts.name]
        assert tape.filter((pl.col("price") <= 0) | (pl.col("size") <= 0)).is_empty()

    def test_prints_are_in_the_range_and_oldest_first(self, tape: pl.DataFrame, facts: Facts) -> None:
        _, start, end = known(facts.tape, "tape")
        stamps = tape.get_column("ts")
        assert stamps.is_sorted()
        assert tape.filter(within(start, end)).height == tape.height

    def test_both_ends_of_a_range_are_included(
        self, provider: BrokerDataProvider, facts: Facts, tape: pl.DataFrame
    ) -> None:
        symbol = known(facts.tape, "tape").symbol
        # A moment that is asked for has microseconds, a print may have nanoseconds.
        stamps = tape.get_column("ts")
        start = stamps.dt.truncate("1us")[tape.height // 3]
        end = stamps.dt.offset_by("999ns").dt.truncate("1us")[2 * tape.height // 3]
        part = call(provider.trades(symbol, start=start, end=end))
        assert_frame_equal(part, tape.filter(within(start, end)))

    def test_parts_of_a_range_are_the_whole(
        self, provider: BrokerDataProvider, facts: Facts, tape: pl.DataFrame
    ) -> None:
        symbol, start, end = known(facts.tape, "tape")
        middle = start + (end - start) / 2
        first = call(provider.trades(symbol, start=start, end=middle - timedelta(microseconds=1)))
        second = call(provider.trades(symbol, start=middle, end=end))
        assert_frame_equal(pl.concat([first, second]), tape)

    def test_a_time_without_trading_has_no_prints(
        self, provider: BrokerDataProvider, facts: Facts, tape: pl.DataFrame
    ) -> None:
        symbol, start, _ = known(facts.tape, "tape")
        night = session(session_day(start)).open - timedelta(hours=8)  # 01:30 in New York
        nothing = call(provider.trades(symbol, start=night, end=night + timedelta(minutes=5)))
        require_schema(nothing, TRADES)
        assert (nothing.height, tape.height > 0) == (0, True)

    def test_a_contract_has_a_tape_of_its_own(
        self, provider: BrokerDataProvider, facts: Facts, tape: pl.DataFrame
    ) -> None:
        assert tape.height > 0
        symbol = known(facts.contract, "contract")
        bars = call(provider.bars(BarQuery.of(symbol, "1d", facts.today - timedelta(days=4), facts.today)))
        day = bars.get_column("session")[-1]
        prints = call(provider.trades(symbol, start=session(day).open, end=session(day).close + timedelta(minutes=15)))
        assert prints.get_column("symbol").unique().to_list() == [symbol]
        assert prints.get_column("size").sum() == bars.get_column("volume")[-1]

    def test_an_unknown_symbol_is_not_found(
        self, provider: BrokerDataProvider, facts: Facts, tape: pl.DataFrame
    ) -> None:
        assert tape.height > 0
        _, start, end = known(facts.tape, "tape")
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.trades(facts.unknown, start=start, end=end))
        assert caught.value.provider == facts.name
        assert facts.unknown in str(caught.value)

    def test_an_unknown_contract_is_not_found(
        self, provider: BrokerDataProvider, facts: Facts, tape: pl.DataFrame
    ) -> None:
        assert tape.height > 0
        _, start, end = known(facts.tape, "tape")
        with pytest.raises(ContractNotFoundError):
            call(provider.trades(known(facts.unlisted, "contract that is not listed"), start=start, end=end))

    def test_a_vendor_without_trades_says_so(self, provider: BrokerDataProvider, facts: Facts) -> None:
        if "trades" not in facts.lacks:
            pytest.skip("the vendor has trades")
        symbol, start, end = known(facts.tape, "stretch of the tape")
        with pytest.raises(EntitlementError, match=facts.name):
            call(provider.trades(symbol, start=start, end=end))

    def test_the_same_question_has_the_same_answer(
        self, provider: BrokerDataProvider, facts: Facts, tape: pl.DataFrame
    ) -> None:
        symbol, start, end = known(facts.tape, "tape")
        assert_frame_equal(call(provider.trades(symbol, start=start, end=end)), tape)


class StatusQuestions:
    """`BrokerDataProvider.market_status`, and what a `Provider` tells of itself."""

    def test_provider_is_of_every_kind(self, provider: Provider) -> None:
        for kind in (OptionsDataProvider, IndicesDataProvider, BrokerDataProvider, Provider):
            assert isinstance(provider, kind)

    def test_provider_has_its_name(self, provider: Provider, facts: Facts) -> None:
        assert provider.name == facts.name == provider.capabilities.provider

    def test_status_says_what_time_it_is_and_when_that_changes(self, provider: Provider, facts: Facts) -> None:
        market = known(facts.market, "state of the market")
        status = call(provider.market_status())
        assert (status.market, status.source) == (market, facts.name)
        assert status.server_time.utcoffset() == timedelta(0)
        assert session_day(status.server_time) == facts.today
        assert status.server_time < min(status.next_open, status.next_close)
        is_open_next = status.next_close < status.next_open
        assert is_open_next is (status.market == "open")

    def test_the_present_is_that_of_the_host(self, provider: Provider, facts: Facts) -> None:
        known(facts.market, "state of the market")
        call(provider.market_status())
        assert provider.now().utcoffset() == timedelta(0)
        assert session_day(provider.now()) == facts.today

    def test_requests_are_counted(self, provider: Provider, facts: Facts) -> None:
        known(facts.market, "state of the market")
        before = provider.requests_sent
        call(provider.market_status())
        assert provider.requests_sent == before + 1

    def test_budgets_tell_what_is_left(self, provider: Provider, facts: Facts) -> None:
        known(facts.market, "state of the market")
        call(provider.market_status())
        budgets = provider.budgets()
        assert budgets
        for budget in budgets:
            assert 0 <= budget.available <= budget.per_minute

    def test_nothing_is_known_of_the_plan_before_anything_was_asked(self, provider: Provider) -> None:
        require_schema(provider.capabilities.frame(), ENTITLEMENTS)
        assert [block for block in BLOCKS if provider.capabilities.lacks(block)] == []

    def test_a_provider_can_be_closed_twice(self, provider: Provider, facts: Facts) -> None:
        if facts.market is not None:
            call(provider.market_status())
        call(provider.close())
        call(provider.close())

    def test_a_closed_provider_fails_as_others_do(self, provider: Provider) -> None:
        call(provider.close())
        with pytest.raises(DataProviderError, match="closed"):
            call(provider.market_status())


class EntitlementQuestions:
    """`Provider.entitlements`."""

    @pytest.fixture
    def plan(self, provider: Provider, facts: Facts) -> pl.DataFrame:
        """Return what the provider says of its plan."""
        known(facts.refused is not None, "plan")
        return call(provider.entitlements())

    def test_each_block_is_one_row_in_order(self, plan: pl.DataFrame, facts: Facts) -> None:
        require_schema(plan, ENTITLEMENTS)
        assert plan.select("provider", "block").rows() == [(facts.name, block) for block in BLOCKS]

    def test_every_block_was_asked_for(self, plan: pl.DataFrame, facts: Facts) -> None:
        said = {block: is_entitled for _, block, is_entitled, *_ in plan.iter_rows()}
        assert said == {block: block not in (facts.refused or ()) for block in BLOCKS}

    def test_what_comes_has_a_freshness_and_what_does_not_a_reason(self, plan: pl.DataFrame) -> None:
        require_missing_is_null(plan)
        assert plan.filter(pl.col("is_entitled") != pl.col("feed").is_not_null()).is_empty()
        assert plan.filter(pl.col("is_entitled") != pl.col("reason").is_null()).is_empty()

    def test_what_was_refused_is_remembered(self, provider: Provider, plan: pl.DataFrame) -> None:
        lacking = plan.filter(~pl.col("is_entitled")).get_column("block").to_list()
        assert [block for block in BLOCKS if provider.capabilities.lacks(block)] == lacking
        assert_frame_equal(provider.capabilities.frame(), plan)

    def test_the_same_question_has_the_same_answer(self, provider: Provider, plan: pl.DataFrame) -> None:
        assert_frame_equal(call(provider.entitlements()), plan)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)
