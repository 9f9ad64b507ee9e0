"""What the market behind a provider holds: of this, and of no more, the questions are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

import pytest

if TYPE_CHECKING:
    from datetime import date, datetime

T = TypeVar("T")

Lack = Literal[
    "minutes of an index",
    "minutes of years ago",
    "corporate actions",
    "bars of expired contracts",
    "trades",
    "option tape",
]


class Days(NamedTuple):
    """A symbol that has bars on every session from ``first`` to ``last``; both are sessions, some days apart."""

    symbol: str
    first: date
    last: date


class Series(NamedTuple):
    """An expiration on which an underlying has several roots: of AM and PM settlement, or a plain and an adjusted."""

    underlying: str
    expiration: date
    plain: str
    other: str


class ShareClass(NamedTuple):
    """A share class: its canonical spelling, another one that is understood, and the root of its options."""

    symbol: str
    otherwise: str
    root: str


class SplitDay(NamedTuple):
    """A split: new shares for one old, and what later splits make of one of those."""

    symbol: str
    day: date
    ratio: float
    later: float = 1.0


class TapeSpan(NamedTuple):
    """A few minutes of past trading in which a symbol has printed."""

    symbol: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the market behind a provider holds; what is left out is not asked about.

    Attributes
    ----------
    name
        The provider's name.
    vendors
        Names of those whose rows, errors and plans it hands out, in order; left out: its own. A row of several is of
        the provider's own name.
    today
        New York day of its clock.
    lacks
        What the vendor does not have at all: it must refuse.
    unknown
        A well-formed ticker of nothing.
    underlying
        A stock or fund with options, not too many.
    am_and_pm
        An index with an AM-settled (``plain``) and a PM-settled series on one day.
    adjusted
        An underlying with an adjusted root (``other``) beside its own on one day.
    share_class
        A share class with options and a quote.
    contract, unlisted, expired
        OCC symbols: of a live contract that has traded of late, of none, of one that has expired.
    expirations_of
        An underlying with several expirations.
    equities, indices
        At least two each, that have quotes; not in alphabetical order.
    daily, minutes, weeks
        Symbols with bars by the day, by the minute, and of several weeks.
    half_day, clock_change
        A session that ended at 13:00, and two sessions around a change of the clocks, of `daily`'s symbol.
    splits
        Splits of stocks with daily bars around them.
    dividend
        A stock or fund with one dividend between two days of bars, at least; none since the second.
    index
        An index with daily bars on all days of `daily`.
    tape
        Where there are prints.
    market
        Whether the market is open.
    refused
        Blocks that the plan lacks; of several vendors those that all plans lack.
    is_delayed
        Whether all that the host has is late.
    """

    name: str
    today: date
    vendors: tuple[str, ...] = ()
    lacks: frozenset[Lack] = frozenset()
    unknown: str = "ZZZZ"
    underlying: str | None = None
    am_and_pm: Series | None = None
    adjusted: Series | None = None
    share_class: ShareClass | None = None
    contract: str | None = None
    unlisted: str | None = None
    expired: str | None = None
    expirations_of: str | None = None
    equities: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()
    daily: Days | None = None
    minutes: Days | None = None
    weeks: Days | None = None
    half_day: date | None = None
    clock_change: tuple[date, date] | None = None
    splits: tuple[SplitDay, ...] = ()
    dividend: Days | None = None
    index: str | None = None
    tape: TapeSpan | None = None
    market: Literal["open", "extended", "closed"] | None = None
    refused: frozenset[str] | None = None
    is_delayed: bool = False

    @property
    def answering(self) -> tuple[str, ...]:
        """Names of the vendors that answer."""
        return self.vendors or (self.name,)


def known(fact: T | None, what: str) -> T:
    """Return a fact; skip the test where there is none."""
    if not fact:
        pytest.skip(f"the facts name no {what}")
    return fact
