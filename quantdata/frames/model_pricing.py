"""Implied volatility and greeks of a chain's rows: European ones by Black-76, American ones on the lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.pricing import (
    Greeks,
    black76_greeks,
    bsm_greeks,
    implied_volatility,
    lattice_greeks,
    lattice_implied_volatility,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.frames.model_forward import Carry
    from quantdata.frames.model_rows import Rows
    from quantdata.pricing import Dividends

    Floats = NDArray[np.float64]
    Positions = NDArray[np.intp]

__all__ = ["GREEKS", "row_greeks", "row_volatilities"]

GREEKS: Final = ("delta", "gamma", "theta", "vega", "rho")
# Time value that a price must have to tell a volatility; of American options in USD too, below which the tree's own
# error would.
_LEAST_TICKS: Final = 2.0
_LEAST_TIME_VALUE: Final = 0.05
# Of a European option in the money, time value is what a large price and a forward differ by, each known to about a
# tick; out of the money it is the price itself.
_OUT_OF_THE_MONEY_TICKS: Final = 0.5


def row_volatilities(rows: Rows, carried: Carry, dividends: Dividends) -> Floats:
    """Return what each row's mid implies; NaN where it cannot be priced or has too little time value."""
    volatility = np.full(rows.years.shape, np.nan)
    american = np.flatnonzero(rows.is_priceable & rows.is_american)
    if american.size:
        volatility[american] = lattice_implied_volatility(
            **_american_terms(rows, carried, american),
            price=rows.mid[american],
            least_time_value=np.maximum(_LEAST_TICKS * rows.tick[american], _LEAST_TIME_VALUE),
            dividends=dividends,
        )
    european = np.flatnonzero(rows.is_priceable & ~rows.is_american)
    if european.size:
        volatility[european] = _european_volatilities(rows, carried, european)
    return volatility


def _european_volatilities(rows: Rows, carried: Carry, some: Positions) -> Floats:
    terms = _european_terms(rows, carried, some)
    sign = np.where(rows.is_call[some], 1.0, -1.0)
    intrinsic = np.maximum(sign * (terms["forward"] - terms["strike"]), 0.0) * terms["discount"]
    ticks = np.where(intrinsic > 0.0, _LEAST_TICKS, _OUT_OF_THE_MONEY_TICKS)
    is_enough = rows.mid[some] - intrinsic >= ticks * rows.tick[some]
    return implied_volatility(**terms, price=np.where(is_enough, rows.mid[some], np.nan))


def row_greeks(rows: Rows, carried: Carry, dividends: Dividends, *, volatility: Floats) -> Greeks:
    """Return the greeks of every row with a volatility; NaN elsewhere.

    Delta and gamma are per USD of the spot; of a volatility index, which has none, per point of the forward.
    """
    known = np.isfinite(volatility)
    found = {name: np.full(volatility.shape, np.nan) for name in GREEKS}
    american = np.flatnonzero(known & rows.is_american)
    if american.size:
        terms = _american_terms(rows, carried, american)
        _write(found, american, lattice_greeks(**terms, volatility=volatility[american], dividends=dividends))
    has_spot = rows.table.has_spot[rows.series]
    on_spot = np.flatnonzero(known & ~rows.is_american & has_spot)
    if on_spot.size:
        _write(found, on_spot, _spot_greeks(rows, carried, on_spot, volatility[on_spot]))
    on_forward = np.flatnonzero(known & ~rows.is_american & ~has_spot)
    if on_forward.size:
        terms = _european_terms(rows, carried, on_forward)
        _write(found, on_forward, black76_greeks(**terms, volatility=volatility[on_forward]))
    return Greeks(**found)


def _write(found: dict[str, Floats], some: Positions, greeks: Greeks) -> None:
    for name, values in found.items():
        values[some] = getattr(greeks, name)


def _spot_greeks(rows: Rows, carried: Carry, some: Positions, volatility: Floats) -> Greeks:
    spot, years = carried.spot[rows.series[some]], rows.years[some]
    rate = -np.log(rows.discount[some]) / years
    return bsm_greeks(
        spot,
        rows.strike[some],
        time_to_expiry=years,
        volatility=volatility,
        is_call=rows.is_call[some],
        rate=rate,
        dividend_yield=rate - np.log(carried.forward[rows.series[some]] / spot) / years,
    )


def _european_terms(rows: Rows, carried: Carry, some: Positions) -> dict[str, Floats]:
    return _terms(rows, some) | {"forward": carried.forward[rows.series[some]]}


def _american_terms(rows: Rows, carried: Carry, some: Positions) -> dict[str, Floats]:
    """Return the terms with spot and forward. An older quote has longer to go, and the same spot and dividends: so its
    forward is the spot without the dividends, grown until expiry from its own instant.
    """  # noqa: D205 - two sentences
    series = rows.series[some]
    forward = carried.escrowed[series] / rows.discount[some]
    return _terms(rows, some) | {"spot": carried.spot[series], "forward": forward}


def _terms(rows: Rows, some: Positions) -> dict[str, Floats]:
    return {
        "strike": rows.strike[some],
        "discount": rows.discount[some],
        "time_to_expiry": rows.years[some],
        "is_call": rows.is_call[some].astype(np.float64),
    }
