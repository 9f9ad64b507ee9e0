"""What is asked of `BrokerDataProvider.trades`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.bar_query import BarQuery
from quantdata.errors import ContractNotFoundError, EntitlementError, QuoteNotFoundError
from quantdata.frames.columns import TICK, TRADES
from quantdata.portal import call
from quantdata.sessions import session, session_day
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import (
    require_filled,
    require_missing_is_null,
    require_schema,
    require_source,
    require_teller,
)

if TYPE_CHECKING:
    from quantdata.clients.protocols import BrokerDataProvider


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
        require_source(tape, facts)
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
        require_teller(caught.value, facts)
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


def within(start: datetime, end: datetime) -> pl.Expr:
    """Return whether a print is in a range, to the nanosecond, both ends included."""
    return pl.col("ts").is_between(pl.lit(start).cast(TICK), pl.lit(end).cast(TICK))
