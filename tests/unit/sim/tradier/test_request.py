from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import pytest

from quantdata.sessions import NEW_YORK
from quantdata.sim.tradier.catalog import Catalog
from quantdata.sim.tradier.refusals import Refusal
from quantdata.sim.tradier.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim.source import MarketSource

DAY = date(2026, 11, 18)


@pytest.fixture
def request_of(market: MarketSource) -> Callable[..., Request]:
    def make(**query: str) -> Request:
        return Request(query=query, at=datetime(2026, 11, 19, 3, tzinfo=UTC), catalog=Catalog(market))

    return make


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        read()
    assert caught.value.status == 400
    return caught.value.body.decode()


def test_today_is_new_yorks(request_of: Callable[..., Request]) -> None:
    assert request_of().today == DAY


def test_lists_are_split_and_each_word_counts_once(request_of: Callable[..., Request]) -> None:
    assert request_of(symbols="SPY, AAPL,SPY,,").words("symbols") == ["SPY", "AAPL"]
    assert refused(lambda: request_of(symbols="  ").words("symbols")) == "Missing required parameter: symbols."


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("True", True), ("1", False), ("", False)])
def test_flags_are_words(request_of: Callable[..., Request], text: str, *, expected: bool) -> None:
    assert request_of(greeks=text).flag("greeks") is expected


def test_choices_numbers_and_days_are_checked(request_of: Callable[..., Request]) -> None:
    asked = request_of(interval="Weekly", month="x", start="2026-13-01", filter="none")
    assert asked.choice("interval", default="daily", allowed=("daily", "weekly")) == "weekly"
    assert asked.choice("other", default="daily", allowed=("daily",)) == "daily"
    assert refused(lambda: asked.choice("filter", default="all", allowed=("all", "open"))) == (
        "Invalid parameter, filter: must be one of all, open."
    )
    assert refused(lambda: asked.number("month", default=1)) == "Invalid parameter, month: must be a number."
    assert refused(lambda: asked.day("start", default=DAY)) == (
        "Invalid parameter, start: must be a date as YYYY-MM-DD."
    )
    assert asked.number("year", default=2026) == 2026
    assert asked.day("end", default=DAY) == DAY


def test_times_are_new_yorks_and_a_date_alone_is_midnight_or_what_is_said(request_of: Callable[..., Request]) -> None:
    asked = request_of(start="2026-11-18 09:30", end="2026-11-18", wrong="tomorrow")
    default = datetime(2026, 1, 1, tzinfo=UTC)
    assert asked.moment("start", default=default) == datetime(2026, 11, 18, 9, 30, tzinfo=NEW_YORK)
    assert asked.moment("end", default=default) == datetime(2026, 11, 18, tzinfo=NEW_YORK)
    assert asked.moment("end", default=default, at_midnight=time(23, 59)).hour == 23
    assert asked.moment("nothing", default=default) == default
    assert refused(lambda: asked.moment("wrong", default=default)) == (
        "Invalid parameter, wrong: must be a time as YYYY-MM-DD HH:MM."
    )
