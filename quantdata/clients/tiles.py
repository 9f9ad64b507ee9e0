"""A chain in parallel: ranges of strikes that cover the axis, so that their pages together are the whole chain.

Massive's pages hold 250 rows, and a cursor gives them one after the other: 10,000 contracts are 40 round trips. Asked
by ranges of strikes instead, all pages come at once. The ranges of the last answer are only a plan: they always cover
every strike from nothing to infinity, and a range that holds more than a page is split again, so a stale plan costs a
round trip and never a row.
"""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from quantdata.errors import DataProviderError, IncompleteError, PayloadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

__all__ = ["EVERYTHING", "Fetcher", "Tile", "between", "cover", "plan", "strike_counts"]

ROWS_PER_TILE: Final = 240
ROWS_PER_PART: Final = 170
# Ten times what the largest chain takes: an answer that goes on and on is none.
REQUESTS_AT_MOST: Final = 2_000
PARTS_AT_LEAST: Final = 16
PARTS_AT_MOST: Final = 32


class Tile(NamedTuple):
    """Strikes from ``low`` up to but not including ``high``; None is an open end."""

    low: float | None = None
    high: float | None = None

    def filters(self) -> dict[str, str]:
        """Return the vendor's filters for this range."""
        ends = {"strike_price.gte": self.low, "strike_price.lt": self.high}
        return {name: f"{end:.3f}".rstrip("0").rstrip(".") for name, end in ends.items() if end is not None}

    def holds(self, strikes: pl.Series) -> bool:
        """Tell whether all strikes lie in this range."""
        low, high = strikes.min(), strikes.max()
        if low is None or high is None:
            return True
        return (self.low is None or float(low) >= self.low) and (self.high is None or float(high) < self.high)  # type: ignore[arg-type]


EVERYTHING: Final = Tile()


def between(low: float | None, high: float | None) -> Tile:
    """Return the tile of an inclusive range of strikes, which are whole thousandths of a dollar in every OCC symbol."""
    return Tile(
        None if low is None else math.ceil(round(low * 1000, 3)) / 1000,
        None if high is None else (math.floor(round(high * 1000, 3)) + 1) / 1000,
    )


def strike_counts(strikes: pl.Series) -> list[tuple[float, int]]:
    """Return each strike of an answer with its number of contracts, rising."""
    counts = strikes.alias("strike").value_counts(name="contracts").sort("strike")
    return list(counts.iter_rows())


def plan(counts: Sequence[tuple[float, int]], asked: Tile) -> list[Tile]:
    """Cut the asked range so that each tile held at most `ROWS_PER_TILE` contracts in the last answer.

    Parameters
    ----------
    counts
        Strikes of the last answer, rising, with the contracts at each.
    asked
        The range to cover.
    """
    cuts: list[float] = []
    held = 0
    for strike, contracts in counts:
        if held and held + contracts > ROWS_PER_TILE:
            cuts.append(strike)
            held = 0
        held += contracts
    return _tiles(asked, cuts)


class Fetcher(Protocol):
    """How `cover` gets its pages; both answer with the page's rows and what is needed to go on, None when whole."""

    async def page(self, tile: Tile, *, descending: bool = False) -> tuple[pl.DataFrame, Any | None]:
        """Get the first page of a tile, by rising (or falling) strike."""
        ...

    async def rest(self, following: Any) -> list[pl.DataFrame]:
        """Get all pages after a first one."""
        ...

    def strikes(self, page: pl.DataFrame) -> pl.Series:
        """Return the strike of each row of a page."""
        ...


