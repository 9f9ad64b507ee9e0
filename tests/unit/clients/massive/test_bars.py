"""Bars from Massive: windows, pieces, sessions, adjustments, and what is missing."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
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


def _aggregates(rows: list[Row], *, adjusted: bool | None = True, status: str = "OK") -> Row:
    return {"status": status, "adjusted": adjusted, "results": rows}


def _offer(vendor: Vendor, rows: list[Row], *, under: str = AGGREGATES, status: str = "OK") -> None:
    """Answer as the vendor does: with the bars that start in the range that was asked."""

    def answer(request: httpx.Request) -> httpx.Response:
        start, end = _range_of(request)
        return vendor.answer(_aggregates([row for row in rows if start <= row["t"] <= end], status=status))

    vendor.on(under, answer)


def _offer_dividends(vendor: Vendor, *dividends: tuple[str, float]) -> None:
    rows = [{"ticker": "SPY", "ex_dividend_date": day, "cash_amount": amount} for day, amount in dividends]
    vendor.rows("/v3/reference/dividends", rows)
    vendor.rows("/v3/reference/splits", [])
    vendor.on("/v1/marketstatus/now", {})


def _range_of(request: httpx.Request) -> tuple[int, int]:
    *_, start, end = request.url.path.split("/")
    return int(start), int(end)


def _stamp(text: str) -> int:
    """Return a moment in UTC as the vendor counts it."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def _starts(bars: pl.DataFrame) -> list[str]:
    return bars.get_column("ts").dt.strftime("%H:%M").to_list()


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
        "feed": "simulated",
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
    _offer(market, _minutes(datetime(2026, 11, 2, 14, 30, tzinfo=UTC), 1))
    _bars(timeframe="1m", start="2026-01-05", end="2026-11-06")
    ranges = sorted(_range_of(request) for request in market.requests)
    assert len(ranges) == 7
    assert all(end + 1 == start for (_, end), (start, _) in itertools.pairwise(ranges))
    assert ranges[0][0] == _stamp("2026-01-05 05:00")
    assert ranges[-1][1] == _stamp("2026-11-07 05:00") - 1


@pytest.mark.parametrize(
    ("timeframe", "session", "minutes", "offset"),
    [
        ("1m", "regular", 1, 0),
        ("5m", "regular", 5, 0),
        ("15m", "all", 15, 0),
        ("30m", "regular", 30, 0),
        ("1h", "regular", 60, 30),  # from the open, at half past
        ("1h", "all", 60, 0),
    ],
)
def test_no_piece_cuts_a_window(market: Vendor, timeframe: str, session: str, minutes: int, offset: int) -> None:
    _offer(market, _minutes(datetime(2026, 11, 2, 14, 30, tzinfo=UTC), 1))
    _bars(timeframe=timeframe, start="2026-01-05T15:07Z", end="2026-11-06T16:41Z", session=session)
    ranges = sorted(_range_of(request) for request in market.requests)
    assert len(ranges) == 7
    for start, end in ranges:
        assert (start - offset * 60_000) % (minutes * 60_000) == 0
        assert (end + 1 - offset * 60_000) % (minutes * 60_000) == 0
    assert all(end + 1 == start for (_, end), (start, _) in itertools.pairwise(ranges))
    # The whole windows of both ends, and no window more.
    assert 0 <= _stamp("2026-01-05 15:07") - ranges[0][0] < minutes * 60_000
    assert 0 <= ranges[-1][1] - _stamp("2026-11-06 16:41") < minutes * 60_000


def test_a_range_of_exactly_one_piece_is_one_request(market: Vendor) -> None:
    _offer(market, _minutes(datetime(2026, 9, 1, 14, 30, tzinfo=UTC), 1))
    _bars(timeframe="1m", start="2026-09-01T00:00Z", end="2026-10-15T23:59Z")
    assert [_range_of(request) for request in market.requests] == [
        (_stamp("2026-09-01 00:00"), _stamp("2026-10-16 00:00") - 1)
    ]


# --- bars that start in the range -----------------------------------------------------------------------------------

