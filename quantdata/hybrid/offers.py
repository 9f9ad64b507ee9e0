"""What the second provider has to fill gaps with: asked for in turn, with a share of its rate and of our patience."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

import polars as pl

from quantdata import symbols
from quantdata.clients.chain_query import ChainQuery
from quantdata.errors import DataProviderError, IncompleteError
from quantdata.frames.columns import CHAIN, empty
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from datetime import date, datetime

    from quantdata.clients.health import Question
    from quantdata.clients.watched import Watched

__all__ = ["REFRESH_S", "Offers", "Price", "price_in"]

T = TypeVar("T")

logger = logging.getLogger("quantdata.hybrid")

MINUTE_S: Final = 60.0
# A provider with headers says what it allows; until then this is what Tradier documents.
USUAL_PER_MINUTE: Final = 120.0
SHARE: Final = 0.5
# Beside one request an expiration: the quote of the underlying, and the list of expirations when that is not known.
BESIDE: Final = 2
REFRESH_S: Final = 30.0
# An answer waits no longer than this for its gaps to be filled; what comes later is there for the next one.
FILL_PATIENCE_S: Final = 3.0
MOST_KEPT: Final = 512
PRICES_AT_MOST: Final = 256


class _Page(NamedTuple):
    rows: pl.DataFrame
    asked_at: float


class Price(NamedTuple):
    """What an underlying costs (USD, or points of an index), as of when, and how late by plan."""

    value: float
    ts: datetime | None
    feed: str | None


class Offers:
    """The second provider's chains, kept by expiration, and its quotes.

    At most half of its requests a minute go into filling chains. All expirations that were wanted within the last
    minute, of whatever underlying, have their turn: one is not asked again before all of them could have been.

    Parameters
    ----------
    provider
        Who is asked.
    clock
        Monotonic seconds.
    """

    def __init__(self, provider: Watched, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider = provider
        self._clock = clock
        self._pages: OrderedDict[tuple[str, date], _Page] = OrderedDict()
        self._spent_at: deque[float] = deque()
        self._wanted_at: dict[tuple[str, date], float] = {}
        self._under_way: dict[tuple[str, date], asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[Any]] = set()
        self._prices: OrderedDict[str, tuple[Price, float]] = OrderedDict()

    async def get(self, underlying: str, wanted: Sequence[date]) -> pl.DataFrame | None:
        """Return the rows of some expirations (rising) that are at hand within a moment; None if there are none."""
        self._want(underlying, wanted)
        for run in self._due(underlying, wanted):
            task = asyncio.ensure_future(self._fetch(underlying, run))
            self._under_way.update({(underlying, day): task for day in run})
        asking = {self._under_way[underlying, day] for day in wanted if (underlying, day) in self._under_way}
        if asking:
            done, _ = await asyncio.wait(asking, timeout=FILL_PATIENCE_S)
            for task in done:
                if not task.cancelled():  # else the client is closed
                    task.result()
        pages = [self._pages[underlying, day].rows for day in wanted if (underlying, day) in self._pages]
        return pl.concat(pages) if pages else None

    async def price(self, underlying: str, *, kept_s: float) -> Price | None:
        """Return the price of an underlying, asked for within the last seconds or now; None if it cannot be had."""
        known, asked_at = self._prices.get(underlying, (None, 0.0))
        if known is not None and self._clock() - asked_at < kept_s:
            return known
        if self._room() < 1:
            return None
        is_index = symbols.is_index(underlying)
        return await self.soon("indices" if is_index else "quotes", lambda: self._price(underlying, is_index=is_index))

    async def soon(self, question: Question, asking: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        """Return what one request brings; None if it fails or is late, or the provider is not well.

        It is sent whatever has been spent, and counted: chains give way to it.
        """
        if not self._provider.health.allows(question):
            return None
        self._spent_at.append(self._clock())
        task = asyncio.ensure_future(self._tried(question, asking))
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        await asyncio.wait([task], timeout=FILL_PATIENCE_S)
        return task.result() if task.done() and not task.cancelled() else None

    @property
    def cadence_s(self) -> float:
        """Seconds that it takes to ask once for all expirations that are wanted."""
        return max(REFRESH_S, MINUTE_S * len(self._wanted_at) / self._allowed())

    async def close(self) -> None:
        """Call off what is under way."""
        tasks = {*self._under_way.values(), *self._others}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _want(self, underlying: str, wanted: Sequence[date]) -> None:
        now = self._clock()
        self._wanted_at = {key: at for key, at in self._wanted_at.items() if at > now - MINUTE_S}
        self._wanted_at.update({(underlying, day): now for day in wanted})

    def _due(self, underlying: str, wanted: Sequence[date]) -> list[list[date]]:
        """Return the expirations to ask for now, in runs of neighbours: as many as the rate has room for."""
        if not self._provider.health.allows("chain"):
            return []
        idle = [day for day in wanted if (underlying, day) not in self._under_way]
        old = [day for day in idle if self._age_s(underlying, day) >= self.cadence_s]
        oldest_first = sorted(old, key=lambda day: -self._age_s(underlying, day))
        room = self._room()
        for count in range(min(room, len(old)), 0, -1):
            runs = _runs(sorted(oldest_first[:count]), wanted)
            if (cost := sum(len(run) + BESIDE for run in runs)) <= room:
                self._spent_at.extend([self._clock()] * cost)
                return runs
        return []

    async def _price(self, underlying: str, *, is_index: bool) -> Price | None:
        """Ask for the price of an underlying, and keep it."""
        asked_at = self._clock()
        ask = self._provider.indices if is_index else self._provider.quotes
        quote = (await ask([underlying])).row(0, named=True)
        value, ts = (quote["value"], quote["value_ts"]) if is_index else (quote["price"], quote["last_ts"])
        if value is None:
            return None
        price = Price(value, ts, quote["feed"])
        self._prices[underlying] = price, asked_at
        self._prices.move_to_end(underlying)
        if len(self._prices) > PRICES_AT_MOST:
            self._prices.popitem(last=False)
        return price

    async def _tried(self, question: Question, asking: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        try:
            return await asking()
        except DataProviderError as error:
            logger.info("no filling %s", facts(question=question, why=error))
            return None

    def _age_s(self, underlying: str, day: date) -> float:
        page = self._pages.get((underlying, day))
        return math.inf if page is None else self._clock() - page.asked_at

    def _room(self) -> int:
        """Return how many requests filling may still send within this minute."""
        now = self._clock()
        while self._spent_at and self._spent_at[0] <= now - MINUTE_S:
            self._spent_at.popleft()
        return int(self._allowed()) - len(self._spent_at)

    def _allowed(self) -> float:
        """Return how many requests a minute filling may send."""
        rates = [budget.per_minute for budget in self._provider.budgets()]
        return max(1.0 + BESIDE, SHARE * min(rates, default=USUAL_PER_MINUTE))

    async def _fetch(self, underlying: str, days: Sequence[date]) -> None:
        """Ask for neighbouring expirations and keep what comes, a part of them too.

        A failure leaves a page without rows, so that it is not asked again at once; the provider's health tells of it.
        """
        asked_at = self._clock()
        try:
            rows = await self._rows(underlying, days)
            pages = await asyncio.to_thread(lambda: [rows.filter(expiration=day) for day in days])
        finally:
            for day in days:
                self._under_way.pop((underlying, day), None)
        for day, page in zip(days, pages, strict=True):
            self._pages[underlying, day] = _Page(page, asked_at)
            self._pages.move_to_end((underlying, day))
        while len(self._pages) > MOST_KEPT:
            self._pages.popitem(last=False)

    async def _rows(self, underlying: str, days: Sequence[date]) -> pl.DataFrame:
        try:
            return await self._provider.chain(ChainQuery.of(underlying, expirations=(days[0], days[-1])))
        except IncompleteError as error:
            return cast("pl.DataFrame", error.received)
        except DataProviderError as error:
            logger.info("no filling %s", facts(underlying=underlying, why=error))
            return empty(CHAIN)


def _runs(days: Sequence[date], wanted: Sequence[date]) -> list[list[date]]:
    """Cut rising days where another wanted one lies between two of them."""
    place = {day: number for number, day in enumerate(wanted)}
    runs: list[list[date]] = []
    for day in days:
        if runs and place[day] == place[runs[-1][-1]] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def price_in(rows: pl.DataFrame, *, source: str, since: datetime) -> Price | None:
    """Return the newest price of the underlying that a provider gave with rows since a moment; None if it gave none."""
    given = rows.filter(
        pl.col("underlying_price").is_not_null(), pl.col("underlying_source") == source, pl.col("received_ts") >= since
    )
    if given.is_empty():
        return None
    newest = given.sort("underlying_ts", nulls_last=False).row(-1, named=True)
    return Price(newest["underlying_price"], newest["underlying_ts"], newest["feed"])
