"""Tradier's answers as frames: quotes, indices, contracts, expirations, ticks, the clock, and what the token opens."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.clients import AsyncTradier, ChainQuery
from quantdata.clients.protocols import (
    BrokerDataProvider,
    IndicesDataProvider,
    OptionsDataProvider,
    Provider,
)
from quantdata.clients.tradier.client import SYMBOLS_AT_ONCE
from quantdata.config import TRADIER_BASE_URL, Secret
from quantdata.errors import (
    ArgumentError,
    AuthenticationError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    PayloadError,
    QuoteNotFoundError,
    SymbolError,
    UnavailableError,
)
from quantdata.frames.columns import CHAIN, ENTITLEMENTS, EQUITY_QUOTES, INDEX_QUOTES, TRADES, schema
from quantdata.symbols import parse_option
from tests.unit.tradier_vendor import (
    CHAINS,
    CLOCK,
    EXPIRATIONS,
    HISTORY,
    NOON,
    PRODUCTION,
    QUOTES,
    SANDBOX,
    TIMESALES,
    TODAY,
    Tradier,
    ask,
    day_rows,
    index_quote,
    option_row,
    stock_quote,
    tick_row,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import polars as pl

    from quantdata.wire.limits import Budget
    from tests.unit.conftest import Row

OPTION = "SPY261218C00600000"
DECEMBER = date(2026, 12, 18)
MANY = [f"{first}{second}{third}QZ" for first in "ABCDEF" for second in "ABCDEFGHIJ" for third in "ABCDEFGHIJ"]


def _fails(
    kind: type[DataProviderError], asking: Callable[[AsyncTradier], Awaitable[object]], *, base_url: str = PRODUCTION
) -> DataProviderError:
    with pytest.raises(DataProviderError) as failure:
        ask(asking, base_url=base_url)
    assert type(failure.value) is kind
    return failure.value


def _quotes(*symbols: str) -> pl.DataFrame:
    return ask(lambda client: client.quotes(symbols))


# --- the client -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["k3y-of-a-client", Secret("k3y-of-a-client")])
def test_a_token_may_be_text_or_a_secret_and_never_shows(tradier: Tradier, token: str | Secret) -> None:
    tradier.quotes(stock_quote())
    client = AsyncTradier(token, base_url=PRODUCTION)
    asyncio.run(client.quotes(["SPY"]))
    assert tradier.vendor.requests[0].headers["Authorization"] == "Bearer k3y-of-a-client"
    assert "k3y-of-a-client" not in repr(client)
    assert "k3y-of-a-client" not in repr(vars(client))
    assert client.requests_sent == 1


def test_a_client_is_all_that_a_provider_is() -> None:
    client = AsyncTradier("k3y", base_url=TRADIER_BASE_URL)
    for protocol in (OptionsDataProvider, IndicesDataProvider, BrokerDataProvider, Provider):
        assert isinstance(client, protocol)
    assert client.name == client.capabilities.provider == "tradier"


def test_now_is_the_hosts_now(tradier: Tradier) -> None:
    tradier.quotes(stock_quote())

    async def asked(client: AsyncTradier) -> datetime:
        await client.quotes(["SPY"])
        return client.now()

    assert ask(asked) == NOON


def test_the_budget_is_told_by_endpoint(tradier: Tradier) -> None:
    tradier.quotes(stock_quote())
    tradier.expirations([DECEMBER])

    async def asked(client: AsyncTradier) -> list[Budget]:
        await client.quotes(["SPY"])
        await client.expirations("SPY", start=None, end=None)
        return client.budgets()

    assert [budget[:3] for budget in ask(asked)] == [(QUOTES, 120.0, 119), (EXPIRATIONS, 120.0, 119)]


def test_closing_twice_is_harmless(tradier: Tradier) -> None:
    async def asked(client: AsyncTradier) -> None:
        await client.close()
        await client.close()

    ask(asked)
    assert tradier.vendor.requests == []


# --- quotes ---------------------------------------------------------------------------------------------------------


def test_quotes_come_in_the_order_asked_with_a_reason_for_the_unknown(tradier: Tradier) -> None:
    tradier.quotes(stock_quote("SPY"), stock_quote("BRK/B", 480.0, kind="stock"))
    quotes = _quotes("BRK.B", "XYZ", "SPY")
    assert quotes.schema == schema(EQUITY_QUOTES)
    assert quotes.get_column("symbol").to_list() == ["BRK.B", "XYZ", "SPY"]
    assert quotes.get_column("price").to_list() == [480.0, None, 600.0]
    assert quotes.get_column("vendor_error").to_list() == [None, "NOT_FOUND: no such stock or fund at Tradier", None]
    assert tradier.asked(QUOTES) == [{"symbols": "BRK/B,XYZ,SPY", "greeks": "false"}]


def test_one_symbol_may_be_plain_text(tradier: Tradier) -> None:
    tradier.quotes(stock_quote(), index_quote())
    assert ask(lambda client: client.quotes("SPY")).get_column("price").to_list() == [600.0]
    assert ask(lambda client: client.indices("SPX")).get_column("value").to_list() == [6000.0]


def test_a_symbol_of_another_kind_has_its_reason(tradier: Tradier) -> None:
    tradier.quotes(stock_quote(), stock_quote("QQQ", kind="index"))
    quotes = _quotes("QQQ", "SPY")
    assert quotes.select("price", "vendor_error").rows() == [
        (None, "NOT_FOUND: Tradier knows it as index, not as a stock or fund"),
        (600.0, None),
    ]


@pytest.mark.parametrize(("count", "method"), [(100, "GET"), (101, "POST")])
def test_more_symbols_than_a_url_has_room_for_travel_in_a_form(tradier: Tradier, count: int, method: str) -> None:
    tradier.quotes(*(stock_quote(symbol) for symbol in MANY))
    assert _quotes(*MANY[:count]).get_column("symbol").to_list() == MANY[:count]
    (request,) = tradier.vendor.requests
    assert request.method == method
    assert ("symbols" in request.url.params) is (method == "GET")


def test_very_many_symbols_are_asked_in_batches(tradier: Tradier) -> None:
    tradier.quotes(*(stock_quote(symbol) for symbol in reversed(MANY)))
    quotes = _quotes(*MANY)
    assert quotes.get_column("symbol").to_list() == MANY
    assert quotes.get_column("vendor_error").null_count() == len(MANY)
    counts = sorted(asked["symbols"].count(",") + 1 for asked in tradier.asked(QUOTES))
    assert counts == [100, SYMBOLS_AT_ONCE]


def test_a_batch_that_fails_leaves_no_frame(tradier: Tradier) -> None:
    tradier.quotes(*(stock_quote(symbol) for symbol in MANY))
    tradier.fails(QUOTES, lambda asked: not asked["symbols"].startswith(MANY[0]))
    _fails(UnavailableError, lambda client: client.quotes(MANY))


def test_the_answer_to_one_batch_is_none_to_another(tradier: Tradier) -> None:
    tradier.on(QUOTES, {"quotes": {"quote": [stock_quote(MANY[0]), stock_quote(MANY[-1])]}})
    assert "symbols that were not asked for" in str(_fails(PayloadError, lambda client: client.quotes(MANY)))


@pytest.mark.parametrize("symbol", ["QQQ", "", None])
def test_quotes_that_were_not_asked_for_are_a_payload_error(tradier: Tradier, symbol: str | None) -> None:
    tradier.on(QUOTES, {"quotes": {"quote": [stock_quote(), stock_quote() | {"symbol": symbol}]}})
    assert "symbols that were not asked for" in str(_fails(PayloadError, lambda client: client.quotes(["SPY"])))


def test_a_quote_that_comes_twice_is_a_payload_error(tradier: Tradier) -> None:
    tradier.on(QUOTES, {"quotes": {"quote": [stock_quote(), stock_quote()]}})
    error = _fails(PayloadError, lambda client: client.quotes(["SPY"]))
    assert "tradier: the quotes came twice or out of order" in str(error)


def test_when_all_symbols_are_unknown_there_is_no_frame(tradier: Tradier) -> None:
    tradier.quotes()
    asked = [f"X{letter}" for letter in "ABCDEFG"]
    error = _fails(QuoteNotFoundError, lambda client: client.quotes(asked))
    assert "tradier has nothing on XA, XB, XC, XD, XE and 2 more: NOT_FOUND" in str(error)


@pytest.mark.parametrize("symbols", [[], ["SPY", ""], [5], [OPTION], ["SPX"]])
def test_what_is_no_stock_is_not_asked_for(tradier: Tradier, symbols: list[Any]) -> None:
    with pytest.raises(ArgumentError):
        ask(lambda client: client.quotes(symbols))
    assert tradier.vendor.requests == []


def test_when_issued_shares_cannot_be_asked_for(tradier: Tradier) -> None:
    with pytest.raises(SymbolError, match="when-issued"):
        _quotes("SPY", "XYZw")
    assert tradier.vendor.requests == []


def test_the_sandboxs_quotes_are_late(tradier: Tradier) -> None:
    tradier.vendor.clock = None
    tradier.quotes(stock_quote(), index_quote())
    quotes = ask(lambda client: client.quotes(["SPY"]), base_url=SANDBOX)
    indices = ask(lambda client: client.indices(["SPX"]), base_url=SANDBOX)
    assert (set(quotes.get_column("feed")), set(indices.get_column("feed"))) == ({"delayed"}, {"delayed"})
    assert set(_quotes("SPY").get_column("feed")) == {"realtime"}


def _capability(client: AsyncTradier, block: str) -> tuple[Any, Any]:
    (row,) = [row for row in client.capabilities.frame().rows(named=True) if row["block"] == block]
    return row["is_entitled"], row["feed"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(200, {"quotes": {"quote": stock_quote()}}, (True, "simulated")), (403, b"Not for you", (False, None))],
)
def test_what_came_or_was_refused_is_remembered(
    tradier: Tradier, status: int, body: object, expected: tuple[Any, Any]
) -> None:
    tradier.on(QUOTES, body, status=status)

    async def asked(client: AsyncTradier) -> tuple[Any, Any]:
        with contextlib.suppress(EntitlementError):
            await client.quotes(["SPY"])
        return _capability(client, "equity_quotes")

    assert ask(asked) == expected


def test_unknown_symbols_say_nothing_of_the_plan(tradier: Tradier) -> None:
    tradier.quotes()

    async def asked(client: AsyncTradier) -> tuple[Any, Any]:
        with pytest.raises(QuoteNotFoundError):
            await client.quotes(["XYZ"])
        return _capability(client, "equity_quotes")

    assert ask(asked) == (None, None)


# --- indices --------------------------------------------------------------------------------------------------------


def test_indices_come_in_the_order_asked_with_a_reason_for_the_unknown(tradier: Tradier) -> None:
    tradier.quotes(index_quote("SPX"), index_quote("VIX", 17.5), stock_quote("NDX", kind="stock"))
    quotes = ask(lambda client: client.indices(["VIX", "XYZ", "I:SPX", "NDX"]))
    assert quotes.schema == schema(INDEX_QUOTES)
    assert quotes.select("symbol", "value").rows() == [("VIX", 17.5), ("XYZ", None), ("SPX", 6000.0), ("NDX", None)]
    assert quotes.get_column("vendor_error").to_list() == [
        None,
        "NOT_FOUND: no such index at Tradier",
        None,
        "NOT_FOUND: Tradier knows it as stock, not as an index",
    ]


def test_when_all_indices_are_unknown_there_is_no_frame(tradier: Tradier) -> None:
    tradier.quotes()
    _fails(QuoteNotFoundError, lambda client: client.indices(["XYZ"]))


# --- one contract ---------------------------------------------------------------------------------------------------


def _contract(symbol: str = OPTION) -> pl.DataFrame:
    return ask(lambda client: client.contract(parse_option(symbol)))


def test_a_contract_is_a_chain_of_one_row_with_its_underlying(tradier: Tradier) -> None:
    tradier.quotes(option_row(600.0), stock_quote())
    contract = _contract()
    assert contract.schema == schema(CHAIN)
    (row,) = contract.rows(named=True)
    assert (row["contract_symbol"], row["bid"], row["delta"], row["underlying_price"]) == (OPTION, 9.0, 0.4, 600.0)
    assert tradier.asked(QUOTES) == [{"symbols": f"{OPTION},SPY", "greeks": "true"}]


def test_a_contract_on_an_index_has_the_value_of_the_index(tradier: Tradier) -> None:
    tradier.quotes(option_row(6000.0, root="SPXW", underlying="SPX"), index_quote())
    (row,) = _contract("SPXW261218C06000000").rows(named=True)
    assert (row["underlying_symbol"], row["underlying_price"]) == ("SPX", 6000.0)


def test_a_contract_without_a_known_underlying_has_no_price_of_it(tradier: Tradier) -> None:
    tradier.quotes(option_row(600.0))
    assert _contract().get_column("underlying_price").to_list() == [None]


def test_a_contract_has_the_price_of_what_its_row_says_it_is_on(tradier: Tradier) -> None:
    # MOGA is the root of MOG/A: no symbol tells that.
    row = option_row(100.0, root="MOGA", underlying="MOG/A")
    tradier.quotes(row, stock_quote("MOG/A", 99.0))
    (found,) = _contract("MOGA261218C00100000").rows(named=True)
    assert (found["underlying_symbol"], found["underlying_price"]) == ("MOG.A", 99.0)
    assert [asked["symbols"] for asked in tradier.asked(QUOTES)] == ["MOGA261218C00100000,MOGA", "MOG/A"]


@pytest.mark.parametrize("named", ["SPXW", "MOGA1", "mog a"])
def test_a_contract_on_what_is_no_underlying_is_a_payload_error(tradier: Tradier, named: str) -> None:
    tradier.quotes(option_row(100.0, root="MOGA", underlying=named), stock_quote(named))
    error = _fails(PayloadError, lambda client: client.contract(parse_option("MOGA261218C00100000")))
    assert f"MOGA261218C00100000 is an option on {named!r}, which is no underlying" in str(error)


def test_an_underlying_that_is_quoted_twice_is_a_payload_error(tradier: Tradier) -> None:
    row = option_row(100.0, root="MOGA", underlying="MOG/A")
    answers = [[row], [stock_quote("MOG/A"), stock_quote("MOG/A")]]
    tradier.on(QUOTES, lambda _: tradier.vendor.answer({"quotes": {"quote": answers.pop(0)}}))
    _fails(PayloadError, lambda client: client.contract(parse_option("MOGA261218C00100000")))


@pytest.mark.parametrize(
    ("symbol", "why"),
    [
        (OPTION, "check the symbol"),
        ("SPY261117C00600000", "it expired on 2026-11-17, and tradier keeps nothing of it"),
    ],
)
def test_a_contract_that_is_not_there_is_not_found(tradier: Tradier, symbol: str, why: str) -> None:
    tradier.quotes(stock_quote())
    error = _fails(ContractNotFoundError, lambda client: client.contract(parse_option(symbol)))
    assert str(error) == f"tradier has no live contract {symbol}; {why}"


@pytest.mark.parametrize(
    "quotes",
    [
        [option_row(600.0), option_row(600.0), stock_quote()],
        [option_row(600.0), stock_quote(), stock_quote()],
        [option_row(600.0), stock_quote("QQQ")],
        [option_row(600.0) | {"strike": 601.0}, stock_quote()],
        [option_row(600.0) | {"option_type": "put"}, stock_quote()],
    ],
    ids=["twice", "underlying twice", "not asked for", "another strike", "another type"],
)
def test_a_contract_that_makes_no_sense_is_a_payload_error(tradier: Tradier, quotes: list[Row]) -> None:
    tradier.on(QUOTES, {"quotes": {"quote": quotes}})
    _fails(PayloadError, lambda client: client.contract(parse_option(OPTION)))


# --- expirations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (None, None, [18, 20, 27]),
        (date(2026, 11, 19), None, [20, 27]),
        (date(2026, 1, 1), date(2026, 11, 20), [18, 20]),
        (date(2026, 11, 20), date(2026, 11, 20), [20]),
        (None, date(2026, 11, 17), []),
    ],
)
def test_expirations_are_those_to_come_within_the_range(
    tradier: Tradier, start: date | None, end: date | None, days: list[int]
) -> None:
    tradier.expirations([date(2026, 11, day) for day in (27, 17, 18, 20)])
    found = ask(lambda client: client.expirations("SPY", start=start, end=end))
    assert [day.day for day in found] == days


def test_an_underlying_without_options_has_no_expirations(tradier: Tradier) -> None:
    tradier.expirations([])
    error = _fails(QuoteNotFoundError, lambda client: client.expirations("SPY", start=None, end=None))
    assert "tradier lists no options on SPY" in str(error)


# --- ticks ----------------------------------------------------------------------------------------------------------

TEN = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)  # 10:00 in New York


def _ticks(first: datetime, count: int, *, seconds: int = 1) -> list[Row]:
    return [tick_row(first + timedelta(seconds=seconds * number), 100.0 + number) for number in range(count)]


def _trades(symbol: str = "SPY", start: datetime = TEN, end: datetime = NOON) -> pl.DataFrame:
    return ask(lambda client: client.trades(symbol, start=start, end=end))


@pytest.mark.parametrize("symbol", ["SPY", OPTION])
def test_ticks_come_hour_by_hour_and_oldest_first(tradier: Tradier, symbol: str) -> None:
    tradier.timesales(_ticks(TEN, 120, seconds=60))
    trades = _trades(symbol)
    assert trades.schema == schema(TRADES)
    assert trades.height == 120
    assert trades.get_column("ts").is_sorted()
    assert set(trades.get_column("symbol")) == {symbol}
    assert set(trades.get_column("feed")) == {"simulated"}
    assert sorted((asked["start"], asked["end"]) for asked in tradier.asked(TIMESALES)) == [
        ("2026-11-18 10:00", "2026-11-18 11:00"),
        ("2026-11-18 11:00", "2026-11-18 12:00"),
        ("2026-11-18 12:00", "2026-11-18 12:01"),
    ]
    assert {(asked["interval"], asked["session_filter"]) for asked in tradier.asked(TIMESALES)} == {("tick", "open")}


@pytest.mark.parametrize(
    ("end", "seconds"), [(TEN + timedelta(seconds=3), 3), (TEN + timedelta(seconds=2.5), 2), (TEN, 0)]
)
def test_both_ends_of_a_range_are_in_it(tradier: Tradier, end: datetime, seconds: int) -> None:
    tradier.timesales(_ticks(TEN - timedelta(seconds=5), 60))
    assert [moment.second for moment in _trades(end=end).get_column("ts")] == list(range(seconds + 1))


def test_the_closing_auction_is_among_the_ticks(tradier: Tradier) -> None:
    close = datetime(2026, 11, 17, 21, 0, tzinfo=UTC)
    tradier.timesales(_ticks(close, 2))
    assert _trades(start=close - timedelta(hours=1), end=NOON).height == 2


def test_ticks_of_the_future_are_not_asked_for(tradier: Tradier) -> None:
    tradier.timesales(_ticks(NOON - timedelta(minutes=2), 300))
    trades = _trades(start=NOON - timedelta(minutes=1), end=NOON + timedelta(days=9))
    assert trades.height == 61
    assert [asked["end"] for asked in tradier.asked(TIMESALES)] == ["2026-11-18 12:01"]


@pytest.mark.parametrize("start", [datetime(2026, 11, 18, 12, tzinfo=UTC), datetime(2026, 11, 17, 22, tzinfo=UTC)])
def test_ticks_before_the_open_or_after_the_close_alone_are_refused(tradier: Tradier, start: datetime) -> None:
    end = start + timedelta(hours=1)
    error = _fails(EntitlementError, lambda client: client.trades("SPY", start=start, end=end))
    assert str(error) == "tradier has ticks of regular hours alone, and SPY was asked for outside of them"
    assert tradier.asked(TIMESALES) == []


@pytest.mark.parametrize("start", [NOON + timedelta(days=1), datetime(2026, 11, 14, 15, tzinfo=UTC)])
def test_a_range_without_regular_hours_has_no_ticks(tradier: Tradier, start: datetime) -> None:
    tradier.quotes(stock_quote())
    trades = _trades(start=start, end=start + timedelta(hours=1))
    assert (trades.schema, trades.height) == (schema(TRADES), 0)
    assert tradier.asked(TIMESALES) == []


def test_ticks_that_are_not_kept_any_more_are_refused(tradier: Tradier) -> None:
    start = datetime(2026, 11, 11, 4, 59, tzinfo=UTC)
    error = _fails(EntitlementError, lambda client: client.trades("SPY", start=start, end=NOON))
    assert str(error) == "tradier keeps ticks since 2026-11-11 only, and SPY was asked for from 2026-11-10"
    assert error.endpoint == TIMESALES
    assert tradier.asked(TIMESALES) == []


@pytest.mark.parametrize("start", [TEN, datetime(2026, 1, 5, tzinfo=UTC)])
def test_the_sandbox_has_no_ticks(tradier: Tradier, start: datetime) -> None:
    error = _fails(EntitlementError, lambda client: client.trades("SPY", start=start, end=NOON), base_url=SANDBOX)
    assert str(error) == "tradier's sandbox has no ticks"
    assert tradier.asked(TIMESALES) == []


def test_nothing_is_kept_of_expired_contracts(tradier: Tradier) -> None:
    error = _fails(EntitlementError, lambda client: client.trades("SPY261117C00600000", start=TEN, end=NOON))
    assert "expired on 2026-11-17" in str(error)
    assert tradier.asked(TIMESALES) == []


@pytest.mark.parametrize(("symbol", "kind"), [("XYZ", QuoteNotFoundError), (OPTION, ContractNotFoundError)])
def test_ticks_of_what_nobody_knows_are_not_found(tradier: Tradier, symbol: str, kind: type[DataProviderError]) -> None:
    tradier.timesales([])
    tradier.quotes()
    assert "tradier knows no" in str(_fails(kind, lambda client: client.trades(symbol, start=TEN, end=NOON)))


def test_an_hour_without_trades_is_no_tick_of_a_known_symbol(tradier: Tradier) -> None:
    tradier.timesales([])
    tradier.quotes(stock_quote())
    assert _trades().height == 0


@pytest.mark.parametrize("rows", [[TEN, TEN - timedelta(seconds=1)], [None, TEN]], ids=["out of order", "timeless"])
def test_ticks_that_make_no_sense_are_a_payload_error(tradier: Tradier, rows: list[datetime | None]) -> None:
    bent = [tick_row(TEN) | {"timestamp": None if at is None else int(at.timestamp())} for at in rows]
    tradier.on(TIMESALES, {"series": {"data": bent}})
    _fails(PayloadError, lambda client: client.trades("SPY", start=TEN, end=NOON))


# --- the clock ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("open", "open"),
        ("premarket", "extended"),
        ("postmarket", "extended"),
        ("closed", "closed"),
        ("lunch", "closed"),
        ("", "open"),  # no word: the table's
    ],
)
def test_the_state_of_the_market_is_the_vendors_word(tradier: Tradier, state: str, word: str) -> None:
    tradier.clock(state)
    status = ask(lambda client: client.market_status())
    assert (status.market, status.server_time, status.source, status.is_simulated) == (word, NOON, "tradier", True)
    assert status.next_close == datetime(2026, 11, 18, 21, tzinfo=UTC)
    assert status.clock_skew_s is None


def test_the_clocks_difference_to_ours_is_told(tradier: Tradier) -> None:
    tradier.vendor.clock = None
    tradier.clock(at=datetime.now(UTC) + timedelta(hours=1))
    status = ask(lambda client: client.market_status())
    assert status.clock_skew_s == pytest.approx(3600.0, abs=30.0)


@pytest.mark.parametrize(
    "clock",
    [
        None,
        {},
        "closed",
        {"state": "open"},
        {"timestamp": 1_795_021_200},
        {"state": 5, "timestamp": 1_795_021_200},
        {"state": "open", "timestamp": "now"},
        {"state": "open", "timestamp": 0},
        {"state": "open", "timestamp": 10**12},
        {"state": "open", "timestamp": 10**18},
        {"state": "open", "timestamp": -(10**18)},
        [{"state": "open", "timestamp": 1_795_021_200}] * 2,
    ],
    ids=str,
)
def test_a_clock_that_is_none_is_a_payload_error(tradier: Tradier, clock: object) -> None:
    tradier.on(CLOCK, {"clock": clock})
    error = _fails(PayloadError, lambda client: client.market_status())
    assert error.endpoint == CLOCK


# --- what the token opens -------------------------------------------------------------------------------------------


def _market(tradier: Tradier) -> None:
    days = [date(2026, 11, 20), DECEMBER]
    tradier.expirations(days)
    tradier.chains([option_row(590.0 + strike, expiration=day) for strike in range(25) for day in days])
    tradier.quotes(stock_quote(), index_quote())
    tradier.history(day_rows(TODAY - timedelta(days=28), 29))
    tradier.timesales(_ticks(NOON - timedelta(minutes=5), 3))


def _entitlements(tradier: Tradier, *, base_url: str = PRODUCTION) -> dict[str, tuple[Any, Any]]:
    frame = ask(lambda client: client.entitlements(), base_url=base_url)
    assert frame.schema == schema(ENTITLEMENTS)
    assert set(frame.get_column("provider")) == {"tradier"}
    assert len(tradier.vendor.requests) <= 10
    return {row["block"]: (row["is_entitled"], row["feed"]) for row in frame.rows(named=True)}


def test_a_little_of_everything_tells_what_the_token_opens(tradier: Tradier) -> None:
    _market(tradier)
    assert _entitlements(tradier) == {
        **dict.fromkeys(
            ("chain", "chain_trades", "chain_underlying", "equity_quotes", "indices", "bars", "option_trades"),
            (True, "simulated"),
        ),
        # Quotes and greeks are as fresh as the plan has them, whose market it ever is.
        "chain_quotes": (True, "realtime"),
        "chain_greeks": (True, "delayed"),
        "option_quotes": (False, None),
    }  # fmt: skip
    # One expiration, of the next week, and no more.
    assert [asked["expiration"] for asked in tradier.asked(CHAINS)] == ["2026-11-20"]


def test_the_sandbox_opens_less(tradier: Tradier) -> None:
    _market(tradier)
    tradier.vendor.clock = None
    near = datetime.now(UTC).date() + timedelta(days=2)
    tradier.expirations([near])
    tradier.chains([option_row(590.0 + strike, expiration=near) for strike in range(25)])
    tradier.on(HISTORY, {"history": None})
    found = _entitlements(tradier, base_url=SANDBOX)
    assert (found["chain"], found["chain_quotes"], found["equity_quotes"]) == (
        (True, "delayed"),
        (True, "delayed"),
        (True, "delayed"),
    )
    assert found["option_trades"] == (False, None)


def test_a_token_that_is_refused_leaves_all_unknown_or_refused(tradier: Tradier) -> None:
    for path in (QUOTES, EXPIRATIONS, CHAINS, HISTORY, TIMESALES, CLOCK):
        tradier.on(path, b"Not for you", status=403)
    found = _entitlements(tradier)
    assert {block: is_entitled for block, (is_entitled, _) in found.items()} == {
        **dict.fromkeys(("chain", "equity_quotes", "indices", "bars", "option_quotes"), False),
        **dict.fromkeys(("chain_quotes", "chain_trades", "chain_greeks", "chain_underlying", "option_trades"), None),
    }


def test_what_fails_for_another_reason_stays_unknown(tradier: Tradier) -> None:
    _market(tradier)
    tradier.on(HISTORY, b"", status=503)
    tradier.on(CHAINS, b"", status=503)
    found = _entitlements(tradier)
    assert (found["bars"], found["chain"], found["equity_quotes"]) == ((None, None), (None, None), (True, "simulated"))


def test_without_a_contract_there_is_nothing_to_ask_ticks_of(tradier: Tradier) -> None:
    _market(tradier)
    tradier.expirations([DECEMBER])
    found = _entitlements(tradier)
    assert found["option_trades"] == (None, None)
    assert tradier.asked(TIMESALES) == []


def test_a_whole_chain_tells_what_its_rows_hold(tradier: Tradier) -> None:
    tradier.expirations([DECEMBER])
    tradier.chains([option_row(590.0 + strike, greeks=None) for strike in range(25)])
    tradier.quotes(stock_quote())

    async def asked(client: AsyncTradier) -> list[tuple[Any, Any]]:
        await client.chain(ChainQuery.of("SPY"))
        return [_capability(client, block) for block in ("chain", "chain_quotes", "chain_greeks", "chain_underlying")]

    assert ask(asked) == [(True, "simulated"), (True, "realtime"), (False, None), (True, "simulated")]


def test_a_token_that_is_wrong_is_told_as_such(tradier: Tradier) -> None:
    tradier.on(QUOTES, b"Invalid Access Token", status=401)
    _fails(AuthenticationError, lambda client: client.quotes(["SPY"]))
