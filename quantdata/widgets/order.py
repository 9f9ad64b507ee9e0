"""Which strikes of a series are shown, and in which order: by strike, or by what a field says of its calls or puts."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quantdata.frames.chain import current_volume, newest_session
from quantdata.sessions import FIRST_DAY, LAST_DAY, session_day
from quantdata.widgets.ladder import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from quantdata.widgets.ladder import Floats, Grid, Rows

    # By name: the lowest and the highest that pass, both included; None is an open end.
    Filters: TypeAlias = Mapping[str, tuple[float | None, float | None]]

__all__ = ["BY_STRIKE", "FILTERS", "NO_FILTERS", "Ladder", "Sort", "ladder", "passing", "taken"]

FILTERS: Final = ("moneyness", "delta", "volume", "open_interest", "spread_percent", "confidence")
STRIKE: Final = "strike"
_READ: Final = (*FILTERS, "day_session", "snapshot_ts")


class Sort(NamedTuple):
    """What rows are ordered by: the strike, or a field of the calls (leg 0) or puts (leg 1)."""

    field: str = STRIKE
    leg: int = 0
    descending: bool = False


BY_STRIKE: Final = Sort()
NO_FILTERS: Final[Filters] = MappingProxyType({})


class Ladder(NamedTuple):
    """The rows of a table, from the top.

    Attributes
    ----------
    strikes
        Float64, one a row: USD per share.
    legs
        Int64 of shape (rows, 2): row numbers in the frame; ``-1`` of a leg that is not listed.
    """

    strikes: Floats
    legs: Rows

    def is_as(self, other: Ladder) -> bool:
        """Tell whether another has the same rows in the same order."""
        return np.array_equal(self.legs, other.legs) and np.array_equal(self.strikes, other.strikes)

    def nearest(self, price: float | None) -> int | None:
        """Return the row of the strike nearest a price; None without price or rows. Only of rows by strike."""
        if price is None or not len(self.strikes):
            return None
        return int(np.abs(self.strikes - price).argmin())


def ladder(grid: Grid, chain: pl.DataFrame, *, sort: Sort = BY_STRIKE, filters: Filters = NO_FILTERS) -> Ladder:
    """Return a series as it is to be shown.

    Parameters
    ----------
    grid
        All of the series.
    chain
        The frame that it is of.
    sort
        A strike whose leg has no value, or is not listed, comes last, whichever way the others are.
    filters
        A strike stays if one of its legs passes all of them; a null passes none.
    """
    strikes, legs = grid
    if filters:
        stays = passing(chain, legs, filters).any(axis=1)
        strikes, legs = strikes[stays], legs[stays]
    if sort == BY_STRIKE:
        return Ladder(strikes, legs)
    order = _order(strikes, legs, chain, sort)
    return Ladder(strikes[order], legs[order])


def _order(strikes: Floats, legs: Rows, chain: pl.DataFrame, sort: Sort) -> Rows:
    """Return the rows in order: equal ones by rising strike."""
    if sort.field == STRIKE:
        return np.argsort(-strikes, kind="stable")
    values = taken(chain.select(pl.col(sort.field).cast(pl.Float64)), legs[:, sort.leg])[:, 0]
    return np.lexsort((strikes, -values if sort.descending else values))


def passing(chain: pl.DataFrame, legs: Rows, filters: Filters) -> NDArray[np.bool_]:
    """Return which legs are listed and pass all filters, of the shape of ``legs``.

    ``delta`` is taken without its sign; ``volume`` of an older session than the chain's counts as 0.
    """
    passes: NDArray[np.bool_] = legs != ABSENT
    if filters and len(chain):
        rows = chain.select(_READ)[np.maximum(legs, 0).reshape(-1)]
        newest = rows.get_column("snapshot_ts").max()
        within = rows.select(
            pl.all_horizontal(_is_within(_measure(name, newest), *ends) for name, ends in filters.items())
        ).to_series()
        passes &= within.to_numpy().reshape(legs.shape)
    return passes


def _is_within(measure: pl.Expr, low: float | None, high: float | None) -> pl.Expr:
    # As numbers with a point: a volume may be held against 0.5.
    ends = -np.inf if low is None else low, np.inf if high is None else high
    return measure.cast(pl.Float64).is_between(*ends).fill_null(value=False)


def _measure(name: str, newest: Any) -> pl.Expr:
    if name == "delta":
        return pl.col("delta").abs()
    if name == "volume" and newest is not None and FIRST_DAY < session_day(newest) <= LAST_DAY:
        return current_volume(newest_session(newest))
    return pl.col(name)


def taken(numbers: pl.DataFrame, rows: Rows) -> Floats:
    """Return some rows of a frame of Float64 as a matrix; NaN is null, and a whole row of one that is `ABSENT`."""
    if not len(numbers):
        return np.full((len(rows), numbers.width), np.nan)
    found = numbers[np.maximum(rows, 0)].to_numpy(writable=True)
    found[rows == ABSENT] = np.nan
    return found
