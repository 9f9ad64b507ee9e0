"""Chains of a known smile: what every volatility must come out as."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from quantdata.frames.columns import CHAIN, schema
from quantdata.pricing import black76_greeks, black76_price

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW: Final = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)
FORWARD: Final = 6600.0
DISCOUNT: Final = 0.99
STRIKES: Final = (6000.0, 6300.0, 6500.0, 6600.0, 6700.0, 6900.0, 7200.0)
HALF_SPREAD: Final = 0.5
SPX, SPXW = ("SPX", "AM"), ("SPXW", "PM")


def skewed(log_moneyness: float) -> float:
    """Return 20 % at the forward, more below it, less above."""
    return 0.2 - 0.4 * log_moneyness


def option(
    strike: float,
    option_type: str,
    *,
    series: tuple[str, str] = SPXW,
    expiration: date = date(2026, 12, 18),
    volatility: Callable[[float], float] = skewed,
    **values: Any,
) -> dict[str, Any]:
    """Return a European option quoted half a dollar on each side of its price."""
    root, settlement = series
    years = (expiration - NOW.date()).days / 365
    sigma = volatility(float(np.log(strike / FORWARD)))
    terms: dict[str, Any] = {"time_to_expiry": years, "volatility": sigma, "is_call": option_type == "call"}
    mid = float(black76_price(FORWARD, strike, discount=DISCOUNT, **terms))
    delta = float(black76_greeks(FORWARD, strike, discount=DISCOUNT, **terms).delta)
    quote = {"bid": mid - HALF_SPREAD, "ask": mid + HALF_SPREAD, "mid": mid, "quote_ts": NOW, "quote_source": "massive"}
    return {
        "underlying_symbol": "SPX",
        "contract_symbol": f"{root}{expiration:%y%m%d}{option_type[0].upper()}{round(strike * 1000):08d}",
        "root_symbol": root,
        "expiration": expiration,
        "dte": (expiration - NOW.date()).days,
        "time_to_expiry": years,
        "strike": strike,
        "option_type": option_type,
        "settlement": settlement,
        "multiplier": 100,
        "is_adjusted": False,
        "underlying_price": 6590.0,
        "underlying_ts": NOW,
        "forward_price": FORWARD,
        "discount_factor": DISCOUNT,
        "moneyness": strike / 6590.0,
        **quote,
        "volume": 10,
        "day_session": NOW.date(),
        "day_source": "massive",
        "open_interest": 100,
        "open_interest_date": date(2026, 11, 17),
        "open_interest_source": "massive",
        "implied_volatility": sigma,
        "iv_source": "massive",
        "model_iv": sigma,
        "delta": delta,
        "confidence": 100,
        "quote_confidence": 100,
        "greeks_confidence": 95,
        "source": "massive",
        "feed": "realtime",
        "snapshot_ts": NOW,
        **values,
    }


def pairs(strikes: Sequence[float] = STRIKES, **terms: Any) -> list[dict[str, Any]]:
    """Return a call and a put of each strike."""
    return [option(strike, side, **terms) for strike in strikes for side in ("call", "put")]


def chain_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return rows as a canonical chain, null where they say nothing."""
    order = ["expiration", "root_symbol", "strike", "option_type"]
    return pl.DataFrame(list(rows), schema=schema(CHAIN), orient="row").sort(order)
