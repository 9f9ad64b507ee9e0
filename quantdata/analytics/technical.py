"""Technical indicators of bars: one row a bar, TA-Lib's figures where it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.frames.bars import midnight, with_session
from quantdata.frames.columns import MOMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["INDICATORS", "SETTLING_BARS", "indicator_columns", "with_indicators"]

AVERAGES: Final = (8, 21, 50, 200)
RSI_BARS: Final = 14
RANGE_BARS: Final = 14
BAND_BARS: Final = 20
BAND_DEVIATIONS: Final = 2.0
FAST_BARS, SLOW_BARS, SIGNAL_BARS = 12, 26, 9
# An EMA begins with the plain mean of its first window. After three more windows that start weighs 0.25 %.
SETTLING_BARS: Final = 4 * max(AVERAGES)

OF_CLOSES: Final = (
    *(f"ema_{window}" for window in AVERAGES),
    "rsi_14",
    "macd",
    "macd_signal",
    "macd_histogram",
    "bb_upper",
    "bb_middle",
    "bb_lower",
)
OF_RANGES: Final = ("atr_14", "adx_14")
PIVOTS: Final = ("pivot", "r1", "r2", "r3", "s1", "s2", "s3")
INDICATORS: Final = (*OF_CLOSES[:8], "atr_14", *OF_CLOSES[8:], "vwap", "adx_14", *PIVOTS)

PRICES: Final = ("high", "low", "close")
NEEDED: Final = ("ts", *PRICES)


def indicator_columns(bars: pl.DataFrame) -> pl.DataFrame:
    """Return the indicators of each bar.

    Parameters
    ----------
    bars
        Of one symbol and one timeframe, with the columns ``ts``, ``high``, ``low``, ``close`` and, where they are
        known, ``volume`` and ``vwap``. All in ``ts`` at midnight New York are daily or weekly bars; others are
        intraday.

    Returns
    -------
    pl.DataFrame
        One row per bar, oldest first: ``ts`` as in the bars, and these columns, Float64, USD per share (points of an
        index) where not said otherwise. Null is what cannot be known: before a first window is full, of a bar without
        the prices that a figure needs (the next bars go on as if it were not there), never NaN.

        - ``ema_8``, ``ema_21``, ``ema_50``, ``ema_200``: exponential averages of closes, ``E = E + 2 / (n + 1) *
          (close - E)``, begun with the mean of the first n closes.
        - ``rsi_14``: Wilder's relative strength index, 0 to 100: ``100 * G / (G + L)``, with G and L the averages of
          rises and falls that change by 1/14 of each new one. Null until a close differs from the first.
        - ``macd``, ``macd_signal``, ``macd_histogram``: EMA 12 less EMA 26, the EMA 9 of that, their difference. TA-Lib
          begins both averages at the same bar, as the signal does; the start weighs little after 100 bars.
        - ``atr_14``: Wilder's average of true ranges, ``max(high, close before) - min(low, close before)``.
        - ``bb_upper``, ``bb_middle``, ``bb_lower``: mean of 20 closes, and 2 of their (population) standard deviations
          above and below.
        - ``vwap``: of a session so far, ``sum(price * volume) / sum(volume)``, price being each bar's own ``vwap``,
          else its typical price ``(high + low + close) / 3``; null without volume, as of an index. Of daily and weekly
          bars their own ``vwap``.
        - ``adx_14``: Wilder's average directional index, 0 to 100; twice 14 bars until the first.
        - ``pivot``, ``r1`` to ``r3``, ``s1`` to ``s3``: floor pivots of the session before, as far as its bars are
          here; of daily and weekly bars those of the bar before. With H, L, C its high, low and close: ``P = (H + L +
          C) / 3``, ``R1 = 2P - L``, ``S1 = 2P - H``, ``R2 = P + (H - L)``, ``S2 = P - (H - L)``, ``R3 = H + 2(P -
          L)``, ``S3 = L - 2(H - P)``.

    Raises
    ------
    ArgumentError
        If a needed column is missing, or the bars are those of several symbols.

    References
    ----------
    TA-Lib, functions EMA, RSI, MACD, ATR, BBANDS and ADX. J. W. Wilder, *New Concepts in Technical Trading Systems*
    (1978): RSI, ATR, ADX. G. Appel, *The Moving Average Convergence-Divergence Trading Method* (1985). J. Bollinger,
    *Bollinger on Bollinger Bands* (2001).

    Examples
    --------
    >>> import datetime as dt, polars as pl
    >>> from quantdata.analytics.technical import indicator_columns
    >>> start = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)
    >>> bars = pl.DataFrame(
    ...     {"ts": [start + dt.timedelta(minutes=n) for n in range(8)], "close": [1.0, 2, 3, 4, 5, 6, 7, 8]}
    ... ).with_columns(high=pl.col("close"), low=pl.col("close"))
    >>> indicator_columns(bars).get_column("ema_8").to_list()
    [None, None, None, None, None, None, None, 4.5]
    """
    _require_one_symbol(bars)
    known = with_session(_numbers(bars)).with_row_index("bar")
    parts = (
        known.join(_of_closes(known), on="bar", how="left", maintain_order="left")
        .join(_of_ranges(known), on="bar", how="left", maintain_order="left")
        .join(_sessions_before(known), on="session", how="left", maintain_order="left")
    )
    return parts.select("ts", *OF_CLOSES, *OF_RANGES, _vwap(known), *_pivots()).select("ts", *INDICATORS)


def with_indicators(bars: pl.DataFrame) -> pl.DataFrame:
    """Return bars, oldest first, with the columns of `indicator_columns`; ``vwap`` is that of the session so far."""
    ordered = bars.sort("ts")
    return pl.concat([ordered.drop("vwap", strict=False), indicator_columns(ordered).drop("ts")], how="horizontal")


def _require_one_symbol(bars: pl.DataFrame) -> None:
    missing = [name for name in NEEDED if name not in bars.columns]
    if missing:
        raise ArgumentError(f"indicators need the columns {', '.join(NEEDED)}; missing: {', '.join(missing)}")
    if "symbol" in bars.columns and bars.get_column("symbol").n_unique() > 1:
        symbols = bars.get_column("symbol").unique(maintain_order=True).head(5).to_list()
        raise ArgumentError(f"indicators are of one symbol's bars; these are of {', '.join(map(str, symbols))}")


def _numbers(bars: pl.DataFrame) -> pl.DataFrame:
    """Return time, prices and volume alone, oldest first; what is no finite number is null."""
    names = (*PRICES, "volume", "vwap")
    numbers = [
        (pl.col(name) if name in bars.columns else pl.lit(None)).cast(pl.Float64, strict=False).alias(name)
        for name in names
    ]
    found = bars.select(pl.col("ts").cast(MOMENT), *numbers).sort("ts")
    return found.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in names)


def _of_closes(known: pl.DataFrame) -> pl.DataFrame:
    import talib  # noqa: PLC0415  # heavy: it loads pandas where that is installed

    rows = known.drop_nulls("close")
    closes = rows.get_column("close").to_numpy()
    macd, signal, histogram = talib.MACD(closes, FAST_BARS, SLOW_BARS, SIGNAL_BARS)
    upper, middle, lower = talib.BBANDS(closes, BAND_BARS, BAND_DEVIATIONS, BAND_DEVIATIONS)
    averages = [talib.EMA(closes, window) for window in AVERAGES]
    found = _columns(
        rows, OF_CLOSES, (*averages, talib.RSI(closes, RSI_BARS), macd, signal, histogram, upper, middle, lower)
    )
    # Without a single change there is neither rise nor fall to compare; TA-Lib says 0, which reads as a fall.
    has_moved = (pl.col("close") != pl.col("close").first()).cum_max()
    return found.with_columns(rsi_14=pl.when(has_moved).then("rsi_14")).drop("close")


def _of_ranges(known: pl.DataFrame) -> pl.DataFrame:
    import talib  # noqa: PLC0415  # heavy

    rows = known.drop_nulls(PRICES)
    high, low, close = (rows.get_column(name).to_numpy() for name in PRICES)
    ranges = (talib.ATR(high, low, close, RANGE_BARS), talib.ADX(high, low, close, RANGE_BARS))
    return _columns(rows, OF_RANGES, ranges).drop("close")


def _columns(rows: pl.DataFrame, names: tuple[str, ...], values: tuple[Floats, ...]) -> pl.DataFrame:
    """Return TA-Lib's arrays as columns beside the number of their bar; its NaN is null."""
    found: Mapping[str, Floats] = dict(zip(names, values, strict=True))
    return rows.select("bar", "close").with_columns(
        pl.Series(name, array, dtype=pl.Float64, nan_to_null=True) for name, array in found.items()
    )


