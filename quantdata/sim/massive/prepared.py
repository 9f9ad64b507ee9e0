"""Massive's events in frames made in advance: the subscribed symbols in turn, at any rate.

Quotes and levels begin at what the market shows, and go up and down a few ticks from pass to pass. Trades and bars come
once in every eight passes, for they are rarer. A wildcard stands for the symbols that have quotes or levels here, or
for those of the nearest listing.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from quantdata.sessions import session_day
from quantdata.sim.massive.happened import bare
from quantdata.sim.plans import AssetClass
from quantdata.sim.streams.happenings import ALL
from quantdata.sim.streams.ring import END, MOMENT, START, Prepared, Quoted, numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from quantdata.sim.streams.happenings import Happenings

    Wanted = Mapping[str, frozenset[str]]

__all__ = ["prepared_frames"]

_PASSES = 8
_PRICED_BY_TICK = ("Q", "V")
_FIRST_OF_LISTING = 500
_DIME_FROM = 3.0


class _Base(NamedTuple):
    """What a symbol's events start from; exchange ids are those of the quote."""

    symbol: str
    bid: float
    ask: float
    bid_size: int
    ask_size: int
    bid_exchange: int
    ask_exchange: int

    def moved(self, turn: int, place: int) -> _Base:
        """Return this a few ticks higher, or not, with other sizes: different from pass to pass."""
        step = 0.05 if self.bid >= _DIME_FROM else 0.01
        up = step * ((turn * 5 + place * 3) % 4)
        bid = round(self.bid + up, 2) if self.bid else 0.0
        size = self.bid_size + (turn * 7 + place) % 9 if self.bid else 0
        return self._replace(bid=bid, ask=round(self.ask + up, 2), bid_size=size, ask_size=self.ask_size + turn)


def prepared_frames(
    happenings: Happenings,
    wanted: Wanted,
    *,
    asset: AssetClass,
    now: datetime,
    events_per_frame: int,
    wrap: Callable[[bytes], bytes],
) -> list[Prepared]:
    """Return the frames of all that is wanted, in the order in which they are sent."""
    bases = {base.symbol: base for base in _bases(happenings, wanted, asset, now)}
    frames: list[Prepared] = []
    for turn in range(_PASSES):
        for kind, symbols in wanted.items():
            if kind not in _WRITE or (turn and kind not in _PRICED_BY_TICK and _has_ticks(wanted)):
                continue
            chosen = bases.values() if ALL in symbols else (bases[each] for each in sorted(symbols & bases.keys()))
            for part in _batched(chosen, events_per_frame):
                moved = [base.moved(turn, place) for place, base in enumerate(part)]
                frames.append(_frame(kind, moved, is_stock=asset is AssetClass.STOCKS, wrap=wrap))
    return frames


def _has_ticks(wanted: Wanted) -> bool:
    return any(kind in wanted for kind in _PRICED_BY_TICK)


def _batched(bases: Iterable[_Base], size: int) -> Iterator[list[_Base]]:
    left = iter(bases)
    while part := list(islice(left, size)):
        yield part


def _frame(kind: str, bases: Sequence[_Base], *, is_stock: bool, wrap: Callable[[bytes], bytes]) -> Prepared:
    write = _WRITE_STOCK.get(kind, _WRITE[kind]) if is_stock else _WRITE[kind]
    text = "[" + ",".join(write(base, place) for place, base in enumerate(bases)) + "]"
    quotes = [(place, Quoted(each.symbol, *each[1:5])) for place, each in enumerate(bases)] if kind == "Q" else []
    return Prepared(text.encode(), events=len(bases), quotes=quotes, wrap=wrap)


# --- what the events start from -------------------------------------------------------------------------------------


