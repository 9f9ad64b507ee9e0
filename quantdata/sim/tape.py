"""The option tape: every trade of some contracts over one session each, at the quotes of its moment.

A row of the tape is an event: one order, in one or several prints on different exchanges within a millisecond. Events
are sorted by contract and time; running totals make the day block of every contract at any moment one lookup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sim.bars import MINUTE_NS, Prints, share_out
from quantdata.sim.noise import normal, uniform
from quantdata.sim.quoting import EXCHANGES, tick_at
from quantdata.sim.timeline import session_share, timeline
from quantdata.sim.views import Trades

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from quantdata.sim.listings import Contracts
    from quantdata.sim.quoting import OptionQuotes

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

    Quoted = Callable[[Contracts, Ints, Ints], OptionQuotes]  # contracts, instants, their rows

__all__ = ["DayBlock", "OptionTape", "close_of", "draw_tape"]

# OPRA condition ids of the reference endpoint.
_AUTO, _SWEEP, _AUCTION, _MULTI_LEG = 209, 219, 227, 232
_SWEEP_SHARE: Final = 0.14
_AUCTION_SHARE: Final = 0.1
_MULTI_LEG_SHARE: Final = 0.2
_LOG_SIZE_DEVIATION: Final = 0.8
_BLOCK_SHARE: Final = 0.004
_BLOCK_SCALE: Final = 8.0
_LARGEST: Final = 20_000
_PER_PRINT: Final = 25  # contracts, until there are as many prints as fit into a millisecond
_MOST_PRINTS: Final = 11
_PRINT_GAP_NS: Final = 90_000
_MARGIN_NS: Final = 1_000_000
_AT_MID: Final = 0.2  # share of trades inside the quote
_CBOE: Final = 302
# Elapsed share of a session's time at evenly spaced shares of its activity, for inversion.
_TIME_GRID: Final = np.linspace(0.0, 1.0, 2001)
_SHARE_GRID: Final = session_share(_TIME_GRID)


@dataclass(frozen=True, slots=True)
class DayBlock:
    """What a vendor shows of the newest session with trades, per contract; all zero without one."""

    session: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Ints
    vwap: Floats
    last_size: Ints
    last_exchange: Ints
    last_condition: Ints
    last_ts: Ints


@dataclass(frozen=True, slots=True)
class OptionTape:
    """Events sorted by contract row and time."""

    row: Ints
    session: Ints  # of the row
    ts: Ints  # of the event's last print
    price: Floats
    volume: Ints
    prints: Ints
    exchange: Ints  # of the last print
    condition: Ints
    first: Ints  # per contract row: where its events start; one entry more than rows

    def until(self, ns: int) -> DayBlock:
        """Return the day block of every contract row from its events up to an instant, that instant included."""
        seen = np.concatenate([[0], np.cumsum(self.ts <= ns)])
        count = seen[self.first[1:]] - seen[self.first[:-1]]
        has = count > 0
        start = np.where(has, self.first[:-1], 0)
        last = np.where(has, self.first[:-1] + count - 1, 0)
        if len(self.ts) == 0:
            return _empty_block(len(count))
        cents = np.round(self.price * 100.0).astype(np.int64)
        span = int(cents.max()) + 1
        # One running maximum over all rows: every row starts above anything before it.
        high = np.maximum.accumulate(cents + self.row * span) - self.row * span
        low = np.minimum.accumulate(cents - self.row * span) + self.row * span
        volume = np.concatenate([[0], np.cumsum(self.volume)])
        turnover = np.concatenate([[0], np.cumsum(cents * self.volume)])
        traded = volume[last + 1] - volume[start]
        average = (turnover[last + 1] - turnover[start]) / np.maximum(traded, 1) / 100.0
        tail = share_out(self.volume, self.prints - 1, self.prints, event=self.ts)

        def kept(values: NDArray[np.generic]) -> NDArray[np.generic]:
            return np.where(has, values, np.zeros((), dtype=values.dtype))

        return DayBlock(
            *(
                kept(values)  # type: ignore[arg-type]  # the dtype of each column survives
                for values in (
                    self.session[last],
                    self.price[start],
                    high[last] / 100.0,
                    low[last] / 100.0,
                    self.price[last],
                    traded,
                    np.clip(average, low[last] / 100.0, high[last] / 100.0),
                    tail[last],
                    self.exchange[last],
                    self.condition[last],
                    self.ts[last],
                )
            )
        )

    def as_prints(self) -> Prints:
        """Return the events as prints for bars; for the tape of one contract, which is in time order."""
        return Prints(self.ts, self.price, self.volume, self.prints)

    def trades(self, start: int, end: int) -> Trades:
        """Return single prints from ``start`` up to and without ``end``, oldest first."""
        return self.prints_within(start, end)[0]

    def prints_within(self, start: int, end: int) -> tuple[Trades, Ints]:
        """Return what `trades` does, and which event each print belongs to."""
        event = np.repeat(np.arange(len(self.ts)), self.prints)
        rank = np.arange(len(event)) - np.concatenate([[0], np.cumsum(self.prints)])[event]
        count = self.prints[event]
        ts = self.ts[event] - (count - 1 - rank) * _PRINT_GAP_NS
        order = np.lexsort((rank, event, ts))
        event, rank, count, ts = event[order], rank[order], count[order], ts[order]
        # The last print is the one that the day block shows; the others go round the exchanges.
        at = np.searchsorted(EXCHANGES, self.exchange[event])
        elsewhere = EXCHANGES[(at + (count - 1 - rank)) % len(EXCHANGES)]
        step = 1 + (uniform(ts, rank, 39) * 60.0).astype(np.int64)
        sequence = 100_000 + np.cumsum(step)
        kept = (ts >= start) & (ts < end)
        found = Trades(
            ts[kept],
            self.price[event][kept],
            share_out(self.volume[event], rank, count, event=self.ts[event])[kept],
            np.where(self.exchange[event] == _CBOE, _CBOE, elsewhere)[kept],
            self.condition[event][kept],
            sequence[kept],
        )
        return found, event[kept]


def _empty_block(rows: int) -> DayBlock:
    zeros, none = np.zeros(rows), np.zeros(rows, dtype=np.int64)
    return DayBlock(none, zeros, zeros, zeros, zeros, none, zeros, none, none, none, none)


def close_of(contracts: Contracts, session: Ints) -> Ints:
    """Return when each contract stops trading in a session: its usual hour, earlier on half-days and last days."""
    line = timeline()
    shortened = line.close[session] - line.open[session] - 13 * 1800 * 1_000_000_000
    return np.asarray(np.minimum(line.open[session] + contracts.after_open + shortened, contracts.last_close))


def draw_tape(
    contracts: Contracts,
    session: Ints,
    events: Ints,
    quoted: Quoted,
    *,
    sizes: Floats,
    is_last_only: bool = False,
) -> OptionTape:
    """Return every event of some contracts in one session each.

    Parameters
    ----------
    session
        Session number per contract row.
    events
        Number of events per contract row.
    quoted
        Gives the standing quote of contracts at an instant each; the third argument is their row in ``contracts``.
    sizes
        Usual (median) size of an event per contract row, contracts.
    is_last_only
        Keep each contract's last event alone, before pricing: enough for its close.
    """
    line = timeline()
    row = np.repeat(np.arange(len(contracts)), events)
    first = np.concatenate([[0], np.cumsum(events)])
    number = np.arange(len(row)) - first[row]
    key, day = contracts.key[row], session[row]
    opened, closed = line.open[day], close_of(contracts, session)[row]
    elapsed = np.interp(uniform(key, day, number, 31), _SHARE_GRID, _TIME_GRID)
    # Never in the first moments of the session or of a minute: an event's prints stay inside both.
    ts = opened + _MARGIN_NS + (elapsed * (closed - opened - 2 * _MARGIN_NS)).astype(np.int64)
    ts += np.where(ts % MINUTE_NS < _MARGIN_NS, _MARGIN_NS, 0)
    order = np.lexsort((ts, row))
    if is_last_only:
        order = order[first[1:][events > 0] - 1]
        first = np.concatenate([[0], np.cumsum(events > 0)])
    row, number, ts, key, day = row[order], number[order], ts[order], key[order], day[order]
    standing = contracts.take(row)
    quotes = quoted(standing, ts, row)
    price = _prices(standing, quotes, uniform(key, day, number, 32))
    volume = _volumes(sizes[row], key, day, number)
    kind = uniform(key, day, number, 33)
    is_sweep = (kind < _SWEEP_SHARE) & (volume > 3)  # noqa: PLR2004 - too few to split
    fewest = np.where(is_sweep, np.minimum(2 + (kind / _SWEEP_SHARE * 5.0).astype(np.int64), volume), 1)
    prints = np.maximum(fewest, np.minimum(volume // _PER_PRINT, _MOST_PRINTS))
    condition = np.select(
        [is_sweep, kind > 1.0 - _MULTI_LEG_SHARE, kind > 1.0 - _MULTI_LEG_SHARE - _AUCTION_SHARE],
        [_SWEEP, _MULTI_LEG, _AUCTION],
        default=_AUTO,
    )
    return OptionTape(row, day, ts, price, volume, prints, quotes.ask_exchange, condition.astype(np.int64), first)


def _prices(contracts: Contracts, quotes: OptionQuotes, side: Floats) -> Floats:
    middle = 0.5 * (quotes.bid + quotes.ask)
    tick = tick_at(contracts, middle)
    middle = np.clip(np.round(np.round(middle / tick) * tick, 2), quotes.bid, quotes.ask)
    buys = 0.5 * (1.0 + _AT_MID)
    price = np.where(side < _AT_MID, middle, np.where(side < buys, quotes.ask, quotes.bid))
    # Nobody bids: whoever trades pays the offer.
    return np.where((quotes.bid <= 0.0) | (price <= 0.0), quotes.ask, price)


def _volumes(median: Floats, key: NDArray[np.uint64], day: Ints, number: Ints) -> Ints:
    drawn = median * np.exp(_LOG_SIZE_DEVIATION * normal(key, day, number, 34))
    is_block = uniform(key, day, number, 35) < _BLOCK_SHARE
    volume = np.round(drawn * np.where(is_block, _BLOCK_SCALE, 1.0))
    return np.asarray(np.clip(volume, 1.0, _LARGEST), dtype=np.int64)
