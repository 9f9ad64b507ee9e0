from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from quantdata.errors import ArgumentError
from quantdata.sessions import NEW_YORK, session
from quantdata.sim.timeline import moment_of, ns_of, session_share, timeline

LINE = timeline()


def test_bounds_of_a_session_are_those_of_the_calendar() -> None:
    for day in (date(2026, 11, 18), date(2026, 11, 27), date(2026, 3, 9), date(2025, 11, 3)):
        index, known = LINE.find(day), session(day)
        assert index is not None
        assert LINE.day(index) == day
        assert moment_of(int(LINE.early_open[index])) == known.early_open
        assert moment_of(int(LINE.open[index])) == known.open
        assert moment_of(int(LINE.close[index])) == known.close
        assert moment_of(int(LINE.late_close[index])) == known.late_close
        assert moment_of(int(LINE.midnight[index])) == datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)


def test_days_without_a_session_are_not_found() -> None:
    assert LINE.find(date(2026, 11, 26)) is None
    assert LINE.find(date(2015, 12, 31)) is None
    assert LINE.find(date(2032, 1, 2)) is None
    assert LINE.day(LINE.last_until(date(2026, 11, 26))) == date(2026, 11, 25)
    assert LINE.day(LINE.last_before(date(2026, 11, 25))) == date(2026, 11, 24)


def test_moments_survive_as_nanoseconds_exactly() -> None:
    moment = datetime(2026, 11, 18, 15, 30, 0, 123_457, tzinfo=UTC)
    assert ns_of(moment) == 1_795_015_800_123_457_000
    assert moment_of(ns_of(moment)) == moment
    with pytest.raises(ArgumentError, match="no time zone"):
        ns_of(moment.replace(tzinfo=None))


def test_instants_outside_the_market_are_refused() -> None:
    for moment in (datetime(2015, 12, 31, 20, tzinfo=UTC), datetime(2032, 2, 1, tzinfo=UTC)):
        with pytest.raises(ArgumentError, match="outside the simulated market"):
            LINE.trading_at(ns_of(moment))


def test_variance_time_grows_by_one_a_session() -> None:
    for index in (100, 2737, 2743):
        assert LINE.variance_time(LINE.close[index : index + 2]) == pytest.approx([index, index + 1])


def test_variance_time_never_runs_backwards() -> None:
    friday = ns_of(datetime(2026, 11, 20, 5, tzinfo=UTC))
    clock = LINE.variance_time(friday + np.arange(0, 6 * 86_400, 60, dtype=np.int64) * 10**9)
    assert (np.diff(clock) >= 0).all()


def test_a_weekend_is_one_night_long() -> None:
    friday, monday = (LINE.find(date(2026, 11, day)) for day in (20, 23))
    assert friday is not None
    assert monday is not None
    weekend = LINE.variance_time(np.array([LINE.late_close[friday], LINE.early_open[monday]]))
    assert weekend[1] - weekend[0] == pytest.approx(0.15)


def test_the_first_and_last_half_hour_are_busier_than_noon() -> None:
    share = session_share(np.linspace(0.0, 1.0, 14))
    half_hours = np.diff(share)
    assert share[0] == 0.0
    assert share[-1] == pytest.approx(1.0)
    assert half_hours[0] > half_hours[-1] > 1.2 * half_hours[6]


def test_nearest_sessions_are_found_by_instant() -> None:
    opening = ns_of(datetime(2026, 11, 18, 14, 30, tzinfo=UTC))
    index = LINE.find(date(2026, 11, 18))
    assert index is not None
    assert LINE.regular_at(opening) == index
    assert LINE.regular_at(opening - 1) == index - 1
    assert LINE.trading_at(opening - 1) == index
    assert timedelta(hours=5, minutes=30) == moment_of(opening) - moment_of(int(LINE.early_open[index]))
