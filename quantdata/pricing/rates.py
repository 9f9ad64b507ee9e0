"""Interest rates by maturity: a small curve of zero rates, or one rate for all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.errors import ArgumentError
from quantdata.pricing.european import DAYS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["DEFAULT_RATE", "RateCurve"]

# What is taken when nobody says otherwise: a round figure within the range of US Treasury bills of 2023 to 2026. An
# option of one month at the money moves by 0.03 % of the spot for one percentage point.
DEFAULT_RATE: Final = 0.04
_LOWEST: Final = -0.05
_HIGHEST: Final = 0.5
_EXAMPLE: Final = "give one rate as 0.04, or rates by days as {30: 0.043, 365: 0.039}"


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Zero rates by maturity, continuously compounded, ACT/365; made by `RateCurve.of`.

    Attributes
    ----------
    days
        Maturities in calendar days, rising.
    rates
        Zero rate of each, an annual fraction. Between maturities the rate is linear, outside them flat.
    """

    days: tuple[float, ...]
    rates: tuple[float, ...]

    @classmethod
    def of(cls, rates: float | Mapping[int, float] | RateCurve) -> RateCurve:
        """Return the curve of one rate, or of rates by days to maturity.

        Raises
        ------
        ArgumentError
            If there is no rate, a rate is no number from -0.05 to 0.5 (annual fractions, not percent), or a maturity is
            no positive number of days.

        Examples
        --------
        >>> RateCurve.of({30: 0.043, 365: 0.039}).rate([0.0, 1.0, 30.0])
        array([0.043, 0.039, 0.039])
        """
        if isinstance(rates, RateCurve):
            return rates
        if not isinstance(rates, Mapping):
            return cls((0.0,), (_rate(rates),))
        if not rates:
            raise ArgumentError(f"rates={rates!r}: {_EXAMPLE}")
        points = sorted((_maturity(days), _rate(rate)) for days, rate in rates.items())
        return cls(tuple(days for days, _ in points), tuple(rate for _, rate in points))

    def rate(self, years: ArrayLike) -> Floats:
        """Return the zero rate to each maturity in years: annual fractions; NaN of NaN."""
        days = np.asarray(years, dtype=np.float64) * DAYS_PER_YEAR
        return np.asarray(np.interp(days, self.days, self.rates), dtype=np.float64)

    def discount(self, years: ArrayLike) -> Floats:
        """Return the present value of one USD in each number of years; 1 of now and of what is past, NaN of NaN."""
        ahead = np.maximum(np.asarray(years, dtype=np.float64), 0.0)
        return np.asarray(np.exp(-self.rate(ahead) * ahead), dtype=np.float64)


def _rate(rate: object) -> float:
    value = _number(rate)
    # NaN is in no range.
    if value is None or not _LOWEST <= value <= _HIGHEST:
        raise ArgumentError(
            f"the rate {rate!r} is no number from {_LOWEST} to {_HIGHEST}: rates are annual fractions, 4 % is 0.04; "
            + _EXAMPLE
        )
    return value


def _maturity(days: object) -> float:
    value = _number(days)
    if value is None or not 0.0 < value < math.inf:
        raise ArgumentError(f"the maturity {days!r} is no positive number of days: {_EXAMPLE}")
    return value


def _number(value: object) -> float | None:
    """Return a number as a float, also numpy's; None of anything else, a bool among it."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    return float(value)
