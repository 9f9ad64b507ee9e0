"""What is asked of `OptionsDataProvider.chain`."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.protocols import OptionsDataProvider
from quantdata.errors import ArgumentError, QuoteNotFoundError
from quantdata.frames.chain import SORT
from quantdata.frames.columns import CHAIN
from quantdata.portal import call
from quantdata.symbols import parse_option
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import (
    IDENTITY,
    QUALITY_OF_CHAINS,
    named,
    require_filled,
    require_judged,
    require_missing_is_null,
    require_provenance,
    require_same_contracts,
    require_schema,
    require_teller,
    unstamped,
)


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

    def test_every_row_is_judged(self, whole: pl.DataFrame) -> None:
        require_judged(whole, QUALITY_OF_CHAINS)

    def test_the_model_has_discounted_every_row_and_priced_what_is_quoted_on_both_sides(
        self, whole: pl.DataFrame
    ) -> None:
        require_filled(whole, ("discount_factor",))
        assert whole.filter(~pl.col("discount_factor").is_between(0, 1, closed="right")).is_empty()
        assert whole.filter(pl.col("forward_price") <= 0).is_empty()
        # One forward for each series, discounted by one rate, and no volatility without a forward.
        series = whole.group_by("root_symbol", "expiration", "multiplier").agg(
            pl.col("forward_price", "discount_factor").n_unique()
        )
        assert series.filter((pl.col("forward_price") > 1) | (pl.col("discount_factor") > 1)).is_empty()
        assert whole.filter(pl.col("model_iv").is_not_null() & pl.col("forward_price").is_null()).is_empty()
        has_no_volatility = pl.col("model_iv").is_not_null() & pl.col("implied_volatility").is_null()
        assert whole.filter(has_no_volatility & pl.col("iv_source").is_null()).is_empty()

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
            require_same_contracts(call(provider.chain(query)), expected)

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
            require_same_contracts(call(provider.chain(query)), expected)

    def test_a_range_of_days_to_expiry_includes_both_ends(
        self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame
    ) -> None:
        nearest = whole.get_column("dte").unique().sort()[:2]
        ends = (nearest[0], nearest[-1])
        found = call(provider.chain(ChainQuery.of(known(facts.underlying, "underlying"), dte=ends)))
        assert found.get_column("dte").unique().sort().to_list() == nearest.to_list()
        assert named(found) == named(whole.filter(pl.col("dte") <= nearest[-1]))

    @pytest.mark.parametrize("option_type", ["call", "put"])
    def test_one_type_comes_with_the_other_which_its_forward_needs(
        self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame, option_type: str
    ) -> None:
        query = ChainQuery.of(known(facts.underlying, "underlying"), option_type=option_type)
        found = call(provider.chain(query))
        assert named(found) == named(whole)
        kept = found.filter(query.local_part(facts.today))
        assert named(kept) == named(whole.filter(pl.col("option_type") == option_type))

    def test_filters_hold_together(self, provider: OptionsDataProvider, facts: Facts, whole: pl.DataFrame) -> None:
        last = whole.row(-1, named=True)
        query = ChainQuery.of(
            known(facts.underlying, "underlying"),
            expirations=last["expiration"],
            strikes=(last["strike"], None),
        )
        found = call(provider.chain(query))
        assert last["contract_symbol"] in named(found)
        assert found.filter(
            (pl.col("expiration") != last["expiration"]) | (pl.col("strike") < last["strike"])
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
        require_teller(caught.value, facts)
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
