"""Massive's answers to the provider protocols, as canonical frames."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import msgspec
import polars as pl

from quantdata import symbols
from quantdata.clients.answer import answered
from quantdata.clients.arguments import texts
from quantdata.clients.bar_query import BarQuery
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.integrity import overlap, require_consistent, require_some
from quantdata.clients.massive.bars import BarLoader, ticker
from quantdata.clients.massive.chain import ENDPOINT, ChainLoader
from quantdata.clients.massive.past_quotes import load_quotes
from quantdata.clients.option_tape import OptionTape
from quantdata.clients.plan import learn_blocks
from quantdata.clients.status import MarketStatus
from quantdata.clients.together import together
from quantdata.clients.trust import validated
from quantdata.clients.vendor import VendorClient
from quantdata.config import MASSIVE_BASE_URL, Secret
from quantdata.errors import (
    ArgumentError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    PayloadError,
    QuoteNotFoundError,
)
from quantdata.frames.chain import with_underlying
from quantdata.frames.columns import OPTION_QUOTES, empty
from quantdata.frames.massive import chain as chain_frames
from quantdata.frames.massive import equities, indices, reference
from quantdata.frames.massive import trades as tape
from quantdata.sessions import session_day
from quantdata.wire.massive import endpoints
from quantdata.wire.massive.rest import PAID_REQUESTS_PER_MINUTE, MassiveRest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from quantdata.pricing.rates import RateCurve
    from quantdata.symbols import OptionSymbol
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.metrics import Metrics
    from quantdata.wire.retry import RetryPolicy

__all__ = ["AsyncMassive"]

T = TypeVar("T")

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Nanoseconds that a microsecond, the last one asked for, holds beside its first.
WITHIN_NS: Final = 999

# A quote that stands when a span begins is older than it.
QUOTED_BEFORE: Final = timedelta(minutes=1)

# Ends, in days from today, of the windows that expirations are listed by side by side.
EXPIRATION_WINDOWS: Final = (7, 21, 45, 90, 180, 365)
# The most that the vendor takes in one request: reference/massive.md §3.3.
SYMBOLS_AT_ONCE: Final = 250


class AsyncMassive(VendorClient[MassiveRest]):
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
        What the key's plan allows (left out: what paid plans do); below 60 the pages of an answer come one by one.
    policy
        Deadline and retries of each request.
    metrics
        Where requests are counted; left out, in counters of its own.
    """

    name = "massive"

    def __init__(
        self,
        api_key: Secret | str,
        *,
        base_url: str = MASSIVE_BASE_URL,
        requests_per_minute: float | None = None,
        policy: RetryPolicy | None = None,
        metrics: Metrics | None = None,
        rates: RateCurve | None = None,
    ) -> None:
        rest = MassiveRest(
            api_key if isinstance(api_key, Secret) else Secret(api_key),
            base_url=base_url,
            requests_per_minute=requests_per_minute or PAID_REQUESTS_PER_MINUTE,
            policy=policy,
            metrics=metrics,
        )
        super().__init__(rest, rates=rates)
        self._chains = ChainLoader(self._rest)
        self._bars = BarLoader(self._rest)

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        """Return the chain that the vendor's part of a query lets through, with the columns of `CHAIN`.

        One row per contract, sorted by expiration, root, strike and type. What no vendor filters is left to the
        caller: `ChainQuery.local_part`.

        Raises
        ------
        QuoteNotFoundError
            If Massive lists no options on the underlying.
        PayloadError
            If the whole chain was asked for and is empty, though Massive lists options on the underlying.
        IncompleteError
            If only a part arrived; ``received`` is the chain of that part.

        References
        ----------
        Massive, *Option Chain Snapshot*, ``GET /v3/snapshot/options/{underlyingAsset}``.
        """
        with self._learning("chain"):
            chain = await self._loaded(self._chains.load(query), query.underlying)
        if chain.is_empty():
            await self._require_options_on(query.underlying)
            if query.is_whole:
                raise PayloadError(
                    f"massive: the chain of {query.underlying} is empty, though options on it are listed; ask again",
                    provider=self.name,
                )
            return chain
        learn_blocks(self.capabilities, chain, is_whole=query.is_whole)
        if chain.get_column("underlying_price").null_count() == chain.height:
            chain = await self._with_underlying(chain, query.underlying)
        return await self._trusted(chain, query.underlying)

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
        answer = answered(self._rest, is_delayed=is_delayed)
        contract = chain_frames.chain([row], underlying=symbol.underlying, answer=answer)
        if contract.is_empty():
            raise self._no_contract(symbol.occ)
        if contract.get_column("contract_symbol").to_list() != [symbol.occ]:
            raise PayloadError(
                f"massive: asked for {symbol.occ}, the answer is about something else", provider=self.name
            )
        require_consistent(contract, provider=self.name, endpoint=ENDPOINT)
        return await self._trusted(contract, symbol.underlying)

    async def expirations(self, underlying: str, *, start: date | None, end: date | None) -> list[date]:
        """Return the days on which listed options on an underlying expire, all roots together, rising.

        Raises
        ------
        QuoteNotFoundError
            If Massive lists no options on the underlying.

        References
        ----------
        Massive, *All Contracts*, ``GET /v3/reference/options/contracts``.
        """
        today = session_day(await self._rest.present())
        first, last = max(start or today, today), end
        cuts = [] if self._rest.is_slow else [today + timedelta(days=days) for days in EXPIRATION_WINDOWS]
        inside = [cut for cut in cuts if first < cut and (last is None or cut <= last)]
        windows = zip([first, *inside], [*(cut - timedelta(days=1) for cut in inside), last], strict=True)
        found = await together(self._expiration_window(underlying, low, high) for low, high in windows)
        days = pl.concat(found).unique().sort().to_list()
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
        asked = [symbols.equity(each) for each in texts(tickers, name="symbols")]
        spelled = [symbols.massive_equity(each) for each in asked]
        with self._learning("equity_quotes"):
            answers = await together(
                self._rest.page(endpoints.stock_snapshots(part), partial(_of_asked, part, equities.equity_page))
                for part in _batches(spelled)
            )
            rows, is_delayed = _joined(answer for answer, _ in answers)
            try:
                quotes = equities.equity_quotes(rows, asked, answer=answered(self._rest, is_delayed=is_delayed))
            except ValueError as error:
                raise overlap("the quotes", provider=self.name) from error
        require_some(quotes, asked, capabilities=self.capabilities, block="equity_quotes")
        return await validated(quotes)

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
        asked = [symbols.index(each) for each in texts(tickers, name="tickers")]
        spelled = [symbols.massive_index(each) for each in asked]
        with self._learning("indices"):
            answers = await together(
                self._rest.whole(endpoints.index_snapshots(part), partial(_of_asked, part, indices.index_page))
                for part in _batches(spelled)
            )
            rows, is_delayed = _joined(page for pages in answers for page in pages)
            try:
                quotes = indices.index_quotes(rows, asked, answer=answered(self._rest, is_delayed=is_delayed))
            except ValueError as error:
                raise overlap("the quotes", provider=self.name) from error
        require_some(quotes, asked, capabilities=self.capabilities, block="indices")
        return await validated(quotes)

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

    async def corporate_actions(self, symbol: str) -> pl.DataFrame:
        """Return the splits and dividends of a stock or fund, oldest first, with the columns of `CORPORATE_ACTIONS`.

        References
        ----------
        Massive, *Splits* and *Dividends*, ``GET /v3/reference/splits``, ``…/dividends``.
        """
        return await self._bars.corporate_actions(symbol)

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
        request = endpoints.trades(ticker(symbol), start_ns=_nanoseconds(start), end_ns=_nanoseconds(end) + WITHIN_NS)
        failure: DataProviderError | None = None
        try:
            pages = await self._rest.pages(request, partial(_read_trades, start, end))
        except IncompleteError as error:
            pages, failure = error.received, error.reason
        feed = answered(self._rest, is_delayed=any(is_delayed for _, is_delayed in pages)).feed
        try:
            trades = await asyncio.to_thread(tape.trades, [page for page, _ in pages], symbol, feed=feed)
        except ValueError as error:
            raise overlap(f"the trades of {symbol}", provider=self.name) from error
        if failure is not None:
            raise IncompleteError(failure, received=trades, arrived=f"{trades.height:,} trades") from failure
        if trades.is_empty():
            await self._require_known(symbol)
        return trades

    async def option_tape(self, symbol: str, *, start: datetime, end: datetime) -> OptionTape:
        """Return the prints of one option contract, and its newest quotes: 200,000, from a minute before the span on.

        Raises
        ------
        ContractNotFoundError
            If there are no trades because there is no such contract.
        EntitlementError
            If the key's plan has no trades. Where it has no quotes, they are empty.

        References
        ----------
        Massive, *Trades* and *Quotes*, ``GET /v3/trades/{optionsTicker}``, ``/v3/quotes/{optionsTicker}``.
        """
        with self._learning("option_trades"):
            trades, quotes = await together(
                [self._whole_tape(symbol, start, end), self._past_quotes(symbol, start - QUOTED_BEFORE, end)]
            )
        return OptionTape(trades, quotes)

    async def market_status(self) -> MarketStatus:
        """Return whether the market is open now, and the vendor's clock.

        References
        ----------
        Massive, *Market Status*, ``GET /v1/marketstatus/now``.
        """
        status, _ = await self._rest.page(endpoints.market_status(), self._read_status)
        return status

    async def entitlements(self) -> pl.DataFrame:
        """Ask for a little of everything; return what the plan delivers, one row a block.

        Costs some thirty small requests. Columns: `ENTITLEMENTS`.
        """
        now = await self._rest.present()
        month = BarQuery.of("SPY", "1d", session_day(now) - timedelta(days=28), session_day(now))
        nearest = ChainQuery.of("SPY", dte=(0, 7))
        chain, *_ = await asyncio.gather(
            self._probe("chain", self._chains.load(nearest)),
            self._probe("equity_quotes", self.quotes(["SPY"])),
            self._probe("indices", self.indices(["SPX"])),
            self._probe("bars", self.bars(month)),
        )
        if chain is not None and chain.height:
            # Contracts of the coming days around the money are quoted, traded and priced, if the plan has that.
            learn_blocks(self.capabilities, chain, is_whole=True)
            contract = chain.get_column("contract_symbol")[chain.height // 2]
            span = {"start_ns": _nanoseconds(now - timedelta(hours=1)), "end_ns": _nanoseconds(now)}
            ticks = {"option_trades": endpoints.trades, "option_quotes": endpoints.quotes}
            await asyncio.gather(
                *(
                    self._probe(block, self._rest.page(of(ticker(contract), **span), _status))
                    for block, of in ticks.items()
                )
            )
        return self.capabilities.frame()

    async def _all_dividends(self, symbol: str) -> pl.DataFrame:
        return await self._bars.dividends(symbol)

    async def _whole_tape(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        try:
            return await self.trades(symbol, start=start, end=end)
        except IncompleteError as error:
            raise error.reason from error  # half a tape is no order flow

    async def _past_quotes(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        if not self.capabilities.lacks("option_quotes"):
            with suppress(EntitlementError), self._learning("option_quotes"):
                return await load_quotes(self._rest, symbol, start=start, end=end)
        return empty(OPTION_QUOTES)

    async def _with_underlying(self, chain: pl.DataFrame, underlying: str) -> pl.DataFrame:
        """Complete a chain whose plan sends no underlying price from the vendor's own snapshot of it."""
        is_index = symbols.is_index(underlying)
        if self.capabilities.lacks("indices" if is_index else "equity_quotes"):
            return chain
        try:
            quote = await (self.indices([underlying]) if is_index else self.quotes([underlying]))
        except (EntitlementError, QuoteNotFoundError):
            return chain
        row = quote.row(0, named=True)
        price, ts = (row["value"], row["value_ts"]) if is_index else (row["price"], row["last_ts"] or row["updated_ts"])
        if price is None:
            return chain
        return with_underlying(chain, price=price, ts=ts, source=self.name, feed=row["feed"])

    async def _expiration_window(self, underlying: str, low: date, high: date | None) -> pl.Series:
        """List the expirations from ``low`` to ``high``, both included."""
        ends = {"expiration_date.gte": low, "expiration_date.lte": high}
        filters = {name: day.isoformat() for name, day in ends.items() if day is not None}
        listed_on = symbols.massive_reference_underlying(underlying)
        request = endpoints.option_contracts(listed_on, filters)
        listed = pl.concat(await self._rest.whole(request, partial(_read_contracts, listed_on, low, high)))
        days = listed.get_column("expiration")
        if not days.is_sorted() or listed.get_column("ticker").is_duplicated().any():
            raise overlap(f"the contracts on {underlying}", provider=self.name)
        return days.unique()

    async def _require_options_on(self, underlying: str) -> None:
        """Raise unless there are options on an underlying, whose answer was empty: unknown, or only filtered away."""
        request = endpoints.option_contracts(symbols.massive_reference_underlying(underlying), {}, limit=1)
        listed, _ = await self._rest.page(request, lambda page: page.results)
        if listed == b"[]":
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

    def _read_status(self, page: Page) -> MarketStatus:
        said = _decode_status(page.body)
        try:
            return MarketStatus.at(
                said.serverTime.astimezone(UTC),
                market=said.market,
                local_time=datetime.now(UTC),
                source=self.name,
                is_simulated=self._rest.is_simulated,
            )
        except (ArgumentError, OverflowError) as error:
            raise ValueError(f"serverTime {said.serverTime} is no time of these years") from error

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


def _of_asked(asked: list[str], read: Callable[..., pl.DataFrame], page: Page) -> tuple[pl.DataFrame, bool]:
    """Read a page as `_stamped` does; hold it to the tickers that were asked for."""
    rows, is_delayed = _stamped(read, page)
    if not rows.get_column("ticker").is_in(asked).all():
        raise ValueError("tickers that were not asked for: the vendor lost the filter")
    return rows, is_delayed


def _joined(pages: Iterable[tuple[pl.DataFrame, bool]]) -> tuple[pl.DataFrame, bool]:
    """Return the rows of several pages, and whether any of them is delayed."""
    frames, delayed = zip(*pages, strict=True)
    return pl.concat(frames), any(delayed)


def _batches(spelled: list[str]) -> list[list[str]]:
    return [spelled[start : start + SYMBOLS_AT_ONCE] for start in range(0, len(spelled), SYMBOLS_AT_ONCE)]


def _read_trades(start: datetime, end: datetime, page: Page) -> tuple[pl.DataFrame, bool]:
    prints = tape.trade_page(page.results)
    if not prints.get_column("sip_timestamp").is_between(_nanoseconds(start), _nanoseconds(end) + 999).all():
        raise ValueError("prints outside of the time that was asked for")
    return prints, page.is_delayed


def _read_contracts(underlying: str, low: date, high: date | None, page: Page) -> pl.DataFrame:
    """Read one page of contracts; hold it to what was asked."""
    listed = reference.contracts(page.results)
    days = listed.get_column("expiration")
    if not ((listed.get_column("underlying") == underlying).all() and (days >= low).all()):
        raise ValueError("contracts that were not asked for: the vendor lost the filters")
    if high is not None and not (days <= high).all():
        raise ValueError("contracts beyond the last day that was asked for: the vendor lost the filter")
    if not days.is_sorted():
        raise ValueError("contracts out of order: the vendor lost the sort")
    return listed.drop("underlying")


def _status(page: Page) -> bool:
    """Read nothing but that there is an answer, and whether it is delayed."""
    return page.is_delayed


def _nanoseconds(moment: datetime) -> int:
    # Exact: a float of seconds has no room for nanoseconds.
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
