"""Arguments at the door: what is taken, and that every refusal names the parameter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from quantdata.clients import arguments
from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = date(2026, 12, 18)
NOON = datetime(2026, 12, 18, 12, tzinfo=UTC)


def _refused(check: Callable[[], object], *said: str) -> None:
    with pytest.raises(ArgumentError) as failure:
        check()
    assert type(failure.value) is ArgumentError
    assert all(each in str(failure.value) for each in ("THIS", *said)), str(failure.value)
    assert len(str(failure.value)) < 250


# --- days -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [DAY, "2026-12-18", " 2026-12-18\n", "20261218"])
def test_a_day_is_a_date_or_iso_text(value: object) -> None:
    assert arguments.checked_day(value, name="THIS") == DAY


@pytest.mark.parametrize(
    "value",
    [
        "",
        "tomorrow",
        "2026-13-01",
        "2026-02-30",
        "18/12/2026",
        "2026-12-18T10:30",
        "２０２６-１２-１８",  # noqa: RUF001
        "2026-12-18'; DROP TABLE chains",
        20261218,
        1.5,
        None,
        True,
        b"2026-12-18",
        NOON,
        datetime(2026, 12, 18),  # noqa: DTZ001
        pl.DataFrame({"day": [DAY] * 100}),
    ],
)
def test_what_is_no_day(value: object) -> None:
    _refused(lambda: arguments.checked_day(value, name="THIS"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, (None, None)),
        (DAY, (DAY, DAY)),
        ("2026-12-18", (DAY, DAY)),
        ((None, DAY), (None, DAY)),
        (["2026-12-01", "2026-12-18"], (date(2026, 12, 1), DAY)),
        ((DAY, DAY), (DAY, DAY)),
        ((None, None), (None, None)),
    ],
)
def test_a_range_of_days(value: object, expected: tuple[date | None, date | None]) -> None:
    assert arguments.day_range(value, name="THIS") == expected


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ((DAY, date(2026, 12, 1)), "wrong way round"),
        ((), "got 0 values"),
        ([], "got 0 values"),
        ((DAY,), "got 1 values"),
        ((DAY, DAY, DAY), "got 3 values"),
        ((DAY, "soon"), "'soon'"),
        ({DAY}, "must be a date"),
        ({"low": DAY}, "must be a date"),
        (slice(DAY, DAY), "must be a date"),
    ],
)
def test_what_is_no_range_of_days(value: object, said: str) -> None:
    _refused(lambda: arguments.day_range(value, name="THIS"), said)


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [600, 600.0, np.float64(600), np.float32(600), np.int64(600), np.uint8(100) * 6.0])
def test_a_number_is_pythons_or_numpys(value: object) -> None:
    found = arguments.number(value, name="THIS")
    assert (type(found), found) == (float, 600.0)


NOT_NUMBERS = [
    float("nan"),
    float("inf"),
    -float("inf"),
    np.float64("nan"),
    10**400,
    True,
    np.True_,
    "600",
    "",
    None,
    1j,
    b"600",
    DAY,
    [600.0],
    pl.Series([600.0] * 100),
    pl.col("strike"),
    np.array([600.0, 610.0]),
    object(),
]


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_number(value: object) -> None:
    _refused(lambda: arguments.number(value, name="THIS"), "must be a finite number")


def test_a_number_below_the_least_is_refused() -> None:
    assert arguments.number(0, name="THIS", least=0.0) == 0.0
    _refused(lambda: arguments.number(-0.01, name="THIS", least=0.0), "must be at least 0", "-0.01")


def test_a_number_above_the_most_is_refused() -> None:
    assert arguments.number(99, name="THIS", most=99.0) == 99.0
    _refused(lambda: arguments.number(99.5, name="THIS", most=99.0), "must be at most 99, not 99.5")
    _refused(lambda: arguments.number_range((1, 100), name="THIS", most=99.0), "must be at most 99, not 100")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, (None, None)),
        (600, (600.0, 600.0)),
        ((560, 600), (560.0, 600.0)),
        ([560, None], (560.0, None)),
        ((None, np.int64(600)), (None, 600.0)),
        ((-1.0, 1.0), (-1.0, 1.0)),
    ],
)
def test_a_range_of_numbers(value: object, expected: tuple[float | None, float | None]) -> None:
    assert arguments.number_range(value, name="THIS") == expected


@pytest.mark.parametrize("value", [(600, 560), (1, 2, 3), [], (True, 2), ("a", "b"), {1, 2}, (1, float("nan")), "1-2"])
def test_what_is_no_range_of_numbers(value: object) -> None:
    _refused(lambda: arguments.number_range(value, name="THIS"))


@pytest.mark.parametrize("value", [0, 10, np.int64(10), 2**63 - 1])
def test_a_count_is_whole(value: object) -> None:
    found = arguments.count(value, name="THIS")
    assert type(found) is int
    assert found == value


@pytest.mark.parametrize("value", [1.0, 1.5, True, "1", None, float("nan"), [1], np.float64(1)])
def test_what_is_no_count(value: object) -> None:
    _refused(lambda: arguments.count(value, name="THIS"), "must be a whole number")


def test_a_count_below_the_least_is_refused() -> None:
    _refused(lambda: arguments.count(-1, name="THIS"), "must be at least 0, not -1")


def test_a_count_that_no_column_holds_is_refused() -> None:
    _refused(lambda: arguments.count(2**63, name="THIS"), "must be at most 9,223,372,036,854,775,807")


# --- texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("SPY", ("SPY",)),
        (["SPY", "QQQ", "SPY"], ("SPY", "QQQ")),
        (("QQQ", "SPY"), ("QQQ", "SPY")),
        ((each for each in ("SPY", "QQQ")), ("SPY", "QQQ")),
        ({"SPY": 1}, ("SPY",)),
        (pl.Series(["SPY", "QQQ"]), ("SPY", "QQQ")),
        (np.array(["SPY", "QQQ"]), ("SPY", "QQQ")),
    ],
)
def test_one_or_more_texts_in_the_order_given(value: object, expected: tuple[str, ...]) -> None:
    assert arguments.texts(value, name="THIS") == expected


@pytest.mark.parametrize("value", [[], (), {}, iter(())])
def test_no_texts_at_all_are_refused(value: object) -> None:
    _refused(lambda: arguments.texts(value, name="THIS"), "is empty")


@pytest.mark.parametrize("value", [None, 5, True, b"SPY", ["SPY", None], ["SPY", ["QQQ"]], [float("nan")]])
def test_what_is_no_text(value: object) -> None:
    _refused(lambda: arguments.texts(value, name="THIS"), "must be text or a list of texts")


# --- moments --------------------------------------------------------------------------------------------------------


def _moments(start: Any, end: Any) -> tuple[datetime, datetime]:
    return arguments.moment_range(start, end, first="THIS", last="THIS")


def test_a_day_means_all_of_it_in_new_york() -> None:
    begin, end = _moments("2026-11-20", date(2026, 11, 20))
    assert begin == datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert end == datetime(2026, 11, 21, 5, tzinfo=UTC) - timedelta(microseconds=1)


def test_a_day_has_as_many_hours_as_it_has() -> None:
    begin, end = _moments("2026-11-01", "2026-11-01")  # clocks go back
    assert end - begin == timedelta(hours=25) - timedelta(microseconds=1)


@pytest.mark.parametrize(
    "start",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=-5))),
        "2026-12-18T12:00Z",
        "2026-12-18T07:00-05:00",
        " 2026-12-18 07:00:00.000-05:00 ",
    ],
)
def test_a_moment_with_a_zone_is_itself(start: object) -> None:
    begin, end = _moments(start, NOON)
    assert begin == end == NOON
    assert begin.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-20", "2026-11-19", "comes after"),
        (NOON + timedelta(microseconds=1), NOON, "comes after"),
        ("2026-11-20T10:30", "2026-11-21", "without a time zone"),
        (datetime(2026, 11, 20), "2026-11-21", "without a time zone"),  # noqa: DTZ001
        ("2026-11-20T25:30-05:00", "2026-11-21", "must be a day such as"),
        ("", "2026-11-21", "must be a day such as"),
        ("last week", "2026-11-21", "must be a day such as"),
        (None, "2026-11-21", "must be a date or text"),
        (20261120, "2026-11-21", "must be a date or text"),
        (True, "2026-11-21", "must be a date or text"),
        (float("nan"), "2026-11-21", "must be a date or text"),
        (["2026-11-20"], "2026-11-21", "must be a date or text"),
        ("0001-01-01", "2026-11-21", "must lie in the years 1900 to 2199, not in 1"),
        ("2026-11-20", date.max, "must lie in the years"),
        ("2026-11-20", datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))), "must lie in the years"),
    ],
)
def test_what_is_no_span_of_time(start: object, end: object, said: str) -> None:
    _refused(lambda: _moments(start, end), said)
