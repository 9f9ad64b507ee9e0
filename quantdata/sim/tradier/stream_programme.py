"""What one subscriber of Tradier's stream is sent: a snapshot first, then events in either pace."""

from __future__ import annotations

from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec

from quantdata.sim.streams.pump import Told
from quantdata.sim.streams.ring import MOMENT, Prepared, Quoted
from quantdata.sim.tradier.quotes import row_of
from quantdata.sim.tradier.request import Request
from quantdata.sim.tradier.stream_events import encoded, quote, snapshot, trade
from quantdata.sim.tradier.stream_happened import Wanted, events_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from quantdata.sim.stage import Stage
    from quantdata.sim.streams.happenings import Happenings
    from quantdata.sim.streams.ring import Sent
    from quantdata.sim.tradier.catalog import Catalog, Instrument
    from quantdata.sim.tradier.stream_request import StreamRequest

    Event = dict[str, Any]

__all__ = ["TradierProgramme"]

_LINES_PER_FRAME = 100
_PASSES = 8
_DIME_FROM = 3.0
_REPEATED = frozenset({"quote", "trade", "tradex"})


class TradierProgramme:
    """What a subscriber wants, as events; `begin` and both paces run in worker threads.

    Quotes and prints come as they happen; the ``summary`` of a day comes with the snapshot alone. The last quote and
    trade of a symbol that has been quiet for a while are sent again, with their old times.

    Parameters
    ----------
    stage
        As of which moments the market is shown.
    resend_after_s
        How long a symbol is quiet before that, in real seconds.
    """

    def __init__(self, stage: Stage, happenings: Happenings, catalog: Catalog, *, resend_after_s: float) -> None:
        self.edition = 0
        self._stage, self._happenings, self._catalog = stage, happenings, catalog
        self._resend_after_s = resend_after_s
        self._wanted = Wanted()
        self._rows: list[Event] = []
        self._separator = b""
        self._last: dict[tuple[str, str], tuple[float, Event]] = {}
        # A subscription is not replaced while a batch of the one before is put together.
        self._lock = Lock()

    def begin(self, asked: StreamRequest) -> tuple[list[bytes], list[Told]]:
        """Take a subscription in place of the one before; return the refusals, and the snapshot it begins with."""
        with self._lock:
            return self._begun(asked)

    def _begun(self, asked: StreamRequest) -> tuple[list[bytes], list[Told]]:
        request = Request(query={}, at=self._stage.version(self._stage.now()), catalog=self._catalog)
        found: list[tuple[Instrument, Event]] = []
        refused: list[bytes] = []
        for symbol in asked.symbols:
            instrument = self._catalog.instrument(symbol)
            row = row_of(request, instrument)
            if instrument is not None and row is not None:
                found.append((instrument, msgspec.to_builtins(row)))
            elif not symbol.startswith("$"):
                refused.append(encoded({"error": f"{symbol} is not a valid symbol"}))
        self._separator = b"\n" if asked.has_linebreak else b""
        self._rows, self._last = [row for _, row in found], {}
        self._wanted = _wanted(asked.kinds, [instrument for instrument, _ in found])
        self.edition += 1
        return refused, [told for group in snapshot(self._rows, asked.kinds) for told in self._told(group)]

    # --- prepared frames --------------------------------------------------------------------------------------------

    def prepare(self, now: datetime, *, events_per_frame: int, wrap: Callable[[bytes], bytes]) -> Sequence[Prepared]:
        """Return frames of all that is subscribed to, to be sent in turn: quotes in every pass, trades in the first."""
        del now
        with self._lock:
            kinds, rows = self._wanted.kinds, self._rows
        frames: list[Prepared] = []
        for turn in range(_PASSES):
            quotes = [_moved(row, turn, place) for place, row in enumerate(rows) if row["type"] != "index"]
            told = quotes if "quote" in kinds else []
            if turn == 0:
                told = told + [_traded(row, kind) for kind in sorted(kinds & {"trade", "tradex"}) for row in rows]
            frames += [self._prepared(part, wrap) for part in _batched(told, events_per_frame)]
        return frames

    def _prepared(self, events: Sequence[Event], wrap: Callable[[bytes], bytes]) -> Prepared:
        quotes = [
            (place, Quoted(each["symbol"], each["bid"], each["ask"], each["bidsz"], each["asksz"]))
            for place, each in enumerate(events)
            if each["type"] == "quote"
        ]
        # The marks of the moment are control characters, which JSON writes in other words.
        text = self._text(events).replace(encoded(MOMENT)[1:-1], MOMENT.encode())
        return Prepared(text, events=len(events), quotes=quotes, wrap=wrap)

    # --- the market's own pace --------------------------------------------------------------------------------------

    def happened(self, since: datetime, until: datetime) -> Sequence[Told]:
        """Return what happened after one moment, up to and with another, oldest first, then what is sent again."""
        with self._lock:
            return self._happened(since, until)

    def _happened(self, since: datetime, until: datetime) -> list[Told]:
        shown = self._stage.version(since), self._stage.version(until)
        events = events_between(self._happenings, self._wanted, moments=(since, until), shown=shown)
        fresh = sorted(events, key=_moment)
        before = self._stage.monotonic() - self._resend_after_s
        told = {(each["type"], each["symbol"]) for each in fresh}
        quiet = [event for key, (told_at, event) in self._last.items() if told_at <= before and key not in told]
        return self._told(fresh + quiet)

    def _told(self, events: Sequence[Event]) -> list[Told]:
        now = self._stage.monotonic()
        self._last |= {(each["type"], each["symbol"]): (now, each) for each in events if each["type"] in _REPEATED}
        return [Told(self._text(part), len(part), dict(_sent(part))) for part in _batched(events, _LINES_PER_FRAME)]

    def _text(self, events: Iterable[Event]) -> bytes:
        return b"\n".join(map(encoded, events)) + self._separator


