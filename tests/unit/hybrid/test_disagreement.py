from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.chain_query import ChainQuery
from quantdata.frames.columns import CHAIN, COMPARISON, empty, schema
from quantdata.hybrid.disagreement import compared, nearest
from quantdata.pricing import RateCurve, implied_volatility
from tests.unit.hybrid.chains import NOW, chain, row

RATES = RateCurve.of(0.04)
NO_DIVIDENDS = pl.DataFrame(schema={"ex_date": pl.Date(), "amount": pl.Float64()})
# Of a call and a put at three strikes: by parity a forward of 602.
MIDS = {595.0: {"call": 11.0, "put": 4.0}, 600.0: {"call": 7.6, "put": 5.6}, 605.0: {"call": 4.9, "put": 7.9}}
DIFFERENCES = ["mid_difference", "mid_difference_ticks", "mid_difference_spreads", "iv_difference_points"]
NOT_QUOTED: dict[str, Any] = dict.fromkeys(("bid", "ask", "mid", "spread", "quote_ts", "quote_source"))


def quote(bid: float, ask: float, **columns: Any) -> dict[str, Any]:
    return {"bid": bid, "ask": ask, "mid": (bid + ask) / 2, "spread": ask - bid, **columns}


def european(source: str, root: str, symbol: str, option_type: str, **columns: Any) -> dict[str, Any]:
    """Return a row of an index, whose options are European."""
    facts = {"underlying_symbol": "SPX", "root_symbol": root, "contract_symbol": symbol, "exercise_style": "european"}
    return row(source, 600.0, option_type, **facts, **columns)


def both(source: str, **columns: Any) -> pl.DataFrame:
    """Return calls and puts of one vendor, each quoted ten cents on each side of its price."""
    return chain(
        *(
            row(source, strike, side, **quote(mid - 0.1, mid + 0.1) | columns)
            for strike, sides in MIDS.items()
            for side, mid in sides.items()
        )
    )


def side_by_side(massive: pl.DataFrame, tradier: pl.DataFrame) -> pl.DataFrame:
    frame = compared(massive, tradier, rates=RATES, dividends=NO_DIVIDENDS)
    assert frame.schema == schema(COMPARISON)
    return frame


def only(frame: pl.DataFrame, strike: float = 600.0, option_type: str = "call") -> dict[str, Any]:
    found = (pl.col("strike") == strike) & (pl.col("option_type") == option_type)
    return frame.row(by_predicate=found, named=True)


# --- quotes ---------------------------------------------------------------------------------------------------------


def test_the_same_quotes_differ_in_nothing() -> None:
    frame = side_by_side(both("massive"), both("tradier"))
    assert frame.height == 6
    assert frame.get_column("massive_iv").null_count() == 0
    for name in ("quote_gap_s", *DIFFERENCES):
        assert frame.get_column(name).to_list() == [0.0] * 6


def test_differences_are_tradier_less_massive_in_dollars_ticks_spreads_and_points() -> None:
    massive = chain(row("massive", **quote(5.0, 5.2)), row("massive", 600.0, "put", **quote(5.0, 5.2)))
    later = NOW + timedelta(seconds=1, milliseconds=500)
    tradier = chain(row("tradier", **quote(5.1, 5.5, quote_ts=later)), row("tradier", 600.0, "put", **quote(4.9, 5.1)))
    frame = side_by_side(massive, tradier)
    call, put = only(frame), only(frame, option_type="put")
    assert call["quote_gap_s"] == 1.5
    assert call["mid_difference"] == 0.2
    assert call["tick_size"] == 0.01
    assert call["mid_difference_ticks"] == pytest.approx(20.0)
    assert call["mid_difference_spreads"] == pytest.approx(0.2 / 0.3)
    assert call["iv_difference_points"] == pytest.approx(100 * (call["tradier_iv"] - call["massive_iv"]))
    # Vega is 0.68 USD a point: 600 * sqrt(30 / 365) / sqrt(2 pi) / 100.
    assert call["iv_difference_points"] == pytest.approx(0.2 / 0.68, rel=0.02)
    assert (put["mid_difference"], put["quote_gap_s"]) == (-0.1, 0.0)
    assert put["iv_difference_points"] == pytest.approx(-0.1 / 0.68, rel=0.02)


