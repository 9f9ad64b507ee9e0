"""The model's columns, whatever a vendor gave and whatever is missing where."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantdata.frames.columns import CHAIN, GREEKS
from quantdata.frames.model import with_model
from quantdata.pricing import RateCurve
from tests.unit.hybrid.chains import NOW, chain, row

STRIKES = (560.0, 595.0, 600.0, 605.0, 640.0)
RATES = RateCurve.of(0.04)
DIVIDENDS = pl.DataFrame({"ex_date": [date(2026, 12, 4)], "amount": [1.8]})
NO_UNDERLYING = dict.fromkeys(("underlying_price", "underlying_ts", "underlying_source", "moneyness"))
NO_VOLATILITY = dict.fromkeys(("implied_volatility", "bid_iv", "ask_iv", "iv_ts", "iv_source"))
OWN = ["discount_factor", "forward_price", "model_iv"]
GROUPS = {
    "underlying_source": list(NO_UNDERLYING),
    "iv_source": list(NO_VOLATILITY),
    "greeks_source": [column.name for column in GREEKS],
}
IS_TRADIER_PUT = (pl.col("greeks_source") == "tradier") & (pl.col("option_type") == "put")


def fair(strike: float, option_type: str) -> float:
    """Return about what such an option is worth for a month at a spot of 600 USD."""
    sign = 1.0 if option_type == "call" else -1.0
    return float(max(sign * (600.0 - strike), 0.0) + 12.0 * 0.5 ** (abs(600.0 - strike) / 15.0))


@st.composite
def contracts(draw: st.DrawFn, strike: float, option_type: str) -> dict[str, Any]:
    mid = fair(strike, option_type) + draw(st.floats(-0.3, 0.3))
    half = draw(st.sampled_from([0.05, 0.5, 0.0, -0.05]))
    columns: dict[str, Any] = {"bid": mid - half, "ask": mid + half, "mid": mid, "spread": 2 * half}
    if half < 0:
        columns["mid"] = None
    columns["quote_ts"] = NOW - timedelta(seconds=draw(st.sampled_from([0, 4, 60, 3_600, 90_000])))
    lacking = draw(st.sampled_from([(), (), ("quote_source",), ("greeks_source",), ("quote_source", "greeks_source")]))
    columns |= dict.fromkeys(lacking)
    if draw(st.booleans()):
        columns |= NO_VOLATILITY
    return row(draw(st.sampled_from(["massive", "tradier"])), strike, option_type, **columns)


@st.composite
def chains(draw: st.DrawFn) -> pl.DataFrame:
    """Return a chain of one series, American or European, with or without a price of the underlying."""
    strikes = draw(st.lists(st.sampled_from(STRIKES), unique=True, min_size=1))
    rows = [draw(contracts(strike, side)) for strike in strikes for side in ("call", "put")]
    everywhere = {"exercise_style": draw(st.sampled_from(["american", "european"]))}
    everywhere |= draw(st.sampled_from([{}, NO_UNDERLYING]))
    return chain(*(each | everywhere for each in rows[draw(st.integers(0, 1)) :]))


def modelled(before: pl.DataFrame) -> pl.DataFrame:
    return with_model(before, rates=RATES, dividends=DIVIDENDS)


@settings(max_examples=40)
@given(chains())
def test_pricing_twice_changes_nothing(before: pl.DataFrame) -> None:
    once = modelled(before)
    assert_frame_equal(modelled(once), once, check_exact=True)


@settings(max_examples=40)
@given(chains())
def test_whatever_is_not_the_model_s_to_fill_stays(before: pl.DataFrame) -> None:
    after = modelled(before)
    assert after.schema == before.schema
    filled = {*OWN, *(name for names in GROUPS.values() for name in names)}
    others = [each.name for each in CHAIN if each.name not in filled]
    assert_frame_equal(after.select(others), before.select(others))


@settings(max_examples=40)
@given(chains())
def test_a_group_that_a_vendor_gave_stays_whole_but_for_greeks_of_a_call_on_a_put(before: pl.DataFrame) -> None:
    after = modelled(before)
    for source, names in GROUPS.items():
        is_given = pl.col(source).is_not_null()
        if source == "greeks_source":
            is_given &= ~IS_TRADIER_PUT
        kept = before.select(is_given).to_series()
        assert_frame_equal(after.filter(kept).select(names), before.filter(kept).select(names))


@settings(max_examples=40)
@given(chains())
def test_a_group_is_the_model_s_as_a_whole_or_as_it_was(before: pl.DataFrame) -> None:
    after = modelled(before)
    puts = before.select((pl.col("greeks_source") == "tradier") & (pl.col("option_type") == "put")).to_series()
    for source, names in GROUPS.items():
        is_model = (after.get_column(source) == "model").fill_null(value=False)
        # Tradier repeats the call's greeks on a put: what the model cannot price has none.
        is_kept = ~is_model & ~puts.fill_null(value=False) if source == "greeks_source" else ~is_model
        assert_frame_equal(after.filter(is_kept).select(names), before.filter(is_kept).select(names))
    priced = after.filter(greeks_source="model").select(
        "delta", "gamma", "theta", "vega", "rho", "greeks_ts", "model_iv"
    )
    assert priced.null_count().sum_horizontal().item() == 0
