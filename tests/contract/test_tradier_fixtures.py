"""Tradier's recorded answers: the manifest of all files, envelopes, and the client above them."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

from quantdata.clients.bar_query import BarQuery
from quantdata.clients.chain_query import ChainQuery
from quantdata.errors import (
    AuthenticationError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    PayloadError,
    QuoteNotFoundError,
)
from quantdata.frames.columns import BARS, CHAIN, EQUITY_QUOTES, TRADES, schema
from quantdata.symbols import parse_option
from quantdata.wire.retry import RetryPolicy
from quantdata.wire.tradier import endpoints
from tests.contract.tradier_recordings import SANDBOX, SUNDAY, Asking, RecordedVendor, renamed, row_of, utc

if TYPE_CHECKING:
    from quantdata.clients.tradier import AsyncTradier
    from tests.contract.conftest import AssertSays, Tradier

QUOTES: Final = "/v1/markets/quotes"
CHAINS: Final = "/v1/markets/options/chains"
DIVIDENDS: Final = "/beta/markets/fundamentals/dividends"
SPLITS: Final = "/beta/markets/fundamentals/corporate_actions"
EXPIRATIONS: Final = "/v1/markets/options/expirations"
HISTORY: Final = "/v1/markets/history"
TIMESALES: Final = "/v1/markets/timesales"
CLOCK: Final = "/v1/markets/clock"

PLTR = "recorded/quotes_single_PLTR_object.json"
PLTR_DATES = "recorded/expirations_PLTR_dates.json"
PLTR_AUGUST = "recorded/chain_PLTR_2024-08-23_weeklys_greeks_SUBSET.json"
PLTR_2026 = "recorded/chain_PLTR_2026-12-18_greeks.json"
OPTION_WITH_SPY = "recorded/quotes_SPY_and_option_greeks.json"
OPTION_ALONE = "client/quotes_option_with_greeks.json"
UNMATCHED = "client/quotes_all_unmatched.json"
DATASTORE = "errors/fault_500_datastore.json"
EXPIRED = "errors/fault_500_access_token_expired.json"
TOO_BIG = "errors/fault_too_big_body_SYNTH.json"
TOO_EARLY = "errors/timesales_400_start_too_old.txt"
NO_TICKS = "client/timesales_empty_string_null.json"
NO_CHAIN = "client/chain_empty_null.json"

AT_ONCE_AGAIN = RetryPolicy(tries=3, first_delay_s=0.0)
# The two expirations of which the contracts were recorded, of the eighteen that were listed.
AUGUST, LAST = date(2024, 8, 23), date(2026, 12, 18)
TWO_DATES: Final = b'{"expirations":{"date":["2024-08-23","2026-12-18"]}}'


# --- the manifest ---------------------------------------------------------------------------------------------------


def test_every_recorded_file_is_in_the_manifest_once(tradier: Tradier) -> None:
    paths = (path.relative_to(tradier.folder).as_posix() for path in tradier.folder.rglob("*") if path.is_file())
    recorded = Counter(path for path in paths if not path.endswith(".meta.json"))
    assert Counter(tradier.listed) == recorded


def test_every_payload_has_a_note_and_every_note_a_payload(tradier: Tradier) -> None:
    payloads = {path for path in tradier.listed if path != "INDEX.md"}
    notes = {note.relative_to(tradier.folder).as_posix() for note in tradier.folder.rglob("*.meta.json")}
    assert notes == {str(Path(path).with_suffix(".meta.json")) for path in payloads}


def test_every_file_listed_as_read_is_named_in_a_test(tradier: Tradier) -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_tradier_*.py"))
    assert [path for path in sorted(tradier.read) if path not in tests] == []


# --- collections ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "request_", "count"),
    [
        (PLTR, endpoints.quotes(["PLTR"]), 1),
        (OPTION_WITH_SPY, endpoints.quotes(["SPY", "SPY251219P00450000"]), 2),
        (UNMATCHED, endpoints.quotes(["SEFDF"]), 0),
        ("client/history_single_day_object.json", endpoints.history("AAPL", start=AUGUST, end=AUGUST), 1),
        ("client/history_daily_3.json", endpoints.history("AAPL", start=AUGUST, end=AUGUST), 3),
        (PLTR_DATES, endpoints.expirations("PLTR"), 18),
        (NO_CHAIN, endpoints.chain("SFEFD", AUGUST), 0),
        ("client/expirations_null.json", endpoints.expirations("NOPE"), 0),
        ("legacy2013/clock.json", endpoints.clock(), 1),
    ],
)
def test_items_are_an_array_however_they_came(
    tradier: Tradier, path: str, request_: endpoints.Collection, count: int
) -> None:
    # reference/tradier.md §3.1 and §3.2: an object of one, a list of several, null or "null" of none.
    items = tradier.items(path, request_)
    assert items.items.startswith(b"[")
    assert len(json.loads(items.items)) == count


def test_an_answer_with_other_items_than_were_asked_for_is_no_empty_one(tradier: Tradier) -> None:
    # What passes for an empty collection would be a day without bars.
    with pytest.raises(PayloadError, match="/v1/markets/history holds no history"):
        tradier.items(PLTR, endpoints.history("PLTR", start=AUGUST, end=AUGUST))


def test_numbers_keep_every_digit(tradier: Tradier) -> None:
    # reference/tradier.md §1: scientific notation and trailing zeros; the items stay the vendor's bytes.
    path = "recorded/chain_PLTR_2024-12-20_wings_SUBSET.json"
    items = tradier.items(path, endpoints.chain("PLTR", date(2024, 12, 20)))
    assert b'"delta":-6.7947591407E-5' in items.items
    assert b'"change":0.00' in items.items


def test_keys_that_are_not_known_are_left_out(tradier: Tradier) -> None:
    # reference/tradier.md §3.6
    body = tradier.body(PLTR).replace(b'{"symbol"', b'{"news":{"of":["today"]},"symbol"').replace(b"}}}", b'},"x":1}}')
    items = tradier.items(PLTR, endpoints.quotes(["PLTR"]), body=body)
    assert json.loads(items.items)[0]["last"] == 27.23


# --- through the client ---------------------------------------------------------------------------------------------


@pytest.fixture
def vendor(tradier: Tradier) -> RecordedVendor:
    return RecordedVendor(tradier)


@pytest.fixture
def ask(vendor: RecordedVendor, monkeypatch: pytest.MonkeyPatch) -> Asking:
    return Asking(vendor, monkeypatch)


def with_contracts(vendor: RecordedVendor) -> RecordedVendor:
    """Add the price of PLTR and the contracts of the two expirations that were recorded."""
    vendor.on(QUOTES, PLTR, symbols="PLTR")
    vendor.on(CHAINS, PLTR_AUGUST, symbol="PLTR", expiration="2024-08-23")
    return vendor.on(CHAINS, PLTR_2026, symbol="PLTR", expiration="2026-12-18")


@pytest.fixture
def pltr(vendor: RecordedVendor) -> RecordedVendor:
    """Return the vendor of that Sunday: eighteen expirations listed, the contracts of two."""
    return with_contracts(vendor.on(EXPIRATIONS, PLTR_DATES, symbol="PLTR"))


def test_every_request_carries_the_token_in_one_header_and_wants_json(pltr: RecordedVendor, ask: Asking) -> None:
    # reference/tradier.md §1: without Accept the vendor answers in XML.
    ask(lambda client: client.chain(ChainQuery.of("PLTR", expirations=AUGUST)), at=SUNDAY)
    # Expirations, contracts, the price of the underlying, its dividends and its splits.
    assert len(pltr.requests) == 5
    for request in pltr.requests:
        assert request.headers["Authorization"] == f"Bearer {ask.token}"
        assert request.headers["Accept"] == "application/json"
        assert (request.method, request.url.host) == ("GET", "api.tradier.com")
        assert ask.token not in str(request.url)


def test_a_chain_of_one_expiration_is_its_contracts_with_the_price_of_their_underlying(
    pltr: RecordedVendor, ask: Asking, assert_says: AssertSays
) -> None:
    query = ChainQuery.of("PLTR", expirations=AUGUST)
    frame = ask(lambda client: client.chain(query), at=SUNDAY, base_url=SANDBOX)
    assert sorted(pltr.targets) == [
        "/v1/markets/options/chains?symbol=PLTR&expiration=2024-08-23&greeks=true",
        "/v1/markets/options/expirations?symbol=PLTR&includeAllRoots=true",
        "/v1/markets/quotes?symbols=PLTR&greeks=false",
    ]
    assert frame.schema == schema(CHAIN)
    assert frame.height == 42
    expected: dict[str, Any] = {
        "underlying_symbol": "PLTR",
        "contract_symbol": "PLTR240823C00026000",
        "root_symbol": "PLTR",
        "expiration": date(2024, 8, 23),
        "expiration_type": "weekly",
        "dte": 47,
        "time_to_expiry": (46 * 86_400 + 20 * 3_600 + 25 * 60 + 42) / (365 * 86_400),
        "strike": 26.0,
        "option_type": "call",
        "exercise_style": "american",
        "settlement": "PM",
        "multiplier": 100,
        "is_adjusted": False,
        "tick_size": 0.05,
        "underlying_price": 27.23,
        "underlying_source": "tradier",
        "moneyness": 26 / 27.23,
        "bid": 3.0,
        "bid_size": 28,
        "bid_exchange": "N",
        "ask": 3.1,
        "ask_size": 216,
        "ask_exchange": "E",
        "mid": 3.05,
        "spread": 0.1,
        "spread_percent": 10 / 3.05,
        "quote_ts": utc("2024-07-05 19:59:59"),
        "quote_source": "tradier",
        "quote_feed": "delayed",
        "last": 3.08,
        "last_size": 1,
        "last_ts": utc("2024-07-05 19:52:51.239"),
        "trade_source": "tradier",
        "open": 2.3,
        "high": 3.1,
        "low": 2.3,
        "close": 3.08,
        "prev_close": 2.3,
        "change": 0.78,
        "change_percent": 33.92,
        "volume": 167,
        "day_session": date(2024, 7, 5),
        "day_source": "tradier",
        "open_interest": 23,
        "open_interest_source": "tradier",
        "implied_volatility": 0.585234,
        "bid_iv": 0.57175,
        "ask_iv": 0.598718,
        "iv_ts": utc("2024-07-05 20:00:01"),
        "iv_source": "tradier",
        "delta": 0.6394845616274686,
        "gamma": 0.06374295983600559,
        "theta": -0.02486270462553915,
        "vega": 0.037103929331832076,
        "rho": 0.01925325620858621,
        "greeks_ts": utc("2024-07-05 20:00:01"),
        "greeks_source": "tradier",
        "greeks_feed": "delayed",
        "liquidity": "good",
        "source": "tradier",
        "feed": "delayed",
    }
    row = frame.row(row_of(frame, expected["contract_symbol"]), named=True)
    # The model's: a flat 4 %, a forward by parity, a volatility from this quote, which is between the vendor's two.
    assert row["forward_price"] == pytest.approx(27.43, abs=0.01)
    assert row["model_iv"] == pytest.approx(0.585, abs=0.001)
    of_model = {"discount_factor": math.exp(-0.04 * row["time_to_expiry"])}
    of_model |= {name: row[name] for name in ("forward_price", "model_iv")}
    # A warning that the feed is late, and so three quarters of the other 95 points.
    of_rules: dict[str, Any] = dict.fromkeys(("confidence", "quote_confidence", "greeks_confidence"), 71)
    of_rules |= {"quality": "good", "is_stale": False, "errors": [], "warnings": ["delayed_feed"], "notes": []}
    assert_says(frame, row_of(frame, "PLTR240823C00026000"), {**expected, **of_model, **of_rules})


def test_a_chain_of_two_expirations_has_both_in_order(vendor: RecordedVendor, ask: Asking) -> None:
    # The list is cut down to the two whose contracts were recorded.
    with_contracts(vendor.on(EXPIRATIONS, PLTR_DATES, body=TWO_DATES))
    frame = ask(lambda client: client.chain(ChainQuery.of("PLTR")), at=SUNDAY, base_url=SANDBOX)
    assert frame.schema == schema(CHAIN)
    assert frame.get_column("expiration").to_list() == [AUGUST] * 42 + [LAST] * 22
    assert frame.get_column("contract_symbol").n_unique() == 64
    assert frame.get_column("underlying_price").unique().to_list() == [27.23]
    assert frame.get_column("feed").unique().to_list() == ["delayed"]
    assert frame.get_column("day_session").unique().to_list() == [date(2024, 7, 5)]
    assert frame.get_column("snapshot_ts").unique().to_list() == [SUNDAY]
    assert len(vendor.requests) == 4


def test_a_listed_expiration_without_contracts_makes_the_chain_incomplete(pltr: RecordedVendor, ask: Asking) -> None:
    # Sixteen of the eighteen that are listed are answered {"options":null}: they cannot all be empty.
    pltr.on(CHAINS, NO_CHAIN, symbol="PLTR")
    with pytest.raises(IncompleteError, match="64 contracts") as caught:
        ask(lambda client: client.chain(ChainQuery.of("PLTR")), at=SUNDAY, base_url=SANDBOX)
    received = caught.value.received
    assert isinstance(received, pl.DataFrame)
    assert received.schema == schema(CHAIN)
    assert received.get_column("expiration").to_list() == [AUGUST] * 42 + [LAST] * 22
    assert "no contracts of 2024-07-12, which is listed as an expiration" in str(caught.value)
    # Each of them was asked for once more.
    tries = Counter(request.url.params["expiration"] for request in pltr.requests if request.url.path == CHAINS)
    assert Counter(tries.values()) == {2: 16, 1: 2}
    assert (tries["2024-08-23"], tries["2026-12-18"]) == (1, 1)


def test_a_chain_filters_what_the_vendor_cannot(pltr: RecordedVendor, ask: Asking) -> None:
    query = ChainQuery.of("PLTR", expirations=AUGUST, strikes=(25, 27), option_type="put")
    frame = ask(lambda client: client.chain(query), at=SUNDAY)
    # Calls and puts at these strikes: only together do they tell a forward. The type is filtered last.
    of_type = frame.filter(query.local_part(date(2024, 7, 5)))
    assert frame.height == 6
    assert of_type.get_column("contract_symbol").to_list() == [
        "PLTR240823P00025000",
        "PLTR240823P00026000",
        "PLTR240823P00027000",
    ]
    assert sorted(request.url.path for request in pltr.requests) == [SPLITS, DIVIDENDS, CHAINS, EXPIRATIONS, QUOTES]


def test_a_chain_of_a_share_class_asks_with_a_slash_and_answers_with_a_dot(
    vendor: RecordedVendor, tradier: Tradier, ask: Asking
) -> None:
    # reference/tradier.md §4; made of PLTR's recordings.
    contracts = renamed(tradier.body(PLTR_2026), "PLTR", "BRK/B", root="BRKB")
    price = tradier.body(PLTR).replace(b'"symbol":"PLTR"', b'"symbol":"BRK\\/B"')
    vendor.on(EXPIRATIONS, PLTR_DATES, body=b'{"expirations":{"date":"2026-12-18"}}', symbol="BRK/B")
    vendor.on(CHAINS, PLTR_2026, body=contracts, symbol="BRK/B", expiration="2026-12-18")
    vendor.on(QUOTES, PLTR, body=price, symbols="BRK/B")
    frame = ask(lambda client: client.chain(ChainQuery.of("BRK.B")), at=SUNDAY)
    assert frame.height == 22
    assert frame.select("underlying_symbol", "root_symbol", "underlying_price").unique().rows() == [
        ("BRK.B", "BRKB", 27.23)
    ]
    assert any(b"symbol=BRK%2FB" in request.url.query for request in vendor.requests)


def test_contracts_of_another_underlying_are_refused(pltr: RecordedVendor, tradier: Tradier, ask: Asking) -> None:
    other = renamed(tradier.body(PLTR_AUGUST), "PLTR", "TSLA", root="TSLA")
    pltr.on(CHAINS, PLTR_AUGUST, symbol="PLTR", expiration="2024-07-12")
    pltr.on(CHAINS, PLTR_AUGUST, body=other, symbol="PLTR", expiration="2024-07-19")
    of_another_day, of_another_stock = (ChainQuery.of("PLTR", expirations=date(2024, 7, day)) for day in (12, 19))
    with pytest.raises(PayloadError, match="contracts that were not asked for, PLTR240823P00015000 first"):
        ask(lambda client: client.chain(of_another_day), at=SUNDAY)
    with pytest.raises(PayloadError, match="contracts that were not asked for, TSLA240823P00015000 first"):
        ask(lambda client: client.chain(of_another_stock), at=SUNDAY)


def test_a_contract_that_says_other_than_its_symbol_is_refused(
    vendor: RecordedVendor, tradier: Tradier, ask: Asking
) -> None:
    body = tradier.body(PLTR_AUGUST).replace(b'"strike":26.0', b'"strike":27.0')
    vendor.on(EXPIRATIONS, PLTR_DATES).on(QUOTES, PLTR).on(CHAINS, PLTR_AUGUST, body=body)
    with pytest.raises(PayloadError, match="say other than their symbols"):
        ask(lambda client: client.chain(ChainQuery.of("PLTR", expirations=AUGUST)), at=SUNDAY)


def test_what_has_no_options_is_not_found(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(EXPIRATIONS, "client/expirations_null.json", symbol="NOPE").on(QUOTES, UNMATCHED)
    with pytest.raises(QuoteNotFoundError, match="tradier lists no options on NOPE"):
        ask(lambda client: client.chain(ChainQuery.of("NOPE")), at=SUNDAY)
    with pytest.raises(QuoteNotFoundError, match="tradier lists no options on NOPE"):
        ask(lambda client: client.expirations("NOPE", start=None, end=None), at=SUNDAY)


def test_expirations_are_those_from_today_on(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(EXPIRATIONS, PLTR_DATES, symbol="PLTR")
    later = utc("2024-08-23 21:00")  # after the close of an expiration day, which is listed on that day
    all_of_them = ask(lambda client: client.expirations("PLTR", start=None, end=None), at=later)
    assert (len(all_of_them), all_of_them[0]) == (12, AUGUST)
    some = ask(lambda client: client.expirations("PLTR", start=date(2024, 9, 1), end=date(2024, 11, 15)), at=SUNDAY)
    assert some == [date(2024, 9, 20), date(2024, 10, 18), date(2024, 11, 15)]


def test_one_contract_comes_with_the_price_of_its_underlying(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(QUOTES, OPTION_WITH_SPY)
    symbol = parse_option("SPY251219P00450000")
    frame = ask(lambda client: client.contract(symbol), at=utc("2024-06-28 16:06:01"), base_url=SANDBOX)
    assert vendor.targets == ["/v1/markets/quotes?symbols=SPY251219P00450000%2CSPY&greeks=true"]
    assert frame.schema == schema(CHAIN)
    assert frame.height == 1
    underlying = frame.select("underlying_price", "underlying_ts", "underlying_source", "moneyness").row(0)
    assert underlying == (547.94, utc("2024-06-28 15:51:00.990"), "tradier", 450 / 547.94)
    quoted = frame.select("contract_symbol", "bid", "ask", "implied_volatility", "iv_source", "feed").row(0)
    assert quoted == ("SPY251219P00450000", 10.2, 10.36, 0.209179, "tradier", "delayed")
    # A put comes with its call's greeks, of which the delta less one is -0.1367; in their place are the model's.
    row = frame.row(0, named=True)
    assert (row["greeks_source"], row["greeks_ts"], row["greeks_feed"]) == ("model", row["quote_ts"], "delayed")
    assert row["delta"] == pytest.approx(-0.136, abs=0.002)
    assert row["theta"] == pytest.approx(-0.020, abs=0.002)
    assert row["rho"] == pytest.approx(-1.03, abs=0.05)


def test_a_contract_whose_underlying_is_not_quoted_has_no_price_of_it(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(QUOTES, OPTION_ALONE)
    symbol = parse_option("TSLA240119P00250000")
    frame = ask(lambda client: client.contract(symbol), at=utc("2024-01-12 16:14:30"))
    assert frame.select("bid", "ask", "ask_iv", "implied_volatility").row(0) == (28.35, 28.75, 0.568797, None)
    assert frame.select("underlying_price", "underlying_ts", "moneyness").row(0) == (None, None, None)


def test_a_contract_that_is_not_known_is_not_found(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(QUOTES, UNMATCHED)
    with pytest.raises(ContractNotFoundError, match="no live contract TSLA240119P00250000"):
        ask(lambda client: client.contract(parse_option("TSLA240119P00250000")), at=utc("2024-02-12 16:14:30"))


def test_quotes_come_in_the_order_asked(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(QUOTES, "recorded/quotes_C_JPM_GS.json")
    frame = ask(lambda client: client.quotes(["gs", "C", "JPM"]), at=utc("2024-07-11 19:26:45"))
    assert vendor.targets == ["/v1/markets/quotes?symbols=GS%2CC%2CJPM&greeks=false"]
    assert frame.schema == schema(EQUITY_QUOTES)
    assert frame.select("symbol", "price", "bid", "ask", "feed").rows() == [
        ("GS", 478.7975, 478.66, 478.93, "realtime"),
        ("C", 65.605, 65.6, 65.61, "realtime"),
        ("JPM", 207.75, 207.74, 207.76, "realtime"),
    ]


def test_an_unknown_symbol_among_others_is_a_row_and_alone_an_error(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(QUOTES, "client/quotes_partly_unmatched.json", symbols="AAPL,SEFDF").on(QUOTES, UNMATCHED)
    frame = ask(lambda client: client.quotes(["AAPL", "SEFDF"]), at=utc("2024-01-12 16:04:44"))
    assert frame.select("symbol", "price", "vendor_error").rows() == [
        ("AAPL", 185.75, None),
        ("SEFDF", None, "NOT_FOUND: no such stock or fund at Tradier"),
    ]
    with pytest.raises(QuoteNotFoundError, match="tradier has nothing on SEFDF"):
        ask(lambda client: client.quotes(["SEFDF"]), at=utc("2024-01-12 16:04:44"))


def test_more_symbols_than_a_url_has_room_for_travel_in_a_form(vendor: RecordedVendor, ask: Asking) -> None:
    # reference/tradier.md §5.1
    names = ["AAPL", *(f"X{first}{second}" for first in "ABCDEFGHIJ" for second in "ABCDEFGHIJ")]
    vendor.on(QUOTES, "client/quotes_single_AAPL_object.json", symbols=",".join(names), greeks="false")
    frame = ask(lambda client: client.quotes(names), at=utc("2024-01-12 15:10:36"))
    (request,) = vendor.requests
    assert (request.method, request.url.query) == ("POST", b"")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert (frame.height, frame.get_column("price")[0]) == (101, 186.07)


def test_days_of_a_stock_are_bars_of_it(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(HISTORY, "recorded/history_AAPL_daily_2024-02.json")
    query = BarQuery.of("AAPL", "1d", date(2024, 2, 1), date(2024, 2, 29))
    frame = ask(lambda client: client.bars(query), at=utc("2024-06-27 10:16:44"), base_url=SANDBOX)
    assert vendor.targets == ["/v1/markets/history?symbol=AAPL&interval=daily&start=2024-02-01&end=2024-02-29"]
    assert frame.schema == schema(BARS)
    assert frame.height == 20
    assert frame.row(0) == (
        "AAPL",
        utc("2024-02-01 05:00"),
        183.985,
        186.95,
        183.82,
        186.86,
        64_885_408.0,
        None,
        None,
        date(2024, 2, 1),
        "split",
        "tradier",
        "delayed",
    )


def test_weeks_are_built_from_days(vendor: RecordedVendor, ask: Asking) -> None:
    # The vendor's weeks are the same, but of the current one and of holidays nothing is laid down.
    vendor.on(HISTORY, "recorded/history_AAPL_daily_2024-02.json")
    query = BarQuery.of("AAPL", "1w", date(2024, 2, 5), date(2024, 2, 25))
    with pytest.raises(PayloadError, match="outside of 2024-02-05 to 2024-02-25, which was asked for"):
        ask(lambda client: client.bars(query), at=utc("2024-06-27 10:16:44"))
    whole = BarQuery.of("AAPL", "1w", date(2024, 2, 1), date(2024, 2, 29))
    frame = ask(lambda client: client.bars(whole), at=utc("2024-06-27 10:16:44"))
    assert "interval=daily&start=2024-01-29&end=2024-03-03" in vendor.targets[-1]
    weeks = frame.select("ts", "session", "open", "high", "low", "close", "volume")
    assert weeks.height == 5
    assert weeks.row(0) == (
        utc("2024-01-29 05:00"),
        date(2024, 2, 1),
        183.985,
        187.33,
        179.25,
        185.85,
        64_885_408.0 + 102_551_680.0,
    )
    # Presidents' Day was the Monday.
    assert weeks.select("ts", "session", "open", "close").row(3) == (
        utc("2024-02-19 05:00"),
        date(2024, 2, 20),
        181.79,
        182.52,
    )


def test_days_of_an_option_are_bars_while_it_lives(vendor: RecordedVendor, ask: Asking) -> None:
    # reference/tradier.md §5.7: of expired contracts there is nothing, which must not look like no trades.
    vendor.on(HISTORY, "recorded/history_option_MTB241115C00190000_daily.json")
    query = BarQuery.of("MTB241115C00190000", "1d", date(2024, 6, 1), date(2024, 10, 16))
    frame = ask(lambda client: client.bars(query), at=utc("2024-10-16 13:00"))
    assert (frame.height, frame.get_column("adjustment").unique().to_list()) == (34, ["raw"])
    assert frame.select("session", "close", "volume").row(-1) == (date(2024, 10, 15), 8.0, 54.0)
    with pytest.raises(EntitlementError, match="keeps nothing of expired options"):
        ask(lambda client: client.bars(query), at=utc("2024-11-18 15:00"))
    assert len(vendor.requests) == 1


def test_the_closing_auction_is_a_bar_of_extended_hours(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(TIMESALES, "recorded/timesales_WY_15min.json")
    start, end, at = utc("2024-10-04 16:00"), utc("2024-10-04 20:00"), utc("2024-10-04 20:30")
    extended = BarQuery.of("WY", "15m", start, end, adjust="raw", session="all")
    frame = ask(lambda client: client.bars(extended), at=at)
    assert frame.schema == schema(BARS)
    assert frame.height == 17
    assert frame.select("ts", "close", "volume", "vwap", "session").row(-1) == (end, 32.88, 928_888.0, 32.88, at.date())
    regular = ask(lambda client: client.bars(BarQuery.of("WY", "15m", start, end, adjust="raw")), at=at)
    assert regular.select("ts", "close", "volume").row(-1) == (utc("2024-10-04 19:45"), 32.88, 589_946.0)
    filters = [target.partition("session_filter=")[2] for target in vendor.targets]
    assert filters == ["all", "open"]


def test_hours_are_built_from_quarters(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(TIMESALES, "recorded/timesales_WY_15min.json")
    start, end = utc("2024-10-04 16:00"), utc("2024-10-04 20:00")
    query = BarQuery.of("WY", "1h", start, end, adjust="raw", session="all")
    frame = ask(lambda client: client.bars(query), at=utc("2024-10-04 21:00"))
    assert "interval=15min" in vendor.targets[0]
    assert frame.select("ts", "open", "high", "low", "close", "volume").row(0) == (
        start,
        32.805,
        32.995,
        32.74,
        32.965,
        112_648.0 + 38_523.0 + 37_764.0 + 80_334.0,
    )
    assert frame.height == 5


def test_minutes_say_that_they_are_as_traded_where_no_splits_can_be_had(vendor: RecordedVendor, ask: Asking) -> None:
    # The sandbox has no corporate actions: what was asked to be adjusted is not, and says so.
    vendor.on(TIMESALES, "recorded/timesales_C_1min_all_afterhours.json")
    query = BarQuery.of("C", "1m", utc("2024-10-04 20:00"), utc("2024-10-04 23:59"), session="all")
    frame = ask(lambda client: client.bars(query), at=utc("2024-10-05 12:00"), base_url=SANDBOX)
    assert frame.schema == schema(BARS)
    assert (frame.height, frame.get_column("adjustment").unique().to_list()) == (21, ["raw"])
    assert frame.select("ts", "close", "session", "feed").row(-1) == (
        utc("2024-10-04 23:56"),
        62.53,
        date(2024, 10, 4),
        "delayed",
    )


def test_minutes_of_another_day_than_was_asked_for_are_refused(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(TIMESALES, "client/timesales_1min_AAPL.json")
    query = BarQuery.of("AAPL", "1m", date(2019, 5, 10), date(2019, 5, 10), adjust="raw")
    with pytest.raises(PayloadError, match="outside of the range that was asked for"):
        ask(lambda client: client.bars(query), at=utc("2019-05-13 12:00"))


def test_minutes_that_begin_too_early_are_asked_for_from_the_first_day_that_is_kept(
    vendor: RecordedVendor, ask: Asking
) -> None:
    # The recorded refusal names 15 January 2024, a holiday, as the first day.
    vendor.on(TIMESALES, TOO_EARLY, start="2024-01-12 00:00").on(TIMESALES, NO_TICKS)
    vendor.on(QUOTES, "client/quotes_single_AAPL_object.json")
    at = utc("2024-01-16 22:00")
    query = BarQuery.of("AAPL", "1m", date(2024, 1, 12), date(2024, 1, 16), adjust="raw")
    frame = ask(lambda client: client.bars(query), at=at)
    assert frame.is_empty()
    assert frame.schema == schema(BARS)
    starts = [request.url.params["start"] for request in vendor.requests if request.url.path == TIMESALES]
    assert starts == ["2024-01-12 00:00", "2024-01-15 00:00"]
    older = BarQuery.of("AAPL", "1m", date(2024, 1, 12), date(2024, 1, 12), adjust="raw")
    with pytest.raises(EntitlementError, match="nothing is kept from before 2024-01-15; the range"):
        ask(lambda client: client.bars(older), at=at)


def test_ticks_are_the_tape(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(TIMESALES, "client/timesales_tick_two.json")
    start, end = utc("2017-01-27 14:30"), utc("2017-01-27 14:59")
    frame = ask(lambda client: client.trades("XXX", start=start, end=end), at=utc("2017-01-27 20:00"))
    assert frame.schema == schema(TRADES)
    assert frame.select("symbol", "ts", "price", "size", "source", "feed").rows() == [
        ("XXX", utc("2017-01-27 14:30:00"), 4.32, 125.0, "tradier", None),
        ("XXX", utc("2017-01-27 14:31:20"), 4.34, 100.0, "tradier", None),
    ]
    (request,) = vendor.requests
    asked = {name: request.url.params[name] for name in ("symbol", "interval", "start", "session_filter")}
    assert asked == {"symbol": "XXX", "interval": "tick", "start": "2017-01-27 09:30", "session_filter": "open"}


def test_ticks_too_many_for_the_gateway_are_asked_for_in_halves(vendor: RecordedVendor, ask: Asking) -> None:
    # reference/tradier.md §2: protocol.http.TooBigBody, the answer to which is to cut the range.
    vendor.on(TIMESALES, TOO_BIG, start="2017-01-27 09:30", end="2017-01-27 10:00")
    vendor.on(TIMESALES, "client/timesales_tick_single_object.json", start="2017-01-27 09:30", end="2017-01-27 09:44")
    vendor.on(TIMESALES, NO_TICKS)
    start, end = utc("2017-01-27 14:30"), utc("2017-01-27 14:59")
    frame = ask(lambda client: client.trades("XXX", start=start, end=end), at=utc("2017-01-27 20:00"))
    assert frame.select("ts", "price", "size").rows() == [(utc("2017-01-27 14:30:00"), 4.32, 125.0)]
    ranges = [(request.url.params["start"][11:], request.url.params["end"][11:]) for request in vendor.requests]
    assert ranges == [("09:30", "10:00"), ("09:30", "09:44"), ("09:44", "10:00")]


def test_ticks_of_what_is_not_known_are_not_found(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(TIMESALES, NO_TICKS).on(QUOTES, UNMATCHED)
    start, end = utc("2017-01-27 14:30"), utc("2017-01-27 14:59")
    with pytest.raises(QuoteNotFoundError, match="tradier knows no XXX"):
        ask(lambda client: client.trades("XXX", start=start, end=end), at=utc("2017-01-27 20:00"))


def test_ticks_without_a_timestamp_are_refused(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(TIMESALES, "legacy2013/timesales.json")
    start, end = utc("2013-06-10 19:59"), utc("2013-06-10 20:00")
    with pytest.raises(PayloadError, match="a tick without a time"):
        ask(lambda client: client.trades("AAPL", start=start, end=end), at=utc("2013-06-10 21:00"))


def test_the_sandbox_has_no_ticks_and_is_not_asked(vendor: RecordedVendor, ask: Asking) -> None:
    start, end = utc("2017-01-27 14:30"), utc("2017-01-27 14:59")
    with pytest.raises(EntitlementError, match="tradier's sandbox has no ticks"):
        ask(
            lambda client: client.trades("XXX", start=start, end=end),
            at=utc("2017-01-27 20:00"),
            base_url=SANDBOX,
        )
    assert vendor.requests == []


def test_the_clock_is_in_epoch_seconds(vendor: RecordedVendor, ask: Asking) -> None:
    # reference/tradier.md §5.9: of 2013, and unchanged since by what clients read.
    vendor.on(CLOCK, "legacy2013/clock.json")
    status = ask(lambda client: client.market_status(), at=SUNDAY)
    assert (status.market, status.server_time, status.source) == ("closed", utc("2013-06-11 02:39:13"), "tradier")
    assert status.server_time.tzinfo is UTC
    assert (status.next_open, status.next_close) == (utc("2013-06-11 13:30"), utc("2013-06-11 20:00"))
    assert status.is_simulated is False


@pytest.mark.parametrize(
    ("said", "market"),
    [("premarket", "extended"), ("open", "open"), ("postmarket", "extended"), ("closed", "closed")],
)
def test_every_state_of_the_clock_has_its_word(
    vendor: RecordedVendor, tradier: Tradier, ask: Asking, said: str, market: str
) -> None:
    body = tradier.body("legacy2013/clock.json").replace(b'"state":"closed"', f'"state":"{said}"'.encode())
    vendor.on(CLOCK, "legacy2013/clock.json", body=body)
    assert ask(lambda client: client.market_status(), at=SUNDAY).market == market


# --- failures through the client ------------------------------------------------------------------------------------


def test_a_gateway_that_hiccups_is_asked_again(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(QUOTES, DATASTORE).on(QUOTES, DATASTORE).on(QUOTES, PLTR)
    frame = ask(lambda client: client.quotes(["PLTR"]), at=SUNDAY, policy=AT_ONCE_AGAIN)
    assert frame.get_column("price").to_list() == [27.23]
    assert len(vendor.requests) == 3


def test_an_expired_token_is_not_tried_again_though_its_status_is_the_same(vendor: RecordedVendor, ask: Asking) -> None:
    vendor.on(QUOTES, EXPIRED).on(QUOTES, PLTR)
    with pytest.raises(AuthenticationError, match="has expired"):
        ask(lambda client: client.quotes(["PLTR"]), at=SUNDAY, policy=AT_ONCE_AGAIN)
    assert len(vendor.requests) == 1


def test_a_token_of_the_other_host_is_one_error_of_a_whole_chain(vendor: RecordedVendor, ask: Asking) -> None:
    for where in (EXPIRATIONS, QUOTES, CHAINS):
        vendor.on(where, "recorded/error_401_invalid_token.txt")
    with pytest.raises(AuthenticationError, match="missing or not valid for this host") as caught:
        ask(lambda client: client.chain(ChainQuery.of("PLTR")), at=SUNDAY)
    assert caught.value.status == 401


def test_the_recorded_rate_is_what_is_left_of_it(vendor: RecordedVendor, ask: Asking) -> None:
    # reference/tradier.md §2: 60 a minute are documented for the sandbox, 200 were said.
    vendor.on(QUOTES, PLTR)

    async def left(client: AsyncTradier) -> list[tuple[str, float, int]]:
        await client.quotes(["PLTR"])
        return [budget[:3] for budget in client.budgets()]

    assert ask(left, at=SUNDAY, base_url=SANDBOX) == [(QUOTES, 200.0, 199)]


@pytest.mark.parametrize(
    "path",
    [
        "recorded/error_401_invalid_token.txt",
        "errors/fault_401_invalid_access_token.json",
        EXPIRED,
        DATASTORE,
        TOO_BIG,
        "errors/order_errors_200.json",
        "errors/orders_400_duration.txt",
        "errors/quota_violation_SYNTH.txt",
        TOO_EARLY,
        "errors/ws_invalid_symbol.json",
    ],
)
def test_no_error_shows_the_token_though_the_vendor_repeats_it(
    vendor: RecordedVendor, tradier: Tradier, ask: Asking, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    recorded, token = tradier.body(path), ask.token.encode()
    body = recorded.replace(b'":"', b'":"' + token + b" ", 1).replace(b'["', b'["' + token + b" ")
    if body == recorded:
        words = recorded.split(b" ")
        body = b" ".join([*words[:-1], token, words[-1]])
    assert token in body
    vendor.on(EXPIRATIONS, path, body=body)
    with caplog.at_level("DEBUG"), pytest.raises(DataProviderError) as caught:
        ask(lambda client: client.expirations("PLTR", start=None, end=None), at=SUNDAY)
    shown: list[str] = []
    error: BaseException | None = caught.value
    while error is not None:
        shown += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    assert [text for text in (*shown, caplog.text) if ask.token in text] == []