@pytest.mark.parametrize("sign", [1, -1])
def test_quotes_two_seconds_apart_are_of_one_market_and_further_ones_are_not(sign: int) -> None:
    for gap, is_same in ((timedelta(seconds=2), True), (timedelta(seconds=2, microseconds=1), False)):
        frame = side_by_side(both("massive"), both("tradier", quote_ts=NOW + sign * gap))
        assert frame.get_column("quote_gap_s").to_list() == pytest.approx([sign * gap.total_seconds()] * 6)
        assert frame.get_column("tradier_iv").null_count() == 0
        for name in DIFFERENCES:
            assert frame.get_column(name).is_not_null().to_list() == [is_same] * 6


def test_a_locked_market_on_both_sides_has_no_spreads_to_count_in() -> None:
    locked = quote(5.1, 5.1)
    found = only(side_by_side(both("massive", **locked), both("tradier", **quote(5.2, 5.2))))
    assert found["mid_difference"] == 0.1
    assert found["mid_difference_spreads"] is None


@pytest.mark.parametrize(
    ("massive", "tradier", "worse"),
    [("realtime", "delayed", "delayed"), ("eod", "realtime", "eod"), ("simulated", "simulated", "simulated")],
)
def test_a_comparison_is_as_fresh_as_the_less_fresh_of_both(massive: str, tradier: str, worse: str) -> None:
    frame = side_by_side(both("massive", feed=massive), both("tradier", feed=tradier))
    assert frame.get_column("feed").unique().to_list() == [worse]


def test_a_contract_of_one_vendor_has_that_vendors_feed() -> None:
    frame = side_by_side(both("massive"), chain(row("tradier", 700.0, feed="delayed")))
    assert only(frame, 700.0)["feed"] == "delayed"
    assert only(frame, 600.0)["feed"] == "realtime"


# --- one side missing -----------------------------------------------------------------------------------------------


def test_a_contract_that_one_vendor_lacks_is_a_row_with_half_of_it_null() -> None:
    calls = [row(source, strike) for source, strike in (("massive", 600.0), ("tradier", 605.0))]
    puts = [row(source, 600.0, "put") for source in ("massive", "tradier")]
    frame = side_by_side(chain(calls[0], puts[0]), chain(calls[1], puts[1]))
    assert frame.get_column("contract_symbol").to_list() == [
        "SPY261218C00600000",
        "SPY261218P00600000",
        "SPY261218C00605000",
    ]
    for strike, there, absent in ((600.0, "massive", "tradier"), (605.0, "tradier", "massive")):
        found = only(frame, strike)
        assert found[f"{there}_bid"] == 5.0
        assert found[f"{there}_iv"] is not None
        assert {found[name] for name in frame.columns if name.startswith(absent)} == {None}
        assert {found[name] for name in ("quote_gap_s", *DIFFERENCES)} == {None}
    assert only(frame, 600.0, "put")["mid_difference"] == 0.0


def test_a_quote_that_one_vendor_lacks_leaves_its_counts_and_no_difference() -> None:
    found = only(side_by_side(both("massive", **NOT_QUOTED), both("tradier", volume=90, open_interest=999)))
    assert (found["massive_mid"], found["massive_iv"], found["mid_difference"]) == (None, None, None)
    assert (found["massive_volume"], found["massive_open_interest"]) == (100, 1_000)
    assert (found["tradier_volume"], found["tradier_open_interest"]) == (90, 999)
    assert found["tradier_iv"] is not None


def test_where_massive_quotes_nothing_the_quotes_of_tradier_tell_the_forward() -> None:
    # 600 and three more, and what the put's early exercise is worth; the price of the underlying alone says 602.
    sides = {"call": quote(6.9, 7.1), "put": quote(3.9, 4.1)}
    massive = chain(*(row("massive", 600.0, side, **NOT_QUOTED) for side in sides))
    tradier = chain(*(row("tradier", 600.0, side, **given) for side, given in sides.items()))
    frame = side_by_side(massive, tradier)
    assert only(frame)["forward_price"] == pytest.approx(603.1, abs=0.2)


