from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quantdata.errors import ArgumentError
from quantdata.pricing import (
    Dividends,
    american_price,
    black76_price,
    bsm_greeks,
    implied_volatility,
    lattice_greeks,
    lattice_implied_volatility,
    lattice_price,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RATE = 0.04
# Ex-dates in years: none; one; two years of quarters.
SCHEDULES: dict[str, list[float]] = {
    "no dividend": [],
    "one dividend": [0.13],
    "eight dividends": [0.07 + 0.25 * quarter for quarter in range(8)],
}
DIVIDEND = 0.004  # of the spot, each


@dataclass(frozen=True)
class Sample:
    """American options on one stock: strikes 70 to 130 % of the spot, two days to two years, volatility 8 to 120 %."""

    spot: float
    strike: Floats
    years: Floats
    volatility: Floats
    is_call: NDArray[np.bool_]
    times: list[float]
    dividend_yield: float = 0.0

    @classmethod
    def of(cls, spot: float, times: list[float], *, size: int, dividend_yield: float = 0.0) -> Sample:
        rng = np.random.default_rng(20261118)
        return cls(
            spot=spot,
            strike=spot * rng.uniform(0.7, 1.3, size),
            years=np.exp(rng.uniform(np.log(2 / 365), np.log(2.0), size)),
            volatility=np.exp(rng.uniform(np.log(0.08), np.log(1.2), size)),
            is_call=rng.random(size) < 0.5,
            times=times,
            dividend_yield=dividend_yield,
        )

    def take(self, rows: Any) -> Sample:
        return replace(
            self,
            strike=self.strike[rows],
            years=self.years[rows],
            volatility=self.volatility[rows],
            is_call=self.is_call[rows],
        )

    def dividends_after(self, moment: Floats | float) -> Floats:
        """Return what the dividends after a moment and before expiry are worth at that moment."""
        worth = np.zeros(self.strike.shape)
        for time in self.times:
            is_due = (time > moment) & (time < self.years)
            worth += np.where(is_due, DIVIDEND * self.spot * np.exp(-RATE * (time - moment)), 0.0)
        return worth

    @property
    def terms(self) -> dict[str, Any]:
        discount = np.exp(-RATE * self.years)
        escrowed = (self.spot - self.dividends_after(0.0)) * np.exp(-self.dividend_yield * self.years)
        return {
            "spot": self.spot,
            "forward": escrowed / discount,
            "strike": self.strike,
            "discount": discount,
            "time_to_expiry": self.years,
            "is_call": self.is_call,
            "dividends": Dividends.of(self.times, [DIVIDEND * self.spot] * len(self.times)),
        }

    def tree_price(self, steps: int) -> Floats:
        """Price by a Cox-Ross-Rubinstein tree of the escrowed spot: slow and obvious, the reference."""
        step = self.years / steps
        up = np.exp(self.volatility * np.sqrt(step))
        odds = (np.exp((RATE - self.dividend_yield) * step) - 1.0 / up) / (up - 1.0 / up)
        sign = np.where(self.is_call, 1.0, -1.0)
        escrowed = self.spot - self.dividends_after(0.0)
        values = np.maximum(sign * (escrowed * up ** (2.0 * np.arange(steps + 1)[:, None] - steps) - self.strike), 0.0)
        for time in range(steps - 1, -1, -1):
            held = np.exp(-RATE * step) * (odds * values[1:] + (1.0 - odds) * values[:-1])
            spot = escrowed * up ** (2.0 * np.arange(time + 1)[:, None] - time) + self.dividends_after(time * step)
            values = np.maximum(held, sign * (spot - self.strike))
        return np.asarray(values[0], dtype=np.float64)


CASES = [(spot, times, 0.0) for spot in (100.0, 600.0) for times in SCHEDULES.values()] + [(100.0, [], 0.02)]


@pytest.mark.parametrize(("spot", "times", "dividend_yield"), CASES)
def test_volatilities_of_a_fine_tree_are_found_within_a_tenth_of_a_point(
    spot: float, times: list[float], dividend_yield: float
) -> None:
    sample = Sample.of(spot, times, size=250, dividend_yield=dividend_yield)
    price = sample.tree_price(801)
    found = lattice_implied_volatility(**sample.terms, price=price, least_time_value=0.05)
    points = 100.0 * np.abs(found - sample.volatility)
    assert np.count_nonzero(np.isfinite(points)) > 120
    # A tree of 801 steps may exercise at its own times only: next to an ex-date it loses up to a step's interest on the
    # strike, 0.01 USD. What is further apart is judged by a finer one.
    doubtful = np.flatnonzero(points > 0.1)
    assert doubtful.size <= 2
    assert np.nanmax(np.delete(points, doubtful)) <= 0.1
    if doubtful.size:
        few = sample.take(doubtful)
        found = lattice_implied_volatility(**few.terms, price=few.tree_price(3204), least_time_value=0.05)
        assert 100.0 * np.abs(found - few.volatility) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(("spot", "times", "dividend_yield"), CASES)
def test_prices_are_those_of_a_fine_tree(spot: float, times: list[float], dividend_yield: float) -> None:
    sample = Sample.of(spot, times, size=60, dividend_yield=dividend_yield)
    found = lattice_price(**sample.terms, volatility=sample.volatility)
    assert found / spot == pytest.approx(sample.tree_price(801) / spot, abs=3e-4)


def test_a_missing_volatility_has_too_little_time_value() -> None:
    sample = Sample.of(100.0, SCHEDULES["one dividend"], size=400)
    price = lattice_price(**sample.terms, volatility=sample.volatility)
    found = lattice_implied_volatility(**sample.terms, price=price, least_time_value=0.05)
    # Without volatility: exercised now, at expiry, or just before (a put: after) the dividend.
    sign = np.where(sample.is_call, 1.0, -1.0)
    discount, escrowed = np.exp(-RATE * sample.years), sample.spot - sample.dividends_after(0.0)
    around = np.where(sample.is_call, sample.spot, escrowed) - sample.strike * np.exp(-RATE * sample.times[0])
    certain = np.maximum(sign * (sample.spot - sample.strike), sign * (escrowed - sample.strike * discount))
    certain = np.where(sample.years > sample.times[0], np.maximum(certain, sign * around), certain)
    assert (np.isfinite(found) == (price - np.maximum(certain, 0.0) >= 0.05)).all()


def test_calls_without_a_dividend_are_european_exactly() -> None:
    strike, volatility = np.array([80.0, 100.0, 130.0]), np.array([0.3, 0.2, 0.25])
    terms: dict[str, Any] = {"discount": np.exp(-0.02), "time_to_expiry": 0.5, "is_call": True}
    price = black76_price(100.0 * np.exp(0.02), strike, volatility=volatility, **terms)
    american = lattice_price(100.0, 100.0 * np.exp(0.02), strike, volatility=volatility, **terms)
    assert american.tolist() == price.tolist()
    found = lattice_implied_volatility(100.0, 100.0 * np.exp(0.02), strike, price=price, **terms)
    assert found.tolist() == implied_volatility(100.0 * np.exp(0.02), strike, price=price, **terms).tolist()


def test_a_small_dividend_makes_nobody_exercise_a_call_and_a_large_one_does() -> None:
    terms: dict[str, Any] = {"discount": np.exp(-0.02), "time_to_expiry": 0.5, "is_call": True, "volatility": 0.2}
    for amount, is_early in ((0.5, False), (3.0, True)):
        forward = (100.0 - amount * np.exp(-RATE * 0.3)) * np.exp(0.02)
        european = black76_price(forward, 80.0, **terms)
        american = lattice_price(100.0, forward, 80.0, **terms, dividends=Dividends.of([0.3], [amount]))
        assert (float(american) > float(european) + 0.01) == is_early


def test_a_call_is_exercised_on_the_eve_of_its_last_day_for_its_dividend() -> None:
    # SPY goes ex on the morning of its monthly expiration, so the call is one on the stock with its dividend.
    ex_date, years, volatility = 30 / 365, 30.3 / 365, 0.15
    forward = (600.0 - 1.8 * np.exp(-RATE * ex_date)) * np.exp(RATE * years)
    american = lattice_price(
        600.0,
        forward,
        600.0,
        discount=np.exp(-RATE * years),
        time_to_expiry=years,
        volatility=volatility,
        is_call=True,
        dividends=Dividends.of([ex_date], [1.8]),
    )
    with_dividend = black76_price(
        forward * np.exp(-RATE * (years - ex_date)),
        600.0 - 1.8,
        time_to_expiry=ex_date,
        volatility=volatility,
        is_call=True,
        discount=np.exp(-RATE * ex_date),
    )
    assert float(american) == pytest.approx(float(with_dividend), abs=0.02)


def test_a_schedule_is_scaled_to_the_forward_and_an_absurd_one_is_a_yield() -> None:
    years, volatility = 1.0, 0.25
    discount = np.exp(-RATE)
    terms: dict[str, Any] = {"discount": discount, "time_to_expiry": years, "volatility": volatility, "is_call": False}
    forward = (100.0 - 2.0 * np.exp(-RATE * 0.5)) / discount
    fitting = lattice_price(100.0, forward, 110.0, **terms, dividends=Dividends.of([0.5], [2.0]))
    scaled = lattice_price(100.0, forward, 110.0, **terms, dividends=Dividends.of([0.5], [1.0]))
    absurd = lattice_price(100.0, forward, 110.0, **terms, dividends=Dividends.of([0.5], [100.0]))
    assert float(scaled) == pytest.approx(float(fitting), abs=1e-12)
    assert float(absurd) == float(lattice_price(100.0, forward, 110.0, **terms))


def test_with_a_yield_it_is_near_the_quadratic_approximation() -> None:
    strike = np.linspace(80.0, 120.0, 9)
    rate, dividend_yield, years = 0.05, 0.02, 0.75
    approximate = american_price(
        100.0,
        strike,
        time_to_expiry=years,
        volatility=0.25,
        is_call=False,
        rate=rate,
        dividend_yield=dividend_yield,
    )
    found = lattice_price(
        100.0,
        100.0 * np.exp((rate - dividend_yield) * years),
        strike,
        discount=np.exp(-rate * years),
        time_to_expiry=years,
        volatility=0.25,
        is_call=False,
    )
    assert found == pytest.approx(approximate, abs=0.1)  # 0.1 % of the strike


@pytest.mark.parametrize("times", SCHEDULES.values(), ids=SCHEDULES)
def test_greeks_are_the_derivatives_of_the_price(times: list[float]) -> None:
    years, is_call = np.array([0.1, 0.1, 0.9, 0.9, 1.7]), np.array([True, False, True, False, False])
    strike, volatility = np.array([97.0, 104.0, 90.0, 108.0, 95.0]), np.array([0.2, 0.3, 0.25, 0.2, 0.45])

    def price(*, spot: float = 100.0, later: float = 0.0, more: float = 0.0, rate: float = RATE) -> Floats:
        moments = [time - later for time in times]
        cash = np.zeros(years.shape)
        for time in times:
            cash += np.where(time < years, 0.4 * np.exp(-rate * (time - later)), 0.0)
        discount = np.exp(-rate * (years - later))
        return lattice_price(
            spot,
            (spot - cash) / discount,
            strike,
            discount=discount,
            time_to_expiry=years - later,
            volatility=volatility + more,
            is_call=is_call,
            dividends=Dividends.of(moments, [0.4] * len(times)),
        )

    cash = np.zeros(years.shape)
    for time in times:
        cash += np.where(time < years, 0.4 * np.exp(-RATE * time), 0.0)
    discount = np.exp(-RATE * years)
    greeks = lattice_greeks(
        100.0,
        (100.0 - cash) / discount,
        strike,
        discount=discount,
        time_to_expiry=years,
        volatility=volatility,
        is_call=is_call,
        dividends=Dividends.of(times, [0.4] * len(times)),
    )
    bump = 2.0
    up, here, down = price(spot=100.0 + bump), price(), price(spot=100.0 - bump)
    assert greeks.delta == pytest.approx((up - down) / (2 * bump), abs=4e-3)
    assert greeks.gamma == pytest.approx((up - 2 * here + down) / bump**2, abs=1.5e-3)
    assert greeks.vega == pytest.approx((price(more=0.01) - price(more=-0.01)) / 2.0, abs=3e-3)
    assert greeks.rho == pytest.approx((price(rate=RATE + 0.005) - price(rate=RATE - 0.005)), abs=5e-3)
    day = 1.0 / 365.0
    assert greeks.theta == pytest.approx((price(later=2 * day) - price(later=-2 * day)) / 4.0, abs=2e-3)


def test_greeks_of_calls_without_a_dividend_are_the_european_ones() -> None:
    strike = np.array([85.0, 100.0, 120.0])
    european = bsm_greeks(100.0, strike, time_to_expiry=0.4, volatility=0.3, is_call=True, rate=RATE)
    found = lattice_greeks(
        100.0,
        100.0 * np.exp(RATE * 0.4),
        strike,
        discount=np.exp(-RATE * 0.4),
        time_to_expiry=0.4,
        volatility=0.3,
        is_call=True,
    )
    for name in ("delta", "gamma", "theta", "vega", "rho"):
        assert getattr(found, name) == pytest.approx(getattr(european, name), rel=1e-9)


def test_a_put_to_be_exercised_now_has_a_delta_of_minus_one_and_nothing_else() -> None:
    terms: dict[str, Any] = {"discount": np.exp(-RATE), "time_to_expiry": 1.0, "volatility": 0.1, "is_call": False}
    forward = 100.0 * np.exp(RATE)
    greeks = lattice_greeks(100.0, forward, 150.0, **terms)
    assert float(lattice_price(100.0, forward, 150.0, **terms)) == pytest.approx(50.0, abs=1e-3)
    assert [float(each) for each in (greeks.delta, greeks.gamma, greeks.theta, greeks.vega, greeks.rho)] == [
        -1.0,
        0.0,
        0.0,
        0.0,
        0.0,
    ]


def test_rows_that_cannot_be_priced_are_nan_and_leave_the_others_alone() -> None:
    spot = np.array([100.0, np.nan, 100.0, 0.0, 100.0, 100.0])
    years = np.array([0.5, 0.5, 0.0, 0.5, np.inf, 0.5])
    terms: dict[str, Any] = {"discount": 0.98, "time_to_expiry": years, "is_call": False}
    price = lattice_price(spot, 101.0, 100.0, volatility=0.2, **terms)
    assert np.isnan(price).tolist() == [False, True, True, True, True, False]
    found = lattice_implied_volatility(spot, 101.0, 100.0, price=price, **terms)
    assert found == pytest.approx([0.2, np.nan, np.nan, np.nan, np.nan, 0.2], abs=1e-5, nan_ok=True)
    delta = lattice_greeks(spot, 101.0, 100.0, volatility=[[0.2], [np.nan]], **terms).delta
    assert np.isnan(delta).tolist() == [[False, True, True, True, True, False], [True] * 6]
    nothing = lattice_implied_volatility([], [], [], price=[], discount=[], time_to_expiry=[], is_call=[])
    assert nothing.shape == (0,)


def test_wide_ranges_are_finite_without_warnings() -> None:
    grid = np.meshgrid([1.0, 60.0, 100.0, 1e3], [1e-5, 1e-2, 3.0], [1e-3, 0.05, 5.0], [0.0, 1.0], [0.2, 0.95, 1.05])
    strike, years, volatility, is_call, carried = (axis.ravel() for axis in grid)
    for dividends in (Dividends.of([], []), Dividends.of([0.001, 1.0], [50.0, 1.0])):
        terms: dict[str, Any] = {
            "spot": 100.0,
            "forward": 100.0 * carried,
            "strike": strike,
            "discount": 0.97,
            "time_to_expiry": years,
            "is_call": is_call,
            "dividends": dividends,
        }
        price = lattice_price(**terms, volatility=volatility)
        assert np.isfinite(price).all()
        assert np.isfinite(lattice_greeks(**terms, volatility=volatility).delta).all()
        found = lattice_implied_volatility(**terms, price=price)
        assert (np.isnan(found) | (found > 0.0)).all()


@pytest.mark.parametrize(
    ("times", "amounts"), [([0.5], []), ([0.5], [-1.0]), ([np.nan], [1.0]), ([0.5], [np.inf]), ([np.inf], [1.0])]
)
def test_what_is_no_schedule_is_refused(times: list[float], amounts: list[float]) -> None:
    with pytest.raises(ArgumentError, match="dividends"):
        Dividends.of(times, amounts)


def test_a_schedule_is_sorted_and_keeps_what_is_to_come() -> None:
    schedule = Dividends.of([0.5, -0.1, 0.25, 0.75], [1.0, 2.0, 3.0, 0.0])
    assert schedule == Dividends((0.25, 0.5), (3.0, 1.0))
