"""Tradier's option quotes as the canonical chain: groups, zeros, hourly greeks that are the call's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import CHAIN, empty, schema
from quantdata.frames.provenance import Answer
from quantdata.frames.tradier.chain import chain
from quantdata.frames.tradier.quotes import quote_page

if TYPE_CHECKING:
    import polars as pl

# A Friday, 12:01 in New York.
AT = datetime(2024, 6, 28, 16, 1, tzinfo=UTC)
RECEIVED = datetime(2024, 6, 28, 16, 1, 0, 250_000, tzinfo=UTC)
QUOTED = datetime(2024, 6, 28, 15, 50, 51, tzinfo=UTC)
TRADED = datetime(2024, 6, 28, 14, 34, 48, 310_000, tzinfo=UTC)
PRICED = datetime(2024, 6, 28, 14, 58, 47, tzinfo=UTC)
ROW: dict[str, Any] = {
    "symbol": "SPY251219C00450000",
    "description": "SPY Dec 19 2025 $450.00 Call",
    "exch": "Z",
    "type": "option",
    "last": 10.05,
    "change": -0.49,
    "volume": 415,
    "open": 10.1,
    "high": 10.2,
    "low": 10.0,
    "close": None,
    "bid": 10.2,
    "ask": 10.36,
    "underlying": "SPY",
    "strike": 450.0,
    "greeks": {
        "delta": 0.86,
        "gamma": 0.0014,
        "theta": -0.0598,
        "vega": 1.2676,
        "rho": 5.0513,
        "phi": -7.0149,
        "bid_iv": 0.208,
        "mid_iv": 0.209,
        "ask_iv": 0.21,
        "smv_vol": 0.211,
        "updated_at": "2024-06-28 14:58:47",
    },
    "change_percentage": -4.65,
    "average_volume": 0,
    "last_volume": 400,
    "trade_date": 1719585288310,
    "prevclose": 10.54,
    "week_52_high": 0.0,
    "week_52_low": 0.0,
    "bidsize": 251,
    "bidexch": "Z",
    "bid_date": 1719589851000,
    "asksize": 939,
    "askexch": "N",
    "ask_date": 1719589850000,
    "open_interest": 7230,
    "contract_size": 100,
    "expiration_date": "2025-12-19",
    "expiration_type": "standard",
    "option_type": "call",
    "root_symbol": "SPY",
}
QUOTE = ("bid", "bid_size", "bid_exchange", "ask", "ask_size", "ask_exchange", "mid", "quote_ts", "quote_source",
         "quote_feed")  # fmt: skip
TRADE = ("last", "last_size", "last_exchange", "last_conditions", "last_ts", "trade_source")
DAY = ("open", "high", "low", "close", "prev_close", "change", "change_percent", "vwap", "volume", "day_session",
       "day_source")  # fmt: skip
VOLATILITY = ("implied_volatility", "bid_iv", "ask_iv", "iv_ts", "iv_source", "model_iv")
GREEKS = ("delta", "gamma", "theta", "vega", "rho", "greeks_ts", "greeks_source", "greeks_feed")


def read(*rows: dict[str, Any], at: datetime = AT, **facts: bool) -> pl.DataFrame:
    page = quote_page(msgspec.json.encode(rows), received=RECEIVED)
    return chain([page], underlying="SPY", answer=Answer(source="tradier", snapshot_ts=at, **facts))


def one(at: datetime = AT, **fields: Any) -> dict[str, Any]:
    return read(ROW | fields, at=at).row(0, named=True)


def greeks(**fields: Any) -> dict[str, Any]:
    return one(greeks=ROW["greeks"] | fields)


def group(row: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    return [row[name] for name in names]


# --- whole rows -----------------------------------------------------------------------------------------------------


def test_a_whole_row_fills_every_group_in_its_own_unit() -> None:
    row = one()
    assert group(row, QUOTE) == [10.2, 251, "Z", 10.36, 939, "N", 10.28, QUOTED, "tradier", "realtime"]
    assert group(row, TRADE) == [10.05, 400, None, None, TRADED, "tradier"]
    assert group(row, DAY) == [
        10.1, 10.2, 10.0, 10.05, 10.54, -0.49, -4.65, None, 415, date(2024, 6, 28), "tradier",
    ]  # fmt: skip
    assert group(row, VOLATILITY) == [0.209, 0.208, 0.21, PRICED, "tradier", None]
    assert group(row, GREEKS) == [0.86, 0.0014, -0.0598, 1.2676, 5.0513, PRICED, "tradier", "delayed"]
    assert (row["open_interest"], row["open_interest_date"], row["open_interest_source"]) == (
        7230,
        date(2024, 6, 27),
        "tradier",
    )
    assert (row["contract_symbol"], row["root_symbol"], row["expiration"], row["strike"], row["option_type"]) == (
        "SPY251219C00450000",
        "SPY",
        date(2025, 12, 19),
        450.0,
        "call",
    )
    assert (row["multiplier"], row["is_adjusted"], row["exercise_style"]) == (100, False, "american")
    assert (row["underlying_symbol"], row["underlying_price"], row["underlying_source"]) == ("SPY", None, None)
    assert (row["source"], row["received_ts"], row["snapshot_ts"], row["feed"]) == ("tradier", RECEIVED, AT, "realtime")


def test_no_rows_have_the_schema_of_some() -> None:
    assert_frame_equal(read(), empty(CHAIN))
    assert read(ROW).schema == schema(CHAIN)


def test_pages_make_one_chain_sorted_by_contract() -> None:
    later = ROW | {
        "symbol": "SPY260116P00440000",
        "expiration_date": "2026-01-16",
        "strike": 440.0,
        "option_type": "put",
    }
    put = ROW | {"symbol": "SPY251219P00450000", "option_type": "put"}
    pages = [
        quote_page(msgspec.json.encode(rows), received=received)
        for rows, received in (([later], AT), ([put, ROW], RECEIVED))
    ]
    frame = chain(pages, underlying="SPY", answer=Answer(source="tradier", snapshot_ts=AT))
    assert frame.get_column("contract_symbol").to_list() == [
        "SPY251219C00450000",
        "SPY251219P00450000",
        "SPY260116P00440000",
    ]
    assert frame.get_column("received_ts").to_list() == [RECEIVED, RECEIVED, AT]


def test_roots_of_one_underlying_are_told_apart_by_the_symbol() -> None:
    rows = [
        ROW | {"symbol": f"{root}251219C05000000", "root_symbol": "SPX", "underlying": "SPX", "strike": 5000.0}
        for root in ("SPXW", "SPX")
    ]
    frame = read(*rows)
    assert frame.get_column("root_symbol").to_list() == ["SPX", "SPXW"]
    assert frame.get_column("settlement").to_list() == ["AM", "PM"]


@pytest.mark.parametrize(
    ("is_delayed", "is_simulated", "feeds"),
    [
        (True, False, ("delayed", "delayed", "delayed")),
        # The row says that it is simulated, its groups how fresh the plan has them.
        (False, True, ("simulated", "realtime", "delayed")),
        (True, True, ("simulated", "delayed", "delayed")),
    ],
)
def test_what_the_host_says_of_its_data_holds_for_every_group(
    feeds: tuple[str, str, str], *, is_delayed: bool, is_simulated: bool
) -> None:
    row = read(ROW, is_delayed=is_delayed, is_simulated=is_simulated).row(0, named=True)
    assert (row["feed"], row["quote_feed"], row["greeks_feed"]) == feeds


# --- the contract ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["", None])
def test_a_contract_without_a_symbol_has_none(symbol: str | None) -> None:
    row = one(symbol=symbol)
    assert (row["contract_symbol"], row["root_symbol"], row["strike"]) == (None, None, 450.0)


@pytest.mark.parametrize(
    ("sent", "expected"), [("put", "put"), ("call", "call"), ("CALL", None), ("", None), (None, None)]
)
def test_a_type_is_call_or_put_or_unknown(sent: str | None, expected: str | None) -> None:
    assert one(option_type=sent)["option_type"] == expected


@pytest.mark.parametrize("sent", ["2025-02-30", "12/19/2025", "", None])
def test_an_expiration_that_is_no_day_is_unknown(sent: str | None) -> None:
    row = one(expiration_date=sent)
    assert (row["expiration"], row["dte"]) == (None, None)


@pytest.mark.parametrize(
    ("fields", "multiplier", "is_adjusted"),
    [
        ({"contract_size": 10}, 10, True),
        ({"symbol": "SPY1251219C00450000"}, 100, True),
        ({"contract_size": None}, None, None),
        ({"contract_size": 1e300}, None, None),
    ],
)
def test_another_deliverable_is_marked(
    fields: dict[str, Any],
    multiplier: int | None,
    is_adjusted: bool | None,  # noqa: FBT001  # an expected value
) -> None:
    row = one(**fields)
    assert (row["multiplier"], row["is_adjusted"]) == (multiplier, is_adjusted)


# --- the quote ------------------------------------------------------------------------------------------------------


def test_no_bid_beside_an_offer_is_a_bid_of_0_at_no_venue() -> None:
    row = one(bid=0.0, bidsize=0)
    assert group(row, QUOTE) == [0.0, 0, None, 10.36, 939, "N", None, QUOTED, "tradier", "realtime"]


def test_no_offer_is_none_at_no_venue() -> None:
    row = one(ask=0.0, asksize=0)
    assert group(row, QUOTE) == [10.2, 251, "Z", None, 0, None, None, QUOTED, "tradier", "realtime"]


@pytest.mark.parametrize("nothing", [0.0, None])
def test_without_both_there_is_no_quote(nothing: float | None) -> None:
    assert group(one(bid=nothing, ask=nothing), QUOTE) == [None] * len(QUOTE)


@pytest.mark.parametrize("letter", ["", None])
def test_a_venue_without_a_letter_is_unknown(letter: str | None) -> None:
    row = one(bidexch=letter, askexch=letter)
    assert (row["bid_exchange"], row["ask_exchange"], row["bid"], row["ask"]) == (None, None, 10.2, 10.36)


def test_a_quote_without_a_time_is_one_all_the_same() -> None:
    row = one(bid_date=0, ask_date=None)
    assert (row["quote_ts"], row["bid"], row["quote_source"]) == (None, 10.2, "tradier")


# --- trade and day --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{"last": None}, {"last": 0.0}, {"trade_date": 0}, {"trade_date": None}])
def test_what_never_traded_has_no_trade(fields: dict[str, Any]) -> None:
    assert group(one(**fields), TRADE) == [None] * len(TRADE)


@pytest.mark.parametrize("size", [0, None])
def test_a_trade_may_be_of_unknown_size(size: int | None) -> None:
    row = one(last_volume=size)
    assert (row["last"], row["last_size"], row["trade_source"]) == (10.05, None, "tradier")


def test_a_day_without_eligible_trades_has_volume_and_no_prices() -> None:
    row = one(open=None, high=None, low=None, close=None, volume=7, change=None, change_percentage=None)
    assert group(row, DAY) == [
        None, None, None, None, 10.54, None, None, None, 7, date(2024, 6, 28), "tradier",
    ]  # fmt: skip


def test_a_day_without_trades_has_a_volume_of_0() -> None:
    row = one(volume=0)
    assert (row["volume"], row["day_session"], row["day_source"]) == (0, date(2024, 6, 28), "tradier")


@pytest.mark.parametrize(("volume", "known"), [(0, (None, None, None)), (3, (3, date(2024, 6, 27), "tradier"))])
def test_before_the_open_a_volume_of_0_may_be_of_either_day(volume: int, known: tuple[object, ...]) -> None:
    row = one(volume=volume, at=datetime(2024, 6, 28, 13, 29, tzinfo=UTC))
    assert (row["volume"], row["day_session"], row["day_source"]) == known


def test_what_has_not_traded_today_has_no_change_of_today() -> None:
    row = one(open=None, high=None, low=None, close=None, volume=0, change=0.0, change_percentage=0.0)
    assert (row["last"] is not None, row["close"], row["change"], row["change_percent"]) == (True, None, None, None)


def test_without_a_volume_there_is_no_day() -> None:
    row = one(volume=None)
    assert (row["volume"], row["day_session"], row["day_source"]) == (None, None, None)


def test_after_the_session_the_close_is_the_vendors() -> None:
    assert one(close=10.11)["close"] == 10.11


@pytest.mark.parametrize(
    ("at", "is_delayed", "day"),
    [
        (datetime(2024, 6, 28, 13, 29, tzinfo=UTC), False, date(2024, 6, 27)),  # 09:29 in New York
        (datetime(2024, 6, 28, 13, 30, tzinfo=UTC), False, date(2024, 6, 28)),
        (datetime(2024, 6, 28, 13, 44, tzinfo=UTC), True, date(2024, 6, 27)),  # the sandbox is 15 minutes behind
        (datetime(2024, 6, 28, 13, 45, tzinfo=UTC), True, date(2024, 6, 28)),
        (datetime(2024, 6, 30, 16, 0, tzinfo=UTC), False, date(2024, 6, 28)),  # a Sunday
    ],
)
def test_the_day_is_the_newest_session_that_has_opened(at: datetime, day: date, *, is_delayed: bool) -> None:
    assert read(ROW, at=at, is_delayed=is_delayed).get_column("day_session").to_list() == [day]


@pytest.mark.parametrize(("sent", "source"), [(0, "tradier"), (None, None)])
def test_an_open_interest_of_0_is_one(sent: int | None, source: str | None) -> None:
    row = one(open_interest=sent)
    assert (row["open_interest"], row["open_interest_source"]) == (sent, source)


# --- volatility and greeks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [None, {}])
def test_without_greeks_there_are_none_and_no_volatility(sent: object) -> None:
    row = one(greeks=sent)
    assert group(row, GREEKS) == [None] * len(GREEKS)
    assert group(row, VOLATILITY) == [None] * len(VOLATILITY)


def test_without_a_volatility_at_the_bid_mid_is_that_at_the_ask_and_so_none() -> None:
    row = greeks(bid_iv=0.0, mid_iv=0.21, ask_iv=0.21)
    assert group(row, VOLATILITY) == [None, None, 0.21, PRICED, "tradier", None]


def test_a_volatility_at_the_bid_alone_counts() -> None:
    row = greeks(ask_iv=0.0, mid_iv=0.104)
    assert group(row, VOLATILITY) == [0.104, 0.208, None, PRICED, "tradier", None]


def test_volatilities_of_0_are_none() -> None:
    row = greeks(bid_iv=0.0, mid_iv=0.0, ask_iv=0.0)
    assert group(row, VOLATILITY) == [None] * len(VOLATILITY)
    assert row["delta"] == 0.86


def test_a_put_keeps_what_holds_for_a_put() -> None:
    row = one(symbol="SPY251219P00450000", option_type="put", greeks=ROW["greeks"] | {"delta": -0.14})
    assert group(row, GREEKS) == [-0.14, 0.0014, None, 1.2676, None, PRICED, "tradier", "delayed"]


def test_what_is_neither_call_nor_put_has_no_theta_either() -> None:
    row = one(option_type=None)
    assert (row["theta"], row["rho"], row["delta"]) == (None, None, 0.86)


@pytest.mark.parametrize(
    ("sent", "expected"), [(-4.1e-15, 0.0), (9.9e-10, 0.0), (1e-9, 1e-9), (-1e-9, -1e-9), (None, None)]
)
@pytest.mark.parametrize("name", ["gamma", "theta", "vega", "rho"])
def test_noise_far_from_the_money_is_0(name: str, sent: float | None, expected: float | None) -> None:
    assert greeks(**{name: sent})[name] == expected


def test_greeks_without_a_delta_are_not_called_the_vendors() -> None:
    row = greeks(delta=None)
    assert (row["delta"], row["greeks_source"], row["greeks_ts"], row["greeks_feed"]) == (None, None, None, None)


@pytest.mark.parametrize("text", ["2024-06-28T14:58:47Z", "soon", "", None])
def test_greeks_without_a_time_keep_their_values(text: str | None) -> None:
    row = greeks(updated_at=text)
    assert (row["greeks_ts"], row["iv_ts"], row["delta"], row["greeks_source"]) == (None, None, 0.86, "tradier")
