"""Raw bars of any vendor to what a query asked for: sessions, dividends, coarser windows, canonical columns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from quantdata import symbols
from quantdata.frames import bars as frames

if TYPE_CHECKING:
    from quantdata.clients.bar_query import Adjustment, BarQuery
    from quantdata.frames.bars import Timeframe

__all__ = ["finished"]


def finished(
    found: pl.DataFrame,
    query: BarQuery,
    *,
    base: Timeframe,
    source: str,
    feed: str | None,
    factors: pl.DataFrame | None = None,
    adjustment: Adjustment | None = None,
) -> pl.DataFrame:
    """Return raw bars as a query wants them.

    Parameters
    ----------
    found
        Bars as sent, oldest first.
    query
        What was asked for.
    base
        The timeframe of ``found``; the query's is built from it where it is another.
    source, feed
        Who gave them, and how fresh.
    factors
        Of `frames.bars.dividend_factors`, for a total return.
    adjustment
        What the prices are adjusted for, where that is not what was asked for.
    """
    bars = frames.with_session(found)
    if not base.is_intraday:
        # Index bars may start at midnight in Chicago, an hour later: reference/massive.md §5, fixtures of I:NDX.
        bars = frames.on_midnight(bars)
    if query.session == "regular" and base.is_intraday:
        bars = frames.regular_hours(bars, close_after=_close_after(query.symbol))
    if factors is not None:
        bars = frames.total_return(bars, factors)
    if base is not frames.TIMEFRAMES[query.timeframe]:
        bars = frames.resample(bars, query.timeframe, is_from_open=query.session == "regular")
    if query.timeframe != "1w":
        bars = bars.filter(pl.col("ts").is_between(query.start, query.end))
    return frames.finish(bars, symbol=query.symbol, adjustment=adjustment or query.adjustment, source=source, feed=feed)


def _close_after(symbol: str) -> timedelta:
    """Return how long after the stock market this symbol still trades in regular hours."""
    if not symbols.is_option_symbol(symbol):
        return timedelta(0)
    close = symbols.root_facts(symbols.parse_option(symbol).root).close
    return timedelta(hours=close.hour - 16, minutes=close.minute)
