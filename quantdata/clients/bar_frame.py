"""Bars of a vendor or a lake to what a query asked for: sessions, adjustments, coarser windows, canonical columns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from quantdata import symbols
from quantdata.frames import bars as frames
from quantdata.frames.corporate import dividends_in, splits_in

if TYPE_CHECKING:
    from datetime import date

    from quantdata.clients.bar_query import Adjustment, BarQuery
    from quantdata.frames.bars import Timeframe

__all__ = ["finished", "from_raw"]


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
    bars = frames.with_session(frames.given_by(found, source, feed))
    if not base.is_intraday:
        # Index bars may start at midnight in Chicago, an hour later: reference/massive.md §5, fixtures of I:NDX.
        bars = frames.on_midnight(bars)
    return _as_asked(bars, query, base=base, factors=factors, adjustment=adjustment or query.adjustment)


def from_raw(
    found: pl.DataFrame,
    query: BarQuery,
    *,
    today: date,
    actions: pl.DataFrame | None = None,
    closes: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return canonical bars as traded as a query wants them; each row keeps its source.

    Parameters
    ----------
    found
        Of `BarQuery.window`, with the columns of `BARS`, oldest first.
    query
        What was asked for.
    today
        Splits and dividends up to it count.
    actions
        Splits and dividends, with the columns of `CORPORATE_ACTIONS`; left out where bars stay as traded.
    closes
        Daily bars as traded, from some days before the first bar up to the present, for a total return.

    Raises
    ------
    ValueError
        If a dividend is larger than the close before it.
    """
    if actions is None:
        return _as_asked(found, query, base=query.window, factors=None, adjustment="raw")
    splits = splits_in(actions).filter(pl.col("execution_date") <= today)
    bars = frames.scaled_by_splits(found, splits, is_back=False)
    if closes is None:
        return _as_asked(bars, query, base=query.window, factors=None, adjustment="split")
    first = found.get_column("session").min()
    paid = dividends_in(actions).filter(pl.col("ex_date").is_between(first, today, closed="right"))
    factors = frames.dividend_factors(
        paid, splits=splits, closes=frames.scaled_by_splits(closes, splits, is_back=False)
    )
    return _as_asked(bars, query, base=query.window, factors=factors, adjustment="total")


def _as_asked(
    bars: pl.DataFrame, query: BarQuery, *, base: Timeframe, factors: pl.DataFrame | None, adjustment: Adjustment
) -> pl.DataFrame:
    """Return bars of the hours, in the windows and from the range that a query asks for."""
    if query.session == "regular" and base.is_intraday:
        bars = frames.regular_hours(bars, close_after=_close_after(query.symbol))
    if factors is not None:
        bars = frames.total_return(bars, factors)
    if base is not frames.TIMEFRAMES[query.timeframe]:
        bars = frames.resample(bars, query.timeframe, is_from_open=query.session == "regular")
    if query.timeframe != "1w":
        bars = bars.filter(pl.col("ts").is_between(query.start, query.end))
    return frames.finish(bars, symbol=query.symbol, adjustment=adjustment)


def _close_after(symbol: str) -> timedelta:
    """Return how long after the stock market this symbol still trades in regular hours."""
    if not symbols.is_option_symbol(symbol):
        return timedelta(0)
    close = symbols.root_facts(symbols.parse_option(symbol).root).close
    return timedelta(hours=close.hour - 16, minutes=close.minute)
