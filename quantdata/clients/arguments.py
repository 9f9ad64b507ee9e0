"""Arguments checked at the door: each function names the parameter, what came, and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from numbers import Integral, Real
from reprlib import repr as _shown  # a whole frame given by mistake stays out of the message
from typing import Final, TypeVar, cast

from quantdata.errors import ArgumentError, SymbolError
from quantdata.sessions import midnight

__all__ = [
    "Day",
    "Moment",
    "checked_day",
    "checked_range",
    "count",
    "day_range",
    "flag",
    "moment_range",
    "number",
    "number_range",
    "symbol_text",
    "texts",
]

T = TypeVar("T")

LARGEST_COUNT: Final = 2**63 - 1
SYMBOL: Final = "SPY"
# What a symbol looks like, for messages, where it is not that of a stock.
SYMBOLS: Final = {"contract_symbol": "SPY261218C00600000"}

Day = date | str
Moment = datetime | date | str

EARLIEST_YEAR: Final = 1900
LATEST_YEAR: Final = 2199


def checked_day(value: object, *, name: str) -> date:
    """Return a New York day from a date or ISO text such as ``"2026-12-18"``."""
    if isinstance(value, datetime):
        raise ArgumentError(f"{name} is a day: give a date or text such as '2026-12-18', not a datetime ({value})")
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise ArgumentError(f"{name} must be a date or text such as '2026-12-18', not {_shown(value)}")


def checked_range(low: T | None, high: T | None, *, name: str) -> tuple[T | None, T | None]:
    """Return an inclusive range whose ends are in order; None is an open end."""
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        first, second = (f"{end:.12g}" if isinstance(end, float) else str(end) for end in (low, high))
        raise ArgumentError(f"{name} is the wrong way round: {first} comes after {second}; ranges are (low, high)")
    return low, high


def pair(value: object, *, name: str) -> tuple[object, object]:
    """Return the two ends of a range; a single value is both of its ends."""
    if isinstance(value, tuple | list):
        if len(value) != 2:  # noqa: PLR2004
            raise ArgumentError(
                f"{name} is one value or an inclusive (low, high), with None for an open end; got {len(value)} values"
            )
        return value[0], value[1]
    return value, value


def day_range(value: object, *, name: str) -> tuple[date | None, date | None]:
    """Return an inclusive range of days."""
    if value is None:
        return None, None
    low, high = pair(value, name=name)
    return checked_range(
        None if low is None else checked_day(low, name=name),
        None if high is None else checked_day(high, name=name),
        name=name,
    )


def number(value: object, *, name: str, least: float | None = None, most: float | None = None) -> float:
    """Return a finite number within bounds; decimals and numpy's numbers are numbers too."""
    try:
        found = math.nan if isinstance(value, bool) or not isinstance(value, Real | Decimal) else float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise ArgumentError(f"{name} must be a finite number, not {_shown(value)}")
    if least is not None and found < least:
        raise ArgumentError(f"{name} must be at least {least:.12g}, not {found:.12g}")
    if most is not None and found > most:
        raise ArgumentError(f"{name} must be at most {most:.12g}, not {found:.12g}")
    return found


def number_range(
    value: object, *, name: str, least: float | None = None, most: float | None = None
) -> tuple[float | None, float | None]:
    """Return an inclusive range of finite numbers."""
    if value is None:
        return None, None
    low, high = pair(value, name=name)
    return checked_range(
        None if low is None else number(low, name=name, least=least, most=most),
        None if high is None else number(high, name=name, least=least, most=most),
        name=name,
    )


def count(value: object, *, name: str, least: int = 0) -> int:
    """Return a whole number, at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ArgumentError(f"{name} must be a whole number, not {_shown(value)}")
    whole = int(value)
    if whole < least:
        raise ArgumentError(f"{name} must be at least {least}, not {_shown(value)}")
    if whole > LARGEST_COUNT:
        raise ArgumentError(f"{name} must be at most {LARGEST_COUNT:,}, not {_shown(value)}")
    return whole


def flag(value: object, *, name: str) -> bool:
    """Return True or False; ArgumentError for anything else."""
    if isinstance(value, bool):
        return value
    raise ArgumentError(f"{name} must be True or False, not {value!r}")


def symbol_text(value: object, *, name: str) -> str:
    """Return the text of one symbol, as yet unread."""
    if not isinstance(value, str):
        raise SymbolError(f"{name} is text such as {SYMBOLS.get(name, SYMBOL)!r}, not {_shown(value)}")
    return value


def texts(value: object, *, name: str) -> tuple[str, ...]:
    """Return one or more texts, without repeats, in the order given."""
    is_list = isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray)
    given = list(cast("Iterable[object]", value)) if is_list else [value]
    if not given:
        raise ArgumentError(f"{name} is empty: name at least one")
    for each in given:
        if not isinstance(each, str):
            raise ArgumentError(f"{name} must be text or a list of texts, not {_shown(each)}")
    return tuple(dict.fromkeys(cast("list[str]", given)))


def moment_range(start: Moment, end: Moment, *, first: str = "start", last: str = "end") -> tuple[datetime, datetime]:
    """Return the inclusive span from ``start`` to ``end`` as UTC moments; a day means all of it in New York.

    Raises
    ------
    ArgumentError
        If an end is no day or moment or out of all bounds, a moment has no zone, or the ends are the wrong way round.
    """
    begin = _moment(start, name=first, is_end=False)
    finish = _moment(end, name=last, is_end=True)
    if begin > finish:
        raise ArgumentError(f"{first} comes after {last}: {start} > {end}")
    return begin, finish


def _moment(value: Moment, *, name: str, is_end: bool) -> datetime:
    if isinstance(value, str):
        value = _parsed(value.strip(), name=name)
    day = value.date() if isinstance(value, datetime) else checked_day(value, name=name)
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ArgumentError(f"{name} must lie in the years {EARLIEST_YEAR} to {LATEST_YEAR}, not in {day.year}")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ArgumentError(f"{name} is a moment without a time zone ({value}): add one, or give a date")
        return value.astimezone(UTC)
    return midnight(day + timedelta(days=is_end)) - timedelta(microseconds=is_end)


def _parsed(text: str, *, name: str) -> datetime | date:
    try:
        return date.fromisoformat(text) if len(text) <= len("2026-12-18") else datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentError(
            f"{name} must be a day such as '2026-11-20' or a moment such as '2026-11-20T10:30-05:00', not {text!r}"
        ) from None