OPEN = datetime(2026, 11, 3, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "expected", "asked"),
    [
        # 10:02 in New York: the bar of 10:00 began before.
        ("15:02", "15:20", ["15:05", "15:10", "15:15", "15:20"], ("15:00", "15:25")),
        ("15:00", "15:14", ["15:00", "15:05", "15:10"], ("15:00", "15:15")),
        ("15:05", "15:05", ["15:05"], ("15:05", "15:10")),
        ("15:01", "15:04", [], ("15:00", "15:05")),
    ],
)
def test_whole_windows_are_asked_and_bars_that_start_in_the_range_are_kept(
    market: Vendor, start: str, end: str, expected: list[str], asked: tuple[str, str]
) -> None:
    _offer(market, _minutes(OPEN, 78, minutes=5))
    market.on("/v3/reference/tickers/SPY", {"status": "OK", "results": {}})
    bars = _bars(timeframe="5m", start=f"2026-11-03T{start}Z", end=f"2026-11-03T{end}Z")
    assert _starts(bars) == expected
    begin, finish = asked
    assert _range_of(market.requests[0]) == (_stamp(f"2026-11-03 {begin}"), _stamp(f"2026-11-03 {finish}") - 1)


@pytest.mark.parametrize(
    ("start", "end", "expected", "asked"),
    [
        ("14:30", "15:30", ["14:30", "15:30"], ("14:30", "16:30")),
        ("15:00", "17:00", ["15:30", "16:30"], ("14:30", "17:30")),
        ("15:31", "16:29", [], ("15:30", "16:30")),
    ],
)
def test_hours_from_the_open_are_built_of_whole_hours(
    market: Vendor, start: str, end: str, expected: list[str], asked: tuple[str, str]
) -> None:
    _offer(market, _minutes(OPEN, 13, minutes=30))
    market.on("/v3/reference/tickers/SPY", {"status": "OK", "results": {}})
    bars = _bars(timeframe="1h", start=f"2026-11-03T{start}Z", end=f"2026-11-03T{end}Z")
    assert _starts(bars) == expected
    assert set(bars.get_column("volume")) <= {2000.0}
    begin, finish = asked
    assert _range_of(market.requests[0]) == (_stamp(f"2026-11-03 {begin}"), _stamp(f"2026-11-03 {finish}") - 1)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-03T05:00Z", "2026-11-04T05:00Z", [3, 4]),  # midnight in New York
        ("2026-11-03T05:01Z", "2026-11-05T04:59Z", [4]),
        ("2026-11-03T15:00Z", "2026-11-03T18:00Z", []),
        ("2026-11-03", "2026-11-03", [3]),
    ],
)
def test_days_are_those_of_new_york(market: Vendor, start: str, end: str, days: list[int]) -> None:
    _offer(market, bar_rows(MONDAY, 5))
    market.on("/v3/reference/tickers/SPY", {"status": "OK", "results": {}})
    bars = _bars(start=start, end=end)
    assert [day.day for day in bars.get_column("session")] == days
    begin, finish = _range_of(market.requests[0])
    assert begin == _stamp("2026-11-03 05:00")
    assert (finish + 1 - begin) % 86_400_000 == 0


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


def test_hours_of_all_hours_are_the_vendors_own(market: Vendor) -> None:
    _offer(market, _minutes(datetime(2026, 11, 3, 9, tzinfo=UTC), 16, minutes=60))
    bars = _bars(timeframe="1h", start="2026-11-03", end="2026-11-03", session="all")
    assert "/range/1/hour/" in market.requests[0].url.path
    assert _starts(bars) == [f"{hour:02}:00" for hour in range(9, 24)] + ["00:00"]


def test_hours_are_built_from_half_hours(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(_minutes(datetime(2026, 11, 3, 14, 30, tzinfo=UTC), 13, minutes=30)))
    bars = _bars(timeframe="1h", start="2026-11-03", end="2026-11-03")
    assert "/range/30/minute/" in market.requests[0].url.path
    assert bars.get_column("ts").dt.strftime("%H:%M").to_list() == [f"{hour}:30" for hour in range(14, 21)]
    assert bars.get_column("volume").to_list() == [2000.0] * 6 + [1000.0]


