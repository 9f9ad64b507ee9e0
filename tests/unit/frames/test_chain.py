"""What every vendor's chain gets alike, on rows of a few contracts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.chain import SORT, current_volume, finish, newest_session, with_underlying
from quantdata.frames.columns import CHAIN, empty, schema
from quantdata.frames.provenance import Answer

# A Wednesday, 15:00 in New York.
AT = datetime(2025, 10, 8, 19, 0, tzinfo=UTC)
TODAY = date(2025, 10, 8)
GIVEN = {
    "contract_symbol": "SPY251010C00673000",
    "root_symbol": "SPY",
    "expiration": date(2025, 10, 10),
    "strike": 673.0,
    "option_type": "call",
    "exercise_style": None,
    "multiplier": 100,
    "underlying_price": None,
    "bid": None,
    "ask": None,
    "last": None,
    "close": None,
    "volume": None,
    "day_session": None,
    "open_interest": None,
    "quote_source": None,
    "quote_feed": None,
    "greeks_source": None,
    "greeks_feed": None,
    "feed": None,
    "received_ts": AT,
}
WIRE = {name: dtype for name, dtype in schema(CHAIN).items() if name in GIVEN}


def chain(*rows: dict[str, Any], at: datetime = AT, underlying: str = "SPY", is_delayed: bool = False) -> pl.DataFrame:
    frame = pl.DataFrame([GIVEN | row for row in rows], schema=WIRE)
    return finish(frame, underlying=underlying, answer=Answer(source="massive", snapshot_ts=at, is_delayed=is_delayed))


def one(*, at: datetime = AT, **row: Any) -> dict[str, Any]:
    return chain(row, at=at).row(0, named=True)


def quoted(bid: float | None, ask: float | None, **row: Any) -> dict[str, Any]:
    return one(bid=bid, ask=ask, quote_source="massive", **row)


# --- shape ----------------------------------------------------------------------------------------------------------


def test_an_empty_chain_has_the_schema_of_a_full_one() -> None:
    assert_frame_equal(chain(), empty(CHAIN))
    assert chain({}).schema == schema(CHAIN)


def test_rows_are_sorted_by_expiration_root_strike_type_and_symbol() -> None:
    later, next_root, higher, put = (
        {"expiration": date(2025, 10, 17), "root_symbol": "SPX"},
        {"root_symbol": "SPXW"},
        {"root_symbol": "SPX", "strike": 674.0},
        {"root_symbol": "SPX", "option_type": "put"},
    )
    frame = chain(later, next_root, higher, put, {"root_symbol": "SPX"}, underlying="SPX")
    assert frame.select(SORT[:4]).rows() == [
        (date(2025, 10, 10), "SPX", 673.0, "call"),
        (date(2025, 10, 10), "SPX", 673.0, "put"),
        (date(2025, 10, 10), "SPX", 674.0, "call"),
        (date(2025, 10, 10), "SPXW", 673.0, "call"),
        (date(2025, 10, 17), "SPX", 673.0, "call"),
    ]


def test_every_row_says_where_it_came_from() -> None:
    row = one(underlying_price=670.0)
    assert (row["underlying_symbol"], row["source"], row["snapshot_ts"], row["received_ts"]) == (
        "SPY",
        "massive",
        AT,
        AT,
    )
    assert row["fallback_reason"] is None


# --- contracts ------------------------------------------------------------------------------------------------------


def test_series_of_one_date_are_told_apart_by_their_root() -> None:
    third_friday = date(2025, 10, 17)
    frame = chain(
        {"root_symbol": "SPX", "expiration": third_friday},
        {"root_symbol": "SPXW", "expiration": third_friday},
        underlying="SPX",
    )
    assert frame.get_column("settlement").to_list() == ["AM", "PM"]
    assert frame.get_column("exercise_style").to_list() == ["european", "european"]
    assert frame.get_column("expiration_type").to_list() == ["standard", "standard"]
    assert frame.get_column("dte").to_list() == [9, 9]
    # To 09:30 and to 16:00 in New York.
    years = [(9 * 24 - 5.5) / (24 * 365), (9 * 24 + 1) / (24 * 365)]
    assert frame.get_column("time_to_expiry").to_list() == pytest.approx(years)


def test_monthly_options_on_vix_are_standard_though_they_expire_on_a_wednesday() -> None:
    monthly, weekly = date(2025, 10, 22), date(2025, 10, 29)
    frame = chain(
        {"root_symbol": "VIX", "expiration": monthly},
        {"root_symbol": "VIX", "expiration": date(2025, 11, 19)},
        {"root_symbol": "VIXW", "expiration": weekly},
        {"root_symbol": "VIXW", "expiration": date(2025, 10, 17)},  # a third Friday: by its date
        underlying="VIX",
    )
    assert {row[:2]: row[2] for row in frame.select("root_symbol", "expiration", "expiration_type").rows()} == {
        ("VIX", monthly): "standard",
        ("VIX", date(2025, 11, 19)): "standard",
        ("VIXW", weekly): "weekly",
        ("VIXW", date(2025, 10, 17)): "standard",
    }


def test_the_vendors_exercise_style_counts_where_it_gives_one() -> None:
    assert one(exercise_style="european")["exercise_style"] == "european"
    assert one()["exercise_style"] == "american"


def test_days_to_expiry_are_those_of_new_york() -> None:
    assert one(at=datetime(2025, 10, 9, 3, 59, tzinfo=UTC))["dte"] == 2
    assert one(at=datetime(2025, 10, 9, 4, 0, tzinfo=UTC))["dte"] == 1


def test_a_contract_past_its_settlement_has_no_time_left() -> None:
    row = one(at=datetime(2025, 10, 10, 20, 0, tzinfo=UTC))
    assert (row["dte"], row["time_to_expiry"]) == (0, 0.0)


@pytest.mark.parametrize(
    ("root", "multiplier", "is_adjusted"),
    [("SPY", 100, False), ("SPY1", 100, True), ("SPY", 150, True), ("SPY", 10, True), ("SPY1", None, True)],
)
def test_another_deliverable_or_a_digit_in_the_root_is_an_adjusted_contract(
    *, root: str, multiplier: int | None, is_adjusted: bool
) -> None:
    assert one(root_symbol=root, multiplier=multiplier)["is_adjusted"] is is_adjusted


def test_a_row_without_a_root_or_an_expiration_leaves_the_others_alone() -> None:
    frame = chain({"root_symbol": None}, {"expiration": None}, {"strike": 674.0, "bid": 1.0, "ask": 2.0})
    assert frame.height == 3
    found = {row["strike"]: row for row in frame.filter(pl.col("dte").is_not_null()).rows(named=True)}
    assert found[674.0]["settlement"] == "PM"
    nameless = frame.filter(pl.col("dte").is_null())
    assert nameless.select("settlement", "expiration_type", "time_to_expiry").null_count().row(0) == (2, 2, 2)
    assert nameless.filter(pl.col("root_symbol").is_null()).select("tick_size", "is_adjusted").row(0) == (None, None)


def test_an_expiration_beyond_the_calendar_has_days_but_no_kind_and_no_hours() -> None:
    row = one(expiration=date(2035, 1, 19))
    assert (row["dte"], row["expiration_type"], row["time_to_expiry"]) == (3_390, None, None)
    assert (row["settlement"], row["exercise_style"]) == ("PM", "american")


def test_moneyness_is_strike_over_underlying() -> None:
    assert one(strike=690.0, underlying_price=600.0)["moneyness"] == 1.15
    assert one()["moneyness"] is None


# --- quotes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bid", "ask", "mid", "spread", "spread_percent"),
    [
        (1.0, 1.5, 1.25, 0.5, 40.0),
        (1.5, 1.0, 1.25, -0.5, -40.0),  # crossed: data, which validation judges
        (2.0, 2.0, 2.0, 0.0, 0.0),
        (0.0, 0.5, None, None, None),
        (0.5, None, None, None, None),
        (None, 0.5, None, None, None),
        (-1.0, 0.5, None, None, None),
        (None, None, None, None, None),
    ],
)
def test_mid_and_spread_need_two_sides(
    bid: float | None, ask: float | None, mid: float | None, spread: float | None, spread_percent: float | None
) -> None:
    row = quoted(bid, ask)
    assert (row["bid"], row["ask"]) == (bid, ask)
    assert (row["mid"], row["spread"], row["spread_percent"]) == (mid, spread, spread_percent)


@pytest.mark.parametrize(
    ("bid", "ask", "mid", "spread"),
    [
        (2.69, 2.71, 2.7, 0.02),  # as floats 0.02000000000000002
        (0.1, 0.7, 0.4, 0.6),
        (1.01, 1.02, 1.015, 0.01),
        (0.0001, 0.0002, 0.00015, 0.0001),
        (4.3502, 4.35, 4.3501, -0.0002),
    ],
)
def test_mid_and_spread_have_no_more_decimals_than_prices_make(
    bid: float, ask: float, mid: float, spread: float
) -> None:
    row = quoted(bid, ask)
    assert (row["mid"], row["spread"]) == (mid, spread)


@pytest.mark.parametrize(
    ("root", "price", "tick"),
    [
        ("SPY", 2.0, 0.01),
        ("SPY", 300.0, 0.01),
        ("AAPL", 2.99, 0.01),
        ("AAPL", 3.0, 0.05),
        ("AAPL1", 3.0, 0.05),
        ("SPX", 2.99, 0.05),
        ("SPXW", 3.0, 0.10),
        ("VIXW", 30.0, 0.01),
    ],
)
def test_the_tick_is_that_of_the_root_at_its_price(root: str, price: float, tick: float) -> None:
    assert quoted(price, price, root_symbol=root)["tick_size"] == tick


@pytest.mark.parametrize(
    ("prices", "tick"),
    [
        ({"bid": 2.9, "ask": 3.3, "last": 3.1}, 0.01),  # the bid, though the mid is 3.1
        ({"bid": 3.0, "ask": 3.3, "last": 1.0}, 0.05),
        ({"bid": 0.0, "ask": 3.1, "last": 1.0}, 0.05),  # the offer
        ({"bid": 0.0, "ask": 2.9, "last": 3.1}, 0.01),
        ({"last": 3.1, "close": 1.0}, 0.05),
        ({"close": 3.1}, 0.05),
        ({}, 0.01),
    ],
)
def test_the_price_of_a_tick_is_the_bid_then_the_offer_then_the_last_then_the_close(
    prices: dict[str, float], tick: float
) -> None:
    assert chain({"root_symbol": "AAPL", **prices}).item(0, "tick_size") == tick


def test_every_root_of_a_chain_has_its_own_ticks() -> None:
    frame = chain(
        {"root_symbol": "SPX", "ask": 5.0}, {"root_symbol": "SPXW", "ask": 1.0}, {"root_symbol": "SPY", "ask": 5.0}
    )
    assert frame.get_column("tick_size").to_list() == [0.1, 0.05, 0.01]


def test_a_feed_is_told_only_of_a_block_that_came() -> None:
    row = one(quote_source="massive", quote_feed="realtime", greeks_feed="realtime")
    assert (row["quote_feed"], row["greeks_feed"]) == ("realtime", None)


def test_no_block_is_fresher_than_the_answer() -> None:
    blocks = {"quote_source": "massive", "quote_feed": "realtime", "greeks_source": "massive", "feed": "realtime"}
    row = chain(blocks, is_delayed=True).row(0, named=True)
    assert (row["quote_feed"], row["greeks_feed"], row["feed"]) == ("delayed", "delayed", "delayed")


# --- open interest, volume, liquidity -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "counted"),
    [
        (datetime(2025, 10, 8, 13, 30, tzinfo=UTC), date(2025, 10, 7)),  # 09:30: since then it is the day before
        (datetime(2025, 10, 8, 13, 29, 59, tzinfo=UTC), None),
        (datetime(2025, 10, 13, 20, 0, tzinfo=UTC), date(2025, 10, 10)),  # a Monday: Friday's
        (datetime(2025, 9, 2, 20, 0, tzinfo=UTC), date(2025, 8, 29)),  # after Labor Day
        (datetime(2025, 10, 11, 16, 0, tzinfo=UTC), None),  # a Saturday
    ],
)
def test_the_date_of_open_interest_is_known_from_the_open_on(at: datetime, counted: date | None) -> None:
    assert one(at=at, open_interest=5)["open_interest_date"] == counted
    assert one(at=at, open_interest=0)["open_interest_date"] == counted
    assert one(at=at)["open_interest_date"] is None


@pytest.mark.parametrize(
    ("at", "newest"),
    [
        (datetime(2025, 10, 8, 13, 30, tzinfo=UTC), date(2025, 10, 8)),
        (datetime(2025, 10, 8, 13, 29, 59, tzinfo=UTC), date(2025, 10, 7)),
        (datetime(2025, 10, 9, 3, 59, tzinfo=UTC), date(2025, 10, 8)),
        (datetime(2025, 10, 12, 16, 0, tzinfo=UTC), date(2025, 10, 10)),
        (datetime(2025, 9, 1, 16, 0, tzinfo=UTC), date(2025, 8, 29)),
    ],
)
def test_the_newest_session_is_the_last_that_has_opened(at: datetime, newest: date) -> None:
    assert newest_session(at) == newest


def test_the_volume_of_an_old_day_block_counts_as_none() -> None:
    days = pl.DataFrame(
        {"volume": [500, 500, None, 500], "day_session": [TODAY, date(2025, 10, 7), TODAY, None]},
        schema={"volume": pl.Int64, "day_session": pl.Date},
    )
    assert days.select(current_volume(TODAY)).to_series().to_list() == [500, 0, 0, 0]


@pytest.mark.parametrize(
    ("bid", "ask", "volume", "open_interest", "liquidity"),
    [
        (1.0, 1.05, 100, 100, "excellent"),
        (1.0, 1.05, 99, 100, "good"),
        (1.0, 1.05, 100, 99, "good"),
        (1.0, 1.05, 10, 10, "good"),
        (1.0, 1.05, 9, 5_000, "fair"),
        (1.0, 1.05, 5_000, None, "fair"),
        (1.0, 1.05, None, 5_000, "fair"),
        (1.0, 1.06, 5_000, 5_000, "poor"),  # 5.8 % and six ticks
        (0.20, 0.22, 5_000, 5_000, "excellent"),  # 9.5 %, but two ticks
        (0.20, 0.23, 5_000, 5_000, "poor"),
        (0.0, 0.05, 5_000, 5_000, "poor"),
        (1.0, None, 5_000, 5_000, "poor"),
    ],
)
def test_liquidity_is_graded_by_spread_then_by_the_lesser_of_volume_and_open_interest(
    bid: float, ask: float | None, volume: int | None, open_interest: int | None, liquidity: str
) -> None:
    row = quoted(bid, ask, volume=volume, open_interest=open_interest, day_session=TODAY)
    assert row["liquidity"] == liquidity


def test_yesterdays_volume_makes_nothing_liquid() -> None:
    row = quoted(1.0, 1.05, volume=5_000, open_interest=5_000, day_session=date(2025, 10, 7))
    assert row["liquidity"] == "fair"


def test_a_chain_without_any_quote_says_nothing_of_liquidity() -> None:
    assert one(volume=5_000, open_interest=5_000, day_session=TODAY)["liquidity"] is None


def test_a_contract_that_nobody_quotes_among_quoted_ones_is_poor() -> None:
    frame = chain({"bid": 1.0, "ask": 1.01, "quote_source": "massive"}, {"strike": 674.0})
    assert frame.get_column("liquidity").to_list() == ["fair", "poor"]


# --- the underlying -------------------------------------------------------------------------------------------------


def test_a_chain_gets_the_price_of_its_underlying_from_elsewhere() -> None:
    bare = chain({"strike": 690.0}, {"strike": 540.0})
    priced = with_underlying(bare, price=600.0, ts=AT, source="tradier", feed=None)
    assert priced.schema == schema(CHAIN)
    assert (
        priced.select("underlying_price", "underlying_ts", "underlying_source").rows() == [(600.0, AT, "tradier")] * 2
    )
    assert priced.get_column("moneyness").to_list() == pytest.approx([0.9, 1.15], rel=1e-15)
    assert_frame_equal(
        priced.drop("underlying_price", "underlying_ts", "underlying_source", "moneyness"),
        bare.drop("underlying_price", "underlying_ts", "underlying_source", "moneyness"),
    )
    timeless = with_underlying(bare, price=600.0, ts=None, source="massive", feed=None)
    assert timeless.get_column("underlying_ts").null_count() == 2


@pytest.mark.parametrize(
    ("quotes", "underlying", "feed"),
    [
        ("realtime", "delayed", "delayed"),
        ("delayed", "realtime", "delayed"),
        ("realtime", "simulated", "simulated"),
        ("realtime", "realtime", "realtime"),
        ("realtime", None, "realtime"),
        (None, "delayed", "delayed"),
        (None, None, None),
    ],
)
def test_a_row_is_no_fresher_than_the_price_of_its_underlying(
    quotes: str | None, underlying: str | None, feed: str | None
) -> None:
    bare = chain({"feed": quotes, "quote_source": "massive", "quote_feed": quotes})
    priced = with_underlying(bare, price=600.0, ts=AT, source="massive", feed=underlying)
    assert priced.item(0, "feed") == feed
    assert priced.item(0, "quote_feed") == quotes
