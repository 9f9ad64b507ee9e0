"""Option chains from Tradier: one request an expiration, side by side, and one for the underlying."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata import symbols
from quantdata.clients.answer import answered
from quantdata.clients.integrity import require_consistent, require_each_once, require_live
from quantdata.clients.together import together
from quantdata.errors import DataProviderError, IncompleteError, PayloadError, QuoteNotFoundError
from quantdata.frames.chain import with_underlying
from quantdata.frames.columns import CHAIN, empty
from quantdata.frames.tradier import chain as frames
from quantdata.frames.tradier import reference
from quantdata.frames.tradier.equities import equity_quotes
from quantdata.frames.tradier.indices import index_quotes
from quantdata.frames.tradier.quotes import quote_page, require_asked
from quantdata.sessions import session_day
from quantdata.wire.tradier import endpoints

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from quantdata.clients.chain_query import ChainQuery
    from quantdata.wire.tradier.envelope import Items
    from quantdata.wire.tradier.rest import TradierRest

__all__ = ["ENDPOINT", "ChainLoader", "underlying_quote", "with_quote"]

# Of errors about a whole chain.
ENDPOINT: Final = "/v1/markets/options/chains"
UNDERLYINGS_AT_MOST: Final = 64


class UnderlyingQuote(NamedTuple):
    """What a chain takes from the quote of its underlying."""

    price: float | None = None
    ts: datetime | None = None
    feed: str | None = None
    roots: tuple[str, ...] = ()


class ChainLoader:
    """Loads chains, and remembers the expirations of each underlying, to ask for them all at once the next time.

    Whether the chain of an underlying holds the contracts of all its roots is not documented; roots that the vendor
    names and that did not show are asked for by name.
    """

    def __init__(self, rest: TradierRest) -> None:
        self._rest = rest
        self._known: OrderedDict[str, list[date]] = OrderedDict()

    async def load(self, query: ChainQuery) -> pl.DataFrame:
        """Return every contract that the vendor's part of a query lets through, with the columns of `CHAIN`.

        Raises
        ------
        QuoteNotFoundError
            If there are no options on the underlying.
        IncompleteError
            If an expiration, or the quote of the underlying, failed for good after others had arrived; ``received`` is
            the chain of those.
        PayloadError
            If a contract came twice.
        DataProviderError
            If nothing arrived.
        """
        # An answer tells a simulator's time as well as its clock does, so the list comes first.
        known = self._known.get(query.underlying)
        listed = known or await self.expirations(query.underlying)
        now = await self._rest.present()
        require_live(query, now)
        parts = _Parts(self._rest, query, now)
        asked = _wanted(query, listed, now)
        asking = [parts.quote(), *(parts.expiration(day) for day in asked)]
        if known is None:
            await together(asking)
        else:
            # Those remembered are asked for at once; what is listed by now decides what the chain is.
            listed = (await together([self.expirations(query.underlying), *asking]))[0] or []
            await together(parts.expiration(day) for day in _wanted(query, listed, now) if day not in asked)
        days = _wanted(query, listed, now)
        # A chain that is incomplete anyway is told at once: what is refused would be waited for here.
        if not parts.failures(days):
            await together(self._root(root, parts, days) for root in parts.absent_roots())
        if not parts.failures(days):
            await together(parts.expiration(day) for day in parts.lacking(days))  # once more, as what makes no sense
        return await asyncio.to_thread(parts.whole, days)

    async def expirations(self, underlying: str) -> list[date]:
        """Return the expirations of all roots on an underlying, rising.

        Raises
        ------
        QuoteNotFoundError
            If there are no options on it.
        """
        listed = await self._listed(symbols.tradier_underlying(underlying))
        if not listed:
            raise QuoteNotFoundError(
                f"tradier lists no options on {underlying}; check the symbol",
                provider="tradier",
                endpoint=endpoints.expirations(underlying).path,
            )
        self._known[underlying] = listed
        self._known.move_to_end(underlying)
        if len(self._known) > UNDERLYINGS_AT_MOST:
            self._known.popitem(last=False)
        return listed

    async def _root(self, root: str, parts: _Parts, days: Sequence[date]) -> None:
        """Get what belongs to a root that did not show: its own expirations, or those of which nothing came."""
        try:
            listed = await self._listed(root)
        except DataProviderError as error:
            parts.fail(error)
            return
        of_it = [day for day in days if day in listed] if listed else parts.empty_days(days)
        await together(parts.expiration(day, root) for day in of_it)

    async def _listed(self, spelled: str) -> list[date]:
        request = endpoints.expirations(spelled)
        return await self._rest.items(request, lambda answer: reference.expirations(answer.items))


def _wanted(query: ChainQuery, days: Iterable[date], now: datetime) -> list[date]:
    """Return those of some expirations that are live and asked for."""
    low, high = query.expiration_range(now)
    first = max(low or session_day(now), session_day(now))
    return [day for day in days if first <= day and (high is None or day <= high)]


class _Parts:
    """What has arrived of one chain, and what has failed; the quote of the underlying has None for its day."""

    def __init__(self, rest: TradierRest, query: ChainQuery, now: datetime) -> None:
        self._rest = rest
        self._query = query
        self._now = now
        self._spelled = symbols.tradier_underlying(query.underlying)
        self._pages: dict[tuple[date, str], pl.DataFrame] = {}
        self._failures: list[tuple[date | None, DataProviderError]] = []
        self._underlying = UnderlyingQuote()

    async def expiration(self, day: date, root: str | None = None) -> None:
        """Get the contracts of one expiration: those of the underlying, or of one root of it."""
        symbol = root or self._spelled
        try:
            page = await self._rest.items(endpoints.chain(symbol, day), partial(self._read, day, root))
        except DataProviderError as error:
            self.fail(error, day)
        else:
            self._pages[day, symbol] = page

    async def quote(self) -> None:
        """Get the price of the underlying, without which a chain comes, and its roots."""
        read = partial(_read_underlying, self._rest, self._query.underlying)
        try:
            self._underlying = await self._rest.items(endpoints.quotes([self._spelled]), read)
        except DataProviderError as error:
            self.fail(error)

    def fail(self, error: DataProviderError, day: date | None = None) -> None:
        """Remember a part that failed for good: an expiration, or what concerns them all."""
        self._failures.append((day, error))

    def failures(self, days: Sequence[date]) -> list[DataProviderError]:
        """Return what failed of some expirations, or of what concerns them all."""
        return [error for day, error in self._failures if day is None or day in days]

    def absent_roots(self) -> list[str]:
        """Return the roots that the vendor names for the underlying and of which no contract has come."""
        shown = {root for page in self._pages.values() for root in page.get_column("symbol").str.head(-15).unique()}
        return [root for root in self._underlying.roots if root not in {*shown, self._spelled}]

    def empty_days(self, days: Sequence[date]) -> list[date]:
        """Return those expirations that were answered with no contract at all."""
        full = {day for (day, _), page in self._pages.items() if page.height}
        failed = {day for day, _ in self._failures}
        return [day for day in days if day not in full | failed]

    def lacking(self, days: Sequence[date]) -> list[date]:
        """Return the empty ones that cannot be: what expires today is taken off at some time after the close."""
        return [day for day in self.empty_days(days) if day > session_day(self._now)]

    def whole(self, days: Sequence[date]) -> pl.DataFrame:
        """Return the chain of some expirations, or raise with the part of it that did arrive."""
        pages = [page for (day, _), page in self._pages.items() if day in days]
        failures = [*self.failures(days), *(self._no_contracts(day) for day in self.lacking(days))]
        if failures and not any(page.height for page in pages):
            raise failures[0]
        chain = self._assembled(pages)
        if failures:
            raise IncompleteError(failures[0], received=chain, arrived=f"{chain.height:,} contracts") from failures[0]
        require_each_once(chain, provider="tradier", endpoint=ENDPOINT)
        require_consistent(chain, provider="tradier", endpoint=ENDPOINT)
        return chain

    def _no_contracts(self, day: date) -> PayloadError:
        return PayloadError(
            f"tradier: no contracts of {day}, which is listed as an expiration of {self._query.underlying}; try again",
            provider="tradier",
            endpoint=ENDPOINT,
        )

    def _assembled(self, pages: Sequence[pl.DataFrame]) -> pl.DataFrame:
        if not pages:
            return empty(CHAIN)
        answer = answered(self._rest)
        chain = frames.chain(pages, underlying=self._query.underlying, answer=answer)
        return with_quote(chain, self._underlying).filter(self._query.vendor_part(self._now))

    def _read(self, day: date, root: str | None, answer: Items) -> pl.DataFrame:
        rows = quote_page(answer.items, received=datetime.now(UTC))
        if root is not None:  # whether others come along is not known, and these are here already
            rows = rows.filter(pl.col("symbol").str.head(-15) == root)
        others = rows.filter((pl.col("expiration_date") != day.isoformat()) | (pl.col("underlying") != self._spelled))
        if others.height:
            raise ValueError(f"contracts that were not asked for, {others.get_column('symbol')[0]} first")
        return rows


def with_quote(chain: pl.DataFrame, quote: UnderlyingQuote) -> pl.DataFrame:
    """Return a chain with the price of its underlying, where that is known."""
    if quote.price is None:
        return chain
    return with_underlying(chain, price=quote.price, ts=quote.ts, source="tradier", feed=quote.feed)


def underlying_quote(rest: TradierRest, underlying: str, page: pl.DataFrame) -> UnderlyingQuote:
    """Return the price of an underlying out of a page of quotes; none where the vendor does not know it."""
    names = {symbols.tradier_underlying(underlying): underlying}
    of_it = page.filter(pl.col("symbol").is_in(list(names)))
    named = of_it.get_column("root_symbols").str.split(",").explode().str.strip_chars()
    roots = tuple(root for root in named.drop_nulls() if root)
    answer = answered(rest)
    if symbols.is_index(underlying):
        row = index_quotes(of_it, names, answer=answer).row(0, named=True)
        return UnderlyingQuote(row["value"], row["value_ts"], row["feed"], roots)
    row = equity_quotes(of_it, names, answer=answer).row(0, named=True)
    return UnderlyingQuote(row["price"], row["last_ts"], row["feed"], roots)


def _read_underlying(rest: TradierRest, underlying: str, answer: Items) -> UnderlyingQuote:
    page = quote_page(answer.items, received=datetime.now(UTC))
    require_asked(page, [symbols.tradier_underlying(underlying)])
    # What the vendor says it does not know is a chain without a price; to say nothing is no answer.
    if page.is_empty() and not answer.unmatched:
        raise ValueError(f"no quote of {underlying}, and no word that it is unknown")
    return underlying_quote(rest, underlying, page)
