"""The last values of a stream between two looks at it: newest by event time, each repeat dropped and counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from quantdata.wire.events import LEAST_MS, MOST_MS, Day, Minute, Quote, Trade, Value, to_ms
from quantdata.wire.quote_table import QuoteTable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from quantdata.wire.events import Event

__all__ = ["Batch", "Book", "Counts"]

# Between two looks at a stream of all option trades, some 300 a second by the vendor: reference/massive.md §9.
TRADES_AT_MOST: Final = 50_000
# By which repeats are told; the older half is forgotten when the newer is full.
TRADES_REMEMBERED: Final = 32_768

E = TypeVar("E", Quote, Trade, Value)
M = TypeVar("M")


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a book has seen since it was made.

    Attributes
    ----------
    events
        All that was added, kept or not.
    late, repeated
        Older than what was known of the symbol; the same as what was known.
    lost_trades
        Prints beyond what a batch may hold; the newest of each symbol is never among them.
    unknown, unreadable
        Events of a kind that nobody asked for; events, or whole frames, that are not what the vendor documents.
    """

    events: int = 0
    late: int = 0
    repeated: int = 0
    lost_trades: int = 0
    unknown: int = 0
    unreadable: int = 0


@dataclass(slots=True, kw_only=True)
class Batch:
    """What changed between two looks.

    Attributes
    ----------
    vendor
        ``"massive"`` or ``"tradier"``.
    quotes, values, days
        The newest of each symbol that changed.
    trades
        The tape, in order of arrival, each print once; the oldest were given up if ``lost_trades`` is not 0.
    last_trades
        The newest print of each symbol that traded, those included that are no part of the tape.
    minutes
        The last revision of each bar that was sent, by symbol and start.
    events
        Events received, kept or not.
    received_at
        When the last frame came, in seconds since 1970; 0.0 if none did.
    """

    vendor: str
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    last_trades: dict[str, Trade] = field(default_factory=dict)
    lost_trades: int = 0
    minutes: dict[tuple[str, int], Minute] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    days: dict[str, Day] = field(default_factory=dict)
    events: int = 0
    received_at: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.quotes or self.trades or self.last_trades or self.minutes or self.values or self.days)


