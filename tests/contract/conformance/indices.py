"""What is asked of `IndicesDataProvider.indices`."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.protocols import IndicesDataProvider
from quantdata.errors import QuoteNotFoundError, SymbolError
from quantdata.frames.columns import INDEX_QUOTES
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

    def test_every_row_is_judged(self, values: pl.DataFrame) -> None:
        require_judged(values)

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
        told = {"symbol", "vendor_error", "source", "feed", *STAMPS, *QUALITY_OF_ROWS}
        assert [name for name, value in lacking.items() if value is not None and name not in told] == []
        assert (lacking["confidence"], lacking["quality"], lacking["errors"]) == (0, "poor", ["vendor_error"])
        assert values.get_column("vendor_error")[1] is None

    def test_unknown_indices_alone_are_not_found(self, provider: IndicesDataProvider, facts: Facts) -> None:
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.indices([facts.unknown]))
        require_teller(caught.value, facts)
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
