"""Every Tradier endpoint that is used: path, query or form, and where its items are."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from quantdata.wire.tradier import endpoints
from quantdata.wire.tradier.endpoints import SYMBOLS_IN_URL, Collection

DAY = date(2026, 12, 18)
# 10:30 in New York in summer, 09:30 in winter.
SUMMER = datetime(2026, 7, 1, 14, 30, tzinfo=UTC)
WINTER = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("request_", "target", "plural", "singular"),
    [
        (endpoints.quotes(["SPY", "SPX"]), "/v1/markets/quotes?symbols=SPY%2CSPX&greeks=false", "quotes", "quote"),
        (endpoints.quotes(["BRK/B"], greeks=True), "/v1/markets/quotes?symbols=BRK%2FB&greeks=true", "quotes", "quote"),
        (
            endpoints.chain("SPY", DAY),
            "/v1/markets/options/chains?symbol=SPY&expiration=2026-12-18&greeks=true",
            "options",
            "option",
        ),
        (
            endpoints.expirations("SPX"),
            "/v1/markets/options/expirations?symbol=SPX&includeAllRoots=true",
            "expirations",
            "date",
        ),
        (
            endpoints.history("SPY", start=date(2026, 1, 2), end=DAY),
            "/v1/markets/history?symbol=SPY&interval=daily&start=2026-01-02&end=2026-12-18",
            "history",
            "day",
        ),
        (endpoints.clock(), "/v1/markets/clock", "clock", ""),
        (endpoints.splits("SPY"), "/beta/markets/fundamentals/corporate_actions?symbols=SPY", "", ""),
        (endpoints.dividends("BRK/B"), "/beta/markets/fundamentals/dividends?symbols=BRK%2FB", "", ""),
    ],
)
def test_path_query_and_place_of_the_items(request_: Collection, target: str, plural: str, singular: str) -> None:
    assert request_.target == target
    assert (request_.plural, request_.singular) == (plural, singular)
    assert request_.is_form is False


@pytest.mark.parametrize(("count", "is_form"), [(1, False), (SYMBOLS_IN_URL, False), (SYMBOLS_IN_URL + 1, True)])
def test_more_symbols_than_a_url_has_room_for_travel_in_a_form(count: int, *, is_form: bool) -> None:
    names = [f"X{number}" for number in range(count)]
    request = endpoints.quotes(names)
    assert request.is_form is is_form
    assert request.params["symbols"].split(",") == names
    assert (request.target == "/v1/markets/quotes") is is_form


@pytest.mark.parametrize(
    ("interval", "is_regular", "start", "end", "params"),
    [
        ("1min", True, WINTER, WINTER, ("2026-11-18 09:30", "2026-11-18 09:30", "open")),
        ("tick", True, SUMMER, SUMMER, ("2026-07-01 10:30", "2026-07-01 10:30", "open")),
        ("5min", False, SUMMER, WINTER, ("2026-07-01 10:30", "2026-11-18 09:30", "all")),
        # The beginning is told from the minute that it is in, the end to the minute that it has begun.
        (
            "15min",
            True,
            WINTER.replace(second=59),
            WINTER.replace(microsecond=1),
            ("2026-11-18 09:30", "2026-11-18 09:31", "open"),
        ),
    ],
)
def test_timesales_are_asked_by_the_minute_of_new_york(
    interval: endpoints.Interval, start: datetime, end: datetime, params: tuple[str, str, str], *, is_regular: bool
) -> None:
    request = endpoints.timesales("SPY", interval=interval, start=start, end=end, is_regular=is_regular)
    begin, finish, session_filter = params
    assert request.path == "/v1/markets/timesales"
    assert request.params == {
        "symbol": "SPY",
        "interval": interval,
        "start": begin,
        "end": finish,
        "session_filter": session_filter,
    }
    assert (request.plural, request.singular) == ("series", "data")
