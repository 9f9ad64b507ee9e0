"""What is asked of `OptionsDataProvider.contract`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.chain_query import ChainQuery
from quantdata.errors import ContractNotFoundError
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

if TYPE_CHECKING:
    import polars as pl

    from quantdata.clients.protocols import OptionsDataProvider


class ContractQuestions:
    """`OptionsDataProvider.contract`."""

    @pytest.fixture
    def one(self, provider: OptionsDataProvider, facts: Facts) -> pl.DataFrame:
        """Return the row of `Facts.contract`."""
        return call(provider.contract(parse_option(known(facts.contract, "contract"))))

    def test_a_contract_is_a_chain_of_one_row(self, one: pl.DataFrame, facts: Facts) -> None:
        require_schema(one, CHAIN)
        assert named(one) == [facts.contract]

    def test_nothing_that_identifies_it_is_null(self, one: pl.DataFrame) -> None:
        require_filled(one, IDENTITY)

    def test_missing_is_null_and_never_nan_or_blank(self, one: pl.DataFrame) -> None:
        require_missing_is_null(one)

    def test_it_says_who_when_and_how_fresh(self, one: pl.DataFrame, facts: Facts) -> None:
        require_provenance(one, facts)

    def test_it_is_judged_and_discounted(self, one: pl.DataFrame) -> None:
        require_judged(one, QUALITY_OF_CHAINS)
        require_filled(one, ("discount_factor",))

    def test_days_to_expiry_are_counted_from_the_hosts_clock(self, one: pl.DataFrame, facts: Facts) -> None:
        symbol = parse_option(known(facts.contract, "contract"))
        assert one.get_column("dte")[0] == (symbol.expiration - facts.today).days

    def test_it_is_its_row_of_the_chain(self, provider: OptionsDataProvider, facts: Facts, one: pl.DataFrame) -> None:
        symbol = parse_option(known(facts.contract, "contract"))
        known(facts.underlying, "underlying whose whole chain can be had")
        query = ChainQuery.of(symbol.underlying, expirations=symbol.expiration, strikes=symbol.strike)
        row = call(provider.chain(query)).filter(contract_symbol=symbol.occ)
        require_same_contracts(one, row)

    def test_a_contract_that_is_not_listed_is_not_found(self, provider: OptionsDataProvider, facts: Facts) -> None:
        symbol = parse_option(known(facts.unlisted, "contract that is not listed"))
        with pytest.raises(ContractNotFoundError) as caught:
            call(provider.contract(symbol))
        require_teller(caught.value, facts)
        assert symbol.occ in str(caught.value)

    def test_an_expired_contract_is_not_found(self, provider: OptionsDataProvider, facts: Facts) -> None:
        with pytest.raises(ContractNotFoundError):
            call(provider.contract(parse_option(known(facts.expired, "expired contract"))))

    def test_roots_tell_series_of_one_day_apart(self, provider: OptionsDataProvider, facts: Facts) -> None:
        twins = known(facts.am_and_pm, "index with AM and PM series")
        chain = call(provider.chain(ChainQuery.of(twins.underlying, expirations=twins.expiration)))
        for root, settlement in ((twins.plain, "AM"), (twins.other, "PM")):
            symbol = chain.filter(root_symbol=root).get_column("contract_symbol")[0]
            row = call(provider.contract(parse_option(symbol))).row(0, named=True)
            said = (row["root_symbol"], row["underlying_symbol"], row["settlement"])
            assert said == (root, twins.underlying, settlement)

    def test_an_adjusted_contract_is_marked(self, provider: OptionsDataProvider, facts: Facts) -> None:
        pair = known(facts.adjusted, "underlying with an adjusted root")
        chain = call(provider.chain(ChainQuery.of(pair.underlying, expirations=pair.expiration)))
        symbol = chain.filter(root_symbol=pair.other).get_column("contract_symbol")[0]
        row = call(provider.contract(parse_option(symbol))).row(0, named=True)
        assert (row["contract_symbol"], row["underlying_symbol"], row["is_adjusted"]) == (symbol, pair.underlying, True)

    def test_the_same_question_has_the_same_answer(
        self, provider: OptionsDataProvider, facts: Facts, one: pl.DataFrame
    ) -> None:
        again = call(provider.contract(parse_option(known(facts.contract, "contract"))))
        assert_frame_equal(unstamped(again), unstamped(one))

    def test_a_contract_can_be_had_after_a_failure(self, provider: OptionsDataProvider, facts: Facts) -> None:
        with pytest.raises(ContractNotFoundError):
            call(provider.contract(parse_option(known(facts.unlisted, "contract that is not listed"))))
        assert call(provider.contract(parse_option(known(facts.contract, "contract")))).height == 1