class Book:
    """Keeps the newest event of each symbol until somebody takes it; for one thread, that of the loop.

    Events of one symbol are ordered by time, then by sequence. Where a vendor counts no sequence, of two different
    events at one moment the later arrival is the newer.

    Parameters
    ----------
    vendor
        Whose events these are.
    trades_at_most
        Prints that one batch may hold.

    Attributes
    ----------
    counts
        What was seen, in all.
    received_at
        When the frame came that is being added, in seconds since 1970; whoever feeds the book sets it.
    """

    def __init__(self, vendor: str, *, trades_at_most: int = TRADES_AT_MOST) -> None:
        self.vendor = vendor
        self.counts = Counts()
        self.received_at = 0.0
        self._trades_at_most = trades_at_most
        self._batch = Batch(vendor=vendor)
        self._events_taken = 0
        # Quotes that changed since the last look; they are in the table where there is one.
        self._fresh: dict[str, Quote] = {}
        self._table: QuoteTable | None = None
        self._is_plain = True
        # The newest of each symbol, handed out or not.
        self._quotes: dict[str, Quote] = {}
        self._last_trades: dict[str, Trade] = {}
        self._values: dict[str, Value] = {}
        # Prints seen lately, in two generations.
        self._prints: set[tuple[Any, ...]] = set()
        self._older_prints: set[tuple[Any, ...]] = set()
        self._adders: dict[type, Callable[[Any], None]] = {
            Trade: self._trade,
            Minute: self._minute,
            Value: self._value,
            Day: self._day,
        }

    def add(self, messages: Collection[Event | M]) -> Sequence[M]:
        """Take in the events of one frame; return what else is in it."""
        # This is the loop that 100,000 quotes a second go through: one look, one comparison, one store each.
        if self._table is not None:
            messages = self._beside_table(messages)
        fresh, known, adders = self._fresh, self._quotes, self._adders
        others: list[M] = []
        for event in messages:
            if type(event) is not Quote:
                if (adder := adders.get(type(event))) is not None:
                    adder(event)
                else:
                    others.append(cast("M", event))
                continue
            t = event.t
            if not LEAST_MS <= t < MOST_MS:
                t = event.t = to_ms(t)
            symbol = event.symbol
            last = known.get(symbol)
            if (
                last is None
                or t > last.t
                # A busy contract has several in a millisecond.
                or (t == last.t and event.sequence > last.sequence)
                or self._is_newer(event, last)
            ):
                known[symbol] = fresh[symbol] = event
        self.counts.events += len(messages) - len(others)
        return others

    def add_quote(self, quote: Quote) -> None:
        """Take in one quote; one that is older than the last, or repeats it, is counted and not kept."""
        self.add((quote,))

    def add_trade(self, trade: Trade) -> None:
        """Take in one print, for the tape and as the last of its symbol; one of no size is no part of the tape."""
        self.add((trade,))

    def add_last(self, trade: Trade) -> None:
        """Take in the last price of a symbol that comes beside the tape, not in it."""
        self.counts.events += 1
        trade.t = to_ms(trade.t)
        self._keep(self._batch.last_trades, self._last_trades, trade)

    def add_minute(self, minute: Minute) -> None:
        """Take in one bar; it replaces what was said before of the same minute."""
        self.add((minute,))

    def add_value(self, value: Value) -> None:
        """Take in one level of an index; as `add_quote`."""
        self.add((value,))

    def add_day(self, day: Day) -> None:
        """Take in the sum of a day; it replaces the one before."""
        self.add((day,))

    def columns(self, keep: Callable[..., None]) -> QuoteTable | None:
        """Return the columns that hold the quotes from now on; None once there was one that they cannot hold.

        Parameters
        ----------
        keep
            As of `QuoteTable`.
        """
        if self._table is None and self._is_plain:
            table, fresh = QuoteTable(keep), self._fresh
            held = [table.add(quote, is_fresh=False) for name, quote in self._quotes.items() if name not in fresh]
            self._is_plain = all(held) and all(table.add(quote) for quote in fresh.values())
            if self._is_plain:
                self._table, self._quotes, self._fresh = table, {}, {}
        return self._table

    def note(self, events: int, *, late: int, repeated: int) -> None:
        """Count events that were added to the columns, those included that were not kept."""
        self.counts.events += events
        self.counts.late += late
        self.counts.repeated += repeated

    def take(self) -> Batch:
        """Hand out what changed since the last look, and begin anew; what is newest is remembered."""
        batch, self._batch = self._batch, Batch(vendor=self.vendor)
        batch.events = self.counts.events - self._events_taken
        batch.received_at = self.received_at
        self._events_taken = self.counts.events
        if self._table is not None:
            batch.quotes = self._table.take()
        else:
            batch.quotes, self._fresh = self._fresh, {}
        return batch

    def _beside_table(self, messages: Collection[Event | M]) -> list[Event | M]:
        """Add quotes to the columns; return all else, and from the first on that they cannot hold quotes too."""
        rest: list[Event | M] = []
        for message in messages:
            if type(message) is Quote and self._table is not None:
                message.t = to_ms(message.t)
                if self._table.add(message):
                    self.note(1, **self._table.counted())
                    continue
                self._fresh, self._quotes = dict(self._table.take()), dict(self._table.all())
                self._table, self._is_plain = None, False
            rest.append(message)
        return rest

    def _is_newer(self, event: E, last: E) -> bool:
        """Tell whether an event that is not later by its time is newer all the same; count it if not."""
        if event.t < last.t:
            self.counts.late += 1
            return False
        sequence, known = getattr(event, "sequence", 0), getattr(last, "sequence", 0)
        if event.t > last.t or sequence > known or (sequence == known == 0 and event != last):
            return True
        if sequence < known:
            self.counts.late += 1
        else:
            self.counts.repeated += 1
        return False

    def _keep(self, fresh: dict[str, E], known: dict[str, E], event: E) -> None:
        last = known.get(event.symbol)
        if last is None or self._is_newer(event, last):
            known[event.symbol] = fresh[event.symbol] = event

    def _trade(self, trade: Trade) -> None:
        trade.t = to_ms(trade.t)
        if self._is_repeat(trade):
            self.counts.repeated += 1
            return
        if trade.size:
            self._print(trade)
        if not trade.is_cancel:
            self._keep(self._batch.last_trades, self._last_trades, trade)

    def _is_repeat(self, trade: Trade) -> bool:
        """Tell whether a print has been seen lately, and remember it."""
        key = (
            *(trade.symbol, trade.t, trade.sequence, trade.price, trade.size, trade.exchange),
            *(trade.is_cancel, trade.is_correction),
        )
        if key in self._prints or key in self._older_prints:
            return True
        if len(self._prints) >= TRADES_REMEMBERED:
            self._older_prints, self._prints = self._prints, set()
        self._prints.add(key)
        return False

    def _print(self, trade: Trade) -> None:
        trades = self._batch.trades
        if len(trades) >= self._trades_at_most:
            # Half at once, so that the cost of moving the rest is spread over many prints.
            given_up = max(1, self._trades_at_most // 2)
            del trades[:given_up]
            self._batch.lost_trades += given_up
            self.counts.lost_trades += given_up
        trades.append(trade)

    def _minute(self, minute: Minute) -> None:
        minute.start, minute.end = to_ms(minute.start), to_ms(minute.end)
        self._batch.minutes[minute.symbol, minute.start] = minute

    def _value(self, value: Value) -> None:
        value.t = to_ms(value.t)
        self._keep(self._batch.values, self._values, value)

    def _day(self, day: Day) -> None:
        self._batch.days[day.symbol] = day