async def cover(tiles: Sequence[Tile], fetcher: Fetcher) -> tuple[list[pl.DataFrame], DataProviderError | None]:
    """Fetch all rows of all tiles at once, splitting those that hold more than a page.

    Returns
    -------
    tuple
        The pages that arrived, each row once, in no order; and the first failure, if one tile failed for good: then
        the others were called off and the pages are not the whole.
    """
    covering = _Covering(fetcher)
    failures: list[Exception] = []
    try:
        async with asyncio.TaskGroup() as group:
            for tile in tiles:
                group.create_task(covering.one(tile, group))
    except* Exception as failed:  # noqa: BLE001  # taken out of the group and raised again below
        failures.extend(_leaves(failed))
    for failure in failures:
        if not isinstance(failure, DataProviderError):
            raise failure
    return covering.arrived, next((each for each in failures if isinstance(each, DataProviderError)), None)


class _Covering:
    """The pages that have arrived so far, and how many requests may still be made."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._requests_left = REQUESTS_AT_MOST
        self.arrived: list[pl.DataFrame] = []

    async def one(self, tile: Tile, group: asyncio.TaskGroup) -> None:
        """Fetch a tile; what its first page leaves over goes to new tiles in the group."""
        page, following = await self._page(tile)
        if following is None:
            self.arrived.append(page)
            return
        strikes = self._fetcher.strikes(page)
        first, last = _ends(strikes)
        if first == last:  # nothing to cut by
            self.arrived.append(page)
            self.arrived.extend(await self._rest(following))
            return
        # The page may end in the middle of a strike: what is left begins with that strike.
        self.arrived.append(page.filter(strikes.is_null() | (strikes < last)))
        left = Tile(last, tile.high)
        density = page.height / (last - first)
        parts = split(left, density) if left.high is not None else await self._below_the_top(left, density)
        for part in parts:
            group.create_task(self.one(part, group))

    async def _below_the_top(self, tile: Tile, density: float) -> list[Tile]:
        """Fetch the highest strikes of a tile without an upper end; return the tiles left below them."""
        page, following = await self._page(tile, descending=True)
        if following is None:
            self.arrived.append(page)
            return []
        strikes = self._fetcher.strikes(page)
        lowest, highest = _ends(strikes)
        if lowest < highest:
            self.arrived.append(page.filter(strikes > lowest))
        # The wings are thin and the money lies between: more parts than their density suggests.
        return split(between(tile.low, lowest), density, at_least=PARTS_AT_LEAST)

    async def _page(self, tile: Tile, *, descending: bool = False) -> tuple[pl.DataFrame, Any | None]:
        self._requests_left -= 1
        if self._requests_left < 0:
            raise PayloadError(
                f"massive: a chain that is not whole after {REQUESTS_AT_MOST:,} requests is none", provider="massive"
            )
        return await self._fetcher.page(tile, descending=descending)

    async def _rest(self, following: Any) -> list[pl.DataFrame]:
        try:
            return await self._fetcher.rest(following)
        except IncompleteError as error:
            self.arrived.extend(error.received)
            raise error.reason from error


def split(tile: Tile, density: float, *, at_least: int = 1) -> list[Tile]:
    """Cut a tile with both ends into equal parts of about a page, given contracts per dollar of strike."""
    low, high = tile.low or 0.0, tile.high or 0.0
    parts = min(PARTS_AT_MOST, max(at_least, round(density * (high - low) / ROWS_PER_PART)))
    return _tiles(tile, [round(low + (high - low) * part / parts, 3) for part in range(1, parts)])


def _ends(strikes: pl.Series) -> tuple[float, float]:
    """Return the lowest and the highest strike; of rows that all lack theirs, 0."""
    ordered = strikes.drop_nulls().sort()
    return (float(ordered[0]), float(ordered[-1])) if ordered.len() else (0.0, 0.0)


def _leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    return [
        leaf
        for each in group.exceptions
        for leaf in (_leaves(each) if isinstance(each, BaseExceptionGroup) else [each])
    ]


def _tiles(asked: Tile, cuts: Sequence[float]) -> list[Tile]:
    inside = [
        cut for cut in cuts if (asked.low is None or cut > asked.low) and (asked.high is None or cut < asked.high)
    ]
    ends = [asked.low, *dict.fromkeys(inside), asked.high]
    return [Tile(low, high) for low, high in pairwise(ends)]
