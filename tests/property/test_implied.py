from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantdata.pricing import (
    Dividends,
    black76_price,
    implied_volatility,
    lattice_implied_volatility,
    lattice_price,
)

FORWARD = st.floats(20.0, 5000.0)
RATIO = st.floats(0.5, 2.0)
YEARS = st.floats(0.001, 3.0)
VOLATILITY = st.floats(0.02, 3.0)
DISCOUNT = st.floats(0.8, 1.0)
IS_CALL = st.booleans()


@given(FORWARD, RATIO, YEARS, VOLATILITY, DISCOUNT, IS_CALL)
def test_a_price_with_time_value_gives_its_volatility_back_and_no_other_gives_one(
    forward: float,
    ratio: float,
    years: float,
    volatility: float,
    discount: float,
    is_call: bool,  # noqa: FBT001
) -> None:
    contract: dict[str, Any] = {
        "forward": forward,
        "strike": forward * ratio,
        "time_to_expiry": years,
        "is_call": is_call,
        "discount": discount,
    }
    price = float(black76_price(**contract, volatility=volatility))
    found = float(implied_volatility(**contract, price=price))
    intrinsic = max(forward - forward * ratio, 0.0) if is_call else max(forward * ratio - forward, 0.0)
    time_value = price / discount - intrinsic
    larger = max(forward, forward * ratio)
    if time_value > 1e-5 * larger and time_value < 0.99 * min(forward, forward * ratio):
        assert found == pytest.approx(volatility, rel=1e-8)
    if time_value < 0.99e-10 * larger:
        assert np.isnan(found)
    if not np.isnan(found):
        assert float(black76_price(**contract, volatility=found)) == pytest.approx(price, abs=1e-11 * larger)


@given(FORWARD, RATIO, st.floats(-1e4, 1e4) | st.just(float("nan")), YEARS, IS_CALL)
def test_any_price_gives_a_positive_volatility_or_none(
    forward: float,
    ratio: float,
    price: float,
    years: float,
    is_call: bool,  # noqa: FBT001
) -> None:
    found = float(implied_volatility(forward, forward * ratio, price=price, time_to_expiry=years, is_call=is_call))
    bound = forward if is_call else forward * ratio
    is_inside = max(bound - forward * (ratio if is_call else 1.0), 0.0) < price < bound
    assert np.isnan(found) or (found > 0.0 and is_inside)


@given(
    st.floats(0.7, 1.3),
    st.floats(0.01, 2.0),
    st.floats(0.08, 1.2),
    st.floats(0.0, 0.08),
    st.lists(st.tuples(st.floats(0.005, 2.0), st.floats(0.1, 1.5)), max_size=4),
    IS_CALL,
)
def test_american_options_are_worth_no_less_than_european_ones_or_exercise_and_give_their_volatility_back(
    ratio: float,
    years: float,
    volatility: float,
    rate: float,
    payments: list[tuple[float, float]],
    is_call: bool,  # noqa: FBT001
) -> None:
    dividends = Dividends.of([time for time, _ in payments], [amount for _, amount in payments])
    cash = sum(amount * np.exp(-rate * time) for time, amount in payments if time < years)
    discount = np.exp(-rate * years)
    strike, forward = 100.0 * ratio, (100.0 - cash) / discount
    terms: dict[str, Any] = {"discount": discount, "time_to_expiry": years, "is_call": is_call}
    price = float(lattice_price(100.0, forward, strike, **terms, volatility=volatility, dividends=dividends))
    european = float(black76_price(forward, strike, **terms, volatility=volatility))
    assert price >= max(european, 100.0 - strike if is_call else strike - 100.0) - 1e-9
    found = float(
        lattice_implied_volatility(
            100.0, forward, strike, **terms, price=price, least_time_value=0.05, dividends=dividends
        )
    )
    assert np.isnan(found) or found == pytest.approx(volatility, abs=1.5e-3)
