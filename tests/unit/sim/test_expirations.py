from __future__ import annotations

from datetime import date

import pytest

from quantdata.sim.expirations import Expiration, expirations_of, listed_since

DAY = date(2026, 11, 18)


def days(root: str, day: date = DAY) -> list[date]:
    return [each.day for each in expirations_of(root, day)]


def test_funds_expire_every_session_for_two_weeks() -> None:
    # Thanksgiving is the 26th.
    assert days("SPY")[:10] == [date(2026, 11, day) for day in (18, 19, 20, 23, 24, 25, 27, 30)] + [
        date(2026, 12, 1),
        date(2026, 12, 2),
    ]
    assert {date(2026, 12, 18), date(2026, 12, 31), date(2027, 1, 15), date(2028, 6, 16)} <= set(days("SPY"))


def test_stocks_expire_on_mondays_wednesdays_and_fridays() -> None:
    assert [day.weekday() for day in days("AAPL")[:6]] == [2, 4, 0, 2, 4, 0]


def test_standard_index_options_expire_on_third_fridays_alone() -> None:
    assert days("SPX")[:3] == [date(2026, 11, 20), date(2026, 12, 18), date(2027, 1, 15)]


def test_weekly_index_options_share_third_fridays_with_the_standard_ones() -> None:
    assert {date(2026, 11, 20), date(2026, 12, 18), date(2026, 12, 31), date(2027, 1, 29)} <= set(days("SPXW"))


def test_vix_options_expire_thirty_days_before_the_next_third_friday() -> None:
    assert days("VIX")[:4] == [date(2026, 11, 18), date(2026, 12, 16), date(2027, 1, 20), date(2027, 2, 17)]
    assert days("VIXW")[:3] == [date(2026, 11, 25), date(2026, 12, 2), date(2026, 12, 9)]
    assert not set(days("VIX")) & set(days("VIXW"))


@pytest.mark.parametrize(
    ("root", "holiday", "moved"),
    [
        ("SPX", date(2025, 4, 18), date(2025, 4, 17)),  # Good Friday
        ("SPY", date(2026, 6, 19), date(2026, 6, 18)),  # Juneteenth
        ("VIX", date(2025, 3, 19), date(2025, 3, 18)),  # 30 days before Good Friday's Thursday
    ],
)
def test_expirations_on_holidays_move_to_the_day_before(root: str, holiday: date, moved: date) -> None:
    listed = days(root, moved)
    assert moved in listed
    assert holiday not in listed


def test_an_expiration_stays_listed_from_its_first_day_to_its_last() -> None:
    expiration = date(2026, 12, 11)
    since = listed_since("SPY", expiration)
    assert since == date(2026, 10, 16)
    assert expiration in days("SPY", since)
    assert expiration not in days("SPY", date(2026, 10, 15))
    assert expiration in days("SPY", expiration)
    assert expiration not in days("SPY", date(2026, 12, 12))


def test_a_root_does_not_expire_on_days_outside_its_programmes() -> None:
    assert listed_since("SPX", date(2026, 11, 19)) is None
    assert listed_since("SPY", date(2026, 11, 26)) is None


def test_a_horizon_keeps_the_near_ones() -> None:
    near = expirations_of("SPXW", DAY, within_days=5)
    assert near == [Expiration(date(2026, 11, day), "SPXW") for day in (18, 19, 20, 23)]
