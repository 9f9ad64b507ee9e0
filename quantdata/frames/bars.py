"""Bars of any vendor: sessions, coarser bars from finer ones, adjustment for dividends, canonical order."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

import polars as pl

from quantdata.frames.columns import BARS, FEED, MOMENT, PROVIDER
from quantdata.frames.provenance import canonical
from quantdata.sessions import NEW_YORK, sessions

__all__ = [
    "TIMEFRAMES",
    "Timeframe",
    "dividend_factors",
    "finish",
    "given_by",
    "midnight",
    "on_midnight",
    "regular_hours",
    "resample",
    "scaled_by_splits",
    "total_return",
    "with_later",
    "with_session",
]


class Timeframe(NamedTuple):
    """How bars of one timeframe are asked for.

    Attributes
    ----------
    multiplier, unit
        Size of the window.
    regular_from
        The finer timeframe that regular-hours bars are built from, where the vendor's own windows straddle the open.
    """

    multiplier: int
    unit: str
    regular_from: str | None = None

    @property
    def length(self) -> timedelta:
        """Size of the window; a day and a week are those of the clock, an hour longer or shorter twice a year."""
        return self.multiplier * timedelta(**{f"{self.unit}s": 1})

    @property
    def is_intraday(self) -> bool:
        """Whether several bars make a session."""
        return self.unit in {"minute", "hour"}


TIMEFRAMES: Final = {
    "1m": Timeframe(1, "minute"),
    "5m": Timeframe(5, "minute"),
    "15m": Timeframe(15, "minute"),
    "30m": Timeframe(30, "minute"),
    "1h": Timeframe(1, "hour", regular_from="30m"),
    "1d": Timeframe(1, "day"),
    "1w": Timeframe(1, "week", regular_from="1d"),
}

_AGGREGATED: Final = (
    pl.col("open").first(),
    pl.col("high").max(),
    pl.col("low").min(),
    pl.col("close").last(),
    # The mean price weighs by volume; a bar without volume (an index) has none.
    ((pl.col("vwap") * pl.col("volume")).sum() / pl.col("volume").filter(pl.col("vwap").is_not_null()).sum())
    .fill_nan(None)
    .alias("vwap"),
    pl.when(pl.col("volume").is_not_null().any()).then(pl.col("volume").sum()).alias("volume"),
    pl.when(pl.col("trades").is_not_null().any()).then(pl.col("trades").sum()).alias("trades"),
)


def with_session(bars: pl.DataFrame) -> pl.DataFrame:
    """Add ``session``, the New York date of each bar's start."""
    return bars.with_columns(session=pl.col("ts").dt.convert_time_zone(str(NEW_YORK)).dt.date())


def on_midnight(bars: pl.DataFrame) -> pl.DataFrame:
    """Return daily bars with ``ts`` at midnight New York of their session."""
    return bars.with_columns(ts=midnight(pl.col("session")))


def regular_hours(bars: pl.DataFrame, *, close_after: timedelta = timedelta(0)) -> pl.DataFrame:
    """Keep the bars that start in regular hours, half-days included.

    Parameters
    ----------
    bars
        Intraday bars with ``ts`` and ``session``.
    close_after
        How long after the stock market's close this market still trades.
    """
    if bars.is_empty():
        return bars
    days = bars.get_column("session").sort()
    hours = pl.DataFrame(
        [(each.day, each.open, each.close + close_after) for each in sessions(days[0], days[-1])],
        schema={"session": pl.Date, "opens": MOMENT, "closes": MOMENT},
        orient="row",
    )
    timed = bars.join(hours, on="session", how="inner", maintain_order="left")
    return timed.filter(pl.col("ts").is_between("opens", "closes", closed="left")).drop("opens", "closes")


def resample(bars: pl.DataFrame, timeframe: str, *, is_from_open: bool = True) -> pl.DataFrame:
    """Build coarser bars: ``1w`` from daily ones, from Monday on; ``30m`` and ``1h`` from finer ones of a session.

    Parameters
    ----------
    bars
        With ``session``, ``source`` and ``feed``, oldest first.
    timeframe
        Of the result; ``source`` is kept where it is the same of all bars in a window, ``feed`` is the worst.
    is_from_open
        Whether hours run from the open (09:30), or else by the clock.
    """
    is_one = pl.col("source").n_unique() == 1
    aggregated = [*_AGGREGATED, pl.when(is_one).then(pl.col("source").first()), pl.col("feed").min()]
    if timeframe == "1w":
        week = pl.col("session").dt.truncate("1w").alias("monday")
        weekly = bars.group_by(week, maintain_order=True).agg(*aggregated, pl.col("session").first())
        return weekly.with_columns(ts=midnight(pl.col("monday"))).drop("monday")
    shift = timedelta(minutes=30) if timeframe == "1h" and is_from_open else timedelta(0)
    window = (pl.col("ts") - shift).dt.truncate(timeframe) + shift
    return bars.group_by(window.alias("ts"), "session", maintain_order=True).agg(aggregated)


