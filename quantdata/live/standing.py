"""What goes with the newest events in the rows of a chain: its moment, the price of the underlying, the day, ages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quantdata.frames.columns import FEED, MODELLED, MOMENT
from quantdata.live.merging import LONG_AGO, NO_DAY, OWNED, answered, days, latest
from quantdata.validation import validate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

__all__ = ["Pace", "Spot", "is_within", "judged", "latest_spot", "moved_on", "spot_of", "with_day", "with_spot"]

_YEAR_US: Final = timedelta(days=365) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A price of the underlying: USD, or points of an index.

    Attributes
    ----------
    price, ts
        What it was, and when (UTC).
    source, feed
        Who said so, and how fresh that is by plan.
    """

    price: float
    ts: datetime
    source: str
    feed: str


class Pace(NamedTuple):
    """How often rows are polled, in seconds: those until an expiration, itself included; None is all the others."""

    until: date | None
    seconds: float


def is_within(span: tuple[date | None, date | None]) -> pl.Expr:
    """Return which expirations are in a span, both ends included; None is an open end."""
    first, last = span
    return pl.all_horizontal(
        pl.lit(value=True) if first is None else pl.col("expiration") >= first,
        pl.lit(value=True) if last is None else pl.col("expiration") <= last,
    )


def judged(chain: pl.DataFrame, now: datetime, paces: Sequence[Pace]) -> pl.DataFrame:
    """Return a chain held to the rules, each part to how often it is polled; no rule goes beyond an expiration."""
    if len(paces) == 1:
        return validate(chain, now, cadence_s=paces[0].seconds)
    bounds = [None, *(pace.until for pace in paces)]
    parts = [
        validate(
            # What has no expiration comes first in a chain.
            chain.filter(_is_beyond(after).fill_null(value=False), is_within((None, pace.until)).fill_null(value=True)),
            now,
            cadence_s=pace.seconds,
        )
        for after, pace in zip(bounds, paces, strict=False)
    ]
    return pl.concat(parts)


def _is_beyond(day: date | None) -> pl.Expr:
    return pl.lit(value=True) if day is None else pl.col("expiration") > day


def spot_of(chain: pl.DataFrame) -> Spot | None:
    """Return the newest price of the underlying that a poll tells; None if the vendor gave none with a time."""
    given = chain.filter(
        pl.col("underlying_source") != "model", pl.col("underlying_price").is_not_null(), pl.col("feed").is_not_null()
    )
    told = given.select("underlying_price", "underlying_ts", "underlying_source", "feed").drop_nulls()
    if told.is_empty():
        return None
    price, ts, source, feed = told.row(told.get_column("underlying_ts").arg_max() or 0)
    return Spot(price=price, ts=ts, source=source, feed=feed)


def latest_spot(known: Spot | None, other: Spot | None) -> Spot | None:
    """Return the newer of two prices, by the millisecond; of two at one time the other."""
    if known is None or other is None:
        return known or other
    return other if _whole_ms(other.ts) >= _whole_ms(known.ts) else known


def _whole_ms(ts: datetime) -> datetime:
    return ts.replace(microsecond=ts.microsecond // 1000 * 1000)


def with_spot(rows: pl.DataFrame, spot: Spot) -> pl.DataFrame:
    """Return rows with a price of the underlying that is no older than theirs, by the millisecond.

    A price without a time is one of the moment of its answer; the model's counts only where the other is old.
    """
    own = (
        pl.when(pl.col("underlying_source") == "model")
        .then(pl.col("underlying_ts") - OWNED)
        .when(pl.col("underlying_price").is_not_null())
        .then(pl.coalesce("underlying_ts", "snapshot_ts"))
    )
    is_newer = pl.when((own.dt.truncate("1ms") <= spot.ts).fill_null(value=True))
    return rows.with_columns(
        is_newer.then(pl.lit(spot.price)).otherwise("underlying_price").alias("underlying_price"),
        is_newer.then(pl.lit(spot.ts, MOMENT)).otherwise("underlying_ts").alias("underlying_ts"),
        is_newer.then(pl.lit(spot.source, MODELLED)).otherwise("underlying_source").alias("underlying_source"),
        is_newer.then(pl.col("strike") / spot.price).otherwise("moneyness").alias("moneyness"),
        is_newer.then(pl.min_horizontal("feed", pl.lit(spot.feed, FEED))).otherwise("feed").alias("feed"),
    )


def with_day(rows: pl.DataFrame, polled: pl.DataFrame) -> pl.DataFrame:
    """Return rows in which the other prices of the day go with the close that a stream told.

    Of a session that polls have not told of yet the first price is not known, nor the range.
    """
    before, session = days(polled.get_column("day_session")), days(rows.get_column("day_session"))
    close, old_close = (frame.get_column("close").to_numpy() for frame in (rows, polled))
    first, high, low, prev_close, change, percent = (
        rows.get_column(name).to_numpy() for name in ("open", "high", "low", "prev_close", "change", "change_percent")
    )
    is_new = session != before
    is_later = is_new & (before != NO_DAY)
    is_moved = is_new | ~((close == old_close) | (np.isnan(close) & np.isnan(old_close)))
    prev_close = np.where(is_later, old_close, prev_close)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = close - prev_close
        moved_percent = 100 * moved / prev_close
    told = {
        "open": np.where(is_new, np.nan, first),
        "high": np.where(is_new, np.nan, np.where(is_moved, np.fmax(high, close), high)),
        "low": np.where(is_new, np.nan, np.where(is_moved, np.fmin(low, close), low)),
        "prev_close": prev_close,
        "change": np.where(is_moved, np.round(moved, 6), change),
        "change_percent": np.where(is_moved, moved_percent, percent),
    }
    return rows.with_columns(pl.Series(name, values, pl.Float64, nan_to_null=True) for name, values in told.items())


def moved_on(rows: pl.DataFrame, polled: pl.DataFrame) -> pl.DataFrame:
    """Return rows whose moment, one for all, has moved on since the last poll by as much as passed here.

    A simulated market may be quicker than that: its newest event tells its time.
    """
    moment, came = answered(rows)
    polled_at = latest(polled, "received_ts")
    if polled_at > LONG_AGO:
        moment += max(came - polled_at, timedelta(0))
    if (polled.get_column("feed") == "simulated").any():
        moment = max(moment, latest(rows, "quote_ts"), latest(rows, "last_ts"))
    at = np.datetime64(moment.replace(tzinfo=None), "us")
    since = (at - rows.get_column("snapshot_ts").to_numpy()).astype(np.int64) / _YEAR_US
    left = np.maximum(rows.get_column("time_to_expiry").to_numpy() - since, 0.0)
    return rows.with_columns(
        pl.Series("snapshot_ts", np.full(rows.height, at)).cast(MOMENT),
        pl.Series("time_to_expiry", left, pl.Float64, nan_to_null=True),
    )
