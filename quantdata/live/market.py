"""The present state of everything watched; what comes in changes it, and it is asked for snapshots.

It does no I/O and reads no clock: the same inputs at the same moments give the same snapshots, bit for bit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import polars as pl

from quantdata.frames.events import (
    Stamp,
    equity_quote_events,
    equity_trade_events,
    index_value_events,
    option_day_events,
    option_quote_events,
    option_trade_events,
)
from quantdata.live.chains import LiveChain, Pace, Spot
from quantdata.live.flows import FlowKeeper
from quantdata.live.prints import HeldQuotes
from quantdata.live.quotes import LiveQuotes, live_equities, live_indices
from quantdata.live.snapshot import Frames, HubSnapshot, Tick
from quantdata.symbols import roots_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date

    from quantdata.pricing.rates import RateCurve
    from quantdata.wire.book import Batch

__all__ = ["EQUITIES", "INDICES", "Asset", "Input", "LiveMarket", "Polled", "Streamed"]

Asset = Literal["options", "stocks", "indices"]

# Subjects beside the underlyings of chains.
EQUITIES: Final = "equities"
INDICES: Final = "indices"
# Of a contract's symbol, what follows its root.
_AFTER_ROOT: Final = 15
# Of stock quotes on the streams: reference/massive.md §0.8, reference/tradier.md §7.4.
_SIZE_UNITS: Final = {"massive": "shares", "tradier": "round_lots"}


class Polled(NamedTuple):
    """A provider's answer: the chain of ``subject``, or quotes of `EQUITIES` or `INDICES`.

    ``span`` is which expirations of a chain were asked for, both ends included; None is an open end.
    """

    subject: str
    frame: pl.DataFrame
    dividends: pl.DataFrame | None = None
    span: tuple[date | None, date | None] = (None, None)


class Streamed(NamedTuple):
    """What a stream told since the last look, how fresh that is by plan, and canonical symbols by the vendor's."""

    asset: Asset
    batch: Batch
    feed: str
    names: Mapping[str, str]

    @property
    def stamp(self) -> Stamp:
        """What is known of its events beside what they say."""
        received = datetime.fromtimestamp(self.batch.received_at, UTC)
        return Stamp(vendor=self.batch.vendor, feed=self.feed, received_ts=received, names=self.names)


Input = Polled | Streamed


