from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from quantdata.pricing import american_price, bsm_price
from quantdata.sim.tradier.implied import implied_volatility

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Value = Callable[[Floats, NDArray[np.intp]], Floats]

STRIKES = np.array([60.0, 80.0, 95.0, 100.0, 105.0, 120.0, 150.0])


def puts(price_of: Callable[..., Floats]) -> Value:
    def value(volatility: Floats, rows: NDArray[np.intp]) -> Floats:
        return price_of(
            100.0,
            STRIKES[rows],
            time_to_expiry=0.5,
            volatility=volatility,
            is_call=False,
            rate=0.04,
            dividend_yield=0.01,
        )

    return value


@pytest.mark.parametrize("price_of", [american_price, bsm_price])
@pytest.mark.parametrize("guess", [0.05, 0.3, 3.0])
def test_a_price_gives_its_volatility_back(price_of: Callable[..., Floats], guess: float) -> None:
    value = puts(price_of)
    volatility = np.array([0.5, 0.4, 0.35, 0.3, 0.28, 0.31, 0.6])
    price = value(volatility, np.arange(len(STRIKES)))
    found = implied_volatility(price, value, guess=np.full(len(STRIKES), guess))
    assert found == pytest.approx(volatility, abs=2e-6)


def test_a_price_that_no_volatility_gives_is_zero() -> None:
    price = np.array([0.0, -1.0, 200.0, 1.0, 4.0, 19.9, 49.0])
    found = implied_volatility(price, puts(american_price), guess=np.full(len(STRIKES), 0.2))
    assert (found > 0.0).tolist() == [False, False, False, True, False, False, False]
