"""What all pages of one table share: the newest chain, its listing, and what is said of the whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from quantdata.errors import ArgumentError
from quantdata.widgets.facts import FACTS, SOURCES, rules_of
from quantdata.widgets.ladder import Listing
from quantdata.widgets.status import Whole, milliseconds, moment_of, prices, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from quantdata.widgets.fields import Field
    from quantdata.widgets.ladder import Series
    from quantdata.widgets.order import Ladder
    from quantdata.widgets.wants import Wants

__all__ = ["WHOLE_EVERY_S", "Board", "Sheet", "is_live", "named_series", "nearest_series", "require_series"]

# How often the whole is judged, which costs more than all that is done for the rows in view.
WHOLE_EVERY_S: Final = 2.0
_MOST_NAMED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One state of one chain.

    Attributes
    ----------
    version
        Rises with each change: whoever has seen this one knows all.
    underlying
        Its name.
    fields
        What a table shows of each leg.
    at
        The moment that it is of, by the clock that ``received_ts`` is of: see `moment_of`.
    chain
        Canonical rows with their columns of quality; there are some.
    listing, whole
        What it consists of, and what is said of it.
    """

    version: int
    underlying: str
    fields: tuple[Field, ...]
    at: datetime
    chain: pl.DataFrame
    listing: Listing
    whole: Whole

    def series_of(self, *keys: str | None) -> Series | None:
        """Return the first series that one of some keys, or days, names; else the nearest that is live."""
        for key in keys:
            if key is not None and (found := named_series(self.listing, key)):
                return found
        return nearest_series(self.listing, self.chain)

    def layout(self, wants: Wants, chosen: Series, *, rows: int) -> dict[str, Any]:
        """Return what stands where, in the words of a page."""
        return {
            "underlying": self.underlying,
            "series": [self._tab(each) for each in self.listing.series.values()],
            "chosen": chosen.key,
            "rows": rows,
            "fields": [field._asdict() for field in self.fields],
            "facts": list(FACTS),
            "sources": list(SOURCES),
            "rules": rules_of(),
            "sort": wants.sort._asdict(),
            "filters": {name: list(ends) for name, ends in wants.filters.items()},
        }

    def status(self, chosen: Series, ladder: Ladder, *, is_by_strike: bool) -> dict[str, Any]:
        """Return what stands above the rows, in the words of a page."""
        price, forward = prices(self.chain, chosen.row)
        return {
            "at": milliseconds(self.at),
            "ahead": self.whole.ahead_ms,
            "price": price,
            "forward": forward,
            "money": ladder.nearest(forward if forward is not None else price) if is_by_strike else None,
            "confidence": self.whole.confidence,
            "quality": self.whole.quality,
            "badges": list(self.whole.badges),
            "stale_since": milliseconds(self.whole.stale_since),
            "warnings": list(self.whole.warnings),
        }

    def _tab(self, series: Series) -> dict[str, Any]:
        return {
            "key": series.key,
            "label": series.label,
            "days": self.chain.item(series.row, "dte"),
            "root": series.root,
            "settlement": series.settlement,
        }


class Board:
    """Makes a sheet of each chain that comes; for one thread at a time. Moments are monotonic seconds, passed in.

    Parameters
    ----------
    underlying, fields
        As of `Sheet`.
    wall
        Returns the present.

    Attributes
    ----------
    sheet
        The newest; None before the first.
    """

    def __init__(
        self,
        underlying: str,
        fields: Sequence[Field],
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.sheet: Sheet | None = None
        self._underlying = underlying
        self._fields = tuple(fields)
        self._wall = wall
        self._judged_at = 0.0
        self._is_behind = False

    def update(self, chain: pl.DataFrame, now: float) -> None:
        """Take in a chain; one without rows tells nothing. What is said of the whole may be of a moment before."""
        if chain.is_empty():
            return
        before, at = self.sheet, moment_of(chain, self._wall())
        if before is None:
            listing = Listing.of(chain)
            judged = whole(chain, unplaced=listing.unplaced)
            self.sheet = Sheet(
                version=0,
                underlying=self._underlying,
                fields=self._fields,
                at=at,
                chain=chain,
                listing=listing,
                whole=judged,
            )
            self._judged_at = now
            return
        listing = before.listing if before.listing.is_of(chain) else Listing.of(chain)
        self.sheet = replace(before, version=before.version + 1, at=at, chain=chain, listing=listing)
        self._is_behind = True
        self.judge(now)

    def judge(self, now: float) -> None:
        """Judge the whole anew, where that is due."""
        due_at, sheet = self.due_at(), self.sheet
        if sheet is None or due_at is None or now < due_at:
            return
        judged = whole(sheet.chain, unplaced=sheet.listing.unplaced)
        self._judged_at, self._is_behind = now, False
        self.sheet = replace(sheet, version=sheet.version + 1, whole=judged)

    def due_at(self) -> float | None:
        """Return when the whole is to be judged; None while no chain has come since that was done."""
        return self._judged_at + WHOLE_EVERY_S if self._is_behind else None


def named_series(listing: Listing, wanted: str) -> Series | None:
    """Return the series of a key such as ``"2026-12-18 SPXW"``, or the first of a day; None if there is none."""
    days = (each for key, each in listing.series.items() if key.partition(" ")[0] == wanted)
    return listing.series.get(wanted) or next(days, None)


def nearest_series(listing: Listing, chain: pl.DataFrame) -> Series | None:
    """Return the first series that is not over; if all are the first, and None if there is none."""
    live = (each for each in listing.series.values() if is_live(each, chain))
    return next(live, next(iter(listing.series.values()), None))


def is_live(series: Series, chain: pl.DataFrame) -> bool:
    """Tell whether a series has not settled or expired yet."""
    return bool(chain.item(series.row, "time_to_expiry") != 0.0)


def require_series(listing: Listing, wanted: str) -> None:
    """Raise `ArgumentError`, which names what there is, if `named_series` finds none."""
    if named_series(listing, wanted) is None:
        known = list(listing.series)
        more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        raise ArgumentError(f"no series {wanted!r}; there are {', '.join(known[:_MOST_NAMED])}{more}")
