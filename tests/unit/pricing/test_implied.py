from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quantdata.pricing import black76_price, bsm_greeks, implied_volatility

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def sample(size: int) -> tuple[dict[str, Any], Floats, Floats]:
    """Return contracts from hours to three years with their true volatilities and prices."""
    rng = np.random.default_rng(20261118)
    forward = rng.uniform(20.0, 600.0, size)
    years = np.exp(rng.uniform(np.log(1 / 3650), np.log(3.0), size))
    contract: dict[str, Any] = {
        "forward": forward,
        "strike": forward * np.exp(rng.normal(0.0, 0.25, size)),
        "time_to_expiry": years,
        "is_call": rng.random(size) < 0.5,
        "discount": np.exp(-0.04 * years),
    }
    volatility = np.exp(rng.uniform(np.log(0.05), np.log(3.0), size))
    return contract, volatility, black76_price(**contract, volatility=volatility)


def time_value(contract: dict[str, Any], price: Floats) -> Floats:
    sign = np.where(contract["is_call"], 1.0, -1.0)
    intrinsic: Floats = np.maximum(sign * (contract["forward"] - contract["strike"]), 0.0)
    return np.asarray(price / contract["discount"] - intrinsic, dtype=np.float64)


def test_hull_implied_volatility() -> None:
    # Hull, Options, Futures and Other Derivatives, section 15.11: S=21, K=20, r=10 %, three months, call at 1.875.
    found = implied_volatility(
        21.0 * np.exp(0.025), 20.0, price=1.875, time_to_expiry=0.25, is_call=True, discount=np.exp(-0.025)
    )
    assert float(found) == pytest.approx(0.2345, abs=1e-3)


def test_every_contract_with_time_value_gets_its_volatility_back() -> None:
    contract, volatility, price = sample(4000)
    found = implied_volatility(**contract, price=price)
    has_time_value = time_value(contract, price) >= 1e-4
    assert np.count_nonzero(has_time_value) > 2000
    assert found[has_time_value] == pytest.approx(volatility[has_time_value], abs=1e-10)


def test_it_agrees_with_lets_be_rational() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rational = pytest.importorskip("py_lets_be_rational", reason="py_lets_be_rational is in the full environment")
    contract, _, price = sample(2000)
    rows = np.flatnonzero(time_value(contract, price) >= 1e-4)
    found = implied_volatility(**contract, price=price)[rows]
    undiscounted = price / contract["discount"]
    expected = [
        rational.implied_volatility_from_a_transformed_rational_guess(
            undiscounted[row],
            contract["forward"][row],
            contract["strike"][row],
            contract["time_to_expiry"][row],
            1 if contract["is_call"][row] else -1,
        )
        for row in rows
    ]
    assert found == pytest.approx(np.array(expected), abs=1e-10)


def test_every_step_of_the_search_converges_over_the_whole_plane() -> None:
    moneyness, deviation = np.meshgrid(np.linspace(-4.0, 4.0, 161), np.geomspace(1e-4, 6.0, 200))
    price = black76_price(np.exp(moneyness), 1.0, time_to_expiry=1.0, volatility=deviation, is_call=moneyness < 0)
    found = implied_volatility(np.exp(moneyness), 1.0, price=price, time_to_expiry=1.0, is_call=moneyness < 0)
    bound = np.minimum(np.exp(moneyness), 1.0)
    is_clear = (price > 1e-8) & (price < bound * (1.0 - 1e-6))
    assert found[is_clear] == pytest.approx(deviation[is_clear], rel=1e-7)
    assert np.isnan(found[price <= 1e-10]).all()


@pytest.mark.parametrize(
    ("price", "is_call", "why"),
    [
        (10.0, True, "at its intrinsic value"),
        (10.0 + 5e-9, True, "a rounding above it"),
        (9.9, True, "below it"),
        (0.0, False, "worthless"),
        (-1.0, False, "negative"),
        (110.0, True, "as dear as the forward"),
        (100.0, False, "as dear as the strike"),
        (500.0, True, "dearer than the forward"),
        (np.nan, True, "unknown"),
        (np.inf, True, "infinite"),
    ],
)
def test_no_price_without_time_value_gets_a_volatility(price: float, *, is_call: bool, why: str) -> None:
    found = implied_volatility(110.0, 100.0, price=price, time_to_expiry=0.5, is_call=is_call)
    assert np.isnan(found), why


@pytest.mark.parametrize("name", ["forward", "strike", "time_to_expiry", "discount"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_an_argument_that_cannot_be_gives_none(name: str, value: float) -> None:
    arguments = {"forward": 100.0, "strike": 100.0, "price": 5.0, "time_to_expiry": 0.5, "discount": 0.99} | {
        name: value
    }
    assert np.isnan(implied_volatility(**arguments, is_call=True))


def test_arguments_broadcast_and_nothing_in_gives_nothing_out() -> None:
    found = implied_volatility(100.0, [[95.0], [105.0]], price=[8.0, 9.0, 10.0], time_to_expiry=0.5, is_call=True)
    assert found.shape == (2, 3)
    assert found.dtype == np.float64
    assert implied_volatility(100.0, [], price=[], time_to_expiry=0.5, is_call=True).shape == (0,)


def test_european_greeks_agree_with_quantlib() -> None:
    quantlib = pytest.importorskip("QuantLib", reason="QuantLib is in the full environment")
    contract, volatility, _ = sample(300)
    rate, dividend_yield = 0.04, 0.013
    spot, years = contract["forward"], contract["time_to_expiry"]
    strike = contract["strike"]
    terms: dict[str, Any] = {"volatility": volatility, "rate": rate, "dividend_yield": dividend_yield}
    greeks = bsm_greeks(spot, strike, time_to_expiry=years, is_call=contract["is_call"], **terms)
    for row in range(spot.size):
        deviation = volatility[row] * np.sqrt(years[row])
        discount = np.exp(-rate * years[row])
        forward = spot[row] * np.exp((rate - dividend_yield) * years[row])
        kind = quantlib.Option.Call if contract["is_call"][row] else quantlib.Option.Put
        black = quantlib.BlackCalculator(
            quantlib.PlainVanillaPayoff(kind, strike[row]), forward, float(deviation), discount
        )
        expected = {
            "delta": black.delta(spot[row]),
            "gamma": black.gamma(spot[row]),
            "theta": black.theta(spot[row], years[row]) / 365.0,
            "vega": black.vega(years[row]) / 100.0,
            "rho": black.rho(years[row]) / 100.0,
        }
        found = {name: getattr(greeks, name)[row] for name in expected}
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-10)
