"""Massive's prints as a tape: exact to the nanosecond, oldest first."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import TRADES, empty, schema
from quantdata.frames.massive.trades import trade_page, trades

# Odd and above 2**53, so a float would change them.
FIRST_NS, SECOND_NS = 1_759_949_999_123_456_789, 1_759_949_999_123_456_791


def tape(*pages: list[dict[str, Any]], feed: str | None = None) -> pl.DataFrame:
    return trades([trade_page(json.dumps(page).encode()) for page in pages], "SPY", feed=feed)


def test_a_whole_print() -> None:
    frame = tape(
        [
            {
                "sip_timestamp": SECOND_NS,
                "participant_timestamp": FIRST_NS,
                "price": 675.01,
                "size": 10,
                "decimal_size": "10.25",
                "exchange": 11,
                "conditions": [12, 37],
                "correction": 1,
                "sequence_number": 7_179_341,
                "id": "183276",
                "tape": 3,
            }
        ],
        feed="delayed",
    )
    assert frame.schema == schema(TRADES)
    assert frame.select("ts", "participant_ts").select(pl.all().to_physical()).row(0) == (SECOND_NS, FIRST_NS)
    assert frame.drop("ts", "participant_ts").row(0) == (
        "SPY", 675.01, 10.25, "11", [12, 37], 1, 7_179_341, "183276", "massive", "delayed",
    )  # fmt: skip


def test_an_option_print_has_few_fields() -> None:
    row = tape([{"sip_timestamp": FIRST_NS, "price": 6.91, "size": 1, "exchange": 302}]).row(0, named=True)
    assert (row["price"], row["size"], row["exchange"]) == (6.91, 1.0, "302")
    for name in ("participant_ts", "conditions", "correction", "sequence", "trade_id", "feed"):
        assert row[name] is None


def test_no_prints_have_the_schema_of_some() -> None:
    assert_frame_equal(tape([]), empty(TRADES))


def test_prints_of_one_instant_come_in_the_order_of_their_sequence() -> None:
    frame = tape(
        [
            {"sip_timestamp": FIRST_NS, "sequence_number": 1, "price": 2},
            {"sip_timestamp": FIRST_NS, "sequence_number": 0, "price": 1},
        ],
        [{"sip_timestamp": SECOND_NS, "sequence_number": 2, "price": 3}],
    )
    assert frame.get_column("price").to_list() == [1.0, 2.0, 3.0]


def test_time_comes_before_the_sequence_which_starts_anew_each_day() -> None:
    frame = tape(
        [{"sip_timestamp": FIRST_NS, "sequence_number": 9}, {"sip_timestamp": SECOND_NS, "sequence_number": 1}]
    )
    assert frame.get_column("sequence").to_list() == [9, 1]


@pytest.mark.parametrize(
    "pages",
    [
        [[{"sip_timestamp": SECOND_NS}, {"sip_timestamp": FIRST_NS}]],
        [[{"sip_timestamp": SECOND_NS}], [{"sip_timestamp": FIRST_NS}]],
        [[{"sip_timestamp": FIRST_NS}, {"sip_timestamp": SECOND_NS}]] * 2,
        [[{"sip_timestamp": FIRST_NS}, {"price": 1.0}]],
        [[{"sip_timestamp": None}]],
    ],
    ids=["within a page", "between pages", "a page twice", "no time", "null"],
)
def test_prints_without_a_time_or_out_of_order_are_refused(pages: list[list[dict[str, Any]]]) -> None:
    # The client asks for rising times: anything else is a page that overlaps, or one that was lost.
    with pytest.raises(ValueError, match="without a time, or out of order"):
        tape(*pages)


def test_prints_of_one_instant_without_a_sequence_keep_the_vendors_order() -> None:
    rows = [{"sip_timestamp": FIRST_NS, "price": price} for price in range(200)]
    assert tape(rows).get_column("price").to_list() == [float(price) for price in range(200)]


@pytest.mark.parametrize(("decimal", "size"), [("0.125", 0.125), (None, 7.0), ("", 7.0), ("many", 7.0)])
def test_a_decimal_size_counts_where_it_can_be_read(decimal: str | None, size: float) -> None:
    frame = tape([{"sip_timestamp": FIRST_NS, "price": 1, "size": 7, "decimal_size": decimal}])
    assert frame.item(0, "size") == size
