"""What is asked of `BrokerDataProvider.quotes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.errors import QuoteNotFoundError, SymbolError
from quantdata.frames.columns import EQUITY_QUOTES
from quantdata.portal import call
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import (
    QUALITY_OF_ROWS,
    STAMPS,
    require_filled,
    require_judged,
    require_missing_is_null,
    require_provenance,
    require_schema,
    require_teller,
    symbols_of,
    unstamped,
)

if TYPE_CHECKING:
    from quantdata.clients.protocols import BrokerDataProvider


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

    def test_every_row_is_judged(self, quotes: pl.DataFrame) -> None:
        require_judged(quotes)

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
        told = {"symbol", "vendor_error", "source", "feed", *STAMPS, *QUALITY_OF_ROWS}
        assert [name for name, value in lacking.items() if value is not None and name not in told] == []
        assert (lacking["confidence"], lacking["quality"], lacking["errors"]) == (0, "poor", ["vendor_error"])
        assert quotes.get_column("vendor_error")[1] is None

    def test_unknown_symbols_alone_are_not_found(self, provider: BrokerDataProvider, facts: Facts) -> None:
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.quotes([facts.unknown]))
        require_teller(caught.value, facts)
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
