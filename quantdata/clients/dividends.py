"""The dividends that the model needs: those declared, and what recurs of the last year's again for years to come."""

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
from quantdata.frames.bars import with_later
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["NOT_KNOWN", "Dividends", "in_todays_shares", "projected"]

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
# Of a vendor that does not say what recurs: more than this many times what is usual is special.
SPECIAL_FROM: Final = 2.5

NOT_KNOWN: Final = pl.DataFrame(schema={"ex_date": pl.Date, "amount": pl.Float64})
_NONE: Final = pl.DataFrame(schema={**NOT_KNOWN.schema, "is_recurring": pl.Boolean})


class _Known(NamedTuple):
    dividends: pl.DataFrame
    until: float


class Dividends:
    """The dividends of each underlying, asked for a few times a day.

    Parameters
    ----------
    fetch
        Gets ``ex_date``, ``amount`` (USD per share of today) and ``is_recurring`` of one stock or fund, as `projected`
        takes them.
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
            return _NONE
        known = self._known.get(underlying)
        if known is not None and self._clock() < known.until:
            return known.dividends
        task = self._asking.get(underlying)
        if task is None:
            task = self._asking[underlying] = asyncio.ensure_future(self._ask(underlying))
            task.add_done_callback(lambda _: self._asking.pop(underlying, None))
        await asyncio.wait([task], timeout=PATIENCE_S)
        return task.result() if task.done() and not task.cancelled() else _NONE

    async def close(self) -> None:
        """Call off what is under way."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, underlying: str) -> pl.DataFrame:
        dividends, kept_s = _NONE, KEPT_S
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


def in_todays_shares(dividends: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """Return dividends in USD per share of today, by ``ex_date``.

    Parameters
    ----------
    dividends
        ``ex_date``, ``amount`` in USD per share of that day; other columns stay.
    splits
        ``execution_date``, ``ratio``, of the past alone.
    """
    counted = with_later(dividends.sort("ex_date"), splits, on="ex_date")
    return counted.with_columns(pl.col("amount") / pl.col("later_ratio")).select(dividends.columns)


def projected(dividends: pl.DataFrame, today: date) -> pl.DataFrame:
    """Return dividends from today on: those that are declared, and what recurs of the last year's, year by year.

    Parameters
    ----------
    dividends
        ``ex_date``, ``amount``, ``is_recurring`` (null where the vendor does not say), any order.
    today
        The New York day. What goes ex on it is to come for quotes from before its open.

    Returns
    -------
    pl.DataFrame
        ``ex_date`` (rising), ``amount``.
    """
    declared = dividends.drop_nulls(["ex_date", "amount"]).filter(pl.col("amount") > 0)
    recurring = _recurring(declared)
    newest = _newest(recurring)
    years = range(1, YEARS_AHEAD + 1) if newest is not None and newest >= today - YEAR else ()
    last_year = _last_year(recurring)
    again = [last_year.with_columns(pl.col("ex_date") + YEAR * number) for number in years]
    coming = pl.concat([declared, *again]).filter(pl.col("ex_date") >= today)
    return coming.select("ex_date", "amount").sort("ex_date")


def _recurring(dividends: pl.DataFrame) -> pl.DataFrame:
    """Return the dividends that recur: where the vendor does not say, those that are not far above the usual."""
    ordinary = dividends.filter(pl.col("is_recurring").fill_null(value=True))
    # For any in the upper half the median of the others is that of all but the largest; the lower half is ordinary.
    usual = _last_year(ordinary).get_column("amount").sort().head(-1).median()
    if not isinstance(usual, float):
        return ordinary
    return ordinary.filter(pl.col("is_recurring").fill_null(pl.col("amount") <= SPECIAL_FROM * usual))


def _last_year(dividends: pl.DataFrame) -> pl.DataFrame:
    newest = _newest(dividends)
    return dividends if newest is None else dividends.filter(pl.col("ex_date") > newest - YEAR + SAME)


def _newest(dividends: pl.DataFrame) -> date | None:
    newest = dividends.get_column("ex_date").max()
    return newest if isinstance(newest, date) else None
