"""Frames of nothing but quotes, read by a compiled loop straight into columns, where ``QUANTDATA_FAST`` asks for it.

The loop takes a whole frame or leaves it to msgspec, and it takes only what is plain beyond doubt: the documented keys
of quotes in any order, numbers of at most 15 digits without sign and exponent, whose quotient of two exact floats is
the number nearest to the decimal, texts of ASCII without escapes, moments in milliseconds. So both ways end alike.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quantdata.pricing.fast import Background
from quantdata.wire import quote_table
from quantdata.wire.events import LEAST_MS, MOST_MS
from quantdata.wire.quote_table import (
    BEGIN,
    BID_EXCHANGE,
    BID_EXCHANGE_BIT,
    HASH,
    LATE,
    LENGTH,
    LONGEST_SYMBOL,
    REPEATED,
    SEEN,
    USED,
    T,
    hashed,
    keep,
    mixed,
    mixed_two,
    unsigned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from quantdata.wire.book import Book
    from quantdata.wire.quote_table import QuoteTable

    Bytes = NDArray[np.uint8]
    Wholes = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["SCANNER", "Scanner", "compiled", "scan"]

NOT_MINE: Final = -1
NO_ROOM: Final = -2
# A bit beside a count of events: there are some among them that were not kept, of which the table knows how many.
NOT_ALL_KEPT: Final = 1 << 32

_DIGITS_OF_FLOATS: Final = 15
_DIGITS: Final = 18
_POWERS: Final = 10.0 ** np.arange(_DIGITS + 1)
_LAST_ASCII: Final = 0x7F
_SPACE: Final = 0x20
_QUOTE, _COMMA, _DOT, _COLON, _BACKSLASH = (ord(each) for each in '",.:\\')
_OPEN_LIST, _CLOSE_LIST, _OPEN, _CLOSE = (ord(each) for each in "[]{}")
_ZERO, _Q = (ord(each) for each in "0Q")
_LAST_DIGIT: Final = 9
# Of a text that ends in the next quotation mark and holds no escape.
_IS_PLAIN: Final = np.array([_SPACE <= byte <= _LAST_ASCII and byte not in (_QUOTE, _BACKSLASH) for byte in range(256)])
_MOST: Final = 2**63 - 1
# Enough of a key to tell one of ours from a longer one, which has no byte of zero.
_END_OF_KEY: Final = 0xFFFFFFFF

# Prices and sizes by their columns, then whole numbers by theirs.
_FIELDS: Final = np.array(
    [int.from_bytes(key.encode()) for key in ("bp", "bs", "ap", "as", "t", "q", "bx", "ax", "ev", "sym")], np.int64
)
_WHOLES_FROM: Final = 4
_EV, _SYM, _OTHER = 8, 9, 10
# What keys leave when they are divided by this is different for each of them, and tells which field it may be.
_DIVISOR: Final = next(each for each in range(len(_FIELDS), 256) if len(set(_FIELDS % each)) == len(_FIELDS))
_FIELD_BY_REST: Final = np.zeros(_DIVISOR, np.int64)
_FIELD_BY_REST[_FIELDS % _DIVISOR] = np.arange(len(_FIELDS))


class Scanner(NamedTuple):
    """The two loops: `scan`, and `quantdata.wire.quote_table.keep`."""

    scan: Callable[..., int]
    keep: Callable[..., None]

    def read(self, frame: bytes, book: Book) -> bool:
        """Add the quotes in a frame to a book; tell whether that could be done, else nothing is."""
        table = book.columns(self.keep)
        if table is None:
            return False
        count = self.take_in(frame, table)
        if count is None:
            return False
        if count & NOT_ALL_KEPT:
            book.note(count ^ NOT_ALL_KEPT, **table.counted())
        else:
            book.counts.events += count
        return True

    def take_in(self, frame: bytes, table: QuoteTable) -> int | None:
        """Take in a frame; return how many events it had, as `scan` does, None if it must be read otherwise."""
        given = np.frombuffer(frame, np.uint8)
        count = self.scan(given, *table.scratch, *table.rows)
        if count == NO_ROOM:
            table.make_room(len(table.scratch.wholes))
            count = self.scan(given, *table.scratch, *table.rows)
        return count if count >= 0 else None


def scan(
    frame: Bytes,
    read_wholes: Wholes,
    read_floats: Floats,
    index: Wholes,
    symbols: Bytes,
    wholes: Wholes,
    floats: Floats,
    fresh: Wholes,
    counts: Wholes,
) -> int:
    """Read a whole frame, then hold what is newer in it.

    Return the count of its events, with `NOT_ALL_KEPT` if there were others, or why nothing was done.
    """
    count = read_events(frame, read_wholes, read_floats)
    if count < 0:
        return NOT_MINE
    if counts[USED] + count > symbols.shape[0]:
        return NO_ROOM
    for row in range(count):
        keep(frame, row, read_wholes, read_floats, index, symbols, wholes, floats, fresh, counts)
    return count | NOT_ALL_KEPT if counts[LATE] or counts[REPEATED] else count


def read_events(frame: Bytes, wholes: Wholes, floats: Floats) -> int:
    """Read the events of a frame into rows; return their count, `NOT_MINE` if there is anything else."""
    at, count = after_space(frame, 0), 0
    if at >= frame.size or byte_at(frame, at) != _OPEN_LIST:
        return NOT_MINE
    while count < wholes.shape[0]:
        at = read_event(frame, after_space(frame, at + 1), count, wholes, floats)
        if at < 0:
            return NOT_MINE
        count += 1
        at = after_space(frame, at)
        if at >= frame.size or byte_at(frame, at) != _COMMA:
            break
    is_end = at < frame.size and byte_at(frame, at) == _CLOSE_LIST and after_space(frame, at + 1) == frame.size
    return count if is_end else NOT_MINE


def read_event(frame: Bytes, at: int, row: int, wholes: Wholes, floats: Floats) -> int:
    """Read a quote that begins at a place; return where it is over, `NOT_MINE` if it is not one."""
    for column in range(wholes.shape[1]):
        wholes[row, column] = 0
    for column in range(floats.shape[1]):
        floats[row, column] = 0.0
    kinds = 0
    if at >= frame.size or byte_at(frame, at) != _OPEN:
        return NOT_MINE
    while True:
        begin = after_space(frame, at + 1)
        field = short_key_at(frame, begin)
        if field < _OTHER:
            at = begin + 4
        else:
            code, at = key_at(frame, begin)
            at = after_space(frame, at + 1)
            if code < 0 or at >= frame.size or byte_at(frame, at) != _COLON:
                return NOT_MINE
            field = field_of(code)
        kinds += field == _EV
        at = read_value(frame, after_space(frame, at + 1), field, row, wholes, floats)
        if at < 0:
            return NOT_MINE
        at = after_space(frame, at)
        if at >= frame.size or byte_at(frame, at) != _COMMA:
            break
    is_quote = kinds == 1 and wholes[row, LENGTH] > 0 and LEAST_MS <= wholes[row, T] < MOST_MS
    return at + 1 if is_quote and at < frame.size and byte_at(frame, at) == _CLOSE else NOT_MINE


def read_value(frame: Bytes, at: int, field: int, row: int, wholes: Wholes, floats: Floats) -> int:
    """Read the value of a field; return where it is over, `NOT_MINE` if it is not what it should be."""
    if at < frame.size and byte_at(frame, at) == _QUOTE:
        return read_text(frame, at, field, row, wholes)
    number, digits, decimals, end = number_at(frame, at)
    if end < 0 or _EV <= field <= _SYM:
        return NOT_MINE
    if field < _WHOLES_FROM:
        if digits > _DIGITS_OF_FLOATS:
            return NOT_MINE
        floats[row, field] = number / _POWERS[decimals]
        wholes[row, SEEN] |= 1 << field
    elif field < _EV:
        if decimals:
            return NOT_MINE
        column = field - _WHOLES_FROM
        wholes[row, column] = number
        if column >= BID_EXCHANGE:
            wholes[row, SEEN] |= BID_EXCHANGE_BIT << (column - BID_EXCHANGE)
    return end


def read_text(frame: Bytes, at: int, field: int, row: int, wholes: Wholes) -> int:
    """Read a text; return where it is over, `NOT_MINE` if it should be none, or is another than it should be."""
    if field == _SYM:
        return read_symbol(frame, at + 1, row, wholes)
    end = text_end(frame, at)
    if end < 0 or field < _EV or (field == _EV and not (end == at + 2 and byte_at(frame, at + 1) == _Q)):
        return NOT_MINE
    return end + 1


def read_symbol(frame: Bytes, begin: int, row: int, wholes: Wholes) -> int:
    """Read a symbol up to its quotation mark; return where it is over, `NOT_MINE` if it is not plain."""
    code, at = 0, begin
    # Two at a time: each waits for the one before.
    while at + 1 < frame.size:
        byte, following = byte_at(frame, at), byte_at(frame, at + 1)
        if not (_IS_PLAIN[byte] and _IS_PLAIN[following]):
            break
        code = mixed_two(code, byte, following)
        at += 2
    while at < frame.size and byte_at(frame, at) != _QUOTE:
        byte = byte_at(frame, at)
        if not _IS_PLAIN[byte]:
            return NOT_MINE
        code = mixed(code, byte)
        at += 1
    if at >= frame.size or not 0 < at - begin <= LONGEST_SYMBOL:
        return NOT_MINE
    wholes[row, HASH] = hashed(code)
    wholes[row, BEGIN] = begin
    wholes[row, LENGTH] = at - begin
    return at + 1


def byte_at(frame: Bytes, at: int) -> int:
    """Return the byte at a place."""
    return int(frame[unsigned(at)])


def after_space(frame: Bytes, at: int) -> int:
    """Return the next place that is no white space."""
    while at < frame.size and byte_at(frame, at) <= _SPACE and byte_at(frame, at) in (_SPACE, 0x0A, 0x0D, 0x09):
        at += 1
    return at


def text_end(frame: Bytes, at: int) -> int:
    """Return where the text ends that begins with the quotation mark at a place; `NOT_MINE` if it is not plain."""
    if at >= frame.size or byte_at(frame, at) != _QUOTE:
        return NOT_MINE
    at += 1
    while at < frame.size and byte_at(frame, at) != _QUOTE:
        if not _IS_PLAIN[byte_at(frame, at)]:
            return NOT_MINE
        at += 1
    return at if at < frame.size else NOT_MINE


def key_at(frame: Bytes, at: int) -> tuple[int, int]:
    """Return the last bytes of a key as a number, and where it ends; `NOT_MINE` of one that is not plain."""
    if at >= frame.size or byte_at(frame, at) != _QUOTE:
        return NOT_MINE, at
    code = 0
    at += 1
    while at < frame.size and byte_at(frame, at) != _QUOTE:
        byte = byte_at(frame, at)
        if not _IS_PLAIN[byte]:
            return NOT_MINE, at
        code = ((code << 8) | byte) & _END_OF_KEY
        at += 1
    return code, at


def short_key_at(frame: Bytes, at: int) -> int:
    """Return the field whose key of two letters is at a place, with the colon right behind it; else `_OTHER`."""
    if (
        at + 4 >= frame.size
        or byte_at(frame, at) != _QUOTE
        or byte_at(frame, at + 3) != _QUOTE
        or byte_at(frame, at + 4) != _COLON
    ):
        return _OTHER
    return field_of((byte_at(frame, at + 1) << 8) | byte_at(frame, at + 2))


def field_of(code: int) -> int:
    """Return which field a key names."""
    field = _FIELD_BY_REST[code % _DIVISOR]
    return int(field) if _FIELDS[field] == code else _OTHER


def number_at(frame: Bytes, at: int) -> tuple[int, int, int, int]:
    """Return the digits of a number as a whole one, how many they are, how many of them decimals, and where it ends.

    The end is `NOT_MINE` of what has a sign, an exponent, too many digits, or is no number at all.
    """
    begin = at
    number, at = digits_at(frame, at, 0)
    whole, decimals = at - begin, 0
    if at < frame.size and byte_at(frame, at) == _DOT:
        point = at
        number, at = digits_at(frame, at + 1, number)
        decimals = at - point - 1
        whole = whole if decimals else 0
    is_padded = whole > 1 and frame[begin] == _ZERO
    is_plain = 0 < whole <= _DIGITS - decimals and not is_padded
    return number, whole + decimals, decimals, at if is_plain else NOT_MINE


def digits_at(frame: Bytes, at: int, number: int) -> tuple[int, int]:
    """Append the digits at a place to a number; return it and where they end."""
    while at < frame.size:
        digit = byte_at(frame, at) - _ZERO
        if digit < 0 or digit > _LAST_DIGIT:
            break
        number = (number * 10 + digit) & _MOST
        at += 1
    return number, at


# Each after those that it calls.
_PARTS: Final = (
    *(mixed, mixed_two, hashed, quote_table.is_same, quote_table.verdict_of, quote_table.write, keep),
    *(
        byte_at,
        after_space,
        text_end,
        key_at,
        field_of,
        short_key_at,
        digits_at,
        number_at,
        read_symbol,
        read_text,
        read_value,
    ),
    *(read_event, read_events, scan),
)


def compiled() -> Scanner:
    """Import numba and compile: seconds the first time on a machine, less from numba's cache on disk."""
    numba: Any = import_module("numba")
    made: dict[str, Any] = {}
    types = numba.types
    given = types.Array(types.uint8, 1, "C", readonly=True)
    row, table = types.int64[::1], types.int64[:, ::1]
    arrays = (row, types.uint8[:, ::1], table, types.float64[:, ::1], row, row)
    signatures = {
        "keep": types.void(given, types.int64, table, types.float64[:, ::1], *arrays),
        "scan": types.int64(given, table, types.float64[:, ::1], *arrays),
    }
    # None of them makes an array, or keeps one: to count who holds which would take three times as long as the rest.
    jit = partial(numba.njit, cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
    for part in _PARTS:
        # The same code, in which the names of the others mean their compiled forms.
        again = FunctionType(part.__code__, {**part.__globals__, **made}, part.__name__)
        made[part.__name__] = jit(signatures.get(part.__name__))(again)
    return Scanner(made["scan"], made["keep"])


SCANNER: Final = Background(compiled)
