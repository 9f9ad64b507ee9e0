"""Bars for backtesting.py: `to_backtesting`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quantdata.errors import ArgumentError
from quantdata.interop.bars import labels, ready
from quantdata.interop.report import LookaheadReport, to_facts
from quantdata.interop.tables import index, table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from quantdata.interop.bars import Fill, Label

__all__ = ["to_backtesting"]

_TITLES: Final = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}
_LOADER: Final = "to_backtesting"


def to_backtesting(
    bars: pl.DataFrame | pl.LazyFrame,
    *,
    timeframe: str | None = None,
    label: Label = "start",
    fill: Fill | None = None,
) -> pd.DataFrame:
    """Return bars of one instrument as ``backtesting.Backtest`` takes them.

    Parameters
    ----------
    bars
        Of ``qd.bars`` or a lake's ``scan``, of one symbol.
    timeframe
        Theirs (``"1m"`` ... ``"1w"``); when left out it is told from when they start.
    label
        Whether a row bears the start of its window or its end. The start of a day's bar is its date.
    fill
        ``"previous_close"``: windows and sessions without a bar get one of the close before, with volume 0; None leaves
        them out.

    Returns
    -------
    pandas.DataFrame
        ``Open High Low Close`` in USD per share (float64, no NaN) and ``Volume``, which an index has
        not; oldest first. The index is New York time, or dates without a zone. `lookahead` of it says what to look out
        for.

    Raises
    ------
    ArgumentError
        If there are several symbols, no bar has prices, one stands twice, a symbol's prices are adjusted in two ways,
        a day is no session, or the timeframe cannot be told.
    ConfigError
        If pandas is not installed.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.interop import to_backtesting
    >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
    >>> prices = to_backtesting(client.bars("SPY", "5m", "2026-11-16", "2026-11-17"))
    >>> list(prices.columns), str(prices.index[0])
    (['Open', 'High', 'Low', 'Close', 'Volume'], '2026-11-16 09:30:00-05:00')

    In a program of your own: ``Backtest(prices, MyStrategy, cash=100_000).run()``.
    """
    found = ready(bars, timeframe=timeframe, fill=fill)
    if len(found.symbols) > 1:
        raise ArgumentError(
            f"backtesting.py trades one instrument, here are {', '.join(found.symbols[:5])}: "
            f"bars.filter(symbol={found.symbols[0]!r})"
        )
    moments, label_is = labels(found, label)
    has_volume = found.bars["volume"].is_not_null().any()
    titles = {name: title for name, title in _TITLES.items() if name != "volume" or has_volume}
    columns = {title: found.bars[name].to_numpy(writable=True) for name, title in titles.items()}
    loaded = table(columns, index(moments, "time", loader=_LOADER), loader=_LOADER)
    loaded.attrs = to_facts(LookaheadReport(engine="backtesting", label=label_is, **found.facts))
    return loaded
