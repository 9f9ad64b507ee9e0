"""What the simulated market shows at an instant: plain numpy columns; vendors' spellings are for others to write.

Arrays of one view have equal length. Prices are USD per share, volatilities annual fractions, timestamps int64
nanoseconds since the epoch (UTC). NaN (0 in an integer column) means that there is nothing to show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Strings = NDArray[np.str_]
    Days = NDArray[np.datetime64]  # datetime64[D]

__all__ = [
    "Bars",
    "ChainView",
    "Dividend",
    "EquityView",
    "IndexView",
    "Listing",
    "Quotes",
    "Split",
    "SurfaceView",
    "Trades",
]


@dataclass(frozen=True, slots=True)
class Listing:
    """The contracts listed on one underlying on a day, sorted by expiration, root, strike, calls first."""

    underlying: str
    symbol: Strings  # OCC, no padding, no prefix: "SPXW261218C05800000"
    root: Strings
    expiration: Days
    strike: Floats
    is_call: Bools
    is_european: Bools
    is_am_settled: Bools
    multiplier: Ints  # shares per contract
    is_adjusted: Bools


@dataclass(frozen=True, slots=True)
class ChainView:
    """Every listed contract on one underlying at one instant."""

    listing: Listing
    at: datetime
    underlying_price: float
    underlying_ts: int
    bid: Floats  # 0 where nobody bids
    ask: Floats
    bid_size: Ints
    ask_size: Ints
    bid_exchange: Ints  # OPRA participant ids, 300-329
    ask_exchange: Ints
    quote_ts: Ints
    implied_volatility: Floats  # NaN where the vendor computes none
    delta: Floats
    gamma: Floats
    theta: Floats  # per calendar day
    vega: Floats  # per volatility point
    open_interest: Ints  # as of the end of the prior session
    day_ts: Ints  # midnight New York of the session of the last day bar; 0 = never traded
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    prev_close: Floats
    volume: Ints
    vwap: Floats
    last: Floats
    last_size: Ints
    last_exchange: Ints
    last_condition: Ints
    last_ts: Ints


@dataclass(frozen=True, slots=True)
class SurfaceView:
    """What the market's own model says of every listed contract on one underlying at one instant."""

    listing: Listing
    at: datetime
    rate: float  # continuously compounded annual fractions
    dividend_yield: float
    spot: Floats  # what the forward to expiry is worth today, USD per share
    years: Floats  # ACT/365 to expiry
    volatility: Floats  # the same for the call and the put of a strike; NaN once the payoff is fixed
    bid: Floats  # the standing quotes, as in `ChainView`
    ask: Floats


@dataclass(frozen=True, slots=True)
class EquityView:
    """One stock or fund at one instant; a day that has not begun is all zeros, as the vendor shows it."""

    symbol: str
    at: datetime
    price: float
    bid: float
    ask: float
    bid_size: int  # shares
    ask_size: int
    quote_ts: int
    last_size: int
    last_exchange: int
    last_condition: int
    last_ts: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    prev_open: float
    prev_high: float
    prev_low: float
    prev_close: float
    prev_volume: float
    prev_vwap: float
    minute: Bars  # the newest minute bar, or none


@dataclass(frozen=True, slots=True)
class IndexView:
    """One index at one instant."""

    ticker: str  # "SPX"
    name: str
    at: datetime
    value: float
    value_ts: int
    open: float
    high: float
    low: float
    close: float
    prev_close: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Price bars, oldest first, raw (never adjusted)."""

    start: Ints  # ns, window start
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats  # zeros for an index
    vwap: Floats
    trades: Ints


@dataclass(frozen=True, slots=True)
class Trades:
    """The tape of one symbol, oldest first."""

    ts: Ints
    price: Floats
    size: Ints
    exchange: Ints
    condition: Ints  # OPRA or SIP condition id
    sequence: Ints


@dataclass(frozen=True, slots=True)
class Quotes:
    """The best bid and offer of one symbol over time, oldest first."""

    ts: Ints
    bid: Floats
    ask: Floats
    bid_size: Ints
    ask_size: Ints
    bid_exchange: Ints
    ask_exchange: Ints
    sequence: Ints


@dataclass(frozen=True, slots=True)
class Split:
    """``after`` new shares for ``before`` old ones from ``execution_date`` on."""

    symbol: str
    execution_date: date
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash per share, paid to holders before ``ex_date``; in that day's shares."""

    symbol: str
    ex_date: date
    declaration_date: date
    record_date: date
    pay_date: date
    cash_amount: float
    frequency: int
