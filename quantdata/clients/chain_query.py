"""A chain request, checked: the part that a vendor can filter, and the part that is filtered here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, cast

import polars as pl

from quantdata import symbols
from quantdata.clients.arguments import Day, count, day_range, number, number_range, symbol_text, texts
from quantdata.errors import ArgumentError, SymbolError
from quantdata.frames.chain import current_volume
from quantdata.sessions import session_day

__all__ = ["ChainQuery", "DayRange", "IntegerRange", "NumberRange"]

NumberRange: TypeAlias = float | tuple[float | None, float | None]
IntegerRange: TypeAlias = int | tuple[int | None, int | None]
DayRange: TypeAlias = Day | tuple[Day | None, Day | None]
OptionType: TypeAlias = Literal["call", "put"]

Numbers = tuple[float | None, float | None]
Days = tuple[date | None, date | None]

OPEN: Final[tuple[None, None]] = (None, None)
# An OCC symbol has room for five digits before the point.
HIGHEST_STRIKE: Final = 99_999.999
FARTHEST_DAYS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainQuery:
    """What a caller asks of a chain; all ranges include both ends, None is an open end.

    Attributes
    ----------
    key
        Tells apart what is asked of the vendor: queries with equal keys differ only in what is filtered here.
    is_filtered_here
        Whether anything is left to filter once the vendor has answered.
    """

    underlying: str
    expirations: Days = OPEN
    strikes: Numbers = OPEN
    dte: Numbers = OPEN
    roots: tuple[str, ...] = ()
    option_type: OptionType | None = None
    delta: Numbers = OPEN
    moneyness: Numbers = OPEN
    min_volume: int | None = None
    min_open_interest: int | None = None
    max_spread_percent: float | None = None
    key: tuple[Any, ...] = ()
    is_filtered_here: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the vendor is asked for all contracts of the underlying."""
        return self.key[2:] == (OPEN, OPEN, OPEN)

    @classmethod
    def of(
        cls,
        underlying: str,
        *,
        expirations: object = None,
        strikes: object = None,
        dte: object = None,
        roots: object = None,
        option_type: object = None,
        delta: object = None,
        moneyness: object = None,
        min_volume: object = None,
        min_open_interest: object = None,
        max_spread_percent: object = None,
    ) -> ChainQuery:
        """Check the arguments of a ``chain`` call.

        Raises
        ------
        SymbolError
            If the underlying or a root cannot be one, or the root is another underlying's.
        ArgumentError
            If a filter is malformed; the message names it.
        """
        asked = (
            underlying,
            expirations,
            strikes,
            dte,
            roots,
            option_type,
            delta,
            moneyness,
            min_volume,
            min_open_interest,
            max_spread_percent,
        )
        try:
            return _checked(*asked)
        except TypeError:
            return _check(*asked)  # lists cannot be looked up among what was checked before

    def expiration_range(self, now: datetime) -> Days:
        """Return the expirations that ``expirations`` and ``dte`` leave together, on the New York day of ``now``."""
        today = session_day(now)
        nearest, farthest = (None if days is None else today + timedelta(days=int(days)) for days in self.dte)
        low, high = self.expirations
        return (
            max((day for day in (low, nearest) if day is not None), default=None),
            min((day for day in (high, farthest) if day is not None), default=None),
        )

    def on_days(self, first: date, last: date) -> ChainQuery:
        """Return the same query on the expirations between two days, both included."""
        kind, underlying, _, *others = self.key
        return replace(self, expirations=(first, last), key=(kind, underlying, (first, last), *others))

    def vendor_part(self, now: datetime) -> pl.Expr:
        """Return the filter that a vendor was sent, to hold every row of its answer to it; what is null passes.

        Parameters
        ----------
        now
            The moment from which days to expiration were counted.
        """
        tests = [
            *_within(pl.col("expiration"), self.expiration_range(now)),
            *_within(pl.col("strike"), self.strikes),
        ]
        return _all([test.fill_null(value=True) for test in tests])

    def local_part(self, newest_session: date) -> pl.Expr:
        """Return the filter of what no vendor filters; a row whose value is null does not pass.

        Parameters
        ----------
        newest_session
            The session whose volume counts.
        """
        # Rounded, since 690 / 600 is not quite 1.15 and a range includes its ends.
        tests = [*_within(pl.col("moneyness").round(12), self.moneyness), *_within(pl.col("delta").abs(), self.delta)]
        if self.option_type is not None:
            tests.append(pl.col("option_type") == self.option_type)
        if self.roots:
            tests.append(pl.col("root_symbol").is_in(self.roots))
        if self.min_volume is not None:
            tests.append(current_volume(newest_session) >= self.min_volume)
        if self.min_open_interest is not None:
            tests.append(pl.col("open_interest").fill_null(0) >= self.min_open_interest)
        if self.max_spread_percent is not None:
            tests.append(pl.col("spread_percent") <= self.max_spread_percent)
        return _all(tests)


