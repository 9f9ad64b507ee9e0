"""What is asked of `BrokerDataProvider.bars` by the minute."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.bar_query import BarQuery
from quantdata.frames.columns import BARS
from quantdata.portal import call
from quantdata.sessions import session, sessions
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import require_bars, require_refusal, require_schema

if TYPE_CHECKING:
    from quantdata.clients.protocols import BrokerDataProvider, IndicesDataProvider

INTRADAY: Final = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60}
REGULAR_MINUTES: Final = 390
HALF_DAY_MINUTES: Final = 210


class IntradayBarQuestions:
    """The part of `BarQuestions` that is about windows within a session."""

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

    def test_a_day_that_is_under_way_ends_now(self, provider: BrokerDataProvider, facts: Facts) -> None:
        symbol = known(facts.minutes, "bars by the minute").symbol
        if facts.market != "open":
            pytest.skip("the market is not open")
        bars = call(provider.bars(BarQuery.of(symbol, "5m", facts.today, facts.today)))
        assert bars.get_column("ts")[0] == session(facts.today).open
        assert bars.get_column("ts")[-1] < session(facts.today).close
        daily = call(provider.bars(BarQuery.of(symbol, "1d", facts.today, facts.today)))
        assert daily.get_column("session").to_list() == [facts.today]

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