def test_weeks_are_built_from_whole_weeks_of_days(market: Vendor) -> None:
    _offer(market, bar_rows(date(2026, 10, 26), 14))
    bars = _bars(timeframe="1w", start="2026-11-04", end="2026-11-04")
    assert _range_of(market.requests[0]) == (_stamp("2026-11-02 05:00"), _stamp("2026-11-09 05:00") - 1)
    assert bars.get_column("session").to_list() == [MONDAY]
    assert bars.get_column("volume").to_list() == [7000.0]


# --- adjustment -----------------------------------------------------------------------------------------------------


def test_bars_that_are_not_adjusted_as_asked_are_refused(market: Vendor) -> None:
    market.on(AGGREGATES, _aggregates(bar_rows(MONDAY, 1), adjusted=True))
    with pytest.raises(PayloadError, match="adjusted=True, asked for adjusted=False"):
        _bars(adjust="raw")


@pytest.mark.parametrize(("symbol", "named"), [("SPY", "QQQ"), ("SPX", "SPX"), (OPTION, OPTION), ("BRK.B", "BRK/B")])
def test_bars_of_another_symbol_are_refused(market: Vendor, symbol: str, named: str) -> None:
    market.on(AGGREGATES, {**_aggregates(bar_rows(MONDAY, 3)), "ticker": named})
    with pytest.raises(PayloadError, match=f"bars of {named}, asked for {ticker(symbol)}"):
        _bars(symbol)


@pytest.mark.parametrize("symbol", ["SPY", "SPX", OPTION])
def test_bars_that_name_their_symbol_as_it_was_asked_for_are_taken(market: Vendor, symbol: str) -> None:
    market.on(AGGREGATES, {**_aggregates(bar_rows(MONDAY, 3)), "ticker": ticker(symbol)})
    assert _bars(symbol).height == 3


@pytest.mark.parametrize("amount", [100.0, 150.0])
def test_a_dividend_of_all_that_a_share_is_worth_is_refused(market: Vendor, amount: float) -> None:
    _offer(market, bar_rows(MONDAY, 10))
    _offer_dividends(market, ("2026-11-05", amount))
    with pytest.raises(PayloadError, match="massive: dividends of SPY: "):
        _bars(adjust="total")


def test_total_return_takes_later_dividends_off(market: Vendor) -> None:
    _offer(market, bar_rows(MONDAY, 5))
    _offer_dividends(market, ("2026-11-04", 2.0))
    bars = _bars(adjust="total")
    assert bars.get_column("close").to_list() == [98.0, 98.0, 100.0, 100.0, 100.0]
    assert bars.get_column("volume").to_list() == [1000.0] * 5
    assert set(bars.get_column("adjustment")) == {"total"}


def test_a_dividend_that_comes_twice_counts_once(market: Vendor) -> None:
    _offer(market, bar_rows(MONDAY, 5))
    _offer_dividends(market, ("2026-11-04", 2.0), ("2026-11-04", 2.0))
    assert set(_bars(adjust="total").get_column("close")) == {98.0, 100.0}


def test_dividends_of_two_kinds_on_one_day_both_count(market: Vendor) -> None:
    _offer(market, bar_rows(MONDAY, 5))
    _offer_dividends(market)
    row = {"ticker": "SPY", "ex_dividend_date": "2026-11-04", "cash_amount": 2.0}
    market.rows("/v3/reference/dividends", [row | {"dividend_type": kind} for kind in ("LT", "ST")])
    assert set(_bars(adjust="total").get_column("close")) == {96.0, 100.0}


def test_a_dividend_to_come_counts_from_its_day_on(market: Vendor) -> None:
    _offer(market, bar_rows(MONDAY, 5))
    _offer_dividends(market, ("2026-12-18", 2.0))
    assert set(_bars(adjust="total").get_column("close")) == {100.0}


# A week with two ex-dividend days in it, and one after it.
PAYING = (("2026-11-04", 2.0), ("2026-11-06", 3.0), ("2026-11-12", 1.0))