def scaled_by_splits(bars: pl.DataFrame, splits: pl.DataFrame, *, is_back: bool) -> pl.DataFrame:
    """Return bars in today's shares, or back in those of their own day.

    Parameters
    ----------
    bars
        With ``session``; as traded, or when going back adjusted for splits.
    splits
        ``execution_date``, ``ratio``, of the past alone.
    is_back
        Whether adjusted bars go back to what was traded.
    """
    found = with_later(bars.sort("session", maintain_order=True), splits, on="session")
    shares = pl.col("later_ratio") if is_back else 1 / pl.col("later_ratio")
    # What was traded has four decimals at most; a product of two rounded numbers shows more.
    prices = (pl.col("open", "high", "low", "close", "vwap") * shares).round(6 if is_back else 9)
    return found.with_columns(prices, volume=pl.col("volume") / shares).select(bars.columns)


def dividend_factors(dividends: pl.DataFrame, *, splits: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """Return what prices before each ex-dividend day are multiplied by, all later dividends included.

    A dividend takes ``1 - amount / close`` off the prices before its day, with the close of the session before it;
    amounts and closes are both counted in today's shares.

    Parameters
    ----------
    dividends
        ``ex_date``, ``amount`` in that day's shares.
    splits
        ``execution_date``, ``ratio``.
    closes
        Split-adjusted daily bars: ``session``, ``close``, up to the present.

    Raises
    ------
    ValueError
        If a dividend is larger than the close before it.

    Returns
    -------
    pl.DataFrame
        ``ex_date`` (rising), ``factor``. A dividend without a session before it among ``closes`` is left out.
    """
    by_day = dividends.group_by("ex_date").agg(pl.col("amount").sum()).sort("ex_date")
    in_todays_shares = with_later(by_day, splits, on="ex_date")
    before = in_todays_shares.join_asof(
        closes.select("session", "close").sort("session"),
        left_on="ex_date",
        right_on="session",
        strategy="backward",
        allow_exact_matches=False,
    ).drop_nulls("close")
    factor = 1 - pl.col("amount") / pl.col("later_ratio") / pl.col("close")
    factors = before.select("ex_date", factor.alias("factor"))
    if not (factors.get_column("factor") > 0).all():
        raise ValueError("a dividend is larger than the price that it was paid from")
    return factors.with_columns(pl.col("factor").cum_prod(reverse=True))


def total_return(bars: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    """Return split-adjusted bars adjusted for dividends too, by the factors of `dividend_factors`."""
    scaled = bars.sort("session", maintain_order=True).join_asof(
        factors, left_on="session", right_on="ex_date", strategy="forward", allow_exact_matches=False
    )
    factor = pl.col("factor").fill_null(1.0)
    return scaled.with_columns(pl.col("open", "high", "low", "close", "vwap") * factor).select(bars.columns)


def given_by(bars: pl.DataFrame, source: str, feed: str | None) -> pl.DataFrame:
    """Add who gave the bars, and how fresh that source is."""
    return bars.with_columns(source=pl.lit(source, PROVIDER), feed=pl.lit(feed, FEED))


def finish(bars: pl.DataFrame, *, symbol: str, adjustment: str) -> pl.DataFrame:
    """Return canonical bars of one symbol, oldest first."""
    complete = bars.with_columns(symbol=pl.lit(symbol), adjustment=pl.lit(adjustment))
    return complete.select(canonical(BARS, complete.columns)).sort("ts")


def with_later(rows: pl.DataFrame, splits: pl.DataFrame, *, on: str) -> pl.DataFrame:
    """Add ``later_ratio``: today's shares for one of that day's, by all splits after it."""
    cumulative = splits.sort("execution_date").select(
        "execution_date", pl.col("ratio").cum_prod(reverse=True).alias("later_ratio")
    )
    joined = rows.join_asof(
        cumulative, left_on=on, right_on="execution_date", strategy="forward", allow_exact_matches=False
    )
    return joined.with_columns(pl.col("later_ratio").fill_null(1.0))


def midnight(day: pl.Expr) -> pl.Expr:
    """Return midnight New York of days, as moments (UTC)."""
    return day.cast(pl.Datetime("us")).dt.replace_time_zone(str(NEW_YORK)).dt.convert_time_zone("UTC")
