"""What happened in the market between two moments, as columns: quotes, trades, windows of trade, levels.

Everything is worked out for all contracts at once, from the functions that answer snapshots: whoever asks for a
contract right after an event sees the same bid, ask and time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quantdata.errors import SymbolError
from quantdata.sessions import session_day
from quantdata.sim.cache import BuildOnce
from quantdata.sim.timeline import moment_of, ns_of
from quantdata.symbols import parse_option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from numpy.typing import NDArray

    from quantdata.sim.source import MarketSource
    from quantdata.sim.tape import OptionTape
    from quantdata.sim.views import ChainView, Floats, Ints, Quotes, Strings, Trades

__all__ = ["ALL", "Happenings", "QuoteTicks", "TradeTicks", "Windows"]

ALL: Final = "*"

_LISTINGS_KEPT: Final = 32
_SELECTIONS_KEPT: Final = 256
_TAPES_KEPT: Final = 32
_PRINTS_WITHIN_NS: Final = 1_000_000  # those of one order
_DAY_NS: Final = 86_400_000_000_000
_SEQUENCE_NS: Final = 50_000  # no two prints of a contract are as close


class QuoteTicks(NamedTuple):
    """Quotes of several contracts, and the symbol of each."""

    symbol: Strings
    quotes: Quotes


class TradeTicks(NamedTuple):
    """Trades of several contracts on one underlying.

    Attributes
    ----------
    symbol, row
        Of each trade, the row in the day's listing.
    day_volume
        Contracts traded in the session so far, those of the same order included.
    """

    underlying: str
    symbol: Strings
    row: Ints
    trades: Trades
    day_volume: Ints


@dataclass(frozen=True, slots=True)
class Windows:
    """One window of trade per contract that traded in it; times are for the caller to know."""

    symbol: Strings
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Ints
    vwap: Floats
    trades: Ints
    official_open: Floats
    day_volume: Ints
    day_vwap: Floats


@dataclass(frozen=True)
class _Board:
    """A session's option trades, ready to be looked up by time."""

    underlying: str
    listed: Strings
    tape: OptionTape

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.tape.ts, kind="stable")

    @cached_property
    def _times(self) -> Ints:
        return self.tape.ts[self._order]

    @cached_property
    def _volume_before(self) -> Ints:
        return np.concatenate([[0], np.cumsum(self.tape.volume)])

    @cached_property
    def _turnover_before(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(self.tape.price * self.tape.volume)])

    def within(self, start: int, end: int, rows: Ints | None) -> NDArray[np.intp]:
        """Return the events from ``start`` up to and without ``end``, by contract and time."""
        first, last = np.searchsorted(self._times, [start, end])
        found = np.sort(self._order[first:last])
        return found if rows is None else found[np.isin(self.tape.row[found], rows)]

    def prints(self, start: int, end: int, rows: Ints | None) -> TradeTicks:
        """Return single trades after ``start``, up to and with ``end``, oldest first."""
        tape = self.tape
        # An order's time is that of its last print; the ones before it may lie on this side of the end.
        events = self.within(start, end + _PRINTS_WITHIN_NS, rows)
        part = replace(tape, **{name: getattr(tape, name)[events] for name in _EVENT_COLUMNS})
        trades, owner = part.prints_within(start + 1, end + 1)
        row = part.row[owner]
        before = self._volume_before[events[owner]] - self._volume_before[tape.first[row]]
        # The numbers of a part of the tape would begin anew with every part.
        numbered = replace(trades, sequence=1 + trades.ts % _DAY_NS // _SEQUENCE_NS)
        return TradeTicks(self.underlying, self.listed[row], row, numbered, before + part.volume[owner])

    def windows(self, start: int, end: int, rows: Ints | None) -> Windows:
        """Return the trade of each contract from ``start`` up to and without ``end``."""
        events = self.within(start, end, rows)
        if len(events) == 0:
            return _NO_WINDOWS
        tape, row = self.tape, self.tape.row[events]
        first = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
        last = np.append(first[1:], len(row)) - 1
        price, volume, own, until = tape.price[events], tape.volume[events], row[first], events[last] + 1
        opened = tape.first[own]
        traded = np.add.reduceat(volume, first)
        so_far = self._volume_before[until] - self._volume_before[opened]
        return Windows(
            symbol=self.listed[own],
            open=price[first],
            high=np.maximum.reduceat(price, first),
            low=np.minimum.reduceat(price, first),
            close=price[last],
            volume=traded,
            vwap=np.add.reduceat(price * volume, first) / traded,
            trades=np.add.reduceat(tape.prints[events], first),
            official_open=tape.price[opened],
            day_volume=so_far,
            day_vwap=(self._turnover_before[until] - self._turnover_before[opened]) / so_far,
        )


_EVENT_COLUMNS: Final = ("row", "session", "ts", "price", "volume", "prints", "exchange", "condition")
_NO_WINDOWS: Final = Windows(np.empty(0, dtype=np.str_), *(np.empty(0) for _ in range(10)))  # type: ignore[arg-type]


class Happenings:
    """A market looked at from moment to moment; safe to use from several threads.

    Parameters
    ----------
    market
        Where everything comes from. Symbols are bare; ``"*"`` among those asked for means all.
    """

    def __init__(self, market: MarketSource) -> None:
        self.market = market
        self._underlyings = frozenset(market.underlyings)
        self._places: BuildOnce[dict[str, int]] = BuildOnce(_LISTINGS_KEPT)
        self._selections: BuildOnce[dict[str, Ints | None]] = BuildOnce(_SELECTIONS_KEPT)
        self._boards: BuildOnce[_Board] = BuildOnce(_TAPES_KEPT)

    def option_quotes(self, symbols: frozenset[str], since: datetime, until: datetime) -> Iterator[QuoteTicks]:
        """Yield the quotes that came out after a moment, up to and with another, per underlying."""
        day = session_day(until)
        for underlying, rows in self._selected(symbols, day).items():
            if rows is not None:
                found, quotes = self.market.option_quotes(underlying, rows, ns_of(since), ns_of(until))
                yield QuoteTicks(self.market.listing(underlying, day).symbol[found], quotes)

    def standing_quotes(self, symbols: frozenset[str], at: datetime) -> Iterator[tuple[ChainView, Ints]]:
        """Yield the chains that contracts are of, at a moment, and their rows in them."""
        for underlying, rows in self._selected(symbols, session_day(at)).items():
            if rows is not None:
                yield self.market.chain(underlying, at), rows

    def option_trades(self, symbols: frozenset[str], since: datetime, until: datetime) -> Iterator[TradeTicks]:
        """Yield the trades after a moment, up to and with another, per underlying."""
        for underlying, rows in self._selected(symbols, session_day(until)).items():
            yield self._board(underlying, until).prints(ns_of(since), ns_of(until), rows)

    def option_windows(self, symbols: frozenset[str], start_ns: int, end_ns: int) -> Iterator[Windows]:
        """Yield the trade of a window of time, its end excluded, per underlying."""
        until = moment_of(end_ns)
        for underlying, rows in self._selected(symbols, session_day(until)).items():
            yield self._board(underlying, until).windows(start_ns, end_ns, rows)

    def _selected(self, symbols: frozenset[str], day: date) -> dict[str, Ints | None]:
        """Return by underlying which rows of a day's listing are asked for; None for all."""
        return self._selections.get((symbols, day), lambda: self._select(symbols, day))

    def _select(self, symbols: frozenset[str], day: date) -> dict[str, Ints | None]:
        if ALL in symbols:
            return dict.fromkeys(self.market.underlyings)
        found: dict[str, list[int]] = {}
        for symbol in sorted(symbols):
            underlying = _underlying_of(symbol)
            place = self._places_of(underlying, day).get(symbol) if underlying in self._underlyings else None
            if place is not None:
                found.setdefault(underlying, []).append(place)
        return {underlying: np.array(places, dtype=np.int64) for underlying, places in found.items()}

    def _places_of(self, underlying: str, day: date) -> dict[str, int]:
        def build() -> dict[str, int]:
            return {symbol: place for place, symbol in enumerate(self.market.listing(underlying, day).symbol.tolist())}

        return self._places.get((underlying, day), build)

    def _board(self, underlying: str, at: datetime) -> _Board:
        tape, day = self.market.option_tape(underlying, at), session_day(at)
        # A tape is made anew when it was forgotten; its trades are the same, so the index over it still fits.
        key = (underlying, day, int(tape.session[0]) if len(tape.session) else 0)
        return self._boards.get(key, lambda: _Board(underlying, self.market.listing(underlying, day).symbol, tape))


def _underlying_of(symbol: str) -> str:
    try:
        return parse_option(symbol).underlying
    except SymbolError:
        return ""
