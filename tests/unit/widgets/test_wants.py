"""What a page asks for is read as if anybody had written it: bounds hold, nonsense is ignored and counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantdata.widgets.order import Sort
from quantdata.widgets.wants import MOST_ROWS, Wants, read_rows, read_wants

DEFAULT = Wants(series="2026-12-18 SPY", first=3, last=9, sort=Sort("bid", 1), filters={"delta": (0.1, None)})
ROWS = {"first": 0, "last": 20}


def _read(told: Any) -> tuple[Wants, int]:
    return read_wants(told, DEFAULT, fields={"bid", "delta"})


def test_all_that_a_page_asks_for_is_read() -> None:
    told = {
        "series": "2027-01-15 SPY",
        "first": 10,
        "last": 39,
        "sort": {"field": "delta", "leg": 1, "descending": True},
        "filters": {"volume": [10, None], "moneyness": [0.9, 1.1]},
    }
    filters = {"volume": (10, None), "moneyness": (0.9, 1.1)}
    assert _read(told) == (Wants("2027-01-15 SPY", 10, 39, Sort("delta", 1, descending=True), filters), 0)


def test_what_it_leaves_out_is_the_tables_own() -> None:
    assert _read(ROWS) == (DEFAULT._replace(first=0, last=20), 0)
    assert _read({**ROWS, "series": None, "sort": None, "filters": None}) == _read(ROWS)


def test_no_filters_are_none_and_open_ones_hold_nobody_back() -> None:
    assert _read({**ROWS, "filters": {}})[0].filters == {}
    assert _read({**ROWS, "filters": {"volume": [None, None]}})[0].filters == {}


def test_an_order_by_strike_has_no_leg() -> None:
    assert _read({**ROWS, "sort": {"field": "strike", "leg": 1}})[0].sort == Sort()


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"first": 0},
        {"first": "0", "last": 3},
        {"first": True, "last": 3},
        {"first": float("nan"), "last": 3},
        {**ROWS, "series": 5},
        {**ROWS, "series": "x" * 65},
        {**ROWS, "sort": "bid"},
        {**ROWS, "sort": {"field": "vega"}},
        {**ROWS, "sort": {"field": ["bid"]}},
        {**ROWS, "sort": {"field": "bid", "leg": 2}},
        {**ROWS, "sort": {"field": "bid", "descending": 1}},
        {**ROWS, "filters": []},
        {**ROWS, "filters": {"bid": [1, 2]}},
        {**ROWS, "filters": {"volume": [2, 1]}},
        {**ROWS, "filters": {"volume": [1]}},
        {**ROWS, "filters": {"volume": "all"}},
        {**ROWS, "filters": {"volume": ["1", None]}},
        {**ROWS, "filters": {"volume": [float("inf"), None]}},
    ],
)
def test_nonsense_is_counted_once_and_changes_nothing_else(told: Any) -> None:
    wants, nonsense = _read(told)
    assert nonsense == 1
    assert wants._replace(first=3, last=9) == DEFAULT


@pytest.mark.parametrize(
    ("first", "last", "rows"),
    [
        (-5, 3, (0, 3)),
        (7.9, 9.9, (7, 9)),
        (9, 3, (9, 9)),
        (0, 10**9, (0, MOST_ROWS - 1)),
        (10**9, 10**9, (1_000_000, 1_000_000 + MOST_ROWS - 1)),
    ],
)
def test_rows_are_brought_within_bounds(first: float, last: float, rows: tuple[int, int]) -> None:
    assert read_rows({"first": first, "last": last}) == rows


def test_rows_in_view_are_no_other_wish() -> None:
    assert DEFAULT.are_as(DEFAULT._replace(first=50, last=70))
    assert not DEFAULT.are_as(DEFAULT._replace(series=None))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("series", "first", "last", "sort", "filters")


@given(ANYTHING | st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, ANYTHING)))
def test_whatever_comes_is_read_within_bounds(told: Any) -> None:
    wants, _ = _read(told)
    assert 0 <= wants.first <= wants.last < wants.first + MOST_ROWS
