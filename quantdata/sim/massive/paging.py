"""Query parameters and cursors: what was asked for, and where the next page begins.

A cursor is the unpadded base64url of the next page's whole query, so that ``next_url`` needs nothing else:
``ap=<last key>&as=&<filters>&limit=..&order=..&sort=..`` and one bound that tightens the sort field.

References
----------
Decoded from recorded cursors: reference/massive.md §2.
"""

from __future__ import annotations

import operator
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from quantdata.sim.massive.refusals import bad_parameter
from quantdata.sim.timeline import day_ns

__all__ = [
    "SUFFIXES",
    "Bound",
    "Period",
    "Query",
    "any_of",
    "as_date",
    "as_flag",
    "as_number",
    "as_text",
    "bounds",
    "choice",
    "integer",
    "is_descending",
    "moment_ns",
    "next_cursor",
    "timestamp_period",
    "unpack",
]

T = TypeVar("T")

Query = Mapping[str, str]

# Filter suffix -> comparison; the bare field means equality.
SUFFIXES: dict[str, Callable[[Any, Any], Any]] = {
    "": operator.eq,
    ".gt": operator.gt,
    ".gte": operator.ge,
    ".lt": operator.lt,
    ".lte": operator.le,
}

_DATE_CHARS = 10
_FRACTION = re.compile(r"\.(\d+)")


@dataclass(frozen=True, slots=True)
class Bound:
    """One filter on one field: ``compare(field, value)`` keeps a row."""

    compare: Callable[[Any, Any], Any]
    value: Any


@dataclass(frozen=True, slots=True)
class Period:
    """From ``first`` to ``last`` nanosecond, both included; ``first`` None is the beginning of history."""

    first: int | None
    last: int


def unpack(query: Query) -> dict[str, str]:
    """Return the query that a cursor stands for, or the query itself when it has none.

    Raises
    ------
    Refusal
        400 if the cursor cannot be read.
    """
    cursor = query.get("cursor")
    if cursor is None:
        return dict(query)
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        raise bad_parameter("cursor", cursor, "a cursor of a previous answer") from None


def next_cursor(query: Query, *, after: str, **tightened: str) -> str:
    """Return the cursor of the page after the row whose key is ``after``; ``tightened`` holds its new bounds.

    A dot in a bound's name is written as two underscores: ``strike_price__gte``.
    """
    kept = {key: value for key, value in query.items() if key not in {"apiKey", "cursor", "ap", "as"}}
    bounds = {key.replace("__", "."): value for key, value in tightened.items()}
    fields = {"ap": after, "as": "", **kept, **bounds}
    return urlsafe_b64encode(urlencode(sorted(fields.items())).encode()).rstrip(b"=").decode()


# --- reading parameters ---------------------------------------------------------------------------------------------


def as_text(name: str, value: str) -> str:  # noqa: ARG001 - the readers share one signature
    """Take a value as it is."""
    return value


def as_number(name: str, value: str) -> float:
    """Read a decimal number; 400 if it is none."""
    try:
        return float(value)
    except ValueError:
        raise bad_parameter(name, value, "a number") from None


def as_date(name: str, value: str) -> date:
    """Read ``YYYY-MM-DD``; 400 if it is none."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise bad_parameter(name, value, "a date as YYYY-MM-DD") from None


def as_flag(query: Query, name: str, *, default: bool) -> bool:
    """Read ``true`` or ``false``; 400 if it is neither."""
    value = query.get(name)
    if value is None:
        return default
    if value.lower() not in {"true", "false"}:
        raise bad_parameter(name, value, "true or false")
    return value.lower() == "true"


def integer(query: Query, name: str, *, default: int, maximum: int) -> int:
    """Read a count from 1 to ``maximum``; 400 if it is none."""
    value = query.get(name)
    if value is None:
        return default
    if not value.isdecimal() or not 1 <= int(value) <= maximum:
        raise bad_parameter(name, value, f"a whole number from 1 to {maximum}")
    return int(value)


def choice(query: Query, name: str, *, default: str, allowed: tuple[str, ...]) -> str:
    """Read one word of a list; 400 if it is none of them."""
    value = query.get(name, default)
    if value not in allowed:
        raise bad_parameter(name, value, f"one of {', '.join(allowed)}")
    return value


def is_descending(query: Query, *, default: str = "asc", name: str = "order") -> bool:
    """Read the sort direction; 400 if it is neither ``asc`` nor ``desc``."""
    return choice(query, name, default=default, allowed=("asc", "desc")) == "desc"


def bounds(query: Query, name: str, read: Callable[[str, str], Any]) -> list[Bound]:
    """Read every filter on a field: equality and the four ranges."""
    return [
        Bound(compare, read(name + suffix, query[name + suffix]))
        for suffix, compare in SUFFIXES.items()
        if query.get(name + suffix)
    ]


def any_of(query: Query, name: str) -> list[str] | None:
    """Read ``name.any_of``, a comma list; None when it was not sent."""
    value = query.get(f"{name}.any_of")
    return None if value is None else [word.strip() for word in value.split(",") if word.strip()]


def moment_ns(name: str, value: str, *, per_second: int = 1_000_000_000, is_end: bool = False) -> int:
    """Read a date, an RFC 3339 moment or an epoch number as nanoseconds since the epoch.

    Parameters
    ----------
    name, value
        The parameter, for the error and to read.
    per_second
        Unit of an epoch number: 10**9 for ns, 10**3 for ms.
    is_end
        Read a date as the last nanosecond of that New York day instead of the first.
    """
    if value.lstrip("-").isdecimal():
        return int(value) * (1_000_000_000 // per_second)
    try:
        if len(value) == _DATE_CHARS:
            return day_ns(date.fromisoformat(value), is_end=is_end)
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise bad_parameter(name, value, "a date, an RFC 3339 moment or an epoch number") from None
    # datetime keeps microseconds; the last three of nine decimals are read from the text.
    fraction = _FRACTION.search(value)
    decimals = fraction[1] if fraction else ""
    whole = int(moment.replace(microsecond=0, tzinfo=moment.tzinfo or UTC).timestamp())
    return whole * 1_000_000_000 + int(decimals[:9].ljust(9, "0"))


def timestamp_period(query: Query, *, until_ns: int, per_second: int = 1_000_000_000) -> Period | None:
    """Return the period that the five ``timestamp`` filters leave up to a moment; None when it is empty."""
    first: int | None = None
    last = until_ns
    for suffix in SUFFIXES:
        name = f"timestamp{suffix}"
        text = query.get(name)
        if not text:
            continue
        opening = moment_ns(name, text, per_second=per_second)
        closing = moment_ns(name, text, per_second=per_second, is_end=True)
        if suffix in {"", ".gte"}:
            first = max(first or 0, opening)
        elif suffix == ".gt":
            first = max(first or 0, closing + 1)
        if suffix in {"", ".lte"}:
            last = min(last, closing)
        elif suffix == ".lt":
            last = min(last, opening - 1)
    return None if first is not None and first > last else Period(first, last)
