"""Subscriptions to a provider: a question asked again and again, of whose answers only news is handed out."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from quantdata.clients.arguments import number, texts
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.order_flow import find_flow
from quantdata.clients.protocols import INTERVAL_S
from quantdata.errors import (
    AllProvidersFailedError,
    ClosedError,
    DataProviderError,
    IncompleteError,
    MaxRetriesError,
    PayloadError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Self

    import polars as pl

    from quantdata.clients.flow_query import FlowQuery
    from quantdata.clients.protocols import BrokerDataProvider, IndicesDataProvider, OptionsDataProvider

__all__ = ["PolledSubscriptions", "Subscription", "shown"]

logger = logging.getLogger("quantdata.clients")

# What shows the same as before is not asked for more often, whoever wants it.
LEAST_INTERVAL_S: Final = 0.1
# These differ between two answers of a market that stands still: when each came, and what is counted from there.
OF_THE_ANSWER: Final = ("snapshot_ts", "received_ts", "age_s", "time_to_expiry")
MAY_PASS: Final = (UnavailableError, RateLimitError, MaxRetriesError, PayloadError)


class Subscription:
    """An async iterator over the answers to one question: the first, and then each that is not as the one before.

    It asks only while somebody waits for the next frame, at most once an interval, on the loop of its provider; there
    is nothing to close. A reader that takes longer than an interval misses what was in between and gets the newest.
    Cancelling the wait calls the question off, and the iteration can go on later. A failure that may pass (no answer,
    too many requests, an answer that cannot be read or only a part of one) is counted and logged, and asked again
    after the interval or what the vendor wishes; any other is raised.

    Parameters
    ----------
    ask
        Asks, and returns a canonical frame.
    about
        What the question is about, for the log.
    interval_s
        Seconds from one asking to the next, at least 0.1.
    clock, sleep
        Monotonic seconds, and how they are waited for; tests pass their own.

    Attributes
    ----------
    answers, failures
        How many questions were answered, and how many failed.
    last_error
        The failure since the last answer; None where there was none.

    Raises
    ------
    ArgumentError
        If the interval is not a number of at least 0.1.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[pl.DataFrame]],
        *,
        about: str,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.answers = 0
        self.failures = 0
        self.last_error: DataProviderError | None = None
        self._ask = ask
        self._about = about
        self._interval_s = number(interval_s, name="interval_s", least=LEAST_INTERVAL_S)
        self._clock = clock
        self._sleep = sleep
        self._due_at = clock()
        self._shown: pl.DataFrame | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> pl.DataFrame:
        while True:
            await self._due()
            answer = await self._answer()
            if answer is None:
                continue
            shows = shown(answer)
            if self._shown is None or not await asyncio.to_thread(shows.equals, self._shown):
                self._shown = shows
                return answer

    async def _due(self) -> None:
        """Wait until it is time to ask; what was missed is not made up for."""
        while (wait_s := self._due_at - self._clock()) > 0.0:
            await self._sleep(wait_s)
        self._due_at = self._clock() + self._interval_s

    async def _answer(self) -> pl.DataFrame | None:
        """Ask; None where that failed and may not fail next time."""
        try:
            answer = await self._ask()
        except DataProviderError as error:
            if not _may_pass(error):
                raise
            self._note(error)
            return None
        if self.last_error is not None:
            logger.info("subscription answered again %s", facts(about=self._about, failures=self.failures))
        self.answers += 1
        self.last_error = None
        return answer

    def _note(self, error: DataProviderError) -> None:
        """Count a failure, and tell of the first one in a row."""
        if self.last_error is None:
            logger.warning("subscription unanswered %s", facts(about=self._about, code=error.code.value, why=error))
        self.failures += 1
        self.last_error = error
        self._due_at = max(self._due_at, self._clock() + (error.retry_after_s or 0.0))


def shown(frame: pl.DataFrame) -> pl.DataFrame:
    """Return what a canonical frame shows of the market: without when its answer came, and what is counted from there.

    Two answers that show the same are no news to each other.
    """
    return frame.drop(OF_THE_ANSWER, strict=False)


class PolledSubscriptions:
    """The subscriptions of the provider protocols, for any provider that answers their questions.

    Examples
    --------
    >>> from quantdata.clients import ChainQuery
    >>> async def watch(provider):
    ...     async for chain in provider.subscribe_chain(ChainQuery.of("SPY", dte=(0, 7)), interval_s=1.0):
    ...         print(chain.height, chain.get_column("underlying_price")[0])
    """

    def subscribe_chain(
        self: OptionsDataProvider, query: ChainQuery, *, interval_s: float = INTERVAL_S
    ) -> Subscription:
        """Return the chains of a query as they change: what ``chain`` returns, with the columns of `CHAIN`."""
        return Subscription(partial(self.chain, query), about=f"chain {query.underlying}", interval_s=interval_s)

    def subscribe_flow(self: OptionsDataProvider, query: FlowQuery, *, interval_s: float = INTERVAL_S) -> Subscription:
        """Return the order flow of a query as it changes, with the columns of `FLOW`.

        Each look costs one chain and one tape for each contract whose tape is read.

        Raises
        ------
        EntitlementError
            While iterating, if the vendor or the plan has no tape that tells who bought.
        """
        return Subscription(partial(_flow, self, query), about=f"flow {query.underlying}", interval_s=interval_s)

    def subscribe_index(
        self: IndicesDataProvider, tickers: Sequence[str], *, interval_s: float = INTERVAL_S
    ) -> Subscription:
        """Return the values of indices as they change: what ``indices`` returns, with the columns of `INDEX_QUOTES`."""
        asked = texts(tickers, name="tickers")
        return Subscription(partial(self.indices, asked), about=f"indices {', '.join(asked)}", interval_s=interval_s)

    def subscribe_equity(
        self: BrokerDataProvider, tickers: Sequence[str], *, interval_s: float = INTERVAL_S
    ) -> Subscription:
        """Return the quotes of stocks and funds as they change: what ``quotes`` returns, as `EQUITY_QUOTES`."""
        asked = texts(tickers, name="symbols")
        return Subscription(partial(self.quotes, asked), about=f"quotes {', '.join(asked)}", interval_s=interval_s)


async def _flow(provider: OptionsDataProvider, query: FlowQuery) -> pl.DataFrame:
    chain = await provider.chain(ChainQuery.of(query.underlying))
    return await find_flow(provider, query, chain, needs_tape=True)


def _may_pass(error: DataProviderError) -> bool:
    """Tell whether a question that failed may be answered the next time, by any of those who were asked."""
    if isinstance(error, AllProvidersFailedError):
        return any(_may_pass(each) for each in error.errors.values())
    if isinstance(error, IncompleteError):
        return _may_pass(error.reason)
    return isinstance(error, MAY_PASS) and not isinstance(error, ClosedError)
