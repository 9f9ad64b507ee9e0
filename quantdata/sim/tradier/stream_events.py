"""Events of Tradier's stream as the vendor writes them, and how faults change them.

References
----------
Types and fields, numbers as text where the vendor has them so: reference/tradier.md §7.4 and a recorded stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Event = dict[str, Any]

__all__ = ["StreamGrammar", "encoded", "quote", "snapshot", "summary", "timesale", "trade"]

encoded = msgspec.json.Encoder().encode
_EARLIER_MS = 2_500
_DATES = ("biddate", "askdate", "date")


def quote(row: Mapping[str, Any]) -> Event:
    """Return the quote event of a row of ``markets/quotes``; sizes of stocks are round lots."""
    return {
        "type": "quote",
        "symbol": row["symbol"],
        "bid": row["bid"],
        "bidsz": row["bidsize"],
        "bidexch": row["bidexch"],
        "biddate": str(row["bid_date"]),
        "ask": row["ask"],
        "asksz": row["asksize"],
        "askexch": row["askexch"],
        "askdate": str(row["ask_date"]),
    }


def trade(
    symbol: str, *, exch: str, price: float, size: int, volume: int, moment_ms: int, kind: str = "trade"
) -> Event:
    """Return a trade as the last price: ``trade``, or ``tradex``, which extended hours have too."""
    return {
        "type": kind,
        "symbol": symbol,
        "exch": exch,
        "price": str(price),
        "size": str(size),
        "cvol": str(volume),
        "date": str(moment_ms),
        "last": str(price),
    }


def summary(row: Mapping[str, Any]) -> Event:
    """Return the day of a row of ``markets/quotes``; what there is not yet is missing."""
    known = {"open": "open", "high": "high", "low": "low", "prevClose": "prevclose", "close": "close"}
    day = {name: str(row[key]) for name, key in known.items() if row[key] is not None}
    return {"type": "summary", "symbol": row["symbol"], **day}


def timesale(
    symbol: str, *, exch: str, bid: float, ask: float, price: float, size: int, moment_ms: int, seq: int, session: str
) -> Event:
    """Return one print of the tape, with the quote at it."""
    return {
        "type": "timesale",
        "symbol": symbol,
        "exch": exch,
        "bid": str(bid),
        "ask": str(ask),
        "last": str(price),
        "size": str(size),
        "date": str(moment_ms),
        "seq": seq,
        "flag": "",
        "cancel": False,
        "correction": False,
        "session": session,
    }


def snapshot(rows: Iterable[Mapping[str, Any]], kinds: frozenset[str]) -> list[list[Event]]:
    """Return what a subscription begins with: per symbol a summary, a trade and a quote, grouped by type.

    Whatever has never traded has no trade, and an index no quote.
    """
    rows = list(rows)
    groups = {
        "summary": [summary(row) for row in rows],
        "trade": [_last_trade(row) for row in rows if row["last"] is not None],
        "quote": [quote(row) for row in rows if row["type"] != "index"],
    }
    return [group for kind, group in groups.items() if kind in kinds and group]


def _last_trade(row: Mapping[str, Any]) -> Event:
    return trade(
        row["symbol"],
        exch=row["exch"],
        price=row["last"],
        size=row["last_volume"],
        volume=row["volume"],
        moment_ms=row["trade_date"],
    )


class StreamGrammar:
    """How Tradier writes frames: objects, one per line; for faults."""

    def split(self, payload: bytes) -> list[Event]:
        """Return the events of a frame."""
        return [msgspec.json.decode(line) for line in payload.splitlines()]

    def join(self, events: Iterable[Event]) -> bytes:
        """Return the frame of some events."""
        return b"\n".join(map(encoded, events)) + b"\n"

    def cut_short(self, payload: bytes) -> bytes:
        """Return the first two thirds of a frame's first line; whole lines could be read."""
        line = payload.split(b"\n", 1)[0]
        return line[: len(line) * 2 // 3]

    def stranger(self) -> Event:
        """Return an event of a kind that nobody has heard of."""
        return {"type": "rumour", "symbol": "SPY", "date": "soon", "of": [1, {"what": None}]}

    def older(self, event: Event) -> Event | None:
        """Return the event before a quote or trade, some cents away from it; None for all others."""
        if event["type"] not in {"quote", "trade", "tradex"}:
            return None
        before = event | {name: str(int(event[name]) - _EARLIER_MS) for name in _DATES if name in event}
        if event["type"] == "quote":
            return before | {side: round(event[side] + 0.35, 2) for side in ("bid", "ask")}
        return before | {name: str(round(float(event[name]) + 0.35, 2)) for name in ("price", "last")}

    def in_nanoseconds(self, event: Event) -> Event:
        """Return the event itself: this vendor has one unit."""
        return event

    def revised(self, event: Event) -> Event | None:
        """Return None: this vendor streams no bars."""
        del event
        return None
