"""Massive's answers to the provider protocols, as canonical frames."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import msgspec
import polars as pl

from quantdata import symbols
from quantdata.clients.bar_query import BarQuery
from quantdata.clients.capabilities import Capabilities
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.massive.bars import BarLoader, ticker
from quantdata.clients.massive.chain import ChainLoader
from quantdata.clients.status import MarketStatus
from quantdata.clients.together import together
from quantdata.config import Secret
from quantdata.errors import (
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    QuoteNotFoundError,
)
from quantdata.frames.chain import with_underlying
from quantdata.frames.massive import chain as chain_frames
from quantdata.frames.massive import equities, indices, reference
from quantdata.frames.massive import trades as tape
from quantdata.frames.provenance import Answer
from quantdata.sessions import session_day
from quantdata.wire.massive import endpoints
from quantdata.wire.massive.rest import PAID_REQUESTS_PER_MINUTE, MassiveRest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from quantdata.symbols import OptionSymbol
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.retry import RetryPolicy

__all__ = ["AsyncMassive"]

T = TypeVar("T")

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Blocks of a chain's rows: the column that shows one, and the column that says how fresh it is.
CHAIN_BLOCKS: Final = {
    "chain_quotes": ("quote_source", "quote_feed"),
    "chain_trades": ("trade_source", "feed"),
    "chain_greeks": ("greeks_source", "greeks_feed"),
    "chain_underlying": ("underlying_source", "feed"),
}

# Rows after which the absence of a block from all of them says that the plan lacks it.
TELLING_ROWS: Final = 20
# Ends, in days from today, of the windows that expirations are listed by side by side.
EXPIRATION_WINDOWS: Final = (7, 21, 45, 90, 180, 365)


class AsyncMassive:
    """Massive.com: option chains, equity and index quotes, bars, trades.

    Belongs to the event loop that it is first used on; `AsyncClient` wraps it for use from any loop. Every frame is
    canonical (`quantdata.frames.columns`), and every failure is a typed `DataProviderError`.

    Parameters
    ----------
    api_key
        Your key; it travels in one request header and shows up nowhere else.
    base_url
        REST base; plain http is for this machine only.
    requests_per_minute
        What the key's plan allows; below 60 all requests are made one after the other.
    policy
        Deadline and retries of each request.
    """

    name = "massive"

    def __init__(
        self,
        api_key: Secret | str,
        *,
        base_url: str = "https://api.massive.com",
        requests_per_minute: float = PAID_REQUESTS_PER_MINUTE,
        policy: RetryPolicy | None = None,
    ) -> None:
        self.capabilities = Capabilities(self.name)
        self._rest = MassiveRest(
            api_key if isinstance(api_key, Secret) else Secret(api_key),
            base_url=base_url,
            requests_per_minute=requests_per_minute,
            policy=policy,
        )
        self._chains = ChainLoader(self._rest)
        self._bars = BarLoader(self._rest)

    @property
    def requests_sent(self) -> int:
        """Count of requests sent so far, retries included."""
        return self._rest.requests_sent

    def now(self) -> datetime:
        """Return the present at the host (UTC): the simulator's clock if it is one."""
        return self._rest.now()

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        """Return the chain that the vendor's part of a query lets through, with the columns of `CHAIN`.

        One row per contract, sorted by expiration, root, strike and type. What no vendor filters is left to the
        caller: `ChainQuery.local_part`.

        Raises
        ------
        QuoteNotFoundError
            If Massive lists no options on the underlying.
        IncompleteError
            If only a part arrived; ``received`` is the chain of that part.

        References
        ----------
        Massive, *Option Chain Snapshot*, ``GET /v3/snapshot/options/{underlyingAsset}``.
        """
        with self._learning("chain"):
            chain = await self._chains.load(query)
        if chain.is_empty():
            await self._require_options_on(query.underlying)
            return chain
        self._learn_blocks(chain)
        if chain.get_column("underlying_price").null_count() == chain.height:
            return await self._with_underlying(chain, query.underlying)
        return chain

    async def contract(self, symbol: OptionSymbol) -> pl.DataFrame:
        """Return one contract as a chain of one row.

        Raises
        ------
        ContractNotFoundError
            If Massive has no such contract, or it has expired.

        References
        ----------
        Massive, *Option Contract Snapshot*, ``GET /v3/snapshot/options/{underlyingAsset}/{optionContract}``.
        """
        request = endpoints.contract_snapshot(symbols.massive_underlying(symbol.underlying), symbol.massive)
        read = partial(_stamped, chain_frames.chain_page)
        (row, is_delayed), _ = await self._rest.page(request, read, not_found=ContractNotFoundError)
        if row.is_empty():
            raise self._no_contract(symbol.occ)
        return chain_frames.chain([row], underlying=symbol.underlying, answer=self._answer(is_delayed=is_delayed))

    async def expirations(self, underlying: str, *, start: date | None, end: date | None) -> list[date]:
        """Return the days on which listed options on an underlying expire, all roots together, rising.

        Raises
        ------
        QuoteNotFoundError
            If Massive lists no options on the underlying.
        IncompleteError
            If only a part arrived; ``received`` is the days of one part.

        References
        ----------
        Massive, *All Contracts*, ``GET /v3/reference/options/contracts``.
        """
        today = session_day(await self._rest.present())
        first, last = max(start or today, today), end
        cuts = [] if self._rest.is_slow else [today + timedelta(days=days) for days in EXPIRATION_WINDOWS]
        inside = [cut for cut in cuts if first < cut and (last is None or cut <= last)]
        windows = zip([first, *inside], [*(cut - timedelta(days=1) for cut in inside), last], strict=True)
        pages = await together(self._expiration_window(underlying, low, high) for low, high in windows)
        days = pl.concat([page for window in pages for page in window]).unique().sort().to_list()
        if not days:
            await self._require_options_on(underlying)
        return days

    async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return one row for each stock or fund, in the order asked, with the columns of `EQUITY_QUOTES`.

        Raises
        ------
        QuoteNotFoundError
            If Massive knows none of them; one that it does not know among others has its reason in ``vendor_error``.

        References
        ----------
        Massive, *Full Market Snapshot*, ``GET /v2/snapshot/locale/us/markets/stocks/tickers``.
        """
        spelled = [symbols.massive_equity(each) for each in tickers]
        with self._learning("equity_quotes"):
            (page, is_delayed), _ = await self._rest.page(
                endpoints.stock_snapshots(spelled), partial(_stamped, equities.equity_page)
            )
        quotes = equities.equity_quotes(page, tickers, answer=self._answer(is_delayed=is_delayed))
        self._require_some(quotes, tickers)
        return quotes

    async def indices(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return one row for each index, in the order asked, with the columns of `INDEX_QUOTES`.

        Raises
        ------
        EntitlementError, QuoteNotFoundError
            If Massive refuses or does not know any of them; one among others has its reason in ``vendor_error``.

        References
        ----------
        Massive, *Indices Snapshot*, ``GET /v3/snapshot/indices``.
        """
        request = endpoints.index_snapshots([symbols.massive_index(each) for each in tickers])
        with self._learning("indices"):
            pages = await self._rest.whole(request, partial(_stamped, indices.index_page))
        quotes = indices.index_quotes(
            pl.concat([page for page, _ in pages]),
            tickers,
            answer=self._answer(is_delayed=any(is_delayed for _, is_delayed in pages)),
        )
        self._require_some(quotes, tickers)
        return quotes

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        """Return bars of one symbol, oldest first, with the columns of `BARS`.

        Raises
        ------
        QuoteNotFoundError, ContractNotFoundError
            If there are no bars because there is no such symbol.
        IncompleteError
            If only a part arrived; ``received`` is the bars of that part.

        References
        ----------
        Massive, *Custom Bars*, ``GET /v2/aggs/ticker/{ticker}/range/…``.
        """
        with self._learning("bars"):
            bars = await self._bars.load(query)
        if bars.is_empty():
            await self._require_known(query.symbol)
        return bars

    async def trades(self, symbol: str, *, start: datetime, end: datetime) -> pl.DataFrame:
        """Return the tape of one stock or option contract, oldest first, with the columns of `TRADES`.

        Raises
        ------
        QuoteNotFoundError, ContractNotFoundError
            If there are no trades because there is no such symbol.
        IncompleteError
            If only a part arrived; ``received`` is the tape of that part.

        References
        ----------
        Massive, *Trades*, ``GET /v3/trades/{ticker}``.
        """
        request = endpoints.trades(ticker(symbol), start_ns=_nanoseconds(start), end_ns=_nanoseconds(end))
        try:
            pages = await self._rest.pages(request, lambda page: tape.trade_page(page.results))
        except IncompleteError as error:
            part = tape.trades(error.received, symbol)
            raise IncompleteError(error.reason, received=part, arrived=f"{part.height:,} trades") from error.reason
        trades = tape.trades(pages, symbol)
        if trades.is_empty():
            await self._require_known(symbol)
        return trades

    async def market_status(self) -> MarketStatus:
        """Return whether the market is open now, and the vendor's clock.

        References
        ----------
        Massive, *Market Status*, ``GET /v1/marketstatus/now``.
        """
        status, _ = await self._rest.page(endpoints.market_status(), lambda page: _decode_status(page.body))
        return MarketStatus.at(
            status.serverTime.astimezone(UTC),
            market=status.market,
            local_time=datetime.now(UTC),
            source=self.name,
            is_simulated=self._rest.is_simulated,
        )

    async def entitlements(self) -> pl.DataFrame:
        """Ask for a little of everything; return what the plan delivers, one row a block.

        Costs about six requests. Columns: `ENTITLEMENTS`.
        """
        now = await self._rest.present()
        month = BarQuery.of("SPY", "1d", session_day(now) - timedelta(days=28), session_day(now))
        nearest = ChainQuery.of("SPY", dte=(0, 7), option_type="call")
        chain, *_ = await asyncio.gather(
            self._probe("chain", self.chain(nearest)),
            self._probe("equity_quotes", self.quotes(["SPY"])),
            self._probe("indices", self.indices(["SPX"])),
            self._probe("bars", self.bars(month)),
        )
        if chain is not None and chain.height:
            contract = chain.get_column("contract_symbol")[chain.height // 2]
            span = {"start_ns": _nanoseconds(now - timedelta(hours=1)), "end_ns": _nanoseconds(now)}
            await asyncio.gather(
                self._probe("option_trades", self._rest.page(endpoints.trades(ticker(contract), **span), _status)),
                self._probe("option_quotes", self._rest.page(endpoints.quotes(ticker(contract), **span), _status)),
            )
        return self.capabilities.frame()

    async def aclose(self) -> None:
        """Close all connections; may be called twice."""
        await self._rest.aclose()

    @contextmanager
    def _learning(self, block: str) -> Iterator[None]:
        """Remember of a block whether it came or was refused."""
        try:
            yield
        except EntitlementError as error:
            self.capabilities.learn(block, is_entitled=False, reason=str(error))
            raise
        self.capabilities.learn(block, is_entitled=True)

    async def _probe(self, block: str, asking: Coroutine[Any, Any, T]) -> T | None:
        """Ask for a block only to see whether it comes; what fails for another reason stays unknown."""
        try:
            with self._learning(block):
                return await asking
        except EntitlementError:
            return None
        except DataProviderError as error:
            self.capabilities.learn(block, is_entitled=None, reason=str(error))
            return None

    def _answer(self, *, is_delayed: bool) -> Answer:
        return Answer(
            source=self.name,
            snapshot_ts=self._rest.now(),
            is_simulated=self._rest.is_simulated,
            is_delayed=is_delayed,
        )

    def _learn_blocks(self, chain: pl.DataFrame) -> None:
        """Learn from the rows of a chain which blocks the plan has: a lacking one is lacking in all of them."""
        for block, (column, feed_column) in CHAIN_BLOCKS.items():
            present = chain.filter(pl.col(column).is_not_null())
            if not present.is_empty():
                self.capabilities.learn(block, is_entitled=True, feed=present.get_column(feed_column)[0])
            elif chain.height >= TELLING_ROWS:
                reason = f"none of {chain.height:,} rows had it"
                self.capabilities.learn(block, is_entitled=False, reason=reason)

    async def _with_underlying(self, chain: pl.DataFrame, underlying: str) -> pl.DataFrame:
        """Complete a chain whose plan sends no underlying price from the vendor's own snapshot of it."""
        is_index = symbols.is_index(underlying)
        if self.capabilities.lacks("indices" if is_index else "equity_quotes"):
            return chain
        try:
            quote = await (self.indices([underlying]) if is_index else self.quotes([underlying]))
        except (EntitlementError, QuoteNotFoundError):
            return chain
        price, ts = quote.select("value" if is_index else "price", "value_ts" if is_index else "updated_ts").row(0)
        return chain if price is None else with_underlying(chain, price=price, ts=ts, source=self.name)

    async def _expiration_window(self, underlying: str, low: date, high: date | None) -> list[pl.Series]:
        """List the expirations from ``low`` to ``high``, both included."""
        ends = {"expiration_date.gte": low, "expiration_date.lte": high}
        filters = {name: day.isoformat() for name, day in ends.items() if day is not None}
        request = endpoints.option_contracts(symbols.massive_reference_underlying(underlying), filters)
        try:
            return await self._rest.pages(request, lambda page: reference.expiration_page(page.results))
        except IncompleteError as error:
            days = pl.concat(error.received).unique().sort().to_list()
            raise IncompleteError(error.reason, received=days, arrived=f"{len(days)} expirations") from error.reason

    async def _require_options_on(self, underlying: str) -> None:
        """Raise unless there are options on an underlying, whose answer was empty: unknown, or only filtered away."""
        request = endpoints.option_contracts(symbols.massive_reference_underlying(underlying), {}, limit=1)
        listed, _ = await self._rest.page(request, lambda page: reference.expiration_page(page.results))
        if listed.is_empty():
            raise QuoteNotFoundError(
                f"massive lists no options on {underlying}; check the symbol", provider=self.name, endpoint=request.path
            )

    async def _require_known(self, symbol: str) -> None:
        """Raise unless a symbol, whose answer was empty, exists."""
        spelled = ticker(symbol)
        if symbols.is_option_symbol(symbol):
            await self._rest.page(endpoints.listed_contract(spelled), _status, not_found=ContractNotFoundError)
        else:
            await self._rest.page(endpoints.listed_ticker(spelled), _status)

    def _require_some(self, quotes: pl.DataFrame, asked: Sequence[str]) -> None:
        """Raise if the vendor had nothing on any symbol; some among others stay as rows with their reason."""
        reasons = quotes.get_column("vendor_error")
        if reasons.null_count():
            return
        kind = EntitlementError if reasons.str.starts_with("NOT_ENTITLED").all() else QuoteNotFoundError
        shown = ", ".join(asked[:5]) + (f" and {len(asked) - 5} more" if len(asked) > 5 else "")  # noqa: PLR2004
        raise kind(f"massive has nothing on {shown}: {reasons[0]}", provider=self.name)

    def _no_contract(self, symbol: str) -> ContractNotFoundError:
        return ContractNotFoundError(
            f"massive has no live contract {symbol}; it may have expired (its bars and trades can still be had)",
            provider=self.name,
        )


class _Status(msgspec.Struct):
    market: str
    serverTime: Annotated[datetime, msgspec.Meta(tz=True)]  # noqa: N815  # the vendor's spelling


_decode_status = msgspec.json.Decoder(_Status).decode


def _stamped(read: Callable[..., pl.DataFrame], page: Page) -> tuple[pl.DataFrame, bool]:
    """Read a page that says when it arrived and whether it is delayed."""
    return read(page.results, received=datetime.now(UTC)), page.is_delayed


def _status(page: Page) -> bool:
    """Read nothing but that there is an answer, and whether it is delayed."""
    return page.is_delayed


def _nanoseconds(moment: datetime) -> int:
    # Exact: a float of seconds has no room for nanoseconds.
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
