"""What is asked of `Provider.entitlements`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.capabilities import BLOCKS
from quantdata.frames.columns import ENTITLEMENTS
from quantdata.portal import call
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import require_missing_is_null, require_schema

if TYPE_CHECKING:
    from quantdata.clients.protocols import Provider


class EntitlementQuestions:
    """`Provider.entitlements`."""

    @pytest.fixture
    def plan(self, provider: Provider, facts: Facts) -> pl.DataFrame:
        """Return what the provider says of its plan."""
        known(facts.refused is not None, "plan")
        return call(provider.entitlements())

    def test_each_block_is_one_row_in_order(self, plan: pl.DataFrame, facts: Facts) -> None:
        require_schema(plan, ENTITLEMENTS)
        assert plan.select("provider", "block").rows() == [
            (name, block) for name in facts.answering for block in BLOCKS
        ]

    def test_every_block_was_asked_for(self, plan: pl.DataFrame, facts: Facts) -> None:
        assert plan.get_column("is_entitled").null_count() == 0
        said = dict(plan.group_by("block").agg(pl.col("is_entitled").any()).iter_rows())
        assert said == {block: block not in (facts.refused or ()) for block in BLOCKS}

    def test_what_comes_has_a_freshness_and_what_does_not_a_reason(self, plan: pl.DataFrame) -> None:
        require_missing_is_null(plan)
        assert plan.filter(pl.col("is_entitled") != pl.col("feed").is_not_null()).is_empty()
        assert plan.filter(pl.col("is_entitled") != pl.col("reason").is_null()).is_empty()

    def test_what_was_refused_is_remembered(self, provider: Provider, plan: pl.DataFrame) -> None:
        lacking = set(BLOCKS) - set(plan.filter("is_entitled").get_column("block"))
        assert {block for block in BLOCKS if provider.capabilities.lacks(block)} == lacking
        assert_frame_equal(provider.capabilities.frame(), plan)

    def test_the_same_question_has_the_same_answer(self, provider: Provider, plan: pl.DataFrame) -> None:
        assert_frame_equal(call(provider.entitlements()), plan)
