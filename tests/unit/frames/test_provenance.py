"""Where a frame came from, and how it becomes canonical."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import FEED, MOMENT, SOURCE, Column
from quantdata.frames.provenance import Answer, canonical, provenance

AT = datetime(2025, 10, 8, 19, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("is_simulated", "is_delayed", "feed"),
    [(False, False, None), (False, True, "delayed"), (True, False, "simulated"), (True, True, "simulated")],
)
def test_what_the_host_says_of_all_its_data_holds_for_every_row(
    *, is_simulated: bool, is_delayed: bool, feed: str | None
) -> None:
    assert Answer(source="massive", snapshot_ts=AT, is_simulated=is_simulated, is_delayed=is_delayed).feed == feed


@pytest.mark.parametrize(
    ("is_delayed", "feeds"), [(False, ["realtime", "simulated", None]), (True, ["delayed", "simulated", "delayed"])]
)
def test_a_row_is_no_fresher_than_its_answer(*, is_delayed: bool, feeds: list[str | None]) -> None:
    rows = pl.DataFrame({"feed": ["realtime", "simulated", None]}, schema={"feed": FEED})
    answer = Answer(source="massive", snapshot_ts=AT, is_delayed=is_delayed)
    expected = pl.DataFrame(
        {"source": ["massive"] * 3, "snapshot_ts": [AT] * 3, "feed": feeds},
        schema={"source": SOURCE, "snapshot_ts": MOMENT, "feed": FEED},
    )
    assert_frame_equal(rows.select(provenance(answer)), expected)


def test_canonical_puts_columns_in_order_and_dtype_and_adds_the_missing_as_null() -> None:
    columns = (
        Column("price", pl.Float64(), "USD", "a price"),
        Column("feed", FEED, "", "freshness"),
        Column("size", pl.Int64(), "shares", "a size"),
    )
    frame = pl.DataFrame({"size": [1, 2], "extra": ["x", "y"], "price": [1, 2]})
    expected = pl.DataFrame(
        {"price": [1.0, 2.0], "feed": [None, None], "size": [1, 2]},
        schema={"price": pl.Float64, "feed": FEED, "size": pl.Int64},
    )
    assert_frame_equal(frame.select(canonical(columns, frame.columns)), expected)
