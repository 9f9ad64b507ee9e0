"""Bars from Tradier: daily history, the minutes of the last weeks, adjustments, and what is not kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.clients import BarQuery
from quantdata.clients.tradier import bars as module
from quantdata.errors import (
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)
from quantdata.frames.columns import BARS, schema
from tests.unit.tradier_vendor import (
    DIVIDENDS,
    HISTORY,
    QUOTES,
    SANDBOX,
    SPLITS,
    TIMESALES,
    Tradier,
    ask,
    day_row,
    day_rows,
    option_row,
    series_row,
    series_rows,
    stock_quote,
)

if TYPE_CHECKING:
    import polars as pl

    from quantdata.clients import AsyncTradier
    from tests.unit.conftest import Row

MONDAY = date(2026, 11, 9)
FRIDAY = date(2026, 11, 13)
OPTION = "SPY261218C00600000"
# 09:30 in New York of a Tuesday.
OPEN = datetime(2026, 11, 10, 14, 30, tzinfo=UTC)


def _query(
    symbol: str = "SPY", timeframe: str = "1d", start: Any = "2026-11-09", end: Any = "2026-11-13", **others: str
) -> BarQuery:
    return BarQuery.of(symbol, timeframe, start, end, **others)


def _bars(symbol: str = "SPY", timeframe: str = "1d", *args: Any, **others: str) -> pl.DataFrame:
    return ask(lambda client: client.bars(_query(symbol, timeframe, *args, **others)))


def _sandbox_bars(symbol: str = "SPY", timeframe: str = "1d", *args: Any, **others: str) -> pl.DataFrame:
    return ask(lambda client: client.bars(_query(symbol, timeframe, *args, **others)), base_url=SANDBOX)


def _failure(kind: type[DataProviderError], *args: Any, **others: str) -> DataProviderError:
    with pytest.raises(DataProviderError) as failure:
        _bars(*args, **others)
    assert type(failure.value) is kind
    return failure.value


def _starts(bars: pl.DataFrame) -> list[str]:
    return bars.get_column("ts").dt.strftime("%H:%M").to_list()


def _closes(bars: pl.DataFrame) -> list[float]:
    return bars.get_column("close").to_list()


# --- daily ----------------------------------------------------------------------------------------------------------


def test_daily_bars_are_one_request_and_canonical(tradier: Tradier) -> None:
    tradier.history(day_rows(MONDAY, 5))
    bars = _bars()
    assert bars.schema == schema(BARS)
    assert bars.get_column("session").to_list() == [MONDAY + timedelta(days=number) for number in range(5)]
    assert bars.row(0, named=True) == {
        "symbol": "SPY",
        "ts": datetime(2026, 11, 9, 5, tzinfo=UTC),
        "open": 100.0,
        "high": 101.0,
        "low": 99.0,
        "close": 100.0,
        "volume": 1000.0,
        "vwap": None,
        "trades": None,
        "session": MONDAY,
        "adjustment": "split",
        "source": "tradier",
        "feed": "simulated",
    }
    assert tradier.asked(HISTORY) == [
        {"symbol": "SPY", "interval": "daily", "start": "2026-11-09", "end": "2026-11-13"}
    ]
    assert tradier.asked(SPLITS) == []


@pytest.mark.parametrize("session", ["regular", "all"])
def test_one_day_comes_as_an_object_and_is_a_bar(tradier: Tradier, session: str) -> None:
    tradier.history(day_rows(MONDAY, 5))
    assert _bars("SPY", "1d", MONDAY, MONDAY, session=session).height == 1


def test_days_that_come_out_of_order_are_sorted(tradier: Tradier) -> None:
    tradier.history(day_rows(MONDAY, 5)[::-1])
    assert _bars().get_column("ts").is_sorted()


def test_a_week_of_days_out_of_order_opens_with_its_first_and_closes_with_its_last(tradier: Tradier) -> None:
    tradier.history([day_row(MONDAY + timedelta(days=number), 100.0 + number) for number in (4, 0, 2, 1, 3)])
    assert _bars("SPY", "1w").select("session", "open", "close").rows() == [(MONDAY, 100.0, 104.0)]


def test_prices_that_are_none_are_null(tradier: Tradier) -> None:
    tradier.history([day_row(MONDAY, open="NaN")])
    assert _bars().get_column("open").to_list() == [None]


@pytest.mark.parametrize(("symbol", "spelled"), [("BRK.B", "BRK/B"), ("SPX", "SPX"), (OPTION, OPTION)])
def test_anything_that_has_bars_is_spelled_as_the_vendor_does(tradier: Tradier, symbol: str, spelled: str) -> None:
    tradier.history(day_rows(MONDAY, 1))
    assert _bars(symbol).get_column("symbol").to_list() == [symbol]
    assert tradier.asked(HISTORY)[0]["symbol"] == spelled


def test_what_its_prefix_calls_an_index_must_be_one(tradier: Tradier) -> None:
    # The vendor's symbols have no prefix: XYZQ may be a share as well.
    tradier.history(day_rows(MONDAY, 1))
    tradier.quotes(stock_quote("XYZQ", kind="index"))
    assert _bars("I:XYZQ").get_column("symbol").to_list() == ["I:XYZQ"]
    assert tradier.asked(HISTORY)[0]["symbol"] == "XYZQ"
    tradier.quotes(stock_quote("XYZQ"))
    assert "tradier knows no index XYZQ" in str(_failure(QuoteNotFoundError, "I:XYZQ"))
    assert len(tradier.asked(HISTORY)) == 1


def test_the_volume_of_an_index_is_none(tradier: Tradier) -> None:
    tradier.history([day_row(MONDAY, volume=0)])
    assert _bars("SPX").get_column("volume").to_list() == [None]
    assert _bars("SPY").get_column("volume").to_list() == [0.0]


def test_weeks_are_built_from_whole_weeks_of_days(tradier: Tradier) -> None:
    tradier.history([day_row(MONDAY + timedelta(days=number - 7), 100.0 + number) for number in range(14)])
    bars = _bars("SPY", "1w", "2026-11-11", "2026-11-11")
    assert tradier.asked(HISTORY)[0] | {"symbol": ""} == {
        "symbol": "",
        "interval": "daily",
        "start": "2026-11-09",
        "end": "2026-11-15",
    }
    assert bars.select("session", "open", "close", "volume").rows() == [(MONDAY, 107.0, 113.0, 7000.0)]


def test_a_vendors_bars_have_no_feed_and_the_sandboxs_are_late(tradier: Tradier) -> None:
    tradier.vendor.clock = None
    tradier.history(day_rows(MONDAY, 5))
    assert set(_bars().get_column("feed")) == {None}
    assert set(_sandbox_bars().get_column("feed")) == {"delayed"}


# --- prices as traded and total returns -----------------------------------------------------------------------------


def test_daily_bars_go_back_to_what_was_traded(tradier: Tradier) -> None:
    tradier.history(day_rows(MONDAY, 5))
    tradier.splits(("2026-11-11", 1, 4))
    bars = _bars(adjust="raw")
    assert _closes(bars) == [400.0, 400.0, 100.0, 100.0, 100.0]
    assert bars.get_column("volume").to_list() == [250.0, 250.0, 1000.0, 1000.0, 1000.0]
    assert set(bars.get_column("adjustment")) == {"raw"}
    assert tradier.asked(SPLITS) == [{"symbols": "SPY"}]


@pytest.mark.parametrize("adjust", ["raw", "split", "total"])
def test_splits_to_come_are_not_counted(tradier: Tradier, adjust: str) -> None:
    tradier.history(day_rows(MONDAY - timedelta(days=14), 30))
    tradier.timesales(series_rows(OPEN, 2))
    tradier.splits(("2026-11-19", 1, 10))
    tradier.dividends()
    assert set(_closes(_bars(adjust=adjust))) == {100.0}
    assert set(_closes(_bars("SPY", "1m", adjust=adjust))) == {100.0}


def test_a_split_of_today_is_counted(tradier: Tradier) -> None:
    tradier.history(day_rows(MONDAY, 5))
    tradier.splits(("2026-11-18", 1, 10))
    assert set(_closes(_bars(adjust="raw"))) == {1000.0}


@pytest.mark.parametrize("symbol", ["SPX", OPTION])
def test_what_never_splits_comes_as_it_is(tradier: Tradier, symbol: str) -> None:
    tradier.history(day_rows(MONDAY, 5))
    for adjust in ("raw", "split", "total"):
        assert set(_bars(symbol, adjust=adjust).get_column("adjustment")) == {"raw"}
    assert tradier.asked(SPLITS) == tradier.asked(DIVIDENDS) == []


def test_splits_are_asked_for_once_a_day(tradier: Tradier) -> None:
    tradier.history(day_rows(MONDAY, 10))
    tradier.splits()

    async def several(client: AsyncTradier) -> list[int]:
        counts = []
        for day in (18, 18, 19, 19):
            tradier.vendor.clock = datetime(2026, 11, day, 17, tzinfo=UTC).isoformat()
            await client.bars(_query(adjust="raw"))
            counts.append(len(tradier.asked(SPLITS)))
        return counts

    counts = ask(several)
    assert counts[:2] == [1, 1]
    assert counts[-1] == 2  # of a new day the client learns by the first answer on it


def test_a_split_counts_by_the_hosts_day_though_that_comes_with_the_answer(tradier: Tradier) -> None:
    tradier.splits(("2026-11-18", 1, 10), ("2026-11-19", 1, 10))
    tradier.dividends(("2026-11-17", 2.0))
    for clock, amount in (("2026-11-17", 2.0), ("2026-11-18", 0.2), ("2026-11-19", 0.02)):
        tradier.vendor.clock = f"{clock}T17:00:00+00:00"
        found = ask(lambda client: client._bars.dividends("SPY"))
        assert found.get_column("amount").to_list() == pytest.approx([amount])


def test_splits_are_forgotten_when_there_are_too_many(tradier: Tradier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPLITS_KEPT", 2)
    tradier.history(day_rows(MONDAY, 5))

    async def several(client: AsyncTradier) -> list[str]:
        for symbol in ("SPY", "QQQ", "IWM"):
            tradier.splits(of=symbol)
            await client.bars(_query(symbol, adjust="raw"))
        return [symbol for symbol, _ in client._bars._splits]

    assert ask(several) == ["IWM"]


def test_total_return_takes_later_dividends_off(tradier: Tradier) -> None:
    tradier.history(day_rows(MONDAY, 5))
    tradier.splits()
    tradier.dividends(("2026-11-11", 2.0))
    bars = _bars(adjust="total")
    assert _closes(bars) == [98.0, 98.0, 100.0, 100.0, 100.0]
    assert set(bars.get_column("adjustment")) == {"total"}
    # From some days before on to the present, for all dividends since then.
    assert {(asked["start"], asked["end"]) for asked in tradier.asked(HISTORY)} == {
        ("2026-11-09", "2026-11-13"),
        ("2026-10-30", "2026-11-18"),
    }


@pytest.mark.parametrize(
    ("day", "closes"),
    [
        ("2026-11-09", {100.0}),  # the first day is after it
        ("2026-11-18", {98.0}),  # today
        ("2026-11-19", {100.0}),  # to come
    ],
)
def test_dividends_count_from_the_start_to_the_present(tradier: Tradier, day: str, closes: set[float]) -> None:
    tradier.history(day_rows(MONDAY - timedelta(days=14), 30))
    tradier.splits()
    tradier.dividends((day, 2.0))
    assert set(_closes(_bars(adjust="total"))) == closes


@pytest.mark.parametrize("ex_day", ["2026-11-10", "2026-11-11"])
def test_a_week_is_scaled_by_what_was_paid_in_it_before_the_day_asked_for(tradier: Tradier, ex_day: str) -> None:
    tradier.history(day_rows(MONDAY - timedelta(days=14), 30))
    tradier.splits()
    tradier.dividends((ex_day, 2.0))
    (row,) = _bars("SPY", "1w", "2026-11-11", "2026-11-11", adjust="total").rows(named=True)
    assert (row["open"], row["low"], row["high"], row["close"]) == (98.0, 97.02, 101.0, 100.0)


@pytest.mark.parametrize("amount", [100.0, 150.0])
def test_a_dividend_of_all_that_a_share_is_worth_is_refused(tradier: Tradier, amount: float) -> None:
    tradier.history(day_rows(MONDAY, 5))
    tradier.splits()
    tradier.dividends(("2026-11-11", amount))
    assert "tradier: dividends of SPY: a dividend is larger" in str(_failure(PayloadError, adjust="total"))


@pytest.mark.parametrize("lacking", [SPLITS, DIVIDENDS])
@pytest.mark.parametrize("timeframe", ["1d", "5m"])
def test_without_what_a_total_return_needs_there_are_no_bars(tradier: Tradier, timeframe: str, lacking: str) -> None:
    tradier.history(day_rows(MONDAY, 5))
    tradier.timesales(series_rows(OPEN, 2, minutes=5))
    tradier.splits()
    tradier.dividends()
    tradier.on(lacking, b"", status=503)
    assert _failure(UnavailableError, "SPY", timeframe, adjust="total").endpoint == lacking


def test_without_splits_there_are_no_daily_prices_as_traded(tradier: Tradier) -> None:
    tradier.history(day_rows(MONDAY, 5))
    tradier.on(SPLITS, b"", status=503)
    assert _failure(UnavailableError, adjust="raw").endpoint == SPLITS


@pytest.mark.parametrize(
    "body", [[], [{"request": "QQQ"}], [{"request": "SPY", "error": "Symbol not found"}], {"series": None}, {}]
)
def test_splits_of_another_stock_are_none_of_this(tradier: Tradier, body: object) -> None:
    tradier.history(day_rows(MONDAY, 5))
    tradier.on(SPLITS, body)
    _failure(PayloadError, adjust="raw")


# --- minutes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timeframe", "session", "interval", "minutes", "starts"),
    [
        ("1m", "regular", "1min", 1, ["15:00", "15:01", "15:02"]),
        ("5m", "regular", "5min", 5, ["15:00", "15:05", "15:10"]),
        ("15m", "all", "15min", 15, ["15:00", "15:15", "15:30"]),
    ],
)
def test_minutes_are_the_vendors_own(
    tradier: Tradier, timeframe: str, session: str, interval: str, minutes: int, starts: list[str]
) -> None:
    tradier.timesales(series_rows(OPEN, 200, minutes=minutes))
    tradier.splits()
    end = OPEN + timedelta(minutes=30 + 2 * minutes)
    bars = _bars("SPY", timeframe, OPEN + timedelta(minutes=30), end, session=session)
    assert bars.schema == schema(BARS)
    assert _starts(bars) == starts
    (asked,) = tradier.asked(TIMESALES)
    assert (asked["interval"], asked["session_filter"]) == (interval, "open" if session == "regular" else "all")
    assert bars.row(0, named=True)["vwap"] == 100.0


def test_half_hours_are_built_from_quarters(tradier: Tradier) -> None:
    tradier.timesales(series_rows(OPEN, 26, minutes=15))
    tradier.splits()
    bars = _bars("SPY", "30m", "2026-11-10", "2026-11-10")
    assert _starts(bars) == [f"{hour}:{half}" for hour in range(14, 21) for half in ("00", "30")][1:]
    assert set(bars.get_column("volume")) == {2000.0}
    assert tradier.asked(TIMESALES)[0]["interval"] == "15min"


def test_hours_run_from_the_open(tradier: Tradier) -> None:
    tradier.timesales(series_rows(OPEN, 26, minutes=15))
    tradier.splits()
    bars = _bars("SPY", "1h", "2026-11-10", "2026-11-10")
    assert _starts(bars) == [f"{hour}:30" for hour in range(14, 21)]
    assert bars.get_column("volume").to_list() == [4000.0] * 6 + [2000.0]


def test_hours_of_all_hours_run_by_the_clock(tradier: Tradier) -> None:
    tradier.timesales(series_rows(datetime(2026, 11, 10, 12, tzinfo=UTC), 48, minutes=15))
    tradier.splits()
    bars = _bars("SPY", "1h", "2026-11-10", "2026-11-10", session="all")
    assert _starts(bars) == [f"{hour:02}:00" for hour in range(12, 24)]
    assert set(bars.get_column("volume")) == {4000.0}


@pytest.mark.parametrize(
    ("start", "end", "starts"),
    [
        ("14:30", "15:30", ["14:30", "15:30"]),
        ("15:00", "17:00", ["15:30", "16:30"]),
        ("15:31", "17:00", ["16:30"]),
    ],
)
def test_hours_are_whole_whatever_part_of_them_is_asked_for(
    tradier: Tradier, start: str, end: str, starts: list[str]
) -> None:
    tradier.timesales(series_rows(OPEN, 26, minutes=15))
    tradier.splits()
    bars = _bars("SPY", "1h", f"2026-11-10T{start}Z", f"2026-11-10T{end}Z")
    assert _starts(bars) == starts
    assert set(bars.get_column("volume")) == {4000.0}


def test_the_closing_auction_is_no_regular_bar_and_options_trade_a_quarter_longer(tradier: Tradier) -> None:
    rows = series_rows(OPEN, 391)
    tradier.timesales(rows)
    tradier.splits()
    assert _starts(_bars("SPY", "1m", "2026-11-10", "2026-11-10"))[-1] == "20:59"
    assert _starts(_bars(OPTION, "1m", "2026-11-10", "2026-11-10"))[-1] == "21:00"


def test_minutes_come_as_traded_and_are_put_in_todays_shares(tradier: Tradier) -> None:
    tradier.timesales([series_row(OPEN, 400.0), series_row(OPEN + timedelta(days=1), 100.0)])
    tradier.splits(("2026-11-11", 1, 4))
    split = _bars("SPY", "1m")
    assert _closes(split) == [100.0, 100.0]
    assert split.get_column("volume").to_list() == [4000.0, 1000.0]
    raw = _bars("SPY", "1m", adjust="raw")
    assert _closes(raw) == [400.0, 100.0]
    assert (set(split.get_column("adjustment")), set(raw.get_column("adjustment"))) == ({"split"}, {"raw"})


@pytest.mark.parametrize(
    ("body", "status"),
    [([], 200), (b"no such thing", 404), (b"Not for you", 403), (b"", 401), (b"Not like that", 400), (b"", 410)],
    ids=["unknown", "no such path", "not in the plan", "not for this token", "not like that", "gone"],
)
def test_without_splits_minutes_are_as_traded_and_say_so(tradier: Tradier, body: object, status: int) -> None:
    tradier.timesales(series_rows(OPEN, 2))
    tradier.on(SPLITS, body, status=status)
    bars = _bars("SPY", "1m")
    assert set(bars.get_column("adjustment")) == {"raw"}
    assert _closes(bars) == [100.0, 100.0]


@pytest.mark.parametrize(("status", "kind"), [(503, UnavailableError), (429, RateLimitError)])
def test_minutes_do_not_come_as_traded_because_a_splits_request_failed(
    tradier: Tradier, status: int, kind: type[DataProviderError]
) -> None:
    # Else the same bars would come adjusted at one time and as traded at another.
    tradier.timesales(series_rows(OPEN, 2))
    tradier.on(SPLITS, b"", status=status)
    _failure(kind, "SPY", "1m")


def test_minutes_are_adjusted_for_dividends_as_their_day_is(tradier: Tradier) -> None:
    tradier.timesales([series_row(OPEN), series_row(OPEN + timedelta(days=1))])
    tradier.history(day_rows(MONDAY, 5))
    tradier.splits()
    tradier.dividends(("2026-11-11", 2.0))
    assert _closes(_bars("SPY", "1m", adjust="total")) == [98.0, 100.0]


# --- what is kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timeframe", "session", "start"),
    [
        ("1m", "regular", "2026-10-21 00:00"),
        ("1m", "all", "2026-11-04 00:00"),
        ("5m", "regular", "2026-09-23 00:00"),
        ("1h", "regular", "2026-09-23 00:00"),
        ("30m", "all", "2026-10-23 00:00"),
    ],
)
def test_minutes_begin_where_the_vendors_memory_does(
    tradier: Tradier, timeframe: str, session: str, start: str
) -> None:
    tradier.timesales(series_rows(OPEN, 60))
    tradier.splits()
    assert _bars("SPY", timeframe, "2026-01-05", "2026-11-13", session=session).height
    assert [asked["start"] for asked in tradier.asked(TIMESALES)] == [start]


def test_a_range_that_is_all_older_is_refused_without_asking(tradier: Tradier) -> None:
    failure = _failure(EntitlementError, "SPY", "1m", "2026-01-05", "2026-10-20")
    assert "tradier keeps 1m bars since 2026-10-21 only, and these end on 2026-10-20" in str(failure)
    assert failure.endpoint == TIMESALES
    assert tradier.asked(TIMESALES) == []


def test_the_vendors_own_word_of_what_it_keeps_is_obeyed(tradier: Tradier) -> None:
    tradier.timesales([series_row(OPEN + timedelta(days=number)) for number in range(3)])
    tradier.splits()
    tradier.unless(
        TIMESALES,
        lambda asked: asked["start"] < "2026-11-11",
        lambda _: tradier.vendor.answer(
            b"Invalid parameter, start: must be on or after 2026-11-11 00:00:00.", status=400
        ),
    )
    assert _bars("SPY", "1m").get_column("session").to_list() == [date(2026, 11, 11), date(2026, 11, 12)]


def test_an_answer_that_is_too_large_is_cut(tradier: Tradier) -> None:
    tradier.timesales(series_rows(OPEN, 390))
    tradier.splits()
    body = {"fault": {"faultstring": "x", "detail": {"errorcode": "protocol.http.TooBigBody"}}}
    tradier.unless(
        TIMESALES,
        lambda asked: asked["start"] < "2026-11-10 12:00" < asked["end"],
        lambda _: tradier.vendor.answer(body, status=500),
    )
    bars = _bars("SPY", "1m", "2026-11-10", "2026-11-10")
    assert bars.height == 390
    assert bars.get_column("ts").is_sorted()


@pytest.mark.parametrize("timeframe", ["1d", "1m"])
def test_nothing_is_kept_of_expired_contracts(tradier: Tradier, timeframe: str) -> None:
    failure = _failure(EntitlementError, "SPY261117C00600000", timeframe)
    assert "tradier keeps nothing of expired options" in str(failure)
    assert tradier.asked(HISTORY) == tradier.asked(TIMESALES) == []


def test_an_index_has_no_minutes(tradier: Tradier) -> None:
    tradier.timesales([])
    assert "no intraday bars of the index SPX; daily ones it has" in str(_failure(EntitlementError, "SPX", "1m"))


def test_an_index_that_has_minutes_all_the_same_is_taken_at_its_word(tradier: Tradier) -> None:
    tradier.timesales(series_rows(OPEN, 2))
    assert _bars("SPX", "1m").height == 2


# --- the sandbox ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timeframe", "adjust", "what"), [("1d", "raw", "splits"), ("1d", "total", "dividends"), ("5m", "total", "splits")]
)
def test_the_sandbox_has_no_corporate_actions(tradier: Tradier, timeframe: str, adjust: str, what: str) -> None:
    tradier.history(day_rows(MONDAY, 5))
    tradier.timesales(series_rows(OPEN, 2, minutes=5))
    with pytest.raises(EntitlementError, match=f"tradier's sandbox has no {what} of SPY") as failure:
        _sandbox_bars("SPY", timeframe, adjust=adjust)
    assert failure.value.endpoint is None
    assert tradier.asked(SPLITS) == tradier.asked(DIVIDENDS) == []


def test_the_sandboxs_minutes_are_as_traded_and_say_so(tradier: Tradier) -> None:
    tradier.timesales(series_rows(OPEN, 2))
    assert set(_sandbox_bars("SPY", "1m").get_column("adjustment")) == {"raw"}


# --- bars that are not the ones asked for ---------------------------------------------------------------------------


@pytest.mark.parametrize("day", [MONDAY - timedelta(days=1), FRIDAY + timedelta(days=1)])
def test_days_outside_of_the_range_are_refused(tradier: Tradier, day: date) -> None:
    tradier.on(HISTORY, {"history": {"day": [*day_rows(MONDAY, 5), day_row(day)]}})
    failure = _failure(PayloadError)
    assert "daily bars of SPY outside of 2026-11-09 to 2026-11-13, which was asked for" in str(failure)
    assert failure.endpoint == HISTORY


@pytest.mark.parametrize("timeframe", ["1d", "1m"])
def test_a_bar_that_comes_twice_is_refused(tradier: Tradier, timeframe: str) -> None:
    tradier.history([*day_rows(MONDAY, 5), day_row(MONDAY)])
    tradier.timesales([*series_rows(OPEN, 5), series_row(OPEN)])
    assert "1 of 6 bars of SPY came twice" in str(_failure(PayloadError, "SPY", timeframe))


@pytest.mark.parametrize("row", [{"date": None}, {"date": "soon"}, {"close": "high"}])
def test_a_day_that_is_none_is_refused(tradier: Tradier, row: Row) -> None:
    tradier.on(HISTORY, {"history": {"day": [*day_rows(MONDAY, 5), day_row(FRIDAY) | row]}})
    assert "are not what they should be" in str(_failure(PayloadError))


# --- nothing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeframe", ["1d", "1w", "1m", "1h"])
def test_days_without_trades_are_no_bars_of_a_known_symbol(tradier: Tradier, timeframe: str) -> None:
    tradier.history([])
    tradier.timesales([])
    tradier.splits()
    tradier.quotes(stock_quote())
    bars = _bars("SPY", timeframe)
    assert (bars.schema, bars.height) == (schema(BARS), 0)


@pytest.mark.parametrize(
    ("symbol", "kind"), [("XYZ", QuoteNotFoundError), ("SPX", QuoteNotFoundError), (OPTION, ContractNotFoundError)]
)
def test_a_symbol_that_nobody_knows_is_not_found(tradier: Tradier, symbol: str, kind: type[DataProviderError]) -> None:
    tradier.history([])
    tradier.quotes()
    assert str(_failure(kind, symbol)) == f"tradier knows no {symbol}; check the symbol"
    assert tradier.asked(QUOTES) == [{"symbols": symbol, "greeks": "false"}]


def test_a_contract_that_never_traded_has_no_bars(tradier: Tradier) -> None:
    tradier.history([])
    tradier.quotes(option_row(600.0))
    assert _bars(OPTION).height == 0


def test_a_failure_is_the_vendors_own(tradier: Tradier) -> None:
    tradier.on(HISTORY, b"", status=503)
    assert _failure(UnavailableError).endpoint == HISTORY
