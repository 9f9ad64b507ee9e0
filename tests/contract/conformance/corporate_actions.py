"""What is asked of `BrokerDataProvider.corporate_actions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata.errors import EntitlementError
from quantdata.frames.columns import CORPORATE_ACTIONS, schema
from quantdata.portal import call
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import require_filled, require_missing_is_null

if TYPE_CHECKING:
    from quantdata.clients.protocols import Provider


class CorporateActionQuestions:
    """`BrokerDataProvider.corporate_actions`."""

    @pytest.fixture
    def payer(self, facts: Facts) -> str:
        """Return the payer of `Facts.dividend`."""
        return known(facts.dividend, "dividend").symbol

    def test_actions_are_days_and_what_happened(self, provider: Provider, facts: Facts, payer: str) -> None:
        _require_any(facts)
        actions = call(provider.corporate_actions(payer))
        assert actions.schema == schema(CORPORATE_ACTIONS)
        require_filled(actions, ("symbol", "ex_date", "action", "source"))
        require_missing_is_null(actions)
        assert actions.get_column("symbol").unique().to_list() == [payer]
        assert actions.get_column("ex_date").is_sorted()
        assert set(actions.get_column("source")) <= set(facts.answering)
        is_split = pl.col("action") == "split"
        assert actions.filter(is_split != pl.col("ratio").is_not_null()).is_empty()
        assert actions.filter(is_split == pl.col("amount").is_not_null()).is_empty()

    def test_a_dividend_is_among_them(self, provider: Provider, facts: Facts, payer: str) -> None:
        _require_any(facts)
        between = known(facts.dividend, "dividend")
        actions = call(provider.corporate_actions(payer))
        paid = actions.filter(pl.col("ex_date").is_between(between.first, between.last), action="dividend")
        assert (paid.get_column("amount") > 0).any()

    def test_splits_have_their_ratio(self, provider: Provider, facts: Facts) -> None:
        _require_any(facts)
        for split in known(facts.splits, "splits"):
            actions = call(provider.corporate_actions(split.symbol))
            assert actions.filter(action="split", ex_date=split.day).get_column("ratio").to_list() == [split.ratio]

    def test_a_host_without_them_refuses(self, provider: Provider, facts: Facts, payer: str) -> None:
        if "corporate actions" not in facts.lacks:
            pytest.skip("the host has them")
        with pytest.raises(EntitlementError):
            call(provider.corporate_actions(payer))


def _require_any(facts: Facts) -> None:
    if "corporate actions" in facts.lacks:
        pytest.skip("the host has none: see the test of its refusal")
