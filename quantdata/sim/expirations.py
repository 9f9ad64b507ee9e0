"""Which expirations a root has on a day: today's listing programmes, applied to every year alike.

A session expires contracts for one or more reasons (a third Friday, a month's end, any day), and each root lists each
kind for a while ahead. A listed expiration stays listed until it has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from quantdata.sessions import find_session, previous_session, third_friday
from quantdata.sim.timeline import LAST_DAY, timeline

__all__ = ["Expiration", "expirations_of", "listed_since"]

_YEAR: Final = 365
_WEDNESDAY, _FRIDAY = 2, 4

_FUND: Final = {
    "daily": 14, "friday": 56, "monthly": _YEAR, "quarter_end": _YEAR + 30, "january": 3 * _YEAR,
    "june": 2 * _YEAR, "december": 2 * _YEAR,
}  # fmt: skip
_STOCK: Final = {
    "monday": 14, "wednesday": 14, "friday": 49, "monthly": 270, "january": 3 * _YEAR, "june": 2 * _YEAR,
    "december": 2 * _YEAR,
}  # fmt: skip
_INDEX_AM: Final = {"monthly": _YEAR, "june": 3 * _YEAR, "december": 3 * _YEAR}
_INDEX_PM: Final = {"daily": 35, "friday": 63, "monthly": 150, "month_end": _YEAR}

# Kind of expiration -> calendar days ahead at which it is listed.
_PROGRAMMES: Final = {
    "SPY": _FUND,
    "QQQ": _FUND,
    "IWM": _FUND,
    "DIA": {"friday": 49, "monthly": 300, "quarter_end": 300, "january": 2 * _YEAR},
    "AAPL": _STOCK,
    "NVDA": _STOCK,
    "TSLA": _STOCK,
    "BRKB": {"friday": 42, "monthly": 240, "january": 2 * _YEAR + 60, "june": _YEAR},
    "NVDA1": {"january": _YEAR, "june": _YEAR},
    "SPX": _INDEX_AM,
    "SPXW": _INDEX_PM,
    "NDX": _INDEX_AM,
    "NDXP": {"daily": 14, "friday": 49, "monthly": 90, "month_end": 180},
    "VIX": {"vix_monthly": 280},
    "VIXW": {"vix_weekly": 40},
}
_VIX_LEAD: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, order=True)
class Expiration:
    """One expiration of one root."""

    day: date
    root: str


def expirations_of(root: str, day: date, *, within_days: int | None = None) -> list[Expiration]:
    """Return the expirations that a root has listed on a day, oldest first; that day's own is among them.

    Parameters
    ----------
    within_days
        Only those at most so many calendar days ahead.
    """
    horizon = max(_PROGRAMMES[root].values()) if within_days is None else within_days
    last = min(day + timedelta(days=horizon), LAST_DAY)
    line = timeline()
    first, stop = line.last_before(day) + 1, line.last_until(last) + 1
    candidates = (line.day(index) for index in range(first, stop))
    return [Expiration(each, root) for each in candidates if (since := listed_since(root, each)) and since <= day]


@lru_cache(maxsize=65536)
def listed_since(root: str, expiration: date) -> date | None:
    """Return the day on which an expiration was first listed; None when the root never has it."""
    programme = _PROGRAMMES[root]
    ahead = [programme[kind] for kind in _kinds(expiration) if kind in programme]
    return expiration - timedelta(days=max(ahead)) if ahead else None


@lru_cache(maxsize=8192)
def _kinds(day: date) -> frozenset[str]:
    """Return every reason for which contracts expire on a day; none unless it is a session."""
    if find_session(day) is None:
        return frozenset()
    kinds = {"daily"}
    if day.weekday() == 0:
        kinds.add("monday")
    if day == _shifted(day, _WEDNESDAY):
        kinds.add("wednesday")
    if day == _shifted(day, _FRIDAY):
        kinds.add("friday")
    if day == third_friday(day.year, day.month):
        kinds |= {"monthly", {1: "january", 6: "june", 12: "december"}.get(day.month, "monthly")}
    if day == _on_or_before(_first_of_next_month(day) - timedelta(days=1)):
        kinds |= {"month_end", "quarter_end"} if day.month % 3 == 0 else {"month_end"}
    if day == _vix_expiration(day):
        kinds.add("vix_monthly")
    elif day == _shifted(day, _WEDNESDAY):
        kinds.add("vix_weekly")
    return frozenset(kinds)


def _shifted(day: date, weekday: int) -> date:
    """Return the session that stands for a weekday of a day's week: that day, or the session before a holiday."""
    return _on_or_before(day + timedelta(days=weekday - day.weekday()))


def _vix_expiration(day: date) -> date | None:
    """Return the monthly VIX expiration of a day's month: 30 days before the next month's third Friday.

    References
    ----------
    Cboe, *VIX Options Product Specifications*, "Expiration Date".
    """
    following = _first_of_next_month(day)
    if following > LAST_DAY:
        return None
    return _on_or_before(third_friday(following.year, following.month) - _VIX_LEAD)


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _on_or_before(day: date) -> date:
    day = min(day, LAST_DAY)
    return day if find_session(day) else previous_session(day).day
