"""Option pricing over arrays: greeks and implied volatility of a chain, beside libraries that take one at a time."""

from __future__ import annotations

import time
import warnings
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import numpy as np

from quantdata.pricing import (
    Dividends,
    black76_price,
    bsm_greeks,
    fast,
    implied_volatility,
    lattice_implied_volatility,
    lattice_price,
    tree,
)
from quantdata.pricing.fast import Background
from tests.benchmarks.runner import Comparison

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["run"]

CONTRACTS: Final = 10_000
# Libraries that price one option a call are timed on so many, and the time is multiplied.
SAMPLE: Final = 500
TREE_SAMPLE: Final = 20
TREE_STEPS: Final = 801
RATE: Final = 0.04
SPOT: Final = 600.0
# Quarterly, of 0.3 % of the spot.
EX_DATES: Final = [0.08 + 0.25 * quarter for quarter in range(8)]
DIVIDEND: Final = 1.8


def run(*, rounds: int) -> list[Comparison]:
    """Time greeks and implied volatility of a chain of 10,000 contracts."""
    chain = _chain()
    return [_greeks(chain, rounds), _european(chain, rounds), _american(chain, rounds)]


def _chain() -> dict[str, Any]:
    """Return strikes of 70 to 130 % of the spot in thirty expirations of a day to two years, with a smile."""
    rng = np.random.default_rng(20261118)
    years = np.repeat(np.geomspace(1 / 365, 2.0, 30), CONTRACTS // 30 + 1)[:CONTRACTS]
    strike = np.round(SPOT * rng.uniform(0.7, 1.3, CONTRACTS))
    volatility = 0.15 + 0.4 * np.log(strike / SPOT) ** 2 + 0.1 * np.maximum(np.log(SPOT / strike), 0.0)
    return {
        "strike": strike,
        "years": years,
        "volatility": volatility,
        "is_call": rng.random(CONTRACTS) < 0.5,
        "discount": np.exp(-RATE * years),
    }


def _greeks(chain: dict[str, Any], rounds: int) -> Comparison:
    years, is_call, volatility = chain["years"], chain["is_call"], chain["volatility"]
    ours = partial(
        bsm_greeks, SPOT, chain["strike"], time_to_expiry=years, volatility=volatility, is_call=is_call, rate=RATE
    )
    analytical = _vollib("black_scholes.greeks.analytical")
    names = ("delta", "gamma", "theta", "vega", "rho")

    def loop() -> None:
        for row in range(SAMPLE):
            flag = "c" if is_call[row] else "p"
            for name in names:
                getattr(analytical, name)(flag, SPOT, chain["strike"][row], years[row], RATE, volatility[row])

    figures = _scaled({"bsm_greeks": (ours, 1.0), "py_vollib, a loop": (loop, CONTRACTS / SAMPLE)}, rounds)
    goals = {"py_vollib, a loop": "<= 1/50"}
    return Comparison(
        "Greeks, European", f"{CONTRACTS:,} contracts, five greeks; {_told(SAMPLE)}", "ms", figures, goals
    )


def _european(chain: dict[str, Any], rounds: int) -> Comparison:
    forward, strike, years = SPOT / chain["discount"], chain["strike"], chain["years"]
    terms = {"time_to_expiry": years, "is_call": chain["is_call"], "discount": chain["discount"]}
    price = black76_price(forward, strike, volatility=chain["volatility"], **terms)
    # Out of the money, as a loop must ask for: in the money little is left of the time value, and they refuse.
    out = np.flatnonzero((chain["is_call"] == (strike > forward)) & (price > 1e-4))[:SAMPLE]
    rational, vollib = _lets_be_rational(), _vollib("black_scholes.implied_volatility")

    def lets_be_rational() -> None:
        for row in out:
            undiscounted = price[row] / chain["discount"][row]
            rational(undiscounted, forward[row], strike[row], years[row], 1 if chain["is_call"][row] else -1)

    def py_vollib() -> None:
        for row in out:
            flag = "c" if chain["is_call"][row] else "p"
            vollib.implied_volatility(price[row], SPOT, strike[row], years[row], RATE, flag)

    figures = _scaled(
        {
            "implied_volatility": (partial(implied_volatility, forward, strike, price=price, **terms), 1.0),
            "py_lets_be_rational, a loop": (lets_be_rational, CONTRACTS / out.size),
            "py_vollib, a loop": (py_vollib, CONTRACTS / out.size),
        },
        rounds,
    )
    goals = {"py_lets_be_rational, a loop": "<= 1/50", "py_vollib, a loop": "<= 1/50"}
    return Comparison(
        "Implied volatility, European", f"{CONTRACTS:,} contracts; {_told(out.size)}", "ms", figures, goals
    )


def _american(chain: dict[str, Any], rounds: int) -> Comparison:
    years, discount = chain["years"], chain["discount"]
    cash = sum(
        (np.where(each < years, DIVIDEND * np.exp(-RATE * each), 0.0) for each in EX_DATES), np.zeros(years.shape)
    )
    terms = {
        "discount": discount,
        "time_to_expiry": years,
        "is_call": chain["is_call"],
        "dividends": Dividends.of(EX_DATES, [DIVIDEND] * len(EX_DATES)),
    }
    forward = (SPOT - cash) / discount
    price = np.round(lattice_price(SPOT, forward, chain["strike"], volatility=chain["volatility"], **terms), 2)
    ours = partial(
        lattice_implied_volatility, SPOT, forward, chain["strike"], price=price, least_time_value=0.05, **terms
    )
    rows = np.flatnonzero(np.isfinite(ours()) & ~chain["is_call"])[:: CONTRACTS // (8 * TREE_SAMPLE)][:TREE_SAMPLE]
    options = [_quantlib_option(chain, row) for row in rows]
    compiled = Background(fast.compiled, is_wanted=lambda: True)
    compiled.wait()

    def by_numba() -> object:
        with patch.object(tree, "LOOPS", compiled):
            return ours()

    def quantlib_price() -> None:
        for option in options:
            option.recalculate()

    figures = _scaled(
        {
            "lattice_implied_volatility": (ours, 1.0),
            "lattice_implied_volatility, numba": (by_numba, 1.0),
            "QuantLib, one price each, a loop": (quantlib_price, CONTRACTS / rows.size),
        },
        rounds,
    )
    conditions = (
        f"{CONTRACTS:,} contracts, eight dividends; QuantLib: binomial, {TREE_STEPS} steps, no dividends, and a price "
        f"only, of which a volatility needs several; {_told(rows.size)}"
    )
    return Comparison(
        "Implied volatility, American", conditions, "ms", figures, {"lattice_implied_volatility, numba": "<= 30 ms"}
    )


def _quantlib_option(chain: dict[str, Any], row: int) -> Any:
    ql: Any = import_module("QuantLib")  # as its own documentation abbreviates it
    today, counter = ql.Date(18, 11, 2026), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    flat = ql.YieldTermStructureHandle(ql.FlatForward(today, RATE, counter))
    none = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, counter))
    smile = ql.BlackConstantVol(today, ql.NullCalendar(), float(chain["volatility"][row]), counter)
    spot = ql.QuoteHandle(ql.SimpleQuote(SPOT))
    process = ql.BlackScholesMertonProcess(spot, none, flat, ql.BlackVolTermStructureHandle(smile))
    expiry = today + max(1, round(float(chain["years"][row]) * 365))
    payoff = ql.PlainVanillaPayoff(ql.Option.Put, float(chain["strike"][row]))
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, expiry))
    option.setPricingEngine(ql.BinomialVanillaEngine(process, "crr", TREE_STEPS))
    return option


def _lets_be_rational() -> Any:
    return _quietly("py_lets_be_rational").implied_volatility_from_a_transformed_rational_guess


def _vollib(name: str) -> Any:
    """Return a module of vollib, or of py_vollib as it was called before."""
    try:
        return _quietly(f"vollib.{name}")
    except ImportError:
        return _quietly(f"py_vollib.{name}")


def _quietly(module: str) -> Any:
    """Import what warns that it has a new name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(module)


def _told(count: int) -> str:
    return f"loops timed on {count} and multiplied"


def _scaled(
    ways: dict[str, tuple[Callable[[], NDArray[np.float64] | object], float]], rounds: int
) -> dict[str, list[float]]:
    """Time each way in turn, after one round to warm up: milliseconds, multiplied where it did a part only."""
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, (way, factor) in ways.items():
            began = time.perf_counter()
            way()
            if number:
                figures[name].append((time.perf_counter() - began) * 1e3 * factor)
    return figures
