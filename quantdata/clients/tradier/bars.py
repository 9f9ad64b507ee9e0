"""Bars from Tradier: daily history, and the minutes of the last weeks; adjustments from its corporate actions."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata import symbols
from quantdata.clients.answer import answered
from quantdata.clients.bar_frame import finished
from quantdata.clients.bar_query import is_equity
from quantdata.clients.dividends import in_todays_shares
from quantdata.clients.together import together
from quantdata.clients.tradier.series import ENDPOINT, Series, first_kept, require_unexpired
from quantdata.clients.tradier.spelling import ticker
from quantdata.errors import (
    AuthenticationError,
    DataProviderError,
    EntitlementError,
    PayloadError,
    QuoteNotFoundError,
)
from quantdata.frames import bars as frames
from quantdata.frames.corporate import corporate_actions
from quantdata.frames.tradier import reference
from quantdata.frames.tradier.bars import daily_bars, intraday_bars
from quantdata.frames.tradier.quotes import quote_page
from quantdata.sessions import midnight, session_day
from quantdata.wire.tradier import endpoints

if TYPE_CHECKING:
    from datetime import date

    from quantdata.clients.bar_query import Adjustment, BarQuery
    from quantdata.frames.bars import Timeframe
    from quantdata.wire.tradier.endpoints import Interval
    from quantdata.wire.tradier.rest import TradierRest

__all__ = ["BarLoader"]

DAY: Final = frames.TIMEFRAMES["1d"]
DAYS_BEFORE: Final = timedelta(days=10)
SPLITS_KEPT: Final = 256


class _Source(NamedTuple):
    """Which of the vendor's bars a timeframe is made of."""

    interval: Interval
    base: Timeframe


# The vendor has no half-hours and no hours.
SOURCES: Final = {
    "1m": _Source("1min", frames.TIMEFRAMES["1m"]),
    "5m": _Source("5min", frames.TIMEFRAMES["5m"]),
    **dict.fromkeys(("15m", "30m", "1h"), _Source("15min", frames.TIMEFRAMES["15m"])),
}


