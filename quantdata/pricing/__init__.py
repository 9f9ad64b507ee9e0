"""Option values and greeks over numpy arrays: no frames, no files, no market data."""

from __future__ import annotations

from quantdata.pricing.american import american_greeks, american_price
from quantdata.pricing.european import Greeks, black76_greeks, black76_price, bsm_greeks, bsm_price

__all__ = [
    "Greeks",
    "american_greeks",
    "american_price",
    "black76_greeks",
    "black76_price",
    "bsm_greeks",
    "bsm_price",
]
