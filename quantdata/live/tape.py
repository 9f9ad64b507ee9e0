"""The tape of the streams, summed up by contract: each print once, with the side that it was taken from.

What is kept does not grow with the day: sums, and the prints of the last seconds, which those that follow need.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.analytics.order_flow import print_totals, summed, sweep_totals, sweeps
from quantdata.analytics.print_sides import TICK_TEST_WITHIN, sided
from quantdata.live.prints import CONTRACTS, print_frame, print_row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from quantdata.frames.events import Stamp
    from quantdata.live.prints import HeldQuotes, Known, PrintRow
    from quantdata.wire.book import Batch
    from quantdata.wire.events import Trade

__all__ = ["Tape"]

# Of Massive's tape of all options, some 300 prints a second, so much silence means that it is not heard.
SILENT_S: Final = 10.0
# A time so long before a print came, or after it, is not believed; the latter as the rule `timestamp_in_future`.
PAST_MS: Final = 86_400_000
FUTURE_MS: Final = 60_000
# A print that comes so much later than newer ones still counts as if it had come in its place.
LATE: Final = timedelta(seconds=5)
# Longer than any sweep takes.
SWEEP: Final = timedelta(seconds=1)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Tape:
    """Sums up the prints of the contracts on what is watched; for one thread at a time.

    The sums are those of the newest day in New York that a print is of. They are what `tape_flow` makes of all prints
    and of the quotes that were known here, however both were cut into batches. Of a print that comes more than 5
    seconds after newer ones it may be that the tick test tells no side, and it is in no sweep. Prints without a time,
    or one that is a day before they came or a minute after, are left out.

    Attributes
    ----------
    totals
        As `quantdata.analytics.order_flow.summed` returns them, as of the last `fold`.
    since
        By underlying: the vendor's time, in milliseconds since 1970, from when on its prints are counted.
    """

    totals: pl.DataFrame = field(default_factory=summed)
    since: dict[str, int] = field(default_factory=dict)
    # Underlyings by root.
    _names: dict[str, str] = field(default_factory=dict)
    _arrived: list[PrintRow] = field(default_factory=list)
    # Prints of the last seconds; what of them is in the sums that stay is settled.
    _window: pl.DataFrame = field(default_factory=lambda: _unsettled([], pl.DataFrame(schema=CONTRACTS)))
    _settled: pl.DataFrame = field(default_factory=summed)
    _settled_until: datetime = _NEVER
    _day: date | None = None
    # When Massive's tape was heard last, in seconds since 1970, and from when on others were by name, as `since`.
    _whole_at: float = float("-inf")
    _named: dict[str, int] = field(default_factory=dict)

    @property
    def covered(self) -> dict[str, int] | None:
        """The contracts whose tape is heard, and from when on, as ``since``; None is all of them."""
        return None if self._whole_at >= 0 else self._named.copy()

    @property
    def has_arrived(self) -> bool:
        """Whether there are prints that are not in the totals yet."""
        return bool(self._arrived)

    def watch(self, roots: Mapping[str, str]) -> None:
        """Count prints of contracts with these roots from now on, and forget those of others.

        Parameters
        ----------
        roots
            The underlying of each root.
        """
        gone = self._names.keys() - roots.keys()
        self._names = dict(roots)
        if not gone:
            return
        self.since = {name: at for name, at in self.since.items() if name in roots.values()}
        self._arrived = [row for row in self._arrived if row[0][:-15] in roots]
        self._named = {symbol: at for symbol, at in self._named.items() if symbol[:-15] in roots}
        is_kept = pl.col("symbol").str.head(-15).is_in(list(roots))
        self.totals, self._settled = self.totals.filter(is_kept), self._settled.filter(is_kept)
        self._window = self._window.filter(is_kept)

    def add(self, batch: Batch, stamp: Stamp, held: Mapping[str, HeldQuotes]) -> None:
        """Take in the prints of a look at an options stream, each with the quote that was held before it.

        That is the one that the print itself tells (Tradier), else the newest of those known at the look before and the
        one of this look if it is older than the print.

        Massive's stream has the tape of all contracts; while that is heard, no other vendor's prints count.

        Parameters
        ----------
        held
            By underlying: what was known at the look before.
        """
        prints = self._heard(batch, stamp)
        if not prints:
            return
        began = max(trade.t for _, trade in prints)
        for name in self._names.values():
            self.since.setdefault(name, began)
        own = [(symbol, trade) for symbol, trade in prints if symbol[:-15] in self._names]
        known = self._known([symbol for symbol, _ in own], held, stamp.received_ts)
        self._arrived += [
            print_row(symbol, trade, stamp.feed, fresh=batch.quotes.get(trade.symbol), known=known)
            for symbol, trade in own
        ]

    def fold(self, contracts: pl.DataFrame) -> None:
        """Sign the prints that have come since the last time, and add them to the totals.

        Parameters
        ----------
        contracts
            ``contract_symbol`` and ``multiplier`` of those that there are; prints of others are left out.
        """
        arrived, self._arrived = self._arrived, []
        prints = _unsettled(arrived, contracts)
        if prints.is_empty():
            return
        self._begin_day(prints)
        window = sided(pl.concat([self._window, prints]).filter(pl.col("day") == self._day))
        newest = window.get_column("ts").max()
        if isinstance(newest, datetime):
            self._sum_up(window, until=max(self._settled_until, newest - LATE))

    def _heard(self, batch: Batch, stamp: Stamp) -> list[tuple[str, Trade]]:
        """Return the prints of a look that may count, with canonical symbols; note whose tape it is."""
        symbols = stamp.symbols(batch.trades)
        is_whole = batch.vendor == "massive"
        if not is_whole:
            self._note_names(batch, stamp)
            if batch.received_at - self._whole_at < SILENT_S:
                return []
        # A simulated market has a clock of its own.
        came_ms = None if stamp.feed == "simulated" else batch.received_at * 1_000
        prints = [each for each in zip(symbols, batch.trades, strict=True) if _is_timed(each[1].t, came_ms)]
        if is_whole and prints:
            self._whole_at = batch.received_at
        return prints

    def _note_names(self, batch: Batch, stamp: Stamp) -> None:
        """Note the contracts that a stream of named ones tells of."""
        quotes = batch.quotes.values()
        times = [*(each.t for each in quotes), *(each.t for each in batch.trades)]
        began = max(times, default=0)
        for symbol in (*stamp.symbols(quotes), *stamp.symbols(batch.trades)):
            self._named.setdefault(symbol, began)

    def _known(
        self, symbols: Collection[str], held: Mapping[str, HeldQuotes], received_ts: datetime
    ) -> dict[str, Known]:
        by_name: dict[str, set[str]] = defaultdict(set)
        for symbol in symbols:
            by_name[self._names[symbol[:-15]]].add(symbol)
        found: dict[str, Known] = {}
        for name, own in by_name.items():
            found |= held[name].of(own, received_ts)
        return found

    def _begin_day(self, prints: pl.DataFrame) -> None:
        """Forget the day before, if there are prints of a new one."""
        day = prints.get_column("day").max()
        if not isinstance(day, date) or (self._day is not None and day <= self._day):
            return
        if self._day is not None:
            first = min(prints.filter(pl.col("day") == day).get_column("ts").dt.epoch("ms"))
            self.since, self._named = dict.fromkeys(self.since, first), dict.fromkeys(self._named, first)
        self._day, self._settled, self._settled_until = day, summed(), _NEVER

    def _sum_up(self, window: pl.DataFrame, *, until: datetime) -> None:
        """Add to the sums that stay what is no later than a moment, and to these, for now, the rest."""
        ts = pl.col("ts")
        starts = sweeps(window)
        is_over = ts <= until - SWEEP
        self._settled = summed(
            self._settled,
            print_totals(window.filter(~pl.col("is_settled"), ts <= until)),
            sweep_totals(starts.filter(is_over, ts > self._settled_until - SWEEP)),
        )
        self.totals = summed(
            self._settled, print_totals(window.filter(ts > until)), sweep_totals(starts.filter(~is_over))
        )
        needed = window.filter(ts > until - TICK_TEST_WITHIN).with_columns(is_settled=ts <= until)
        self._window = needed.select(self._window.columns)
        self._settled_until = until


def _is_timed(t: int, came_ms: float | None) -> bool:
    """Tell whether a print's time can be true."""
    return t > 0 if came_ms is None else came_ms - PAST_MS < t <= came_ms + FUTURE_MS


def _unsettled(arrived: list[PrintRow], contracts: pl.DataFrame) -> pl.DataFrame:
    return print_frame(arrived, contracts).with_columns(is_settled=pl.lit(value=False))
