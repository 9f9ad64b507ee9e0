"""A plan: the rules of a kind in one pass."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import pytest

from quantdata.validation.fused import Plan, finite, not_finite
from quantdata.validation.rule import Rule, too_old

NAN: Final = float("nan")
RULES: Final = (
    not_finite(("a", "b")),
    too_old(5.0),
    Rule("bad_a", "row", "error", "a is not above 0", pl.col("a") > 0),
    Rule("odd_b", "row", "warning", "b is not 1", pl.col("b") == 1),
    Rule("delayed_feed", "row", "warning", "it is late", ~pl.col("is_late")),
)


def plan(*, ages: bool = True) -> Plan:
    rules = RULES if ages else tuple(rule for rule in RULES if rule.name != "too_old")
    return Plan(rules, numbers=("a", "b"), prepare=lambda frame: frame, has_groups=False)


def rows(**values: list[Any]) -> pl.DataFrame:
    usual: dict[str, list[Any]] = {"a": [1.0], "b": [1.0], "age_s": [0.0], "is_late": [False]}
    count = max(len(each) for each in (usual | values).values())
    columns = {name: each * (count if len(each) == 1 else 1) for name, each in (usual | values).items()}
    return pl.DataFrame(
        columns, schema_overrides={"a": pl.Float64, "b": pl.Float64, "age_s": pl.Float64, "is_late": pl.Boolean}
    )


def judged(frame: pl.DataFrame, *, ages: bool = True, cadence_s: float = 5.0) -> list[tuple[object, ...]]:
    _, quality = plan(ages=ages).judge(frame, cadence_s=cadence_s)
    return pl.DataFrame(quality).select("confidence", "is_stale", "errors", "warnings").rows()


def test_each_row_gets_its_verdict() -> None:
    frame = rows(a=[1.0, -1.0, 1.0, None], b=[1.0, 1.0, 2.0, 1.0])
    assert judged(frame) == [
        (100, False, [], []),
        (0, False, ["bad_a"], []),
        (95, False, [], ["odd_b"]),
        (100, False, [], []),
    ]


@pytest.mark.parametrize("value", [NAN, float("inf"), float("-inf")])
def test_what_is_no_number_is_an_error_and_null_to_all_other_rules(value: float) -> None:
    frame = rows(a=[1.0, value], b=[value, 1.0])
    clean, quality = plan().judge(frame)
    assert clean.select("a", "b").rows() == [(1.0, None), (None, 1.0)]
    assert pl.DataFrame(quality).get_column("errors").to_list() == [["not_finite"], ["not_finite"]]


def test_opposite_infinities_do_not_hide_each_other() -> None:
    assert [row[2] for row in judged(rows(a=[float("inf"), float("-inf"), 1.0]))] == [["not_finite"]] * 2 + [[]]


def test_numbers_with_an_infinite_sum_are_numbers() -> None:
    clean, quality = plan().judge(rows(a=[1.7e308, 1.7e308]))
    assert clean.get_column("a").to_list() == [1.7e308, 1.7e308]
    assert pl.DataFrame(quality).get_column("errors").to_list() == [[], []]


def test_age_counts_against_the_refresh_that_is_given() -> None:
    frame = rows(age_s=[2.0, 2.1, 6.0, 6.1, 12.0, 12.1, None])
    assert [row[:3] for row in judged(frame, cadence_s=2.0)] == [
        (100, False, []),
        (90, True, []),
        (90, True, []),
        (75, True, []),
        (75, True, []),
        (0, True, ["too_old"]),
        (100, False, []),
    ]


def test_what_is_late_by_plan_counts_three_quarters_at_any_age() -> None:
    frame = rows(age_s=[0.0, 6.0, 16.0, 0.0], is_late=[True, True, True, None])
    assert [row[0] for row in judged(frame)] == [71, 71, 71, 100]


def test_a_kind_without_age_knows_none() -> None:
    assert judged(rows(age_s=[1e9]), ages=False) == [(100, False, [], [])]


def test_finite_keeps_numbers_and_nulls() -> None:
    assert rows(a=[1.0, NAN, None, float("inf")]).select(finite(["a"])).to_series().to_list() == [1.0, None, None, None]
