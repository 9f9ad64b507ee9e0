"""What the streams tell: one struct per kind of event, the same for both vendors.

Symbols are in the vendor's own spelling and sizes in the vendor's own unit; both end in `frames`. The names and tags
that msgspec is told are Massive's, so that its frames are decoded straight into these; Tradier's are turned into them.
"""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["Day", "Event", "Minute", "Quote", "Trade", "Value", "to_ms"]

# Nothing on a stream was made before 1973 or will be after 5138: what lies outside is in another unit.
LEAST_MS: Final = 10**11
MOST_MS: Final = 10**14
MOST_NS: Final = 10**20
_THOUSAND: Final = 1_000


def to_ms(t: int) -> int:
    """Return a moment as milliseconds since 1970, whatever its unit: seconds, milliseconds, micro- or nanoseconds.

    The unit is told by the size of the number, for both vendors' documents and servers disagree about it:
    reference/massive.md §9. What cannot be a moment in any unit is 0, no moment.
    """
    if not 0 < t < MOST_NS:
        return 0
    if t < LEAST_MS:
        return t * _THOUSAND
    while t >= MOST_MS:
        t //= _THOUSAND
    return t


# Structs hold no cycles, so the garbage collector need not know them: a million events cost it nothing.
class Quote(
    msgspec.Struct,
    gc=False,
    tag_field="ev",
    tag="Q",
    rename={
        "symbol": "sym",
        "bid_exchange": "bx",
        "bid": "bp",
        "bid_size": "bs",
        "ask_exchange": "ax",
        "ask": "ap",
        "ask_size": "as",
        "sequence": "q",
    },
):
    """Best bid and offer: USD per share, sizes in the vendor's unit, venues by number (Massive) or letter (Tradier).

    ``t`` is milliseconds since 1970, 0 where the vendor sent none. ``sequence`` orders quotes of one symbol within a
    millisecond; it has gaps by design, and is 0 where the vendor counts none.
    """

    # In the order of the keys in Massive's frames, which is the quickest to decode.
    symbol: str
    bid_exchange: int | str | None = None
    bid: float | None = None
    bid_size: float | None = None
    ask_exchange: int | str | None = None
    ask: float | None = None
    ask_size: float | None = None
    t: int = 0
    sequence: int = 0


class Trade(
    msgspec.Struct,
    gc=False,
    tag_field="ev",
    tag="T",
    rename={
        "symbol": "sym",
        "price": "p",
        "size": "s",
        "exchange": "x",
        "conditions": "c",
        "sequence": "q",
        # Massive has no such keys; were one to appear, it would mean something else.
        "is_cancel": "tradier.cancel",
        "is_correction": "tradier.correction",
        "session": "tradier.session",
        "bid": "tradier.bid",
        "ask": "tradier.ask",
    },
):
    """One print: price in USD per share, size in contracts or shares, sale conditions by number or letter.

    ``is_cancel``, ``is_correction``, ``session`` (``"pre"``, ``"normal"``, ``"post"``) and the quote at the print,
    ``bid`` and ``ask``, are Tradier's alone. ``t`` and ``sequence`` are as in `Quote`.
    """

    symbol: str
    price: float | None = None
    size: float | None = None
    exchange: int | str | None = None
    conditions: tuple[int | str, ...] | None = None
    t: int = 0
    sequence: int = 0
    is_cancel: bool = False
    is_correction: bool = False
    session: str | None = None
    bid: float | None = None
    ask: float | None = None


class Minute(
    msgspec.Struct,
    gc=False,
    tag_field="ev",
    tag="AM",
    rename={
        "symbol": "sym",
        "open": "o",
        "high": "h",
        "low": "l",
        "close": "c",
        "volume": "v",
        "vwap": "vw",
        "day_volume": "av",
        "day_vwap": "a",
        "official_open": "op",
        "start": "s",
        "end": "e",
    },
):
    """One bar of a minute, from ``start`` to ``end`` (milliseconds since 1970); late trades revise it.

    ``day_volume``, ``day_vwap`` and ``official_open`` are of the day so far; an index has no volumes.
    """

    symbol: str
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None
    vwap: float | None = None
    day_volume: float | None = None
    day_vwap: float | None = None
    official_open: float | None = None
    start: int = 0
    end: int = 0


class Value(msgspec.Struct, gc=False, tag_field="ev", tag="V", rename={"symbol": "T", "value": "val"}):
    """The level of an index, in points, at ``t`` (milliseconds since 1970; 0 where the vendor sent none)."""

    symbol: str
    value: float | None = None
    t: int = 0


class Day(msgspec.Struct, gc=False):
    """The day so far, in USD per share, as Tradier sums it up; ``close`` only after the close."""

    symbol: str
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    prev_close: float | None = None


Event = Quote | Trade | Minute | Value | Day