@dataclass(slots=True, kw_only=True)
class LiveMarket:
    """All chains, equities and indices that are watched; for one thread at a time.

    Parameters
    ----------
    rates
        Of the model.
    paces
        Returns how often a subject is polled, which ages are held against.
    """

    rates: RateCurve
    paces: Callable[[str], Sequence[Pace]]
    _chains: dict[str, LiveChain] = field(default_factory=dict)
    _quotes: dict[str, LiveQuotes] = field(default_factory=lambda: {EQUITIES: live_equities(), INDICES: live_indices()})
    _symbols: dict[str, list[str]] = field(default_factory=lambda: {EQUITIES: [], INDICES: []})
    # By underlying: the roots of its chain, which adjusted contracts may have of their own; and all of them.
    _roots: dict[str, frozenset[str]] = field(default_factory=dict)
    _all_roots: frozenset[str] = frozenset()
    _flow: FlowKeeper = field(default_factory=FlowKeeper)
    _spots: dict[str, Spot] = field(default_factory=dict)
    _frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=lambda: {EQUITIES, INDICES})
    _versions: Counter[str] = field(default_factory=Counter)
    _number: int = 0

    def watch(self, underlyings: Collection[str], *, equities: Collection[str], indices: Collection[str]) -> None:
        """Hold what is watched from now on, and nothing else."""
        self._chains = {name: self._chains.get(name) or LiveChain(rates=self.rates) for name in underlyings}
        self._frames = {name: frame for name, frame in self._frames.items() if name in {*underlyings, *self._quotes}}
        self._roots = {name: self._roots.get(name) or frozenset(roots_of(name)) for name in underlyings}
        self._all_roots = frozenset().union(*self._roots.values())
        self._flow.watch(underlyings)
        self._symbols = {EQUITIES: list(equities), INDICES: list(indices)}
        for name, symbols in self._symbols.items():
            self._quotes[name].keep(symbols)
        self._changed |= {EQUITIES, INDICES}

    def apply(self, inputs: Sequence[Input]) -> None:
        """Take in what came, in the order in which it did; what is no longer watched is left out."""
        for each in inputs:
            if isinstance(each, Streamed):
                self._stream(each)
            elif each.subject in self._quotes:
                # What was asked for before the watchlist changed may be answered after it.
                watched = each.frame.filter(pl.col("symbol").is_in(self._symbols[each.subject]))
                self._quotes[each.subject].poll(watched)
                self._note_spots(each.subject, watched)
            elif each.subject in self._chains:
                self._chains[each.subject].poll(each.frame, dividends=each.dividends, span=each.span)
                self._flow.poll(each.subject, each.frame)
                self._note_roots(each.subject, each.frame)
                self._changed.add(each.subject)
        for name, chain in self._chains.items():
            if name in self._spots and chain.spot(self._spots[name]):
                self._changed.add(name)

    def ticks(self, inputs: Sequence[Input]) -> list[Tick]:
        """Return the events of streams one by one, of what is watched alone: a tape may be of the whole market.

        Every print, and the newest quote and value of each symbol: of contracts whose root is that of a watched chain,
        of watched stocks and indices, and of the underlyings of chains.
        """
        equities, indices = (frozenset(self._symbols[name]) for name in (EQUITIES, INDICES))
        found: list[Tick] = []
        for each in inputs:
            if not isinstance(each, Streamed):
                continue
            for tick in _ticks(each.batch, each.stamp):
                if tick.kind == "value":
                    is_watched = tick.symbol in indices
                elif each.asset == "options":
                    is_watched = tick.symbol[:-_AFTER_ROOT] in self._all_roots
                else:
                    is_watched = tick.symbol in equities
                if is_watched:
                    found.append(tick)
        return found

    def snapshot(self, now: datetime) -> HubSnapshot:
        """Return everything as it stands.

        Parameters
        ----------
        now
            The present (UTC), by the clock that ``received_ts`` is of.
        """
        changed, self._changed = frozenset(self._changed), set()
        for name in changed:
            if name in self._quotes:
                self._frames[name] = self._quotes[name].frame(now, cadence_s=self.paces(name)[0].seconds)
            elif name in self._chains:
                self._frames[name] = self._chains[name].frame()
        number, self._number = self._number, self._number + 1
        chains = {name: self._frames[name] for name in self._chains if name in self._frames}
        flow = self._flow.flows(now, *self._known())
        self._versions.update(changed)
        return HubSnapshot(
            number=number,
            at=now,
            chains=Frames(chains),
            quotes=Frames({name: self._frames[name] for name in self._quotes}),
            changed=changed,
            versions={**self._versions, "flow": self._flow.version},
            flow=flow,
        )

    def prepare(self, now: datetime) -> None:
        """Sum up the order flow if that is due soon: after a snapshot, with its ``now``, so that the next need not."""
        self._flow.prepare(now, *self._known())

    def standing(self) -> list[Polled]:
        """Return everything as it stands, as one answer for each that is known: what another market may begin with."""
        quotes = [Polled(name, self._frames[name]) for name in self._quotes if name in self._frames]
        chains = [Polled(name, *chain.standing()) for name, chain in self._chains.items()]
        return [each for each in (*quotes, *chains) if each.frame.height]

    def valuations(self, now: datetime, *, is_aged: bool = False) -> dict[str, Callable[[], pl.DataFrame]]:
        """Return what prices and judges the chains that changed, in any thread; `adopt` takes the results in.

        Parameters
        ----------
        now
            As in `snapshot`.
        is_aged
            Whether so much time has passed that the others must be judged anew too.
        """
        if is_aged:
            self._changed |= self._quotes.keys()
        return {
            name: chain.valuation(now, paces=self.paces(name))
            for name, chain in self._chains.items()
            if chain.needs_valuation or (is_aged and name in self._frames)
        }

    def adopt(self, valued: Mapping[str, pl.DataFrame]) -> None:
        """Take in the results of `valuations`; those of what is no longer watched are left out."""
        for name, frame in valued.items():
            if name in self._chains:
                self._chains[name].adopt(frame)
                self._changed.add(name)

    def _note_roots(self, underlying: str, chain: pl.DataFrame) -> None:
        roots = self._roots[underlying].union(chain.get_column("root_symbol").drop_nulls().unique())
        if roots != self._roots[underlying]:
            self._roots[underlying] = roots
            self._all_roots |= roots

    def _known(self) -> tuple[dict[str, pl.DataFrame], dict[str, float]]:
        """Return the chains that have rows, as they were published, and the seconds between two polls of each."""
        frames = {name: self._frames[name] for name in self._chains if name in self._frames}
        known = {name: frame for name, frame in frames.items() if frame.height}
        return known, {name: self.paces(name)[0].seconds for name in known}

    def _stream(self, streamed: Streamed) -> None:
        batch, stamp = streamed.batch, streamed.stamp
        if streamed.asset == "options":
            self._options(batch, stamp)
        if batch.values:
            self._events(INDICES, "value", index_value_events(batch.values.values(), stamp))
        if streamed.asset == "stocks" and batch.quotes:
            unit = _SIZE_UNITS[batch.vendor]
            self._events(EQUITIES, "quote", equity_quote_events(batch.quotes.values(), stamp, size_unit=unit))
        if streamed.asset == "stocks" and batch.last_trades:
            self._events(EQUITIES, "trade", equity_trade_events(batch.last_trades.values(), stamp))

    def _options(self, batch: Batch, stamp: Stamp) -> None:
        # A print is compared with what was known before it.
        self._flow.add(batch, stamp, {name: self._held(name) for name in self._chains})
        chains = [(name, chain, self._owner(name)) for name, chain in self._chains.items()]
        if batch.quotes:
            quotes = option_quote_events(batch.quotes.values(), stamp)
            self._changed.update(name for name, chain, is_own in chains if chain.quotes(quotes, is_own=is_own))
        if batch.last_trades:
            trades = option_trade_events(batch.last_trades.values(), stamp)
            self._changed.update(name for name, chain, is_own in chains if chain.trades(trades, is_own=is_own))
        if batch.minutes:
            newest = {minute.symbol: minute for minute in sorted(batch.minutes.values(), key=lambda each: each.start)}
            days = option_day_events(newest.values(), stamp)
            self._changed.update(name for name, chain, is_own in chains if chain.days(days, is_own=is_own))

    def _owner(self, underlying: str) -> Callable[[str], bool]:
        """Return what tells whether a contract is one on an underlying."""
        roots = self._roots[underlying]
        return lambda symbol: symbol[:-_AFTER_ROOT] in roots

    def _held(self, underlying: str) -> HeldQuotes:
        return HeldQuotes(self._chains[underlying].newest_quotes, max(pace.seconds for pace in self.paces(underlying)))

    def _events(self, subject: str, group: str, events: pl.DataFrame) -> None:
        self._quotes[subject].events(group, events)
        self._changed.add(subject)
        if group != "quote":
            self._note_spots(subject, events)

    def _note_spots(self, subject: str, rows: pl.DataFrame) -> None:
        """Remember the newest price of what may be the underlying of a chain."""
        self._changed.add(subject)
        price, ts = ("price", "last_ts") if subject == EQUITIES else ("value", "value_ts")
        known = rows.select("symbol", price, ts, "source", "feed").drop_nulls()
        for symbol, value, at, source, feed in known.iter_rows():
            last = self._spots.get(symbol)
            if last is None or at >= last.ts:
                self._spots[symbol] = Spot(price=value, ts=at, source=source, feed=feed)


def _ticks(batch: Batch, stamp: Stamp) -> Iterator[Tick]:
    """Return every print, and the newest quote and value of each symbol."""
    source = batch.vendor
    quotes, trades, values = list(batch.quotes.values()), batch.trades, list(batch.values.values())
    for symbol, quote in zip(stamp.symbols(quotes), quotes, strict=True):
        yield Tick("quote", symbol, quote.t, bid=quote.bid, ask=quote.ask, source=source)
    for symbol, trade in zip(stamp.symbols(trades), trades, strict=True):
        yield Tick("trade", symbol, trade.t, price=trade.price, size=trade.size, source=source)
    for symbol, value in zip(stamp.symbols(values), values, strict=True):
        yield Tick("value", symbol, value.t, price=value.value, source=source)
