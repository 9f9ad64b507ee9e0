"""What a lake holds: each dataset's columns, its order, and what one piece (one file) of it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.frames.columns import BARS, CHAIN, EQUITY_QUOTES, FLOW, INDEX_QUOTES, TRADES, schema

if TYPE_CHECKING:
    from quantdata.frames.columns import Column

__all__ = ["DATASETS", "Dataset", "dataset_of", "stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One kind of frame in a lake.

    Attributes
    ----------
    name
        Of its folder.
    columns
        What every file holds.
    sort
        Columns that rows are sorted by within a piece, nulls first.
    unique
        Column that no two rows of a piece share; None where rows may repeat.
    moment
        Column of the time that a row is of.
    symbol
        Column of the symbol; None where the frame does not hold it.
    is_snapshot
        Whether a piece is one snapshot; else it is one session.
    has_many_symbols
        Whether a piece holds all symbols of a snapshot; else it is of one.
    has_hours
        Whether it matters which trading hours were asked for.
    """

    name: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...]
    unique: str | None = None
    moment: str = "snapshot_ts"
    symbol: str | None = "symbol"
    is_snapshot: bool = True
    has_many_symbols: bool = False
    has_hours: bool = False

    @property
    def schema(self) -> pl.Schema:
        """The canonical dtypes."""
        return schema(self.columns)

    @property
    def is_bars(self) -> bool:
        """Whether its rows are bars."""
        return self.columns is BARS


def _bars(timeframe: str) -> Dataset:
    return Dataset(
        name=f"bars_{timeframe}",
        columns=BARS,
        sort=("ts",),
        unique="ts",
        moment="ts",
        is_snapshot=False,
        has_hours=timeframe != "1d",
    )


_ALL: Final = (
    Dataset(
        name="chains",
        columns=CHAIN,
        sort=("expiration", "root_symbol", "strike", "option_type", "contract_symbol"),
        unique="contract_symbol",
        symbol="underlying_symbol",
    ),
    *(_bars(timeframe) for timeframe in ("1m", "5m", "15m", "30m", "1h", "1d")),
    Dataset(
        name="trades",
        columns=TRADES,
        sort=("ts", "sequence"),
        moment="ts",
        is_snapshot=False,
        has_hours=True,
    ),
    Dataset(name="quotes", columns=EQUITY_QUOTES, sort=("symbol",), unique="symbol", has_many_symbols=True),
    Dataset(name="indices", columns=INDEX_QUOTES, sort=("symbol",), unique="symbol", has_many_symbols=True),
    Dataset(name="flow", columns=FLOW, sort=("contract_symbol",), unique="contract_symbol", symbol=None),
)
DATASETS: Final = {dataset.name: dataset for dataset in _ALL}


def dataset_of(name: object) -> Dataset:
    """Return a dataset by its name.

    Raises
    ------
    ArgumentError
        If there is none; the message names them all.
    """
    found = DATASETS.get(name) if isinstance(name, str) else None
    if found is None:
        raise ArgumentError(f"no dataset {name!r}: there are {', '.join(DATASETS)}")
    return found


def stored(dtype: pl.DataType) -> pl.DataType:
    """Return the dtype that a column has in a file: words are text there, which every program reads alike."""
    return pl.String() if isinstance(dtype, pl.Enum) else dtype
