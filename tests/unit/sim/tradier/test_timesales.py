from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.market import Market
from quantdata.sim.tradier.catalog import Catalog
from quantdata.sim.tradier.refusals import Refusal
from quantdata.sim.tradier.request import Request
from quantdata.sim.tradier.timesales import timesales

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

EVENING = datetime(2026, 11, 19, 2, tzinfo=UTC)
OPTION = "SPY261218C00600000"


def times(ask: Ask, **query: Any) -> list[str]:
    rows = ask("timesales", **query)["series"]["data"]
    return [row["time"][-8:] for row in (rows if isinstance(rows, list) else [rows])]


def test_a_bar_is_written_as_the_vendor_writes_it(ask: Ask) -> None:
    query = {"symbol": "SPY", "interval": "1min", "start": "2026-11-18 09:30", "end": "2026-11-18 09:30"}
    assert ask("timesales", **query) == {
        "series": {
            "data": {
                "time": "2026-11-18T09:30:00",
                "timestamp": 1_795_012_200,
                "price": 100.0,
                "open": 99.5,
                "high": 101.0,
                "low": 99.0,
                "close": 100.0,
                "volume": 100,
                "vwap": 100.0,
            }
        }
    }


def test_both_ends_are_included_and_minutes_join(ask: Ask) -> None:
    query = {"symbol": "SPY", "start": "2026-11-18 09:35", "end": "2026-11-18 09:45"}
    assert times(ask, interval="5min", **query) == ["09:35:00", "09:40:00", "09:45:00"]
    assert len(times(ask, interval="1min", **query)) == 11
    bar = ask("timesales", interval="15min", **query)["series"]["data"]
    assert (bar["time"], bar["open"], bar["close"], bar["volume"]) == ("2026-11-18T09:45:00", 114.5, 129.0, 1500)


def test_without_a_start_it_is_today_up_to_now(ask: Ask) -> None:
    found = times(ask, symbol="SPY", interval="15min")
    assert (found[0], found[-1]) == ("09:30:00", "11:45:00")


def test_a_date_alone_is_the_whole_day(ask: Ask) -> None:
    rows = ask("timesales", symbol="SPY", interval="15min", start="2026-11-17", end="2026-11-17")["series"]["data"]
    assert {row["time"][:10] for row in rows} == {"2026-11-17"}
    assert len(rows) == 10


def test_ticks_have_a_price_and_a_size_alone(ask: Ask) -> None:
    rows = ask("timesales", symbol="SPY", start="2026-11-18 11:00")["series"]["data"]
    assert len(rows) == 10
    assert rows[0] == {"time": "2026-11-18T11:59:59", "timestamp": 1_795_021_199, "price": 120.0, "volume": 21}
    assert rows == ask("timesales", symbol="SPY", start="2026-11-18", session_filter="open")["series"]["data"]


@pytest.mark.parametrize(
    ("interval", "session_filter", "earliest"),
    [
        ("tick", "all", "2026-11-11"),
        ("tick", "open", "2026-11-11"),
        ("1min", "open", "2026-10-21"),
        ("1min", "all", "2026-11-04"),
        ("5min", "open", "2026-09-23"),
        ("15min", "all", "2026-10-23"),
    ],
)
def test_it_reaches_some_sessions_back(ask: Ask, interval: str, session_filter: str, earliest: str) -> None:
    query = {"symbol": "SPY", "interval": interval, "session_filter": session_filter}
    assert ask("timesales", start=f"{earliest} 00:00", end=f"{earliest} 00:01", **query) == {"series": "null"}
    with pytest.raises(Refusal) as caught:
        ask("timesales", start="2026-09-22 09:30", **query)
    assert caught.value.status == 400
    assert caught.value.body.decode() == f"Invalid parameter, start: must be on or after {earliest} 00:00:00."


def test_the_sandbox_has_no_ticks(ask: Ask) -> None:
    with pytest.raises(Refusal) as caught:
        ask("timesales", symbol="SPY", is_sandbox=True)
    assert caught.value.body == b"Invalid parameter, interval: tick is not available."
    assert ask("timesales", symbol="SPY", interval="15min", is_sandbox=True)["series"]["data"]


@pytest.mark.parametrize(
    "query",
    [
        {"symbol": "SPX"},
        {"symbol": "NOPE"},
        {"symbol": "SPY261218C00601000"},
        {"symbol": "SPY", "start": "2026-11-18 12:01"},
        {"symbol": "SPY", "start": "2026-11-18 08:00", "end": "2026-11-18 09:29"},
    ],
)
def test_what_there_is_not_is_the_word_null(ask: Ask, query: dict[str, str]) -> None:
    assert ask("timesales", interval="1min", **query) == {"series": "null"}


# --- with the market's own hours ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog(Market())


def last_time(catalog: Catalog, **query: str) -> bytes:
    return timesales(Request(query=query, at=EVENING, catalog=catalog)).rows[-1][9:28]


def test_regular_hours_end_with_the_closing_minute(catalog: Catalog) -> None:
    query = {"interval": "1min", "start": "2026-11-18 15:30", "session_filter": "open"}
    assert last_time(catalog, symbol="SPY", **query) == b"2026-11-18T16:00:00"
    assert last_time(catalog, symbol="SPY", **query | {"session_filter": "all"}) > b"2026-11-18T16:00:00"


def test_options_on_funds_trade_a_quarter_of_an_hour_longer(catalog: Catalog) -> None:
    query = {"interval": "15min", "start": "2026-11-18 15:30", "session_filter": "open"}
    assert last_time(catalog, symbol="SPY261120P00690000", **query) == b"2026-11-18T16:00:00"
    assert last_time(catalog, symbol="AAPL261120C00270000", **query) == b"2026-11-18T15:45:00"


def test_half_days_end_earlier(catalog: Catalog) -> None:
    at = datetime(2026, 11, 27, 23, tzinfo=UTC)
    query = {"symbol": "SPY261127P00656000", "interval": "5min", "session_filter": "open"}
    rows = timesales(Request(query=query, at=at, catalog=catalog)).rows
    assert rows[-1][9:28] == b"2026-11-27T13:10:00"


def test_too_many_ticks_are_too_big(catalog: Catalog) -> None:
    def rows(start: str, end: str) -> int:
        query = {"symbol": "SPY", "start": f"2026-11-18 {start}", "end": f"2026-11-18 {end}"}
        return len(timesales(Request(query=query, at=EVENING, catalog=catalog)).rows)

    assert 5_000 < rows("11:00", "12:00") <= 20_000
    with pytest.raises(Refusal) as caught:
        rows("10:00", "12:00")
    assert b"protocol.http.TooBigBody" in caught.value.body
