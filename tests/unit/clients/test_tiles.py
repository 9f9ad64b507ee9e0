"""Ranges of strikes: cut, covered, and honest when one of them fails."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from quantdata.clients import tiles as module
from quantdata.clients.tiles import EVERYTHING, Tile, between, cover, plan, split, strike_counts
from quantdata.errors import PayloadError, UnavailableError

PAGE = 250


class Shelf:
    """Contracts by strike, handed out in pages of 250 as the vendor does.

    Parameters
    ----------
    strikes
        One per contract, null where the vendor forgot it.
    failing
        Tiles whose first page fails, by their lower end.
    """

    def __init__(self, strikes: list[float | None], *, failing: frozenset[float | None] = frozenset()) -> None:
        self._rows = pl.DataFrame(
            {"contract": range(len(strikes)), "strike": strikes}, schema={"contract": pl.Int64, "strike": pl.Float64}
        )
        self._failing = failing
        self.asked: list[tuple[Tile, bool]] = []
        self.pages_after = 0

    async def page(self, tile: Tile, *, descending: bool = False) -> tuple[pl.DataFrame, Any | None]:
        self.asked.append((tile, descending))
        await asyncio.sleep(0)
        if tile.low in self._failing:
            raise UnavailableError("down", provider="massive")
        # As the vendor compares: by the text that goes over the wire.
        bounds = {name: float(text) for name, text in tile.filters().items()}
        rows = self._rows
        if "strike_price.gte" in bounds:
            rows = rows.filter(pl.col("strike") >= bounds["strike_price.gte"])
        if "strike_price.lt" in bounds:
            rows = rows.filter(pl.col("strike") < bounds["strike_price.lt"])
        rows = rows.sort("strike", "contract", descending=descending, nulls_last=True)
        return rows.head(PAGE), rows.slice(PAGE) if rows.height > PAGE else None

    async def rest(self, following: pl.DataFrame) -> list[pl.DataFrame]:
        pages = [following.slice(start, PAGE) for start in range(0, following.height, PAGE)]
        self.pages_after += len(pages)
        return pages

    def strikes(self, page: pl.DataFrame) -> pl.Series:
        return page.get_column("strike")

    def covered(self, tiles: list[Tile]) -> list[int]:
        pages, failure = asyncio.run(cover(tiles, self))
        assert failure is None
        return sorted(contract for page in pages for contract in page.get_column("contract"))


# --- tiles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tile", "filters"),
    [
        (EVERYTHING, {}),
        (Tile(560.0, None), {"strike_price.gte": "560"}),
        (Tile(None, 600.001), {"strike_price.lt": "600.001"}),
        (Tile(0.5, 10_000.0), {"strike_price.gte": "0.5", "strike_price.lt": "10000"}),
        (Tile(100.0, 100.0), {"strike_price.gte": "100", "strike_price.lt": "100"}),
    ],
)
def test_filters_as_the_vendor_reads_them(tile: Tile, filters: dict[str, str]) -> None:
    assert tile.filters() == filters


@pytest.mark.parametrize(
    ("low", "high", "tile"),
    [
        (None, None, EVERYTHING),
        (560, 600, Tile(560.0, 600.001)),
        (587.5, 587.5, Tile(587.5, 587.501)),
        (596.0004, None, Tile(596.001, None)),
        (595.9996, None, Tile(596.0, None)),
        (None, 599.9996, Tile(None, 600.0)),
        (None, 600.0004, Tile(None, 600.001)),
        (0.1 + 0.2, 0.1 + 0.2, Tile(0.3, 0.301)),
        (600.0001, 600.0002, Tile(600.001, 600.001)),
    ],
)
def test_an_inclusive_range_in_whole_thousandths(low: float | None, high: float | None, tile: Tile) -> None:
    assert between(low, high) == tile


@pytest.mark.parametrize(
    ("tile", "strikes", "holds"),
    [
        (Tile(1.0, 2.0), [1.0, 1.999], True),
        (Tile(1.0, 2.0), [2.0], False),
        (Tile(1.0, 2.0), [0.999, 1.5], False),
        (Tile(1.0, 2.0), [], True),
        (Tile(1.0, 2.0), [None], True),
        (EVERYTHING, [1e9], True),
    ],
)
def test_a_tile_holds_its_own_strikes(tile: Tile, strikes: list[float | None], *, holds: bool) -> None:
    assert tile.holds(pl.Series(strikes, dtype=pl.Float64)) is holds


# --- plans ----------------------------------------------------------------------------------------------------------


def test_a_plan_fills_tiles_up_to_nearly_a_page() -> None:
    counts = [(float(strike), 80) for strike in range(1, 7)]
    assert plan(counts, EVERYTHING) == [Tile(None, 4.0), Tile(4.0, None)]


def test_a_plan_without_an_answer_is_what_was_asked() -> None:
    assert plan([], EVERYTHING) == [EVERYTHING]
    assert plan([], Tile(1.0, 2.0)) == [Tile(1.0, 2.0)]


def test_a_plan_stays_within_what_was_asked() -> None:
    counts = [(float(strike), 240) for strike in range(10)]
    assert plan(counts, Tile(3.0, 5.0)) == [Tile(3.0, 4.0), Tile(4.0, 5.0)]


def test_strikes_are_counted_rising() -> None:
    assert strike_counts(pl.Series("strike", [2.0, 1.0, 2.0])) == [(1.0, 1), (2.0, 2)]


def test_parts_of_a_tile_touch_and_are_never_empty() -> None:
    parts = split(Tile(1.0, 1.004), density=1e9)
    assert parts[0].low == 1.0
    assert parts[-1].high == 1.004
    assert all(left.high == right.low for left, right in pairwise(parts))
    assert all(part.low < part.high for part in parts if part.low is not None and part.high is not None)


# --- covering -------------------------------------------------------------------------------------------------------


def test_a_small_chain_is_one_request() -> None:
    shelf = Shelf([float(strike) for strike in range(1, 251)])
    assert shelf.covered([EVERYTHING]) == list(range(250))
    assert len(shelf.asked) == 1


def test_a_large_chain_comes_in_parallel_parts() -> None:
    shelf = Shelf([float(strike) for strike in range(1, 2001)])
    assert shelf.covered([EVERYTHING]) == list(range(2000))
    assert len(shelf.asked) <= 24


def test_one_heavy_strike_is_paged_through() -> None:
    shelf = Shelf([100.0] * 1000)
    assert shelf.covered([EVERYTHING]) == list(range(1000))
    assert shelf.pages_after == 3


def test_a_heavy_top_strike_is_not_lost() -> None:
    strikes: list[float | None] = [*map(float, range(1, 300)), *[5000.0] * 600]
    assert Shelf(strikes).covered([EVERYTHING]) == list(range(899))


def test_a_good_plan_needs_no_splitting() -> None:
    strikes: list[float | None] = [float(strike) for strike in range(1, 2001)]
    tiles = plan(strike_counts(pl.Series(strikes)), EVERYTHING)
    shelf = Shelf(strikes)
    assert shelf.covered(tiles) == list(range(2000))
    assert len(shelf.asked) == len(tiles) == 9


def test_a_contract_without_a_strike_is_not_lost() -> None:
    strikes: list[float | None] = [float(strike) for strike in range(1, 301)]
    shelf = Shelf(strikes)
    original = shelf.page

    async def page(tile: Tile, *, descending: bool = False) -> tuple[pl.DataFrame, Any | None]:
        found, following = await original(tile, descending=descending)
        if tile == EVERYTHING and not descending:
            found = found.vstack(pl.DataFrame({"contract": [999], "strike": [None]}, schema=found.schema))
        return found, following

    shelf.page = page  # type: ignore[method-assign]
    assert shelf.covered([EVERYTHING]) == [*range(300), 999]


def test_a_failing_tile_is_told_with_what_arrived() -> None:
    tiles = [Tile(None, 100.0), Tile(100.0, 200.0)]
    shelf = Shelf([50.0, 150.0], failing=frozenset({100.0}))
    pages, failure = asyncio.run(cover(tiles, shelf))
    assert isinstance(failure, UnavailableError)
    assert [contract for page in pages for contract in page.get_column("contract")] in ([0], [])


def test_when_nothing_arrived_the_failure_stands_alone() -> None:
    pages, failure = asyncio.run(cover([EVERYTHING], Shelf([1.0], failing=frozenset({None}))))
    assert pages == []
    assert isinstance(failure, UnavailableError)


def test_a_failure_behind_the_first_page_keeps_that_page() -> None:
    shelf = Shelf([100.0] * 600)

    async def down(_: pl.DataFrame) -> list[pl.DataFrame]:
        raise UnavailableError("down", provider="massive")

    shelf.rest = down  # type: ignore[assignment, method-assign]
    pages, failure = asyncio.run(cover([EVERYTHING], shelf))
    assert [page.height for page in pages] == [250]
    assert isinstance(failure, UnavailableError)


def test_a_fault_of_our_own_is_not_swallowed() -> None:
    shelf = Shelf([1.0])

    async def broken(*_: object, **__: object) -> tuple[pl.DataFrame, None]:
        raise KeyError("ours")

    shelf.page = broken  # type: ignore[method-assign]
    with pytest.raises(KeyError, match="ours"):
        asyncio.run(cover([EVERYTHING], shelf))


@pytest.mark.parametrize(("most", "is_whole"), [(9, True), (8, False)])
def test_an_answer_that_goes_on_and_on_is_none(monkeypatch: pytest.MonkeyPatch, most: int, *, is_whole: bool) -> None:
    strikes: list[float | None] = [float(strike) for strike in range(1, 2001)]
    tiles = plan(strike_counts(pl.Series(strikes)), EVERYTHING)
    monkeypatch.setattr(module, "REQUESTS_AT_MOST", most)
    shelf = Shelf(strikes)
    _, failure = asyncio.run(cover(tiles, shelf))
    assert (failure is None) is is_whole
    assert len(shelf.asked) == most
    if not is_whole:
        assert type(failure) is PayloadError
        assert "not whole after 8 requests" in str(failure)
