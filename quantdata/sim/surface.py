"""Implied volatility of any strike and expiration, given where the underlying and its volatility stand.

The smile is SSVI, so that no butterfly and no calendar spread is an arbitrage, and it runs on variance time
(`timeline`), so that an option loses little over a weekend and much in a session.

References
----------
Gatheral, J. and Jacquier, A. (2014), "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14(1): equation 4.1
for the surface, section 4.1 for the power law and its conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sim.timeline import SESSIONS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.sim.universe import Skew

    Floats = NDArray[np.float64]

__all__ = ["VIX_MEAN", "at_the_money_variance", "smile_variance", "vix_forward", "vix_variance"]

_REVERSION: Final = 2.2  # a year: how fast expected variance returns to its long run
_LONG_RUN_PREMIUM: Final = 1.08  # far volatility over the usual near one
_POWER: Final = 0.4  # gamma of the power law: skew per standard deviation grows slowly with maturity

VIX_MEAN: Final = 18.6
"""Index points to which VIX forwards return."""
_VIX_REVERSION: Final = 3.2  # a year
_VIX_FAR_VOLATILITY: Final = 0.3


def at_the_money_variance(sessions: Floats, volatility: Floats | float, *, usual: float) -> Floats:
    """Return the total variance to each expiry at the money.

    Parameters
    ----------
    sessions
        Variance time to expiry, in sessions.
    volatility
        What is implied for the next instant, annual fraction.
    usual
        Long-run volatility of the asset, annual fraction.
    """
    years = sessions / SESSIONS_PER_YEAR
    far = (_LONG_RUN_PREMIUM * usual) ** 2
    return np.asarray(far * years + (volatility**2 - far) * -np.expm1(-_REVERSION * years) / _REVERSION)


def smile_variance(log_moneyness: Floats, at_the_money: Floats | float, skew: Skew) -> Floats:
    """Return the total variance at a strike.

    Parameters
    ----------
    log_moneyness
        ``ln(strike / forward)``.
    at_the_money
        Total variance at the money to the same expiry.
    """
    scale = skew.curvature * at_the_money**-_POWER * (1.0 + at_the_money) ** (_POWER - 1.0)
    tilted = scale * log_moneyness
    root = np.sqrt(tilted * (tilted + 2.0 * skew.correlation) + 1.0)
    return np.asarray(0.5 * at_the_money * (1.0 + skew.correlation * tilted + root), dtype=np.float64)


def vix_forward(level: Floats, years: Floats) -> Floats:
    """Return the forward of the VIX: it is not traded, so nothing ties the forward to its level but expectation."""
    return np.asarray(VIX_MEAN + (level - VIX_MEAN) * np.exp(-_VIX_REVERSION * years), dtype=np.float64)


def vix_variance(years: Floats, volatility: Floats | float) -> Floats:
    """Return the total at-the-money variance of a VIX forward: it moves less the further away it is."""
    near = volatility**2 * -np.expm1(-2.0 * _VIX_REVERSION * years) / (2.0 * _VIX_REVERSION)
    return np.asarray(near + _VIX_FAR_VOLATILITY**2 * years, dtype=np.float64)
