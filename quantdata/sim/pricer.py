"""Model values of contracts at instants: the surface, the forward and the pricing formula put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.pricing import american_greeks, american_price, black76_greeks, black76_price, bsm_greeks
from quantdata.sim.surface import at_the_money_variance, smile_variance, vix_forward, vix_variance
from quantdata.sim.timeline import NS_PER_S, timeline
from quantdata.sim.universe import RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from quantdata.pricing import Greeks
    from quantdata.sim.listings import Contracts
    from quantdata.sim.universe import Asset

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["NS_PER_YEAR", "Pricer", "Valuation"]

NS_PER_YEAR: Final = 365 * 86_400 * NS_PER_S
# Nothing is priced closer to expiry than this: what still trades then is worth its exercise value.
_SHORTEST_NS: Final = 60 * NS_PER_S
_SHORTEST_SESSIONS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Valuation:
    """Contracts at one instant each.

    Attributes
    ----------
    spot, forward
        The underlying's mid and its forward to expiry, USD per share.
    years
        ACT/365 time to expiry.
    deviation
        Standard deviation of the log forward to expiry, at the contract's own strike.
    volatility
        ``deviation / sqrt(years)``: the implied volatility, annual fraction.
    value
        Model price, USD per share.
    """

    spot: Floats
    forward: Floats
    years: Floats
    deviation: Floats
    volatility: Floats
    value: Floats


class Pricer:
    """Prices the options on one asset.

    Parameters
    ----------
    asset
        Its facts.
    mid
        The underlying at given instants (ns), unrounded.
    log_volatility
        Log of its volatility over the usual one, at given instants.
    """

    def __init__(
        self, asset: Asset, *, mid: Callable[[Ints], Floats], log_volatility: Callable[[Ints], Floats]
    ) -> None:
        self._asset, self._mid, self._log_volatility = asset, mid, log_volatility
        self._line = timeline()

    def value(self, contracts: Contracts, ns: Ints) -> Valuation:
        """Return the value of each contract at its own instant."""
        instants, which = np.unique(ns, return_inverse=True)
        spot = self._mid(instants)[which]
        volatility = (self._asset.volatility * np.exp(self._log_volatility(instants)))[which]
        clock = self._line.variance_time(instants)[which]
        expiries, at = np.unique(contracts.expires, return_inverse=True)
        sessions = np.maximum(self._line.variance_time(expiries)[at] - clock, _SHORTEST_SESSIONS)
        years = np.maximum(contracts.expires - ns, _SHORTEST_NS) / NS_PER_YEAR
        if self._asset.symbol == "VIX":
            forward, flat = vix_forward(spot, years), vix_variance(years, volatility)
        else:
            forward = spot * np.exp((RATE - self._asset.dividend_yield) * years)
            flat = at_the_money_variance(sessions, volatility, usual=self._asset.volatility)
        variance = smile_variance(np.log(contracts.strike / forward), flat, self._asset.skew)
        deviation = np.sqrt(variance)
        volatility = deviation / np.sqrt(years)
        value = self._price(contracts, spot, forward, years, volatility)
        return Valuation(spot, forward, years, deviation, volatility, value)

    def _price(self, contracts: Contracts, spot: Floats, forward: Floats, years: Floats, volatility: Floats) -> Floats:
        if self._asset.is_index:
            return black76_price(
                forward,
                contracts.strike,
                time_to_expiry=years,
                volatility=volatility,
                is_call=contracts.is_call,
                discount=np.exp(-RATE * years),
            )
        return american_price(
            spot,
            contracts.strike,
            time_to_expiry=years,
            volatility=volatility,
            is_call=contracts.is_call,
            rate=RATE,
            dividend_yield=self._asset.dividend_yield,
        )

    def greeks(self, contracts: Contracts, valued: Valuation) -> Greeks:
        """Return the greeks at a valuation: on spot, but for the VIX on its forward."""
        if self._asset.symbol == "VIX":
            return black76_greeks(
                valued.forward,
                contracts.strike,
                time_to_expiry=valued.years,
                volatility=valued.volatility,
                is_call=contracts.is_call,
                discount=np.exp(-RATE * valued.years),
            )
        greeks_of = bsm_greeks if self._asset.is_index else american_greeks
        return greeks_of(
            valued.spot,
            contracts.strike,
            time_to_expiry=valued.years,
            volatility=valued.volatility,
            is_call=contracts.is_call,
            rate=RATE,
            dividend_yield=self._asset.dividend_yield,
        )
