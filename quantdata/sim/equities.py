"""Stocks and funds: their tape, their quotes, their bars.

Every second of regular trading somebody may trade, every five seconds outside it. Such a print is the atom: minute
bars, daily bars, the snapshot and the tape all add up the same prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sim.actions import Actions, actions_of
from quantdata.sim.bars import Prints
from quantdata.sim.cache import BuildOnce
from quantdata.sim.noise import generator, key, uniform
from quantdata.sim.paths import STEP_NS, Paths
from quantdata.sim.timeline import NS_PER_S, session_share, timeline
from quantdata.sim.views import Quotes, Trades

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.sim.universe import Asset

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Equity", "Nbbo"]

_CACHED_SESSIONS: Final = 6
_BUSIEST: Final = 72e6  # shares a day of the busiest name, against which thinner ones are scaled
_EXTENDED_VOLUME: Final = 0.02
_OPENING_AUCTION, _CLOSING_AUCTION = 0.012, 0.07
_HALF_DAY: Final = 0.5  # of a whole day's volume
_VOLUME_DEVIATION, _HALF_DAY_DEVIATION = 0.28, 0.1  # of the logarithm of a day's volume
_MOST_PRINTS: Final = 24
_PRINT_GAP_NS: Final = 700_000
_SIP_DELAY_NS: Final = 50_000_000
# A stock trades at most once in so long, in several prints: years of history are made of these.
_SLOT_NS: Final = 5 * NS_PER_S
_PRINT_WITHIN_NS: Final = 250_000_000
# Ids of the reference endpoint: NYSE Arca, Nasdaq, Cboe BZX, NYSE, Cboe EDGX, IEX, FINRA TRF.
_EXCHANGES: Final = np.array([11, 12, 19, 10, 21, 15, 4, 4, 4], dtype=np.int64)
_REGULAR_SALE, _EXTENDED_SALE, _ODD_LOT, _SWEEP = 0, 12, 37, 14
_ROUND_LOT: Final = 100
_SWEEP_SHARE: Final = 0.18
_QUOTE_STEP_NS: Final = NS_PER_S


@dataclass(frozen=True, slots=True)
class Nbbo:
    """Best bid and offer at each instant; sizes in shares."""

    bid: Floats
    ask: Floats
    bid_size: Ints
    ask_size: Ints


class Equity:
    """One stock or fund.

    Parameters
    ----------
    seed
        As of `Paths`.
    asset
        Its facts.
    paths
        Where its level comes from.
    """

    def __init__(self, seed: int, asset: Asset, paths: Paths) -> None:
        self.asset = asset
        self.actions: Actions = actions_of(asset)
        self._seed, self._paths, self._line = seed, paths, timeline()
        self._key = key(seed, asset.symbol)
        self._prints: BuildOnce[Prints] = BuildOnce(_CACHED_SESSIONS)

    def mid(self, ns: Ints) -> Floats:
        """Return the price between bid and ask at each instant, unrounded, in raw USD."""
        ns = np.asarray(ns, dtype=np.int64)
        session = np.searchsorted(self._line.early_open, ns, side="right") - 1
        return self._raw(self._paths.level(self.asset.factor, ns), session)

    def daily_mid(self) -> Floats:
        """Return the mid at every session's close, raw USD."""
        return self._raw(self._paths.close(self.asset.factor), np.arange(len(self._line)))

    def _raw(self, level: Floats, session: Ints) -> Floats:
        factor, accrued = self.actions.share_factor[session], self.actions.accrued[session]
        return np.asarray(level * self.asset.per_level * factor + accrued, dtype=np.float64)

    def _half_spread(self, mid: Floats) -> Floats:
        """Return half the spread in cents: half a cent at least, more where fewer shares trade."""
        basis_points = 0.06 * (_BUSIEST / self.asset.shares_per_day) ** 0.45
        return np.asarray(np.maximum(np.round(mid * basis_points * 0.01), 1.0) * 0.5, dtype=np.float64)

    def nbbo(self, ns: Ints) -> Nbbo:
        """Return the best bid and offer at each instant."""
        mid = self.mid(ns)
        half = self._half_spread(mid)
        bid = np.floor(mid * 100.0 - half + 0.5)
        second = np.asarray(ns, dtype=np.int64) // NS_PER_S
        lots = [1 + np.floor(-3.0 * np.log(uniform(self._key, second, side))).astype(np.int64) for side in (1, 2)]
        return Nbbo(bid / 100.0, (bid + 2.0 * half) / 100.0, lots[0] * _ROUND_LOT, lots[1] * _ROUND_LOT)

    def prints(self, session: int) -> Prints:
        """Return everything that trades in a session, 04:00 to 20:00 New York time."""
        return self._prints.get(session, lambda: self._trade(session))

    def _trade(self, session: int) -> Prints:
        line = self._line
        slots, mid = self._slots(session)
        rng = generator(self._seed, self.asset.symbol, "trades", line.day(session))
        is_regular = (slots >= line.open[session]) & (slots < line.close[session])
        side, chance, jitter, busy = rng.random((4, len(slots)))
        half = self._half_spread(mid)
        cents = np.round(mid * 100.0 + np.where(side < 0.5, -half, half))  # noqa: PLR2004 - either side
        scale = self.asset.shares_per_day / _BUSIEST
        often = np.where(is_regular, -np.expm1(-12.0 * scale), min(0.4, 0.3 * scale**0.5))
        # The first and the last print of regular trading are the auctions: they always happen.
        opening, closing = np.flatnonzero(is_regular)[[0, -1]]
        chance[[opening, closing]] = 0.0
        happens = chance < often
        shares = self._volumes(session, slots, is_regular, np.where(happens, -np.log1p(-busy), 0.0))
        count = np.clip(shares // 400, 1, _MOST_PRINTS)
        # Several prints bring their own odd lot; a single one is a round lot or smaller than that.
        is_one_lot = (count == 1) & (shares > _ROUND_LOT)
        shares = np.where(is_one_lot, shares // _ROUND_LOT * _ROUND_LOT, shares)
        # In regular hours a print follows its second at once, so it agrees with the quotes of that second.
        reach = np.where(is_regular, _PRINT_WITHIN_NS, STEP_NS - _SIP_DELAY_NS)
        ts = slots + _SIP_DELAY_NS + (jitter * (reach - _SIP_DELAY_NS)).astype(np.int64)
        return Prints(ts[happens], cents[happens] / 100.0, shares[happens], count[happens])

    def _slots(self, session: int) -> tuple[Ints, Floats]:
        """Return the instants of a session at which somebody may trade, and the mid there."""
        line, factor = self._line, self.asset.factor
        today = self._paths.stretch(factor, session)
        begun, opened = np.searchsorted(today.ts, [line.early_open[session], line.open[session]]).tolist()
        seconds = np.arange(line.open[session], line.close[session], _SLOT_NS, dtype=np.int64)
        steps = np.arange(len(seconds)) * (_SLOT_NS / STEP_NS)
        inside = np.interp(steps, np.arange(len(today.ts) - opened), today.log_level[opened:])
        slots, levels = [today.ts[begun:opened], seconds], [today.log_level[begun:opened], inside]
        if session + 1 < len(line):
            after = self._paths.stretch(factor, session + 1)
            evening = int(np.searchsorted(after.ts, line.late_close[session]))
            slots.append(after.ts[:evening])
            levels.append(after.log_level[:evening])
        ts = np.concatenate(slots)
        return ts, self._raw(np.exp(np.concatenate(levels)), np.full(len(ts), session))

    def _volumes(self, session: int, slots: Ints, is_regular: NDArray[np.bool_], busy: Floats) -> Ints:
        """Return the shares of each slot: a day's volume, shaped as days are, shared out by how busy each slot is."""
        rng = generator(self._seed, self.asset.symbol, "volume", self._line.day(session))
        is_half_day = self._line.is_half_day(session)
        deviation = _HALF_DAY_DEVIATION if is_half_day else _VOLUME_DEVIATION
        whole = (
            self.asset.shares_per_day / self.actions.share_factor[session] * np.exp(deviation * rng.standard_normal())
        )
        whole *= _HALF_DAY if is_half_day else 1.0
        shape = _volume_shape(int(is_regular.sum()), int(np.argmax(is_regular)), len(slots))
        regular, extended = np.where(is_regular, shape * busy, 0.0), np.where(is_regular, 0.0, busy)
        weight = regular / regular.sum() * (1.0 - _EXTENDED_VOLUME - _OPENING_AUCTION - _CLOSING_AUCTION)
        weight += extended / max(float(extended.sum()), 1e-12) * _EXTENDED_VOLUME
        weight[np.flatnonzero(is_regular)[[0, -1]]] += (_OPENING_AUCTION, _CLOSING_AUCTION)
        return np.asarray(np.maximum(np.round(whole * weight), 1.0), dtype=np.int64)

    def trades(self, start: int, end: int) -> Trades:
        """Return the tape from ``start`` up to and without ``end``; it adds up to the prints exactly."""
        parts = [self._tape(session, start, end) for session in self._touched(start, end)]
        return Trades(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _touched(self, start: int, end: int) -> range:
        line = self._line
        first = int(np.searchsorted(line.late_close, start, side="left"))
        last = int(np.searchsorted(line.early_open, end, side="left"))
        # At least one session, so that the columns exist; outside its hours it has no rows.
        first = min(max(first, 1), len(line) - 1)
        return range(first, max(last, first + 1))

    def _tape(self, session: int, start: int, end: int) -> tuple[Ints, Floats, Ints, Ints, Ints, Ints]:
        prints = self.prints(session)
        before = np.concatenate([[0], np.cumsum(prints.trades)])
        first, last = np.searchsorted(prints.ts, [start, end + STEP_NS])
        row = np.repeat(np.arange(first, last), prints.trades[first:last])
        number = before[first] + np.arange(len(row), dtype=np.int64)
        rank, count = number - before[row], prints.trades[row]
        # The last trade of a print carries its time, so a print is either complete or absent at any instant.
        ts = prints.ts[row] - (count - 1 - rank) * _PRINT_GAP_NS
        size = _lots(prints.volume[row], rank, count, event=prints.ts[row])
        day = np.int64(self._line.midnight[session])
        venue, kind = uniform(self._key, day, number, 3), uniform(self._key, day, number, 4)
        exchange = _EXCHANGES[(venue * len(_EXCHANGES)).astype(np.int64)]
        condition = np.where(kind < _SWEEP_SHARE, _SWEEP, _REGULAR_SALE)
        condition = np.where(size < _ROUND_LOT, _ODD_LOT, condition)
        is_regular = (ts >= self._line.open[session]) & (ts < self._line.close[session])
        condition = np.where(is_regular, condition, _EXTENDED_SALE)
        sequence = 1000 + number * 5 + (kind * 4.0).astype(np.int64)
        kept = (ts >= start) & (ts < end)
        columns = (ts, prints.price[row], size, exchange, condition.astype(np.int64), sequence)
        return tuple(column[kept] for column in columns)

    def quotes(self, start: int, end: int) -> Quotes:
        """Return the best bid and offer once a second from ``start`` up to and without ``end``, 04:00 to 20:00."""
        line = self._line
        seconds = [
            np.arange(
                max(line.early_open[session], -(-start // _QUOTE_STEP_NS) * _QUOTE_STEP_NS),
                min(line.late_close[session], end),
                _QUOTE_STEP_NS,
                dtype=np.int64,
            )
            for session in self._touched(start, end)
        ]
        ts = np.concatenate(seconds)
        quote = self.nbbo(ts)
        number = (
            ts // _QUOTE_STEP_NS - line.early_open[np.searchsorted(line.early_open, ts, side="right") - 1] // NS_PER_S
        )
        venue = [_EXCHANGES[(uniform(self._key, ts, side) * 6).astype(np.int64)] for side in (5, 6)]
        return Quotes(ts, quote.bid, quote.ask, quote.bid_size, quote.ask_size, venue[0], venue[1], 1000 + number * 9)


def _lots(volume: Ints, rank: Ints, count: Ints, *, event: Ints) -> Ints:
    """Return the part of a print's volume that its ``rank``-th of ``count`` trades has; the parts add up exactly.

    About half of several trades are odd lots: pairs that make up a round lot, and what the volume has over. The others
    are round lots, most of them small. The volume holds four round lots a trade or more, unless there is one trade.
    """
    rest = np.where(count > 1, volume % _ROUND_LOT, 0)
    pairs = np.where(count > 1, (count - 1) // 4, 0)
    # Which trade is what changes from print to print.
    place = (rank + (uniform(event, 72) * count).astype(np.int64)) % count
    odd = 1 + (uniform(event, place // 2, 73) * (_ROUND_LOT - 1)).astype(np.int64)
    odd = np.where(place % 2 == 0, odd, _ROUND_LOT - odd)
    round_trades = count - 2 * pairs - (rest > 0)
    number = place - (count - round_trades)
    spare = (volume - rest) // _ROUND_LOT - pairs - round_trades
    skew = 3.0 + 3.0 * uniform(event, 74)
    low, high = (
        np.floor(spare * np.clip(edge / round_trades, 0.0, 1.0) ** skew).astype(np.int64)
        for edge in (number, number + 1)
    )
    size = np.where(place < 2 * pairs, odd, np.where(number < 0, rest, _ROUND_LOT * (1 + high - low)))
    return np.asarray(np.where(count > 1, size, volume), dtype=np.int64)


@lru_cache(maxsize=16)
def _volume_shape(regular: int, first: int, count: int) -> Floats:
    """Return the share of a session's volume in each of its slots, of which some are regular trading's."""
    elapsed = np.clip((np.arange(count + 1) - first) / regular, 0.0, 1.0)
    return np.asarray(np.diff(session_share(elapsed)), dtype=np.float64)