def _is_intraday(known: pl.DataFrame) -> bool:
    return not known.select((pl.col("ts") == midnight(pl.col("session"))).all()).item()


def _vwap(known: pl.DataFrame) -> pl.Expr:
    if not _is_intraday(known):
        return pl.col("vwap")
    price = pl.coalesce("vwap", pl.mean_horizontal(PRICES, ignore_nulls=False))
    traded = pl.when(price.is_not_null()).then(pl.col("volume"))
    turnover = (price * traded).fill_null(0.0).cum_sum().over("session")
    volume = traded.fill_null(0.0).cum_sum().over("session")
    return pl.when(volume > 0).then(turnover / volume).alias("vwap")


def _sessions_before(known: pl.DataFrame) -> pl.DataFrame:
    """Return high, low and close of the session before each: of the bar before, where each session is one bar."""
    high, low, close = pl.col("high").max(), pl.col("low").min(), pl.col("close").last(ignore_nulls=True)
    by_session = known.group_by("session", maintain_order=True).agg(high, low, close)
    return by_session.select("session", pl.col(PRICES).shift(1).name.suffix("_before"))


def _pivots() -> list[pl.Expr]:
    high, low, close = (pl.col(f"{name}_before") for name in PRICES)
    pivot = (high + low + close) / 3
    levels = (
        pivot,
        2 * pivot - low,
        pivot + (high - low),
        high + 2 * (pivot - low),
        2 * pivot - high,
        pivot - (high - low),
        low - 2 * (high - pivot),
    )
    return [level.alias(name) for name, level in zip(PIVOTS, levels, strict=True)]
