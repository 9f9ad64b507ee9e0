"""Bars from Massive: pieces, sessions, adjustments, and what is missing."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.clients import AsyncMassive, BarQuery
from quantdata.clients.massive.bars import ticker
from quantdata.errors import (
    ContractNotFoundError,
    DataProviderError,
    IncompleteError,
    PayloadError,
    QuoteNotFoundError,
    UnavailableError,
)
from quantdata.frames.columns import BARS, schema
from quantdata.wire.retry import RetryPolicy
from tests.unit.conftest import bar_rows

if TYPE_CHECKING:
    import httpx
    import polars as pl

    from tests.unit.conftest import Row, Vendor

AT_ONCE = RetryPolicy(tries=1, first_delay_s=0.0)
AGGREGATES = "/v2/aggs/ticker"
OPTION = "SPY261218C00600000"
MONDAY = date(2026, 11, 2)


def _bars(
    symbol: str = "SPY",
    timeframe: str = "1d",
    start: Any = "2026-11-02",
    end: Any = "2026-11-06",
    *,
    requests_per_minute: float = 6000.0,
    **others: str,
) -> pl.DataFrame:
    async def ask() -> pl.DataFrame:
        massive = AsyncMassive(
            "k3y", base_url="http://127.0.0.1:1", requests_per_minute=requests_per_minute, policy=AT_ONCE
        )
        return await massive.bars(BarQuery.of(symbol, timeframe, start, end, **others))

    return asyncio.run(ask())


def _aggregates(rows: list[Row], *, adjusted: bool | None = True) -> Row:
    return {"status": "OK", "adjusted": adjusted, "results": rows}


def _range_of(request: httpx.Request) -> tuple[int, int]:
    *_, start, end = request.url.path.split("/")
    return int(start), int(end)


def _minutes(first: datetime, count: int, *, minutes: int = 1) -> list[Row]:
    rows = bar_rows(MONDAY, count)
    for number, row in enumerate(rows):
        row["t"] = int((first + timedelta(minutes=number * minutes)).timestamp() * 1000)
    return rows


# --- what is asked --------------------------------------------------------------------------------------------------


def test_daily_bars_are_one_request_and_canonical(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(bar_rows(MONDAY, 5)))
    bars = _bars()
    assert bars.schema == schema(BARS)
    assert bars.get_column("session").to_list() == [MONDAY + timedelta(days=number) for number in range(5)]
    assert bars.row(0, named=True) | {"ts": None} == {
        "symbol": "SPY",
        "ts": None,
        "open": 100.0,
        "high": 101.0,
        "low": 99.0,
        "close": 100.0,
        "volume": 1000.0,
        "vwap": 100.0,
        "trades": 10,
        "session": MONDAY,
        "adjustment": "split",
        "source": "massive",
    }
    (request,) = market.requests
    assert request.url.path.startswith("/v2/aggs/ticker/SPY/range/1/day/")
    assert request.url.params["adjusted"] == "true"


@pytest.mark.parametrize(
    ("symbol", "path", "adjusted"),
    [
        ("SPY", "SPY", "true"),
        ("SPX", "I:SPX", "false"),
        ("I:XYZQ", "I:XYZQ", "false"),
        (OPTION, f"O:{OPTION}", "false"),
    ],
)
def test_anything_that_has_bars_is_spelled_as_the_vendor_does(
    market: Vendor, symbol: str, path: str, adjusted: str
) -> None:
    market.on(AGGREGATES, _aggregates(bar_rows(MONDAY, 1), adjusted=None))
    bars = _bars(symbol)
    assert ticker(symbol) == path
    assert market.requests[0].url.path.startswith(f"/v2/aggs/ticker/{path}/range/")
    assert market.requests[0].url.params["adjusted"] == adjusted
    assert bars.get_column("symbol").to_list() == [symbol]


def test_a_long_range_of_minutes_is_asked_in_pieces_that_do_not_overlap(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(_minutes(datetime(2026, 11, 2, 14, 30, tzinfo=UTC), 1)))
    _bars(timeframe="1m", start="2026-01-05", end="2026-11-06")
    ranges = sorted(_range_of(request) for request in market.requests)
    assert len(ranges) == 7
    assert all(end + 1 == start for (_, end), (start, _) in itertools.pairwise(ranges))
    assert ranges[0][0] == datetime(2026, 1, 5, 5, tzinfo=UTC).timestamp() * 1000
    assert ranges[-1][1] == datetime(2026, 11, 7, 5, tzinfo=UTC).timestamp() * 1000 - 1


def test_all_pages_of_a_piece_are_read(market: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return market.answer(_aggregates(bar_rows(date(2026, 11, 4), 2)))
        later = request.url.path.replace(str(_range_of(request)[0]), "1793750400000")
        first = {**_aggregates(bar_rows(MONDAY, 2)), "next_url": f"https://api.polygon.io{later}?cursor=Yg"}
        return market.answer(first)

    market.on(AGGREGATES, answer)
    assert _bars().height == 4


# --- sessions and built bars ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("session", "expected"), [("regular", 390), ("all", 960)])
def test_regular_hours_are_kept_unless_all_are_asked(market: Vendor, session: str, expected: int) -> None:
    market.on(AGGREGATES, _aggregates(_minutes(datetime(2026, 11, 3, 9, tzinfo=UTC), 960)))
    assert _bars(timeframe="1m", start="2026-11-03", end="2026-11-03", session=session).height == expected


def test_an_option_on_a_fund_trades_a_quarter_of_an_hour_longer(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(_minutes(datetime(2026, 11, 3, 14, 30, tzinfo=UTC), 600)))
    assert _bars(OPTION, "1m", "2026-11-03", "2026-11-03").height == 405


def test_hours_are_built_from_half_hours(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(_minutes(datetime(2026, 11, 3, 14, 30, tzinfo=UTC), 13, minutes=30)))
    bars = _bars(timeframe="1h", start="2026-11-03", end="2026-11-03")
    assert "/range/30/minute/" in market.requests[0].url.path
    assert bars.get_column("ts").dt.strftime("%H:%M").to_list() == [f"{hour}:30" for hour in range(14, 21)]
    assert bars.get_column("volume").to_list() == [2000.0] * 6 + [1000.0]


def test_weeks_are_built_from_whole_weeks_of_days(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(bar_rows(MONDAY, 5)))
    bars = _bars(timeframe="1w", start="2026-11-04", end="2026-11-04")
    assert _range_of(market.requests[0])[0] == datetime(2026, 11, 2, 5, tzinfo=UTC).timestamp() * 1000
    assert bars.get_column("session").to_list() == [MONDAY]
    assert bars.get_column("volume").to_list() == [5000.0]


# --- adjustment -----------------------------------------------------------------------------------------------------


def test_bars_that_are_not_adjusted_as_asked_are_refused(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(bar_rows(MONDAY, 1), adjusted=True))
    with pytest.raises(PayloadError, match="adjusted=True, asked for adjusted=False"):
        _bars(adjust="raw")


def test_total_return_takes_later_dividends_off(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(bar_rows(MONDAY, 5)))
    market.rows("/v3/reference/splits", [])
    market.rows("/v3/reference/dividends", [{"ticker": "SPY", "ex_dividend_date": "2026-11-04", "cash_amount": 2.0}])
    market.on("/v1/marketstatus/now", {})
    bars = _bars(adjust="total")
    assert bars.get_column("close").to_list() == [98.0, 98.0, 100.0, 100.0, 100.0]
    assert bars.get_column("volume").to_list() == [1000.0] * 5
    assert set(bars.get_column("adjustment")) == {"total"}


def test_a_dividend_to_come_counts_from_its_day_on(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(bar_rows(MONDAY, 5)))
    market.rows("/v3/reference/splits", [])
    market.rows("/v3/reference/dividends", [{"ticker": "SPY", "ex_dividend_date": "2026-12-18", "cash_amount": 2.0}])
    market.on("/v1/marketstatus/now", {})
    assert set(_bars(adjust="total").get_column("close")) == {100.0}


# --- what is missing ------------------------------------------------------------------------------------------------


def _half_down(vendor: Vendor) -> None:
    """Let pieces from April on fail."""
    april = datetime(2026, 4, 1, tzinfo=UTC).timestamp() * 1000
    good = _aggregates(_minutes(datetime(2026, 1, 5, 14, 30, tzinfo=UTC), 3))
    vendor.on(
        AGGREGATES,
        lambda request: vendor.answer(b"", status=503) if _range_of(request)[0] > april else vendor.answer(good),
    )


@pytest.mark.parametrize("requests_per_minute", [59.0, 6000.0])
def test_a_failing_piece_hands_over_the_bars_of_the_others(market: Vendor, requests_per_minute: float) -> None:
    _half_down(market)
    with pytest.raises(IncompleteError, match=r"6 bars arrived, then massive: .* HTTP 503") as failure:
        _bars(timeframe="1m", start="2026-01-05", end="2026-06-01", requests_per_minute=requests_per_minute)
    assert failure.value.received.height == 6
    assert isinstance(failure.value.reason, UnavailableError)


def test_a_failing_page_hands_over_the_bars_before_it(market: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return market.answer(b"", status=503)
        next_url = f"https://x{request.url.path}?cursor=Yg"
        return market.answer({**_aggregates(bar_rows(MONDAY, 2)), "next_url": next_url})

    market.on(AGGREGATES, answer)
    with pytest.raises(IncompleteError) as failure:
        _bars()
    assert failure.value.received.height == 2
    assert str(failure.value).count("arrived") == 1


def test_when_nothing_arrived_the_failure_is_the_vendors_own(market: Vendor) -> None:
    market.fails(AGGREGATES)
    with pytest.raises(DataProviderError) as failure:
        _bars()
    assert type(failure.value) is UnavailableError


def test_days_without_trades_are_no_bars_of_a_known_symbol(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates([]))
    market.on("/v3/reference/tickers/SPY", {"status": "OK", "results": {"ticker": "SPY"}})
    bars = _bars()
    assert bars.is_empty()
    assert bars.schema == schema(BARS)


@pytest.mark.parametrize(
    ("symbol", "kind"), [("XYZ", QuoteNotFoundError), ("SPX", QuoteNotFoundError), (OPTION, ContractNotFoundError)]
)
def test_a_symbol_that_nobody_knows_is_not_found(market: Vendor, symbol: str, kind: type[DataProviderError]) -> None:
    market.on(AGGREGATES, _aggregates([], adjusted=None))
    with pytest.raises(kind):
        _bars(symbol)
