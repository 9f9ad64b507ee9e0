"""Filling gaps, whatever is missing where."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantdata.frames import columns
from quantdata.hybrid.filling import FILLABLE, filled
from tests.unit.hybrid.chains import NOW, chain, row

if TYPE_CHECKING:
    import polars as pl

OLDEST = timedelta(minutes=15)
STRIKES = (590.0, 595.0, 600.0, 605.0, 610.0)
SOURCES = ("quote_source", "trade_source", "day_source", "open_interest_source", "greeks_source")
GROUPS = {
    "quote_source": columns.QUOTE,
    "trade_source": columns.TRADE,
    "day_source": columns.DAY,
    "open_interest_source": columns.OPEN_INTEREST,
    "iv_source": columns.VOLATILITY,
    "greeks_source": columns.GREEKS,
}


def rows(source: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    lacking = st.lists(st.sampled_from(SOURCES), unique=True, max_size=3)
    changes: list[dict[str, Any]] = [
        {},
        {"multiplier": 10},
        {"quote_confidence": 0},
        {"bid": 0.0, "mid": None},
        {"volume": 0},
    ]
    odd = st.sampled_from(changes)
    ages = st.integers(0, 1_500)
    one = st.tuples(st.sampled_from(STRIKES), st.sampled_from(["call", "put"]), lacking, odd, ages)
    return st.lists(one, unique_by=lambda each: each[:2], min_size=1, max_size=8).map(
        lambda found: [
            row(
                source,
                strike,
                option_type,
                **dict.fromkeys(lacks),
                received_ts=NOW - timedelta(seconds=age),
                bid_size=1 if source == "massive" else 2,
                **values,
            )
            for strike, option_type, lacks, values, age in found
        ]
    )


MASSIVE, TRADIER = rows("massive").map(lambda found: chain(*found)), rows("tradier").map(lambda found: chain(*found))


@given(MASSIVE, TRADIER)
def test_rows_and_keys_stay(mine: pl.DataFrame, theirs: pl.DataFrame) -> None:
    result, count = filled(mine, theirs, oldest=OLDEST, now=NOW)
    assert result.schema == mine.schema
    keys = [column.name for column in columns.CONTRACT if column.name != "tick_size"]
    assert_frame_equal(result.select(keys), mine.select(keys))
    assert count == result.filter(source="hybrid").height


@given(MASSIVE, TRADIER)
def test_filling_twice_changes_nothing(mine: pl.DataFrame, theirs: pl.DataFrame) -> None:
    once, _ = filled(mine, theirs, oldest=OLDEST, now=NOW)
    twice, count = filled(once, theirs, oldest=OLDEST, now=NOW)
    assert_frame_equal(twice, once)
    assert count == 0


@given(MASSIVE, TRADIER)
def test_no_value_is_without_a_source_and_no_group_is_mixed(mine: pl.DataFrame, theirs: pl.DataFrame) -> None:
    """Every group is, value by value, that of the vendor that it names, or as empty as it was."""
    result, _ = filled(mine, theirs, oldest=OLDEST, now=NOW)
    given_by = {
        vendor: {each["contract_symbol"]: each for each in frame.to_dicts()}
        for vendor, frame in {"massive": mine, "tradier": theirs}.items()
    }
    for each in result.to_dicts():
        for source, group in GROUPS.items():
            names = [column.name for column in group]
            if each[source] is None:
                assert all(each[name] is None for name in names if not name.endswith("_feed"))
            else:
                origin = given_by[each[source]][each["contract_symbol"]]
                assert [each[name] for name in names] == [origin[name] for name in names]


@given(MASSIVE, TRADIER)
def test_what_was_there_stays_but_for_what_was_computed_from_a_quote_that_was_not(
    mine: pl.DataFrame, theirs: pl.DataFrame
) -> None:
    result, _ = filled(mine, theirs, oldest=OLDEST, now=NOW)
    for before, after in zip(mine.to_dicts(), result.to_dicts(), strict=True):
        for group in FILLABLE:
            if before[group.source] is not None:
                assert [after[name] for name in group.columns] == [before[name] for name in group.columns]
        if before["quote_source"] is not None:
            assert after["delta"] == before["delta"]
        assert after["received_ts"] <= before["received_ts"]
