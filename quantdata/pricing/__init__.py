"""Option values, greeks and implied volatility over numpy arrays: no frames, no files, no market data."""

from __future__ import annotations

from quantdata.pricing.american import american_greeks, american_price
from quantdata.pricing.dividends import NO_DIVIDENDS, Dividends
from quantdata.pricing.european import Greeks, black76_greeks, black76_price, bsm_greeks, bsm_price
from quantdata.pricing.implied import implied_volatility
from quantdata.pricing.lattice import lattice_greeks, lattice_price
from quantdata.pricing.lattice_implied import lattice_implied_volatility
from quantdata.pricing.parity import parity_forward
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve

__all__ = [
    "DEFAULT_RATE",
    "NO_DIVIDENDS",
    "Dividends",
    "Greeks",
    "RateCurve",
    "american_greeks",
    "american_price",
    "black76_greeks",
    "black76_price",
    "bsm_greeks",
    "bsm_price",
    "implied_volatility",
    "lattice_greeks",
    "lattice_implied_volatility",
    "lattice_price",
    "parity_forward",
]
