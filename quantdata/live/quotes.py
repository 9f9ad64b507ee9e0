"""Quotes of stocks, or of indices, as they stand: what polls told, and what streams told since."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import EQUITY_QUOTES, INDEX_QUOTES, empty
from quantdata.live.groups import EQUITY_QUOTE, EQUITY_TRADE, INDEX_VALUE
from quantdata.live.merging import Newest
from quantdata.live.overlay import overlaid
from quantdata.validation import validate

if TYPE_CHECKING:
    from collections.abc import Collection

    from quantdata.live.groups import Group

__all__ = ["LiveQuotes", "live_equities", "live_indices"]

KEY: Final = "symbol"
_ANSWERED: Final = ("snapshot_ts", "received_ts")


@dataclass(slots=True, kw_only=True)
class LiveQuotes:
    """One table, one row a symbol; for one thread at a time.

    Polls and events may come in any order; each group of a row ends as the newest event of all dictates. All that has
    no time of its own is that of the poll about the symbol that was answered last.

    Parameters
    ----------
    price
        The column that is the price of a row: what ``change`` is counted from.
    groups
        What events change, by name.
    is_ranged
        Whether a price is never outside of the day's ``high`` and ``low``: that of a stock may be, out of hours.
    """

    price: str
    groups: dict[str, Group]
    is_ranged: bool
    _polled: pl.DataFrame
    _newest: dict[str, Newest] = field(init=False)

    def __post_init__(self) -> None:
        self._newest = {name: Newest(group) for name, group in self.groups.items()}

    def poll(self, quotes: pl.DataFrame) -> None:
        """Take in an answer; symbols that it is not about keep their rows."""
        for newest in self._newest.values():
            newest.poll(quotes)
        both = pl.concat([self._polled, quotes])
        later_last = both.with_row_index("_place").sort(*_ANSWERED, maintain_order=True)
        latest = later_last.unique(KEY, keep="last")
        # Each symbol stays where it was first.
        places = both.select(pl.col(KEY).unique(maintain_order=True))
        self._polled = places.join(latest, on=KEY, how="left", maintain_order="left").select(quotes.columns)

    def events(self, name: str, events: pl.DataFrame) -> None:
        """Take in events of one group, as `quantdata.frames.events` makes them."""
        self._newest[name].stream(events)

    def keep(self, symbols: Collection[str]) -> None:
        """Forget all other symbols."""
        self._polled = self._polled.filter(pl.col(KEY).is_in(list(symbols)))
        for newest in self._newest.values():
            newest.keep(symbols)

    def frame(self, now: datetime, *, cadence_s: float) -> pl.DataFrame:
        """Return the rows as they stand, held to their rules.

        Parameters
        ----------
        now
            The present (UTC), by the clock that ``received_ts`` is of.
        cadence_s
            Seconds between two polls, which ages are held against.
        """
        rows = self._polled
        if rows.is_empty():
            return validate(rows, now)
        rows = overlaid(rows, *self._newest.values())
        return validate(self._moved_on(rows), now, cadence_s=cadence_s)

    def _moved_on(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows whose moment has moved on since the last poll, with the changes that follow from new prices."""
        passed = pl.col("received_ts").max() - self._polled.get_column("received_ts").max()
        moment = pl.col("snapshot_ts").max() + pl.max_horizontal(passed, timedelta(0))
        if (rows.get_column("feed") == "simulated").any():
            moment = pl.max_horizontal(moment, *(pl.col(group.stamp).max() for group in self.groups.values()))
        is_moved = rows.get_column(self.price).ne_missing(self._polled.get_column(self.price))
        moved = pl.when(is_moved)
        change = pl.col(self.price) - pl.col("prev_close")
        ranged = pl.when(is_moved & self.is_ranged)
        return rows.with_columns(
            ranged.then(pl.max_horizontal("high", self.price)).otherwise("high").alias("high"),
            ranged.then(pl.min_horizontal("low", self.price)).otherwise("low").alias("low"),
            moved.then(change.round(6)).otherwise("change").alias("change"),
            moved.then(100 * change / pl.col("prev_close")).otherwise("change_percent").alias("change_percent"),
            snapshot_ts=moment,
        )


def live_equities() -> LiveQuotes:
    """Return a table of stocks and funds, of nothing yet; events are of ``"quote"`` and ``"trade"``."""
    groups = {"quote": EQUITY_QUOTE, "trade": EQUITY_TRADE}
    return LiveQuotes(price="price", groups=groups, is_ranged=False, _polled=empty(EQUITY_QUOTES))


def live_indices() -> LiveQuotes:
    """Return a table of indices, of nothing yet; events are of ``"value"``."""
    return LiveQuotes(price="value", groups={"value": INDEX_VALUE}, is_ranged=True, _polled=empty(INDEX_QUOTES))
