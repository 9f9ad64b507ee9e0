from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quantdata.pricing import american_greeks, american_price, bsm_greeks, bsm_price

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_values_published_by_barone_adesi_and_whaley() -> None:
    # Barone-Adesi and Whaley (1987), table I: K=100, T=0.25, r=8 %, cost of carry -4 %, sigma=20 %.
    spots = np.array([80.0, 90.0, 100.0, 110.0, 120.0])
    terms: dict[str, Any] = {"time_to_expiry": 0.25, "volatility": 0.2, "rate": 0.08, "dividend_yield": 0.12}
    calls = american_price(spots, 100.0, is_call=True, **terms)
    puts = american_price(spots, 100.0, is_call=False, **terms)
    assert calls == pytest.approx([0.03, 0.59, 3.52, 10.31, 20.0], abs=5e-3)
    assert puts == pytest.approx([20.42, 11.25, 4.40, 1.12, 0.18], abs=5e-3)


@pytest.mark.parametrize(
    ("years", "volatility", "calls", "puts"),
    [
        # Haug, The Complete Guide to Option Pricing Formulas, table 3-1: K=100, r=10 %, no carry, F=90, 100, 110.
        (0.1, 0.15, [0.0206, 1.8771, 10.0089], [10.0000, 1.8770, 0.0410]),
        (0.5, 0.25, [2.7437, 6.8015, 13.0170], [12.4419, 6.8014, 3.3226]),
        (0.5, 0.35, [5.0063, 9.5106, 15.5689], [14.6945, 9.5104, 5.8823]),
    ],
)
def test_values_published_by_haug(years: float, volatility: float, calls: list[float], puts: list[float]) -> None:
    terms: dict[str, Any] = {"time_to_expiry": years, "volatility": volatility, "rate": 0.1, "dividend_yield": 0.1}
    forwards = np.array([90.0, 100.0, 110.0])
    # His iteration stops at a coarser tolerance than ours.
    assert american_price(forwards, 100.0, is_call=True, **terms) == pytest.approx(calls, abs=4e-3)
    assert american_price(forwards, 100.0, is_call=False, **terms) == pytest.approx(puts, abs=1e-3)


def binomial(spot: float, strike: float, *, years: float, volatility: float, is_call: bool) -> float:
    steps, rate, dividend_yield = 800, 0.04, 0.012
    up = np.exp(volatility * np.sqrt(years / steps))
    chance = (np.exp((rate - dividend_yield) * years / steps) - 1 / up) / (up - 1 / up)
    discount, sign = np.exp(-rate * years / steps), 1.0 if is_call else -1.0

    def payoff(step: int) -> NDArray[np.float64]:
        value = np.maximum(sign * (spot * up ** np.arange(step, -step - 1, -2.0) - strike), 0.0)
        return np.asarray(value, dtype=np.float64)

    value = payoff(steps)
    for step in range(steps - 1, -1, -1):
        value = np.maximum(discount * (chance * value[:-1] + (1 - chance) * value[1:]), payoff(step))
    return float(value[0])


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", [85.0, 100.0, 115.0])
@pytest.mark.parametrize(("years", "tolerance"), [(0.02, 0.01), (0.25, 0.04), (1.0, 0.1), (3.0, 0.2)])
def test_stays_close_to_a_fine_binomial_tree(*, years: float, tolerance: float, strike: float, is_call: bool) -> None:
    value = american_price(
        100.0, strike, time_to_expiry=years, volatility=0.2, is_call=is_call, rate=0.04, dividend_yield=0.012
    )
    tree = binomial(100.0, strike, years=years, volatility=0.2, is_call=is_call)
    assert float(value) == pytest.approx(tree, abs=tolerance)


def test_a_call_without_dividends_is_european() -> None:
    terms: dict[str, Any] = {"time_to_expiry": 1.0, "volatility": 0.3, "is_call": True, "rate": 0.05}
    strikes = np.array([50.0, 100.0, 200.0])
    assert american_price(100.0, strikes, **terms) == pytest.approx(bsm_price(100.0, strikes, **terms))
    assert american_greeks(100.0, strikes, **terms).delta == pytest.approx(bsm_greeks(100.0, strikes, **terms).delta)


def test_a_deep_put_is_exercised_now() -> None:
    terms: dict[str, Any] = {"time_to_expiry": 1.0, "volatility": 0.2, "is_call": False, "rate": 0.05}
    greeks = american_greeks(50.0, 100.0, **terms)
    assert float(american_price(50.0, 100.0, **terms)) == 50.0
    assert float(greeks.delta) == -1.0
    assert [float(getattr(greeks, name)) for name in ("gamma", "theta", "vega", "rho")] == [0.0] * 4


def test_expired_and_riskless_options_are_worth_their_intrinsic_value() -> None:
    for terms in ({"time_to_expiry": 0.0, "volatility": 0.2}, {"time_to_expiry": 1e-9, "volatility": 0.2}):
        values = american_price(100.0, [90.0, 110.0], is_call=[True, False], rate=0.05, dividend_yield=0.02, **terms)
        assert values == pytest.approx([10.0, 10.0], abs=1e-3)


def test_wide_ranges_are_finite_without_warnings() -> None:
    grid = np.meshgrid([1e-3, 50.0, 100.0, 1e4], [1e-9, 1e-3, 0.5, 10.0], [1e-6, 0.05, 3.0], [0, 1])
    strike, years, volatility, is_call = (axis.ravel() for axis in grid)
    terms: dict[str, Any] = {"time_to_expiry": years, "volatility": volatility, "is_call": is_call}
    for rate, dividend_yield in ((0.0, 0.0), (0.05, 0.0), (0.0, 0.05), (0.04, 0.012), (1e-6, 0.3)):
        value = american_price(100.0, strike, **terms, rate=rate, dividend_yield=dividend_yield)
        assert np.isfinite(value).all()
        greeks = american_greeks(100.0, strike, **terms, rate=rate, dividend_yield=dividend_yield)
        assert all(np.isfinite(getattr(greeks, name)).all() for name in ("delta", "gamma", "theta", "vega", "rho"))
