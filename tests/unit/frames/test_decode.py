"""JSON to wire columns: nothing inferred, nothing rounded, four ways of saying nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.decode import moment, nanoseconds, rows, session_date, stamped

WIRE = {
    "price": pl.Float64(),
    "t": pl.Int64(),
    "name": pl.String(),
    "ids": pl.List(pl.Int64()),
    "quote": pl.Struct({"bid": pl.Float64(), "t": pl.Int64()}),
}
# Odd, and above 2**53: a float of seconds or nanoseconds would change it.
EXACT_NS = 1_759_896_000_123_456_789


def one(value: int | None, expression: pl.Expr) -> object:
    return pl.DataFrame({"t": [value]}, schema={"t": pl.Int64}).select(expression).item()


# --- rows -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "results", [b"[]", b"[{}]", b'[{"price": 1.5, "quote": {"bid": 1.0}}]', b'{"name": "SPX"}', b'[{"unknown": 1}]']
)
def test_every_answer_has_the_same_schema(results: bytes) -> None:
    assert rows(results, WIRE).schema == pl.Schema(WIRE)


def test_absent_and_null_are_null() -> None:
    nothing: dict[str, object] = dict.fromkeys(WIRE)
    assert rows(b'[{}, {"price": null, "t": null, "ids": null, "quote": null}]', WIRE).rows(named=True) == [
        nothing,
        nothing,
    ]


@pytest.mark.parametrize("block", ["{}", "null", '{"bid": null}', '{"unknown": {"bid": 1}}'])
def test_an_empty_block_has_null_fields(block: str) -> None:
    frame = rows(b'[{"quote": %s}]' % block.encode(), WIRE)
    assert frame.select(pl.col("quote").struct.unnest()).row(0) == (None, None)


def test_one_object_is_a_list_of_one() -> None:
    assert_frame_equal(rows(b'{"price": 2}', WIRE), rows(b'[{"price": 2}]', WIRE))


def test_unknown_fields_are_left_out() -> None:
    frame = rows(b'[{"price": 1, "fmv": 2, "more": {"bid": [1, 2]}}]', WIRE)
    assert frame.columns == list(WIRE)
    assert frame.item(0, "price") == 1.0


def test_a_whole_number_is_a_float_and_a_whole_float_is_an_integer() -> None:
    frame = rows(b'[{"price": 18, "t": 642646396.0}]', WIRE)
    assert (frame.item(0, "price"), frame.item(0, "t")) == (18.0, 642_646_396)


def test_nanoseconds_are_read_exactly_at_every_depth() -> None:
    frame = rows(b'[{"t": %d, "quote": {"t": %d}, "ids": [%d]}]' % (EXACT_NS, EXACT_NS + 1, EXACT_NS + 2), WIRE)
    assert frame.item(0, "t") == EXACT_NS
    assert frame.select(pl.col("quote").struct.field("t")).item() == EXACT_NS + 1
    assert frame.item(0, "ids").to_list() == [EXACT_NS + 2]


def test_a_zero_is_a_zero_and_an_empty_list_is_empty() -> None:
    frame = rows(b'[{"price": 0, "ids": []}]', WIRE)
    assert frame.select("price", "ids").row(0) == (0.0, [])


@pytest.mark.parametrize(
    "results",
    [
        b'[{"price": "1.5"}]',
        b'[{"price": {}}]',
        b'[{"price": NaN}]',
        b'[{"price": 1e999}]',
        b'[{"quote": []}]',
        b"[null]",
        b"[1]",
        b'"text"',
        b'[{"price": 1',
        b"[{}]]",
    ],
)
def test_json_of_another_shape_is_refused_in_one_line(results: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        rows(results, WIRE)
    assert isinstance(caught.value.__cause__, pl.exceptions.PolarsError)


def test_a_refusal_never_quotes_the_whole_answer() -> None:
    with pytest.raises(ValueError, match="error deserializing value") as caught:
        rows(b'[{"quote": [%s]}]' % b", ".join([b'"SPY"'] * 1_000), WIRE)
    assert len(str(caught.value)) == 200


# --- time -----------------------------------------------------------------------------------------------------------


def test_milliseconds_and_nanoseconds_are_told_apart_by_size() -> None:
    t = pl.col("t")
    assert one(1_759_896_000_123, nanoseconds(t)) == 1_759_896_000_123_000_000
    assert one(EXACT_NS, nanoseconds(t)) == EXACT_NS


@pytest.mark.parametrize("nothing", [None, 0, -1])
def test_no_time_is_null(nothing: int | None) -> None:
    assert one(nothing, nanoseconds(pl.col("t"))) is None
    assert one(nothing, moment(pl.col("t"))) is None
    assert one(nothing, session_date(pl.col("t"))) is None


def test_a_moment_drops_what_is_below_a_microsecond() -> None:
    expected = datetime(2025, 10, 8, 4, 0, 0, 123456, tzinfo=UTC)
    assert one(EXACT_NS, moment(pl.col("t"))) == expected
    frame = pl.DataFrame({"t": [EXACT_NS]}).select(moment(pl.col("t")))
    assert frame.schema == {"t": pl.Datetime("us", "UTC")}


@pytest.mark.parametrize(
    ("milliseconds", "day"),
    [
        (1_759_895_999_999, date(2025, 10, 7)),  # 23:59:59.999 New York, summer
        (1_759_896_000_000, date(2025, 10, 8)),  # midnight, 04:00Z
        (1_738_558_799_999, date(2025, 2, 2)),  # winter
        (1_738_558_800_000, date(2025, 2, 3)),  # midnight, 05:00Z
        (1_741_503_600_000, date(2025, 3, 9)),  # 03:00 on the morning of the clock change
    ],
)
def test_a_session_is_a_day_in_new_york(milliseconds: int, day: date) -> None:
    assert one(milliseconds, session_date(pl.col("t"))) == day
    assert one(milliseconds * 1_000_000, session_date(pl.col("t"))) == day


@pytest.mark.parametrize("height", [0, 1, 3])
def test_a_page_is_stamped_with_its_arrival_to_the_microsecond(height: int) -> None:
    received = datetime(2025, 10, 8, 14, 0, 0, 123457, tzinfo=UTC)
    page = stamped(pl.DataFrame({"price": [1.0] * height}, schema={"price": pl.Float64}), received)
    expected = pl.DataFrame(
        {"price": [1.0] * height, "received_ts": [received] * height},
        schema={"price": pl.Float64, "received_ts": pl.Datetime("us", "UTC")},
    )
    assert_frame_equal(page, expected)
