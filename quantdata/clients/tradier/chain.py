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
from quantdata.errors import DataProviderError, IncompleteError, QuoteNotFoundError
from quantdata.frames.chain import with_underlying
from quantdata.frames.columns import CHAIN, empty
from quantdata.frames.tradier import chain as frames
from quantdata.frames.tradier import reference
from quantdata.frames.tradier.equities import equity_quotes
from quantdata.frames.tradier.indices import index_quotes
from quantdata.frames.tradier.quotes import quote_page
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


class ChainLoader:
    """Loads chains, and remembers the expirations of each underlying, to ask for them all at once the next time."""

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
        return await asyncio.to_thread(parts.whole, _wanted(query, listed, now))

    async def expirations(self, underlying: str) -> list[date]:
        """Return the expirations of all roots on an underlying, rising.

        Raises
        ------
        QuoteNotFoundError
            If there are no options on it.
        """
        request = endpoints.expirations(symbols.tradier_underlying(underlying))
        listed = await self._rest.items(request, lambda answer: reference.expirations(answer.items))
        if not listed:
            raise QuoteNotFoundError(
                f"tradier lists no options on {underlying}; check the symbol",
                provider="tradier",
                endpoint=request.path,
            )
        self._known[underlying] = listed
        self._known.move_to_end(underlying)
        if len(self._known) > UNDERLYINGS_AT_MOST:
            self._known.popitem(last=False)
        return listed


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
        self._pages: dict[date, pl.DataFrame] = {}
        self._failures: dict[date | None, DataProviderError] = {}
        self._underlying = UnderlyingQuote()

    async def expiration(self, day: date) -> None:
        """Get the contracts of one expiration."""
        try:
            self._pages[day] = await self._rest.items(endpoints.chain(self._spelled, day), partial(self._read, day))
        except DataProviderError as error:
            self._failures[day] = error

    async def quote(self) -> None:
        """Get the price of the underlying: the chain comes without it."""
        read = partial(_read_underlying, self._rest, self._query.underlying)
        try:
            self._underlying = await self._rest.items(endpoints.quotes([self._spelled]), read)
        except DataProviderError as error:
            self._failures[None] = error

    def whole(self, days: Sequence[date]) -> pl.DataFrame:
        """Return the chain of some expirations, or raise with the part of it that did arrive."""
        pages = [self._pages[day] for day in days if day in self._pages]
        failures = [self._failures[part] for part in (*days, None) if part in self._failures]
        if failures and not pages:
            raise failures[0]
        chain = self._assembled(pages)
        if failures:
            raise IncompleteError(failures[0], received=chain, arrived=f"{chain.height:,} contracts") from failures[0]
        require_each_once(chain, provider="tradier", endpoint=ENDPOINT)
        require_consistent(chain, provider="tradier", endpoint=ENDPOINT)
        return chain

    def _assembled(self, pages: Sequence[pl.DataFrame]) -> pl.DataFrame:
        if not pages:
            return empty(CHAIN)
        answer = answered(self._rest, is_delayed=self._rest.is_sandbox)
        chain = frames.chain(pages, underlying=self._query.underlying, answer=answer)
        return with_quote(chain, self._underlying).filter(self._query.vendor_part(self._now))

    def _read(self, day: date, answer: Items) -> pl.DataFrame:
        rows = quote_page(answer.items, received=datetime.now(UTC))
        others = rows.filter((pl.col("expiration_date") != day.isoformat()) | (pl.col("underlying") != self._spelled))
        if others.height:
            raise ValueError(f"contracts that were not asked for, {others.get_column('symbol')[0]} first")
        # What expires today is taken off at some time after the close; any other day was listed a moment ago.
        if rows.is_empty() and day > session_day(self._now):
            raise ValueError(f"no contracts of {day}, which is listed as an expiration")
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
    answer = answered(rest, is_delayed=rest.is_sandbox)
    if symbols.is_index(underlying):
        row = index_quotes(of_it, names, answer=answer).row(0, named=True)
        return UnderlyingQuote(row["value"], row["value_ts"], row["feed"])
    row = equity_quotes(of_it, names, answer=answer).row(0, named=True)
    return UnderlyingQuote(row["price"], row["last_ts"] or row["quote_ts"], row["feed"])


def _read_underlying(rest: TradierRest, underlying: str, answer: Items) -> UnderlyingQuote:
    return underlying_quote(rest, underlying, quote_page(answer.items, received=datetime.now(UTC)))
