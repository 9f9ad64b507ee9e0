"""The instant at which each quote of a chain is priced: its own time while its options trade, else the last close."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.errors import SymbolError
from quantdata.frames.columns import MOMENT
from quantdata.sessions import FIRST_DAY, LAST_DAY, NEW_YORK, find_session, previous_session
from quantdata.symbols import root_facts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, time

__all__ = ["valuation_instants"]

_AT: Final = "valued_at"
_LATENESS: Final = pl.Duration("us")
_NO_LATENESS: Final = (timedelta(0), timedelta(0))


def valuation_instants(chain: pl.DataFrame) -> pl.Series:
    """Return the instant (UTC) at which each row's quote is priced; null outside the calendar.

    The quote's time, or that of the snapshot where a row has none, if the root's options trade at it; before the open
    the close of their last session, after their close that close. A quote that a vendor still sends on Sunday, or
    stamps at 18:00, is one of the last close: to price it at the clock on the wall would be to lose time value.
    """
    quoted = chain.select("root_symbol", "expiration", pl.coalesce("quote_ts", "snapshot_ts").alias(_AT)).with_columns(
        day=pl.col(_AT).dt.convert_time_zone(NEW_YORK.key).dt.date()
    )
    placed = quoted.join(_hours(quoted), on="day", how="left", maintain_order="left").join(
        _lateness(quoted), on="root_symbol", how="left", maintain_order="left"
    )
    late = (
        pl.when(pl.col("expiration") == pl.col("day")).then("last_day_late").otherwise("late").fill_null(timedelta(0))
    )
    valued = (
        pl.when(pl.col("opens").is_null() | (pl.col(_AT) < pl.col("opens")))
        .then(pl.col("closed_before") + late)
        .otherwise(pl.min_horizontal(_AT, pl.col("closes") + late))
    )
    return placed.select(valued.cast(MOMENT).alias(_AT)).to_series()


def _hours(quoted: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each day on which something was quoted: regular hours, and the close of the session before."""
    days: Iterable[date] = quoted.get_column("day").unique().drop_nulls()
    rows = []
    for day in days:
        # The calendar's first day has no session before it.
        if FIRST_DAY + timedelta(days=7) <= day <= LAST_DAY:
            today = find_session(day)
            opens, closes = (None, None) if today is None else (today.open, today.close)
            rows.append((day, opens, closes, previous_session(day).close))
    return pl.DataFrame(
        rows, orient="row", schema={"day": pl.Date(), "opens": MOMENT, "closes": MOMENT, "closed_before": MOMENT}
    )


def _lateness(quoted: pl.DataFrame) -> pl.DataFrame:
    """Return how long after the stock market each root's options trade, on an ordinary day and on their last."""
    roots: Iterable[str] = quoted.get_column("root_symbol").unique().drop_nulls()
    rows = [(root, *_late(root)) for root in roots]
    return pl.DataFrame(
        rows, orient="row", schema={"root_symbol": pl.String, "late": _LATENESS, "last_day_late": _LATENESS}
    )


def _late(root: str) -> tuple[timedelta, timedelta]:
    try:
        facts = root_facts(root)
    except SymbolError:
        return _NO_LATENESS
    return _after_close(facts.close), _after_close(facts.last_day_close)


def _after_close(close: time) -> timedelta:
    # Root facts are of a full day; on a half-day both closes are three hours earlier.
    return timedelta(hours=close.hour - 16, minutes=close.minute)
