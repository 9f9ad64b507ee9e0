"""Columns as numpy arrays and back, with NaN for null, and frames with such columns: no query is planned for either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["equals", "floats", "series", "with_series"]


def floats(frame: pl.DataFrame, *names: str) -> list[NDArray[np.float64]]:
    """Return columns as floating-point numbers, NaN for null; of times microseconds, which are exact."""
    return [frame.get_column(name).cast(pl.Float64).to_numpy() for name in names]


def equals(column: pl.Series, other: pl.Series | str) -> NDArray[np.float64]:
    """Return 1 where a column equals another or a word, else 0; NaN where either is null."""
    return (column == other).cast(pl.Float64).to_numpy()


def series(name: str, values: NDArray[np.float64]) -> pl.Series:
    """Return a column of some numbers, null for NaN."""
    return pl.Series(name, values, nan_to_null=True)


def with_series(frame: pl.DataFrame, columns: Iterable[pl.Series]) -> pl.DataFrame:
    """Return a frame with more columns, in the places of those of the same names, else at the end.

    As `polars.DataFrame.with_columns`, whose query takes a tenth of a millisecond on a busy machine.
    """
    places = {name: place for place, name in enumerate(frame.columns)}
    result, new = frame.clone(), []
    for column in columns:
        if column.name in places:
            result.replace_column(places[column.name], column)
        else:
            new.append(column)
    return result.hstack(new)
