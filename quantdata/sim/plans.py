"""Subscription plans: which data a key may see, how late, how often.

Sold per asset class, from end-of-day to real time. The profiles are combinations seen in the wild; a key named
``sim-<profile>`` selects one, any other key has the server's own.

References
----------
Massive plan matrix and live observations of 2026: reference/massive.md §3.1.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from quantdata.errors import ArgumentError
from quantdata.sessions import midnight, session_day

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PLANS", "AssetClass", "Plan", "Product", "RateMeter", "Tier", "is_known", "plan_named", "plan_of_key"]

_WINDOW_S = 60.0
_KEY_PREFIX = "sim-"


class AssetClass(Enum):
    """What is subscribed to separately."""

    OPTIONS = "options"
    STOCKS = "stocks"
    INDICES = "indices"


class Product(Enum):
    """Kinds of data that a tier includes or not; reference data is free to all."""

    AGGREGATES = "aggregates"  # bars and the indicators made of them
    SNAPSHOT = "snapshot"
    TRADES = "trades"
    QUOTES = "quotes"
    UNDERLYING = "underlying"  # the underlying's price inside option snapshots


@dataclass(frozen=True, slots=True)
class Tier:
    """One asset class at one price.

    ``delay`` is None where only finished days are shown; ``history`` is how far back bars reach, None for all of it.
    """

    delay: timedelta | None
    products: frozenset[Product]
    history: timedelta | None = None


_LATE = timedelta(minutes=15)
BASIC = Tier(None, frozenset({Product.AGGREGATES}), history=timedelta(days=730))
STARTER = Tier(_LATE, BASIC.products | {Product.SNAPSHOT})
DEVELOPER = Tier(_LATE, STARTER.products | {Product.TRADES})
ADVANCED = Tier(timedelta(), DEVELOPER.products | {Product.QUOTES, Product.UNDERLYING})


@dataclass(frozen=True, slots=True)
class Plan:
    """What one key is entitled to; a tier that is None is a subscription that was never bought."""

    name: str
    options: Tier | None
    stocks: Tier | None
    indices: Tier | None
    has_fair_value: bool = False
    requests_per_minute: int | None = None

    def tier(self, asset: AssetClass) -> Tier | None:
        """Return the subscription to an asset class."""
        return {AssetClass.OPTIONS: self.options, AssetClass.STOCKS: self.stocks, AssetClass.INDICES: self.indices}[
            asset
        ]

    def allows(self, asset: AssetClass, product: Product) -> bool:
        """Say whether a kind of data is included."""
        tier = self.tier(asset)
        return tier is not None and product in tier.products

    def is_delayed(self, asset: AssetClass) -> bool:
        """Say whether answers are marked ``DELAYED``; end-of-day data is not."""
        tier = self.tier(asset)
        return tier is not None and tier.delay is not None and tier.delay > timedelta()

    def reaches(self, asset: AssetClass, start: datetime, now: datetime) -> bool:
        """Say whether bars from ``start`` on are within the plan's history."""
        tier = self.tier(asset)
        return tier is not None and (tier.history is None or start >= now - tier.history)

    def seen_at(self, asset: AssetClass, now: datetime) -> datetime:
        """Return the newest moment that the plan shows: now, 15 minutes ago, or last midnight in New York."""
        tier = self.tier(asset)
        if tier is None or tier.delay is None:
            return midnight(session_day(now))
        return now - tier.delay


_SAME_FOR_ALL = {"starter": STARTER, "developer": DEVELOPER, "advanced": ADVANCED}

PLANS: dict[str, Plan] = {
    "basic": Plan("basic", BASIC, BASIC, BASIC, requests_per_minute=5),
    **{name: Plan(name, tier, tier, tier) for name, tier in _SAME_FOR_ALL.items()},
    "business": Plan("business", ADVANCED, ADVANCED, ADVANCED, has_fair_value=True),
    # Options alone: end-of-day stock bars come with any plan, nothing of the indices does (observed 2026-08-31).
    **{f"options_{name}": Plan(f"options_{name}", tier, BASIC, None) for name, tier in _SAME_FOR_ALL.items()},
}

_ALIASES = {"options_only": "options_advanced"}


def plan_named(name: str) -> Plan:
    """Return a profile by name, dashes and underscores alike.

    Raises
    ------
    ArgumentError
        If there is no such profile; the message lists them.
    """
    spelled = name.lower().replace("-", "_")
    plan = PLANS.get(_ALIASES.get(spelled, spelled))
    if plan is None:
        raise ArgumentError(f"plan {name!r}: the simulator knows {', '.join(PLANS)}")
    return plan


def is_known(key: str) -> bool:
    """Say whether a key is one that the vendors know: all but ``invalid`` and what begins with ``wrong``."""
    return key not in {"", "invalid"} and not key.startswith("wrong")


def plan_of_key(key: str, default: Plan) -> Plan:
    """Return the profile that a key names (``sim-starter``), else the server's own."""
    if not key.startswith(_KEY_PREFIX):
        return default
    spelled = key.removeprefix(_KEY_PREFIX).lower().replace("-", "_")
    return PLANS.get(_ALIASES.get(spelled, spelled), default)


class RateMeter:
    """Counts each key's requests over the last minute.

    Parameters
    ----------
    monotonic
        Seconds on a clock that never goes back: the vendor counts real minutes, whatever time is simulated.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._recent: dict[str, deque[float]] = {}

    def admit(self, key: str, plan: Plan) -> bool:
        """Count a request and say whether the plan allows it; refused ones are not counted."""
        if plan.requests_per_minute is None:
            return True
        now = self._monotonic()
        recent = self._recent.setdefault(key, deque())
        while recent and now - recent[0] >= _WINDOW_S:
            recent.popleft()
        if len(recent) >= plan.requests_per_minute:
            return False
        recent.append(now)
        return True
