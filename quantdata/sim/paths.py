"""The random paths behind every price: daily levels through familiar anchors, bridged through each stretch.

A market factor drives every other path, and drives volatility against itself. Levels are mids without dividends, in
today's shares; `actions` turns them into raw prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sim.cache import BuildOnce
from quantdata.sim.noise import generator
from quantdata.sim.timeline import NS_PER_S, SESSIONS_PER_YEAR, timeline
from quantdata.sim.universe import LEVELS, anchors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["STEP_NS", "Paths", "Stretch"]

STEP_NS: Final = 5 * NS_PER_S
"""Distance of the knots of a path while somebody trades."""

_ROOT_YEAR: Final = float(np.sqrt(SESSIONS_PER_YEAR))
_REALISED_SHARE: Final = 0.95  # realised over implied volatility: options carry a premium
_MARKET_VOLATILITY: Final = 0.145
# The latent log volatility: daily persistence, shock, leverage, and a soft bound that keeps the VIX between 11 and 29.
_PERSISTENCE: Final = 0.95
_SHOCK: Final = 0.07
_LEVERAGE: Final = -0.86
_BOUND: Final = 0.42
_OWN_PERSISTENCE: Final = 0.98
_OWN_SHOCK: Final = 0.022
# Student t shocks with five degrees of freedom, scaled to unit variance.
_DEGREES: Final = 5.0
_UNIT: Final = float(np.sqrt((_DEGREES - 2.0) / _DEGREES))
_CACHED_STRETCHES: Final = 96


@dataclass(frozen=True, slots=True)
class Stretch:
    """One factor from the close before a session to its close: log level and log volatility at each knot."""

    ts: Ints
    log_level: Floats
    log_volatility: Floats  # the market's latent state, not yet any asset's


class Paths:
    """Levels and volatility of every factor at any instant.

    Parameters
    ----------
    seed
        Paths of equal seeds are equal.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._line = timeline()
        shocks = generator(seed, "market", "daily")
        count = len(self._line)
        self._market_shock = shocks.standard_t(_DEGREES, count) * _UNIT
        self._latent = self._volatility_walk(shocks.standard_normal(count))
        self._log_volatility = np.asarray(_BOUND * np.tanh(self._latent / _BOUND), dtype=np.float64)
        # What a day realises was implied by the evening before.
        implied = _MARKET_VOLATILITY * np.exp(np.roll(self._log_volatility, 1))
        self._deviation = implied * _REALISED_SHARE / _ROOT_YEAR
        self._closes = {factor: self._daily_levels(factor) for factor in LEVELS}
        self._own = {factor: self._own_volatility(factor) for factor in LEVELS}
        self._share_of_length: dict[int, tuple[Floats, Floats]] = {}
        self._stretches: BuildOnce[Stretch] = BuildOnce(_CACHED_STRETCHES)

    def _volatility_walk(self, own: Floats) -> Floats:
        shock = _SHOCK * (_LEVERAGE * self._market_shock + np.sqrt(1.0 - _LEVERAGE**2) * own)
        return _reverting(shock, _PERSISTENCE)

    def _own_volatility(self, factor: str) -> Floats:
        shock = generator(self._seed, factor, "own volatility").standard_normal(len(self._line)) * _OWN_SHOCK
        has_own = LEVELS[factor].own_volatility > 0.0
        return _reverting(shock if has_own else np.zeros_like(shock), _OWN_PERSISTENCE)

    def _daily_levels(self, factor: str) -> Floats:
        facts = LEVELS[factor]
        own = generator(self._seed, factor, "daily").standard_t(_DEGREES, len(self._line)) * _UNIT
        moves = facts.beta * self._deviation * self._market_shock + facts.own_volatility / _ROOT_YEAR * own
        walk = np.cumsum(moves)
        days, levels = anchors_of(factor)
        knots = np.array([self._line.last_until(day) for day in days], dtype=np.float64)
        position = np.arange(len(self._line), dtype=np.float64)
        anchored = np.interp(position, knots, np.log(np.asarray(levels)))
        return np.asarray(anchored + walk - np.interp(position, knots, np.interp(knots, position, walk)))

    def close(self, factor: str) -> Floats:
        """Return the level of a factor at every session's close."""
        return np.asarray(np.exp(self._closes[factor]), dtype=np.float64)

    def own_log_volatility(self, factor: str) -> Floats:
        """Return a factor's own log volatility, beside the market's, at every session's close."""
        return self._own[factor]

    def market_log_volatility(self) -> Floats:
        """Return the market's latent log volatility at every session's close."""
        return self._log_volatility

    def stretch(self, factor: str, session: int) -> Stretch:
        """Return a factor's path from the close before a session to its close."""
        return self._stretches.get((factor, session), lambda: self._bridge(factor, session))

    def _bridge(self, factor: str, session: int) -> Stretch:
        line, facts = self._line, LEVELS[factor]
        ts = np.concatenate(
            [
                np.arange(line.close[session - 1], line.late_close[session - 1] + 1, STEP_NS),
                np.arange(line.early_open[session], line.close[session] + 1, STEP_NS),
            ]
        )
        share, root_share = self._shares(ts)
        count = len(share)
        day = line.day(session)
        market = generator(self._seed, "market", day).standard_normal(2 * count)
        own = generator(self._seed, factor, day).standard_normal(count)
        deviation = self._deviation[session]
        level_shock = facts.beta * deviation * market[:count] + facts.own_volatility / _ROOT_YEAR * own
        volatility_shock = _SHOCK * (_LEVERAGE * market[:count] + np.sqrt(1.0 - _LEVERAGE**2) * market[count:])
        latent = _bridged(self._latent[session - 1 : session + 1], root_share * volatility_shock, share)
        return Stretch(
            ts=ts,
            log_level=_bridged(self._closes[factor][session - 1 : session + 1], root_share * level_shock, share),
            log_volatility=np.asarray(_BOUND * np.tanh(latent / _BOUND), dtype=np.float64),
        )

    def _shares(self, ts: Ints) -> tuple[Floats, Floats]:
        """Return the variance share of each step and its root; they depend on the stretch's length alone."""
        found = self._share_of_length.get(len(ts))
        if found is None:
            share = np.maximum(np.diff(self._line.variance_time(ts)), 0.0)
            found = self._share_of_length[len(ts)] = (share, np.sqrt(share))
        return found

    def level(self, factor: str, ns: Ints) -> Floats:
        """Return a factor's level at each instant."""
        return np.asarray(np.exp(self._at(factor, ns)[0]), dtype=np.float64)

    def state(self, factor: str, ns: Ints) -> tuple[Floats, Floats]:
        """Return a factor's level and its log volatility relative to the long run, at each instant.

        The second is the market's latent state; add `own_volatility_at` for the factor's own part.
        """
        log_level, log_volatility = self._at(factor, ns)
        return np.asarray(np.exp(log_level), dtype=np.float64), log_volatility

    def own_volatility_at(self, factor: str, ns: Ints) -> Floats:
        """Return the factor's own log volatility at each instant."""
        clock = self._line.variance_time(ns)
        return np.asarray(np.interp(clock, np.arange(len(self._line)), self._own[factor]), dtype=np.float64)

    def _at(self, factor: str, ns: Ints) -> tuple[Floats, Floats]:
        ns = np.asarray(ns, dtype=np.int64)
        owner = self._line.stretch_of(ns)
        log_level, log_volatility = np.empty(ns.shape), np.empty(ns.shape)
        for session in np.unique(owner):
            stretch = self.stretch(factor, int(session))
            rows = owner == session
            # Distances from the first knot are exact in float64; nanoseconds since the epoch are not.
            where, knots = (
                (ns[rows] - stretch.ts[0]).astype(np.float64),
                (stretch.ts - stretch.ts[0]).astype(np.float64),
            )
            log_level[rows] = np.interp(where, knots, stretch.log_level)
            log_volatility[rows] = np.interp(where, knots, stretch.log_volatility)
        return log_level, log_volatility


def _reverting(shocks: Floats, persistence: float) -> Floats:
    """Return the path that starts at zero and keeps a share of its level each day."""
    path = np.zeros(len(shocks))
    for index in range(1, len(shocks)):
        path[index] = persistence * path[index - 1] + shocks[index]
    return path


def _bridged(ends: Floats, moves: Floats, share: Floats) -> Floats:
    """Return the path of some random moves, bent to run from the first to the second of two ends."""
    missing = (ends[1] - ends[0]) - moves.sum()
    path = np.empty(len(moves) + 1)
    path[0] = ends[0]
    np.cumsum(moves + missing * share, out=path[1:])
    path[1:] += ends[0]
    path[-1] = ends[1]
    return path
