"""Columns as arrays and back."""

from __future__ import annotations

import numpy as np
import polars as pl

from quantdata.validation.arrays import floats, series
from tests.unit.validation.healthy import AT, later


def test_null_is_nan_and_times_are_microseconds() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": [None, 2.5], "at": [AT, later(0.000001)]})
    a, b, at = floats(frame, "a", "b", "at")
    assert np.array_equal(a, [1.0, np.nan], equal_nan=True)
    assert np.array_equal(b, [np.nan, 2.5], equal_nan=True)
    assert at[1] - at[0] == 1.0


def test_nan_is_null() -> None:
    assert series("a", np.array([1.0, np.nan])).to_list() == [1.0, None]
