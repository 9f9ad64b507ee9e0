"""The newest quotes of one stream as columns, without an object for each: what a compiled scanner fills.

The loops are plain Python until `quantdata.wire.massive.scanner` has compiled them. A table belongs to one book, and
holds what `Book` would hold, by the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping, ValuesView
from functools import reduce
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quantdata.wire.events import Quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Wholes = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["LONGEST_SYMBOL", "QuoteTable", "QuoteValues", "Quotes", "Row", "Rows", "keep", "unsigned"]

LONGEST_SYMBOL: Final = 32
SLOTS: Final = 2_048
# Events of one frame; of a longer one the scanner keeps out.
EVENTS_A_FRAME: Final = 1_024

# Columns of whole numbers. What was seen is one bit each of the six that may be missing. A row that was only just read
# has where in the frame its symbol begins, in the place of whether it is fresh.
T, SEQUENCE, BID_EXCHANGE, ASK_EXCHANGE, SEEN, HASH, LENGTH, IS_FRESH = range(8)
BEGIN: Final = IS_FRESH
# Columns of prices and sizes, which are in the order of their bits; those of the venues follow.
BID, BID_SIZE, ASK, ASK_SIZE = range(4)
BID_EXCHANGE_BIT: Final = 1 << 4
ASK_EXCHANGE_BIT: Final = 1 << 5
# Counts: slots and fresh ones among them, and what came since somebody asked.
USED, FRESH, LATE, REPEATED = range(4)

# Of a signed place compiled code asks each time whether it counts from the end, which costs a fifth: none here does.
unsigned: Final = np.uint64

_MOST: Final = 2**63
_BITS: Final = 2**62 - 1
_GOLDEN: Final = 0x9E3779B1
_NAMES: Final = ("bid", "bid_size", "ask", "ask_size")


class Row(NamedTuple):
    """The numbers of one event: a row of each kind of column."""

    wholes: Wholes
    floats: Floats


class Rows(NamedTuple):
    """The arrays of a table, for the loops.

    Attributes
    ----------
    places
        Slot by hash, -1 where there is none; open addressing, a power of two.
    symbols
        Bytes of each slot's symbol.
    wholes, floats
        Numbers of each slot.
    fresh
        Slots that changed since the last look, in order of their first change.
    counts
        `USED`, `FRESH`, `LATE`, `REPEATED`.
    """

    places: Wholes
    symbols: Bytes
    wholes: Wholes
    floats: Floats
    fresh: Wholes
    counts: Wholes


class Quotes(Mapping[str, Quote]):
    """Quotes by symbol, held as columns; an object is made when one is asked for.

    Attributes
    ----------
    symbols
        In the vendor's spelling.
    wholes, floats
        A row each: `T` and so on, `BID` and so on.
    """

    def __init__(self, symbols: Sequence[str], wholes: Wholes, floats: Floats) -> None:
        self.symbols = symbols
        self.wholes = wholes
        self.floats = floats
        self._places: dict[str, int] | None = None

    def __getitem__(self, symbol: str) -> Quote:
        if self._places is None:
            self._places = {each: place for place, each in enumerate(self.symbols)}
        return _quote(symbol, self.wholes[self._places[symbol]], self.floats[self._places[symbol]])

    def __iter__(self) -> Iterator[str]:
        return iter(self.symbols)

    def __len__(self) -> int:
        return len(self.symbols)

    def values(self) -> QuoteValues:
        """Return the quotes, of which columns can be had too."""
        return QuoteValues(self)


class QuoteValues(ValuesView[Quote]):
    """The quotes of `Quotes`.

    Attributes
    ----------
    quotes
        Whose they are.
    """

    def __init__(self, quotes: Quotes) -> None:
        super().__init__(quotes)
        self.quotes = quotes

    def floats(self, column: int) -> Floats:
        """Return `BID` and so on; NaN where there was none."""
        wholes, floats = self.quotes.wholes, self.quotes.floats
        return np.where(wholes[:, SEEN] & (1 << column), floats[:, column], np.nan)

    def venues(self, column: int) -> list[int | None]:
        """Return `BID_EXCHANGE` or `ASK_EXCHANGE`."""
        bit = _bit(column)
        seen = (self.quotes.wholes[:, SEEN] & bit).astype(bool).tolist()
        return [each if is_seen else None for each, is_seen in zip(self.wholes(column).tolist(), seen, strict=True)]

    def wholes(self, column: int) -> Wholes:
        """Return `T` or `SEQUENCE`."""
        return self.quotes.wholes[:, column]


class QuoteTable:
    """The newest quote of each symbol until somebody takes it.

    Parameters
    ----------
    keep
        The loop `keep`, compiled or not.
    """

    def __init__(self, keep: Callable[..., None]) -> None:
        self._keep = keep
        self._names: list[str] = []
        self.scratch = Row(np.zeros((EVENTS_A_FRAME, 8), np.int64), np.zeros((EVENTS_A_FRAME, 4)))
        self.rows = _rows(SLOTS)

    def add(self, quote: Quote, *, is_fresh: bool = True) -> bool:
        """Take in one quote, which is newer or not; tell whether it could be.

        Parameters
        ----------
        is_fresh
            False of one that was handed out already.
        """
        symbol = quote.symbol.encode()
        if not _is_plain(quote, symbol):
            return False
        self.make_room(1)
        _write(quote, self.scratch.wholes[0], self.scratch.floats[0])
        self.scratch.wholes[0, LENGTH], self.scratch.wholes[0, HASH] = len(symbol), _hash_of(symbol)
        fresh = self.rows.counts[FRESH]
        self._keep(np.frombuffer(symbol, np.uint8), 0, *self.scratch, *self.rows)
        if not is_fresh:
            self.rows.wholes[self.rows.fresh[fresh : self.rows.counts[FRESH]], IS_FRESH] = 0
            self.rows.counts[FRESH] = fresh
        return True

    def make_room(self, count: int) -> None:
        """See to it that so many more symbols have room."""
        used, size = int(self.rows.counts[USED]), len(self.rows.symbols)
        if used + count <= size:
            return
        old, self.rows = self.rows, _rows(max(2 * size, used + count))
        for name in ("symbols", "wholes", "floats", "fresh", "counts"):
            given = getattr(old, name)
            getattr(self.rows, name)[: len(given)] = given
        mask = len(self.rows.places) - 1
        for slot in range(used):
            place = int(old.wholes[slot, HASH]) & mask
            while self.rows.places[place] >= 0:
                place = (place + 1) & mask
            self.rows.places[place] = slot

    def counted(self) -> dict[str, int]:
        """Return how many were ``late``, and how many ``repeated``, since this was last asked."""
        late, repeated = self.rows.counts[LATE : REPEATED + 1].tolist()
        self.rows.counts[LATE : REPEATED + 1] = 0
        return {"late": late, "repeated": repeated}

    def take(self) -> Quotes:
        """Hand out what changed since the last look, and begin anew; what is newest is remembered."""
        found = self._quotes(self.rows.fresh[: self.rows.counts[FRESH]])
        self.rows.wholes[: self.rows.counts[USED], IS_FRESH] = 0
        self.rows.counts[FRESH] = 0
        return found

    def all(self) -> Quotes:
        """Return the newest quote of each symbol."""
        return self._quotes(np.arange(self.rows.counts[USED]))

    def _quotes(self, slots: Wholes) -> Quotes:
        for slot in range(len(self._names), int(self.rows.counts[USED])):
            self._names.append(bytes(self.rows.symbols[slot, : self.rows.wholes[slot, LENGTH]]).decode())
        names = self._names
        return Quotes([names[slot] for slot in slots.tolist()], self.rows.wholes[slots], self.rows.floats[slots])


def keep(
    frame: Bytes,
    row: int,
    new: Wholes,
    prices: Floats,
    index: Wholes,
    symbols: Bytes,
    wholes: Wholes,
    floats: Floats,
    fresh: Wholes,
    counts: Wholes,
) -> None:
    """Hold one event if it is newer than what is held; count it if not.

    Parameters
    ----------
    frame, row, new, prices
        The event and its row among those that were read, with its `BEGIN`.
    index, symbols, wholes, floats, fresh, counts
        See `Rows`.
    """
    begin, length, mask = new[row, BEGIN], new[row, LENGTH], index.size - 1
    code = new[row, HASH]
    place = code & mask
    slot = index[place]
    while slot >= 0 and not is_same(frame, begin, length, code, slot, symbols, wholes):
        place = (place + 1) & mask
        slot = index[place]
    if slot < 0:
        slot = counts[USED]
        counts[USED] += 1
        index[place] = slot
        for at in range(length):
            symbols[slot, unsigned(at)] = frame[unsigned(begin + at)]
    else:
        verdict = verdict_of(row, new, prices, slot, wholes, floats)
        if verdict:
            counts[verdict] += 1
            return
    if not wholes[slot, IS_FRESH]:
        fresh[counts[FRESH]] = slot
        counts[FRESH] += 1
    write(row, new, prices, slot, wholes, floats)
    wholes[slot, IS_FRESH] = 1


def write(row: int, new: Wholes, prices: Floats, slot: int, wholes: Wholes, floats: Floats) -> None:
    """Copy an event into its slot; number by number, for which no view of an array is made."""
    for column in range(IS_FRESH):
        wholes[slot, column] = new[row, column]
    for column in range(4):
        floats[slot, column] = prices[row, column]


def mixed(code: int, byte: int) -> int:
    """Return what is to become a hash, with one byte more: symbols that differ in some digits stay different."""
    return (code * 10 + byte) & _BITS


def mixed_two(code: int, byte: int, following: int) -> int:
    """Return what `mixed` makes of two bytes, one after the other."""
    return (code * 100 + byte * 10 + following) & _BITS


def hashed(code: int) -> int:
    """Return the hash of all bytes, whose last bits depend on all."""
    code = ((code ^ (code >> 31)) & 0x7FFFFFFF) * _GOLDEN
    return code ^ (code >> 32)


def is_same(frame: Bytes, begin: int, length: int, code: int, slot: int, symbols: Bytes, wholes: Wholes) -> bool:
    """Tell whether a slot is that of a symbol."""
    if wholes[slot, HASH] != code or wholes[slot, LENGTH] != length:
        return False
    other = 0
    for at in range(length):
        other |= int(frame[unsigned(begin + at)]) ^ int(symbols[slot, unsigned(at)])
    return other == 0


def verdict_of(row: int, new: Wholes, prices: Floats, slot: int, wholes: Wholes, floats: Floats) -> int:
    """Return `LATE` or `REPEATED`; 0 of one that is newer."""
    if new[row, T] != wholes[slot, T]:
        return 0 if new[row, T] > wholes[slot, T] else LATE
    if new[row, SEQUENCE] != wholes[slot, SEQUENCE]:
        return 0 if new[row, SEQUENCE] > wholes[slot, SEQUENCE] else LATE
    is_other = False
    for column in range(BID_EXCHANGE, HASH):
        is_other |= new[row, column] != wholes[slot, column]
    for column in range(4):
        is_other |= prices[row, column] != floats[slot, column]
    return 0 if is_other and new[row, SEQUENCE] == 0 else REPEATED


def _hash_of(symbol: bytes) -> int:
    return hashed(reduce(mixed, symbol, 0))


def _rows(slots: int) -> Rows:
    size = 1 << (4 * slots - 1).bit_length()
    return Rows(
        places=np.full(size, -1, np.int64),
        symbols=np.zeros((slots, LONGEST_SYMBOL), np.uint8),
        wholes=np.zeros((slots, 8), np.int64),
        floats=np.zeros((slots, 4)),
        fresh=np.zeros(slots, np.int64),
        counts=np.zeros(4, np.int64),
    )


def _is_plain(quote: Quote, symbol: bytes) -> bool:
    """Tell whether the columns can hold a quote."""
    if not 0 < len(symbol) <= LONGEST_SYMBOL:
        return False
    wholes: list[Any] = [quote.t, quote.sequence, quote.bid_exchange or 0, quote.ask_exchange or 0]
    return all(isinstance(each, int) and -_MOST <= each < _MOST for each in wholes)


def _write(quote: Quote, wholes: Wholes, floats: Floats) -> None:
    wholes[:], floats[:] = 0, 0.0
    wholes[T], wholes[SEQUENCE] = quote.t, quote.sequence
    for column, name in enumerate(_NAMES):
        if (value := getattr(quote, name)) is not None:
            floats[column] = value
            wholes[SEEN] |= 1 << column
    for column, venue in ((BID_EXCHANGE, quote.bid_exchange), (ASK_EXCHANGE, quote.ask_exchange)):
        if isinstance(venue, int):
            wholes[column] = venue
            wholes[SEEN] |= _bit(column)


def _quote(symbol: str, wholes: Wholes, floats: Floats) -> Quote:
    seen = int(wholes[SEEN])
    sides = {name: float(floats[at]) if seen & (1 << at) else None for at, name in enumerate(_NAMES)}
    venues = [int(wholes[at]) if seen & _bit(at) else None for at in (BID_EXCHANGE, ASK_EXCHANGE)]
    return Quote(
        symbol,
        bid_exchange=venues[0],
        ask_exchange=venues[1],
        t=int(wholes[T]),
        sequence=int(wholes[SEQUENCE]),
        **sides,
    )


def _bit(column: int) -> int:
    return BID_EXCHANGE_BIT if column == BID_EXCHANGE else ASK_EXCHANGE_BIT
