"""Smile, term structure and surface, held to a smile that is known."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.analytics import smile, surface, term_structure
from quantdata.analytics.volatility import SMILE_NEEDS
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from quantdata.pricing import implied_volatility
from tests.unit.analytics.priced_chains import (
    DISCOUNT,
    FORWARD,
    NOW,
    SPX,
    STRIKES,
    chain_of,
    option,
    pairs,
    skewed,
)

JANUARY = date(2027, 1, 15)
UNKNOWN: dict[str, Any] = {"implied_volatility": None, "iv_source": None, "model_iv": None}


def only(frame: pl.DataFrame, **found: Any) -> dict[str, Any]:
    return frame.filter(**found).row(0, named=True)


# --- smile ----------------------------------------------------------------------------------------------------------


def test_below_the_forward_puts_are_chosen_and_calls_from_it_on() -> None:
    found = smile(chain_of(*pairs()))
    assert found.get_column("strike").to_list() == list(STRIKES)
    assert found.get_column("option_type").to_list() == ["put", "put", "put", "call", "call", "call", "call"]


@pytest.mark.parametrize("side", ["call", "put"])
def test_one_side_alone_is_that_side_at_every_strike(side: Any) -> None:
    found = smile(chain_of(*pairs()), side=side)
    assert found.get_column("strike").to_list() == list(STRIKES)
    assert found.get_column("option_type").unique().to_list() == [side]


def test_series_of_one_day_stay_apart() -> None:
    found = smile(chain_of(*pairs(), *pairs((6500.0, 6600.0), series=SPX)))
    assert found.get_column("root_symbol").to_list() == ["SPX"] * 2 + ["SPXW"] * 7


def test_without_a_forward_the_price_of_the_underlying_divides_and_log_moneyness_is_not_known() -> None:
    found = smile(chain_of(*pairs((6595.0,), forward_price=None)))
    assert only(found)["option_type"] == "call"
    assert only(found)["log_moneyness"] is None


def test_without_forward_and_underlying_no_contract_is_out_of_the_money() -> None:
    assert smile(chain_of(*pairs(forward_price=None, underlying_price=None))).is_empty()


def test_the_band_is_what_bid_and_ask_imply() -> None:
    row = only(smile(chain_of(*pairs())), strike=6300.0)
    terms: dict[str, Any] = {"time_to_expiry": 30 / 365, "is_call": False, "discount": DISCOUNT}
    assert row["bid_iv"] == pytest.approx(float(implied_volatility(FORWARD, 6300.0, price=row["mid"] - 0.5, **terms)))
    assert row["ask_iv"] == pytest.approx(float(implied_volatility(FORWARD, 6300.0, price=row["mid"] + 0.5, **terms)))
    assert row["bid_iv"] < row["model_iv"] < row["ask_iv"]
    assert row["band_source"] == "model"


def test_the_band_stays_with_the_quotes_when_the_vendor_says_something_else() -> None:
    others: list[dict[str, Any]] = [{}, {"implied_volatility": 0.9}]
    usual, other = (only(smile(chain_of(option(6300.0, "put", **of)))) for of in others)
    assert other["implied_volatility"] == 0.9
    assert (other["bid_iv"], other["ask_iv"]) == (usual["bid_iv"], usual["ask_iv"])


def test_a_band_that_the_vendor_gives_is_taken_from_it_also_when_it_gives_one_end_alone() -> None:
    given: dict[str, Any] = {"bid_iv": None, "ask_iv": 0.31, "iv_source": "tradier"}
    row = only(smile(chain_of(option(6300.0, "put", **given))))
    assert (row["bid_iv"], row["ask_iv"], row["band_source"]) == (None, 0.31, "tradier")


def test_without_a_bid_the_band_has_no_lower_end() -> None:
    row = only(smile(chain_of(option(6300.0, "put", bid=0.0))))
    assert row["bid_iv"] is None
    assert row["ask_iv"] is not None


def test_what_is_not_known_is_null_and_never_nan() -> None:
    found = smile(chain_of(*pairs(**UNKNOWN, bid=None, ask=None, mid=None)))
    assert found.height == len(STRIKES)
    for name in ("implied_volatility", "bid_iv", "ask_iv", "band_source", "model_iv"):
        assert found.get_column(name).null_count() == len(STRIKES), name


# --- term structure -------------------------------------------------------------------------------------------------


def test_the_volatility_at_the_forward_is_straight_between_the_strikes_around_it() -> None:
    row = only(term_structure(chain_of(*pairs((6500.0, 6700.0)))))
    low, high = math.log(6500 / FORWARD), math.log(6700 / FORWARD)
    share = -low / (high - low)
    assert row["atm_iv"] == pytest.approx(skewed(low) + share * (skewed(high) - skewed(low)))
    assert row["atm_iv"] == pytest.approx(0.2)
    assert row["atm_model_iv"] == pytest.approx(0.2)


def test_a_strike_at_the_forward_is_taken_as_it_is() -> None:
    assert only(term_structure(chain_of(*pairs())))["atm_iv"] == 0.2


@pytest.mark.parametrize(("name", "side", "delta"), [("put_25d_iv", "put", -0.25), ("call_25d_iv", "call", 0.25)])
def test_quarter_deltas_lie_straight_between_the_deltas_around_them(name: str, side: str, delta: float) -> None:
    chain = chain_of(*pairs(tuple(range(6000, 7201, 25))))
    row = only(term_structure(chain))
    known = smile(chain).filter(option_type=side).sort("delta")
    expected = np.interp(delta, known.get_column("delta"), known.get_column("implied_volatility"))
    assert row[name] == pytest.approx(float(expected))
    assert row["put_25d_iv"] > row["atm_iv"] > row["call_25d_iv"]


def test_it_has_a_row_a_series_by_root_and_time_and_none_for_settled_ones() -> None:
    settled = pairs(expiration=NOW.date(), time_to_expiry=0.0)
    found = term_structure(chain_of(*pairs(expiration=JANUARY), *pairs(), *pairs(series=SPX), *settled))
    assert found.select("root_symbol", "dte").rows() == [("SPX", 30), ("SPXW", 30), ("SPXW", 58)]


def test_volatility_on_one_side_of_the_forward_alone_tells_nothing_of_it() -> None:
    row = only(term_structure(chain_of(*pairs((6700.0, 6900.0)))))
    assert row["atm_iv"] is None
    assert row["put_25d_iv"] is None


def test_the_nearest_contract_says_who_gave_the_volatility_and_of_which_quote() -> None:
    model = pairs((6600.0,), iv_source="model", greeks_confidence=70)
    row = only(term_structure(chain_of(*pairs((6500.0, 6700.0)), *model)))
    assert (row["iv_source"], row["greeks_confidence"], row["quote_ts"]) == ("model", 70, NOW)


# --- surface --------------------------------------------------------------------------------------------------------


def test_each_series_is_on_the_same_grid_and_straight_in_variance_between_strikes() -> None:
    found = surface(chain_of(*pairs(), *pairs(expiration=JANUARY)), log_moneyness=(-0.02, 0.02), points=5)
    assert found.height == 10
    assert found.get_column("log_moneyness").to_list()[:5] == pytest.approx([-0.02, -0.01, 0.0, 0.01, 0.02])
    low, high = math.log(6500 / FORWARD), 0.0
    share = (-0.01 - low) / (high - low)
    variance = skewed(low) ** 2 + share * (0.2**2 - skewed(low) ** 2)
    row = found.row(1, named=True)
    assert row["implied_volatility"] == pytest.approx(math.sqrt(variance))
    assert row["strike"] == pytest.approx(FORWARD * math.exp(-0.01))
    assert (row["iv_source"], row["quote_ts"], row["greeks_confidence"]) == ("massive", NOW, 95)


def test_nothing_is_extrapolated() -> None:
    found = surface(chain_of(*pairs()), log_moneyness=(-0.5, 0.5), points=3)
    ends = found.filter(pl.col("log_moneyness") != 0.0)
    assert ends.select("implied_volatility", "iv_source", "quote_ts", "greeks_confidence").null_count().row(0) == (
        (2,) * 4
    )
    assert only(found, log_moneyness=0.0)["implied_volatility"] == pytest.approx(0.2)


@pytest.mark.parametrize(("ends", "points"), [((-0.1, 0.1), 1), ((0.1, 0.1), 5), ((0.1, -0.1), 5)])
def test_a_grid_goes_from_low_to_high_in_two_points_or_more(ends: tuple[float, float], points: int) -> None:
    with pytest.raises(ArgumentError, match="a grid needs two points or more"):
        surface(chain_of(*pairs()), log_moneyness=ends, points=points)


# --- all ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [smile, term_structure, surface])
def test_of_nothing_and_of_a_row_that_knows_nothing_the_columns_are_the_same(call: Any) -> None:
    some = call(chain_of(*pairs()))
    assert_frame_equal(call(empty(CHAIN)), some.clear())
    unknown = call(chain_of(option(6600.0, "call", **UNKNOWN, forward_price=None, underlying_price=None)))
    assert unknown.schema == some.schema
    assert unknown.is_empty()


@pytest.mark.parametrize("call", [smile, term_structure, surface])
def test_a_frame_that_is_no_chain_is_refused_by_what_it_lacks(call: Any) -> None:
    with pytest.raises(ArgumentError, match=rf"{call.__name__}\(\) needs a chain; this frame lacks underlying_symbol"):
        call(pl.DataFrame({"strike": [1.0]}))
    with pytest.raises(ArgumentError, match=r"needs a chain \(a polars.DataFrame\), not dict"):
        call({})
    with pytest.raises(ArgumentError, match=r"lacks model_iv$"):
        call(empty(CHAIN).drop("model_iv"))


def test_a_side_is_one_of_three() -> None:
    with pytest.raises(ArgumentError, match="side must be one of otm, call, put, not 'both'"):
        smile(empty(CHAIN), side="both")  # type: ignore[arg-type]


def test_needed_columns_are_canonical() -> None:
    assert set(SMILE_NEEDS) <= {column.name for column in CHAIN}
