"""One timesales series over any range: how far back it is kept, and ranges that are cut."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from quantdata.clients.tradier.series import (
    SESSIONS_KEPT,
    Series,
    first_kept,
    hours_between,
    require_unexpired,
)
from quantdata.config import Secret
from quantdata.errors import EntitlementError, PayloadError, UnavailableError
from quantdata.frames.tradier.bars import intraday_bars
from quantdata.frames.tradier.trades import tick_page
from quantdata.sessions import midnight
from quantdata.wire.tradier.rest import TradierRest
from tests.unit.tradier_vendor import AT_ONCE, NOON, PRODUCTION, TIMESALES, Tradier, parameters, series_rows, tick_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    import polars as pl

    from quantdata.wire.tradier.endpoints import Interval

# 09:30 in New York, eight days before noon of the 18th.
OPEN = datetime(2026, 11, 10, 14, 30, tzinfo=UTC)
TOO_BIG = {"fault": {"faultstring": "Body buffer overflow", "detail": {"errorcode": "protocol.http.TooBigBody"}}}


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def _load(
    start: datetime, finish: datetime, *, interval: Interval = "1min", is_regular: bool = True
) -> list[pl.DataFrame]:
    async def load() -> list[pl.DataFrame]:
        rest = TradierRest(Secret("k3y-of-series"), base_url=PRODUCTION, policy=AT_ONCE)
        read = tick_page if interval == "tick" else intraday_bars
        try:
            return await Series(rest, "SPY", interval, read, is_regular=is_regular).load(start, finish)
        finally:
            await rest.close()

    return asyncio.run(load())


def _starts(pages: list[pl.DataFrame]) -> list[str]:
    return [moment.strftime("%H:%M") for page in pages for moment in page.get_column("ts")]


# --- pages ----------------------------------------------------------------------------------------------------------


def test_a_range_is_one_request_and_its_end_is_not_in_it(tradier: Tradier) -> None:
    tradier.timesales(series_rows(OPEN, 60))
    pages = _load(OPEN + _minutes(1), OPEN + _minutes(4))
    assert [_starts([page]) for page in pages] == [["14:31", "14:32", "14:33"]]
    assert tradier.asked(TIMESALES) == [
        {
            "symbol": "SPY",
            "interval": "1min",
            "start": "2026-11-10 09:31",
            "end": "2026-11-10 09:34",
            "session_filter": "open",
        }
    ]


def test_a_range_of_seconds_is_asked_by_the_minutes_around_it(tradier: Tradier) -> None:
    tradier.timesales([tick_row(OPEN + timedelta(seconds=second)) for second in range(0, 300, 10)])
    (page,) = _load(OPEN + timedelta(seconds=65), OPEN + timedelta(seconds=95), interval="tick")
    assert [moment.second for moment in page.get_column("ts")] == [10, 20, 30]
    (asked,) = tradier.asked(TIMESALES)
    assert (asked["start"], asked["end"]) == ("2026-11-10 09:31", "2026-11-10 09:32")


@pytest.mark.parametrize(("is_regular", "session"), [(True, "open"), (False, "all")])
def test_hours_are_regular_or_all(tradier: Tradier, session: str, *, is_regular: bool) -> None:
    tradier.timesales([])
    _load(OPEN, OPEN + _minutes(1), is_regular=is_regular)
    assert tradier.asked(TIMESALES)[0]["session_filter"] == session


@pytest.mark.parametrize("minutes", [-2, 13])
def test_rows_outside_of_the_range_are_a_payload_error(tradier: Tradier, minutes: int) -> None:
    rows = series_rows(OPEN + _minutes(minutes), 1) + series_rows(OPEN, 5)
    tradier.on(TIMESALES, {"series": {"data": rows}})
    with pytest.raises(PayloadError, match="rows outside of the range that was asked for"):
        _load(OPEN, OPEN + _minutes(10))


def test_the_minute_of_either_end_is_left_out_silently(tradier: Tradier) -> None:
    # Both ends are asked for by the minute, and both are included.
    tradier.on(TIMESALES, {"series": {"data": series_rows(OPEN - _minutes(1), 13)}})
    assert _starts(_load(OPEN, OPEN + _minutes(10))) == [f"14:{minute}" for minute in range(30, 40)]


@pytest.mark.parametrize("nothing", [{"series": None}, {"series": "null"}])
def test_nothing_is_a_page_without_rows(tradier: Tradier, nothing: object) -> None:
    tradier.on(TIMESALES, nothing)
    (page,) = _load(OPEN, OPEN + _minutes(10))
    assert page.height == 0


# --- before what is kept --------------------------------------------------------------------------------------------


def _kept_from(tradier: Tradier, day: date) -> None:
    """Offer bars of some days, and refuse ranges that begin before one."""
    tradier.timesales([row for number in range(4) for row in series_rows(OPEN + timedelta(days=number), 2)])
    tradier.unless(
        TIMESALES,
        lambda asked: asked["start"] < str(day),
        lambda _: tradier.vendor.answer(
            f"Invalid parameter, start: must be on or after {day} 00:00:00.".encode(), status=400
        ),
    )


def test_the_vendors_own_first_day_is_obeyed(tradier: Tradier) -> None:
    _kept_from(tradier, date(2026, 11, 12))
    pages = _load(OPEN, OPEN + timedelta(days=3))
    assert [str(day) for day in pages[0].get_column("ts").dt.date().unique().sort()] == ["2026-11-12"]
    assert [asked["start"] for asked in tradier.asked(TIMESALES)] == ["2026-11-10 09:30", "2026-11-12 00:00"]


@pytest.mark.parametrize("day", [date(2026, 11, 12), date(2026, 11, 20)])
def test_a_range_that_is_all_before_it_is_refused(tradier: Tradier, day: date) -> None:
    _kept_from(tradier, day)
    with pytest.raises(EntitlementError) as failure:
        _load(OPEN, OPEN + timedelta(hours=5))
    assert f"nothing is kept from before {day}; the range that was asked for is older" in str(failure.value)
    assert (failure.value.endpoint, failure.value.status) == (TIMESALES, 400)
    assert len(tradier.vendor.requests) == 1


def test_a_first_day_that_is_not_after_the_start_is_not_asked_for_again(tradier: Tradier) -> None:
    # Else the vendor could keep us asking for ever.
    tradier.on(TIMESALES, b"Invalid parameter, start: must be on or after 2026-11-10 00:00:00.", status=400)
    with pytest.raises(EntitlementError):
        _load(OPEN, OPEN + timedelta(days=3))
    assert len(tradier.vendor.requests) == 1


# --- too large ------------------------------------------------------------------------------------------------------


def _range(asked: Mapping[str, str]) -> timedelta:
    return datetime.fromisoformat(asked["end"]) - datetime.fromisoformat(asked["start"])


def _no_more_than(tradier: Tradier, minutes: int) -> None:
    def too_big(_: httpx.Request) -> httpx.Response:
        return tradier.vendor.answer(TOO_BIG, status=500)

    tradier.unless(TIMESALES, lambda asked: _range(asked) > _minutes(minutes), too_big)


@pytest.mark.parametrize(("minutes", "most", "pages"), [(60, 30, 2), (60, 20, 4), (61, 30, 3), (7, 1, 7)])
def test_a_range_that_is_too_large_is_cut_until_it_is_not(
    tradier: Tradier, minutes: int, most: int, pages: int
) -> None:
    tradier.timesales(series_rows(OPEN, 90))
    _no_more_than(tradier, most)
    found = _load(OPEN, OPEN + _minutes(minutes))
    assert len(found) == pages
    # All bars, each once, in order.
    assert _starts(found) == [(OPEN + _minutes(minute)).strftime("%H:%M") for minute in range(minutes)]


def test_a_minute_that_is_too_large_is_a_payload_error(tradier: Tradier) -> None:
    tradier.on(TIMESALES, TOO_BIG, status=500)
    with pytest.raises(PayloadError, match=r"too large for the vendor's gateway .*, even that of a minute") as failure:
        _load(OPEN, OPEN + _minutes(4))
    assert failure.value.status == 500
    assert len(tradier.vendor.requests) == 3


def test_a_part_that_fails_leaves_nothing(tradier: Tradier) -> None:
    tradier.timesales(series_rows(OPEN, 60))
    _no_more_than(tradier, 30)
    tradier.fails(TIMESALES, lambda asked: asked["start"] == "2026-11-10 10:00")
    with pytest.raises(UnavailableError):
        _load(OPEN, OPEN + _minutes(60))


# --- how far back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "is_regular", "first"),
    [
        ("tick", True, date(2026, 11, 11)),
        ("1min", True, date(2026, 10, 21)),
        ("1min", False, date(2026, 11, 4)),
        ("5min", True, date(2026, 9, 23)),
        ("5min", False, date(2026, 10, 23)),
        ("15min", True, date(2026, 9, 23)),
        ("15min", False, date(2026, 10, 23)),
    ],
)
def test_sessions_are_kept_by_their_number(interval: Interval, first: date, *, is_regular: bool) -> None:
    assert first_kept(interval, NOON, is_regular=is_regular) == first


def test_a_holiday_is_no_session() -> None:
    # Friday after Thanksgiving: the five before it reach a day further back.
    assert first_kept("tick", datetime(2026, 11, 27, 17, tzinfo=UTC), is_regular=True) == date(2026, 11, 19)


def test_more_is_kept_of_regular_hours() -> None:
    assert all(regular >= extended for regular, extended in SESSIONS_KEPT.values())


# --- hours ----------------------------------------------------------------------------------------------------------


def _parts(start: datetime, finish: datetime) -> list[tuple[str, str]]:
    return [(f"{begin:%d %H:%M}", f"{end:%H:%M}") for begin, end in hours_between(start, finish)]


def test_a_day_of_ticks_is_cut_into_hours_to_a_quarter_past_the_close() -> None:
    parts = _parts(datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 11, 12, tzinfo=UTC))
    assert parts == [
        ("10 14:30", "15:30"),
        ("10 15:30", "16:30"),
        ("10 16:30", "17:30"),
        ("10 17:30", "18:30"),
        ("10 18:30", "19:30"),
        ("10 19:30", "20:30"),
        ("10 20:30", "21:16"),
    ]


@pytest.mark.parametrize(
    ("start", "finish", "parts"),
    [
        ("2026-11-10T15:00", "2026-11-10T15:20", [("10 15:00", "15:20")]),
        ("2026-11-10T15:00", "2026-11-10T16:00", [("10 15:00", "16:00")]),
        ("2026-11-10T15:00", "2026-11-10T16:00:01", [("10 15:00", "16:00"), ("10 16:00", "16:00")]),
        ("2026-11-10T21:00", "2026-11-11T14:45", [("10 21:00", "21:16"), ("11 14:30", "14:45")]),
        ("2026-11-27T17:50", "2026-11-27T20:00", [("27 17:50", "18:16")]),  # a half-day
        ("2026-11-10T22:00", "2026-11-11T10:00", []),
        ("2026-11-14T15:00", "2026-11-15T15:00", []),  # a weekend
        ("2026-11-10T15:00", "2026-11-10T15:00", []),
        ("2026-11-10T15:00", "2026-11-09T15:00", []),
    ],
)
def test_only_regular_hours_are_asked_for(start: str, finish: str, parts: list[tuple[str, str]]) -> None:
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, finish))
    assert _parts(begin, end) == parts


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 10), datetime(2026, 11, 10, 5, tzinfo=UTC)),
        (date(2026, 7, 1), datetime(2026, 7, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_in_new_york(day: date, expected: datetime) -> None:
    assert midnight(day) == expected


@pytest.mark.parametrize(
    ("symbol", "is_refused"),
    [
        ("SPY261117C00600000", True),
        ("SPY261118C00600000", False),  # expires today
        ("SPY261218C00600000", False),
        ("SPY", False),
        ("SPX", False),
    ],
)
def test_nothing_is_kept_of_expired_contracts(symbol: str, *, is_refused: bool) -> None:
    if not is_refused:
        require_unexpired(symbol, NOON)
        return
    with pytest.raises(
        EntitlementError, match=r"tradier keeps nothing of expired options, and .* expired on 2026-11-17"
    ):
        require_unexpired(symbol, NOON)


def test_a_series_asks_for_what_is_spelled(tradier: Tradier) -> None:
    tradier.timesales([])
    _load(OPEN, OPEN + _minutes(1), interval="15min")
    (request,) = tradier.vendor.requests
    assert (parameters(request)["symbol"], parameters(request)["interval"]) == ("SPY", "15min")
