"""Greeks as ORATS makes them for the vendor: once an hour, one set per strike, computed for the call.

So a put's gamma, theta, vega, rho and phi are its call's, and its delta is the call's less one. Only the implied
volatilities of bid and ask are each row's own.

References
----------
Units, the rule of one set per strike and the rule of ``bid_iv``: reference/tradier.md §5.3.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from quantdata.pricing import american_greeks, american_price, bsm_greeks, bsm_price
from quantdata.sessions import Session, find_session, previous_session, session_day
from quantdata.sim.tradier.implied import implied_volatility

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from quantdata.sim.views import SurfaceView

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

__all__ = ["Greeks", "greeks_of", "stamp_before"]

_HOUR: Final = timedelta(hours=1)
_BEFORE_THE_HOUR: Final = timedelta(seconds=73)  # 58:47 past the one before, as recorded
_AFTER_CLOSE: Final = timedelta(seconds=1)
_PER_POINT: Final = 0.01
_YIELD_BUMP: Final = 1e-5
_DECIMALS, _SMOOTH_DECIMALS = 6, 3


class Greeks(msgspec.Struct):
    """One row's greeks in the vendor's order: theta per calendar day, vega, rho and phi per percentage point."""

    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float
    phi: float
    bid_iv: float
    mid_iv: float
    ask_iv: float
    smv_vol: float
    updated_at: str  # UTC, without a zone


def stamp_before(at: datetime) -> datetime:
    """Return when the greeks shown at a moment were made, UTC.

    They are made shortly before every full hour of a session, and a last time a second after its close.
    """
    today = find_session(session_day(at))
    if today is None or at < _stamps(today)[0]:
        return _stamps(previous_session(session_day(at)))[-1]
    return max(stamp for stamp in _stamps(today) if stamp <= at)


def _stamps(session: Session) -> list[datetime]:
    half_past_nine = session.open - timedelta(minutes=30)
    hours = int((session.close - half_past_nine) / _HOUR)
    hourly = [half_past_nine + _HOUR * (number + 1) - _BEFORE_THE_HOUR for number in range(hours)]
    return [*(stamp.astimezone(UTC) for stamp in hourly), session.close + _AFTER_CLOSE]


def greeks_of(surface: SurfaceView, expiration: np.datetime64) -> Mapping[str, Greeks]:
    """Return the greeks of an expiration's contracts by symbol; without those whose payoff is fixed."""
    listing = surface.listing
    rows = np.flatnonzero((listing.expiration == expiration) & np.isfinite(surface.volatility))
    if len(rows) == 0:
        return {}
    columns = _of_calls(surface, rows)
    columns["delta"] = columns["delta"] - np.where(listing.is_call[rows], 0.0, 1.0)
    columns |= _implied(surface, rows)
    columns["smv_vol"] = np.round(surface.volatility[rows], _SMOOTH_DECIMALS)
    updated_at = f"{surface.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    numbers = zip(*(column.tolist() for column in columns.values()), strict=True)
    values = (Greeks(**dict(zip(columns, row, strict=True)), updated_at=updated_at) for row in numbers)
    return dict(zip(listing.symbol[rows].tolist(), values, strict=True))


def _of_calls(surface: SurfaceView, rows: Rows) -> dict[str, Floats]:
    """Return the greeks of the call of each row's strike."""
    is_european = bool(surface.listing.is_european[rows[0]])
    spot, strike = surface.spot[rows], surface.listing.strike[rows]
    years, volatility = surface.years[rows], surface.volatility[rows]
    made = (bsm_greeks if is_european else american_greeks)(
        spot,
        strike,
        time_to_expiry=years,
        volatility=volatility,
        is_call=True,
        rate=surface.rate,
        dividend_yield=surface.dividend_yield,
    )
    value, higher = (
        (bsm_price if is_european else american_price)(
            spot,
            strike,
            time_to_expiry=years,
            volatility=volatility,
            is_call=True,
            rate=surface.rate,
            dividend_yield=dividend_yield,
        )
        for dividend_yield in (surface.dividend_yield, surface.dividend_yield + _YIELD_BUMP)
    )
    columns = {name: np.asarray(getattr(made, name)) for name in ("delta", "gamma", "theta", "vega", "rho")}
    return columns | {"phi": np.asarray((higher - value) / _YIELD_BUMP * _PER_POINT)}


def _implied(surface: SurfaceView, rows: Rows) -> dict[str, Floats]:
    """Return the volatilities at bid, middle and ask of each row's own option."""
    price_of = bsm_price if surface.listing.is_european[rows[0]] else american_price

    def value(volatility: Floats, part: Rows) -> Floats:
        each = rows[part]
        return price_of(
            surface.spot[each],
            surface.listing.strike[each],
            time_to_expiry=surface.years[each],
            volatility=volatility,
            is_call=surface.listing.is_call[each],
            rate=surface.rate,
            dividend_yield=surface.dividend_yield,
        )

    guess = surface.volatility[rows]
    bid, ask = (
        np.round(implied_volatility(side[rows], value, guess=guess), _DECIMALS) for side in (surface.bid, surface.ask)
    )
    middle = np.where(bid > 0.0, np.round((bid + ask) / 2.0, _DECIMALS), ask)
    return {"bid_iv": bid, "mid_iv": np.asarray(middle), "ask_iv": ask}