def test_a_week_with_a_dividend_in_it_closes_where_its_last_day_does(market: Vendor) -> None:
    # Scaled after the days had been joined, the whole week would be scaled as its first day.
    rows = [row for day in range(19) for row in bar_rows(MONDAY + timedelta(days=day - 7), 1, price=100.0 + day)]
    _offer(market, [row for day, row in enumerate(rows) if day % 7 < 5])
    _offer_dividends(market, *PAYING)
    days, weeks = (_bars("SPY", timeframe, "2026-10-26", "2026-11-13", adjust="total") for timeframe in ("1d", "1w"))
    days = days.with_columns(monday=pl.col("session").dt.truncate("1w"))
    by_week = days.group_by("monday", maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last()
    )
    assert weeks.get_column("session").to_list() == by_week.get_column("monday").to_list()
    for name in ("open", "high", "low", "close"):
        assert weeks.get_column(name).to_list() == pytest.approx(by_week.get_column(name).to_list()), name
    # By hand: each dividend over the close before it; Friday of the second week is before the last one only.
    later = 1 - 1 / 116
    assert weeks.get_column("close")[1] == pytest.approx(111 * later)
    assert weeks.get_column("close")[0] == pytest.approx(104 * (1 - 2 / 108) * (1 - 3 / 110) * later)


def test_an_hour_is_adjusted_for_dividends_as_its_day_is(market: Vendor) -> None:
    half_hours = [row for day in range(5) for row in _minutes(OPEN + timedelta(days=day - 1), 13, minutes=30)]
    _offer(market, half_hours, under=f"{AGGREGATES}/SPY/range/30/minute")
    _offer(market, bar_rows(MONDAY, 5), under=f"{AGGREGATES}/SPY/range/1/day")
    _offer_dividends(market, ("2026-11-04", 2.0))
    bars = _bars(timeframe="1h", adjust="total")
    by_day = bars.group_by("session", maintain_order=True).agg(pl.col("close").unique(), pl.len())
    assert by_day.get_column("len").to_list() == [7] * 5
    assert by_day.get_column("close").to_list() == [[98.0], [98.0], [100.0], [100.0], [100.0]]


# --- what is missing ------------------------------------------------------------------------------------------------


FIRST_OPENS = [datetime(2026, 1, 5, 14, 30, tzinfo=UTC), datetime(2026, 3, 2, 14, 30, tzinfo=UTC)]


def _half_down(vendor: Vendor, *, minutes: int = 1) -> None:
    """Have bars of two pieces, and let pieces from April on fail."""
    april = _stamp("2026-04-01 00:00")
    intraday = f"{AGGREGATES}/SPY/range/{minutes}/minute"
    _offer(vendor, [row for opens in FIRST_OPENS for row in _minutes(opens, 4, minutes=minutes)], under=intraday)
    good = vendor.answering(intraday)
    vendor.on(
        intraday,
        lambda request: vendor.answer(b"", status=503) if _range_of(request)[0] > april else good(request),
    )


@pytest.mark.parametrize("requests_per_minute", [59.0, 6000.0])
def test_a_failing_piece_hands_over_the_bars_of_the_others(market: Vendor, requests_per_minute: float) -> None:
    _half_down(market)
    with pytest.raises(IncompleteError, match=r"8 bars arrived, then massive: .* HTTP 503") as failure:
        _bars(timeframe="1m", start="2026-01-05", end="2026-06-01", requests_per_minute=requests_per_minute)
    assert failure.value.received.height == 8
    assert isinstance(failure.value.reason, UnavailableError)


@pytest.mark.parametrize("adjust", ["split", "total"])
@pytest.mark.parametrize(("timeframe", "minutes", "count"), [("30m", 30, 8), ("1h", 30, 4)])
def test_bars_in_part_are_as_finished_as_whole_ones(
    market: Vendor, timeframe: str, minutes: int, count: int, adjust: str
) -> None:
    _half_down(market, minutes=minutes)
    _offer(market, bar_rows(date(2025, 12, 22), 90), under=f"{AGGREGATES}/SPY/range/1/day")
    _offer_dividends(market, ("2026-02-02", 2.0))
    with pytest.raises(IncompleteError, match=f"{count} bars arrived") as failure:
        _bars(timeframe=timeframe, start="2026-01-05", end="2026-06-01", adjust=adjust)
    received = failure.value.received
    assert received.schema == schema(BARS)
    assert received.get_column("ts").is_sorted()
    assert _starts(received)[:2] == ["14:30", "15:00" if timeframe == "30m" else "15:30"]
    assert set(received.get_column("adjustment")) == {adjust}
    assert set(received.get_column("close")) == ({98.0, 100.0} if adjust == "total" else {100.0})