def test_a_volatility_of_a_vendor_is_its_own_or_null() -> None:
    massive = chain(row("massive", implied_volatility=0.21), row("massive", 605.0, iv_source="model"))
    tradier = chain(row("tradier", implied_volatility=0.23), row("tradier", 605.0, greeks_source=None))
    frame = side_by_side(massive, tradier)
    assert (only(frame)["massive_vendor_iv"], only(frame)["tradier_vendor_iv"]) == (0.21, 0.23)
    assert only(frame, 605.0)["massive_vendor_iv"] is None
    assert only(frame, 605.0)["tradier_vendor_iv"] is None


# --- series ---------------------------------------------------------------------------------------------------------


def test_two_roots_of_one_date_and_strike_stay_apart() -> None:
    """SPX and SPXW: each with its own forward, and each beside itself."""
    prices = {"SPX": (6.9, 4.9), "SPXW": (7.9, 4.9)}
    rows = {
        source: [
            european(source, root, f"{root}261218{letter}00600000", side, **quote(mid - 0.1, mid + 0.1))
            for root, mids in prices.items()
            for side, letter, mid in (("call", "C", mids[0]), ("put", "P", mids[1]))
        ]
        for source in ("massive", "tradier")
    }
    frame = side_by_side(chain(*rows["massive"]), chain(*rows["tradier"]))
    assert frame.get_column("root_symbol").to_list() == ["SPX", "SPX", "SPXW", "SPXW"]
    assert frame.get_column("mid_difference").to_list() == [0.0] * 4
    years = 30 / 365
    discount = float(RATES.discount(years))
    for root, (call, put) in prices.items():
        some = frame.filter(root_symbol=root)
        forward = 600.0 + (call - put) / discount
        assert some.get_column("forward_price").to_list() == pytest.approx([forward] * 2)
        expected = implied_volatility(
            forward, 600.0, price=[call, put], time_to_expiry=years, discount=discount, is_call=[True, False]
        )
        assert some.get_column("massive_iv").to_list() == pytest.approx(expected.tolist())


def test_nothing_beside_nothing_is_an_empty_comparison() -> None:
    nothing = empty(CHAIN)
    assert_frame_equal(side_by_side(nothing, nothing), empty(COMPARISON))


@pytest.mark.parametrize("there", ["massive", "tradier"])
def test_a_chain_beside_nothing_is_half_of_a_comparison(there: str) -> None:
    whole, nothing = both(there), empty(CHAIN)
    frame = side_by_side(whole, nothing) if there == "massive" else side_by_side(nothing, whole)
    assert frame.get_column("contract_symbol").equals(whole.get_column("contract_symbol"))
    assert frame.get_column(f"{there}_mid").equals(whole.get_column("mid"))
    assert frame.get_column(f"{there}_iv").null_count() == 0
    assert frame.get_column("mid_difference").null_count() == 6


# --- the nearest expirations ----------------------------------------------------------------------------------------

LISTED = [date(2026, 11, 20), date(2026, 11, 27), date(2026, 12, 4), date(2026, 12, 18), date(2027, 1, 15)]


@pytest.mark.parametrize(("count", "last"), [(1, LISTED[0]), (4, LISTED[3]), (5, LISTED[4]), (9, LISTED[4])])
def test_the_nearest_expirations_are_asked_for(count: int, last: date) -> None:
    query = ChainQuery.of("SPY", strikes=(590, 610))
    narrowed = nearest(query, LISTED, count)
    assert narrowed.expirations == (LISTED[0], last)
    assert narrowed.strikes == query.strikes
    # What is kept of an answer is told apart by the days that it has.
    assert narrowed.key != query.key
    assert narrowed.key == nearest(query, LISTED[:count], count).key


def test_where_nothing_is_listed_the_question_stays() -> None:
    query = ChainQuery.of("SPY")
    assert nearest(query, [], 4) is query
