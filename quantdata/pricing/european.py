"""European options: Black-Scholes-Merton on spot and Black-76 on a forward, values and greeks.

Every argument broadcasts against every other as numpy does; results are float64. Times are years, rates, yields and
volatilities annual fractions (continuously compounded), prices USD per share.

References
----------
Black, F. and Scholes, M. (1973), "The Pricing of Options and Corporate Liabilities", JPE 81(3).
Merton, R. C. (1973), "Theory of Rational Option Pricing", Bell Journal of Economics 4(1).
Black, F. (1976), "The Pricing of Commodity Contracts", Journal of Financial Economics 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["DAYS_PER_YEAR", "Greeks", "black76_greeks", "black76_price", "bsm_greeks", "bsm_price"]

DAYS_PER_YEAR = 365.0
_PER_POINT = 0.01
_SQRT_TWO_PI = np.sqrt(2.0 * np.pi)
# Below this total standard deviation the distribution is a point: d1 and d2 are then +-infinity by moneyness alone.
_POINT_MASS = 1e-12


@dataclass(frozen=True, slots=True)
class Greeks:
    """Sensitivities of one option each, as float64 arrays of equal shape.

    Attributes
    ----------
    delta
        USD per USD of the underlying (of the forward for Black-76).
    gamma
        Delta per USD.
    theta
        USD per calendar day, as time passes (negative where time is lost).
    vega
        USD per volatility point (0.01).
    rho
        USD per percentage point of the rate (0.01).
    """

    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    rho: Floats


@dataclass(frozen=True, slots=True)
class _Terms:
    """What value and greeks share: the forward, its discounting and the two normal arguments."""

    forward: Floats
    strike: Floats
    discount: Floats
    deviation: Floats  # volatility * sqrt(time), floored at zero
    d1: Floats
    d2: Floats
    sign: Floats  # +1 call, -1 put


def black76_price(
    forward: ArrayLike,
    strike: ArrayLike,
    *,
    time_to_expiry: ArrayLike,
    volatility: ArrayLike,
    is_call: ArrayLike,
    discount: ArrayLike = 1.0,
) -> Floats:
    """Return Black-76 values, USD per share.

    Parameters
    ----------
    forward, strike
        USD; strictly positive.
    time_to_expiry
        Years; zero or less gives the discounted intrinsic value on the forward.
    volatility
        Annual fraction; zero gives the discounted intrinsic value too.
    is_call
        True for a call, False for a put.
    discount
        Present value of one USD paid at expiry.

    References
    ----------
    Black (1976), equations 16 and 17.
    """
    return _value(_terms(forward, strike, time_to_expiry, volatility, is_call, discount=discount))


def black76_greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    *,
    time_to_expiry: ArrayLike,
    volatility: ArrayLike,
    is_call: ArrayLike,
    discount: ArrayLike = 1.0,
) -> Greeks:
    """Return Black-76 greeks: delta and gamma on the forward, theta and rho with the forward held fixed.

    Arguments as in `black76_price`. The rate behind theta and rho is ``-ln(discount) / time_to_expiry``.
    Where time or volatility is zero, gamma, theta and vega are zero.
    """
    terms = _terms(forward, strike, time_to_expiry, volatility, is_call, discount=discount)
    years = np.maximum(np.asarray(time_to_expiry, dtype=np.float64), 0.0)
    rate = np.divide(-np.log(terms.discount), years, out=np.zeros_like(terms.d1), where=years > 0.0)
    density = _density(terms.d1)
    value = _value(terms)
    spread_in_usd = terms.forward * terms.deviation
    gamma = terms.discount * _safe_ratio(density, spread_in_usd)
    root_time = np.sqrt(years)
    decay = terms.discount * terms.forward * density * _safe_ratio(np.asarray(volatility, np.float64), 2.0 * root_time)
    return Greeks(
        delta=terms.sign * terms.discount * ndtr(terms.sign * terms.d1),
        gamma=gamma,
        theta=(rate * value - decay) / DAYS_PER_YEAR,
        vega=terms.discount * terms.forward * density * root_time * _PER_POINT,
        rho=-years * value * _PER_POINT,
    )


def bsm_price(
    spot: ArrayLike,
    strike: ArrayLike,
    *,
    time_to_expiry: ArrayLike,
    volatility: ArrayLike,
    is_call: ArrayLike,
    rate: ArrayLike = 0.0,
    dividend_yield: ArrayLike = 0.0,
) -> Floats:
    """Return Black-Scholes-Merton values, USD per share.

    Parameters
    ----------
    spot, strike
        USD; strictly positive.
    time_to_expiry
        Years; zero or less gives the intrinsic value.
    volatility
        Annual fraction; zero gives the discounted intrinsic value on the forward.
    is_call
        True for a call, False for a put.
    rate, dividend_yield
        Continuously compounded annual fractions.

    References
    ----------
    Merton (1973), section 4; Hull, *Options, Futures and Other Derivatives*, chapter 17.
    """
    forward, discount = _carry(spot, time_to_expiry, rate, dividend_yield)
    return _value(_terms(forward, strike, time_to_expiry, volatility, is_call, discount=discount))


def bsm_greeks(
    spot: ArrayLike,
    strike: ArrayLike,
    *,
    time_to_expiry: ArrayLike,
    volatility: ArrayLike,
    is_call: ArrayLike,
    rate: ArrayLike = 0.0,
    dividend_yield: ArrayLike = 0.0,
) -> Greeks:
    """Return Black-Scholes-Merton greeks, in the units of `Greeks`; arguments as in `bsm_price`.

    Where time or volatility is zero, gamma and vega are zero and theta is the drift of the discounted payoff.
    """
    forward, discount = _carry(spot, time_to_expiry, rate, dividend_yield)
    terms = _terms(forward, strike, time_to_expiry, volatility, is_call, discount=discount)
    years = np.maximum(np.asarray(time_to_expiry, dtype=np.float64), 0.0)
    spot, rate = np.asarray(spot, dtype=np.float64), np.asarray(rate, dtype=np.float64)
    dividend_yield = np.asarray(dividend_yield, dtype=np.float64)
    yield_discount = np.exp(-dividend_yield * years)
    density = _density(terms.d1)
    root_time = np.sqrt(years)
    asset_leg = terms.sign * spot * yield_discount * ndtr(terms.sign * terms.d1)
    strike_leg = terms.sign * terms.strike * terms.discount * ndtr(terms.sign * terms.d2)
    decay = spot * yield_discount * density * _safe_ratio(np.asarray(volatility, np.float64), 2.0 * root_time)
    return Greeks(
        delta=asset_leg / spot,
        gamma=yield_discount * _safe_ratio(density, spot * terms.deviation),
        theta=(dividend_yield * asset_leg - rate * strike_leg - decay) / DAYS_PER_YEAR,
        vega=spot * yield_discount * density * root_time * _PER_POINT,
        rho=years * strike_leg * _PER_POINT,
    )


def _carry(
    spot: ArrayLike, time_to_expiry: ArrayLike, rate: ArrayLike, dividend_yield: ArrayLike
) -> tuple[Floats, Floats]:
    years = np.maximum(np.asarray(time_to_expiry, dtype=np.float64), 0.0)
    rate = np.asarray(rate, dtype=np.float64)
    carry = rate - np.asarray(dividend_yield, dtype=np.float64)
    return np.asarray(spot, dtype=np.float64) * np.exp(carry * years), np.exp(-rate * years)


def _terms(
    forward: ArrayLike,
    strike: ArrayLike,
    time_to_expiry: ArrayLike,
    volatility: ArrayLike,
    is_call: ArrayLike,
    *,
    discount: ArrayLike,
) -> _Terms:
    forward, strike = np.asarray(forward, dtype=np.float64), np.asarray(strike, dtype=np.float64)
    years = np.maximum(np.asarray(time_to_expiry, dtype=np.float64), 0.0)
    deviation = np.maximum(np.asarray(volatility, dtype=np.float64), 0.0) * np.sqrt(years)
    moneyness, deviation, sign, discount = np.broadcast_arrays(
        np.log(forward / strike),
        deviation,
        np.where(np.asarray(is_call, dtype=np.bool_), 1.0, -1.0),
        np.asarray(discount, dtype=np.float64),
    )
    is_point = deviation < _POINT_MASS
    with np.errstate(divide="ignore", over="ignore"):
        ratio = np.divide(moneyness, deviation, out=np.zeros(moneyness.shape), where=~is_point)
    centre = np.where(is_point, np.copysign(np.inf, moneyness), ratio)
    # At the money exactly, a point mass is worth zero either way; half-half keeps delta between its neighbours.
    centre = np.where(is_point & (moneyness == 0.0), 0.0, centre)
    return _Terms(forward, strike, discount, deviation, centre + 0.5 * deviation, centre - 0.5 * deviation, sign)


def _value(terms: _Terms) -> Floats:
    asset = terms.forward * ndtr(terms.sign * terms.d1)
    cash = terms.strike * ndtr(terms.sign * terms.d2)
    # The two legs cancel deep in the wings; a rounding remainder below zero is zero.
    return np.asarray(np.maximum(terms.discount * terms.sign * (asset - cash), 0.0), dtype=np.float64)


def _density(d1: Floats) -> Floats:
    # exp underflows to zero silently for |d1| > 38; clipping keeps the square itself finite.
    clipped = np.clip(d1, -40.0, 40.0)
    return np.asarray(np.exp(-0.5 * clipped * clipped) / _SQRT_TWO_PI, dtype=np.float64)


def _safe_ratio(numerator: Floats, denominator: Floats) -> Floats:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    return np.divide(
        numerator, denominator, out=np.zeros(numerator.shape, dtype=np.float64), where=denominator > _POINT_MASS
    )
