"""What is asked of `BrokerDataProvider.bars`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.bar_query import BarQuery
from quantdata.errors import ContractNotFoundError, QuoteNotFoundError
from quantdata.frames.columns import BARS
from quantdata.portal import call
from quantdata.sessions import previous_session, sessions
from quantdata.symbols import parse_option
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.intraday_bars import IntradayBarQuestions
from tests.contract.conformance.requirements import (
    midnight,
    require_bars,
    require_refusal,
    require_schema,
    require_teller,
)

if TYPE_CHECKING:
    from quantdata.clients.protocols import BrokerDataProvider, IndicesDataProvider


class BarQuestions(IntradayBarQuestions):
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
        assert daily.get_column("ts").to_list() == [midnight(day) for day in daily.get_column("session")]

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
        begin, end = midnight(first), midnight(last)
        assert_frame_equal(call(provider.bars(BarQuery.of(symbol, "1d", begin, end))), daily)
        inner = call(provider.bars(BarQuery.of(symbol, "1d", begin + second, end - second)))
        assert_frame_equal(inner, daily[1:-1])

    def test_midnight_stays_midnight_when_clocks_change(self, provider: BrokerDataProvider, facts: Facts) -> None:
        before, after = known(facts.clock_change, "change of the clocks")
        symbol = known(facts.daily, "daily bars").symbol
        bars = call(provider.bars(BarQuery.of(symbol, "1d", before, after)))
        assert bars.get_column("ts").to_list() == [midnight(each.day) for each in sessions(before, after)]
        assert midnight(before).hour != midnight(after).hour

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

    def test_weeks_are_whole_and_start_on_monday(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol, first, last = known(facts.weeks, "bars of weeks")
        weekly = call(provider.bars(BarQuery.of(symbol, "1w", first, last)))
        require_schema(weekly, BARS)
        require_bars(weekly, symbol, facts)
        monday = first - timedelta(days=first.weekday())
        sunday = last + timedelta(days=6 - last.weekday())
        daily = call(provider.bars(BarQuery.of(symbol, "1d", monday, sunday)))
        assert weekly.get_column("ts").to_list() == [
            midnight(monday + timedelta(days=7 * week)) for week in range(((sunday - monday).days + 1) // 7)
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

    def test_a_half_day_is_a_daily_bar_like_others(self, provider: BrokerDataProvider, facts: Facts) -> None:
        day = known(facts.half_day, "half-day")
        bars = call(provider.bars(BarQuery.of(known(facts.daily, "daily bars").symbol, "1d", day, day)))
        assert bars.get_column("session").to_list() == [day]

    def test_an_index_has_daily_bars_without_volume(self, provider: IndicesDataProvider, facts: Facts) -> None:
        index = known(facts.index, "index with bars")
        _, first, last = known(facts.daily, "daily bars")
        bars = call(provider.bars(BarQuery.of(index, "1d", first, last)))
        require_schema(bars, BARS)
        assert bars.get_column("session").to_list() == [each.day for each in sessions(first, last)]
        assert bars.get_column("symbol").unique().to_list() == [index]
        assert bars.get_column("adjustment").unique().to_list() == ["raw"]
        assert bars.select("volume", "vwap", "trades").null_count().row(0) == (bars.height,) * 3

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
        require_teller(caught.value, facts)
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
