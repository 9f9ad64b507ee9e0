"""Bars from Massive: any range in parallel pieces, sessions, adjustments."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata import symbols
from quantdata.clients.answer import answered
from quantdata.clients.bar_frame import finished
from quantdata.clients.bar_query import is_equity
from quantdata.clients.dividends import in_todays_shares
from quantdata.clients.together import together
from quantdata.errors import DataProviderError, IncompleteError, PayloadError
from quantdata.frames import bars as frames
from quantdata.frames.corporate import corporate_actions
from quantdata.frames.massive import reference
from quantdata.frames.massive.bars import bar_page
from quantdata.sessions import midnight, session_day
from quantdata.wire.massive import endpoints

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.clients.bar_query import BarQuery
    from quantdata.frames.bars import Timeframe
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.massive.rest import MassiveRest

__all__ = ["BarLoader", "ticker"]

# A page scans 50,000 base bars (reference/massive.md §5); 45 days of minutes, 16 hours each, stay below that.
PIECE: Final = timedelta(days=45)
TICK: Final = timedelta(milliseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAYS_BEFORE: Final = timedelta(days=10)
DAY: Final = frames.TIMEFRAMES["1d"]


class _Found(NamedTuple):
    """Raw bars of a range, and the failure of its first piece that did not come whole."""

    bars: pl.DataFrame
    failure: DataProviderError | None
    is_delayed: bool


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
            If the vendor's bars are not those that were asked for.
        DataProviderError
            If nothing arrived, or not the dividends and splits of a total return.
        """
        start, end = _whole_windows(query)
        found = await self._range(query.symbol, query.window, start, end, adjusted=query.adjustment != "raw")
        if found.failure is not None and found.bars.is_empty():
            raise found.failure
        factors = await self._dividend_factors(query, start) if query.adjustment == "total" else None
        feed = answered(self._rest, is_delayed=found.is_delayed).feed
        bars = await asyncio.to_thread(
            finished, found.bars, query, base=query.window, factors=factors, source="massive", feed=feed
        )
        if found.failure is not None:
            raise IncompleteError(found.failure, received=bars, arrived=f"{bars.height:,} bars") from found.failure
        return bars

    async def dividends(self, symbol: str) -> pl.DataFrame:
        """Return all dividends of a stock or fund, oldest first.

        ``ex_date``, ``amount`` in USD per share of today, ``is_recurring``.
        """
        paid, splits = await together([self._dividends(symbol), self._splits(symbol)])
        # A host tells its day with its answers.
        today = session_day(self._rest.now())
        return in_todays_shares(paid, splits.filter(pl.col("execution_date") <= today))

    async def corporate_actions(self, symbol: str) -> pl.DataFrame:
        """Return all splits and dividends of a stock or fund, oldest first, with the columns of `CORPORATE_ACTIONS`."""
        paid, splits = await together([self._dividends(symbol), self._splits(symbol)])
        return corporate_actions(splits, paid, symbol=symbol, source="massive", feed=answered(self._rest).feed)

    async def _range(self, symbol: str, window: Timeframe, start: datetime, end: datetime, *, adjusted: bool) -> _Found:
        spelled = ticker(symbol)
        pages: list[tuple[pl.DataFrame, bool]] = []
        failures: list[DataProviderError] = []

        async def load(piece: tuple[datetime, datetime]) -> None:
            request = endpoints.aggregates(
                spelled,
                multiplier=window.multiplier,
                timespan=window.unit,
                start_ms=_milliseconds(piece[0]),
                end_ms=_milliseconds(piece[1]),
                adjusted=adjusted,
            )
            read = partial(
                _read, spelled=spelled, piece=piece, window=window, adjusted=adjusted if is_equity(symbol) else None
            )
            try:
                pages.extend(await self._rest.pages(request, read))
            except IncompleteError as error:
                pages.extend(error.received)
                failures.append(error.reason)
            except DataProviderError as error:
                failures.append(error)

        pieces = _pieces(start, end) if window.is_intraday else [(start, end)]
        for batch in [[piece] for piece in pieces] if self._rest.is_slow else [pieces]:
            await together(map(load, batch))
        bars = pl.concat([page for page, _ in pages]).sort("ts") if pages else bar_page(b"[]")
        _require_each_once(bars, symbol)
        return _Found(bars, failures[0] if failures else None, any(is_delayed for _, is_delayed in pages))

    async def _dividend_factors(self, query: BarQuery, start: datetime) -> pl.DataFrame:
        """Get what dividends take off the prices from ``start`` on: all of them up to the present count."""
        now = await self._rest.present()
        found, splits, closes = await together(
            [
                self._dividends(query.symbol),
                self._splits(query.symbol),
                self._closes(query.symbol, start, max(now, query.end)),
            ]
        )
        dividends = found.filter(pl.col("ex_date").is_between(session_day(start), session_day(now), closed="right"))
        try:
            return frames.dividend_factors(
                dividends,
                splits=splits.filter(pl.col("execution_date") <= session_day(now)),
                closes=frames.with_session(closes),
            )
        except ValueError as error:
            raise PayloadError(f"massive: dividends of {query.symbol}: {error}", provider="massive") from error

    async def _dividends(self, symbol: str) -> pl.DataFrame:
        """Get all dividends of a stock or fund, each once, with ``amount`` in USD per share of that day."""
        spelled = ticker(symbol)
        pages = await self._rest.whole(endpoints.dividends(spelled), partial(_about, spelled, reference.dividends))
        # A row may come again, as on two pages.
        each_once = pl.concat(pages).unique(["ex_date", "amount", "dividend_type"], keep="first", maintain_order=True)
        return each_once.drop("dividend_type")

    async def _splits(self, symbol: str) -> pl.DataFrame:
        spelled = ticker(symbol)
        return pl.concat(await self._rest.whole(endpoints.splits(spelled), partial(_about, spelled, reference.splits)))

    async def _closes(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Get daily bars from some days before a range on, for a dividend on its first day."""
        found = await self._range(symbol, DAY, start - DAYS_BEFORE, end, adjusted=True)
        if found.failure is not None:
            raise found.failure
        return found.bars


def ticker(symbol: str) -> str:
    """Return Massive's spelling of anything that has bars or trades."""
    if symbols.is_option_symbol(symbol):
        return symbols.parse_option(symbol).massive
    return symbols.massive_equity(symbol) if is_equity(symbol) else symbols.massive_index(symbol)


def _whole_windows(query: BarQuery) -> tuple[datetime, datetime]:
    """Return the range to ask for: from the start of the first bar's window to the end of the last one's.

    What a vendor makes of a range that cuts a window is not known; simulated bars then lack a part.
    """
    if query.timeframe == "1w":
        first, last = query.whole_weeks()
        return midnight(first), midnight(last + timedelta(days=1)) - TICK
    if not query.window.is_intraday:
        first, last = session_day(query.start), session_day(query.end)
        return midnight(first), midnight(last + timedelta(days=1)) - TICK
    length = frames.TIMEFRAMES[query.timeframe].length
    # Hours that are built from the open begin at half past.
    anchor = EPOCH + timedelta(minutes=30) if query.is_built else EPOCH
    return _floor(query.start, length, anchor), _floor(query.end, length, anchor) + length - TICK


def _floor(moment: datetime, length: timedelta, anchor: datetime) -> datetime:
    return moment - (moment - anchor) % length


def _pieces(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Cut an inclusive range into inclusive pieces that neither touch nor cut a window."""
    count = (end - start) // PIECE + 1
    return [(start + number * PIECE, min(end, start + (number + 1) * PIECE - TICK)) for number in range(count)]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _about(ticker: str, read: Callable[[bytes], pl.DataFrame], page: Page) -> pl.DataFrame:
    return reference.about(read(page.results), ticker)


def _read(
    page: Page, *, spelled: str, piece: tuple[datetime, datetime], window: Timeframe, adjusted: bool | None
) -> tuple[pl.DataFrame, bool]:
    # A cursor may forget that raw bars were asked for: reference/massive.md §2.
    if adjusted is not None and page.adjusted is not None and page.adjusted != adjusted:
        raise ValueError(f"bars with adjusted={page.adjusted}, asked for adjusted={adjusted}")
    if page.ticker not in {None, spelled}:
        raise ValueError(f"bars of {page.ticker}, asked for {spelled}")
    bars = bar_page(page.results)
    begin, finish = piece
    if not bars.get_column("ts").is_between(begin - window.length, finish + window.length).all():
        raise ValueError("bars outside of the range that was asked for")
    return bars, page.is_delayed


def _require_each_once(bars: pl.DataFrame, symbol: str) -> None:
    repeats = bars.height - bars.get_column("ts").n_unique()
    if repeats:
        raise PayloadError(
            f"massive: {repeats:,} of {bars.height:,} bars of {symbol} came twice: pages overlap, so others may be "
            "missing; try again",
            provider="massive",
            endpoint="/v2/aggs",
        )
