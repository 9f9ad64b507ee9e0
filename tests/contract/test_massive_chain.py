"""Massive's recorded option rows as canonical chains; expected values were written down from the payloads by eye."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import CHAIN, schema
from quantdata.frames.massive import chain
from quantdata.frames.provenance import Answer

if TYPE_CHECKING:
    import polars as pl

    from tests.contract.conftest import AssertSays, Massive

CALLS = "recorded/options_chain_SPY_2025-10-10_calls_page1.json"
PUTS = "recorded/options_chain_SPY_2025-10-10_puts_page1.json"
REALTIME = "recorded/options_chain_SPY_2024-06-04_realtime_rows.json"
BUSINESS = "recorded/options_chain_TSLA_2025-10-03_business_fmv_row.json"
ONE_CONTRACT = "recorded/options_contract_AAPL_2025-12-19_no_quotes_plan.json"
OLD_ROWS = "client-go/options_chain_AAPL_2023-01-06.json"
MOCK_CHAIN = "client-python-mocks/v3/snapshot/options/AAPL.json"
MOCK_CONTRACT = "client-python-mocks/v3/snapshot/options/AAPL/O_AAPL230616C00150000.json"
DOCS_CHAIN = "docs-examples-2026/v3_snapshot_options_chain.json"
DOCS_CONTRACT = "docs-examples-2026/v3_snapshot_options_contract.json"
SPEC_CHAIN = "spec-examples/v3_snapshot_options_underlyingAsset.json"
SPEC_CONTRACT = "spec-examples/v3_snapshot_options_underlyingAsset_optionContract.json"

# Each with its underlying, a moment at which it may have been asked (New York, market open), and its rows.
CHAINS = {
    CALLS: ("SPY", datetime(2025, 10, 8, 19, 0, tzinfo=UTC), 10),
    PUTS: ("SPY", datetime(2025, 10, 8, 19, 0, tzinfo=UTC), 10),
    REALTIME: ("SPY", datetime(2024, 5, 30, 13, 57, 18, tzinfo=UTC), 2),
    BUSINESS: ("TSLA", datetime(2025, 9, 30, 19, 56, 19, tzinfo=UTC), 1),
    ONE_CONTRACT: ("AAPL", datetime(2025, 10, 24, 19, 0, tzinfo=UTC), 1),
    OLD_ROWS: ("AAPL", datetime(2023, 1, 3, 19, 47, 38, tzinfo=UTC), 3),
    MOCK_CHAIN: ("AAPL", datetime(2022, 4, 29, 17, 44, 24, tzinfo=UTC), 1),
    MOCK_CONTRACT: ("AAPL", datetime(2022, 4, 29, 17, 44, 24, tzinfo=UTC), 1),
    DOCS_CHAIN: ("AAPL", datetime(2020, 11, 12, 15, 46, tzinfo=UTC), 1),
    DOCS_CONTRACT: ("AAPL", datetime(2021, 11, 10, 19, 45, tzinfo=UTC), 1),
    SPEC_CHAIN: ("AAPL", datetime(2020, 11, 12, 15, 46, tzinfo=UTC), 1),
    SPEC_CONTRACT: ("AAPL", datetime(2021, 11, 10, 19, 45, tzinfo=UTC), 1),
}
# A single contract comes as an object; a chain is always an array.
ONE_OBJECT = {ONE_CONTRACT, MOCK_CONTRACT, DOCS_CONTRACT, SPEC_CONTRACT}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read_chain(massive: Massive, path: str) -> pl.DataFrame:
    underlying, at, _ = CHAINS[path]
    page = massive.page(path, holds="results or nothing" if path in ONE_OBJECT else "results")
    answer = Answer(source="massive", snapshot_ts=at, is_delayed=page.is_delayed)
    return chain.chain([chain.chain_page(page.results, received=at)], underlying=underlying, answer=answer)


@pytest.mark.parametrize("path", CHAINS)
def test_every_recorded_chain_has_the_canonical_schema_and_keeps_every_row(massive: Massive, path: str) -> None:
    underlying, at, rows = CHAINS[path]
    frame = read_chain(massive, path)
    assert frame.schema == schema(CHAIN)
    assert frame.height == rows
    assert frame.get_column("underlying_symbol").unique().to_list() == [underlying]
    assert frame.get_column("snapshot_ts").unique().to_list() == [at]


def test_a_plan_without_quotes_gets_null_quotes_and_trades_and_no_underlying(
    massive: Massive, assert_says: AssertSays
) -> None:
    # reference/massive.md §3.1: a small key's answer is OK, and whole blocks are silently missing.
    frame = read_chain(massive, CALLS)
    expected = {
        "underlying_symbol": "SPY",
        "contract_symbol": "SPY251010C00673000",
        "root_symbol": "SPY",
        "expiration": date(2025, 10, 10),
        "expiration_type": "weekly",
        "dte": 2,
        "time_to_expiry": 49 / (24 * 365),
        "strike": 673.0,
        "option_type": "call",
        "exercise_style": "american",
        "settlement": "PM",
        "multiplier": 100,
        "is_adjusted": False,
        "tick_size": 0.01,
        "open": 1.41,
        "high": 2.39,
        "low": 1.18,
        "close": 2.28,
        "prev_close": 1.41,
        "change": 0.87,
        "change_percent": 61.702,
        "vwap": 2.0417,
        "volume": 18_777,
        "day_session": date(2025, 10, 8),
        "day_source": "massive",
        "open_interest": 6_420,
        "open_interest_date": date(2025, 10, 7),
        "open_interest_source": "massive",
        "implied_volatility": 0.11484577671143054,
        "iv_source": "massive",
        "delta": 0.5163667483288759,
        "gamma": 0.0743331452230593,
        "theta": -0.6350250427982884,
        "vega": 0.18871522554021333,
        "greeks_source": "massive",
        "source": "massive",
    }
    assert_says(frame, 0, expected)


def test_rows_are_sorted_by_strike_however_the_page_was(massive: Massive) -> None:
    calls, puts = read_chain(massive, CALLS), read_chain(massive, PUTS)
    assert calls.get_column("strike").to_list() == [float(strike) for strike in range(673, 683)]
    assert puts.get_column("strike").to_list() == [float(strike) for strike in range(664, 674)]
    assert puts.get_column("volume").to_list() == [
        6_471,
        16_843,
        10_815,
        9_448,
        21_602,
        12_346,
        41_728,
        21_707,
        42_831,
        22_280,
    ]


def test_implied_volatility_is_a_fraction_and_change_percent_is_in_percent(massive: Massive) -> None:
    # reference/massive.md §0.1
    last = read_chain(massive, CALLS).row(-1, named=True)
    assert last["implied_volatility"] == 0.08702620329455144
    assert (last["close"], last["prev_close"], last["change"], last["change_percent"]) == (0.02, 0.05, -0.03, -60.0)


def test_greeks_are_per_dollar_day_and_volatility_point(massive: Massive) -> None:
    # reference/massive.md §0.2. Puts and calls of one strike agree: deltas 1 apart, equal vega in points.
    call = read_chain(massive, CALLS).row(0, named=True)
    put = read_chain(massive, PUTS).row(-1, named=True)
    assert call["strike"] == put["strike"] == 673.0
    assert call["delta"] - put["delta"] == pytest.approx(1.0, abs=0.01)
    assert put["vega"] == 0.18863870943786484
    assert put["theta"] == -0.4722749362227307


def test_a_real_time_row_in_full(massive: Massive, assert_says: AssertSays) -> None:
    frame = read_chain(massive, REALTIME)
    expected = {
        "underlying_symbol": "SPY",
        "contract_symbol": "SPY240604C00452000",
        "root_symbol": "SPY",
        "expiration": date(2024, 6, 4),
        "expiration_type": "weekly",
        "dte": 5,
        "time_to_expiry": (5 * 86_400 + 6 * 3_600 + 2 * 60 + 42) / (365 * 86_400),
        "strike": 452.0,
        "option_type": "call",
        "exercise_style": "american",
        "settlement": "PM",
        "multiplier": 100,
        "is_adjusted": False,
        "tick_size": 0.01,
        "underlying_price": 524.56,
        "underlying_ts": utc("2024-05-30 13:57:17.082900"),
        "underlying_source": "massive",
        "moneyness": 452 / 524.56,
        "bid": 72.74,
        "bid_size": 75,
        "bid_exchange": "C",
        "ask": 73.16,
        "ask_size": 75,
        "ask_exchange": "C",
        "mid": 72.95,
        "spread": 0.42,
        "spread_percent": 42 / 72.95,
        "quote_ts": utc("2024-05-30 13:57:15.712917"),
        "quote_source": "massive",
        "quote_feed": "realtime",
        "open_interest": 0,
        "open_interest_date": date(2024, 5, 29),
        "open_interest_source": "massive",
        "implied_volatility": 0.5550287269185773,
        "iv_source": "massive",
        "delta": 0.9892190761936802,
        "gamma": 0.0007982271071980272,
        "theta": -0.1394775838875239,
        "vega": 0.012724140133022524,
        "greeks_source": "massive",
        "greeks_feed": "realtime",
        "liquidity": "fair",
        "source": "massive",
        "feed": "realtime",
    }
    assert_says(frame, 1, expected)


def test_a_contract_that_never_traded_has_an_empty_day_and_trade(massive: Massive) -> None:
    # reference/massive.md §0.4: "absent" comes as {} too. The other row traded on the day itself.
    traded, never = read_chain(massive, REALTIME).rows(named=True)
    for name in ("open", "high", "low", "close", "prev_close", "volume", "vwap", "day_session", "day_source"):
        assert never[name] is None
        assert traded[name] is not None
    assert traded["day_session"] == date(2024, 5, 30)
    assert (traded["last"], traded["last_ts"], traded["trade_source"]) == (None, None, None)


def test_a_deep_in_the_money_row_has_no_greeks_and_no_volatility(massive: Massive) -> None:
    # reference/massive.md §3.1: greeks come as {}, implied_volatility not at all; fmv is not ours to show.
    row = read_chain(massive, BUSINESS).row(0, named=True)
    for name in ("implied_volatility", "delta", "gamma", "theta", "vega", "rho", "iv_source", "greeks_source"):
        assert row[name] is None
    assert row["underlying_price"] == 444.865
    assert row["underlying_ts"] == utc("2025-09-30 19:56:18.000773")
    assert (row["close"], row["volume"], row["open_interest"]) == (393.613, 3, 1)
    assert (row["tick_size"], row["liquidity"], row["feed"]) == (0.05, None, "realtime")


@pytest.mark.parametrize(
    ("path", "session"),
    [
        (CALLS, date(2025, 10, 8)),  # 04:00Z: midnight
        (DOCS_CONTRACT, date(2021, 11, 10)),  # 05:00Z: midnight in winter
        (ONE_CONTRACT, date(2025, 10, 24)),  # 20:00Z: the close
        (OLD_ROWS, date(2022, 12, 30)),  # 21:00Z, the close in winter, in milliseconds
        (SPEC_CHAIN, date(2020, 11, 12)),  # 15:45Z: a tick
    ],
)
def test_the_day_block_belongs_to_the_new_york_date_of_its_stamp(massive: Massive, path: str, session: date) -> None:
    assert read_chain(massive, path).get_column("day_session").unique().to_list() == [session]


def test_milliseconds_and_nanoseconds_are_told_apart_row_by_row(massive: Massive) -> None:
    # reference/massive.md §9 and §0.3: day.last_updated has 13 digits here, the other stamps 19.
    row = read_chain(massive, OLD_ROWS).row(0, named=True)
    assert row["day_session"] == date(2022, 12, 30)
    assert row["quote_ts"] == utc("2023-01-03 19:47:36.862312")
    assert row["underlying_ts"] == utc("2023-01-03 19:47:37.417223")
    assert row["last_ts"] == utc("2023-02-16 18:49:22.154648")


def test_a_row_is_as_slow_as_the_slowest_of_its_blocks(massive: Massive) -> None:
    delayed = read_chain(massive, OLD_ROWS).row(0, named=True)  # quote DELAYED, trade REAL-TIME
    assert (delayed["quote_feed"], delayed["feed"]) == ("delayed", "delayed")
    mixed = read_chain(massive, DOCS_CHAIN).row(0, named=True)  # quote REAL-TIME, underlying DELAYED
    assert (mixed["quote_feed"], mixed["greeks_feed"], mixed["feed"]) == ("realtime", "delayed", "delayed")


def test_quotes_without_a_venue_are_quotes(massive: Massive) -> None:
    row = read_chain(massive, MOCK_CHAIN).row(0, named=True)
    assert (row["bid"], row["bid_size"], row["bid_exchange"]) == (28.9, 294, None)
    assert (row["ask"], row["ask_size"], row["ask_exchange"]) == (29.25, 209, None)
    assert (row["mid"], row["quote_ts"]) == (pytest.approx(29.075), utc("2022-04-29 17:44:20.800059"))
    assert (row["last"], row["last_size"], row["last_exchange"], row["last_conditions"]) == (29.25, 1, "J", [209])
    assert row["last_ts"] == utc("2023-03-13 14:42:07.714665")
    assert (row["change"], row["change_percent"]) == (-2.3999999999999986, -7.643312101910824)


def test_one_contract_comes_as_an_object_and_reads_as_a_chain_of_one(massive: Massive) -> None:
    # reference/massive.md §3.2
    assert_frame_equal(read_chain(massive, MOCK_CONTRACT), read_chain(massive, MOCK_CHAIN))
    row = read_chain(massive, ONE_CONTRACT).row(0, named=True)
    assert (row["contract_symbol"], row["expiration_type"]) == ("AAPL251219C00275000", "standard")
    assert (row["implied_volatility"], row["open_interest"]) == (0.2418337896503819, 23_049)


def test_newer_documents_add_fields_that_change_nothing(massive: Massive) -> None:
    # fmv_last_updated and decimal_size came in 2026: reference/massive.md §1.
    assert_frame_equal(read_chain(massive, DOCS_CHAIN), read_chain(massive, SPEC_CHAIN))
    assert_frame_equal(read_chain(massive, DOCS_CONTRACT), read_chain(massive, SPEC_CONTRACT))
    row = read_chain(massive, DOCS_CONTRACT).row(0, named=True)
    assert (row["strike"], row["dte"], row["bid"], row["ask"]) == (150.0, 583, 20.9, 21.25)
    assert row["quote_ts"].replace(microsecond=0) == utc("2021-11-10 19:44:18")


def test_a_ticker_that_is_no_occ_symbol_keeps_its_row_without_a_root(massive: Massive) -> None:
    # The vendor's own sample writes a strike of nine digits, and another expiration than the row has.
    row = read_chain(massive, SPEC_CHAIN).row(0, named=True)
    assert (row["contract_symbol"], row["root_symbol"], row["settlement"]) == ("AAPL211022C000150000", None, None)
    assert (row["expiration"], row["strike"], row["is_adjusted"]) == (date(2022, 1, 21), 150.0, None)


def test_an_implied_volatility_of_500_percent_stays_as_sent(massive: Massive) -> None:
    row = read_chain(massive, SPEC_CHAIN).row(0, named=True)
    assert (row["implied_volatility"], row["delta"], row["gamma"], row["vega"]) == (5.0, 1.0, 0.0, 0.0)
