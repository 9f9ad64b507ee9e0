"""Implied volatility of European options (Black-76) over numpy arrays.

References
----------
Corrado, C. and Miller, T. (1996), "A Note on a Simple, Accurate Formula to Compute Implied Standard Deviations",
Journal of Banking & Finance 20(3).
Jäckel, P. (2006), "By Implication", Wilmott Magazine: the normalised price and the starting value.
Jäckel, P. (2015), "Let's Be Rational", Wilmott Magazine: the third-order Householder step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import erfcx, ndtr, ndtri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["LEAST_TIME_VALUE", "implied_volatility"]

# Time value per USD of the larger of strike and forward. Less than this is what is left of rounding in a price, and
# what it implies would be a made-up number.
LEAST_TIME_VALUE: Final = 1e-10
# After a fourth-order step this small, relative to its point, the next one is below the last bit.
_CONVERGED: Final = 1e-5
_MOST_STEPS: Final = 12
# At the money exactly the formulas divide zero by zero; this moneyness is as good.
_LEAST_MONEYNESS: Final = 1e-30
# Where the quadratic near the money ends, as price over moneyness, and (moneyness / deviation) ** 2 there.
_WING: Final = 0.064
_WING_SQUARE: Final = 1.18
_SQRT_TWO: Final = np.sqrt(2.0)
_SQRT_TWO_PI: Final = np.sqrt(2.0 * np.pi)


def implied_volatility(
    forward: ArrayLike,
    strike: ArrayLike,
    *,
    price: ArrayLike,
    time_to_expiry: ArrayLike,
    is_call: ArrayLike,
    discount: ArrayLike = 1.0,
) -> Floats:
    """Return the volatility at which Black-76 gives a price, as annual fractions; NaN where there is none.

    Parameters
    ----------
    forward, strike
        USD; strictly positive.
    price
        USD per share, today's.
    time_to_expiry
        Years.
    is_call
        True for a call, False for a put.
    discount
        Present value of one USD paid at expiry.

    Returns
    -------
    NDArray[np.float64]
        The arguments' broadcast shape. NaN where an argument is NaN or infinite, where no time is left, where the price
        is at or outside its bounds (the discounted intrinsic value on the forward; forward or strike, discounted), and
        within `LEAST_TIME_VALUE` of either bound, where the price as a float no longer tells volatilities apart.
    """
    forwards, strikes, prices, years, calls, discounts = _broadcast(
        forward, strike, price, time_to_expiry, is_call, discount
    )
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        intrinsic = np.maximum(np.where(calls != 0.0, forwards - strikes, strikes - forwards), 0.0)
        time_value = prices / discounts - intrinsic
        resolution = LEAST_TIME_VALUE * np.maximum(forwards, strikes)
        bound = np.minimum(forwards, strikes)
        solvable = (bound > 0.0) & (years > 0.0) & (time_value > resolution) & (time_value < bound - resolution)
    solvable &= np.isfinite(forwards) & np.isfinite(strikes) & np.isfinite(years)
    volatility = np.full(solvable.shape, np.nan)
    forwards, strikes = forwards[solvable], strikes[solvable]
    # A call and a put of one strike have the same time value, which is the price of the one that is out of the money.
    moneyness = -np.maximum(np.abs(np.log(forwards / strikes)), _LEAST_MONEYNESS)
    deviation = _deviation(moneyness, time_value[solvable] / np.sqrt(forwards * strikes))
    volatility[solvable] = deviation / np.sqrt(years[solvable])
    return volatility


def _broadcast(*arguments: ArrayLike) -> tuple[Floats, ...]:
    return np.broadcast_arrays(*(np.asarray(argument, dtype=np.float64) for argument in arguments))


def _deviation(moneyness: Floats, price: Floats) -> Floats:
    """Return the total standard deviation behind normalised prices of out-of-the-money options.

    ``moneyness`` is ln(forward / strike) of a call, below zero; ``price`` is in units of sqrt(forward * strike).
    """
    found = np.full(price.shape, np.nan)
    rows = np.arange(price.size)
    deviation = _guess(moneyness, price)
    for _ in range(_MOST_STEPS):
        step = _householder_step(moneyness, deviation, price)
        # A step cut short is never small, so it is never taken for convergence.
        step = np.clip(step, -0.5 * deviation, deviation)
        deviation = deviation + step
        is_done = np.abs(step) <= _CONVERGED * deviation
        found[rows[is_done]] = deviation[is_done]
        left = ~is_done
        rows, moneyness, price, deviation = rows[left], moneyness[left], price[left], deviation[left]
        if not rows.size:
            break
    return found


def _guess(moneyness: Floats, price: Floats) -> Floats:
    """Return a starting value: within some percent nearly everywhere, and in both limits exact.

    Above the bend of the price curve, and far below it, these are Jäckel's (2006). Near the money the quadratic of
    Corrado and Miller (1996) is better, and below that a fit to the price of a normal distribution.
    """
    distance = -moneyness
    bend = np.sqrt(2.0 * distance)
    at_bend = _normalised(moneyness, bend)
    most = np.exp(0.5 * moneyness)
    tail = np.clip((most - price) / (most - at_bend), 0.0, 1.0) * ndtr(-0.5 * bend)
    far = distance * np.sqrt(2.0 / (distance - 4.0 * np.log(np.minimum(price / at_bend, 1.0))))
    total = _SQRT_TWO_PI * (price + 0.5 * distance)
    root = total * total - 2.0 * distance * distance
    near = 0.5 * (total + np.sqrt(np.maximum(root, 0.0)))
    depth = np.log(np.maximum(_WING * distance / price, 1.0))
    wing = distance / np.sqrt(_WING_SQUARE + 2.0 * depth * (depth + 1.0) / (depth + 4.0))
    low = np.where(root > 0.0, near, np.maximum(far, wing))
    return np.where(price < at_bend, np.minimum(low, bend), -2.0 * ndtri(tail))


def _householder_step(moneyness: Floats, deviation: Floats, price: Floats) -> Floats:
    """Return the third-order Householder step towards the root of ln(value / price)."""
    value = _normalised(moneyness, deviation)
    ratio = moneyness / deviation
    vega = np.exp(-0.5 * (ratio * ratio + 0.25 * deviation * deviation)) / _SQRT_TWO_PI
    slope = vega / value
    square = ratio * ratio / deviation
    bend = square - 0.25 * deviation  # the second derivative of the value over its first
    twist = bend * bend - 3.0 * square / deviation - 0.25  # the third over the first
    second = bend - slope
    third = twist - 3.0 * bend * slope + 2.0 * slope * slope
    newton = np.log(price / value) / slope
    # The logarithm of the value is concave, so Newton's own step is safe where the higher terms, far away, are not.
    higher = (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0))
    return np.asarray(newton * np.clip(higher, 0.5, 2.0), dtype=np.float64)


def _normalised(moneyness: Floats, deviation: Floats) -> Floats:
    """Return the value of an out-of-the-money call in units of sqrt(forward * strike), accurate to its last digits."""
    ratio, half = moneyness / deviation, 0.5 * deviation
    tails = erfcx(-(ratio + half) / _SQRT_TWO) - erfcx(-(ratio - half) / _SQRT_TWO)
    return np.asarray(0.5 * np.exp(-0.5 * (ratio * ratio + half * half)) * tails, dtype=np.float64)
