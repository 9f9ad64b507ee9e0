"""American options with discrete cash dividends: values and greeks by a binomial lattice.

Arguments broadcast as numpy does; the dividends are one schedule for all contracts, of which each takes those before
its own expiry. A value is Black's for the European option (exact) plus the early exercise premium of `tree`. Rows with
an argument that is NaN, infinite or not positive are NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.pricing.dividends import NO_DIVIDENDS, Contracts, Dividends
from quantdata.pricing.early_exercise import by_steps, european, on_usable_rows, premium, roughly, terms
from quantdata.pricing.european import DAYS_PER_YEAR, Greeks, black76_greeks
from quantdata.pricing.tree import premium_around

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from quantdata.pricing.early_exercise import Counts

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["lattice_greeks", "lattice_price"]

# More steps, which a volatility needs next to the price of exercise, change 99 in 100 greeks in the fourth digit only.
_MOST_STEPS: Final = 128
_PER_POINT: Final = 0.01
_VOLATILITY_BUMP: Final = 2e-3
_RATE_BUMP: Final = 1e-4
# Per USD of strike: how far above the intrinsic value rounding alone can lift that of an option to be exercised now.
_ROUNDING: Final = 1e-10


def lattice_price(
    spot: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    *,
    discount: ArrayLike,
    time_to_expiry: ArrayLike,
    volatility: ArrayLike,
    is_call: ArrayLike,
    dividends: Dividends = NO_DIVIDENDS,
) -> Floats:
    """Return American values, USD per share.

    Parameters
    ----------
    spot, forward, strike
        USD. ``spot`` less the discounted forward is what the dividends before expiry are worth: the schedule is scaled
        to it, or, where that needs a factor outside 0.25 to 4, it is taken as a continuous yield.
    discount
        Present value of one USD paid at expiry.
    time_to_expiry
        Years.
    volatility
        Annual fraction, of the spot without the dividends to come.
    is_call
        True for a call, False for a put.
    dividends
        The underlying's, counted from the same moment.

    References
    ----------
    Cox, J., Ross, S. and Rubinstein, M. (1979), "Option Pricing: A Simplified Approach", Journal of Financial
    Economics 7(3). Those of this tree are in `tree`, those of the dividends in `dividends`.
    """
    contract = (spot, forward, strike, discount, time_to_expiry, is_call)
    (values,) = on_usable_rows(_values, contract, volatility, dividends=dividends)
    return values


def lattice_greeks(
    spot: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    *,
    discount: ArrayLike,
    time_to_expiry: ArrayLike,
    volatility: ArrayLike,
    is_call: ArrayLike,
    dividends: Dividends = NO_DIVIDENDS,
) -> Greeks:
    """Return American greeks in the units of `Greeks`, all at fixed dividends; arguments as in `lattice_price`.

    Delta and gamma are per USD of the spot, theta follows from the pricing equation, vega and rho (at a fixed spot) are
    the exact European ones plus finite differences of the premium. Where immediate exercise is optimal delta is 1 or -1
    and everything else is zero.
    """
    contract = (spot, forward, strike, discount, time_to_expiry, is_call)
    return Greeks(*on_usable_rows(_greeks, contract, volatility, dividends=dividends, results=5))


def _values(contracts: Contracts, volatility: Floats) -> tuple[Floats, ...]:
    held = european(contracts, volatility) + premium(contracts, volatility)
    return (np.maximum(held, contracts.intrinsic),)


def _greeks(contracts: Contracts, volatility: Floats) -> tuple[Floats, ...]:
    """Return delta, gamma, theta, vega and rho."""
    _, steps = roughly(contracts, volatility)
    steps = np.minimum(steps, _MOST_STEPS)
    is_early = np.flatnonzero(steps > 0)
    extra, is_held = _premium_greeks(contracts.take(is_early), volatility[is_early], steps[is_early])
    value, *greeks = _european_greeks(contracts, volatility)
    for whole, part in zip((value, *greeks), extra, strict=True):
        whole[is_early] += part
    held = np.ones(volatility.shape, dtype=np.bool_)
    held[is_early] = is_held
    # From the escrowed spot, on which all is so far, to the spot: one for one beside cash, a share of it with a yield.
    share = np.where(contracts.dividend_yield == 0.0, 1.0, contracts.escrowed / contracts.spot)
    delta, gamma, vega, rho = greeks
    diffusion = 0.5 * (volatility * contracts.escrowed) ** 2 * gamma
    delta, gamma = delta * share, gamma * share * share
    carry = (contracts.rate - contracts.dividend_yield) * contracts.spot * delta
    theta = (contracts.rate * value - carry - diffusion) / DAYS_PER_YEAR
    return np.where(held, delta, contracts.sign), *(np.where(held, each, 0.0) for each in (gamma, theta, vega, rho))


def _european_greeks(contracts: Contracts, volatility: Floats) -> list[Floats]:
    """Return value, delta and gamma on the escrowed spot, vega and rho, without early exercise."""
    forward = black76_greeks(**terms(contracts), volatility=volatility)
    value = european(contracts, volatility)
    discount = contracts.discount
    delta = forward.delta / discount
    # At a fixed spot a higher rate makes the dividends worth less, and the escrowed spot more.
    moments = np.asarray(contracts.times).reshape(-1, 1)
    rho = contracts.years * (delta * contracts.escrowed - value)
    rho += delta * (contracts.cash * moments).sum(axis=0)
    return [value, delta, forward.gamma / (discount * discount), forward.vega.copy(), rho * _PER_POINT]


def _premium_greeks(contracts: Contracts, volatility: Floats, steps: Counts) -> tuple[list[Floats], Flags]:
    """Return the same of the premium, and where the option is held."""
    delta, gamma, middle, value = (np.empty(volatility.shape) for _ in range(4))
    for count in np.unique(steps):
        rows = np.flatnonzero(steps == count)
        some, volatilities = contracts.take(rows), volatility[rows]
        around = premium_around(some, volatilities, steps=int(count))
        delta[rows], gamma[rows] = _derivatives(around.premium, some.escrowed, around.ratio)
        middle[rows], value[rows] = around.premium[1], around.value
    volatile = by_steps(contracts, volatility + _VOLATILITY_BUMP, steps)
    dear = by_steps(contracts.with_rate(contracts.rate + _RATE_BUMP), volatility, steps)
    vega = (volatile - middle) / _VOLATILITY_BUMP * _PER_POINT
    rho = (dear - middle) / _RATE_BUMP * _PER_POINT
    return [middle, delta, gamma, vega, rho], value > contracts.intrinsic + _ROUNDING * contracts.strike


def _derivatives(values: Floats, middle: Floats, ratio: Floats) -> tuple[Floats, Floats]:
    """Return the first two derivatives of the parabola through three values, at ``middle`` and a ratio around it."""
    up, down = middle * (ratio - 1.0), middle * (1.0 - 1.0 / ratio)
    above, below = (values[2] - values[1]) / up, (values[1] - values[0]) / down
    return (above * down + below * up) / (up + down), 2.0 * (above - below) / (up + down)
