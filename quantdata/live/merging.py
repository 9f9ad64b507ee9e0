"""Which of two values of one group stays: that of the newer event, whatever came first.

What polls answer is an event like any other. Times are compared by the millisecond, which is what streams tell; of two
at one time a stream's stays, then that of the higher sequence, then that of the later answer. A vendor's takes the
place of another's only when that has become old: rows do not change hands to and fro.

What is compared is kept as numbers, and what goes with it as frames that rows are picked of: thousands of events come
between two publications.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quantdata.frames.columns import FEED, SOURCE
from quantdata.live.groups import MOST_SEQUENCE, STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from quantdata.live.groups import Group

    Facts = NDArray[np.void]
    Mask = NDArray[np.bool_]
    Places = NDArray[np.int64]

__all__ = [
    "LONG_AGO",
    "NO_DAY",
    "NO_WORD",
    "OWNED",
    "Facing",
    "Newest",
    "answered",
    "any_symbol",
    "days",
    "latest",
    "microseconds",
]

# A vendor's event is old when another's came, or was made, so much later: a row is too old by its rules soon after.
OWNED: Final = timedelta(seconds=15)
_OWNED_MS: Final = OWNED // timedelta(milliseconds=1)
_OWNED_US: Final = OWNED // timedelta(microseconds=1)
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
# In the place of a word: beyond all others, so that it never is the lesser one.
NO_WORD: Final = 255
NO_DAY: Final = np.iinfo(np.int64).min
_SOURCES: Final = {word: place for place, word in enumerate(SOURCE.categories)}
_FEEDS: Final = {word: place for place, word in enumerate(FEED.categories)}
# What is known of an event beside its group: when it was (milliseconds since 1970) and its order at that time; who told
# it, and how fresh that is (places among the words of the dtype); when it was last heard of (microseconds since 1970),
# and whether a stream ever told it.
_FACTS: Final = np.dtype(
    [
        ("when", np.int64),
        ("order", np.int64),
        ("source", np.uint8),
        ("feed", np.uint8),
        ("received", np.int64),
        ("is_streamed", np.bool_),
    ]
)


def any_symbol(_: str) -> bool:
    """Tell of any symbol that it is one to be known."""
    return True


@dataclass(frozen=True, slots=True)
class Facing:
    """The newest event of each of some symbols.

    Attributes
    ----------
    is_known
        Of which there is one; what stands in the place of none is any other's.
    facts
        What is known of each: ``when``, ``order``, ``source``, ``feed``, ``received``, ``is_streamed``.
    values
        The columns of the group.
    bare
        Those that go where these go, of nobody.
    """

    is_known: Mask
    facts: Facts
    values: pl.DataFrame
    bare: pl.DataFrame
    _dependents: pl.DataFrame
    _places: Places

    def dependents(self) -> pl.DataFrame:
        """Return those that go where these go, as a poll told them."""
        return _picked(self._dependents, self._places)


class _Told(NamedTuple):
    """Events as they are compared and held; streams tell no ``dependents``."""

    symbols: list[str]
    facts: Facts
    values: pl.DataFrame
    dependents: pl.DataFrame | None

    def picked(self, rows: Sequence[int]) -> _Told:
        dependents = None if self.dependents is None else self.dependents[rows]
        return _Told([self.symbols[row] for row in rows], self.facts[rows], self.values[rows], dependents)


@dataclass(slots=True)
class Newest:
    """The newest event of each symbol, polls' and streams' alike, of one group.

    Parameters
    ----------
    group
        What the events change.
    """

    group: Group
    _places: dict[str, int] = field(default_factory=dict, init=False)
    # In the order of the places.
    _facts: Facts = field(default_factory=lambda: np.empty(0, _FACTS), init=False)
    _values: pl.DataFrame = field(init=False)
    _dependents: pl.DataFrame = field(init=False)
    _last_keys: tuple[pl.Series, int, Places] | None = field(default=None, init=False)
    _bare: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        self._values = pl.DataFrame(schema=dict(self.group.dtypes))
        self._dependents = self._bare = self.group.bare(0)

    def __len__(self) -> int:
        return len(self._places)

    def poll(self, frame: pl.DataFrame) -> None:
        """Take in canonical rows, as a provider answered them."""
        if self.group.is_polled:
            self._take(_told_by_poll(frame, self.group))

    def stream(self, events: pl.DataFrame, *, is_own: Callable[[str], bool] = any_symbol) -> bool:
        """Take in events of `quantdata.frames.events`, of one look at one stream; tell whether any was taken in.

        Parameters
        ----------
        is_own
            Whether a symbol of which nothing is known yet is one to be known.
        """
        return bool(events.height) and self._take(_told_by_stream(events, self.group), is_own)

    def keep(self, symbols: Collection[str]) -> None:
        """Forget all other symbols."""
        kept = {symbol: self._places[symbol] for symbol in self._places.keys() & set(symbols)}
        rows = np.array(sorted(kept.values()), np.int64)
        self._places = {symbol: int(np.searchsorted(rows, place)) for symbol, place in kept.items()}
        self._facts, self._values, self._last_keys = self._facts[rows], _picked(self._values, rows), None
        self._dependents = _picked(self._dependents, rows)

    def known(self, symbols: Collection[str]) -> tuple[list[str], Facts, pl.DataFrame]:
        """Return those of the symbols that have an event, what is known of it, and the columns of the group."""
        found = [symbol for symbol in symbols if symbol in self._places]
        places = self._places_of(found)
        return found, self._facts[places], _picked(self._values, places)

    def facing(self, keys: pl.Series) -> Facing:
        """Return the newest event of each symbol; there must be one of any."""
        last = self._last_keys
        # New symbols are added at the end alone.
        if last is None or last[1] != len(self) or not (last[0] is keys or last[0].equals(keys)):
            last = self._last_keys = keys, len(self), self._places_of(keys.to_list())
        places = np.maximum(last[2], 0)
        if self._bare.height != keys.len():
            self._bare = self.group.bare(keys.len())
        values = _picked(self._values, places)
        return Facing(last[2] >= 0, self._facts[places], values, self._bare, self._dependents, places)

    def _places_of(self, symbols: Sequence[str]) -> Places:
        get = self._places.get
        return np.array([get(symbol, -1) for symbol in symbols], np.int64)

    def _take(self, told: _Told, is_own: Callable[[str], bool] = any_symbol) -> bool:
        told = _newest_of_each(told)
        places, held = self._places_of(told.symbols), len(self)
        foreign = [row for row in np.flatnonzero(places < 0).tolist() if not is_own(told.symbols[row])]
        if foreign:
            told, places = told.picked(np.delete(np.arange(places.size), foreign).tolist()), np.delete(places, foreign)
        is_known = places >= 0
        known = places[is_known]
        is_taken, learnt = _verdict(told.facts[is_known], self._facts[known])
        self._facts[known] = learnt
        self._facts = np.append(self._facts, told.facts[~is_known])
        taken, new = np.flatnonzero(is_known)[is_taken], np.flatnonzero(~is_known)
        replaced = known[is_taken]
        self._values = _replaced(self._values, replaced, told.values, taken, new)
        if told.dependents is not None:
            self._dependents = _replaced(self._dependents, replaced, told.dependents, taken, new)
        elif self.group.dependents and new.size:
            self._dependents = pl.concat([self._dependents, self.group.bare(new.size)], rechunk=True)
        self._places |= {told.symbols[row]: held + at for at, row in enumerate(new.tolist())}
        return bool(places.size)


def answered(frame: pl.DataFrame) -> tuple[datetime, datetime]:
    """Return when a whole answer was given, and when it was here, to be compared; long ago without rows."""
    return latest(frame, "snapshot_ts"), latest(frame, "received_ts")


def latest(frame: pl.DataFrame, name: str) -> datetime:
    """Return the last moment in a column; `LONG_AGO` where there is none."""
    found = frame.get_column(name).max()
    return found if isinstance(found, datetime) else LONG_AGO


def _picked(frame: pl.DataFrame, rows: Places) -> pl.DataFrame:
    """Return some rows of a frame; column by column, which wakes no threads of polars and costs a fifth."""
    places = pl.Series(rows, dtype=pl.UInt32)
    return pl.DataFrame([column[places] for column in frame])


def microseconds(moments: pl.Series) -> Places:
    """Return moments as microseconds since 1970; what is none is before all others."""
    return moments.to_numpy().view(np.int64)


def days(dates: pl.Series) -> Places:
    """Return dates as days since 1970; `NO_DAY` is none, and before all others."""
    return dates.to_numpy().view(np.int64)


def _told_by_poll(frame: pl.DataFrame, group: Group) -> _Told:
    """Return what canonical rows tell of a group; nothing where they do not tell when."""
    rows = frame.filter(pl.col(group.stamp).is_not_null())
    known = rows.select(
        pl.col(group.stamp).dt.epoch("ms").alias("when"),
        pl.col("snapshot_ts").dt.epoch("us").fill_null(0).alias("order"),
        pl.col(group.source).cast(pl.String).cast(SOURCE).to_physical().fill_null(NO_WORD).alias("source"),
        pl.col("feed").to_physical().fill_null(NO_WORD),
    )
    facts = np.empty(rows.height, _FACTS)
    for each in known:
        facts[each.name] = each.to_numpy()
    facts["received"], facts["is_streamed"] = microseconds(rows.get_column("received_ts")), False
    symbols = rows.get_column(group.key).to_list()
    return _Told(symbols, facts, rows[list(group.dtypes)], rows[list(group.dependents)] if group.dependents else None)


def _told_by_stream(events: pl.DataFrame, group: Group) -> _Told:
    """Return what events tell of a group; nothing of those without a time."""
    facts = np.empty(events.height, _FACTS)
    facts["when"] = events.get_column(group.stamp).to_numpy().astype("M8[ms]").view(np.int64)
    facts["order"] = STREAM + events.get_column("sequence").to_numpy().clip(0, MOST_SEQUENCE)
    # The same of all of them.
    facts["source"] = _SOURCES[events.item(0, "source")]
    facts["feed"] = _FEEDS[events.item(0, "feed")]
    facts["received"] = microseconds(events.get_column("received_ts"))
    facts["is_streamed"] = True
    told = _Told(events.get_column(group.key).to_list(), facts, events[list(group.dtypes)], None)
    if not events.get_column(group.stamp).has_nulls():
        return told
    return told.picked(np.flatnonzero(facts["when"] > 0).tolist())


def _replaced(held: pl.DataFrame, places: Places, told: pl.DataFrame, taken: Places, new: Places) -> pl.DataFrame:
    """Return what is held with some rows that were told in their places, and new ones at the end."""
    if taken.size:
        is_replaced, rows = np.zeros(held.height, np.bool_), np.zeros(held.height, np.int64)
        is_replaced[places], rows[places] = True, taken
        mask = pl.Series(is_replaced)
        fresh = _picked(told, rows)
        held = pl.DataFrame([each.zip_with(mask, held.get_column(each.name)) for each in fresh])
    return pl.concat([held, told[new]], rechunk=True) if new.size else held


def _newest_of_each(told: _Told) -> _Told:
    """Return the newest event of each symbol."""
    if len(set(told.symbols)) == len(told.symbols):
        return told
    in_order = np.lexsort((told.facts["order"], told.facts["when"])).tolist()
    return told.picked(list({told.symbols[row]: row for row in in_order}.values()))


def _verdict(fresh: Facts, held: Facts) -> tuple[Mask, Facts]:
    """Return which events replace those that are held, and what is known of those that stay."""
    later = fresh["when"] - held["when"]
    is_newer = (later > 0) | ((later == 0) & (fresh["order"] >= held["order"]))
    is_old = (later > _OWNED_MS) | (fresh["received"] > held["received"] + _OWNED_US)
    is_same = (fresh["source"] == held["source"]) & (fresh["source"] != NO_WORD)
    is_taken = np.where(is_same, is_newer, is_old)
    # An older event of the same vendor confirms what is held; another vendor's does not.
    is_heard = is_taken | is_same
    learnt = np.where(is_taken, fresh, held)
    learnt["received"] = np.where(is_heard, np.maximum(fresh["received"], held["received"]), held["received"])
    learnt["is_streamed"] = held["is_streamed"] | (is_heard & fresh["is_streamed"])
    return is_taken, learnt