def _wanted(kinds: frozenset[str], instruments: Sequence[Instrument]) -> Wanted:
    return Wanted(
        kinds,
        options=frozenset(each.own for each in instruments if each.kind == "option"),
        equities={each.own: each.symbol for each in instruments if each.kind in {"stock", "etf"}},
        indices={each.own: each.symbol for each in instruments if each.kind == "index"},
    )


def _batched(events: Sequence[Event], size: int) -> Iterator[list[Event]]:
    left = iter(events)
    while part := list(islice(left, size)):
        yield part


def _moved(row: Event, turn: int, place: int) -> Event:
    """Return the quote of a row a few ticks higher, or not: different from pass to pass."""
    up = (0.05 if row["bid"] >= _DIME_FROM else 0.01) * ((turn * 5 + place * 3) % 4)
    bid = round(row["bid"] + up, 2) if row["bid"] else 0.0
    sizes = {"bidsize": row["bidsize"] + turn if row["bid"] else 0, "asksize": row["asksize"] + turn}
    return quote({**row, **sizes, "bid": bid, "ask": round(row["ask"] + up, 2), "bid_date": MOMENT, "ask_date": MOMENT})


def _traded(row: Event, kind: str) -> Event:
    price, size = row["last"] or row["ask"], row["last_volume"]
    made = trade(row["symbol"], exch=row["exch"], price=price, size=size, moment_ms=0, volume=row["volume"], kind=kind)
    return made | {"date": MOMENT}


def _moment(event: Event) -> int:
    return int(event.get("date") or event["biddate"])


def _sent(events: Sequence[Event]) -> Iterator[tuple[str, Sent]]:
    for each in events:
        if each["type"] == "quote":
            yield each["symbol"], (each["bid"], each["ask"], each["bidsz"], each["asksz"], int(each["biddate"]), 0)
