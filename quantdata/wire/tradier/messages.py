"""Tradier's frames: one object a line, numbers as texts, and what is unknown is skipped."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from quantdata.config import Secret
from quantdata.symbols import is_index
from quantdata.wire.dialect import Channel, ChannelKind, Status
from quantdata.wire.events import Day, Quote, Trade, Value
from quantdata.wire.reply import MESSAGE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantdata.wire.book import Book

__all__ = ["KINDS", "read", "session_id"]

# What can be had of a symbol.
KINDS: Final[tuple[ChannelKind, ...]] = ("quote", "trade", "value")

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# As seen: {"error": "1234 is not a valid symbol"}, fixture errors/ws_invalid_symbol.
_INVALID_SYMBOL: Final = re.compile(r"([^\s\"']+) is not a valid symbol", re.IGNORECASE)

_Number = str | int | float | None


class _Line(msgspec.Struct, rename={"kind": "type", "previous_close": "prevClose", "condition": "flag"}):
    """All that any kind of event may hold; which fields come is reference/tradier.md §7.4."""

    kind: str = ""
    symbol: str = ""
    exch: str | None = None
    bid: _Number = None
    ask: _Number = None
    bidsz: _Number = None
    asksz: _Number = None
    bidexch: str | None = None
    askexch: str | None = None
    biddate: _Number = None
    askdate: _Number = None
    price: _Number = None
    last: _Number = None
    size: _Number = None
    date: _Number = None
    seq: _Number = None
    condition: str | None = None
    cancel: bool | None = None
    correction: bool | None = None
    session: str | None = None
    open: _Number = None
    high: _Number = None
    low: _Number = None
    close: _Number = None
    previous_close: _Number = None
    error: Any = None
    # A simulator's first frame alone.
    simulated: Any = None


_decode = msgspec.json.Decoder(_Line).decode


def read(frame: bytes, book: Book) -> Sequence[Status]:
    """Add the events in a frame to a book; return what else is said in it.

    Kinds of events that are not ours are skipped. A line that is not what it should be costs itself alone; of a frame
    without a line that can be read, a status says so.
    """
    statuses: list[Status] = []
    lines = [line for line in frame.split(b"\n") if line and not line.isspace()]
    unreadable = 0
    for text in lines:
        try:
            line = _decode(text)
        except _UNREADABLE:
            unreadable += 1
            continue
        if (status := _take(line, book)) is not None:
            statuses.append(status)
    book.counts.unreadable += unreadable
    return [Status(kind="garbled")] if lines and unreadable == len(lines) else statuses


class _Session(msgspec.Struct, rename={"id": "sessionid"}):
    id: str


def session_id(items: bytes) -> Secret:
    """Return the id in the answer to a request for a session; ValueError where there is none.

    The address beside it is not used, for it is now of one stream, now of another: reference/tradier.md §7.1.
    """
    (session,) = msgspec.json.decode(items, type=list[_Session])
    return Secret(session.id)


def _take(line: _Line, book: Book) -> Status | None:
    taker = _TAKERS.get(line.kind)
    if taker is not None and line.symbol:
        taker(line, book)
        return None
    if line.error is not None:
        return _refusal(str(line.error))
    if line.simulated is not None:
        return Status(kind="connected", simulated_at=_moment(str(line.simulated)))
    book.counts.unknown += 1
    book.counts.events += 1
    return None


def _quote(line: _Line, book: Book) -> None:
    book.add_quote(
        Quote(
            line.symbol,
            bid=_number(line.bid),
            ask=_number(line.ask),
            bid_size=_number(line.bidsz),
            ask_size=_number(line.asksz),
            bid_exchange=line.bidexch or None,
            ask_exchange=line.askexch or None,
            # Each side has a time of its own; the quote is as new as its newer side.
            t=max(_whole(line.biddate), _whole(line.askdate)),
        )
    )


def _last(line: _Line, book: Book) -> None:
    """Take in a last price: beside the tape, and of an index its level."""
    price, t = _number(line.price if line.price is not None else line.last), _whole(line.date)
    if is_index(line.symbol):
        book.add_value(Value(line.symbol, value=price, t=t))
    else:
        book.add_last(Trade(line.symbol, price=price, size=_number(line.size), exchange=line.exch or None, t=t))


def _sale(line: _Line, book: Book) -> None:
    book.add_trade(
        Trade(
            line.symbol,
            price=_number(line.last),
            size=_number(line.size),
            exchange=line.exch or None,
            conditions=tuple(line.condition) if line.condition else None,
            t=_whole(line.date),
            sequence=_whole(line.seq),
            is_cancel=bool(line.cancel),
            is_correction=bool(line.correction),
            session=line.session,
            bid=_number(line.bid),
            ask=_number(line.ask),
        )
    )


def _day(line: _Line, book: Book) -> None:
    prices = (line.open, line.high, line.low, line.close, line.previous_close)
    book.add_day(Day(line.symbol, *map(_number, prices)))


_TAKERS: Final[dict[str, Callable[[_Line, Book], None]]] = {
    "quote": _quote,
    "trade": _last,
    "tradex": _last,
    "timesale": _sale,
    "summary": _day,
}


def _number(text: _Number) -> float | None:
    """Return a number that came as a number or as text; None for ``"NaN"``, an empty text and whatever is none."""
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(text: _Number) -> int:
    """Return a moment or a sequence, exactly; 0 where there is none."""
    try:
        return int(text or 0)
    except ValueError:
        return int(_number(text) or 0)


def _refusal(said: str) -> Status:
    text = " ".join(said.split())[:MESSAGE_LENGTH]
    if "session" in text.lower():
        # Not quoted: it may repeat the session's id.
        return Status(kind="expired", text="the vendor does not know the session, or no longer")
    symbols = _INVALID_SYMBOL.findall(text)
    return Status(kind="refused", text=text, channels=tuple(Channel(kind, each) for each in symbols for kind in KINDS))


def _moment(text: str) -> datetime | None:
    """Return the time that a simulator tells; None where it tells none that can be read."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None
