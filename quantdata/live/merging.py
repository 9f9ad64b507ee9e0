"""Which of two values of one group stays: that of the newer event, whatever came first.

What polls answer is an event like any other. Times are compared by the millisecond, which is what streams tell; of two
at one time a stream's stays, then that of the higher sequence, then that of the later answer. A vendor's takes the
place of another's only when that has become old: rows do not change hands to and fro.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.frames.columns import SOURCE
from quantdata.live.groups import STREAM, polled, streamed

if TYPE_CHECKING:
    from collections.abc import Collection

    from quantdata.live.groups import Group

__all__ = ["Newest", "answered", "newest", "overlaid"]

# A vendor's event is old when another's came, or was made, so much later: a row is too old by its rules soon after.
OWNED: Final = timedelta(seconds=15)
_OWNED_MS: Final = OWNED // timedelta(milliseconds=1)


@dataclass(slots=True)
class Newest:
    """The newest event of each symbol, polls' and streams' alike, of one group.

    Parameters
    ----------
    group
        What the events change.
    """

    group: Group
    table: pl.DataFrame = field(init=False)
    _slots: tuple[pl.Series, int, pl.Series] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.table = self.group.table()

    def poll(self, frame: pl.DataFrame) -> None:
        """Take in canonical rows, as a provider answered them."""
        if self.group.is_polled:
            self.table = newest(self.table, polled(frame, self.group), key=self.group.key)

    def stream(self, events: pl.DataFrame) -> None:
        """Take in events of `quantdata.frames.events`."""
        self.table = newest(self.table, streamed(events, self.group), key=self.group.key)

    def keep(self, symbols: Collection[str]) -> None:
        """Forget all other symbols."""
        self.table = self.table.filter(pl.col(self.group.key).is_in(list(symbols)))
        self._slots = None

    def over(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return canonical rows with what is newest: see `overlaid`."""
        if self.table.is_empty():
            return frame
        return overlaid(frame, self.table[self._slots_of(frame.get_column(self.group.key))], self.group)

    def _slots_of(self, keys: pl.Series) -> pl.Series:
        """Return where each symbol is in the table; null of one that is not. New ones are added at its end alone."""
        known = self._slots
        if known is None or (known[0] is not keys and not known[0].equals(keys)) or known[1] != self.table.height:
            known = keys, self.table.height, _places(keys, self.table.get_column(self.group.key))
            self._slots = known
        return known[2]


def answered(frame: pl.DataFrame) -> tuple[datetime, datetime]:
    """Return when a whole answer was given, and when it was here, to be compared; long ago without rows."""
    return _latest(frame, "snapshot_ts"), _latest(frame, "received_ts")


def newest(held: pl.DataFrame, arrived: pl.DataFrame, *, key: str) -> pl.DataFrame:
    """Return the newest event of each symbol; symbols keep their places, and new ones follow at the end.

    Parameters
    ----------
    held
        One row a symbol, as this returned it, or `Group.table`.
    arrived
        Others, of one vendor a symbol; of several of one symbol the newest counts.
    key
        The column of symbols.
    """
    last = arrived
    if arrived.get_column(key).is_duplicated().any():
        last = arrived.sort("when", "order", maintain_order=True).unique(key, keep="last", maintain_order=True)
    places = _places(last.get_column(key), held.get_column(key))
    facing = held.select("source", "when", "order", "received_ts", "is_streamed")[places]
    verdict = _verdict(last, facing)
    # Where each row of the result is found: among those held, then those that arrived.
    found = np.arange(held.height)
    is_known = places.is_not_null().to_numpy()
    is_taken = verdict.get_column("is_taken").to_numpy() & is_known
    found[places.filter(is_taken).to_numpy()] = held.height + np.flatnonzero(is_taken)
    both = pl.concat([held, last])[np.append(found, held.height + np.flatnonzero(~is_known))]
    return _confirmed(both, places, verdict)


