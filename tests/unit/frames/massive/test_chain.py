"""Massive's option rows: each block there, empty, null or absent, and what is made of odd values."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import CHAIN, empty, schema
from quantdata.frames.massive.chain import chain, chain_page, expirations, strikes
from quantdata.frames.provenance import Answer

AT = datetime(2025, 10, 8, 19, 0, tzinfo=UTC)
RECEIVED = datetime(2025, 10, 8, 19, 0, 0, 250_000, tzinfo=UTC)
# 14:59:59.123456789 in New York; as a float it would end in ...736 or ...992.
TICK_NS = 1_759_949_999_123_456_789
TICK = datetime(2025, 10, 8, 18, 59, 59, 123_456, tzinfo=UTC)
ROW: dict[str, Any] = {
    "details": {
        "ticker": "O:SPY251010C00673000",
        "contract_type": "call",
        "exercise_style": "american",
        "expiration_date": "2025-10-10",
        "strike_price": 673,
        "shares_per_contract": 100,
    },
    "underlying_asset": {"ticker": "SPY", "price": 670.5, "last_updated": TICK_NS, "timeframe": "REAL-TIME"},
    "last_quote": {
        "bid": 2.2,
        "bid_size": 12,
        "bid_exchange": 302,
        "ask": 2.3,
        "ask_size": 7,
        "ask_exchange": 316,
        "last_updated": TICK_NS,
        "midpoint": 2.25,
        "timeframe": "REAL-TIME",
    },
    "last_trade": {
        "price": 2.28,
        "size": 3,
        "exchange": 309,
        "conditions": [209],
        "sip_timestamp": TICK_NS,
        "timeframe": "REAL-TIME",
    },
    "day": {
        "open": 1.41,
        "high": 2.39,
        "low": 1.18,
        "close": 2.28,
        "previous_close": 1.41,
        "change": 0.87,
        "change_percent": 61.702,
        "vwap": 2.0417,
        "volume": 18777,
        "last_updated": 1_759_896_000_000_000_000,
    },
    "open_interest": 6420,
    "implied_volatility": 0.1148,
    "greeks": {"delta": 0.51, "gamma": 0.07, "theta": -0.63, "vega": 0.18},
}
QUOTE = ("bid", "bid_size", "bid_exchange", "ask", "ask_size", "ask_exchange", "mid", "quote_ts", "quote_source",
         "quote_feed")  # fmt: skip
TRADE = ("last", "last_size", "last_exchange", "last_conditions", "last_ts", "trade_source")
DAY = ("open", "high", "low", "close", "prev_close", "change", "change_percent", "vwap", "volume", "day_session",
       "day_source")  # fmt: skip
GREEKS = ("delta", "gamma", "theta", "vega", "greeks_source", "greeks_feed")
UNDERLYING = ("underlying_price", "underlying_ts", "underlying_source", "moneyness")
ABSENT = object()


def read(*rows: dict[str, Any], is_delayed: bool = False) -> pl.DataFrame:
    page = chain_page(json.dumps(rows).encode(), received=RECEIVED)
    return chain([page], underlying="SPY", answer=Answer(source="massive", snapshot_ts=AT, is_delayed=is_delayed))


def row_with(**blocks: Any) -> dict[str, Any]:
    return {name: value for name, value in (ROW | blocks).items() if value is not ABSENT}


def one(**blocks: Any) -> dict[str, Any]:
    return read(row_with(**blocks)).row(0, named=True)


def changed(block: str, **fields: Any) -> dict[str, Any]:
    return one(**{block: ROW[block] | fields})


# --- whole rows -----------------------------------------------------------------------------------------------------


def test_a_whole_row_fills_every_group_in_its_own_unit() -> None:
    row = one()
    assert [row[name] for name in QUOTE] == [2.2, 12, "C", 2.3, 7, "Q", 2.25, TICK, "massive", "realtime"]
    assert [row[name] for name in TRADE] == [2.28, 3, "J", [209], TICK, "massive"]
    assert [row[name] for name in DAY] == [
        1.41, 2.39, 1.18, 2.28, 1.41, 0.87, 61.702, 2.0417, 18_777, date(2025, 10, 8), "massive",
    ]  # fmt: skip
    assert [row[name] for name in GREEKS] == [0.51, 0.07, -0.63, 0.18, "massive", "realtime"]
    assert [row[name] for name in UNDERLYING] == [670.5, TICK, "massive", pytest.approx(673 / 670.5)]
    assert (row["contract_symbol"], row["root_symbol"], row["strike"]) == ("SPY251010C00673000", "SPY", 673.0)
    assert (row["open_interest"], row["open_interest_date"], row["implied_volatility"]) == (
        6_420,
        date(2025, 10, 7),
        0.1148,
    )
    assert (row["received_ts"], row["snapshot_ts"], row["feed"]) == (RECEIVED, AT, "realtime")


def test_no_rows_have_the_schema_of_some() -> None:
    assert_frame_equal(read(), empty(CHAIN))
    assert read(ROW).schema == schema(CHAIN)


def test_pages_make_one_chain_and_keep_the_time_of_each() -> None:
    put = row_with(details=ROW["details"] | {"ticker": "O:SPY251010P00673000", "contract_type": "put"})
    later = datetime(2025, 10, 8, 19, 0, 1, tzinfo=UTC)
    pages = [
        chain_page(json.dumps([put]).encode(), received=later),
        chain_page(json.dumps([ROW]).encode(), received=AT),
    ]
    frame = chain(pages, underlying="SPY", answer=Answer(source="massive", snapshot_ts=AT))
    assert frame.select("option_type", "received_ts").rows() == [("call", AT), ("put", later)]


def test_what_was_filtered_by_can_be_seen_on_a_page_before_it_is_a_chain() -> None:
    details = {"strike_price": 587.5, "expiration_date": "2025-10-17", "contract_type": "put"}
    page = chain_page(json.dumps([ROW, {}, row_with(details=details)]).encode(), received=AT)
    assert strikes(page).to_list() == [673.0, None, 587.5]
    assert expirations(page).to_list() == ["2025-10-10", None, "2025-10-17"]


def test_nothing_in_a_chain_is_nan() -> None:
    frame = read(ROW, row_with(last_quote={}, day={}, greeks={}), row_with(underlying_asset={"price": 0}))
    assert frame.select(pl.col(pl.Float64).is_nan().any()).transpose().to_series().any() is False


# --- what is not there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [ABSENT, {}, None], ids=["absent", "empty", "null"])
@pytest.mark.parametrize(
    ("block", "columns"),
    [
        ("last_quote", QUOTE),
        ("last_trade", TRADE),
        ("day", DAY),
        ("greeks", GREEKS),
        ("underlying_asset", UNDERLYING),
    ],
)
def test_a_block_that_is_absent_empty_or_null_leaves_its_columns_null(
    block: str, columns: tuple[str, ...], nothing: object
) -> None:
    row, whole = one(**{block: nothing}), one()
    assert [name for name in columns if row[name] is not None] == []
    others = [name for name in schema(CHAIN) if name not in columns and row[name] is None and whole[name] is not None]
    # Spread and liquidity follow from the quote, the tick from a price of the row.
    expected = {"last_quote": ["spread", "spread_percent", "liquidity"]}
    assert set(others) <= set(expected.get(block, []))


@pytest.mark.parametrize("nothing", [ABSENT, None])
def test_a_number_that_is_absent_or_null_has_no_source(nothing: object) -> None:
    row = one(open_interest=nothing, implied_volatility=nothing)
    for name in ("open_interest", "open_interest_date", "open_interest_source", "implied_volatility", "iv_source"):
        assert row[name] is None


def test_an_open_interest_of_zero_is_data() -> None:
    row = one(open_interest=0)
    assert (row["open_interest"], row["open_interest_source"]) == (0, "massive")


# --- quotes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bid", "ask", "kept_bid", "kept_ask", "source"),
    [
        (0, 0.05, 0.0, 0.05, "massive"),  # nobody bids
        (0.05, 0, 0.05, None, "massive"),  # nobody offers
        (0, 0, None, None, None),  # no quote at all
        (None, 0.05, None, 0.05, "massive"),
        (2.3, 2.2, 2.3, 2.2, "massive"),  # crossed
    ],
)
def test_a_side_of_zero_is_a_bid_of_nothing_or_no_offer(
    bid: float | None, ask: float, kept_bid: float | None, kept_ask: float | None, source: str | None
) -> None:
    row = changed("last_quote", bid=bid, ask=ask)
    assert (row["bid"], row["ask"], row["quote_source"]) == (kept_bid, kept_ask, source)
    assert (row["quote_feed"] is None) is (source is None)


@pytest.mark.parametrize(
    ("quote", "underlying", "trade", "greeks_feed", "feed"),
    [
        ("REAL-TIME", "REAL-TIME", "REAL-TIME", "realtime", "realtime"),
        ("DELAYED", "REAL-TIME", "REAL-TIME", "delayed", "delayed"),
        ("REAL-TIME", "DELAYED", "REAL-TIME", "delayed", "delayed"),
        ("REAL-TIME", "REAL-TIME", "DELAYED", "realtime", "delayed"),
        (None, "REAL-TIME", None, "realtime", "realtime"),
        ("NEVER HEARD OF", None, None, None, None),
    ],
)
def test_greeks_are_as_fresh_as_quote_and_underlying_and_the_row_as_its_worst_block(
    quote: str | None, underlying: str | None, trade: str | None, greeks_feed: str | None, feed: str | None
) -> None:
    row = one(
        last_quote=ROW["last_quote"] | {"timeframe": quote},
        underlying_asset=ROW["underlying_asset"] | {"timeframe": underlying},
        last_trade=ROW["last_trade"] | {"timeframe": trade},
    )
    assert (row["greeks_feed"], row["feed"]) == (greeks_feed, feed)


def test_a_delayed_plan_delays_every_block() -> None:
    row = read(ROW, is_delayed=True).row(0, named=True)
    assert (row["quote_feed"], row["greeks_feed"], row["feed"]) == ("delayed", "delayed", "delayed")


@pytest.mark.parametrize(("venue", "said"), [(0, None), (None, None), (300, "A"), (302, "C"), (325, "Z"), (326, "326")])
def test_a_venue_is_the_letter_that_opra_gave_it_and_zero_is_none(venue: int | None, said: str | None) -> None:
    quote = changed("last_quote", bid_exchange=venue, ask_exchange=venue)
    assert (quote["bid_exchange"], quote["ask_exchange"]) == (said, said)
    assert changed("last_trade", exchange=venue)["last_exchange"] == said


@pytest.mark.parametrize("stamp", [1_759_949_999_123, 1_759_949_999_123_000_000])
def test_a_quote_stamped_in_milliseconds_has_the_same_time(stamp: int) -> None:
    assert changed("last_quote", last_updated=stamp)["quote_ts"] == datetime(
        2025, 10, 8, 18, 59, 59, 123_000, tzinfo=UTC
    )


def test_a_day_block_stamped_in_the_evening_is_of_that_evening() -> None:
    # 20:30 in New York on the 7th, when it is the 8th in UTC.
    assert changed("day", last_updated=1_759_883_400_000_000_000)["day_session"] == date(2025, 10, 7)


# --- contracts ------------------------------------------------------------------------------------------------------


def test_the_value_of_an_index_is_its_price() -> None:
    for block in ({"value": 6_700.5}, {"price": 6_700.5}):
        row = one(underlying_asset={"ticker": "I:SPX", **block})
        assert (row["underlying_price"], row["underlying_source"]) == (6_700.5, "massive")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ticker": "O:SPY1251010C00673000"}, {"root_symbol": "SPY1", "is_adjusted": True}),
        ({"shares_per_contract": 150}, {"multiplier": 150, "is_adjusted": True}),
        ({"contract_type": "put", "ticker": "O:SPY251010P00673000"}, {"option_type": "put"}),
        ({"contract_type": "other"}, {"option_type": None}),
        ({"exercise_style": "bermudan"}, {"exercise_style": "bermudan"}),
        ({"exercise_style": "asian"}, {"exercise_style": "american"}),  # unknown: what the root says
        ({"strike_price": 587.5}, {"strike": 587.5}),
        ({"expiration_date": "2035-01-19"}, {"expiration": date(2035, 1, 19), "expiration_type": None}),
    ],
)
def test_the_facts_of_a_contract(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    row = changed("details", **fields)
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"ticker": None}, "root_symbol"),
        ({"ticker": ""}, "root_symbol"),
        ({"ticker": "O:SPY"}, "root_symbol"),
        ({"ticker": "O:SPY251010C000673000"}, "root_symbol"),
        ({"ticker": "O:spy251010C00673000"}, "root_symbol"),
        ({"expiration_date": None}, "expiration"),
        ({"expiration_date": "10/10/2025"}, "expiration"),
        ({"strike_price": None}, "strike"),
        ({"shares_per_contract": 1e30}, "multiplier"),
    ],
)
def test_a_row_that_cannot_be_identified_stays_and_leaves_the_others_alone(
    fields: dict[str, Any], missing: str
) -> None:
    broken = row_with(details=ROW["details"] | fields)
    sound = row_with(details=ROW["details"] | {"ticker": "O:SPY251010C00700000", "strike_price": 700})
    frame = read(broken, sound)
    assert frame.height == 2
    assert frame.get_column(missing).null_count() == 1
    assert_frame_equal(frame.filter(pl.col("strike") == 700.0), read(sound))
    assert frame.filter(pl.col(missing).is_null()).item(0, "bid") == 2.2


def test_a_row_without_details_is_a_row_without_identity() -> None:
    row = one(details=ABSENT)
    assert (row["contract_symbol"], row["root_symbol"], row["expiration"], row["strike"]) == (None, None, None, None)
    assert row["bid"] == 2.2


def test_rows_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="error deserializing"):
        chain_page(b'[{"last_quote": "none"}]', received=AT)
