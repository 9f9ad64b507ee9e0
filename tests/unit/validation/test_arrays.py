"""Columns as arrays and back."""

from __future__ import annotations

import numpy as np
import polars as pl

from quantdata.validation.arrays import equals, floats, series, with_series
from tests.unit.validation.healthy import AT, later


def test_null_is_nan_and_times_are_microseconds() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": [None, 2.5], "at": [AT, later(0.000001)]})
    a, b, at = floats(frame, "a", "b", "at")
    assert np.array_equal(a, [1.0, np.nan], equal_nan=True)
    assert np.array_equal(b, [np.nan, 2.5], equal_nan=True)
    assert at[1] - at[0] == 1.0


def test_nan_is_null() -> None:
    assert series("a", np.array([1.0, np.nan])).to_list() == [1.0, None]


def test_equal_is_one_unequal_is_zero_and_unknown_is_nan() -> None:
    column = pl.Series(["call", "put", None], dtype=pl.Enum(["call", "put"]))
    assert np.array_equal(equals(column, "call"), [1.0, 0.0, np.nan], equal_nan=True)
    assert np.array_equal(equals(column, column), [1.0, 1.0, np.nan], equal_nan=True)


def test_columns_take_the_places_of_their_namesakes_and_leave_the_frame_as_it_was() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [3, 4]})
    with_more = with_series(frame, [pl.Series("c", [5, 6]), pl.Series("a", ["x", "y"])])
    assert with_more.to_dict(as_series=False) == {"a": ["x", "y"], "b": [3, 4], "c": [5, 6]}
    assert frame.to_dict(as_series=False) == {"a": [1, 2], "b": [3, 4]}
    assert with_series(frame, []).equals(frame)