def _all(tests: list[pl.Expr]) -> pl.Expr:
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)


def _within(value: pl.Expr, ends: tuple[Any, Any]) -> list[pl.Expr]:
    low, high = ends
    return ([] if low is None else [value >= low]) + ([] if high is None else [value <= high])


def _check(  # positional, so that looking up equal arguments is quick
    underlying: str,
    expirations: object,
    strikes: object,
    dte: object,
    roots: object,
    option_type: object,
    delta: object,
    moneyness: object,
    min_volume: object,
    min_open_interest: object,
    max_spread_percent: object,
) -> ChainQuery:
    asked = symbols.underlying(symbol_text(underlying, name="underlying"))
    by_vendor = {
        "expirations": day_range(expirations, name="expirations"),
        "strikes": number_range(strikes, name="strikes", least=0.0, most=HIGHEST_STRIKE),
        "dte": _day_counts(dte),
    }
    # The vendor could filter by type; but calls without their puts tell no forward, and so no price of the model.
    by_us = {
        "option_type": _option_type(option_type),
        "roots": () if roots is None else tuple(_root(each, asked) for each in texts(roots, name="roots")),
        "delta": _delta(delta),
        "moneyness": number_range(moneyness, name="moneyness", least=0.0),
        "min_volume": None if min_volume is None else count(min_volume, name="min_volume"),
        "min_open_interest": None if min_open_interest is None else count(min_open_interest, name="min_open_interest"),
        "max_spread_percent": None
        if max_spread_percent is None
        else number(max_spread_percent, name="max_spread_percent", least=0.0),
    }
    return ChainQuery(
        underlying=asked,
        key=("chain", asked, *by_vendor.values()),
        is_filtered_here=any(value not in (None, (), OPEN) for value in by_us.values()),
        **cast("dict[str, Any]", by_vendor | by_us),
    )


# Checking takes longer than a cached answer; equal arguments of equal types are checked once.
_checked = lru_cache(maxsize=512, typed=True)(_check)


def _day_counts(dte: object) -> Numbers:
    low, high = number_range(dte, name="dte", least=0.0)
    if any(days is not None and (days != int(days) or days > FARTHEST_DAYS) for days in (low, high)):
        raise ArgumentError(f"dte counts whole calendar days, at most {FARTHEST_DAYS:,}, not {dte!r}")
    return low, high


def _delta(value: object) -> Numbers:
    low, high = number_range(value, name="delta", least=0.0)
    if any(end is not None and end > 1.0 for end in (low, high)):
        raise ArgumentError(f"delta is the absolute value, from 0 to 1, for puts and calls alike; not {value!r}")
    return low, high


def _root(text: str, underlying: str) -> str:
    named = text.strip().upper()
    if not named:
        raise SymbolError(f"{text!r} is not an option root of {underlying}: leave roots out for all of them")
    facts = symbols.root_facts(named)
    if underlying not in {facts.underlying, facts.root} and underlying.replace(".", "") != facts.underlying:
        raise SymbolError(
            f"{facts.root} is not an option root of {underlying}, which has {', '.join(symbols.roots_of(underlying))}"
        )
    return facts.root


def _option_type(value: object) -> OptionType | None:
    if value is None:
        return None
    named: dict[str, OptionType] = {"call": "call", "put": "put", "c": "call", "p": "put"}
    if isinstance(value, str) and value.lower() in named:
        return named[value.lower()]
    raise ArgumentError(f"option_type must be 'call' or 'put', not {value!r}; leave it out for both")
