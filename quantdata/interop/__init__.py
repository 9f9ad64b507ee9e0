"""Frames in the exact form that backtest engines take, each with a report of what a backtest could know too early.

================== =================== =================================================
loader             takes               gives
================== =================== =================================================
`to_backtesting`   bars of one symbol  a pandas frame for ``backtesting.Backtest``
`to_vectorbt`      bars                wide pandas frames, one per field
`to_zipline`       bars, raw           a folder that ``csvdir_equities`` ingests
`to_nautilus`      bars, or chains     instruments and NautilusTrader's own objects
`to_optopsy`       chains              a pandas frame, one row per contract and session
================== =================== =================================================

`lookahead` of what any of them returns is a `LookaheadReport`. None of the engines is needed before its loader is used.
"""

from __future__ import annotations

from quantdata.interop.backtesting import to_backtesting
from quantdata.interop.nautilus import NautilusData, to_nautilus
from quantdata.interop.optopsy import to_optopsy
from quantdata.interop.report import LookaheadReport, lookahead
from quantdata.interop.vectorbt import VectorbtPrices, to_vectorbt
from quantdata.interop.zipline import to_zipline

__all__ = [
    "LookaheadReport",
    "NautilusData",
    "VectorbtPrices",
    "lookahead",
    "to_backtesting",
    "to_nautilus",
    "to_optopsy",
    "to_vectorbt",
    "to_zipline",
]
