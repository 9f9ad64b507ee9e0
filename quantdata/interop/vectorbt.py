"""Bars for vectorbt: `to_vectorbt`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from quantdata.interop.bars import labels, ready
from quantdata.interop.report import LookaheadReport
from quantdata.interop.tables import index, table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from quantdata.interop.bars import Fill, Label, Ready

__all__ = ["VectorbtPrices", "to_vectorbt"]

_FREQUENCIES: Final = {
    "1m": "1min",
    "5m": "5min",
    "15m": "15min",
    "30m": "30min",
    "1h": "1h",
    "1d": "1D",
    "1w": "7D",
}
_LOADER: Final = "to_vectorbt"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorbtPrices:
    """Wide frames for vectorbt: one row per moment, one column per symbol, all on one index.

    Attributes
    ----------
    open, high, low, close
        USD per share; NaN where a symbol has no bar.
    volume
        Shares or contracts; NaN where it has no bar, and of an index.
    freq
        The timeframe as pandas writes it, for ``freq=`` of vectorbt's functions: nights and weekends keep it from being
        found in the index.
    lookahead
        What to look out for.
    """

    open: pd.DataFrame
    high: pd.DataFrame
    low: pd.DataFrame
    close: pd.DataFrame
    volume: pd.DataFrame
    freq: str
    lookahead: LookaheadReport


def to_vectorbt(
    bars: pl.DataFrame | pl.LazyFrame,
    *,
    timeframe: str | None = None,
    label: Label = "start",
    fill: Fill | None = None,
) -> VectorbtPrices:
    """Return bars as vectorbt takes them: a wide frame per field.

    Parameters
    ----------
    bars
        Of ``qd.bars`` or a lake's ``scan``, of any symbols in one timeframe.
    timeframe
        Theirs (``"1m"`` ... ``"1w"``); when left out it is told from when they start.
    label
        Whether a row bears the start of its window or its end. The start of a day's bar is its date.
    fill
        ``"previous_close"``: windows and sessions without a bar get one of the close before, with volume 0, from a
        symbol's first bar to its last; None leaves NaN there.

    Returns
    -------
    VectorbtPrices
        Columns in the order of the symbols; the index is New York time, or dates without a zone.

    Raises
    ------
    ArgumentError
        If no bar has prices, one stands twice, a symbol's prices are adjusted in two ways, a day is no session,
        or the timeframe cannot be told.
    ConfigError
        If pandas is not installed.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.interop import to_vectorbt
    >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
    >>> prices = to_vectorbt(client.bars(["SPY", "QQQ"], "1d", "2026-11-02", "2026-11-13"))
    >>> prices.close.shape, prices.freq
    ((10, 2), '1D')

    In a program of your own: ``vbt.Portfolio.from_signals(prices.close, entries, exits, freq=prices.freq)``.
    """
    found = ready(bars, timeframe=timeframe, fill=fill)
    moments, label_is = labels(found, label)
    labelled = found.bars.with_columns(label=moments)
    report = LookaheadReport(engine="vectorbt", label=label_is, **found.facts)
    return VectorbtPrices(
        open=_wide(labelled, found, "open"),
        high=_wide(labelled, found, "high"),
        low=_wide(labelled, found, "low"),
        close=_wide(labelled, found, "close"),
        volume=_wide(labelled, found, "volume"),
        freq=_FREQUENCIES[found.timeframe],
        lookahead=report,
    )


def _wide(labelled: pl.DataFrame, found: Ready, name: str) -> pd.DataFrame:
    wide = labelled.pivot("symbol", index="label", values=name).sort("label")  # noqa: PD010  # of polars
    columns = {symbol: wide[symbol].to_numpy(writable=True) for symbol in found.symbols}
    return table(columns, index(wide["label"], "time", loader=_LOADER), loader=_LOADER)
