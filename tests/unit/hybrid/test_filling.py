"""Which gaps are filled, with what, and what is left alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames import columns
from quantdata.frames.columns import EQUITY_QUOTES, schema
from quantdata.hybrid.filling import FILLABLE, filled, gap_expirations, gaps, with_rows
from tests.unit.hybrid.chains import NOW, chain, row

LATER = NOW + timedelta(seconds=3)
OLDEST = timedelta(seconds=180)


def fill(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Fill a row among others that lack nothing."""
    others = chain(mine, row("massive", 500.0))
    result, _ = filled(others, chain(theirs), oldest=OLDEST, now=NOW)
    return result.filter(contract_symbol=mine["contract_symbol"]).row(0, named=True)


def test_a_missing_quote_is_taken_whole() -> None:
    theirs = row("tradier", bid=4.9, ask=5.3, mid=5.1, spread=0.4, bid_exchange="X", quote_ts=LATER)
    result = fill(row("massive", quote_source=None), theirs)
    for column in columns.QUOTE:
        assert result[column.name] == theirs[column.name]
    assert (result["source"], result["trade_source"], result["day_source"]) == ("hybrid", "massive", "massive")


def test_volatility_and_greeks_do_not_stay_beside_another_vendors_quote() -> None:
    result = fill(row("massive", quote_source=None), row("tradier"))
    assert [result[column.name] for column in (*columns.VOLATILITY, *columns.GREEKS)] == [None] * 14


def test_greeks_stay_where_the_quote_does() -> None:
    result = fill(row("massive", open_interest_source=None), row("tradier", delta=0.9, open_interest=77))
    assert (result["delta"], result["greeks_source"], result["open_interest"]) == (0.5, "massive", 77)
    assert (result["open_interest_source"], result["source"]) == ("tradier", "hybrid")


def test_hourly_greeks_are_never_taken() -> None:
    result = fill(row("massive", greeks_source=None), row("tradier"))
    assert (result["delta"], result["implied_volatility"], result["source"]) == (None, None, "massive")


def test_a_whole_row_is_left_alone() -> None:
    mine = chain(row("massive"))
    result, rows = filled(mine, chain(row("tradier", bid=1.0)), oldest=OLDEST, now=NOW)
    assert rows == 0
    assert_frame_equal(result, mine)


@pytest.mark.parametrize(
    ("mine", "why"),
    [
        ({"trade_source": None, "volume": 0}, "it was never traded today"),
        ({"trade_source": None, "day_source": None}, "it was never traded at all"),
        ({"bid": 0.0, "mid": None, "spread": None}, "nobody bids"),
        ({"greeks_source": None}, "the quote implies no volatility"),
        ({"quote_source": None, "time_to_expiry": 0.0}, "it has settled"),
    ],
)
def test_a_state_is_no_gap(mine: dict[str, Any], why: str) -> None:
    assert not any(gaps(chain(row("massive", 500.0), row("massive", **mine))).row(1)), why
    assert fill(row("massive", **mine), row("tradier"))["source"] == "massive"


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        ({"multiplier": 150}, "another deliverable"),
        ({"root_symbol": "SPY1"}, "another root"),
        ({"quote_confidence": 0}, "a wrong quote"),
        ({"quote_source": None}, "no quote either"),
        ({"received_ts": NOW - timedelta(seconds=181)}, "too old"),
        ({"quote_ts": NOW + timedelta(seconds=61)}, "after the chain's answer"),
    ],
)
def test_what_is_refused(theirs: dict[str, Any], why: str) -> None:
    result = fill(row("massive", quote_source=None), row("tradier", **theirs))
    assert (result["bid"], result["quote_source"], result["source"]) == (None, None, "massive"), why


@pytest.mark.parametrize(
    ("group", "error"),
    [
        ("trade", "negative_trade"),
        ("trade", "timestamp_in_future"),
        ("day", "negative_day"),
        ("open_interest", "negative_open_interest"),
    ],
)
def test_a_group_that_is_wrong_by_its_vendors_verdict_fills_nothing(group: str, error: str) -> None:
    lacking: dict[str, Any] = {f"{group}_source": None}
    mine = row("massive", **lacking)
    assert fill(mine, row("tradier", errors=[error]))[f"{group}_source"] is None
    # What is wrong with the quote or the greeks says nothing of it.
    assert fill(mine, row("tradier", errors=["crossed_quote", "delta_sign"]))[f"{group}_source"] == "tradier"


def test_another_contract_fills_nothing() -> None:
    assert fill(row("massive", quote_source=None), row("tradier", strike=605.0))["source"] == "massive"


def test_a_filled_row_is_as_old_and_as_late_as_its_oldest_part() -> None:
    theirs = row("tradier", received_ts=NOW - timedelta(seconds=40), feed="delayed")
    result = fill(row("massive", quote_source=None), theirs)
    assert (result["received_ts"], result["feed"]) == (NOW - timedelta(seconds=40), "delayed")
    fresh = fill(row("massive", quote_source=None, feed="delayed"), row("tradier", received_ts=LATER))
    assert (fresh["received_ts"], fresh["feed"]) == (NOW, "delayed")


