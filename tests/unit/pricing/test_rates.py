from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from quantdata.errors import ArgumentError
from quantdata.pricing import DEFAULT_RATE, RateCurve


def test_one_rate_holds_for_every_maturity() -> None:
    curve = RateCurve.of(0.05)
    assert curve.rate([0.0, 0.1, 30.0]).tolist() == [0.05, 0.05, 0.05]
    assert curve.discount(2.0) == pytest.approx(np.exp(-0.1))


def test_rates_are_linear_between_maturities_and_flat_outside() -> None:
    curve = RateCurve.of({365: 0.039, 30: 0.043, 730: 0.035})
    days = np.array([1.0, 30.0, 197.5, 365.0, 547.5, 9999.0])
    assert curve.rate(days / 365.0) == pytest.approx([0.043, 0.043, 0.041, 0.039, 0.037, 0.035])


def test_nothing_is_discounted_that_is_due() -> None:
    curve = RateCurve.of(DEFAULT_RATE)
    assert curve.discount([0.0, -1.0]).tolist() == [1.0, 1.0]
    assert np.isnan(curve.discount(np.nan))


def test_numbers_of_numpy_and_zero_and_negative_rates_are_rates() -> None:
    assert RateCurve.of(np.float64(0.02)) == RateCurve.of(0.02)
    assert RateCurve.of(0) == RateCurve.of(0.0)
    assert float(RateCurve.of(-0.005).discount(1.0)) > 1.0


def test_a_curve_is_taken_as_it_is() -> None:
    curve = RateCurve.of({7: 0.05})
    assert RateCurve.of(curve) is curve


@pytest.mark.parametrize(
    "rates",
    [
        4.0,
        0.51,
        -0.06,
        float("nan"),
        float("inf"),
        True,
        "0.04",
        None,
        [0.04],
        {},
        {30: "0.04"},
        {30: 4.3},
        {30: float("nan")},
        {30: True},
        {0: 0.04},
        {-1: 0.04},
        {"30": 0.04},
        {True: 0.04},
        {float("nan"): 0.04},
        {float("inf"): 0.04},
    ],
)
def test_what_is_no_rate_is_refused_with_an_example(rates: Any) -> None:
    with pytest.raises(ArgumentError, match=r"\{30: 0\.043, 365: 0\.039\}"):
        RateCurve.of(rates)
