"""Bars from Massive: any range in parallel pieces, sessions, adjustments."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata import symbols
from quantdata.clients.bar_query import is_equity
from quantdata.clients.together import together
from quantdata.errors import DataProviderError, IncompleteError
from quantdata.frames import bars as frames
from quantdata.frames.massive import reference
from quantdata.frames.massive.bars import bar_page
from quantdata.sessions import NEW_YORK, session_day
from quantdata.wire.massive import endpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from quantdata.clients.bar_query import BarQuery
    from quantdata.frames.bars import Timeframe
    from quantdata.wire.http import Request
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.massive.rest import MassiveRest

__all__ = ["BarLoader", "ticker"]

# A page scans 50,000 base bars (reference/massive.md §5); 45 days of minutes, 16 hours each, stay below that.
PIECE: Final = timedelta(days=45)
DAYS_BEFORE: Final = timedelta(days=10)
DAY: Final = frames.TIMEFRAMES["1d"]


class BarLoader:
    """Loads bars of one symbol at a time."""

    def __init__(self, rest: MassiveRest) -> None:
        self._rest = rest

    async def load(self, query: BarQuery) -> pl.DataFrame:
        """Return canonical bars, oldest first; no rows where nothing traded.

        Raises
        ------
        IncompleteError
            If a part of the range failed for good after others had arrived; ``received`` is the bars of those.
        PayloadError
            If the vendor's bars are not adjusted as asked.
        DataProviderError
            If nothing arrived.
        """
        start, end = _asked_range(query)
        is_adjusted = query.adjustment != "raw"
        found, failure = await self._range(query.symbol, query.window, start, end, adjusted=is_adjusted)
        if failure is not None and found.is_empty():
            raise failure
        factors = await self._dividend_factors(query) if query.adjustment == "total" else None
        bars = await asyncio.to_thread(_finished, found, query, factors)
        if failure is not None:
            raise IncompleteError(failure, received=bars, arrived=f"{bars.height:,} bars") from failure
        return bars

    async def _range(
        self, symbol: str, window: Timeframe, start: datetime, end: datetime, *, adjusted: bool
    ) -> tuple[pl.DataFrame, DataProviderError | None]:
        """Get raw bars, and the failure of the first piece that did not come whole."""
        pieces = _pieces(start, end) if window.is_intraday else [(start, end)]
        read = partial(_read, adjusted=adjusted if is_equity(symbol) else None)
        requests = [
            endpoints.aggregates(
                ticker(symbol),
                multiplier=window.multiplier,
                timespan=window.unit,
                start_ms=_milliseconds(begin),
                end_ms=_milliseconds(finish),
                adjusted=adjusted,
            )
            for begin, finish in pieces
        ]
        arrived: list[pl.DataFrame] = []
        failures: list[DataProviderError] = []

        async def load(request: Request) -> None:
            try:
                arrived.extend(await self._rest.pages(request, read))
            except IncompleteError as error:
                arrived.extend(error.received)
                failures.append(error.reason)
            except DataProviderError as error:
                failures.append(error)

        for batch in [[request] for request in requests] if self._rest.is_slow else [requests]:
            await asyncio.gather(*map(load, batch))
        bars = pl.concat(arrived).sort("ts") if arrived else bar_page(b"[]")
        return bars, failures[0] if failures else None

    async def _dividend_factors(self, query: BarQuery) -> pl.DataFrame:
        """Get what dividends take off the prices of a range: all of them up to the present count."""
        now = await self._rest.present()
        spelled = ticker(query.symbol)
        found, splits, closes = await together(
            [
                self._rest.whole(endpoints.dividends(spelled), partial(_about, spelled, reference.dividends)),
                self._rest.whole(endpoints.splits(spelled), partial(_about, spelled, reference.splits)),
                self._closes(query, now),
            ]
        )
        dividends = pl.concat(found).filter(
            pl.col("ex_date").is_between(session_day(query.start), session_day(now), closed="right")
        )
        return frames.dividend_factors(
            dividends, splits=pl.concat(splits), closes=frames.with_session(pl.concat(closes))
        )

    async def _closes(self, query: BarQuery, now: datetime) -> list[pl.DataFrame]:
        """Get daily bars from some days before a range, for a dividend on its first day, up to the present."""
        closes, failure = await self._range(
            query.symbol, DAY, query.start - DAYS_BEFORE, max(now, query.end), adjusted=True
        )
        if failure is not None:
            raise failure
        return [closes]


def ticker(symbol: str) -> str:
    """Return Massive's spelling of anything that has bars or trades."""
    if symbols.is_option_symbol(symbol):
        return symbols.parse_option(symbol).massive
    return symbols.massive_equity(symbol) if is_equity(symbol) else symbols.massive_index(symbol)


def _asked_range(query: BarQuery) -> tuple[datetime, datetime]:
    """Return the range to ask for: bars that are built from finer ones need all of theirs."""
    if query.timeframe != "1w":
        return query.start, query.end
    monday, sunday = query.whole_weeks()
    return _midnight(monday), _midnight(sunday)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=NEW_YORK).astimezone(UTC)


def _pieces(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut an inclusive range into inclusive pieces that do not touch."""
    begin = start
    while begin <= end:
        finish = min(end, begin + PIECE)
        yield begin, finish
        begin = finish + timedelta(milliseconds=1)


def _close_after(symbol: str) -> timedelta:
    """Return how long after the stock market this symbol still trades in regular hours."""
    if not symbols.is_option_symbol(symbol):
        return timedelta(0)
    close = symbols.root_facts(symbols.parse_option(symbol).root).close
    return timedelta(hours=close.hour - 16, minutes=close.minute)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _finished(found: pl.DataFrame, query: BarQuery, factors: pl.DataFrame | None) -> pl.DataFrame:
    """Return raw bars as the query wants them: sessions, coarser windows, dividends, canonical columns."""
    bars = frames.with_session(found)
    if not query.window.is_intraday:
        # Index bars start at midnight in Chicago, an hour later: reference/massive.md §5, fixtures of I:NDX.
        bars = frames.on_midnight(bars)
    if query.session == "regular" and query.window.is_intraday:
        bars = frames.regular_hours(bars, close_after=_close_after(query.symbol))
    if query.is_built:
        bars = frames.resample(bars, query.timeframe)
    if factors is not None:
        bars = frames.total_return(bars, factors)
    return frames.finish(bars, symbol=query.symbol, adjustment=query.adjustment, source="massive")


def _about(ticker: str, read: Callable[[bytes], pl.DataFrame], page: Page) -> pl.DataFrame:
    return reference.about(read(page.results), ticker)


def _read(page: Page, *, adjusted: bool | None) -> pl.DataFrame:
    # A cursor may forget that raw bars were asked for: reference/massive.md §2.
    if adjusted is not None and page.adjusted is not None and page.adjusted != adjusted:
        raise ValueError(f"bars with adjusted={page.adjusted}, asked for adjusted={adjusted}")
    return bar_page(page.results)
