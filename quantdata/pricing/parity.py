"""The forward of each option series by put-call parity, from pairs of a call and a put at one strike.

References
----------
Stoll, H. R. (1969), "The Relationship Between Put and Call Option Prices", Journal of Finance 24(5).
Cboe, *VIX Index Methodology*: the forward from the strike where call and put are closest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Positions = NDArray[np.intp]

__all__ = ["MOST_PAIRS", "nearest_pairs", "parity_forward"]

# Pairs of a series that have a say. One bad quote cannot move their median, and all are close to the money, where
# spreads are narrow and early exercise is worth little.
MOST_PAIRS: Final = 8
# USD: what a spread counts for at the least, so that a locked quote does not decide alone.
_LEAST_SPREAD: Final = 0.01


def parity_forward(
    series: ArrayLike,
    strike: ArrayLike,
    *,
    call: ArrayLike,
    put: ArrayLike,
    spread: ArrayLike,
    discount: ArrayLike,
    series_count: int,
) -> Floats:
    """Return the forward of every series: USD, NaN of a series without a usable pair.

    Parameters
    ----------
    series
        Number of each pair's series, from 0 to ``series_count - 1``.
    strike
        USD, of each pair.
    call, put
        USD per share: midpoints of two-sided quotes, less what early exercise is worth. A pair with a NaN has no say.
    spread
        USD: the widths of both quotes together. A pair's weight is one over it.
    discount
        Present value of one USD paid at expiry, of each pair.
    series_count
        How many series there are.

    Notes
    -----
    The weighted median of ``strike + (call - put) / discount`` over the `MOST_PAIRS` pairs nearest the money.
    """
    chosen = nearest_pairs(series, call=call, put=put)
    numbers, strikes, calls, puts, spreads, discounts = (
        each[chosen] for each in np.broadcast_arrays(series, strike, call, put, spread, discount)
    )
    forwards = strikes + (calls - puts) / discounts
    is_usable = np.isfinite(forwards) & (spreads >= 0.0)
    weights = 1.0 / np.maximum(spreads[is_usable], _LEAST_SPREAD)
    return _weighted_medians(numbers[is_usable], forwards[is_usable], weights, series_count)


def nearest_pairs(series: ArrayLike, *, call: ArrayLike, put: ArrayLike) -> Positions:
    """Return the positions of the `MOST_PAIRS` pairs of each series nearest the money: where call and put are closest.

    Pairs with a NaN are left out.
    """
    numbers, calls, puts = np.broadcast_arrays(series, np.asarray(call, np.float64), np.asarray(put, np.float64))
    distance = np.abs(calls - puts)
    known = np.flatnonzero(np.isfinite(distance))
    order = known[np.lexsort((distance[known], numbers[known]))]
    rank = np.arange(order.size) - np.searchsorted(numbers[order], numbers[order], side="left")
    return order[rank < MOST_PAIRS]


def _weighted_medians(series: Positions, values: Floats, weights: Floats, series_count: int) -> Floats:
    order = np.lexsort((values, series))
    series, values, weights = series[order], values[order], weights[order]
    totals = np.bincount(series, weights, minlength=series_count)
    before = np.concatenate(([0.0], np.cumsum(totals)[:-1]))
    share = (np.cumsum(weights) - before[series]) / totals[series]
    medians = np.full(series_count, np.nan)
    # Where the weights split evenly, the median is halfway between the two in the middle; cumulated weights carry
    # rounding, hence the margin.
    present = np.flatnonzero(totals)
    lower = np.searchsorted(series + share, present + (0.5 - 1e-9))
    upper = np.searchsorted(series + share, present + (0.5 + 1e-9))
    last = np.searchsorted(series, present, side="right") - 1
    medians[present] = 0.5 * (values[np.minimum(lower, last)] + values[np.minimum(upper, last)])
    return medians
