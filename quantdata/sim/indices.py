"""Index levels: cash indices straight from their path, the VIX from the SPX chain.

An index is calculated from 09:30 to 16:00 New York time (13:00 on half-days) and stands still otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from quantdata.sessions import third_friday
from quantdata.sim.bars import MINUTE_NS, no_bars
from quantdata.sim.cache import BuildOnce
from quantdata.sim.expirations import Expiration, expirations_of
from quantdata.sim.pricer import NS_PER_YEAR
from quantdata.sim.timeline import NS_PER_S, timeline
from quantdata.sim.universe import RATE
from quantdata.sim.views import Bars
from quantdata.sim.volindex import MINUTES_PER_YEAR, Strip, vix_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.sim.listings import Contracts
    from quantdata.sim.options import Options
    from quantdata.sim.paths import Paths

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["CashIndex", "IndexLevel", "VixIndex", "index_minute_bars"]

_KNOTS_PER_MINUTE: Final = 12
_MARKET_FACTOR: Final = "SPX"
_NODES: Final = 4  # instants of a session at which the published method is evaluated for history
_DAYS_30_NS: Final = 30 * 86_400 * NS_PER_S
_CANDIDATE_DAYS: Final = 12
_CACHED_SESSIONS: Final = 512


class IndexLevel(Protocol):
    """An index as a function of time."""

    def value(self, ns: int) -> float:
        """Return the published level at an instant."""
        ...

    def session_values(self, session: int) -> Floats:
        """Return the level every five seconds of a session, both ends included."""
        ...


class CashIndex:
    """An index that is its factor's level."""

    def __init__(self, factor: str, paths: Paths) -> None:
        self._factor, self._paths, self._line = factor, paths, timeline()

    def value(self, ns: int) -> float:
        """Return the level at an instant, published once a second, in hundredths."""
        session = self._line.regular_at(ns)
        instant = min(ns // NS_PER_S * NS_PER_S, int(self._line.close[session]))
        return round(float(self._paths.level(self._factor, np.array([instant]))[0]), 2)

    def session_values(self, session: int) -> Floats:
        """Return the level every five seconds of a session, both ends included, in hundredths."""
        stretch = self._paths.stretch(self._factor, session)
        first = int(np.searchsorted(stretch.ts, self._line.open[session]))
        return np.asarray(np.round(np.exp(stretch.log_level[first:]), 2), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The method's value at some instants of a session, over the latent volatility there."""

    ts: Ints
    ratio: Floats


class VixIndex:
    """The volatility index: the published method at any instant, and a path through its values for history.

    The path follows the latent volatility between a few instants of each session at which it meets the method exactly;
    `value` is always the method itself.
    """

    def __init__(self, paths: Paths, spx: Options) -> None:
        self._paths, self._spx, self._line = paths, spx, timeline()
        self._nodes: BuildOnce[_Nodes] = BuildOnce(_CACHED_SESSIONS)
        self._strips: BuildOnce[tuple[Contracts, Ints]] = BuildOnce(_CACHED_SESSIONS)

    def value(self, ns: int) -> float:
        """Return the index at an instant by the published method, in hundredths."""
        session = self._line.regular_at(ns)
        instant = min(ns // NS_PER_S * NS_PER_S, int(self._line.close[session]))
        return round(self._method(session, instant), 2)

    def path(self, ns: Ints) -> Floats:
        """Return the index at each instant, smoothly: exact at the nodes, following latent volatility between them."""
        ns = np.asarray(ns, dtype=np.int64)
        latent = self._paths.state(_MARKET_FACTOR, ns)[1]
        session = np.clip(np.searchsorted(self._line.open, ns, side="right") - 1, 1, len(self._line) - 1)
        ratio = np.empty(ns.shape)
        for each in np.unique(session):
            nodes, rows = self._nodes_of(int(each)), session == each
            ratio[rows] = np.interp(
                (ns[rows] - nodes.ts[0]).astype(np.float64), (nodes.ts - nodes.ts[0]).astype(np.float64), nodes.ratio
            )
        return np.asarray(ratio * np.exp(latent), dtype=np.float64)

    def session_values(self, session: int) -> Floats:
        """Return the path every five seconds of a session, both ends included, in hundredths."""
        stretch = self._paths.stretch(_MARKET_FACTOR, session)
        first = int(np.searchsorted(stretch.ts, self._line.open[session]))
        nodes = self._nodes_of(session)
        where = (stretch.ts[first:] - nodes.ts[0]).astype(np.float64)
        ratio = np.interp(where, (nodes.ts - nodes.ts[0]).astype(np.float64), nodes.ratio)
        return np.asarray(np.round(ratio * np.exp(stretch.log_volatility[first:]), 2), dtype=np.float64)

    def _nodes_of(self, session: int) -> _Nodes:
        return self._nodes.get(session, lambda: self._build_nodes(session))

    def _build_nodes(self, session: int) -> _Nodes:
        line = self._line
        ts = np.linspace(0.0, 1.0, _NODES) * float(line.close[session] - line.open[session])
        ts = line.open[session] + ts.astype(np.int64) // NS_PER_S * NS_PER_S
        latent = self._paths.state(_MARKET_FACTOR, ts)[1]
        return _Nodes(ts, self._methods(session, ts) / np.exp(latent))

    def _method(self, session: int, instant: int) -> float:
        return float(self._methods(session, np.array([instant]))[0])

    def _methods(self, session: int, instants: Ints) -> Floats:
        """Return the published method's value at some instants of a session, all strips quoted at once."""
        contracts, expires = self._strips.get(session, lambda: self._candidates(session))
        count = len(contracts)
        everything = contracts.take(np.tile(np.arange(count), len(instants)))
        ns = np.repeat(instants, count)
        bid, ask = self._spx.standing_prices(everything, ns, np.full(len(ns), session))
        bids, asks = bid.reshape(-1, count), ask.reshape(-1, count)
        values = np.empty(len(instants))
        for number, instant in enumerate(instants.tolist()):
            near = _near_term(expires, instant)
            strips = [
                _strip(contracts, contracts.expires == expires[which], instant, bids[number], asks[number])
                for which in (near, near + 1)
            ]
            values[number] = vix_of(*strips)
        return values

    def _candidates(self, session: int) -> tuple[Contracts, Ints]:
        """Return the contracts that the index is computed from in a session, and their expiries: two, three on a roll.

        Third Fridays count with their AM-settled series, other Fridays with the weekly ones.
        """
        line, day = self._line, self._line.day(session)
        around = [
            each
            for root in ("SPX", "SPXW")
            for each in expirations_of(root, day, within_days=30 + _CANDIDATE_DAYS)
            if abs((each.day - day).days - 30) <= _CANDIDATE_DAYS and _is_index_expiration(each)
        ]
        contracts = self._spx.contracts_of(around, day)
        expires = np.unique(contracts.expires)
        first = _near_term(expires, int(line.open[session]))
        last = _near_term(expires, int(line.close[session])) + 1
        contracts = contracts.take((contracts.expires >= expires[first]) & (contracts.expires <= expires[last]))
        return contracts, expires[first : last + 1]


def _near_term(expires: Ints, instant: int) -> int:
    """Return which expiry is the last one within 30 days; the next one lies beyond."""
    following = int(np.searchsorted(expires, instant + _DAYS_30_NS, side="right"))
    return min(max(following, 1), len(expires) - 1) - 1


def _strip(contracts: Contracts, rows: NDArray[np.bool_], instant: int, bid: Floats, ask: Floats) -> Strip:
    calls, puts = rows & contracts.is_call, rows & ~contracts.is_call
    minutes = (int(contracts.expires[calls][0]) - instant) / NS_PER_YEAR * MINUTES_PER_YEAR
    return Strip(contracts.strike[calls], bid[calls], ask[calls], bid[puts], ask[puts], minutes=minutes, rate=RATE)


def _is_index_expiration(expiration: Expiration) -> bool:
    day = expiration.day
    is_standard = day == third_friday(day.year, day.month)
    line = timeline()
    following = line.days[line.last_until(day) + 1] if line.last_until(day) + 1 < len(line) else None
    # The week's last session: Friday, or Thursday before a holiday.
    is_week_end = following is None or (following.item() - day).days > 1 + (day.weekday() == 0)
    is_week_end = is_week_end and day.weekday() >= 3  # noqa: PLR2004 - Thursday or Friday
    return is_week_end and is_standard == (expiration.root == "SPX")


def index_minute_bars(values: Floats, *, opened: int, until: int | None = None, value: float = 0.0) -> Bars:
    """Return the minute bars of an index from its values every five seconds.

    Parameters
    ----------
    values
        From ``opened`` (ns) on, both ends of every minute included.
    until
        Cut here (ns); the last bar then ends with ``value``, the index at that instant.
    """
    minutes = (len(values) - 1) // _KNOTS_PER_MINUTE
    start = opened + np.arange(minutes, dtype=np.int64) * MINUTE_NS
    corners = np.arange(minutes)[:, None] * _KNOTS_PER_MINUTE + np.arange(_KNOTS_PER_MINUTE + 1)
    inside = values[corners]
    seen = np.ones_like(inside, dtype=np.bool_)
    if until is not None:
        knot_ts = opened + corners * (MINUTE_NS // _KNOTS_PER_MINUTE)
        seen = knot_ts <= until
        kept = start <= until
        start, inside, seen, knot_ts = start[kept], inside[kept], seen[kept], knot_ts[kept]
        if len(start) and not seen[-1].all():
            inside = np.where(seen, inside, value)
    if len(start) == 0:
        return no_bars()
    zeros = np.zeros(len(start))
    return Bars(
        start=start,
        open=inside[:, 0],
        high=inside.max(axis=1),
        low=inside.min(axis=1),
        close=inside[:, -1],
        volume=zeros,
        vwap=zeros,
        trades=np.zeros(len(start), dtype=np.int64),
    )
