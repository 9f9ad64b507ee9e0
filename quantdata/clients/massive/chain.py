"""Option chains from Massive: whole, in parallel tiles where the plan's rate allows, page by page where not."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from quantdata import symbols
from quantdata.clients.tiles import Tile, between, cover, plan, strike_counts
from quantdata.errors import IncompleteError, PayloadError
from quantdata.frames.massive import chain as frames
from quantdata.frames.provenance import Answer
from quantdata.wire.massive import endpoints
from quantdata.wire.massive.rest import incomplete

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from quantdata.clients.chain_query import ChainQuery
    from quantdata.errors import DataProviderError
    from quantdata.wire.http import Request
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.massive.rest import MassiveRest

__all__ = ["ChainLoader"]

PLANS_AT_MOST: Final = 64


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
        key = (query.key, query.expiration_range(self._rest.now()))
        fetcher = _ChainPages(self._rest, query)
        asked = between(*query.strikes)
        if self._rest.is_slow:
            pages, failure = await fetcher.one_by_one(asked)
        else:
            pages, failure = await cover(plan(self._plans.get(key, ()), asked), fetcher)
        if failure is not None and not pages:
            raise failure
        whole = await asyncio.to_thread(self._assemble, pages, query, is_delayed=fetcher.is_delayed)
        if failure is not None:
            raise incomplete(failure, received=whole, arrived=f"{whole.height:,} contracts") from failure
        _require_each_once(whole)
        self._remember(key, whole)
        return whole

    def _assemble(self, pages: Sequence[pl.DataFrame], query: ChainQuery, *, is_delayed: bool) -> pl.DataFrame:
        answer = Answer(
            source="massive",
            snapshot_ts=self._rest.now(),
            is_simulated=self._rest.is_simulated,
            is_delayed=is_delayed,
        )
        return frames.chain(pages, underlying=query.underlying, answer=answer).filter(query.vendor_part())

    def _remember(self, key: tuple[Any, ...], whole: pl.DataFrame) -> None:
        self._plans[key] = strike_counts(whole.get_column("strike"))
        self._plans.move_to_end(key)
        if len(self._plans) > PLANS_AT_MOST:
            self._plans.popitem(last=False)


class _ChainPages:
    """The pages of one chain; see `Fetcher`."""

    def __init__(self, rest: MassiveRest, query: ChainQuery) -> None:
        self._rest = rest
        self._underlying = symbols.massive_underlying(query.underlying)
        self._filters = _filters(query, rest.now())
        self.is_delayed = False

    async def page(self, tile: Tile, *, descending: bool = False) -> tuple[pl.DataFrame, Request | None]:
        order: endpoints.Order = "desc" if descending else "asc"
        request = endpoints.option_chain(self._underlying, self._filters | tile.filters(), order=order)
        return await self._rest.page(request, partial(self._read, tile))

    async def rest(self, following: Request) -> list[pl.DataFrame]:
        return await self._rest.pages(following, partial(self._read, None))

    def strikes(self, page: pl.DataFrame) -> pl.Series:
        return frames.strikes(page)

    async def one_by_one(self, tile: Tile) -> tuple[list[pl.DataFrame], DataProviderError | None]:
        request = endpoints.option_chain(self._underlying, self._filters | tile.filters())
        try:
            return await self._rest.pages(request, partial(self._read, tile)), None
        except IncompleteError as error:
            return error.received, error

    def _read(self, tile: Tile | None, page: Page) -> pl.DataFrame:
        self.is_delayed |= page.is_delayed
        rows = frames.chain_page(page.results, received=datetime.now(UTC))
        # A vendor once lost its filters after the first page (reference/massive.md §2): hold each page to them.
        if tile is not None and not tile.holds(frames.strikes(rows)):
            raise ValueError(f"rows outside of the strikes that were asked for, {tile.low} to {tile.high}")
        return rows


def _filters(query: ChainQuery, now: datetime) -> dict[str, str]:
    low, high = query.expiration_range(now)
    filters = {"expiration_date.gte": low, "expiration_date.lte": high}
    if low is not None and low == high:
        filters = {"expiration_date": low}
    given = {name: day.isoformat() for name, day in filters.items() if day is not None}
    return given | ({"contract_type": query.option_type} if query.option_type else {})


def _require_each_once(whole: pl.DataFrame) -> None:
    repeats = whole.height - whole.get_column("contract_symbol").n_unique()
    if repeats:
        raise PayloadError(
            f"massive: {repeats:,} of {whole.height:,} contracts came twice: pages overlap, so others may be missing; "
            "try again",
            provider="massive",
            endpoint="/v3/snapshot/options",
        )
