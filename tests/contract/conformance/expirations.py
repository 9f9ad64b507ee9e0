"""What is asked of `OptionsDataProvider.expirations`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from quantdata.clients.chain_query import ChainQuery
from quantdata.errors import QuoteNotFoundError
from quantdata.portal import call
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import require_teller

if TYPE_CHECKING:
    from quantdata.clients.protocols import OptionsDataProvider


class ExpirationsQuestions:
    """`OptionsDataProvider.expirations`."""

    @pytest.fixture
    def days(self, provider: OptionsDataProvider, facts: Facts) -> list[date]:
        """Return all expirations of `Facts.expirations_of`."""
        return call(provider.expirations(known(facts.expirations_of, "underlying"), start=None, end=None))

    def test_expirations_are_days_rising_each_once_from_today_on(self, days: list[date], facts: Facts) -> None:
        assert days == sorted(set(days))
        assert {type(day) for day in days} == {date}
        assert days[0] >= facts.today

    def test_ranges_include_both_ends(self, provider: OptionsDataProvider, facts: Facts, days: list[date]) -> None:
        underlying = known(facts.expirations_of, "underlying")
        first, last = days[0], days[-1]
        middle = days[len(days) // 2]
        for start, end in ((first, middle), (middle, last), (middle, middle), (middle, None), (None, middle)):
            listed = call(provider.expirations(underlying, start=start, end=end))
            assert listed == [day for day in days if (start or first) <= day <= (end or last)]

    def test_days_before_today_are_over(self, provider: OptionsDataProvider, facts: Facts, days: list[date]) -> None:
        underlying = known(facts.expirations_of, "underlying")
        long_ago = facts.today - timedelta(days=3650)
        assert call(provider.expirations(underlying, start=long_ago, end=None)) == days
        yesterday = facts.today - timedelta(days=1)
        assert call(provider.expirations(underlying, start=long_ago, end=yesterday)) == []

    def test_a_range_without_expirations_is_empty(
        self, provider: OptionsDataProvider, facts: Facts, days: list[date]
    ) -> None:
        after = days[-1] + timedelta(days=1)
        assert call(provider.expirations(known(facts.expirations_of, "underlying"), start=after, end=None)) == []

    @pytest.mark.parametrize("is_ranged", [False, True])
    def test_an_unknown_underlying_has_none_and_says_so(
        self, provider: OptionsDataProvider, facts: Facts, *, is_ranged: bool
    ) -> None:
        end = facts.today + timedelta(days=30) if is_ranged else None
        with pytest.raises(QuoteNotFoundError) as caught:
            call(provider.expirations(facts.unknown, start=None, end=end))
        require_teller(caught.value, facts)
        assert facts.unknown in str(caught.value)

    def test_all_roots_are_listed_together(self, provider: OptionsDataProvider, facts: Facts) -> None:
        twins = known(facts.am_and_pm, "index with AM and PM series")
        listed = call(provider.expirations(twins.underlying, start=None, end=twins.expiration))
        assert listed.count(twins.expiration) == 1
        near = ChainQuery.of(twins.underlying, expirations=(None, twins.expiration), strikes=(1000, 9999))
        chain = call(provider.chain(near))
        assert chain.get_column("expiration").unique().sort().to_list() == listed
        # The days of the plain root are a part of those of both.
        assert 0 < chain.filter(root_symbol=twins.plain).get_column("expiration").n_unique() < len(listed)

    def test_a_chain_has_the_days_that_are_listed(self, provider: OptionsDataProvider, facts: Facts) -> None:
        underlying = known(facts.underlying, "underlying whose whole chain can be had")
        listed = call(provider.expirations(underlying, start=None, end=None))
        chain = call(provider.chain(ChainQuery.of(underlying)))
        assert chain.get_column("expiration").unique().sort().to_list() == listed

    def test_expirations_can_be_had_after_a_failure(
        self, provider: OptionsDataProvider, facts: Facts, days: list[date]
    ) -> None:
        with pytest.raises(QuoteNotFoundError):
            call(provider.expirations(facts.unknown, start=None, end=None))
        assert call(provider.expirations(known(facts.expirations_of, "underlying"), start=None, end=None)) == days
