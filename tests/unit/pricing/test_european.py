from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from quantdata.pricing import black76_greeks, black76_price, bsm_greeks, bsm_price


def test_hull_european_call_and_put() -> None:
    # Hull, Options, Futures and Other Derivatives, example 15.6: S=42, K=40, r=10 %, sigma=20 %, six months.
    call, put = bsm_price(42.0, 40.0, time_to_expiry=0.5, volatility=0.2, is_call=[True, False], rate=0.1)
    assert call == pytest.approx(4.7594, abs=5e-5)
    assert put == pytest.approx(0.8086, abs=5e-5)


def test_hull_index_call_with_dividend_yield() -> None:
    # Hull, example 17.1: S&P 500 at 930, K=900, r=8 %, q=3 %, sigma=20 %, two months.
    value = bsm_price(930.0, 900.0, time_to_expiry=2 / 12, volatility=0.2, is_call=True, rate=0.08, dividend_yield=0.03)
    assert float(value) == pytest.approx(51.83, abs=5e-3)


def test_hull_futures_put() -> None:
    # Hull, example 18.6: F=20, K=20, r=9 %, sigma=25 %, four months.
    value = black76_price(
        20.0, 20.0, time_to_expiry=4 / 12, volatility=0.25, is_call=False, discount=math.exp(-0.09 * 4 / 12)
    )
    assert float(value) == pytest.approx(1.12, abs=5e-3)


def test_hull_greeks_in_our_units() -> None:
    # Hull, chapter 19: S=49, K=50, r=5 %, sigma=20 %, T=0.3846: delta 0.522, gamma 0.066, theta -4.31 a year,
    # vega 12.1 and rho 8.91 per unit.
    greeks = bsm_greeks(49.0, 50.0, time_to_expiry=0.3846, volatility=0.2, is_call=True, rate=0.05)
    assert float(greeks.delta) == pytest.approx(0.522, abs=5e-4)
    assert float(greeks.gamma) == pytest.approx(0.066, abs=5e-4)
    assert float(greeks.theta) * 365 == pytest.approx(-4.31, abs=5e-3)
    assert float(greeks.vega) * 100 == pytest.approx(12.1, abs=5e-2)
    assert float(greeks.rho) * 100 == pytest.approx(8.91, abs=5e-3)


def test_expired_options_are_worth_their_intrinsic_value() -> None:
    strikes = np.array([90.0, 100.0, 110.0])
    calls = bsm_price(100.0, strikes, time_to_expiry=0.0, volatility=0.2, is_call=True, rate=0.05)
    puts = bsm_price(100.0, strikes, time_to_expiry=-0.1, volatility=0.2, is_call=False, rate=0.05)
    assert calls.tolist() == [10.0, 0.0, 0.0]
    assert puts.tolist() == [0.0, 0.0, 10.0]


def test_without_volatility_the_forward_decides() -> None:
    discount = math.exp(-0.05)
    call = bsm_price(100.0, 101.0, time_to_expiry=1.0, volatility=0.0, is_call=True, rate=0.05)
    assert float(call) == pytest.approx(100.0 - 101.0 * discount)


def test_greeks_of_a_decided_option_are_finite_and_plain() -> None:
    greeks = bsm_greeks(100.0, [90.0, 110.0], time_to_expiry=0.0, volatility=0.2, is_call=True)
    assert greeks.delta.tolist() == [1.0, 0.0]
    for name in ("gamma", "theta", "vega", "rho"):
        assert getattr(greeks, name).tolist() == [0.0, 0.0], name


@pytest.mark.parametrize("strike", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("volatility", [1e-8, 0.05, 5.0])
@pytest.mark.parametrize("time_to_expiry", [1e-9, 1.0, 30.0])
def test_deep_wings_are_finite_without_warnings(strike: float, volatility: float, time_to_expiry: float) -> None:
    terms: dict[str, Any] = {
        "time_to_expiry": time_to_expiry,
        "volatility": volatility,
        "is_call": np.array([True, False]),
    }
    assert np.isfinite(bsm_price(100.0, strike, **terms, rate=0.04, dividend_yield=0.01)).all()
    for greeks in (bsm_greeks(100.0, strike, **terms, rate=0.04), black76_greeks(100.0, strike, **terms)):
        assert all(np.isfinite(getattr(greeks, name)).all() for name in ("delta", "gamma", "theta", "vega", "rho"))


def test_arguments_broadcast() -> None:
    values = bsm_price(
        np.array([[90.0], [110.0]]), np.array([95.0, 100.0, 105.0]), time_to_expiry=0.5, volatility=0.2, is_call=True
    )
    assert values.shape == (2, 3)
    assert values.dtype == np.float64


def test_agrees_with_quantlib() -> None:
    ql = pytest.importorskip("QuantLib")
    for is_call, kind in ((True, ql.Option.Call), (False, ql.Option.Put)):
        for strike in (60.0, 100.0, 170.0):
            calculator = ql.BlackCalculator(ql.PlainVanillaPayoff(kind, strike), 104.0, 0.3 * math.sqrt(0.7), 0.97)
            terms: dict[str, Any] = {
                "time_to_expiry": 0.7,
                "volatility": 0.3,
                "is_call": is_call,
                "discount": 0.97,
            }
            greeks = black76_greeks(104.0, strike, **terms)
            assert float(black76_price(104.0, strike, **terms)) == pytest.approx(calculator.value(), abs=1e-10)
            assert float(greeks.delta) == pytest.approx(calculator.deltaForward(), abs=1e-10)
            assert float(greeks.vega) * 100 == pytest.approx(calculator.vega(0.7), abs=1e-8)
