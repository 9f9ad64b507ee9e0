"""Cash dividends of an underlying, and options on it as a lattice needs them: the spot split into stock and cash.

The lattice runs on the spot without the present value of the dividends before expiry (*escrowed dividends*), which is
the discounted forward. An option that is exercised yields that, plus what the dividends still to come are worth then.

References
----------
Roll, R. (1977), "An Analytic Valuation Formula for Unprotected American Call Options on Stocks with Known Dividends",
Journal of Financial Economics 5(2): the escrowed spot.
Merton, R. C. (1973), "Theory of Rational Option Pricing", Bell Journal of Economics 4(1): when nobody exercises early.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["NO_DIVIDENDS", "Contracts", "Dividends"]

# How far what the forward says of the dividends may be from the schedule for the schedule to be believed.
_LEAST_SCALE: Final = 0.25
_MOST_SCALE: Final = 4.0
# A yield whose effect over the whole life is under this share of the spot is rounding.
_LEAST_YIELD: Final = 1e-7


@dataclass(frozen=True, slots=True)
class Dividends:
    """Cash dividends of one underlying; made by `Dividends.of`.

    Attributes
    ----------
    times
        Years from now to each ex-date, rising: who holds the share until then gets the dividend.
    amounts
        USD per share of each, when it is paid.
    """

    times: tuple[float, ...]
    amounts: tuple[float, ...]

    @classmethod
    def of(cls, times: Iterable[float], amounts: Iterable[float]) -> Dividends:
        """Return a schedule; what is past, at the moment or without an amount is left out.

        Raises
        ------
        ArgumentError
            If there are more times than amounts or fewer, an amount is negative, or either is not finite.
        """
        moments, cash = [float(each) for each in times], [float(each) for each in amounts]
        if len(moments) != len(cash):
            raise ArgumentError(f"{len(moments)} times of dividends and {len(cash)} amounts")
        if not all(map(math.isfinite, [*moments, *cash])) or min(cash, default=0.0) < 0.0:
            raise ArgumentError("times and amounts of dividends are finite numbers, amounts not negative")
        coming = sorted(pair for pair in zip(moments, cash, strict=True) if pair[0] > 0.0 and pair[1] > 0.0)
        return cls(tuple(time for time, _ in coming), tuple(amount for _, amount in coming))


NO_DIVIDENDS: Final = Dividends((), ())


@dataclass(frozen=True, slots=True)
class Contracts:
    """American options, one an entry of each array.

    Attributes
    ----------
    spot, escrowed
        USD: the spot, and without the dividends before expiry: the discounted forward.
    strike, years, rate
        USD, years to expiry, continuously compounded rate to expiry.
    sign
        1 of a call, -1 of a put.
    cash
        USD today, one row a dividend: its present value; 0 where it comes after expiry or the contract has a yield.
    times
        Years to each dividend.
    dividend_yield
        Continuous; 0 where the cash explains the forward.
    """

    spot: Floats
    escrowed: Floats
    strike: Floats
    years: Floats
    rate: Floats
    sign: Floats
    cash: Floats
    times: tuple[float, ...]
    dividend_yield: Floats

    @classmethod
    def of(
        cls,
        spot: ArrayLike,
        forward: ArrayLike,
        strike: ArrayLike,
        *,
        discount: ArrayLike,
        time_to_expiry: ArrayLike,
        is_call: ArrayLike,
        dividends: Dividends,
    ) -> Contracts:
        """Return contracts of broadcast arguments that are all finite and positive.

        The schedule's amounts are scaled, for each contract, to what spot and forward say of them; when that is far
        from the schedule, or no dividend comes before expiry, their difference is a continuous yield.
        """
        given = (spot, forward, strike, discount, time_to_expiry)
        spots, forwards, strikes, discounts, years, calls = np.broadcast_arrays(
            *(np.asarray(each, dtype=np.float64) for each in given), np.asarray(is_call, dtype=np.bool_)
        )
        escrowed, rates = forwards * discounts, -np.log(discounts) / years
        times = np.asarray(dividends.times).reshape(-1, 1)
        amounts = np.asarray(dividends.amounts).reshape(-1, 1)
        scheduled = np.where(times < years, amounts * np.exp(-rates * times), 0.0)
        total = scheduled.sum(axis=0)
        scale = np.divide(spots - escrowed, total, out=np.zeros(spots.shape), where=total > 0.0)
        is_cash = (scale >= _LEAST_SCALE) & (scale <= _MOST_SCALE)
        share = np.log(spots / escrowed)
        has_yield = ~is_cash & (np.abs(share) > _LEAST_YIELD)
        return cls(
            spot=spots,
            escrowed=escrowed,
            strike=strikes,
            years=years,
            rate=rates,
            sign=np.where(calls, 1.0, -1.0),
            cash=np.where(is_cash, scheduled * scale, 0.0),
            times=dividends.times,
            dividend_yield=np.where(has_yield, share / years, 0.0),
        )

    @property
    def discount(self) -> Floats:
        """Present value of one USD at expiry."""
        return np.asarray(np.exp(-self.rate * self.years), dtype=np.float64)

    @property
    def intrinsic(self) -> Floats:
        """What exercising now yields, USD; negative where it costs."""
        return self.sign * (self.spot - self.strike)

    @property
    def is_european(self) -> Flags:
        """Where early exercise is never worth while: calls whose every dividend is less than the interest on the strike
        until the next one (Merton 1973).
        """  # noqa: D205 - one sentence
        never = (self.sign > 0.0) & (self.dividend_yield <= 0.0) & (self.rate >= 0.0)
        until = self.years
        for time, cash in zip(reversed(self.times), self.cash[::-1], strict=True):
            # Both sides in the present value of today.
            interest = self.strike * (np.exp(-self.rate * time) - np.exp(-self.rate * until))
            never &= cash <= interest
            until = np.where(cash > 0.0, time, until)
        return never

    @property
    def least_value(self) -> Floats:
        """The value without volatility, USD: the best of exercising now, beside a dividend, and at expiry."""
        best = np.maximum(self.sign * (self.escrowed - self.strike * self.discount), self.intrinsic)
        still = self.cash.sum(axis=0)
        for time, cash in zip(self.times, self.cash, strict=True):
            # A call takes the dividend along, a put waits until it is gone.
            kept = np.where(self.sign > 0.0, still, still - cash)
            then = self.sign * (self.escrowed + kept - self.strike * np.exp(-self.rate * time))
            best = np.where(cash > 0.0, np.maximum(best, then), best)
            still = still - cash
        return np.maximum(best, 0.0)

    def take(self, rows: NDArray[np.intp] | Flags | slice) -> Contracts:
        """Return some of the contracts."""
        return Contracts(
            spot=self.spot[rows],
            escrowed=self.escrowed[rows],
            strike=self.strike[rows],
            years=self.years[rows],
            rate=self.rate[rows],
            sign=self.sign[rows],
            cash=self.cash[:, rows],
            times=self.times,
            dividend_yield=self.dividend_yield[rows],
        )

    def with_rate(self, rate: Floats) -> Contracts:
        """Return the contracts at another rate, with the same spot, the same yield and the same dividends."""
        moments = np.asarray(self.times).reshape(-1, 1)
        cash = self.cash * np.exp((self.rate - rate) * moments)
        escrowed = self.escrowed + self.cash.sum(axis=0) - cash.sum(axis=0)
        return replace(self, rate=rate, cash=cash, escrowed=escrowed)
