"""Where a frame came from, and how it becomes canonical."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import FEED, MOMENT, SOURCE, Column, schema
from quantdata.frames.provenance import Answer, canonical, one_row_each, provenance

AT = datetime(2025, 10, 8, 19, 0, tzinfo=UTC)
ANSWER = Answer(source="massive", snapshot_ts=AT)
QUOTES = (
    Column("symbol", pl.String(), "", "a symbol"),
    Column("price", pl.Float64(), "USD", "a price"),
    Column("vendor_error", pl.String(), "", "why there is none"),
    Column("received_ts", MOMENT, "", "when it came"),
    Column("feed", FEED, "", "freshness"),
)


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


# --- one row for each symbol asked ----------------------------------------------------------------------------------


def known(*rows: tuple[str, float | None, str | None, datetime]) -> pl.DataFrame:
    """Return what came of symbols: price, reason and time of each; fresh as nobody says."""
    columns = [column.name for column in QUOTES[:4]]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        pl.col("received_ts").cast(MOMENT), feed=pl.lit(None, FEED)
    )


def test_every_symbol_has_its_row_in_the_order_asked() -> None:
    came = known(("QQQ", 500.0, None, AT), ("NDX", None, "refused", AT), ("IWM", 200.0, None, AT))
    frame = one_row_each(["NDX", "XXXX", "QQQ"], came, QUOTES, answer=ANSWER, missing="nowhere")
    assert frame.schema == schema(QUOTES)
    assert frame.select("symbol", "price", "vendor_error").rows() == [
        ("NDX", None, "refused"),
        ("XXXX", None, "nowhere"),
        ("QQQ", 500.0, None),
    ]


def test_a_symbol_that_was_left_out_came_with_the_last_page_and_not_when_the_host_says() -> None:
    first, last = AT - timedelta(minutes=20), AT - timedelta(minutes=19)
    came = known(("SPY", 600.0, None, first), ("QQQ", 500.0, None, last))
    frame = one_row_each(["SPY", "XXXX", "QQQ"], came, QUOTES, answer=ANSWER, missing="nowhere")
    assert frame.get_column("received_ts").to_list() == [first, last, last]


def test_a_symbol_that_came_twice_is_refused() -> None:
    came = known(("SPY", 600.0, None, AT), ("SPY", 601.0, None, AT))
    with pytest.raises(ValueError, match="a symbol came twice"):
        one_row_each(["SPY"], came, QUOTES, answer=ANSWER, missing="nowhere")
