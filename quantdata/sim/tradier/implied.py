"""Volatilities that prices imply: a bracketed secant over whatever formula values the options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

__all__ = ["implied_volatility"]

_LOWEST, _HIGHEST = 1e-3, 10.0
_STEPS: Final = 60
_CLOSE_ENOUGH: Final = 1e-7  # of volatility: the vendor prints six decimals
_BUMP: Final = 0.01


def implied_volatility(price: Floats, value: Callable[[Floats, Rows], Floats], *, guess: Floats) -> Floats:
    """Return the volatility at which each option is worth its price, annual fraction.

    Parameters
    ----------
    price
        USD per share.
    value
        Values some of the options, given their volatilities and their rows; grows with volatility.
    guess
        Where to start.

    Returns
    -------
    Floats
        0.0 where no volatility gives the price: it is zero, below the value without volatility, or above any.
    """
    everything = np.arange(len(price))
    low, high = np.full(len(price), _LOWEST), np.full(len(price), _HIGHEST)
    least, most = value(low, everything), value(high, everything)
    is_solvable = (price > 0.0) & (price > least) & (price < most)
    found = np.where(is_solvable, np.clip(guess, 2.0 * _LOWEST, 0.5 * _HIGHEST), 0.0)
    rows = np.flatnonzero(is_solvable)
    before, gap_before = found + _BUMP, np.zeros(len(price))
    gap_before[rows] = value(before[rows], rows) - price[rows]
    for _ in range(_STEPS):
        if len(rows) == 0:
            break
        here = found[rows]
        gap = value(here, rows) - price[rows]
        low[rows] = np.where(gap < 0.0, here, low[rows])
        high[rows] = np.where(gap < 0.0, high[rows], here)
        following = _next(here, gap, before[rows], gap_before[rows], low[rows], high[rows])
        before[rows], gap_before[rows], found[rows] = here, gap, following
        is_open = (np.abs(following - here) > _CLOSE_ENOUGH) & (high[rows] - low[rows] > _CLOSE_ENOUGH)
        rows = rows[is_open]
    return found


def _next(here: Floats, gap: Floats, before: Floats, gap_before: Floats, low: Floats, high: Floats) -> Floats:
    """Return the secant's next point, or the middle of the bracket where the secant leaves it or has no slope."""
    rise = gap - gap_before
    step = np.divide(gap * (here - before), rise, out=np.full(len(here), np.inf), where=np.abs(rise) > 0.0)
    proposed = here - step
    return np.where((proposed > low) & (proposed < high), proposed, 0.5 * (low + high))
