"""Covering a chain by tiles: each contract once, whatever the strikes, however stale the plan."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from quantdata.clients.tiles import EVERYTHING, Tile, between, cover, plan
from quantdata.errors import DataProviderError, UnavailableError

PAGE = 250

# Strikes of a cent and of a thousandth, near and far, as whole thousandths of a dollar.
STRIKES = st.one_of(
    st.integers(1, 50).map(lambda step: step * 5_000),
    st.integers(1, 2_000).map(lambda step: step * 500),
    st.integers(1, 99_999_999),
)
# A few strikes with many contracts each, and many with a few: up to some 3,000 contracts.
SHELVES = st.one_of(
    st.dictionaries(STRIKES, st.integers(1, 900), max_size=4),
    st.dictionaries(STRIKES, st.integers(1, 12), max_size=250),
    st.builds(
        lambda first, step, count, each: {first + number * step: each for number in range(count)},
        st.integers(1, 600_000),
        st.sampled_from([1, 10, 500, 1_000, 2_500, 5_000]),
        st.integers(1, 600),
        st.integers(1, 5),
    ),
)
ENDS = st.one_of(st.none(), st.integers(0, 400_000).map(lambda thousandths: thousandths / 1000))


class Shelf:
    """Contracts by strike, handed out in pages as the vendor does; the page number ``failing`` fails."""

    def __init__(self, contracts: dict[int, int], *, failing: int | None = None) -> None:
        strikes = [strike / 1000 for strike, count in sorted(contracts.items()) for _ in range(count)]
        self.rows = pl.DataFrame({"strike": strikes}, schema={"strike": pl.Float64}).with_row_index("contract")
        self.requests = 0
        self._failing = failing

    def within(self, tile: Tile) -> pl.DataFrame:
        bounds = {name: float(text) for name, text in tile.filters().items()}
        low, high = bounds.get("strike_price.gte", 0.0), bounds.get("strike_price.lt", float("inf"))
        return self.rows.filter((pl.col("strike") >= low) & (pl.col("strike") < high))

    async def page(self, tile: Tile, *, descending: bool = False) -> tuple[pl.DataFrame, Any | None]:
        await self._request()
        rows = self.within(tile).sort("strike", "contract", descending=descending)
        return rows.head(PAGE), rows.slice(PAGE) if rows.height > PAGE else None

    async def rest(self, following: pl.DataFrame) -> list[pl.DataFrame]:
        pages = [following.slice(start, PAGE) for start in range(0, following.height, PAGE)]
        for _ in pages:
            await self._request()
        return pages

    def strikes(self, page: pl.DataFrame) -> pl.Series:
        return page.get_column("strike")

    async def _request(self) -> None:
        await asyncio.sleep(0)
        self.requests += 1
        if self.requests == self._failing:
            raise UnavailableError("down", provider="massive")


def _covered(shelf: Shelf, tiles: list[Tile]) -> tuple[Counter[int], DataProviderError | None]:
    pages, failure = asyncio.run(cover(tiles, shelf))
    return Counter(contract for page in pages for contract in page.get_column("contract")), failure


def _counts(contracts: dict[int, int]) -> list[tuple[float, int]]:
    return [(strike / 1000, count) for strike, count in sorted(contracts.items())]


@given(contracts=SHELVES, remembered=SHELVES, low=ENDS, high=ENDS)
def test_each_contract_comes_exactly_once_however_stale_the_plan(
    contracts: dict[int, int], remembered: dict[int, int], low: float | None, high: float | None
) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    asked, shelf = between(low, high), Shelf(contracts)
    found, failure = _covered(shelf, plan(_counts(remembered), asked))
    assert failure is None
    assert found == Counter(shelf.within(asked).get_column("contract"))


@given(contracts=SHELVES)
def test_requests_stay_bounded(contracts: dict[int, int]) -> None:
    shelf = Shelf(contracts)
    _covered(shelf, [EVERYTHING])
    pages = -(-shelf.rows.height // PAGE)
    assert shelf.requests <= 34 * max(1, pages)


@given(contracts=SHELVES)
def test_a_fresh_plan_costs_no_more_than_its_tiles(contracts: dict[int, int]) -> None:
    shelf = Shelf(contracts)
    tiles = plan(_counts(contracts), EVERYTHING)
    _covered(shelf, tiles)
    heavy = [count for count in contracts.values() if count > PAGE]
    if not heavy:
        assert shelf.requests == len(tiles)
    assert len(tiles) <= 1 + shelf.rows.height / 120 + len(heavy)


@given(contracts=SHELVES, failing=st.integers(1, 30))
@settings(max_examples=60)
def test_a_failed_request_is_never_hidden(contracts: dict[int, int], failing: int) -> None:
    shelf = Shelf(contracts, failing=failing)
    found, failure = _covered(shelf, [EVERYTHING])
    if failure is None:
        assert shelf.requests < failing
        assert found.total() == shelf.rows.height
    else:
        assert shelf.requests >= failing
    assert all(count == 1 for count in found.values())


@given(remembered=SHELVES, low=ENDS, high=ENDS)
def test_a_plan_covers_what_was_asked_without_a_gap(
    remembered: dict[int, int], low: float | None, high: float | None
) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    asked = between(low, high)
    tiles = plan(_counts(remembered), asked)
    assert (tiles[0].low, tiles[-1].high) == asked
    assert all(left.high == right.low for left, right in pairwise(tiles))


@given(
    low=st.floats(0.001, 99_999, allow_nan=False),
    high=st.floats(0.001, 99_999, allow_nan=False),
    strike=st.integers(1, 99_999_999),
)
def test_a_range_asks_for_its_strikes_and_the_answer_passes(low: float, high: float, strike: int) -> None:
    low, high = min(low, high), max(low, high)
    tile = between(low, high)
    shelf = Shelf({strike: 1, round(low * 1000): 1, round(high * 1000): 1})
    answer = shelf.within(tile).get_column("strike")
    assert tile.holds(answer)
    wanted = shelf.rows.filter(pl.col("strike").is_between(low, high)).get_column("strike")
    assert set(wanted) <= set(answer)
