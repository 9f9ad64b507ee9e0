"""Bounds of prices and volatilities, worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from quantdata.validation.bounds import is_alive, is_core, with_bounds
from tests.unit.validation.healthy import AT, CHAIN, changed, earlier, place

CALL, PUT = place(90.0, "call"), place(110.0, "put")
AMERICAN = {"exercise_style": "american"}


def told(column: str, row: int, **values: object) -> Any:
    found = with_bounds(changed(CHAIN, row, **values)).item(row, column)
    return round(found, 6) if isinstance(found, float) else found


@pytest.mark.parametrize(
    ("row", "values", "bound"),
    [
        (CALL, {}, 9.9),  # 0.99 * (100 - 90)
        (PUT, {}, 9.9),
        (place(110.0, "call"), {}, 0.0),
        (CALL, AMERICAN, 9.9),  # at 99.5 exercise would bring 9.5
        (PUT, AMERICAN, 10.5),
        # The options themselves say 99, so that a call brings no more than that less its strike, a put no more than 11.
        (CALL, {**AMERICAN, "underlying_price": 101.0}, 9.9),
        (PUT, {**AMERICAN, "underlying_price": 98.0}, 11.0),
        (PUT, {**AMERICAN, "underlying_price": 99.9, "underlying_ts": earlier(5)}, 10.1),
        (PUT, {**AMERICAN, "underlying_price": 99.9, "underlying_ts": earlier(5.000001)}, 11.0),
        (PUT, {**AMERICAN, "underlying_price": None}, 11.0),
        (CALL, {"exercise_style": None}, 9.9),
        (CALL, {"forward_price": None}, None),
        (CALL, {"strike": 0.0}, 0.0),
        (CALL, {"strike": None}, 0.0),
        (CALL, {"option_type": None}, 0.0),
        (CALL, {"discount_factor": None}, 0.0),
    ],
)
def test_a_contract_is_worth_its_discounted_forward_or_its_exercise(
    row: int, values: dict[str, Any], bound: float | None
) -> None:
    assert told("bound", row, **values) == bound


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ({}, 9.9, 9.9),
        # 99 - 90; the dearer of the underlying's 99.5 and the 99 that the options say, less 89.1.
        (AMERICAN, 9.0, 10.4),
        ({**AMERICAN, "underlying_price": 95.0}, 9.0, 9.9),
        ({**AMERICAN, "underlying_price": None}, 9.0, 9.9),
        ({"forward_price": None}, None, None),
    ],
)
def test_call_less_put_is_worth_the_forward_over_the_strike(
    values: dict[str, Any], low: float | None, high: float | None
) -> None:
    assert (told("parity_low", CALL, **values), told("parity_high", CALL, **values)) == (low, high)


def test_half_a_spread_is_so_much_volatility() -> None:
    at_money = place(100.0, "call")
    # d1 is half a deviation, 0.0625; vega 0.99 * 100 * density * sqrt(0.25).
    vega = 99.0 * math.exp(-(0.0625**2) / 2) / math.sqrt(2 * math.pi) * 0.5
    assert told("half_width", at_money) == round(0.05 / vega, 6)
    assert told("half_width", at_money, model_iv=None) == round(0.05 / vega, 6)
    assert told("half_width", at_money, spread=-0.1) is None
    assert told("half_width", at_money, time_to_expiry=0.0, spread=0.0) is None
    assert told("half_width", at_money, model_iv=None, implied_volatility=None) is None
    assert told("half_width", at_money, forward_price=-1.0) is None


@pytest.mark.parametrize(
    ("row", "values", "expected"),
    [
        (CALL, {}, 1.3),  # a mid of 11.2
        (CALL, AMERICAN, 1.3),
        (PUT, AMERICAN, 0.55),  # a mid of 11.55, exercise at 99
        (PUT, {**AMERICAN, "underlying_price": 98.0}, -0.45),
        (CALL, {"mid": None}, None),
        (CALL, {"forward_price": None}, None),
    ],
)
def test_time_value_is_what_the_best_exercise_does_not_bring(
    row: int, values: dict[str, Any], expected: float | None
) -> None:
    assert told("time_value", row, **values) == expected


def test_the_options_of_the_nearest_live_series_say_what_the_underlying_is() -> None:
    american = CHAIN.with_columns(
        exercise_style=pl.lit("american", CHAIN.schema["exercise_style"]), underlying_price=None
    )
    american = american.with_columns(pl.col("underlying_price").cast(pl.Float64))
    assert with_bounds(american).item(CALL, "parity_high") == pytest.approx(9.9)
    gone = changed(american, 0, time_to_expiry=0.0, forward_price=120.0)
    assert with_bounds(gone).item(PUT, "bound") == pytest.approx(11.0)
    adjusted = changed(american, 0, is_adjusted=True, forward_price=120.0)
    assert with_bounds(adjusted).item(PUT, "bound") == pytest.approx(11.0)
    dearer = changed(american, 0, forward_price=101.0)
    assert with_bounds(dearer).item(PUT, "bound") == pytest.approx(10.01)


def test_a_tick_that_is_not_known_is_a_cent() -> None:
    assert told("tick", CALL) == 0.05
    assert told("tick", CALL, tick_size=None) == 0.01


def test_rates_are_known_to_a_point_a_year() -> None:
    assert told("slack", CALL) == 0.025
    assert told("slack", CALL, **AMERICAN) == 0.225
    assert told("slack", CALL, time_to_expiry=None) is None


@pytest.mark.parametrize(("years", "expected"), [(0.1, True), (0.0, False), (-0.1, False), (None, True)])
def test_a_contract_lives_until_it_settles_or_as_long_as_that_is_not_known(
    years: float | None, *, expected: bool
) -> None:
    assert told("is_alive", CALL, time_to_expiry=years) is expected
    assert changed(CHAIN, CALL, time_to_expiry=years).select(is_alive()).item(CALL, 0) is expected


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [(1.0, 1.1, True), (0.0, 1.1, False), (None, 1.1, False), (1.0, None, False), (1.0, 0.0, False), (1.2, 1.1, True)],
)
def test_two_sides_are_two_prices_above_zero(bid: float | None, ask: float | None, *, expected: bool) -> None:
    assert told("is_two_sided", CALL, bid=bid, ask=ask) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        # 1.645 deviations of 0.125, less and plus half of one's square, are ln(100 / 82.05) and ln(123.79 / 100).
        ({"strike": 82.1}, True),
        ({"strike": 82.0}, False),
        ({"strike": 123.7}, True),
        ({"strike": 123.9}, False),
        ({"model_iv": None}, True),
        ({"model_iv": None, "implied_volatility": None}, False),
        ({"forward_price": None}, False),
        ({"strike": 0.0}, False),
        ({"strike": -1.0}, False),
        ({"time_to_expiry": 0.0}, False),
    ],
)
def test_the_core_is_what_the_model_gives_a_delta_within_5_and_95_percent(
    values: dict[str, Any], *, expected: bool
) -> None:
    assert is_core(changed(CHAIN, CALL, **values))[CALL] is expected


def test_nothing_is_warned_of_whatever_the_numbers() -> None:
    wild = CHAIN.with_columns(
        strike=pl.Series([0.0, -1.0, 1e308, 1e-308] * 5),
        forward_price=pl.Series([0.0, 1e308, -1e308, None] * 5),
        time_to_expiry=pl.Series([0.0, -1.0, 1e308, None] * 5),
        model_iv=pl.Series([0.0, -1.0, 1e308, None] * 5),
        quote_ts=pl.lit(AT),
    )
    assert with_bounds(wild).height == CHAIN.height
