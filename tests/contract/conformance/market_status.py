"""What is asked of `BrokerDataProvider.market_status`, and of what a `Provider` tells of itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from quantdata.clients.capabilities import BLOCKS
from quantdata.clients.protocols import BrokerDataProvider, IndicesDataProvider, OptionsDataProvider, Provider
from quantdata.errors import DataProviderError
from quantdata.frames.columns import ENTITLEMENTS
from quantdata.portal import call
from quantdata.sessions import session_day
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import require_schema


class StatusQuestions:
    """`BrokerDataProvider.market_status`, and what a `Provider` tells of itself."""

    def test_provider_is_of_every_kind(self, provider: Provider) -> None:
        for kind in (OptionsDataProvider, IndicesDataProvider, BrokerDataProvider, Provider):
            assert isinstance(provider, kind)

    def test_provider_has_its_name(self, provider: Provider, facts: Facts) -> None:
        assert provider.name == facts.name == provider.capabilities.provider

    def test_status_says_what_time_it_is_and_when_that_changes(self, provider: Provider, facts: Facts) -> None:
        market = known(facts.market, "state of the market")
        status = call(provider.market_status())
        assert (status.market, status.source) == (market, facts.answering[0])
        assert status.server_time.utcoffset() == timedelta(0)
        assert session_day(status.server_time) == facts.today
        assert status.server_time < min(status.next_open, status.next_close)
        is_open_next = status.next_close < status.next_open
        assert is_open_next is (status.market == "open")

    def test_the_present_is_that_of_the_host(self, provider: Provider, facts: Facts) -> None:
        known(facts.market, "state of the market")
        call(provider.market_status())
        assert provider.now().utcoffset() == timedelta(0)
        assert session_day(provider.now()) == facts.today

    def test_requests_are_counted(self, provider: Provider, facts: Facts) -> None:
        known(facts.market, "state of the market")
        before = provider.requests_sent
        call(provider.market_status())
        assert provider.requests_sent == before + 1

    def test_budgets_tell_what_is_left(self, provider: Provider, facts: Facts) -> None:
        known(facts.market, "state of the market")
        call(provider.market_status())
        budgets = provider.budgets()
        assert budgets
        for budget in budgets:
            assert 0 <= budget.available <= budget.per_minute

    def test_a_host_that_is_late_with_everything_says_so(self, provider: Provider, facts: Facts) -> None:
        assert provider.is_delayed is facts.is_delayed

    def test_nothing_is_known_of_the_plan_before_anything_was_asked(self, provider: Provider) -> None:
        require_schema(provider.capabilities.frame(), ENTITLEMENTS)
        assert [block for block in BLOCKS if provider.capabilities.lacks(block)] == []

    def test_a_provider_can_be_closed_twice(self, provider: Provider, facts: Facts) -> None:
        if facts.market is not None:
            call(provider.market_status())
        call(provider.close())
        call(provider.close())

    def test_a_closed_provider_fails_as_others_do(self, provider: Provider) -> None:
        call(provider.close())
        with pytest.raises(DataProviderError, match="closed"):
            call(provider.market_status())
