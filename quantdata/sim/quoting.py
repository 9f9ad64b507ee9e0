"""Model values into quotes: when each contract was last quoted, how wide, how large, on whose ticks.

A quote stands until the next one. Contracts that react to the underlying are requoted every second; those far out of
the money, whose value does not move by a tick in the meantime, every few seconds up to minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtr

from quantdata.sim.noise import normal, uniform
from quantdata.sim.timeline import NS_PER_S, SESSIONS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.sim.listings import Contracts
    from quantdata.sim.pricer import Valuation

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = [
    "EXCHANGES",
    "QUOTE_DELAY_NS",
    "Making",
    "OptionQuotes",
    "making_of",
    "quote",
    "quote_delay",
    "quote_periods",
    "quote_prices",
    "tick_at",
]

# OPRA participants of the reference endpoint: AMEX, BOX, CBOE, EMERALD, EDGX, GEMINI, ISE, MERCURY, MIAX, NASDAQ OM,
# NYSE ARCA, PEARL, PHLX, C2, BATS.
EXCHANGES: Final = np.array([300, 301, 302, 303, 304, 308, 309, 312, 313, 315, 316, 318, 319, 322, 325], dtype=np.int64)
_CBOE: Final = 302

# Seconds between two quotes, from the busiest to the sleepiest; each divides the next but one into the same grid.
_PERIODS_S: Final = np.array([1, 2, 5, 15, 60, 180], dtype=np.int64)
_REACTION_TICKS: Final = 0.25
_ROOT_SESSION_S: Final = float(np.sqrt(23_400.0))
QUOTE_DELAY_NS: Final = 60_000_000
"""How long after its second a quote comes out at the latest."""
_FURTHEST_MOVE: Final = 2.5  # daily standard deviations that a strike may come nearer before its period is too long
_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Making:
    """How the options on one asset are made.

    Attributes
    ----------
    points
        Spread of a 30-day option at the money, volatility points.
    hedging
        What crossing the underlying's spread adds to deep options, basis points of the strike.
    depth
        Usual size near the money, contracts.
    """

    points: float
    hedging: float
    depth: float
    is_cboe_only: bool = False


_MAKING: Final = {
    "SPY": Making(0.045, 1.6, 220.0),
    "QQQ": Making(0.055, 1.8, 140.0),
    "IWM": Making(0.08, 2.2, 110.0),
    "DIA": Making(0.3, 5.0, 30.0),
    "AAPL": Making(0.17, 3.0, 70.0),
    "NVDA": Making(0.2, 3.0, 110.0),
    "TSLA": Making(0.25, 3.5, 60.0),
    "BRK.B": Making(0.38, 6.0, 22.0),
    "SPX": Making(0.065, 1.8, 40.0, is_cboe_only=True),
    "NDX": Making(0.25, 3.5, 6.0),
    "VIX": Making(1.8, 20.0, 260.0, is_cboe_only=True),
}


@dataclass(frozen=True, slots=True)
class OptionQuotes:
    """One quote per row; a side without a price has size and exchange 0."""

    bid: Floats
    ask: Floats
    bid_size: Ints
    ask_size: Ints
    bid_exchange: Ints
    ask_exchange: Ints


def making_of(underlying: str) -> Making:
    """Return how the options on an underlying are made."""
    return _MAKING[underlying]


def quote_periods(
    contracts: Contracts, *, spot: Floats | float, deviation: Floats, daily_deviation: Floats | float
) -> Ints:
    """Return the nanoseconds between two quotes of each contract, fixed for a session.

    Parameters
    ----------
    spot
        The underlying at the close before, USD per share.
    deviation
        Standard deviation of its log to expiry, as of then.
    daily_deviation
        The same over one session.
    """
    distance = np.abs(np.log(contracts.strike / spot))
    nearest = np.maximum(distance - _FURTHEST_MOVE * daily_deviation, 0.0)
    is_out = (contracts.strike > spot) == contracts.is_call
    reach = ndtr(-nearest / deviation)
    sensitivity = np.where(is_out, reach, 1.0) * spot * daily_deviation
    per_root_second = sensitivity / _ROOT_SESSION_S
    seconds = (_REACTION_TICKS * contracts.tick_below / np.maximum(per_root_second, 1e-12)) ** 2
    which = np.clip(np.searchsorted(_PERIODS_S, seconds, side="right") - 1, 0, len(_PERIODS_S) - 1)
    return np.asarray(_PERIODS_S[which] * NS_PER_S, dtype=np.int64)


def quote_delay(contracts: Contracts, event: Ints) -> Ints:
    """Return how long after its instant a quote comes out, ns: not all at once."""
    return np.asarray(uniform(contracts.key, event, 21) * QUOTE_DELAY_NS, dtype=np.int64)


def quote_prices(contracts: Contracts, valued: Valuation, making: Making) -> tuple[Floats, Floats]:
    """Return bid and ask around model values, USD per share; the value never lies outside them."""
    half = 0.5 * _spread(contracts, valued, making)
    low, high = valued.value - half, valued.value + half
    bid_tick, ask_tick = tick_at(contracts, low), tick_at(contracts, high)
    # The small slack keeps a price that is on a tick from slipping to the next by its last bit.
    bid = np.maximum(np.floor(low / bid_tick + _SLACK) * bid_tick, 0.0)
    ask = np.maximum(np.ceil(high / ask_tick - _SLACK) * ask_tick, contracts.tick_below)
    # Where nobody bids, few bother to offer close to nothing.
    spare = np.floor(-1.3 * np.log(uniform(contracts.key, 22))) * contracts.tick_below
    ask = np.where(bid > 0.0, ask, ask + spare)
    return np.asarray(np.round(bid, 2), dtype=np.float64), np.asarray(np.round(ask, 2), dtype=np.float64)


def quote(contracts: Contracts, valued: Valuation, making: Making, *, event: Ints) -> OptionQuotes:
    """Return the quotes around model values.

    Parameters
    ----------
    event
        A number per row that sizes and exchanges hang on; the same event gives the same quote.
    """
    bid, ask = quote_prices(contracts, valued, making)
    has_bid = bid > 0.0
    sizes = [_size(contracts, valued, making, event, side) for side in (23, 24)]
    venues = [_venue(contracts, making, event, side) for side in (25, 26)]
    return OptionQuotes(bid, ask, np.where(has_bid, sizes[0], 0), sizes[1], np.where(has_bid, venues[0], 0), venues[1])


def tick_at(contracts: Contracts, price: Floats) -> Floats:
    """Return the price step of each contract at a price, USD."""
    return np.where(price >= contracts.tick_from, contracts.tick_above, contracts.tick_below)


def _spread(contracts: Contracts, valued: Valuation, making: Making) -> Floats:
    root_time = np.sqrt(valued.years)
    d1 = np.log(valued.forward / contracts.strike) / valued.deviation + 0.5 * valued.deviation
    vega = valued.forward * root_time * np.exp(-0.5 * np.minimum(d1 * d1, 60.0)) * 0.00399  # per point
    in_the_money = ndtr(np.where(contracts.is_call, d1, -d1))
    # Makers ask for more volatility points far out and in the wings, where fewer trade.
    points = making.points * (0.55 + 1.3 * np.sqrt(valued.years)) * (1.0 + 0.25 * np.minimum(d1 * d1, 16.0))
    hedging = making.hedging * 1e-4 * contracts.strike * in_the_money**2 * (0.4 + root_time)
    wing = 0.02 * np.sqrt(np.maximum(valued.value, 0.0) * contracts.tick_below)
    width = points * vega + hedging + wing
    return np.asarray(width * np.exp(0.22 * normal(contracts.key, 27)) + 0.2 * contracts.tick_below)


def _size(contracts: Contracts, valued: Valuation, making: Making, event: Ints, side: int) -> Ints:
    away = np.abs(np.log(contracts.strike / valued.forward)) / np.maximum(valued.deviation, 1e-9)
    days = valued.years * SESSIONS_PER_YEAR
    usual = making.depth * np.exp(-0.25 * np.minimum(away, 6.0)) / (1.0 + days / 60.0) ** 0.6
    # Cheap options are offered by the hundred.
    usual = usual * (1.0 + 3.0 * np.exp(-valued.value / (10.0 * contracts.tick_below)))
    drawn = usual * np.exp(0.75 * normal(contracts.key, event, side))
    return np.asarray(np.maximum(np.round(drawn), 1.0), dtype=np.int64)


def _venue(contracts: Contracts, making: Making, event: Ints, side: int) -> Ints:
    if making.is_cboe_only:
        return np.full(len(contracts), _CBOE, dtype=np.int64)
    pick = uniform(contracts.key, event, side) * len(EXCHANGES)
    return np.asarray(EXCHANGES[pick.astype(np.int64)], dtype=np.int64)