@pytest.mark.parametrize(
    "lacking", ["/v3/reference/dividends", "/v3/reference/splits", f"{AGGREGATES}/SPY/range/1/day"]
)
def test_without_what_a_total_return_needs_there_are_no_bars(market: Vendor, lacking: str) -> None:
    _offer(market, _minutes(OPEN, 78, minutes=5), under=f"{AGGREGATES}/SPY/range/5/minute")
    _offer(market, bar_rows(MONDAY, 5), under=f"{AGGREGATES}/SPY/range/1/day")
    _offer_dividends(market, ("2026-11-04", 2.0))
    market.fails(lacking)
    with pytest.raises(DataProviderError) as failure:
        _bars(timeframe="5m", start="2026-11-03", end="2026-11-03", adjust="total")
    assert type(failure.value) is UnavailableError


# --- bars that are not the ones asked for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timeframe", "rows"),
    [
        ("1d", bar_rows(date(2026, 10, 20), 5)),
        ("1d", bar_rows(date(2026, 11, 9), 1)),
        ("5m", bar_rows(MONDAY, 1) + _minutes(datetime(2026, 11, 10, 14, 30, tzinfo=UTC), 1)),
    ],
)
def test_bars_outside_of_the_range_are_refused(market: Vendor, timeframe: str, rows: list[Row]) -> None:
    market.on(AGGREGATES, _aggregates(rows))
    with pytest.raises(PayloadError, match="bars outside of the range that was asked for"):
        _bars(timeframe=timeframe)


def test_a_page_that_comes_twice_is_refused(market: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        page = _aggregates(bar_rows(MONDAY, 5))
        if "cursor" in request.url.params:
            return market.answer(page)
        return market.answer({**page, "next_url": f"https://api.polygon.io{request.url.path}?cursor=Yg"})

    market.on(AGGREGATES, answer)
    with pytest.raises(PayloadError, match="5 of 10 bars of SPY came twice") as failure:
        _bars()
    assert (failure.value.provider, failure.value.endpoint) == ("massive", "/v2/aggs")


@pytest.mark.parametrize("stamp", [None, 0])
def test_a_bar_without_a_time_is_refused(market: Vendor, stamp: int | None) -> None:
    market.on(AGGREGATES, _aggregates([*bar_rows(MONDAY, 2), {**bar_rows(MONDAY, 1)[0], "t": stamp}]))
    with pytest.raises(PayloadError, match="a bar without a time"):
        _bars()


# --- provenance -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "feed"), [("OK", None), ("DELAYED", "delayed")])
def test_the_feed_of_bars_is_that_of_the_plan(vendor: Vendor, status: str, feed: str | None) -> None:
    _offer(vendor, bar_rows(MONDAY, 5), status=status)
    assert set(_bars().get_column("feed")) == {feed}


def test_one_delayed_page_makes_delayed_bars(vendor: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return vendor.answer(_aggregates(bar_rows(date(2026, 11, 4), 2), status="DELAYED"))
        next_url = f"https://api.polygon.io{request.url.path}?cursor=Yg"
        return vendor.answer({**_aggregates(bar_rows(MONDAY, 2)), "next_url": next_url})

    vendor.on(AGGREGATES, answer)
    assert _bars().get_column("feed").to_list() == ["delayed"] * 4


def test_a_simulators_bars_say_so(market: Vendor) -> None:
    _offer(market, bar_rows(MONDAY, 5), status="DELAYED")
    assert set(_bars().get_column("feed")) == {"simulated"}


# --- nothing --------------------------------------------------------------------------------------------------------


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
