"""What a provider answers: three kinds of vendor, each a protocol, and the whole that a client is built on.

A third provider implements the kinds that it can; ``tests/contract/conformance`` holds it to what they promise.
Every answer is a canonical frame (`quantdata.frames.columns`), complete or a `DataProviderError`. A subscription is an
async iterator over such answers: the first, and then each that shows anything else than the one before, at most one in
``interval_s`` seconds (at least 0.1). It goes on through failures that may pass and raises any other; nothing runs
unless somebody waits for the next frame. `quantdata.clients.subscriptions` makes them of the questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date, datetime

    import polars as pl

    from quantdata.clients.bar_query import BarQuery
    from quantdata.clients.capabilities import Capabilities
    from quantdata.clients.chain_query import ChainQuery
    from quantdata.clients.flow_query import FlowQuery
    from quantdata.clients.option_tape import OptionTape
    from quantdata.clients.status import MarketStatus
    from quantdata.symbols import OptionSymbol
    from quantdata.wire.limits import Budget

__all__ = ["INTERVAL_S", "BrokerDataProvider", "IndicesDataProvider", "OptionsDataProvider", "Provider"]

# Between two looks of a subscription.
INTERVAL_S: Final = 5.0


@runtime_checkable
class OptionsDataProvider(Protocol):
    """Answers questions about listed options."""

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        """Return every contract that the vendor's part of a query lets through, with the columns of `CHAIN`.

        Both types always: calls without their puts tell no forward.

        Raises
        ------
        QuoteNotFoundError
            If there are no options on the underlying.
        IncompleteError
            If only a part arrived; ``received`` is the chain of that part.
        """
        ...

    async def contract(self, symbol: OptionSymbol) -> pl.DataFrame:
        """Return one live contract as a chain of one row, or raise `ContractNotFoundError`."""
        ...

    async def expirations(self, underlying: str, *, start: date | None, end: date | None) -> list[date]:
        """Return the days from today on, within the range, on which options expire: all roots, rising."""
        ...

    async def option_tape(self, symbol: str, *, start: datetime, end: datetime) -> OptionTape:
        """Return the prints of one contract, and the quotes that tell who took whose price.

        Raises
        ------
        EntitlementError
            If the vendor or the plan has no tape with venues and conditions; one without quotes has empty ``quotes``.
        """
        ...

    def subscribe_chain(self, query: ChainQuery, *, interval_s: float = INTERVAL_S) -> AsyncIterator[pl.DataFrame]:
        """Return the chains of a query as they change: what `chain` returns."""
        ...

    def subscribe_flow(self, query: FlowQuery, *, interval_s: float = INTERVAL_S) -> AsyncIterator[pl.DataFrame]:
        """Return the order flow of a query as it changes, with the columns of `FLOW`.

        Raises
        ------
        EntitlementError
            While iterating, if the vendor or the plan has no tape that tells who bought.
        """
        ...


@runtime_checkable
class IndicesDataProvider(Protocol):
    """Answers questions about cash indices."""

    async def indices(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return one row for each index, in the order asked, with the columns of `INDEX_QUOTES`."""
        ...

    def subscribe_index(self, tickers: Sequence[str], *, interval_s: float = INTERVAL_S) -> AsyncIterator[pl.DataFrame]:
        """Return the values of indices as they change: what `indices` returns."""
        ...

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        """Return bars of one symbol, oldest first, with the columns of `BARS`."""
        ...


@runtime_checkable
class BrokerDataProvider(Protocol):
    """Answers questions about stocks and funds, and about the market as a whole."""

    async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return one row for each stock or fund, in the order asked, with the columns of `EQUITY_QUOTES`."""
        ...

    def subscribe_equity(
        self, tickers: Sequence[str], *, interval_s: float = INTERVAL_S
    ) -> AsyncIterator[pl.DataFrame]:
        """Return the quotes of stocks and funds as they change: what `quotes` returns."""
        ...

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        """Return bars of one symbol, oldest first, with the columns of `BARS`."""
        ...

    async def corporate_actions(self, symbol: str) -> pl.DataFrame:
        """Return the splits and dividends of a stock or fund, with the columns of `CORPORATE_ACTIONS`.

        Raises
        ------
        EntitlementError
            If the host has none.
        """
        ...

    async def trades(self, symbol: str, *, start: datetime, end: datetime) -> pl.DataFrame:
        """Return the tape of one stock or option contract, oldest first, with the columns of `TRADES`."""
        ...

    async def market_status(self) -> MarketStatus:
        """Return whether the market is open now, and the vendor's clock."""
        ...


@runtime_checkable
class Provider(OptionsDataProvider, IndicesDataProvider, BrokerDataProvider, Protocol):
    """All three, and what is known of the account: what a client needs of a vendor."""

    capabilities: Capabilities

    @property
    def name(self) -> str:
        """The vendor's name."""
        ...

    @property
    def requests_sent(self) -> int:
        """Count of requests sent so far, retries included."""
        ...

    @property
    def is_delayed(self) -> bool:
        """Whether all that the host has is late, as a sandbox's."""
        ...

    async def dividends(self, underlying: str) -> pl.DataFrame:
        """Return the dividends to come of a stock or fund: ``ex_date``, ``amount``; no row where none are known."""
        ...

    def budgets(self) -> list[Budget]:
        """Return what is left of the account's rate."""
        ...

    def now(self) -> datetime:
        """Return the present at the host (UTC), as its last answer told it."""
        ...

    async def present(self) -> datetime:
        """Return the present at the host (UTC); one that may be a simulator is asked."""
        ...

    def kept_since(self, query: BarQuery) -> date | None:
        """Return the first session of which the vendor keeps such bars; None where there is no such limit."""
        ...

    async def entitlements(self) -> pl.DataFrame:
        """Ask for a little of everything; return what the plan delivers, with the columns of `ENTITLEMENTS`."""
        ...

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        ...
