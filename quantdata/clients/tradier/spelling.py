"""Tradier's spelling of whatever has quotes, bars or ticks."""

from __future__ import annotations

from quantdata import symbols
from quantdata.clients.bar_query import is_equity

__all__ = ["ticker"]


def ticker(symbol: str) -> str:
    """Return Tradier's spelling of a canonical stock or fund, index or option contract.

    Raises
    ------
    SymbolError
        For when-issued shares, whose spelling at Tradier is not known.
    """
    if symbols.is_option_symbol(symbol):
        return symbols.parse_option(symbol).tradier
    return symbols.tradier_equity(symbol) if is_equity(symbol) else symbols.index(symbol)
