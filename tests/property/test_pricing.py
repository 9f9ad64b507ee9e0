from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantdata.pricing import (
    american_greeks,
    american_price,
    black76_greeks,
    black76_price,
    bsm_greeks,
    bsm_price,
)

SPOT = st.floats(20.0, 500.0)
RATIO = st.floats(0.6, 1.6)
YEARS = st.floats(0.02, 3.0)
VOLATILITY = st.floats(0.08, 1.2)
RATE = st.floats(0.0, 0.1)
IS_CALL = st.booleans()


@given(SPOT, RATIO, YEARS, VOLATILITY, RATE, RATE)
def test_put_call_parity(
    spot: float, ratio: float, years: float, volatility: float, rate: float, dividend_yield: float
) -> None:
    strike = spot * ratio
    call, put = bsm_price(
        spot,
        strike,
        time_to_expiry=years,
        volatility=volatility,
        is_call=[True, False],
        rate=rate,
        dividend_yield=dividend_yield,
    )
    forward_value = spot * np.exp(-dividend_yield * years) - strike * np.exp(-rate * years)
    assert call - put == pytest.approx(forward_value, abs=1e-9 * spot)


@given(SPOT, RATIO, YEARS, VOLATILITY, RATE, IS_CALL)
def test_spot_and_forward_models_agree(
    spot: float,
    ratio: float,
    years: float,
    volatility: float,
    rate: float,
    is_call: bool,  # noqa: FBT001
) -> None:
    terms: dict[str, Any] = {"time_to_expiry": years, "volatility": volatility, "is_call": is_call}
    on_spot = bsm_price(spot, spot * ratio, **terms, rate=rate, dividend_yield=0.01)
    forward = spot * np.exp((rate - 0.01) * years)
    on_forward = black76_price(forward, spot * ratio, **terms, discount=np.exp(-rate * years))
    assert float(on_spot) == pytest.approx(float(on_forward), rel=1e-12, abs=1e-12)


@given(SPOT, RATIO, YEARS, VOLATILITY, RATE, RATE, IS_CALL)
def test_bsm_greeks_are_the_slopes_of_the_price(
    spot: float,
    ratio: float,
    years: float,
    volatility: float,
    rate: float,
    dividend_yield: float,
    is_call: bool,  # noqa: FBT001
) -> None:
    strike = spot * ratio
    base: dict[str, float] = {"spot": spot, "time_to_expiry": years, "volatility": volatility, "rate": rate}

    def price(**moved: float) -> float:
        arguments: dict[str, Any] = base | moved
        at = arguments.pop("spot")
        return float(bsm_price(at, strike, **arguments, is_call=is_call, dividend_yield=dividend_yield))

    def slope(name: str, step: float) -> float:
        return (price(**{name: base[name] + step}) - price(**{name: base[name] - step})) / (2 * step)

    terms: dict[str, Any] = {key: value for key, value in base.items() if key != "spot"}
    greeks = bsm_greeks(spot, strike, **terms, is_call=is_call, dividend_yield=dividend_yield)
    step = 1e-3 * spot
    curvature = (price(spot=spot + step) - 2 * price() + price(spot=spot - step)) / step**2
    assert float(greeks.delta) == pytest.approx(slope("spot", 1e-4 * spot), abs=1e-5)
    assert float(greeks.gamma) * spot == pytest.approx(curvature * spot, rel=1e-2, abs=1e-4)
    assert float(greeks.theta) * 365 == pytest.approx(-slope("time_to_expiry", 1e-5), rel=1e-4, abs=1e-4 * spot)
    assert float(greeks.vega) * 100 == pytest.approx(slope("volatility", 1e-5), rel=1e-4, abs=1e-5 * spot)
    assert float(greeks.rho) * 100 == pytest.approx(slope("rate", 1e-6), rel=1e-4, abs=1e-4 * spot)


@given(SPOT, RATIO, YEARS, VOLATILITY, IS_CALL)
def test_black76_theta_keeps_the_forward_and_the_rate(
    forward: float,
    ratio: float,
    years: float,
    volatility: float,
    is_call: bool,  # noqa: FBT001
) -> None:
    def price(at: float) -> float:
        return float(
            black76_price(
                forward,
                forward * ratio,
                time_to_expiry=at,
                volatility=volatility,
                is_call=is_call,
                discount=np.exp(-0.05 * at),
            )
        )

    greeks = black76_greeks(
        forward,
        forward * ratio,
        time_to_expiry=years,
        volatility=volatility,
        is_call=is_call,
        discount=np.exp(-0.05 * years),
    )
    slope = (price(years + 1e-5) - price(years - 1e-5)) / 2e-5
    assert float(greeks.theta) * 365 == pytest.approx(-slope, rel=1e-4, abs=1e-4 * forward)


@given(SPOT, RATIO, YEARS, VOLATILITY, RATE, RATE, IS_CALL)
def test_american_values_respect_their_bounds(
    spot: float,
    ratio: float,
    years: float,
    volatility: float,
    rate: float,
    dividend_yield: float,
    is_call: bool,  # noqa: FBT001
) -> None:
    strike = spot * ratio
    terms: dict[str, Any] = {
        "time_to_expiry": years,
        "volatility": volatility,
        "is_call": is_call,
        "rate": rate,
        "dividend_yield": dividend_yield,
    }
    value = float(american_price(spot, strike, **terms))
    intrinsic = max(spot - strike if is_call else strike - spot, 0.0)
    assert value >= intrinsic
    assert value >= float(bsm_price(spot, strike, **terms))
    assert value <= (spot if is_call else strike)


@given(SPOT, RATIO, YEARS, VOLATILITY, IS_CALL)
def test_american_delta_and_vega_are_slopes_of_the_price(
    spot: float,
    ratio: float,
    years: float,
    volatility: float,
    is_call: bool,  # noqa: FBT001
) -> None:
    strike = spot * ratio
    terms: dict[str, Any] = {"time_to_expiry": years, "is_call": is_call, "rate": 0.05, "dividend_yield": 0.02}
    greeks = american_greeks(spot, strike, volatility=volatility, **terms)
    step = 1e-4 * spot
    up, down = (float(american_price(spot + move, strike, volatility=volatility, **terms)) for move in (step, -step))
    # At the exercise boundary the price bends: one-sided slopes differ there by the step's curvature.
    assert float(greeks.delta) == pytest.approx((up - down) / (2 * step), abs=5e-3)
    more, less = (float(american_price(spot, strike, volatility=volatility + move, **terms)) for move in (1e-4, -1e-4))
    assert float(greeks.vega) * 100 == pytest.approx((more - less) / 2e-4, rel=1e-2, abs=1e-2 * spot)
