"""What a page asks for: read from a message that nobody has checked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quantdata.widgets.order import BY_STRIKE, FILTERS, NO_FILTERS, STRIKE, Sort

if TYPE_CHECKING:
    from collections.abc import Collection

    from quantdata.widgets.order import Filters

__all__ = ["MOST_ROWS", "Wants", "read_rows", "read_wants"]

# The rows that one page may have in view; 22 px each, the largest screens have a hundred.
MOST_ROWS: Final = 300
_LAST_ROW: Final = 1_000_000
_LONGEST_KEY: Final = 64


class Wants(NamedTuple):
    """What one page shows.

    Attributes
    ----------
    series
        Key of the series; None is the nearest that is live.
    first, last
        The rows in view, both included, in the present order from 0.
    sort, filters
        As in `quantdata.widgets.order.ladder`.
    """

    series: str | None = None
    first: int = 0
    last: int = 29
    sort: Sort = BY_STRIKE
    filters: Filters = NO_FILTERS

    def are_as(self, other: Wants) -> bool:
        """Tell whether another asks for the same rows in the same order, whichever of them are in view."""
        return self._replace(first=0, last=0) == other._replace(first=0, last=0)


def read_wants(told: object, default: Wants, *, fields: Collection[str]) -> tuple[Wants, int]:
    """Return what a page asks for, and how much of what it said makes no sense.

    Parameters
    ----------
    told
        ``wants`` of its message, as it came.
    default
        What counts where it says nothing.
    fields
        Names that rows can be sorted by, beside the strike.
    """
    if not isinstance(told, dict):
        return default, 1
    read: dict[str, Any] = {
        "series": _series(told.get("series")),
        "sort": _sort(told.get("sort"), fields),
        "filters": _filters(told.get("filters")),
    }
    nonsense = sum(value is None and told.get(name) is not None for name, value in read.items())
    wants = default._replace(**{name: value for name, value in read.items() if value is not None})
    rows = read_rows(told)
    if rows is None:
        return wants, nonsense + 1
    return wants._replace(first=rows[0], last=rows[1]), nonsense


def read_rows(told: dict[str, Any]) -> tuple[int, int] | None:
    """Return the rows in view that a message tells, brought within bounds; None where it tells none."""
    first, last = _number(told.get("first")), _number(told.get("last"))
    if first is None or last is None:
        return None
    top = int(min(max(first, 0), _LAST_ROW))
    return top, int(min(max(last, top), top + MOST_ROWS - 1))


def _number(told: object) -> float | None:
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told):
        return None
    return told


def _series(told: object) -> str | None:
    return told if isinstance(told, str) and len(told) <= _LONGEST_KEY else None


def _sort(told: object, fields: Collection[str]) -> Sort | None:
    if not isinstance(told, dict):
        return None
    name, leg, descending = told.get("field"), told.get("leg", 0), told.get("descending", False)
    is_known = isinstance(name, str) and (name == STRIKE or name in fields)
    if not is_known or not isinstance(descending, bool) or leg not in (0, 1):
        return None
    return Sort(name, 0 if name == STRIKE else int(leg), descending)  # type: ignore[arg-type]  # a text by now


def _filters(told: object) -> Filters | None:
    """Return the filters that hold anybody back; None if one of them cannot be read."""
    if not isinstance(told, dict) or not told.keys() <= set(FILTERS):
        return None
    read = {name: _ends(ends) for name, ends in told.items()}
    if None in read.values():
        return None
    return {name: ends for name, ends in read.items() if ends is not None and ends != (None, None)}


def _ends(told: object) -> tuple[float | None, float | None] | None:
    if not isinstance(told, list | tuple) or len(told) != 2:  # noqa: PLR2004
        return None
    low, high = (None if end is None else _number(end) for end in told)
    is_read = all(end is None or number is not None for end, number in zip(told, (low, high), strict=True))
    is_ordered = low is None or high is None or low <= high
    return (low, high) if is_read and is_ordered else None