class BarLoader:
    """Loads bars of one symbol at a time."""

    def __init__(self, rest: TradierRest) -> None:
        self._rest = rest
        # Splits by symbol and day: they change once in years, and every intraday call wants them.
        self._splits: dict[tuple[str, date], pl.DataFrame] = {}

    async def load(self, query: BarQuery) -> pl.DataFrame:
        """Return canonical bars, oldest first; no rows where nothing traded.

        Minute bars begin where the vendor's memory does, should that be later than the start that was asked for.

        Raises
        ------
        QuoteNotFoundError
            If what only its prefix calls an index is none at Tradier.
        EntitlementError
            If the contract has expired, all of the range is before what the vendor keeps, or prices as traded or total
            returns are asked for and this host has no splits or dividends.
        PayloadError
            If the vendor's bars are not those that were asked for.
        DataProviderError
            If the bars, or what they are to be adjusted by, could not be had.
        """
        now = await self._rest.present()
        require_unexpired(query.symbol, now)
        if query.symbol.startswith("I:"):
            await self._require_index(query.symbol)
        source = SOURCES.get(query.timeframe)
        adjustment: Adjustment = query.adjustment
        if source is None:
            found = await self._daily(query)
        else:
            found, adjustment = await self._intraday(query, source, now)
        factors = await self._dividend_factors(query, now) if query.adjustment == "total" else None
        return await asyncio.to_thread(
            finished,
            found,
            query,
            base=DAY if source is None else source.base,
            source="tradier",
            feed=answered(self._rest).feed,
            factors=factors if adjustment != "raw" else None,
            adjustment=adjustment,
        )

    def kept_since(self, query: BarQuery) -> date | None:
        """Return the first session of which bars are kept; None where there is no such limit."""
        source = SOURCES.get(query.timeframe)
        if source is None:
            return None
        return first_kept(source.interval, self._rest.now(), is_regular=query.session == "regular")

    async def _require_index(self, symbol: str) -> None:
        """Raise unless what only its prefix calls an index is one here: the vendor's symbols have no prefix."""
        request = endpoints.quotes([ticker(symbol)])
        page = await self._rest.items(request, lambda answer: quote_page(answer.items, received=datetime.now(UTC)))
        if page.get_column("type").unique().to_list() != ["index"]:
            raise QuoteNotFoundError(
                f"tradier knows no index {symbol.removeprefix('I:')}", provider="tradier", endpoint=request.path
            )

    async def _daily(self, query: BarQuery) -> pl.DataFrame:
        first, last = session_day(query.start), session_day(query.end)
        if query.timeframe == "1w":
            first, last = query.whole_weeks()
        # History comes adjusted for splits, whatever is asked: reference/tradier.md §5.7.
        must_go_back = query.adjustment == "raw" and is_equity(query.symbol)
        history = self._history(query.symbol, first, last)
        if not must_go_back:
            return await history
        found, splits = await together([history, self._splits_of(query.symbol)])
        return frames.scaled_by_splits(frames.with_session(found), splits, is_back=True).drop("session")

    async def _history(self, symbol: str, first: date, last: date) -> pl.DataFrame:
        request = endpoints.history(ticker(symbol), start=first, end=last)
        bars = await self._rest.items(request, lambda answer: daily_bars(answer.items))
        if _is_index(symbol):
            bars = bars.with_columns(volume=pl.lit(None, pl.Float64))  # the vendor's 0 stands for none
        days = frames.with_session(bars).get_column("session")
        if not days.is_between(first, last).all():
            raise PayloadError(
                f"tradier: daily bars of {symbol} outside of {first} to {last}, which was asked for",
                provider="tradier",
                endpoint=request.path,
            )
        return _each_once(bars, symbol, endpoint=request.path)

    async def _intraday(self, query: BarQuery, source: _Source, now: datetime) -> tuple[pl.DataFrame, Adjustment]:
        kept = first_kept(source.interval, now, is_regular=query.session == "regular")
        start = max(query.start, midnight(kept))
        if start > query.end:
            raise EntitlementError(
                f"tradier keeps {query.timeframe} bars since {kept} only, and these end on {session_day(query.end)}; "
                "daily bars reach further back",
                provider="tradier",
                endpoint=ENDPOINT,
            )
        series = Series(
            self._rest,
            ticker(query.symbol),
            source.interval,
            intraday_bars,
            is_regular=query.session == "regular",
            window=source.base.length,
        )
        # To the end of the last bar that starts in the range.
        pages = await series.load(start, query.end + frames.TIMEFRAMES[query.timeframe].length)
        bars = _each_once(pl.concat(pages), query.symbol, endpoint=ENDPOINT)
        if bars.is_empty() and _is_index(query.symbol):
            raise EntitlementError(
                f"tradier has no intraday bars of the index {query.symbol}; daily ones it has",
                provider="tradier",
                endpoint=ENDPOINT,
            )
        if query.adjustment == "raw":
            return bars, "raw"
        return await self._in_todays_shares(bars, query)

    async def _in_todays_shares(self, bars: pl.DataFrame, query: BarQuery) -> tuple[pl.DataFrame, Adjustment]:
        """Return minute bars, which come as traded, adjusted for splits; as they are where there are no splits to have.

        A failure that may pass is raised: the same bars must not come adjusted at one time and raw at another. What
        cannot be read, twice over, counts as none.
        """
        try:
            splits = await self._splits_of(query.symbol)
        except DataProviderError as error:
            if query.adjustment == "total" or not _is_refused(error):
                raise
            return bars, "raw"
        adjusted = frames.scaled_by_splits(frames.with_session(bars), splits, is_back=False)
        return adjusted.drop("session"), query.adjustment

    async def _splits_of(self, symbol: str) -> pl.DataFrame:
        """Return the splits of a stock up to now."""
        key = symbol, session_day(self._rest.now())
        splits = self._splits.get(key)
        if splits is None:
            self._require_corporate_actions(symbol, "splits")
            spelled = ticker(symbol)
            splits = await self._rest.items(
                endpoints.splits(spelled), lambda answer: reference.splits(answer.items, spelled)
            )
            if len(self._splits) >= SPLITS_KEPT:
                self._splits.clear()
            self._splits[key] = splits
        # A host tells its day with its answer.
        return splits.filter(pl.col("execution_date") <= session_day(self._rest.now()))

    def _require_corporate_actions(self, symbol: str, what: str) -> None:
        if self._rest.is_sandbox:
            raise EntitlementError(
                f"tradier's sandbox has no {what} of {symbol}, which daily bars as traded and total returns are made "
                "with: use adjust='split', or a production token",
                provider="tradier",
            )

    async def dividends(self, symbol: str) -> pl.DataFrame:
        """Return all dividends of a stock or fund, oldest first.

        ``ex_date``, ``amount`` in USD per share of today, ``is_recurring``.

        Raises
        ------
        EntitlementError
            If this is the sandbox, which has none.
        """
        return in_todays_shares(*await together([self._dividends(symbol), self._splits_of(symbol)]))

    async def corporate_actions(self, symbol: str) -> pl.DataFrame:
        """Return the dividends of a stock or fund and its splits up to now, with the columns of `CORPORATE_ACTIONS`.

        Raises
        ------
        EntitlementError
            If this is the sandbox, which has none.
        """
        paid, splits = await together([self._dividends(symbol), self._splits_of(symbol)])
        return corporate_actions(splits, paid, symbol=symbol, source="tradier", feed=answered(self._rest).feed)

    async def _dividends(self, symbol: str) -> pl.DataFrame:
        """Get all dividends of a stock or fund, each once, with ``amount`` in USD per share of that day."""
        self._require_corporate_actions(symbol, "dividends")
        spelled = ticker(symbol)
        request = endpoints.dividends(spelled)
        return await self._rest.items(request, lambda answer: reference.dividends(answer.items, spelled))

    async def _dividend_factors(self, query: BarQuery, now: datetime) -> pl.DataFrame:
        """Get what dividends take off the prices from the start on: all of them up to the present count."""
        first = query.whole_weeks()[0] if query.timeframe == "1w" else session_day(query.start)
        dividends, splits, closes = await together(
            [
                self._dividends(query.symbol),
                self._splits_of(query.symbol),
                # From some days before on, for a dividend on the first day.
                self._history(query.symbol, first - DAYS_BEFORE, session_day(max(now, query.end))),
            ]
        )
        counted = dividends.filter(pl.col("ex_date").is_between(first, session_day(now), closed="right"))
        try:
            return frames.dividend_factors(counted, splits=splits, closes=frames.with_session(closes))
        except ValueError as error:
            raise PayloadError(f"tradier: dividends of {query.symbol}: {error}", provider="tradier") from error


def _is_refused(error: DataProviderError) -> bool:
    """Tell whether a failure of the beta endpoint is there to stay: closed to a good token, gone, or no help."""
    is_closed = isinstance(error, AuthenticationError | EntitlementError | PayloadError)
    is_no_such = type(error) is DataProviderError and error.status in range(400, 500)
    return is_closed or is_no_such or error.status == 404  # noqa: PLR2004


def _is_index(symbol: str) -> bool:
    return not (is_equity(symbol) or symbols.is_option_symbol(symbol))


def _each_once(bars: pl.DataFrame, symbol: str, *, endpoint: str) -> pl.DataFrame:
    repeats = bars.height - bars.get_column("ts").n_unique()
    if repeats:
        raise PayloadError(
            f"tradier: {repeats:,} of {bars.height:,} bars of {symbol} came twice; try again",
            provider="tradier",
            endpoint=endpoint,
        )
    return bars.sort("ts")
