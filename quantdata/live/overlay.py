"""Canonical rows with what is newest of their groups; rows are neither added nor lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.frames.columns import FEED, MOMENT, SOURCE
from quantdata.live.groups import STREAM
from quantdata.live.merging import NO_DAY, NO_WORD, days, microseconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.live.groups import Group
    from quantdata.live.merging import Facing, Newest

    Mask = NDArray[np.bool_]
    Words = NDArray[np.uint8]

__all__ = ["Ground", "overlaid"]

_SOURCES: Final = pl.Series([*SOURCE.categories, None], dtype=SOURCE)
_FEEDS: Final = pl.Series([*FEED.categories, None], dtype=FEED)
_HYBRID: Final = SOURCE.categories.to_list().index("hybrid")


class Ground:
    """Canonical rows, as polls answered them, that events are laid over.

    Where they have none of a group, or do not tell its time, polls before them have no say: what a vendor does not send
    any more is not there any more. A stream's event is.

    Parameters
    ----------
    frame
        The rows.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._keys: dict[str, pl.Series] = {}
        self._source, self._feed = _places_of(frame.get_column("source")), _places_of(frame.get_column("feed"))
        self._received = microseconds(frame.get_column("received_ts"))

    def under(self, *groups: Newest) -> pl.DataFrame:
        """Return the rows with what is newest of some groups, of other columns each."""
        told = [newest for newest in groups if len(newest)]
        if not told:
            return self.frame
        changed: dict[str, pl.Series] = {}
        is_mixed = np.zeros(self.frame.height, bool)
        feed, received = self._feed, self._received
        for newest in told:
            group = newest.group
            facing = newest.facing(self._keys.setdefault(group.key, self.frame.get_column(group.key)))
            facts, is_taken = facing.facts, facing.is_known & _is_shown(self.frame, facing, group)
            changed |= _mixed(facing.values, self.frame, where=is_taken)
            changed |= _dependents(self.frame, facing, is_taken, group)
            is_mixed |= is_taken & self._is_of_another(facts["source"])
            # The least fresh of all groups.
            feed = np.where(is_taken, np.minimum(facts["feed"], feed), feed)
            if group.is_confirming:
                received = np.where(is_taken, np.maximum(facts["received"], received), received)
        source = np.where(is_mixed, np.uint8(_HYBRID), self._source)
        changed |= {
            "source": _in_words("source", source, _SOURCES),
            "feed": _in_words("feed", feed, _FEEDS),
            "received_ts": pl.Series("received_ts", received.view("M8[us]")).cast(MOMENT),
        }
        return pl.DataFrame([changed.get(name, self.frame.get_column(name)) for name in self.frame.columns])

    def _is_of_another(self, source: Words) -> Mask:
        is_another: Mask = (source != self._source) & (source != NO_WORD) & (self._source != NO_WORD)
        return is_another


def overlaid(frame: pl.DataFrame, *groups: Newest) -> pl.DataFrame:
    """Return canonical rows with what is newest of some groups: see `Ground`."""
    return Ground(frame).under(*groups) if any(map(len, groups)) else frame


def _is_shown(frame: pl.DataFrame, facing: Facing, group: Group) -> Mask:
    """Tell which events count beside what the frame tells of their group."""
    if group.is_polled:
        is_told: Mask = ~np.isnat(frame.get_column(group.stamp).to_numpy())
        return is_told | (facing.facts["order"] >= STREAM)
    own, told = days(frame.get_column("day_session")), days(facing.values.get_column("day_session"))
    volume, told_volume = (each.get_column("volume").to_numpy() for each in (frame, facing.values))
    # Providers have the same places among providers as among sources.
    is_same = _places_of(frame.get_column("day_source")) == facing.facts["source"]
    is_further = (told == own) & is_same & (told_volume > np.nan_to_num(volume))
    is_shown: Mask = (own == NO_DAY) | (told > own) | is_further
    return is_shown


def _dependents(frame: pl.DataFrame, facing: Facing, is_taken: Mask, group: Group) -> dict[str, pl.Series]:
    """Return what the vendors made of the group's events: nothing where a stream told one."""
    if not group.dependents:
        return {}
    own = frame[list(group.dependents)]
    is_bare = facing.is_known & facing.facts["is_streamed"]
    is_given = is_taken & ~is_bare
    given = pl.DataFrame(_mixed(facing.dependents(), own, where=is_given)) if is_given.any() else own
    return _mixed(facing.bare, given, where=is_bare) if is_bare.any() else given.to_dict()


def _mixed(some: pl.DataFrame, others: pl.DataFrame, *, where: Mask) -> dict[str, pl.Series]:
    """Return the columns of some rows where they count, else those of others."""
    mask = pl.Series(where)
    return {each.name: each.zip_with(mask, others.get_column(each.name)) for each in some}


def _places_of(words: pl.Series) -> Words:
    """Return the places of words among those of their dtype."""
    places = words.to_physical()
    return (places.fill_null(NO_WORD) if places.has_nulls() else places).to_numpy()


def _in_words(name: str, places: Words, words: pl.Series) -> pl.Series:
    return words[np.minimum(places, len(words) - 1)].alias(name)
