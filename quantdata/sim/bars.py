"""Trades and values into bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sim.noise import uniform
from quantdata.sim.timeline import NS_PER_S
from quantdata.sim.views import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["MINUTE_NS", "Prints", "day_bar", "joined", "minute_bars_of", "no_bars", "share_out"]

MINUTE_NS: Final = 60 * NS_PER_S
_UNEVENNESS: Final = 0.95  # below 1, so that no part is negative


@dataclass(frozen=True, slots=True)
class Prints:
    """What bars are made of, oldest first: prices with their volume and the number of trades behind each."""

    ts: Ints
    price: Floats
    volume: Ints
    trades: Ints

    def between(self, start: int, end: int) -> Prints:
        """Return the prints from ``start`` up to and without ``end``."""
        part = slice(*np.searchsorted(self.ts, [start, end], side="left").tolist())
        return Prints(self.ts[part], self.price[part], self.volume[part], self.trades[part])


def no_bars() -> Bars:
    """Return bars without rows."""
    floats, ints = np.empty(0, dtype=np.float64), np.empty(0, dtype=np.int64)
    return Bars(ints, floats, floats, floats, floats, floats, floats, ints)


def minute_bars_of(prints: Prints) -> Bars:
    """Return one bar per minute with prints; volume-weighted prices are exact sums over the minute."""
    return _bars_of(prints, prints.ts // MINUTE_NS * MINUTE_NS)


def day_bar(prints: Prints, *, start: int, opened: int, closed: int) -> Bars:
    """Return the daily bar of one session as the stock tape defines it, or no bar without prints.

    Prices come from regular trading (``opened`` up to and without ``closed``); volume, trades and the volume-weighted
    price count extended hours too. As long as regular trading has no print, prices come from what there is.

    Parameters
    ----------
    prints
        One session's.
    start
        Midnight New York time, ns.
    """
    if len(prints.ts) == 0:
        return no_bars()
    whole = _bars_of(prints, np.full_like(prints.ts, start))
    regular = prints.between(opened, closed)
    priced = _bars_of(regular, np.full_like(regular.ts, start)) if len(regular.ts) else whole
    return Bars(whole.start, priced.open, priced.high, priced.low, priced.close, whole.volume, whole.vwap, whole.trades)


def joined(parts: Sequence[Bars]) -> Bars:
    """Return bars one after the other."""
    if not parts:
        return no_bars()
    return Bars(*(np.concatenate([getattr(part, name) for part in parts]) for name in Bars.__slots__))


def _bars_of(prints: Prints, start: Ints) -> Bars:
    if len(start) == 0:
        return no_bars()
    first = np.flatnonzero(np.concatenate([[True], start[1:] != start[:-1]]))
    last = np.concatenate([first[1:], [len(start)]]) - 1
    volume = np.add.reduceat(prints.volume, first).astype(np.float64)
    low, high = np.minimum.reduceat(prints.price, first), np.maximum.reduceat(prints.price, first)
    traded = np.add.reduceat(prints.price * prints.volume, first)
    # An index has values without volume; its bars carry no average price.
    vwap = np.divide(traded, volume, out=np.zeros(len(first)), where=volume > 0.0)
    return Bars(
        start=start[first],
        open=prints.price[first],
        high=high,
        low=low,
        close=prints.price[last],
        volume=volume,
        # A mean lies between its terms; its last bit may not.
        vwap=np.where(volume > 0.0, np.clip(vwap, low, high), 0.0),
        trades=np.add.reduceat(prints.trades, first),
    )


def share_out(volume: Ints, rank: Ints, count: Ints, *, event: Ints) -> Ints:
    """Return the part of a volume that its ``rank``-th of ``count`` prints has; parts are at least 1 and add up.

    Parameters
    ----------
    event
        What the uneven sizes hang on: the same for all parts of one volume.
    """

    def share_before(edge: Ints) -> Floats:
        shift = np.where((edge > 0) & (edge < count), _UNEVENNESS * (uniform(event, edge, 71) - 0.5), 0.0)
        return np.asarray((edge + shift) / count, dtype=np.float64)

    spare = volume - count
    low, high = (np.floor(spare * share_before(edge)).astype(np.int64) for edge in (rank, rank + 1))
    return np.asarray(1 + high - low, dtype=np.int64)
