"""How busy each contract is: expected trades of a session and open interest.

Both are functions of one contract and one session alone, so one contract's history needs no other contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sim.noise import normal, uniform
from quantdata.sim.surface import at_the_money_variance
from quantdata.sim.timeline import SESSIONS_PER_YEAR, timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from quantdata.sim.listings import Contracts
    from quantdata.sim.universe import Asset

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Activity"]

_MOST_EVENTS: Final = 1500
_HALF_DAY: Final = 0.5  # of a whole day's trades
_CROWDING: Final = 0.5
# How far trade differs between contracts for no reason, and from day to day: deviations of its logarithm.
_OWN, _DAILY = 0.2, 0.15
_SLOW_SESSIONS: Final = 20  # open interest follows where the underlying was over a month


class Activity:
    """Trading intensity and open interest of the options on one asset.

    Parameters
    ----------
    asset
        Its facts.
    closes
        Mid at every session's close, in shares of the session that is asked about: ``closes(session)``.
    log_volatility
        Log volatility over the usual one at every session's close.
    """

    def __init__(self, asset: Asset, *, closes: Callable[[int], Floats], log_volatility: Floats) -> None:
        self._asset, self._closes, self._log_volatility = asset, closes, log_volatility
        self._line = timeline()

    def events(self, contracts: Contracts, session: int) -> Ints:
        """Return how many trades each contract has in a session; 0 outside its life."""
        line, day = self._line, self._line.days[session]
        lives = (contracts.last_close > line.open[session]) & (contracts.listed_since <= day)
        expected = self._expected(contracts, session) * np.exp(_DAILY * normal(contracts.key, session, 41))
        expected *= _HALF_DAY if line.is_half_day(session) else 1.0
        drawn = np.floor(expected + uniform(contracts.key, session, 42)).astype(np.int64)
        return np.where(lives, np.minimum(drawn, _MOST_EVENTS), 0)

    def trade_sizes(self, events: Ints) -> Floats:
        """Return the usual size of a trade of each contract: it stands for more real ones where many trade."""
        return np.asarray(self._asset.trade_size * (1.0 + events) ** _CROWDING, dtype=np.float64)

    def _expected(self, contracts: Contracts, session: int) -> Floats:
        before, after = self._closes(session)[session - 1 : session + 1].tolist()
        sessions, deviation = self.deviation(contracts, session)
        # An expiration's trade falls with its distance; its strikes within reach grow with the root of it.
        # Nobody gambles on the last day of what settles the morning after.
        ahead = sessions + np.where(contracts.is_am_settled, 1.5, 0.2)
        tenor = ahead**-1.3 * np.where(contracts.is_monthly, 1.5, 1.0)
        # The crowd follows the underlying through the day.
        steps = [_reach(contracts, before ** (1.0 - part) * after**part, deviation) for part in (0.0, 0.5, 1.0)]
        lean = np.where(contracts.is_call, 1.0, 1.12)
        own = np.exp(_OWN * normal(contracts.key, 43))
        adjusted = np.where(contracts.is_adjusted, 0.05, 1.0)
        roundness = _roundness(contracts.strike, before)
        reach = np.mean(steps, axis=0)
        return np.asarray(self._asset.busiest_option * tenor * reach * lean * own * adjusted * roundness)

    def spot_before(self, session: int) -> float:
        """Return the underlying at the close before a session, in that session's shares."""
        return float(self._closes(session)[session - 1])

    def deviation(self, contracts: Contracts, session: int) -> tuple[Floats, Floats]:
        """Return sessions to expiry and the deviation of the log underlying to it, as of the close before a session."""
        expiries, at = np.unique(contracts.expires, return_inverse=True)
        sessions = np.maximum(self._line.variance_time(expiries) - (session - 1), 0.1)
        flat = at_the_money_variance(sessions, self._volatility(session), usual=self._asset.volatility)
        return sessions[at], np.sqrt(flat)[at]

    def daily_deviation(self, session: int) -> float:
        """Return the implied deviation of the log underlying over a session."""
        return self._volatility(session) / float(np.sqrt(SESSIONS_PER_YEAR))

    def _volatility(self, session: int) -> float:
        return self._asset.volatility * float(np.exp(self._log_volatility[session - 1]))

    def open_interest(self, contracts: Contracts, session: int) -> Ints:
        """Return the open interest of each contract as a session begins: as of the end of the one before."""
        recent = self._closes(session)[max(session - _SLOW_SESSIONS, 0) : session]
        spot = float(recent.mean())
        sessions, deviation = self.deviation(contracts, session)
        away = np.log(contracts.strike / spot) / deviation
        age = (self._line.days[session] - contracts.listed_since).astype(np.int64)
        grown = -np.expm1(-np.maximum(age, 0) / 9.0)
        is_inside = (away < 0.0) == contracts.is_call
        reach = np.exp(-0.55 * np.maximum(np.abs(away) - 0.3, 0.0)) * np.where(is_inside, 0.45, 1.0)
        tenor = np.where(contracts.is_monthly, 5.0, 1.0) / (1.0 + sessions / 50.0) ** 0.8
        own = np.exp(0.7 * normal(contracts.key, 44)) * (1.0 + 0.02 * normal(contracts.key, session, 45))
        adjusted = np.where(contracts.is_adjusted, 0.02, 1.0)
        usual = self._asset.usual_interest * tenor * reach * own * adjusted * _roundness(contracts.strike, spot)
        return np.asarray(np.floor(np.maximum(usual, 0.0) * grown), dtype=np.int64)


def _reach(contracts: Contracts, spot: float, deviation: Floats) -> Floats:
    """Return how much people like a strike for where it lies: most at the money and just out of it."""
    outside = np.log(contracts.strike / spot) / deviation * np.where(contracts.is_call, 1.0, -1.0)
    far = np.exp(-0.9 * np.maximum(np.abs(outside) - 0.2, 0.0) ** 1.25)
    inside = 0.12 + 0.88 * np.exp(-((np.minimum(outside, 0.0) / 0.25) ** 2))
    return np.asarray(far * inside, dtype=np.float64)


def _roundness(strike: Floats, spot: float) -> Floats:
    """Return how much more people like a strike for being round."""
    unit = 10.0 ** np.floor(np.log10(spot)) / 20.0
    is_multiple = [np.abs(strike / step - np.round(strike / step)) < 1e-6 for step in (10 * unit, 2 * unit, unit)]  # noqa: PLR2004
    return np.select(is_multiple, [2.0, 1.55, 1.2], default=1.0)
