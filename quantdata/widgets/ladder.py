"""A chain as tables of calls and puts: which series it has, and one of them as rows by strike.

Nothing here is a price: only where in the frame each contract stands. So it is made once, and again when contracts were
listed or have expired; what is shown of a row is taken from the frame of the moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from datetime import date
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Rows: TypeAlias = NDArray[np.int64]

__all__ = ["ABSENT", "SIDES", "Grid", "Listing", "Series"]

# The legs of a strike, in the order of the table.
SIDES: Final = ("call", "put")
# The row number of a leg that is not listed.
ABSENT: Final = -1
_SERIES: Final = ("expiration", "root_symbol")


class Series(NamedTuple):
    """The contracts of one root that expire on one day: one tab of a table.

    Attributes
    ----------
    key
        ``"2026-12-18 SPXW"``.
    label
        ``"Fri 18 Dec 2026"``.
    expiration, root
        What the key is made of.
    settlement
        ``"AM"`` or ``"PM"``; None where it is not known.
    row
        The row number of one of its contracts.
    """

    key: str
    label: str
    expiration: date
    root: str
    settlement: str | None
    row: int


class Grid(NamedTuple):
    """One series by rising strike.

    Attributes
    ----------
    strikes
        Float64, one a row: USD per share.
    legs
        Int64 of shape (rows, 2): the row numbers, in the frame, of its call and its put; `ABSENT` of one not listed.
    """

    strikes: Floats
    legs: Rows


@dataclass(slots=True)
class Listing:
    """Which contracts a chain has, by series, the nearest first; of live ones and those that are over alike.

    Adjusted contracts are left out where their series has standard ones of the same root; what tells no strike, type,
    root or expiration has no place in a table. `unplaced` counts both.

    Parameters
    ----------
    contracts
        The frame's column ``contract_symbol``.
    placed
        The rows that have a place: ``row``, ``expiration``, ``root_symbol``, ``strike``, ``leg``, by series and strike.
    series
        One for each tab.
    """

    contracts: pl.Series
    placed: pl.DataFrame
    series: dict[str, Series]
    _grids: dict[str, Grid] = field(default_factory=dict)

    @classmethod
    def of(cls, chain: pl.DataFrame) -> Listing:
        """Return the listing of canonical rows; an empty chain has no series."""
        contracts = chain.get_column("contract_symbol")
        placed = _placed(chain)
        firsts = placed.unique(_SERIES, keep="first", maintain_order=True).get_column("row")
        told = chain.select(*_SERIES, "settlement")[firsts]
        series = (_series(row, *each) for row, each in zip(firsts, told.iter_rows(), strict=True))
        return cls(contracts, placed, {each.key: each for each in series})

    @property
    def unplaced(self) -> int:
        """How many rows of the frame no table shows."""
        return len(self.contracts) - self.placed.height

    def is_of(self, chain: pl.DataFrame) -> bool:
        """Tell whether a frame has the same contracts in the same rows."""
        contracts = chain.get_column("contract_symbol")
        return len(contracts) == len(self.contracts) and contracts.equals(self.contracts)

    def grid(self, key: str) -> Grid:
        """Return one of the series by strike; made when first asked for."""
        if key not in self._grids:
            series = self.series[key]
            part = self.placed.filter(expiration=series.expiration, root_symbol=series.root)
            self._grids[key] = _grid(part)
        return self._grids[key]


def _placed(chain: pl.DataFrame) -> pl.DataFrame:
    """Return where the contracts of a chain stand that have a place in a table."""
    rows = chain.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        *_SERIES,
        "strike",
        # To text first: a frame that is not ours may hold text already.
        (pl.col("option_type").cast(pl.String) == SIDES[1]).cast(pl.Int64).alias("leg"),
        pl.col("is_adjusted").fill_null(value=False),
    )
    known = rows.drop_nulls().filter(pl.col("strike").is_finite())
    standard = known.filter(~(pl.col("is_adjusted") & ~pl.col("is_adjusted").all().over(_SERIES)))
    ordered = standard.sort(*_SERIES, "strike", "leg", "row")
    return ordered.unique([*_SERIES, "strike", "leg"], keep="first", maintain_order=True).drop("is_adjusted")


def _series(row: int, expiration: date, root: str, settlement: str | None) -> Series:
    return Series(f"{expiration} {root}", f"{expiration:%a %d %b %Y}", expiration, root, settlement, row)


def _grid(part: pl.DataFrame) -> Grid:
    strikes, places = np.unique(part.get_column("strike").to_numpy(), return_inverse=True)
    legs = np.full((len(strikes), len(SIDES)), ABSENT, dtype=np.int64)
    legs[places, part.get_column("leg").to_numpy()] = part.get_column("row").to_numpy()
    return Grid(strikes, legs)
