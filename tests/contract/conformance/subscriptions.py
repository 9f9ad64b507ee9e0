"""What is asked of the subscriptions of all three kinds: `subscribe_chain`, `_flow`, `_index` and `_equity`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.flow_query import FlowQuery
from quantdata.errors import ArgumentError, DataProviderError, EntitlementError, QuoteNotFoundError
from quantdata.frames.columns import FLOW
from quantdata.portal import call
from tests.contract.conformance.facts import Facts, known
from tests.contract.conformance.requirements import require_judged, require_schema, require_teller, unstamped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import polars as pl

    from quantdata.clients.protocols import Provider

OFTEN_S: Final = 0.1
# Between two looks at whether the provider has asked again.
GLANCE_S: Final = 0.01


class SubscriptionQuestions:
    """The subscriptions of `OptionsDataProvider`, `IndicesDataProvider` and `BrokerDataProvider`."""

    def test_chains_begin_with_what_the_chain_is_now(self, provider: Provider, facts: Facts) -> None:
        query = ChainQuery.of(known(facts.underlying, "underlying"), dte=(0, 45))
        asked = call(provider.chain(query))
        assert_frame_equal(unstamped(_first(lambda: provider.subscribe_chain(query))), unstamped(asked))

    def test_values_of_indices_begin_with_what_they_are_now(self, provider: Provider, facts: Facts) -> None:
        tickers = known(facts.indices, "indices")
        asked = call(provider.indices(tickers))
        assert_frame_equal(unstamped(_first(lambda: provider.subscribe_index(tickers))), unstamped(asked))

    def test_quotes_of_equities_begin_with_what_they_are_now(self, provider: Provider, facts: Facts) -> None:
        tickers = known(facts.equities, "equities")
        asked = call(provider.quotes(tickers))
        assert_frame_equal(unstamped(_first(lambda: provider.subscribe_equity(tickers))), unstamped(asked))

    def test_flow_comes_print_by_print_or_is_refused(self, provider: Provider, facts: Facts) -> None:
        query = FlowQuery.of(known(facts.underlying, "underlying"), top=1)
        if "option tape" in facts.lacks:
            with pytest.raises(EntitlementError) as refused:
                _first(lambda: provider.subscribe_flow(query))
            require_teller(refused.value, facts)
            return
        flow = _first(lambda: provider.subscribe_flow(query))
        require_schema(flow, FLOW)
        require_judged(flow)
        assert flow.filter(method="tape").height == 1

    def test_a_market_that_stands_still_shows_nothing_more(self, provider: Provider, facts: Facts) -> None:
        query = ChainQuery.of(known(facts.underlying, "underlying"), dte=(0, 45))

        async def watch() -> None:
            before = provider.requests_sent
            chains = provider.subscribe_chain(query, interval_s=OFTEN_S)
            await anext(chains)
            of_one_look = provider.requests_sent - before
            waiting = asyncio.ensure_future(_next(chains))
            # No look takes more requests than the first, so that the second of these looks is over.
            while provider.requests_sent <= before + 3 * of_one_look and not waiting.done():  # noqa: ASYNC110  # a count
                await asyncio.sleep(GLANCE_S)
            assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

        call(watch())

    def test_nothing_is_asked_but_for_whoever_waits(self, provider: Provider, facts: Facts) -> None:
        tickers = known(facts.equities, "equities")

        async def watch() -> None:
            quotes = provider.subscribe_equity(tickers)
            before = provider.requests_sent
            await asyncio.sleep(0)
            assert provider.requests_sent == before
            await anext(quotes)
            waiting = asyncio.ensure_future(_next(quotes))
            await asyncio.sleep(0)
            asked = provider.requests_sent
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert provider.requests_sent == asked > before

        call(watch())

    def test_what_is_unknown_is_said_and_not_waited_for(self, provider: Provider, facts: Facts) -> None:
        subscriptions: list[Callable[[], AsyncIterator[pl.DataFrame]]] = [
            lambda: provider.subscribe_chain(ChainQuery.of(facts.unknown)),
            lambda: provider.subscribe_index([facts.unknown]),
            lambda: provider.subscribe_equity([facts.unknown]),
        ]
        for subscribe in subscriptions:
            with pytest.raises(QuoteNotFoundError) as caught:
                _first(subscribe)
            require_teller(caught.value, facts)

    def test_a_closed_provider_ends_its_subscriptions(self, provider: Provider, facts: Facts) -> None:
        call(provider.close())
        with pytest.raises(DataProviderError, match="closed"):
            _first(lambda: provider.subscribe_equity(known(facts.equities, "equities")))

    def test_an_interval_that_is_none_is_refused_before_anything_is_asked(
        self, provider: Provider, facts: Facts
    ) -> None:
        with pytest.raises(ArgumentError, match="interval_s"):
            provider.subscribe_index(known(facts.indices, "indices"), interval_s=0.0)


def _first(subscribe: Callable[[], AsyncIterator[pl.DataFrame]]) -> pl.DataFrame:
    """Return the first frame of a subscription, made and read on the provider's loop."""

    async def read() -> pl.DataFrame:
        return await anext(subscribe())

    return call(read())


async def _next(frames: AsyncIterator[pl.DataFrame]) -> pl.DataFrame:
    return await anext(frames)
