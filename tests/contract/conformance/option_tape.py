"""What is asked of `OptionsDataProvider.option_tape`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata.errors import ContractNotFoundError, EntitlementError
from quantdata.frames.columns import OPTION_QUOTES, TRADES
from quantdata.portal import call
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import require_schema, require_teller

if TYPE_CHECKING:
    from quantdata.clients.option_tape import OptionTape
    from quantdata.clients.protocols import OptionsDataProvider


class OptionTapeQuestions:
    """`OptionsDataProvider.option_tape`."""

    @pytest.fixture
    def tape(self, provider: OptionsDataProvider, facts: Facts) -> OptionTape:
        """Return the tape of `Facts.contract` in the minutes of `Facts.tape`."""
        symbol, (_, start, end) = known(facts.contract, "contract"), known(facts.tape, "stretch of the tape")
        if "option tape" in facts.lacks:
            pytest.skip("the vendor has no tape that tells who bought: see the test of its refusal")
        return call(provider.option_tape(symbol, start=start, end=end))

    def test_prints_and_quotes_have_exactly_the_canonical_columns(self, tape: OptionTape) -> None:
        require_schema(tape.trades, TRADES)
        require_schema(tape.quotes, OPTION_QUOTES)

    def test_prints_and_quotes_are_of_the_contract_and_rise(self, tape: OptionTape, facts: Facts) -> None:
        assert set(tape.trades.get_column("symbol")) <= {facts.contract}
        for frame in tape:
            assert frame.get_column("ts").is_sorted()

    def test_prints_are_in_the_range(self, tape: OptionTape, facts: Facts) -> None:
        _, start, end = known(facts.tape, "stretch of the tape")
        assert tape.trades.filter(~pl.col("ts").is_between(start, end)).is_empty()
        assert tape.quotes.filter(pl.col("ts") > end).is_empty()

    def test_a_vendor_without_a_tape_that_tells_who_bought_refuses(
        self, provider: OptionsDataProvider, facts: Facts
    ) -> None:
        symbol, (_, start, end) = known(facts.contract, "contract"), known(facts.tape, "stretch of the tape")
        if "option tape" not in facts.lacks:
            pytest.skip("the vendor has such a tape")
        with pytest.raises(EntitlementError) as caught:
            call(provider.option_tape(symbol, start=start, end=end))
        require_teller(caught.value, facts)

    def test_a_contract_that_is_not_listed_is_not_found_or_refused(
        self, provider: OptionsDataProvider, facts: Facts
    ) -> None:
        symbol, (_, start, end) = known(facts.unlisted, "unlisted contract"), known(facts.tape, "stretch of the tape")
        with pytest.raises((ContractNotFoundError, EntitlementError)) as caught:
            call(provider.option_tape(symbol, start=start, end=end))
        require_teller(caught.value, facts)
