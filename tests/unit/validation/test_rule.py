"""What a rule is made of."""

from __future__ import annotations

import polars as pl
import pytest

from quantdata.validation.rule import Rule, at_least, not_in_future, present, too_old
from tests.unit.validation.healthy import AT, later


def fires(passes: pl.Expr, frame: pl.DataFrame) -> list[bool]:
    return frame.select(Rule("odd", "row", "note", "it is odd", passes).fires).get_column("odd").to_list()


def test_what_cannot_be_told_does_not_fire() -> None:
    assert fires(pl.col("a") > 0, pl.DataFrame({"a": [1, 0, None]})) == [False, True, False]
    assert fires(pl.lit(None, pl.Boolean), pl.DataFrame({"a": [1]})) == [False]


def test_one_missing_value_of_several_is_missing() -> None:
    frame = pl.DataFrame({"a": [1, None, 1, None], "b": ["x", "x", None, None]})
    assert fires(present(("a", "b")), frame) == [False, True, True, True]


@pytest.mark.parametrize(("least", "expected"), [(0, [False, False, True, True, False, True]), (-1, [False] * 6)])
def test_one_value_below_is_below_whatever_is_missing(least: float, expected: list[bool]) -> None:
    frame = pl.DataFrame({"a": [0.0, 1.0, -0.5, 1.0, None, None], "b": [0, 1, 1, -1, None, -1]})
    assert fires(at_least(least, ("a", "b")), frame) == expected


def test_a_time_is_in_the_future_a_minute_after_the_answer() -> None:
    frame = pl.DataFrame({"snapshot_ts": AT, "a": [AT, later(60), later(60.000001), None], "b": [None, AT, AT, None]})
    assert fires(not_in_future(("a", "b")), frame) == [False, False, True, False]
    unknown = frame.with_columns(snapshot_ts=pl.lit(None, frame.schema["snapshot_ts"]))
    assert fires(not_in_future(("a", "b")), unknown) == [False] * 4


def test_six_refreshes_are_too_old_and_no_age_is_none() -> None:
    frame = pl.DataFrame({"age_s": [0.0, 12.0, 12.000001, None]})
    assert frame.select(too_old(2.0).fires).to_series().to_list() == [False, False, True, False]
