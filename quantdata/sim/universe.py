"""Facts about what the simulated market trades: names, levels, risk, cash flows, option roots.

Levels are anchors that the random paths pass through, so that a chart of any year looks familiar; between two anchors
the path is the simulator's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from quantdata.errors import SymbolError

__all__ = ["ASSETS", "EQUITIES", "INDICES", "RATE", "UNDERLYINGS", "Asset", "Skew", "anchors_of", "asset"]

RATE: Final = 0.039
"""Continuously compounded annual risk-free rate at every maturity and date."""


@dataclass(frozen=True, slots=True)
class Skew:
    """Shape of an implied volatility smile (the SSVI parameters of `surface`)."""

    correlation: float  # tilt: negative where falling prices raise volatility
    curvature: float


@dataclass(frozen=True, slots=True)
class Asset:
    """One equity or index.

    Attributes
    ----------
    factor
        The random path it follows, a key of `LEVELS`; funds share their index's.
    per_level
        Its price per unit of that path, before dividends.
    volatility
        Long-run implied volatility at the money, annual fraction.
    volatility_beta
        How far its volatility moves with the market's, in logarithms.
    dividend
        Yearly cash per share in today's shares, growing towards today; paid ``payments`` times a year.
    dividend_yield
        What option prices assume, continuously compounded.
    shares_per_day
        Usual daily volume in today's shares; 0 for an index.
    busiest_option
        Trades of one session in the contract that everybody wants: at the money, expiring today.
    usual_interest
        Open interest at the money in an expiration without special standing.
    trade_size
        Contracts of a trade in an option that hardly trades; those that do have larger ones, see `Activity`.
    """

    symbol: str
    name: str
    factor: str
    per_level: float
    is_index: bool
    volatility: float
    volatility_beta: float
    skew: Skew
    roots: tuple[str, ...]
    busiest_option: int
    usual_interest: int
    trade_size: int
    shares_per_day: float = 0.0
    dividend: float = 0.0
    payments: int = 0
    dividend_yield: float = 0.0

    @property
    def is_fund(self) -> bool:
        """Whether it is an exchange-traded fund."""
        return "Trust" in self.name or "ETF" in self.name


_INDEX_SKEW = Skew(-0.68, 1.45)

ASSETS: Final = (
    Asset("SPY", "SPDR S&P 500 ETF Trust", "SPX", 0.1, is_index=False, volatility=0.145, volatility_beta=1.0,
          skew=_INDEX_SKEW, roots=("SPY",), busiest_option=420, usual_interest=2350, trade_size=34,
          shares_per_day=72e6, dividend=7.4, payments=4, dividend_yield=0.0115),
    Asset("QQQ", "Invesco QQQ Trust", "NDX", 1 / 41.3, is_index=False, volatility=0.185, volatility_beta=0.9,
          skew=Skew(-0.62, 1.4), roots=("QQQ",), busiest_option=340, usual_interest=1300, trade_size=14,
          shares_per_day=48e6, dividend=3.1, payments=4, dividend_yield=0.0053),
    Asset("IWM", "iShares Russell 2000 ETF", "RUT", 0.099, is_index=False, volatility=0.21, volatility_beta=0.7,
          skew=Skew(-0.55, 1.35), roots=("IWM",), busiest_option=330, usual_interest=1600, trade_size=11,
          shares_per_day=31e6, dividend=2.6, payments=4, dividend_yield=0.011),
    Asset("DIA", "SPDR Dow Jones Industrial Average ETF Trust", "DJI", 0.01, is_index=False, volatility=0.14,
          volatility_beta=0.9, skew=Skew(-0.64, 1.4), roots=("DIA",), busiest_option=110, usual_interest=150,
          trade_size=7, shares_per_day=3.4e6, dividend=6.9, payments=12, dividend_yield=0.0155),
    Asset("AAPL", "Apple Inc.", "AAPL", 1.0, is_index=False, volatility=0.26, volatility_beta=0.55, skew=Skew(-0.38,
          1.25), roots=("AAPL",), busiest_option=900, usual_interest=3500, trade_size=8, shares_per_day=52e6,
          dividend=1.04, payments=4, dividend_yield=0.0042),
    Asset("NVDA", "NVIDIA Corporation", "NVDA", 1.0, is_index=False, volatility=0.43, volatility_beta=0.45,
          skew=Skew(-0.3, 1.15), roots=("NVDA", "NVDA1"), busiest_option=800, usual_interest=6000, trade_size=11,
          shares_per_day=180e6, dividend=0.04, payments=4, dividend_yield=0.0002),
    Asset("TSLA", "Tesla, Inc.", "TSLA", 1.0, is_index=False, volatility=0.53, volatility_beta=0.35,
          skew=Skew(-0.18, 1.1), roots=("TSLA",), busiest_option=650, usual_interest=2000, trade_size=12,
          shares_per_day=90e6),
    Asset("BRK.B", "Berkshire Hathaway Inc.", "BRK.B", 1.0, is_index=False, volatility=0.175, volatility_beta=0.75,
          skew=Skew(-0.45, 1.3), roots=("BRKB",), busiest_option=140, usual_interest=300, trade_size=6,
          shares_per_day=4.2e6),
    Asset("SPX", "S&P 500", "SPX", 1.0, is_index=True, volatility=0.145, volatility_beta=1.0, skew=_INDEX_SKEW,
          roots=("SPX", "SPXW"), busiest_option=150, usual_interest=740, trade_size=21, dividend_yield=0.0125),
    Asset("NDX", "Nasdaq-100", "NDX", 1.0, is_index=True, volatility=0.185, volatility_beta=0.9, skew=Skew(-0.62,
          1.4), roots=("NDX", "NDXP"), busiest_option=26, usual_interest=17, trade_size=6, dividend_yield=0.0063),
    Asset("VIX", "Cboe Volatility Index", "VIX", 1.0, is_index=True, volatility=0.95, volatility_beta=0.35,
          skew=Skew(0.62, 1.25), roots=("VIX", "VIXW"), busiest_option=420, usual_interest=3500, trade_size=32),
)  # fmt: skip

EQUITIES: Final = tuple(each.symbol for each in ASSETS if not each.is_index)
INDICES: Final = tuple(each.symbol for each in ASSETS if each.is_index)
UNDERLYINGS: Final = tuple(each.symbol for each in ASSETS)

_BY_SYMBOL: Final = {each.symbol: each for each in ASSETS}


def asset(symbol: str) -> Asset:
    """Return the facts of an equity or index.

    Raises
    ------
    SymbolError
        If the market does not have it.
    """
    found = _BY_SYMBOL.get(symbol)
    if found is None:
        raise SymbolError(f"{symbol!r} is not in the simulated market; it has {', '.join(UNDERLYINGS)}")
    return found


@dataclass(frozen=True, slots=True)
class Factor:
    """A random path: how it hangs on the market and where it passes through."""

    beta: float
    own_volatility: float
    levels: tuple[float, ...]  # one per day of `ANCHOR_DAYS`, in today's shares


# Year ends, then quarters while they matter to the eye, then a calm extrapolation.
ANCHOR_DAYS: Final = (
    *(date(year, 12, 31) for year in range(2015, 2025)),
    date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31),
    date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31),
    date(2028, 6, 30), date(2031, 12, 31),
)  # fmt: skip

LEVELS: Final = {
    "SPX": Factor(1.0, 0.0, (2044, 2239, 2674, 2507, 3231, 3756, 4766, 3840, 4770, 5882,
                             5850, 6120, 6380, 6480, 6400, 6520, 6580, 6640, 7300, 9000)),
    "NDX": Factor(1.15, 0.07, (4593, 4863, 6397, 6330, 8733, 12888, 16320, 10940, 16826, 21012,
                               21300, 22300, 23200, 23600, 23100, 23500, 23700, 24000, 27000, 35000)),
    "RUT": Factor(1.1, 0.11, (1136, 1357, 1536, 1349, 1668, 1975, 2245, 1761, 2027, 2230,
                              2260, 2300, 2360, 2400, 2360, 2400, 2410, 2430, 2650, 3150)),
    "DJI": Factor(0.85, 0.05, (17425, 19763, 24719, 23327, 28538, 30606, 36338, 33147, 37690, 42544,
                               43200, 44000, 45000, 45600, 45000, 45500, 45900, 46200, 49500, 59000)),
    "AAPL": Factor(1.15, 0.19, (26.3, 29, 42.3, 39.4, 73.4, 132.7, 177.6, 129.9, 192.5, 250.4,
                                235, 240, 248, 254, 248, 250, 252, 254, 285, 360)),
    "NVDA": Factor(1.7, 0.33, (0.82, 2.67, 4.84, 3.34, 5.88, 13.1, 29.4, 14.6, 49.5, 134.3,
                               135, 146, 158, 166, 160, 164, 165, 168, 195, 270)),
    "TSLA": Factor(1.7, 0.44, (16, 14.2, 20.8, 22.2, 27.9, 235.2, 352.3, 123.2, 248.5, 403.8,
                               310, 325, 350, 370, 345, 350, 355, 360, 400, 490)),
    "BRK.B": Factor(0.7, 0.1, (132, 163, 198, 204, 226.5, 231.9, 299, 308.9, 356.7, 453.3,
                               468, 474, 480, 484, 480, 483, 485, 488, 530, 660)),
}  # fmt: skip


def anchors_of(factor: str) -> tuple[tuple[date, ...], tuple[float, ...]]:
    """Return the days and the levels that a factor's path passes through."""
    return ANCHOR_DAYS, LEVELS[factor].levels
