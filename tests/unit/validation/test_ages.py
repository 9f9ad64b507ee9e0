"""How old rows are, with closed markets in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.validation import validate
from quantdata.validation.ages import ages
from tests.unit.validation.healthy import AT, INDICES, earlier

NEW_YORK = ZoneInfo("America/New_York")


def moment(text: str) -> datetime:
    """Return a moment of New York in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


def received(*moments: datetime | None, feed: str = "realtime", snapshot: datetime = AT) -> pl.DataFrame:
    times = pl.Series("received_ts", moments, pl.Datetime("us", "UTC"))
    return pl.DataFrame({"received_ts": times}).with_columns(
        pl.lit(snapshot).cast(times.dtype).alias("snapshot_ts"), pl.lit(feed, INDICES.schema["feed"]).alias("feed")
    )


@pytest.mark.parametrize(
    ("arrived", "now", "seconds"),
    [
        ("2026-11-18T12:00:00", "2026-11-18T12:00:07.5", 7.5),
        # The whole of regular hours, and a quarter more in which options on funds and indices trade.
        ("2026-11-18T09:30", "2026-11-18T16:15", 6.75 * 3600),
        ("2026-11-18T16:00", "2026-11-18T16:15", 900),
        ("2026-11-18T16:14:58", "2026-11-18T20:00", 2),
        ("2026-11-18T16:15", "2026-11-19T09:30", 0),
        ("2026-11-18T16:14:59", "2026-11-19T09:30:01", 2),
        ("2026-11-18T03:00", "2026-11-18T04:00", 0),
        ("2026-11-20T16:14:57", "2026-11-23T09:30:04", 7),
        ("2026-11-21T12:00", "2026-11-22T12:00", 0),
        # Thanksgiving is closed, and the day after ends at 13:00.
        ("2026-11-25T16:14:59", "2026-11-27T09:30:01", 2),
        ("2026-11-27T13:14:58", "2026-11-27T15:00", 2),
        ("2026-11-27T13:14:58", "2026-11-30T09:30:03", 5),
        # The clocks go back on the Sunday between.
        ("2026-10-30T16:14:58", "2026-11-02T09:30:01", 3),
    ],
)
def test_only_open_hours_count(arrived: str, now: str, seconds: float) -> None:
    assert ages(received(moment(arrived)), moment(now)).to_list() == [seconds]


def test_each_row_has_its_own_age() -> None:
    frame = received(moment("2026-11-18T12:00"), None, moment("2026-11-17T16:14"), moment("2026-11-18T11:59:59.999999"))
    assert ages(frame, moment("2026-11-18T12:00:01")).to_list() == [1.0, None, 60 + 2.5 * 3600 + 1, 1.000001]


def test_what_has_not_come_yet_is_new() -> None:
    frame = received(AT + timedelta(seconds=3), AT - timedelta(seconds=3), AT + timedelta(days=40))
    assert ages(frame, AT).to_list() == [0, 3, 0]


def test_rows_that_never_came_have_no_age_and_count_as_fresh() -> None:
    assert ages(received(None, None), AT).to_list() == [None, None]
    assert ages(received(), AT).to_list() == []
    judged = validate(INDICES.with_columns(received_ts=None), AT)
    assert judged.get_column("age_s").null_count() == INDICES.height
    assert not judged.get_column("is_stale").any()


def test_nobody_counts_beyond_a_month() -> None:
    [old, older] = (ages(received(moment(day)), AT).item() for day in ("2026-09-01T12:00", "2020-01-02T12:00"))
    assert old == older > 20 * 6.75 * 3600


def test_beyond_the_calendar_nothing_ages() -> None:
    assert ages(received(datetime(2040, 1, 3, 17, tzinfo=UTC)), datetime(2040, 1, 3, 18, tzinfo=UTC)).to_list() == [0]


def test_a_simulated_market_has_its_own_hours() -> None:
    # Here it is Saturday night, there it was Wednesday noon when it answered.
    saturday = moment("2026-11-21T23:00")
    answered = received(saturday, feed="simulated", snapshot=moment("2026-11-18T12:00"))
    assert ages(answered, saturday + timedelta(seconds=7)).to_list() == [7]
    closed = received(AT, feed="simulated", snapshot=moment("2026-11-21T23:00"))
    assert ages(closed, AT + timedelta(seconds=7)).to_list() == [0]
    unknown = answered.with_columns(snapshot_ts=pl.lit(None, pl.Datetime("us", "UTC")))
    assert ages(unknown, saturday + timedelta(seconds=7)).to_list() == [0]


def test_the_present_is_asked_for_when_it_is_not_given() -> None:
    [age] = ages(received(datetime.now(UTC) - timedelta(days=29)), None)
    assert age > 3600


@pytest.mark.parametrize("now", [AT.replace(tzinfo=None), AT.date(), "2026-11-18", 0, AT.timestamp()])
def test_a_present_without_a_zone_is_refused(now: object) -> None:
    with pytest.raises(ArgumentError, match="now must be a datetime with a time zone"):
        validate(INDICES, now)  # type: ignore[arg-type]


def test_any_zone_will_do() -> None:
    frame = INDICES.with_columns(received_ts=pl.lit(earlier(3)).cast(pl.Datetime("us", "UTC")))
    assert validate(frame, AT.astimezone(NEW_YORK)).equals(validate(frame, AT))
