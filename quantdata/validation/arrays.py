"""Columns as numpy arrays and back, with NaN for null."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["floats", "series"]


def floats(frame: pl.DataFrame, *names: str) -> list[NDArray[np.float64]]:
    """Return columns as floating-point numbers, NaN for null; of times microseconds, which are exact."""
    return [frame.get_column(name).cast(pl.Float64).to_numpy() for name in names]


def series(name: str, values: NDArray[np.float64]) -> pl.Series:
    """Return a column of some numbers, null for NaN."""
    return pl.Series(name, values, nan_to_null=True)
