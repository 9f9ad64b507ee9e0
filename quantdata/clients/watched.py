"""A provider whose every question is timed, counted and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import polars as pl

from quantdata.clients.subscriptions import PolledSubscriptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence
    from datetime import date, datetime

    from quantdata.clients.bar_query import BarQuery
    from quantdata.clients.chain_query import ChainQuery
    from quantdata.clients.health import Health, Question
    from quantdata.clients.option_tape import OptionTape
    from quantdata.clients.protocols import Provider
    from quantdata.clients.status import MarketStatus
    from quantdata.symbols import OptionSymbol
    from quantdata.wire.limits import Budget
    from quantdata.wire.metrics import Metrics

__all__ = ["Watched"]

T = TypeVar("T")


class Watched(PolledSubscriptions):
    """A provider around another one: the same answers and errors, and a record of them.

    Parameters
    ----------
    provider
        Who answers.
    health
        Where successes, failures and response times go.
    metrics
        Where rows are counted.

    Attributes
    ----------
    health
        The same; ``health.allows("chain")`` tells whether asking is worth it. Asking an unhealthy provider works all
        the same: who has no other one does.
    """

    def __init__(self, provider: Provider, *, health: Health, metrics: Metrics) -> None:
        self.capabilities = provider.capabilities
        self.health = health
        self._provider = provider
        self._metrics = metrics

    @property
    def name(self) -> str:
        """The vendor's name."""
        return self._provider.name

    @property
    def requests_sent(self) -> int:
        """Count of requests sent so far, retries included."""
        return self._provider.requests_sent

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        """Return what the provider's ``chain`` does."""
        return await self._recorded("chain", self._provider.chain(query))

    async def contract(self, symbol: OptionSymbol) -> pl.DataFrame:
        """Return what the provider's ``contract`` does."""
        return await self._recorded("contract", self._provider.contract(symbol))

    async def expirations(self, underlying: str, *, start: date | None, end: date | None) -> list[date]:
        """Return what the provider's ``expirations`` does."""
        return await self._recorded("expirations", self._provider.expirations(underlying, start=start, end=end))

    async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return what the provider's ``quotes`` does."""
        return await self._recorded("quotes", self._provider.quotes(tickers))

    async def indices(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return what the provider's ``indices`` does."""
        return await self._recorded("indices", self._provider.indices(tickers))

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        """Return what the provider's ``bars`` does."""
        return await self._recorded("bars", self._provider.bars(query))

    async def corporate_actions(self, symbol: str) -> pl.DataFrame:
        """Return what the provider's ``corporate_actions`` does."""
        return await self._recorded("corporate_actions", self._provider.corporate_actions(symbol))

    async def trades(self, symbol: str, *, start: datetime, end: datetime) -> pl.DataFrame:
        """Return what the provider's ``trades`` does."""
        return await self._recorded("trades", self._provider.trades(symbol, start=start, end=end))

    async def option_tape(self, symbol: str, *, start: datetime, end: datetime) -> OptionTape:
        """Return what the provider's ``option_tape`` does."""
        return await self._recorded("option_tape", self._provider.option_tape(symbol, start=start, end=end))

    async def market_status(self) -> MarketStatus:
        """Return what the provider's ``market_status`` does."""
        return await self._recorded("market_status", self._provider.market_status())

    async def entitlements(self) -> pl.DataFrame:
        """Return what the provider's ``entitlements`` does; it asks for what may well be refused, so nothing counts."""
        return await self._provider.entitlements()

    @property
    def is_delayed(self) -> bool:
        """Whether all that the host has is late."""
        return self._provider.is_delayed

    async def dividends(self, underlying: str) -> pl.DataFrame:
        """Return the dividends to come of a stock or fund; it is the model that asks, so nothing counts."""
        return await self._provider.dividends(underlying)

    def budgets(self) -> list[Budget]:
        """Return what is left of the account's rate."""
        return self._provider.budgets()

    def now(self) -> datetime:
        """Return the present at the host (UTC)."""
        return self._provider.now()

    async def present(self) -> datetime:
        """Return the present at the host (UTC); one that may be a simulator is asked, which is no question."""
        return await self._provider.present()

    def kept_since(self, query: BarQuery) -> date | None:
        """Return the first session of which the vendor keeps such bars; None where there is no such limit."""
        return self._provider.kept_since(query)

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        await self._provider.close()

    async def _recorded(self, question: Question, answering: Awaitable[T]) -> T:
        with self.health.attempt(question):
            answer = await answering
        self._metrics.add("rows", _rows(answer), provider=self.name, endpoint=question)
        return answer


def _rows(answer: object) -> int:
    """Count the rows of a frame, of all frames in a tuple, the items of a list; anything else is one."""
    if isinstance(answer, pl.DataFrame):
        return answer.height
    if isinstance(answer, tuple):
        return sum(map(_rows, answer))
    return len(answer) if isinstance(answer, list) else 1
