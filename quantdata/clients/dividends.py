"""The dividends that the model needs: those paid and declared, and the last year's once more for the years to come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata import symbols
from quantdata.clients.health import is_strike
from quantdata.errors import DataProviderError, RateLimitError
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["NOT_KNOWN", "Dividends", "projected"]

logger = logging.getLogger("quantdata.clients")

# They are announced days ahead.
KEPT_S: Final = 6 * 3600.0
# After a failure that may pass the chains of some minutes do without, so that not each one waits for them.
FAILURE_KEPT_S: Final = 300.0
# A chain waits no longer than this for them; what comes later is there for the next one.
PATIENCE_S: Final = 2.0
UNDERLYINGS_AT_MOST: Final = 256
# Options are listed for less than three years ahead.
YEARS_AHEAD: Final = 3
YEAR: Final = timedelta(days=364)
# A dividend this close to one that is known already is that one.
SAME: Final = timedelta(days=20)


NOT_KNOWN: Final = pl.DataFrame(schema={"ex_date": pl.Date, "amount": pl.Float64})


class _Known(NamedTuple):
    dividends: pl.DataFrame
    until: float


class Dividends:
    """The dividends of each underlying, asked for a few times a day.

    Parameters
    ----------
    fetch
        Gets ``ex_date`` and ``amount`` (USD per share of today) of one stock or fund.
    clock
        Monotonic seconds.
    """

    def __init__(
        self, fetch: Callable[[str], Awaitable[pl.DataFrame]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: dict[str, asyncio.Task[pl.DataFrame]] = {}

    async def get(self, underlying: str, today: Callable[[], date]) -> pl.DataFrame:
        """Return the dividends to come of a stock or fund; none of an index, nor where they fail or are late.

        ``today`` is asked for when they are known: a host tells its day with its answer.
        """
        return projected(await self._all(underlying), today())

    async def _all(self, underlying: str) -> pl.DataFrame:
        if symbols.is_index(underlying):
            return NOT_KNOWN
        known = self._known.get(underlying)
        if known is not None and self._clock() < known.until:
            return known.dividends
        task = self._asking.get(underlying)
        if task is None:
            task = self._asking[underlying] = asyncio.ensure_future(self._ask(underlying))
            task.add_done_callback(lambda _: self._asking.pop(underlying, None))
        await asyncio.wait([task], timeout=PATIENCE_S)
        return task.result() if task.done() and not task.cancelled() else NOT_KNOWN

    async def close(self) -> None:
        """Call off what is under way."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, underlying: str) -> pl.DataFrame:
        dividends, kept_s = NOT_KNOWN, KEPT_S
        try:
            dividends = await self._fetch(underlying)
        except DataProviderError as error:
            logger.info("no dividends %s", facts(underlying=underlying, why=error))
            if is_strike(error) or isinstance(error, RateLimitError):
                kept_s = FAILURE_KEPT_S
        self._known[underlying] = _Known(dividends, self._clock() + kept_s)
        self._known.move_to_end(underlying)
        if len(self._known) > UNDERLYINGS_AT_MOST:
            self._known.popitem(last=False)
        return dividends


def projected(dividends: pl.DataFrame, today: date) -> pl.DataFrame:
    """Return dividends after today: those that are declared, and those of the last year again, year by year.

    Parameters
    ----------
    dividends
        ``ex_date``, ``amount``, any order.
    today
        The New York day.
    """
    ordered = dividends.select("ex_date", "amount").drop_nulls().filter(pl.col("amount") > 0).sort("ex_date")
    newest = ordered.get_column("ex_date").max()
    if not isinstance(newest, date) or newest < today - YEAR:
        return ordered.filter(pl.col("ex_date") > today)
    last_year = ordered.filter(pl.col("ex_date") > newest - YEAR + SAME)
    again = [last_year.with_columns(pl.col("ex_date") + YEAR * number) for number in range(1, YEARS_AHEAD + 1)]
    return pl.concat([ordered, *again]).filter(pl.col("ex_date") > today)
