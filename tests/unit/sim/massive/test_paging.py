from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date

import pytest

from quantdata.sim.massive.paging import (
    any_of,
    as_flag,
    as_number,
    bounds,
    integer,
    moment_ns,
    next_cursor,
    timestamp_period,
    unpack,
)
from quantdata.sim.massive.refusals import Refusal

QUERY = {"contract_type": "call", "expiration_date": "2025-10-10", "strike_price.gte": "673"}


def decoded(cursor: str) -> str:
    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


def test_cursor_is_the_next_query_as_recorded() -> None:
    cursor = next_cursor(
        QUERY | {"apiKey": "secret"},
        after="O:SPY251010C00682000",
        limit="10",
        order="asc",
        sort="strike_price",
        strike_price__gte="682.000000",
    )
    assert decoded(cursor) == (
        "ap=O%3ASPY251010C00682000&as=&contract_type=call&expiration_date=2025-10-10&limit=10&order=asc"
        "&sort=strike_price&strike_price.gte=682.000000"
    )
    assert "=" not in cursor


def test_unpacking_gives_back_every_filter() -> None:
    cursor = next_cursor(QUERY, after="O:X", strike_price__gte="682.000000")
    unpacked = unpack({"cursor": cursor, "limit": "3"})
    assert unpacked == {**QUERY, "strike_price.gte": "682.000000", "ap": "O:X", "as": ""}


@pytest.mark.parametrize("cursor", ["%%%", "x", urlsafe_b64encode(b"no fields").decode()])
def test_unreadable_cursor_is_a_bad_request(cursor: str) -> None:
    with pytest.raises(Refusal) as caught:
        unpack({"cursor": cursor})
    assert caught.value.status == 400


def test_bounds_compare_with_the_suffix() -> None:
    kept = bounds({"strike_price": "5", "strike_price.lt": "7", "strike": "9"}, "strike_price", as_number)
    assert [(bound.compare(5, bound.value), bound.compare(7, bound.value)) for bound in kept] == [
        (True, False),
        (True, False),
    ]


@pytest.mark.parametrize("value", ["0", "251", "ten", "-1", "1.5"])
def test_limit_outside_its_range_is_a_bad_request(value: str) -> None:
    with pytest.raises(Refusal, match="limit"):
        integer({"limit": value}, "limit", default=10, maximum=250)


def test_flags_are_true_or_false() -> None:
    assert as_flag({"adjusted": "false"}, "adjusted", default=True) is False
    with pytest.raises(Refusal, match="adjusted"):
        as_flag({"adjusted": "maybe"}, "adjusted", default=True)


def test_any_of_is_a_comma_list() -> None:
    assert any_of({"ticker.any_of": "I:SPX, I:NDX,"}, "ticker") == ["I:SPX", "I:NDX"]
    assert any_of({}, "ticker") is None


MIDNIGHT = 1_794_978_000_000_000_000  # 2026-11-18 in New York
DAY_NS = 86_400 * 10**9


@pytest.mark.parametrize(
    ("text", "per_second", "expected"),
    [
        ("2026-11-18", 10**9, MIDNIGHT),
        ("1794978000000000001", 10**9, MIDNIGHT + 1),
        ("1794978000001", 10**3, MIDNIGHT + 10**6),
        ("2026-11-18T05:00:00.123456789Z", 10**9, MIDNIGHT + 123_456_789),
        ("2026-11-18T00:00:00-05:00", 10**9, MIDNIGHT),
        ("2026-11-18T00:00:00.5-05:00", 10**9, MIDNIGHT + 500_000_000),
    ],
)
def test_moments_are_read_to_the_nanosecond(text: str, per_second: int, expected: int) -> None:
    assert moment_ns("timestamp", text, per_second=per_second) == expected


def test_a_day_ends_with_its_last_nanosecond() -> None:
    assert moment_ns("to", "2026-11-18", is_end=True) == MIDNIGHT + DAY_NS - 1
    assert moment_ns("to", str(date(2026, 11, 1)), is_end=True) - moment_ns("to", "2026-11-01") == 25 * 3600 * 10**9 - 1


def test_timestamp_filters_leave_a_period() -> None:
    period = timestamp_period({"timestamp.gte": "2026-11-18", "timestamp.lt": "2026-11-19"}, until_ns=2 * MIDNIGHT)
    assert period is not None
    assert (period.first, period.last) == (MIDNIGHT, MIDNIGHT + DAY_NS - 1)
    period = timestamp_period({"timestamp.gt": "5", "timestamp.lte": "9"}, until_ns=8)
    assert period is not None
    assert (period.first, period.last) == (6, 8)
    assert timestamp_period({"timestamp": "9"}, until_ns=8) is None
    assert timestamp_period({}, until_ns=8) is not None