def test_a_trade_and_a_day_are_gaps_where_the_other_shows_there_was_one() -> None:
    assert fill(row("massive", trade_source=None), row("tradier"))["trade_source"] == "tradier"
    assert fill(row("massive", day_source=None), row("tradier"))["day_source"] == "tradier"


def test_tick_and_liquidity_follow_the_new_quote() -> None:
    mine = row("massive", quote_source=None, trade_source=None, day_source=None, volume=None)
    before = chain(mine, row("massive", 500.0)).row(1, named=True)
    result = fill(mine, row("tradier", bid=2.5, ask=2.6, mid=2.55, spread=0.1, spread_percent=3.9))
    assert (before["liquidity"], result["liquidity"]) == ("poor", "fair")
    assert result["tick_size"] == 0.01


@pytest.mark.parametrize("group", ["trade", "day", "open_interest"])
def test_what_the_plan_lacks_altogether_is_no_gap(group: str) -> None:
    lacking: dict[str, Any] = {f"{group}_source": None}
    mine = chain(row("massive", **lacking), row("massive", 605.0, **lacking))
    result, rows = filled(mine, chain(row("tradier"), row("tradier", 605.0)), oldest=OLDEST, now=NOW)
    assert (rows, gap_expirations(mine)) == (0, [])
    assert_frame_equal(result, mine)


def test_quotes_that_the_plan_lacks_altogether_are_filled() -> None:
    mine = chain(row("massive", quote_source=None), row("massive", 605.0, quote_source=None))
    result, rows = filled(mine, chain(row("tradier"), row("tradier", 605.0)), oldest=OLDEST, now=NOW)
    assert rows == 2
    assert result["quote_source"].to_list() == ["tradier", "tradier"]


def test_rows_keep_their_number_order_and_columns() -> None:
    strikes = (590.0, 595.0, 600.0, 605.0)
    mine = chain(*(row("massive", strike, quote_source=None if strike > 597 else "massive") for strike in strikes))
    theirs = chain(*(row("tradier", strike) for strike in (*reversed(strikes), 610.0)))
    result, rows = filled(mine, theirs, oldest=OLDEST, now=NOW)
    assert rows == 2
    assert result.schema == mine.schema
    assert result["contract_symbol"].to_list() == mine["contract_symbol"].to_list()
    assert result["quote_source"].to_list() == ["massive", "massive", "tradier", "tradier"]


def test_nothing_to_fill_with_or_in() -> None:
    mine, none = chain(row("massive", quote_source=None)), chain(row("tradier")).clear()
    assert_frame_equal(filled(mine, none, oldest=OLDEST, now=NOW)[0], mine)
    assert filled(none, mine, oldest=OLDEST, now=NOW)[0].is_empty()
    assert gap_expirations(none) == []


def test_the_expirations_with_gaps_nearest_first() -> None:
    far, near = date(2027, 1, 15), date(2026, 11, 20)
    rows = [
        row("massive", contract_symbol="A", expiration=far, quote_source=None),
        row("massive", contract_symbol="B", expiration=near, open_interest_source=None),
        row("massive", contract_symbol="C"),
        row("massive", contract_symbol="E", expiration=date(2026, 11, 19), trade_source=None, volume=0),
        row("massive", contract_symbol="D", expiration=None, quote_source=None),
    ]
    assert gap_expirations(chain(*rows)) == [near, far]


def test_every_group_names_its_source_among_its_columns() -> None:
    assert all(group.source in group.columns for group in FILLABLE)


def quotes(*rows: dict[str, Any]) -> pl.DataFrame:
    common = {"snapshot_ts": NOW, "received_ts": datetime.now(UTC), "feed": "realtime"}
    return pl.DataFrame([common | each for each in rows], schema=schema(EQUITY_QUOTES), orient="row")


def test_a_refused_quote_is_the_other_vendors_row() -> None:
    mine = quotes(
        {"symbol": "SPY", "price": 600.0, "source": "massive"},
        {"symbol": "XYZ", "vendor_error": "NOT_FOUND: no", "source": "massive"},
        {"symbol": "AAPL", "vendor_error": "NOT_ENTITLED: no", "source": "massive"},
    )
    theirs = quotes(
        {"symbol": "AAPL", "price": 230.0, "source": "tradier"},
        {"symbol": "XYZ", "vendor_error": "NOT_FOUND: neither", "source": "tradier"},
    )
    result = with_rows(mine, theirs, first="massive")
    assert result.select("symbol", "price", "source", "vendor_error", "fallback_reason").rows() == [
        ("SPY", 600.0, "massive", None, None),
        ("XYZ", None, "massive", "NOT_FOUND: no", None),
        ("AAPL", 230.0, "tradier", None, "massive: NOT_ENTITLED: no"),
    ]
    assert result.schema == mine.schema
