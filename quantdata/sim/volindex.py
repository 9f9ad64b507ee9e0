"""The Cboe Volatility Index from option quotes, by the published method.

References
----------
Cboe, *White Paper: Cboe Volatility Index* (2019), and *Volatility Index Methodology: Cboe Volatility Index* (2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MINUTES_PER_YEAR", "Strip", "strip_variance", "vix_of"]

MINUTES_PER_YEAR: Final = 525_600.0
_MINUTES_OF_30_DAYS: Final = 43_200.0


@dataclass(frozen=True, slots=True)
class Strip:
    """Quotes of one expiration, one entry per strike, strikes ascending; a bid of 0 means that nobody bids.

    Attributes
    ----------
    minutes
        To the settlement of the expiration.
    rate
        Continuously compounded annual rate to it.
    """

    strike: Floats
    call_bid: Floats
    call_ask: Floats
    put_bid: Floats
    put_ask: Floats
    minutes: float
    rate: float


def strip_variance(strip: Strip) -> float:
    """Return the variance of one expiration (annual fraction squared): steps 1 and 2 of the white paper."""
    years = strip.minutes / MINUTES_PER_YEAR
    growth = np.exp(strip.rate * years)
    call, put = 0.5 * (strip.call_bid + strip.call_ask), 0.5 * (strip.put_bid + strip.put_ask)
    # The forward comes from the strike at which call and put are closest.
    nearest = int(np.argmin(np.abs(call - put)))
    forward = float(strip.strike[nearest] + growth * (call[nearest] - put[nearest]))
    centre = max(int(np.searchsorted(strip.strike, forward, side="right")) - 1, 0)
    chosen = np.zeros(len(strip.strike), dtype=np.bool_)
    chosen[centre] = True
    chosen[centre + 1 :] = _until_two_zeros(strip.call_bid[centre + 1 :])
    chosen[:centre] = _until_two_zeros(strip.put_bid[:centre][::-1])[::-1]
    price = np.where(strip.strike < strip.strike[centre], put, call)
    price[centre] = 0.5 * (call[centre] + put[centre])
    strike, price = strip.strike[chosen], price[chosen]
    contributions = _widths(strike) / strike**2 * growth * price
    excess = forward / float(strip.strike[centre]) - 1.0
    return float(2.0 / years * contributions.sum() - excess * excess / years)


def vix_of(near: Strip, following: Strip) -> float:
    """Return the index, in points: both variances interpolated to 30 days (step 3 of the white paper)."""
    total = [strip_variance(each) * each.minutes / MINUTES_PER_YEAR for each in (near, following)]
    span = following.minutes - near.minutes
    near_weight = (following.minutes - _MINUTES_OF_30_DAYS) / span
    variance = total[0] * near_weight + total[1] * (1.0 - near_weight)
    return float(100.0 * np.sqrt(max(variance, 0.0) * MINUTES_PER_YEAR / _MINUTES_OF_30_DAYS))


def _until_two_zeros(bids: Floats) -> NDArray[np.bool_]:
    """Choose options outwards from the money: those with a bid, and none from two zero bids in a row on."""
    is_zero = bids <= 0.0
    twice = is_zero[1:] & is_zero[:-1]
    end = int(np.argmax(twice)) + 1 if twice.any() else len(bids)
    return ~is_zero & (np.arange(len(bids)) < end)


def _widths(strike: Floats) -> Floats:
    """Return half the distance between the neighbours of each strike, at the ends the whole distance to the next."""
    if len(strike) < 2:  # noqa: PLR2004 - one strike has no neighbour
        return np.zeros(len(strike))
    return np.concatenate([[strike[1] - strike[0]], 0.5 * (strike[2:] - strike[:-2]), [strike[-1] - strike[-2]]])
