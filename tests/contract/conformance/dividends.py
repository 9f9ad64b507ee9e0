"""What is asked of `Provider.dividends`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.portal import call
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import require_filled, require_missing_is_null

if TYPE_CHECKING:
    from quantdata.clients.protocols import Provider

SCHEMA: Final = pl.Schema({"ex_date": pl.Date, "amount": pl.Float64})


class DividendQuestions:
    """`Provider.dividends`."""

    @pytest.fixture
    def paid(self, provider: Provider, facts: Facts) -> pl.DataFrame:
        """Return the dividends to come of the payer of `Facts.dividend`."""
        return call(provider.dividends(known(facts.dividend, "dividend").symbol))

    def test_dividends_are_days_and_amounts(self, paid: pl.DataFrame) -> None:
        assert paid.schema == SCHEMA
        require_filled(paid, tuple(SCHEMA))
        require_missing_is_null(paid)

    def test_they_are_to_come_and_rise(self, paid: pl.DataFrame, facts: Facts) -> None:
        days = paid.get_column("ex_date")
        assert paid.filter((pl.col("ex_date") < facts.today) | (pl.col("amount") <= 0)).is_empty()
        assert days.is_sorted()
        assert days.n_unique() == days.len()

    def test_a_payer_goes_on_paying_and_a_vendor_without_dividends_has_none(
        self, paid: pl.DataFrame, facts: Facts
    ) -> None:
        # A model without them is no failure: nothing is refused here.
        assert paid.is_empty() is ("corporate actions" in facts.lacks)

    def test_an_index_and_what_is_unknown_have_none(self, provider: Provider, facts: Facts) -> None:
        known(facts.dividend, "dividend")
        for underlying in (facts.index or "SPX", facts.unknown):
            none = call(provider.dividends(underlying))
            assert none.schema == SCHEMA
            assert none.is_empty()

    def test_they_are_kept(self, provider: Provider, facts: Facts, paid: pl.DataFrame) -> None:
        before = provider.requests_sent
        again = call(provider.dividends(known(facts.dividend, "dividend").symbol))
        assert_frame_equal(again, paid)
        assert provider.requests_sent == before
