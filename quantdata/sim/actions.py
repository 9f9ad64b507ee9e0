"""Splits and cash dividends, and what they do to a price.

A fund's price carries what its index paid out since the last ex-date and drops by it on the next, so it tracks the
index up to dividends; a stock's path is treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sessions import third_friday
from quantdata.sim.timeline import FIRST_DAY, LAST_DAY, timeline
from quantdata.sim.views import Dividend, Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.sim.universe import Asset

    Floats = NDArray[np.float64]

__all__ = ["Actions", "actions_of"]

# Executed as in life; the adjusted levels of `universe` are in shares after the last of them.
_SPLITS: Final = {
    "AAPL": ((date(2020, 8, 31), 4),),
    "NVDA": ((date(2021, 7, 20), 4), (date(2024, 6, 10), 10)),
    "TSLA": ((date(2020, 8, 31), 5), (date(2022, 8, 25), 3)),
}
_DIVIDEND_GROWTH: Final = 0.055  # a year
_TODAY: Final = 2026.0  # the year that `Asset.dividend` is quoted in


@dataclass(frozen=True, slots=True)
class Actions:
    """Corporate actions of one asset and their effect per session number.

    Attributes
    ----------
    share_factor
        Shares of today per share of that session: raw price = adjusted price x factor.
    accrued
        Cash that the price carries towards the next ex-date, USD per share of that session.
    """

    splits: tuple[Split, ...]
    dividends: tuple[Dividend, ...]
    share_factor: Floats
    accrued: Floats


def actions_of(asset: Asset) -> Actions:
    """Return every split and dividend of an asset between the first and the last simulated day."""
    splits = tuple(Split(asset.symbol, day, 1, after) for day, after in _SPLITS.get(asset.symbol, ()))
    share_factor = _share_factor(splits)
    dividends = tuple(_dividends(asset, share_factor)) if asset.payments else ()
    return Actions(splits, dividends, share_factor, _accrued(dividends))


def _share_factor(splits: tuple[Split, ...]) -> Floats:
    days = timeline().days
    factor = np.ones(len(days))
    for split in splits:
        factor[days < np.datetime64(split.execution_date, "D")] *= split.after / split.before
    return factor


def _dividends(asset: Asset, share_factor: Floats) -> list[Dividend]:
    line = timeline()
    found = []
    for year in range(FIRST_DAY.year, LAST_DAY.year + 1):
        for month in _months(asset):
            ex_date = line.day(line.last_until(_nominal_ex_date(asset, year, month)))
            session = int(np.searchsorted(line.days, np.datetime64(ex_date, "D")))
            grown = asset.dividend / asset.payments * (1.0 + _DIVIDEND_GROWTH) ** (year + month / 12.0 - _TODAY)
            found.append(
                Dividend(
                    symbol=asset.symbol,
                    ex_date=ex_date,
                    declaration_date=ex_date - timedelta(days=14),
                    record_date=ex_date,
                    pay_date=ex_date + timedelta(days=28),
                    cash_amount=round(grown * float(share_factor[session]), 4),
                    frequency=asset.payments,
                )
            )
    return found


def _months(asset: Asset) -> tuple[int, ...]:
    if asset.payments == 12:  # noqa: PLR2004 - monthly
        return tuple(range(1, 13))
    return (2, 5, 8, 11) if asset.symbol == "AAPL" else (3, 6, 9, 12)


def _nominal_ex_date(asset: Asset, year: int, month: int) -> date:
    match asset.symbol:
        case "AAPL" | "NVDA":
            return date(year, month, 11)
        case "QQQ":
            return third_friday(year, month) + timedelta(days=3)
        case "IWM":
            return date(year, month, 16)
        case _:
            return third_friday(year, month)


def _accrued(dividends: tuple[Dividend, ...]) -> Floats:
    """Grow each payment evenly from one ex-date to the next."""
    line = timeline()
    accrued = np.zeros(len(line))
    start = 0
    for dividend in dividends:
        end = int(np.searchsorted(line.days, np.datetime64(dividend.ex_date, "D")))
        accrued[start:end] = dividend.cash_amount * np.arange(1, end - start + 1) / max(end - start, 1)
        start = end
    return accrued