def _verdict(arrived: pl.DataFrame, facing: pl.DataFrame) -> pl.DataFrame:
    """Return of each event that arrived whether it replaces the one held, and what the one that stays is told of."""
    both = pl.concat([arrived.select(facing.columns), facing.rename(_held)], how="horizontal")
    later = pl.col("when") - pl.col("_when")
    is_newer = (later > 0) | ((later == 0) & (pl.col("order") >= pl.col("_order")))
    is_old = (later > _OWNED_MS) | (pl.col("received_ts") - pl.col("_received_ts") > OWNED)
    is_same = pl.col("source") == pl.col("_source")
    marked = both.with_columns(is_taken=pl.when(is_same).then(is_newer).otherwise(is_old).fill_null(value=False))
    is_heard = pl.col("is_taken") | is_same
    return marked.select(
        "is_taken",
        # An older event of the same vendor confirms what is held; another vendor's does not.
        received_ts=pl.when(is_heard).then(pl.max_horizontal("received_ts", "_received_ts")).otherwise("_received_ts"),
        is_streamed=pl.col("_is_streamed") | (is_heard & pl.col("is_streamed")),
    )


def _confirmed(table: pl.DataFrame, places: pl.Series, verdict: pl.DataFrame) -> pl.DataFrame:
    """Return a table with what was learnt of the rows at some places."""
    is_known = places.is_not_null()
    some, learnt = places.filter(is_known), verdict.filter(is_known)
    return table.with_columns(
        table.get_column(name).clone().scatter(some, learnt.get_column(name)) for name in ("received_ts", "is_streamed")
    )


def overlaid(frame: pl.DataFrame, facing: pl.DataFrame, group: Group) -> pl.DataFrame:
    """Return canonical rows with what is newest of a group; rows are neither added nor lost.

    Parameters
    ----------
    frame
        As the last poll answered. Where it has none of the group, or does not tell its time, polls before it have no
        say: what a vendor does not send any more is not there any more. A stream's event is.
    facing
        The newest event of each row's symbol; null where there is none.
    group
        What they change.
    """
    beside = frame.hstack(facing.drop(group.key).rename(_held))
    is_taken = _is_shown(group).fill_null(value=False)
    own = pl.when(~pl.col("_is_streamed").fill_null(value=False))
    changed = beside.select(
        *(pl.when(is_taken).then(_held(name)).otherwise(name).alias(name) for name in group.dtypes),
        *(own.then(pl.when(is_taken).then(_held(name)).otherwise(name)).alias(name) for name in group.dependents),
        *_provenance(group, is_taken),
    )
    # Column by column: to name a hundred columns to polars takes longer than what is done with these.
    names = frozenset(changed.columns)
    return pl.DataFrame([changed[name] if name in names else frame[name] for name in frame.columns])


def _is_shown(group: Group) -> pl.Expr:
    if group.is_polled:
        return pl.col("_when").is_not_null() & (pl.col(group.stamp).is_not_null() | (pl.col("_order") >= STREAM))
    is_same = pl.col("day_source") == pl.col("_day_source")
    is_further = (pl.col("_day_session") == pl.col("day_session")) & (pl.col("_volume") > pl.col("volume").fill_null(0))
    return pl.col("_when").is_not_null() & (
        pl.col("day_session").is_null() | (pl.col("_day_session") > pl.col("day_session")) | (is_same & is_further)
    )


def _provenance(group: Group, is_taken: pl.Expr) -> list[pl.Expr]:
    """Return who a row is of, how fresh it is, and when it was last confirmed."""
    is_mixed = is_taken & (pl.col("_source") != pl.col("source"))
    given = [
        pl.when(is_mixed).then(pl.lit("hybrid", SOURCE)).otherwise("source").alias("source"),
        pl.when(is_taken).then(pl.min_horizontal("feed", "_feed")).otherwise("feed").alias("feed"),
    ]
    if not group.is_confirming:
        return given
    confirmed = pl.when(is_taken).then(pl.max_horizontal("received_ts", "_received_ts")).otherwise("received_ts")
    return [*given, confirmed.alias("received_ts")]


def _held(name: str) -> str:
    return f"_{name}"


def _places(symbols: pl.Series, among: pl.Series) -> pl.Series:
    """Return where each symbol is among others, null where it is not."""
    wanted = pl.DataFrame([symbols.alias("symbol")])
    known = pl.DataFrame([among.alias("symbol")]).with_row_index("place")
    return wanted.join(known, on="symbol", how="left", maintain_order="left").get_column("place")


def _latest(frame: pl.DataFrame, name: str) -> datetime:
    latest = frame.get_column(name).max()
    return latest if isinstance(latest, datetime) else datetime.min.replace(tzinfo=UTC)
