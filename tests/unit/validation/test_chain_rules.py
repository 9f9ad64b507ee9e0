"""Each rule of a chain broken alone: what fires, and what it costs the row, its quote and its greeks."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import polars as pl
import pytest

from quantdata.validation import validate
from quantdata.validation.chain_rules import CHAIN_RULES, IDENTITY
from quantdata.validation.fused import not_finite
from tests.unit.validation.healthy import AT, CHAIN, alone, changed, earlier, later, names, one_sided, place, quoted

CALL: Final = place(100.0, "call")
PUT: Final = place(100.0, "put")
ITM_CALL: Final = place(90.0, "call")
LAST_CALL: Final = place(110.0, "call")
LAST_PUT: Final = place(110.0, "put")
FIRST_PUT: Final = place(90.0, "put")
NO_QUOTE: Final = dict.fromkeys(
    ("bid", "bid_size", "ask", "ask_size", "mid", "spread", "spread_percent", "quote_ts", "quote_source", "quote_feed")
)
ROW, QUOTE, GREEKS, OTHER = (0, 0, 0), (0, 0, 100), (0, 100, 0), (0, 100, 100)
ROW_5, QUOTE_5, GREEKS_5 = (95, 95, 95), (95, 95, 100), (95, 100, 95)
FREE: Final = (100, 100, 100)

# Rule, row, what is changed there, the other rules that say something of the same, confidences of row, quote, greeks.
BROKEN: Final[list[tuple[str, int, dict[str, Any], set[str], tuple[int, int, int]]]] = [
    ("not_finite", CALL, {"gamma": float("nan")}, set(), ROW),
    ("not_finite", CALL, {"theta": float("inf")}, set(), ROW),
    ("not_finite", CALL, {"rho": float("-inf")}, set(), ROW),
    *(("missing_identity", CALL, {name: None}, set(), ROW) for name in IDENTITY),
    ("bad_strike", CALL, {"strike": 0.0}, set(), ROW),
    ("bad_strike", CALL, {"strike": -100.0}, set(), ROW),
    ("unknown_option_type", CALL, {"option_type": None}, set(), ROW),
    *(
        ("timestamp_in_future", CALL, {name: later(60.000001)}, set(), ROW)
        for name in ("underlying_ts", "quote_ts", "last_ts", "iv_ts", "greeks_ts")
    ),
    ("too_old", CALL, {"received_ts": earlier(30.000001)}, set(), ROW),
    ("negative_price", CALL, one_sided(bid=-0.05, ask=5.0), {"one_sided"}, QUOTE),
    ("negative_price", CALL, one_sided(bid=4.9, ask=-5.0), {"one_sided"}, QUOTE),
    ("negative_size", CALL, {"bid_size": -1}, set(), QUOTE),
    ("negative_size", CALL, {"ask_size": -1}, set(), QUOTE),
    ("crossed_quote", CALL, quoted(5.01, 5.0), set(), QUOTE),
    ("crossed_quote", CALL, quoted(6.0, 5.0), set(), QUOTE),
    ("negative_trade", CALL, {"last": -0.01}, set(), OTHER),
    ("negative_trade", CALL, {"last_size": -1}, set(), OTHER),
    *(
        ("negative_day", CALL, {name: -1}, set(), OTHER)
        for name in ("open", "high", "low", "close", "prev_close", "vwap", "volume")
    ),
    ("negative_open_interest", CALL, {"open_interest": -1}, set(), OTHER),
    ("delta_out_of_range", CALL, {"delta": 1.00001}, set(), GREEKS),
    ("delta_out_of_range", PUT, {"delta": -1.00001}, set(), GREEKS),
    ("delta_sign", CALL, {"delta": -0.00001}, set(), GREEKS),
    ("delta_sign", PUT, {"delta": 0.00001}, set(), GREEKS),
    ("negative_greek", CALL, {"gamma": -0.00001}, set(), GREEKS),
    ("negative_greek", CALL, {"vega": -0.00001}, set(), GREEKS),
    *(("negative_iv", CALL, {name: -0.01}, set(), GREEKS) for name in ("implied_volatility", "bid_iv", "ask_iv")),
    ("no_quote", CALL, NO_QUOTE, set(), QUOTE_5),
    ("wide_spread", CALL, quoted(4.4, 5.5), set(), QUOTE_5),
    ("very_wide_spread", CALL, quoted(3.0, 6.0), set(), QUOTE_5),
    ("high_iv", CALL, {"implied_volatility": 3.01, "model_iv": 3.01}, set(), GREEKS_5),
    # Half a spread of a dime is 0.25 points of volatility here.
    ("iv_off_quote", CALL, {"implied_volatility": 0.2627}, set(), GREEKS_5),
    ("iv_off_quote", CALL, {"implied_volatility": 0.2348}, set(), GREEKS_5),
    ("iv_off_quote", CALL, {"implied_volatility": 0.2627, "iv_ts": earlier(5)}, set(), GREEKS_5),
    ("missing_iv", CALL, {"implied_volatility": None, "model_iv": None}, set(), GREEKS_5),
    ("delayed_feed", CALL, {"quote_feed": "delayed"}, set(), (71, 71, 71)),
    ("delayed_feed", CALL, {"quote_feed": "eod"}, set(), (71, 71, 71)),
    ("delayed_feed", CALL, {**NO_QUOTE, "greeks_feed": "delayed"}, {"no_quote"}, (68, 68, 71)),
    ("filled", CALL, {"source": "hybrid"}, set(), ROW_5),
    ("expired", CALL, {"time_to_expiry": 0.0, "dte": 0}, set(), FREE),
    ("adjusted", CALL, {"is_adjusted": True}, set(), FREE),
    ("one_sided", CALL, one_sided(bid=0.0, ask=5.0), set(), FREE),
    ("one_sided", CALL, one_sided(bid=None, ask=5.0), set(), FREE),
    ("one_sided", CALL, one_sided(bid=4.9, ask=None), set(), FREE),
    ("quiet_quote", CALL, {"quote_ts": earlier(900.000001)}, set(), FREE),
    ("zero_volume", CALL, {"volume": 0}, set(), FREE),
    ("zero_volume", CALL, {"day_session": date(2026, 11, 17)}, set(), FREE),
    ("zero_open_interest", CALL, {"open_interest": 0}, set(), FREE),
]


@pytest.mark.parametrize(("rule", "row", "values", "others", "confidences"), BROKEN)
def test_a_broken_row_fires_its_rule_and_costs_what_the_rule_concerns(
    rule: str, row: int, values: dict[str, Any], others: set[str], confidences: tuple[int, int, int]
) -> None:
    frame = changed(CHAIN, row, **values)
    assert names(frame) == {row: {rule, *others}}
    judged = validate(frame, AT).select("confidence", "quote_confidence", "greeks_confidence")
    assert judged.row(row) == confidences
    assert judged.filter(pl.int_range(pl.len()) != row).unique().rows() == [FREE]


def test_every_rule_is_broken_in_these_tests() -> None:
    across = {"ask_below_bound", "strike_order", "butterfly", "parity", "iv_not_computable"}
    assert {rule for rule, *_ in BROKEN} | across == {
        not_finite(("bid",)).name,
        *(rule.name for rule in CHAIN_RULES),
    }


@pytest.mark.parametrize(
    ("row", "values"),
    [
        (CALL, {"quote_ts": later(60)}),
        (CALL, {"received_ts": earlier(5)}),
        (CALL, quoted(5.0, 5.0)),
        (CALL, {"bid_size": 0, "ask_size": 0, "last": 0.0, "last_size": 0, "open": 0.0, "vwap": 0.0}),
        (CALL, {"delta": 1.000001}),
        (CALL, {"delta": -0.000001}),
        (PUT, {"delta": 0.000001}),
        (CALL, {"gamma": -0.000001, "vega": -0.000001}),
        (CALL, {"bid_iv": 0.0, "ask_iv": 0.0}),
        (CALL, {"spread_percent": 20.0, "spread": 1.0}),
        # Two ticks are not wide, whatever they are in percent; nor is what no longer trades.
        (LAST_CALL, {"spread_percent": 60.0, "spread": 0.1}),
        (CALL, {"implied_volatility": 3.0, "model_iv": 3.0}),
        (CALL, {"implied_volatility": 3.01, "model_iv": 3.01, "dte": 1}),
        (CALL, {"implied_volatility": 0.262}),
        (CALL, {"implied_volatility": 0.236}),
        (CALL, {"quote_ts": earlier(900)}),
        (CALL, {"greeks_feed": "delayed"}),
        (CALL, {"is_adjusted": None}),
        (CALL, {"fallback_reason": "massive is down", "liquidity": None, "dte": None, "exercise_style": None}),
    ],
)
def test_a_value_at_its_bound_fires_nothing(row: int, values: dict[str, Any]) -> None:
    assert names(changed(CHAIN, row, **values)) == {}


@pytest.mark.parametrize(
    ("spread_percent", "rule"), [(20.000001, "wide_spread"), (50.0, "wide_spread"), (50.000001, "very_wide_spread")]
)
def test_one_spread_fires_one_rule(spread_percent: float, rule: str) -> None:
    assert names(changed(CHAIN, CALL, spread_percent=spread_percent, spread=0.15)) == {CALL: {rule}}


def test_a_volatility_of_another_time_or_vendor_is_not_held_against_the_quote() -> None:
    off = {"implied_volatility": 0.5}
    assert names(changed(CHAIN, CALL, **off)) == {CALL: {"iv_off_quote"}}
    for values in (
        {"iv_source": "tradier"},
        {"iv_source": "model"},
        {"iv_source": None},
        {"iv_ts": earlier(5.000001)},
        {"snapshot_ts": later(61)},
        {"time_to_expiry": 1 / 366},
        {"model_iv": None},
        {"forward_price": None},
    ):
        assert names(changed(CHAIN, CALL, **off, **values)) == {}, values


def test_a_volatility_is_missed_only_where_the_quote_implies_one() -> None:
    no_iv = changed(CHAIN, ITM_CALL, implied_volatility=None, model_iv=None)
    assert names(no_iv) == {ITM_CALL: {"missing_iv"}}
    # The bound is 0.99 * (100 - 90) = 9.9, and two ticks are a dime: the mid must be 10.
    at_bound = alone(no_iv, ITM_CALL)
    assert names(changed(at_bound, ITM_CALL, **quoted(9.96, 10.06))) == {ITM_CALL: {"missing_iv"}}
    assert names(changed(at_bound, ITM_CALL, **quoted(9.94, 10.04))) == {ITM_CALL: {"iv_not_computable"}}
    assert names(changed(no_iv, ITM_CALL, **one_sided(bid=0.0, ask=11.25))) == {
        ITM_CALL: {"one_sided", "iv_not_computable"}
    }
    assert names(changed(no_iv, ITM_CALL, **NO_QUOTE)) == {ITM_CALL: {"no_quote"}}
    assert names(changed(no_iv, ITM_CALL, forward_price=None)) == {ITM_CALL: {"iv_not_computable"}}


def test_an_ask_below_what_the_contract_is_worth_at_least_warns() -> None:
    # 9.9 less a tick less the slack of rates, 0.01 * 0.25 * 10.
    frame = alone(CHAIN, ITM_CALL)
    assert names(changed(frame, ITM_CALL, **quoted(9.7, 9.826))) == {}
    low = changed(frame, ITM_CALL, **quoted(9.7, 9.824))
    assert names(low) == {ITM_CALL: {"ask_below_bound"}}
    assert validate(low, AT).select("confidence", "quote_confidence", "greeks_confidence").row(ITM_CALL) == QUOTE_5
    assert names(changed(low, ITM_CALL, forward_price=None)) == {}


def test_an_american_contract_is_worth_its_exercise() -> None:
    # At 98 exercise brings 12, and the options say 99: 11, less a tick and 0.01 * 0.25 * 110.
    exercised = {"exercise_style": "american", "underlying_price": 98.0, "underlying_ts": earlier(10)}
    low = changed(alone(CHAIN, LAST_PUT), LAST_PUT, **quoted(10.5, 10.6))
    assert names(low) == {}
    assert names(changed(low, LAST_PUT, **exercised)) == {LAST_PUT: {"ask_below_bound"}}
    assert names(changed(low, LAST_PUT, **{**exercised, "underlying_price": 99.5})) == {}
    assert names(changed(low, LAST_PUT, **{**exercised, "underlying_price": 99.5, "underlying_ts": earlier(16)})) == {
        LAST_PUT: {"ask_below_bound"}
    }


def test_below_five_cents_of_time_value_exercise_decides_an_american_price() -> None:
    cheap = {"implied_volatility": None, "model_iv": None, "tick_size": 0.01}
    frame = changed(alone(CHAIN, ITM_CALL), ITM_CALL, **cheap)
    four_cents, six_cents = (changed(frame, ITM_CALL, **quoted(mid - 0.01, mid + 0.01)) for mid in (9.94, 9.96))
    assert names(four_cents) == {ITM_CALL: {"missing_iv"}}
    assert names(changed(four_cents, ITM_CALL, exercise_style="american")) == {ITM_CALL: {"iv_not_computable"}}
    assert names(changed(six_cents, ITM_CALL, exercise_style="american")) == {ITM_CALL: {"missing_iv"}}


def test_contracts_that_no_longer_trade_are_held_to_nothing_that_concerns_trading() -> None:
    gone = {**NO_QUOTE, "implied_volatility": None, "model_iv": None, "delta": None, "gamma": None, "vega": None}
    assert names(changed(CHAIN, CALL, **gone, time_to_expiry=0.0)) == {CALL: {"expired"}}
    assert names(changed(CHAIN, CALL, **quoted(1.0, 9.0), time_to_expiry=0.0)) == {CALL: {"expired"}}


def test_a_chain_without_any_quotes_is_not_blamed_for_each() -> None:
    nothing = CHAIN.with_columns(pl.lit(None, CHAIN.schema[name]).alias(name) for name in NO_QUOTE)
    assert names(nothing) == {}


def test_massives_delayed_greeks_tell_of_a_row_without_quote_and_tradiers_hourly_ones_do_not() -> None:
    bare = CHAIN.with_columns(pl.lit(None, CHAIN.schema[name]).alias(name) for name in NO_QUOTE)
    late = bare.with_columns(pl.lit("delayed", CHAIN.schema["greeks_feed"]).alias("greeks_feed"))
    assert set(names(late)) == set(range(CHAIN.height))
    tradier = late.with_columns(pl.lit("tradier", CHAIN.schema["greeks_source"]).alias("greeks_source"))
    assert names(tradier) == {}


def test_confidence_falls_five_points_a_warning_and_never_below_zero() -> None:
    worst = {
        **quoted(3.0, 6.0),
        "implied_volatility": 3.5,
        "model_iv": 0.25,
        "source": "hybrid",
        "quote_feed": "delayed",
        "received_ts": earlier(6),
    }
    frame = changed(CHAIN, CALL, **worst)
    assert names(frame)[CALL] == {"very_wide_spread", "high_iv", "iv_off_quote", "filled", "delayed_feed"}
    row = validate(frame, AT).row(CALL, named=True)
    # 75 points, of the quote 85, of the greeks 80; three quarters of each, since the feed is late by plan.
    assert (row["confidence"], row["quote_confidence"], row["greeks_confidence"]) == (56, 64, 60)
    assert row["is_stale"]
    assert row["quality"] == "fair"