def _bases(happenings: Happenings, wanted: Wanted, asset: AssetClass, now: datetime) -> Iterator[_Base]:
    symbols = frozenset().union(*wanted.values())
    if asset is AssetClass.OPTIONS:
        return _option_bases(happenings, bare(symbols, "O:") - {ALL}, now)
    market, known = happenings.market, bare(symbols, "I:" if asset is AssetClass.INDICES else "")
    if asset is AssetClass.INDICES:
        levels = [market.index(each, now) for each in market.indices if ALL in known or each in known]
        return (_Base(f"I:{each.ticker}", each.value, each.value, 0, 0, 0, 0) for each in levels)
    views = [market.equity(each, now) for each in market.equities if ALL in known or each in known]
    return (_Base(v.symbol, v.bid, v.ask, v.bid_size, v.ask_size, v.last_exchange, v.last_exchange) for v in views)


def _option_bases(happenings: Happenings, symbols: frozenset[str], now: datetime) -> Iterator[_Base]:
    if not symbols:
        listing = happenings.market.listing(happenings.market.underlyings[0], session_day(now))
        symbols = frozenset(listing.symbol[:_FIRST_OF_LISTING].tolist())
    for chain, rows in happenings.standing_quotes(symbols, now):
        names = np.char.add("O:", chain.listing.symbol[rows]).tolist()
        columns = (chain.bid, chain.ask, chain.bid_size, chain.ask_size, chain.bid_exchange, chain.ask_exchange)
        yield from map(_Base._make, zip(names, *(column[rows].tolist() for column in columns), strict=True))


# --- how they are written -------------------------------------------------------------------------------------------

_text = msgspec.json.encode


def _number(value: float) -> str:
    """Return a price as the vendor prints it: a whole one without ``.0``."""
    return _text(int(value) if value == int(value) else value).decode()


def _quote(base: _Base, place: int) -> str:
    return (
        f'{{"ev":"Q","sym":"{base.symbol}","bx":{base.bid_exchange},"bp":{_number(base.bid)},"bs":{base.bid_size},'
        f'"ax":{base.ask_exchange},"ap":{_number(base.ask)},"as":{base.ask_size},"t":{MOMENT},"q":{numbered(place)}}}'
    )


def _stock_quote(base: _Base, place: int) -> str:
    return _quote(base, place).replace(',"t":', ',"c":1,"i":[],"t":')[:-1] + ',"z":3}'


def _trade(base: _Base, place: int) -> str:
    return (
        f'{{"ev":"T","sym":"{base.symbol}","x":{base.ask_exchange},"p":{_number(base.ask)},"s":{1 + place % 20},'
        f'"c":[209],"t":{MOMENT},"q":{numbered(place)}}}'
    )


def _stock_trade(base: _Base, place: int) -> str:
    size = 100 + place
    return (
        f'{{"ev":"T","sym":"{base.symbol}","x":{base.ask_exchange},"i":"{numbered(place)}","z":3,'
        f'"p":{_number(base.ask)},"s":{size},"t":{MOMENT},"q":{numbered(place)},"ds":"{size}.0"}}'
    )


def _value(base: _Base, _: int) -> str:
    return f'{{"ev":"V","val":{_number(base.ask)},"T":"{base.symbol}","t":{MOMENT}}}'


def _bar(kind: str) -> Callable[[_Base, int], str]:
    def write(base: _Base, place: int) -> str:
        low, high = _number(base.bid or base.ask), _number(base.ask)
        traded = f'"v":{10 + place},"av":{1000 + place},' if not base.symbol.startswith("I:") else ""
        average = f'"vw":{high},"a":{high},"z":1,' if traded else ""
        return (
            f'{{"ev":"{kind}","sym":"{base.symbol}",{traded}"op":{low},{average}"o":{low},"c":{high},"h":{high},'
            f'"l":{low},"s":{START},"e":{END}}}'
        )

    return write


_WRITE: dict[str, Callable[[_Base, int], str]] = {
    "Q": _quote,
    "T": _trade,
    "V": _value,
    "A": _bar("A"),
    "AM": _bar("AM"),
}
_WRITE_STOCK: dict[str, Callable[[_Base, int], str]] = {"Q": _stock_quote, "T": _stock_trade}
