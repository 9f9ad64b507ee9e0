"""Events of Massive's streams as the vendor writes them, and how faults change them.

References
----------
Fields of ``T``, ``Q``, ``A``, ``AM`` and ``V``: reference/massive.md §9. Sizes of option quotes are contracts, of stock
quotes shares; times are epoch milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["EventGrammar", "IndexBar", "OptionQuote", "OptionTrade", "StockQuote", "StockTrade", "Value", "WindowBar"]

_encode = msgspec.json.Encoder().encode
_NS_PER_MS = 1_000_000
# How much older than an event one is that came before it and arrives after it.
_EARLIER_MS = 2_500


class OptionQuote(msgspec.Struct, tag_field="ev", tag="Q", gc=False):
    """The best bid and offer of a contract."""

    sym: str
    bx: int
    bp: float
    bs: int
    ax: int
    ap: float
    a_size: int = msgspec.field(name="as")
    t: int
    q: int


class OptionTrade(msgspec.Struct, tag_field="ev", tag="T"):
    """A trade of a contract."""

    sym: str
    x: int
    p: float
    s: int
    c: list[int]
    t: int
    q: int


class StockQuote(msgspec.Struct, tag_field="ev", tag="Q"):
    """The best bid and offer of a stock or fund."""

    sym: str
    bx: int
    bp: float
    bs: int
    ax: int
    ap: float
    a_size: int = msgspec.field(name="as")
    c: int
    i: list[int]
    t: int
    q: int
    z: int


class StockTrade(msgspec.Struct, tag_field="ev", tag="T"):
    """A trade of a stock or fund; a regular sale has no conditions, and then the key is missing."""

    sym: str
    x: int
    i: str
    z: int
    p: float
    s: int
    c: list[int] | UnsetType
    t: int
    q: int
    ds: str


class WindowBar(msgspec.Struct, kw_only=True):
    """A second (``ev`` is ``A``) or a minute (``AM``) of a contract, stock or fund.

    ``vw`` is the average price of the window and ``a`` of the day so far, ``z`` the average size of a trade, ``op`` the
    official opening price.
    """

    ev: str
    sym: str
    v: int
    av: int
    op: float
    vw: float
    o: float
    c: float
    h: float
    l: float  # noqa: E741 - the vendor's letter
    a: float
    z: int
    s: int
    e: int
    dv: str | UnsetType = UNSET
    dav: str | UnsetType = UNSET


class Value(msgspec.Struct, tag_field="ev", tag="V"):
    """The level of an index; the only event whose symbol is under ``T``."""

    val: float
    T: str
    t: int


class IndexBar(msgspec.Struct, kw_only=True):
    """A second or a minute of an index."""

    ev: str
    sym: str
    op: float
    o: float
    c: float
    h: float
    l: float  # noqa: E741 - the vendor's letter
    s: int
    e: int


class EventGrammar:
    """How Massive writes frames: arrays of objects; for faults."""

    def split(self, payload: bytes) -> list[dict[str, Any]]:
        """Return the events of a frame."""
        events: list[dict[str, Any]] = msgspec.json.decode(payload)
        return events

    def join(self, events: Iterable[dict[str, Any]]) -> bytes:
        """Return the frame of some events."""
        return _encode(list(events))

    def cut_short(self, payload: bytes) -> bytes:
        """Return the first two thirds of a frame: an array that does not end."""
        return payload[: len(payload) * 2 // 3]

    def stranger(self) -> dict[str, Any]:
        """Return an event of a kind that nobody has heard of."""
        return {"ev": "ZZ", "sym": "O:SPY", "t": "soon", "q": [1, {"of": None}]}

    def older(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Return the event before a quote, trade or value, a tick or two away from it; None for bars."""
        if "t" not in event:
            return None
        before = {**event, "t": event["t"] - _EARLIER_MS}
        for name in ("bp", "ap", "p", "val"):
            if name in before:
                before[name] = round(before[name] + 0.35, 2)
        if "q" in before:
            before["q"] = max(before["q"] - 500, 1)
        return before

    def in_nanoseconds(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return an event with its time in nanoseconds; bars stay as they are."""
        return {**event, "t": event["t"] * _NS_PER_MS} if "t" in event else event

    def revised(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Return a minute bar with one late trade more; None for all other events."""
        if event["ev"] != "AM":
            return None
        late = round(event["h"] + 0.01, 2)
        return event | {"h": late, "c": late} | {name: event[name] + 3 for name in ("v", "av") if name in event}
