"""Option chains from Massive: whole, in parallel tiles where the plan's rate allows, page by page where not."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from quantdata import symbols
from quantdata.clients.answer import answered
from quantdata.clients.chain_query import OPEN
from quantdata.clients.integrity import require_consistent, require_each_once, require_live
from quantdata.clients.tiles import Tile, between, cover, plan, strike_counts
from quantdata.errors import IncompleteError
from quantdata.frames.massive import chain as frames
from quantdata.wire.massive import endpoints

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from quantdata.clients.chain_query import ChainQuery
    from quantdata.errors import DataProviderError
    from quantdata.wire.http import Request
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.massive.rest import MassiveRest

__all__ = ["ENDPOINT", "ChainLoader"]

# Of errors about a whole chain.
ENDPOINT: Final = "/v3/snapshot/options"

PLANS_AT_MOST: Final = 64
# Some ten times what there is: the largest chain has 125 pages, and no strike has more contracts than a page or two.
PAGES_OF_A_CHAIN: Final = 1_000
PAGES_OF_A_STRIKE: Final = 50


class ChainLoader:
    """Loads chains, and remembers how many contracts each strike held, to plan the next load."""

    def __init__(self, rest: MassiveRest) -> None:
        self._rest = rest
        self._plans: OrderedDict[tuple[Any, ...], list[tuple[float, int]]] = OrderedDict()

    async def load(self, query: ChainQuery) -> pl.DataFrame:
        """Return every contract that the vendor's part of a query lets through, with the columns of `CHAIN`.

        Raises
        ------
        IncompleteError
            If a page failed for good after others had arrived; ``received`` is the chain of those.
        PayloadError
            If a contract came twice, so that another may be missing.
        DataProviderError
            If nothing arrived.
        """
        is_dated = query.dte != OPEN or query.expirations != OPEN
        now = await self._rest.present() if is_dated else self._rest.now()
        require_live(query, now)
        fetcher = _ChainPages(self._rest, query, now)
        key = (query.key, query.expiration_range(now))
        if self._rest.is_slow:
            pages, failure = await fetcher.one_by_one()
        else:
            pages, failure = await cover(plan(self._plans.get(key, ()), between(*query.strikes)), fetcher)
        if failure is not None and not pages:
            raise failure
        whole = await asyncio.to_thread(self._assemble, pages, query, now, is_delayed=fetcher.is_delayed)
        if failure is not None:
            raise IncompleteError(failure, received=whole, arrived=f"{whole.height:,} contracts") from failure
        require_each_once(whole, provider="massive", endpoint=ENDPOINT)
        require_consistent(whole, provider="massive", endpoint=ENDPOINT)
        self._remember(key, whole)
        return whole

    def _assemble(
        self, pages: Sequence[pl.DataFrame], query: ChainQuery, now: datetime, *, is_delayed: bool
    ) -> pl.DataFrame:
        answer = answered(self._rest, is_delayed=is_delayed)
        return frames.chain(pages, underlying=query.underlying, answer=answer).filter(query.vendor_part(now))

    def _remember(self, key: tuple[Any, ...], whole: pl.DataFrame) -> None:
        self._plans[key] = strike_counts(whole.get_column("strike"))
        self._plans.move_to_end(key)
        if len(self._plans) > PLANS_AT_MOST:
            self._plans.popitem(last=False)


class _ChainPages:
    """The pages of one chain; see `Fetcher`."""

    def __init__(self, rest: MassiveRest, query: ChainQuery, now: datetime) -> None:
        self._rest = rest
        self._underlying = symbols.massive_underlying(query.underlying)
        self._expirations = query.expiration_range(now)
        self._asked = between(*query.strikes)
        self.is_delayed = False

    async def page(self, tile: Tile, *, descending: bool = False) -> tuple[pl.DataFrame, Request | None]:
        order: endpoints.Order = "desc" if descending else "asc"
        request = endpoints.option_chain(self._underlying, self._filters(tile), order=order)
        return await self._rest.page(request, partial(self._read, tile, descending=descending))

    async def rest(self, following: Request) -> list[pl.DataFrame]:
        return await self._rest.pages(following, partial(self._read, self._asked), most=PAGES_OF_A_STRIKE)

    def strikes(self, page: pl.DataFrame) -> pl.Series:
        return frames.strikes(page)

    async def one_by_one(self) -> tuple[list[pl.DataFrame], DataProviderError | None]:
        request = endpoints.option_chain(self._underlying, self._filters(self._asked))
        try:
            return await self._rest.pages(request, partial(self._read, self._asked), most=PAGES_OF_A_CHAIN), None
        except IncompleteError as error:
            return error.received, error.reason

    def _filters(self, tile: Tile) -> dict[str, str]:
        low, high = self._expirations
        days = {"expiration_date": low} if low == high else {"expiration_date.gte": low, "expiration_date.lte": high}
        given = {name: day.isoformat() for name, day in days.items() if day is not None}
        return {**given, **tile.filters()}

    def _read(self, tile: Tile, page: Page, *, descending: bool = False) -> pl.DataFrame:
        self.is_delayed |= page.is_delayed
        rows = frames.chain_page(page.results, received=datetime.now(UTC))
        strikes = frames.strikes(rows)
        # The vendor once lost its filters after the first page (reference/massive.md §2): hold each page to them.
        if not (tile.holds(strikes) and self._is_as_asked(rows)):
            raise ValueError("contracts that were not asked for: the vendor lost the filters")
        # What lies beyond a page is asked for by its last strike.
        if not strikes.drop_nulls().is_sorted(descending=descending):
            raise ValueError("contracts out of order: the vendor lost the sort")
        return rows

    def _is_as_asked(self, rows: pl.DataFrame) -> bool:
        low, high = self._expirations
        days = frames.expirations(rows)
        others = frames.underlyings(rows).drop_nulls() != self._underlying
        return bool(
            not others.any()
            and (low is None or (days >= low.isoformat()).all())
            and (high is None or (days <= high.isoformat()).all())
        )
