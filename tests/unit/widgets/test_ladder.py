"""The listing of a chain: one tab for each root and day, one row for each strike, and nothing lost without a count."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quantdata.frames.columns import CHAIN, empty
from quantdata.widgets.ladder import Listing
from tests.unit.widgets.boards import DECEMBER, JANUARY, board, contract


def test_roots_and_days_have_tabs_of_their_own_the_nearest_first() -> None:
    rows = [contract(600, root=root, expiration=day) for day in (DECEMBER, JANUARY) for root in ("SPX", "SPXW")]
    listing = Listing.of(board(rows))
    assert list(listing.series) == ["2026-12-18 SPX", "2026-12-18 SPXW", "2027-01-15 SPX", "2027-01-15 SPXW"]
    first = listing.series["2026-12-18 SPX"]
    assert (first.label, first.root, first.settlement, first.row) == ("Fri 18 Dec 2026", "SPX", "PM", 0)


def test_a_row_is_a_strike_with_its_call_and_its_put() -> None:
    chain = board([contract(610, "put"), contract(600), contract(600, "put"), contract(590)])
    strikes, legs = Listing.of(chain).grid("2026-12-18 SPY")
    assert strikes.tolist() == [590.0, 600.0, 610.0]
    assert legs.tolist() == [[3, -1], [1, 2], [-1, 0]]


def test_a_grid_is_made_once() -> None:
    listing = Listing.of(board([contract(600)]))
    assert listing.grid("2026-12-18 SPY") is listing.grid("2026-12-18 SPY")


def test_new_prices_of_the_same_contracts_leave_the_listing_as_it_is() -> None:
    chain = board([contract(600), contract(610)])
    listing = Listing.of(chain)
    assert listing.is_of(chain.with_columns(bid=pl.col("bid") + 1.0))
    assert not listing.is_of(chain.head(1))
    assert not listing.is_of(chain.reverse())


def test_adjusted_contracts_stand_beside_standard_ones_nowhere() -> None:
    mixed = board([contract(600), contract(600, is_adjusted=True), contract(610, is_adjusted=True)])
    assert Listing.of(mixed).grid("2026-12-18 SPY").legs.tolist() == [[0, -1]]
    assert Listing.of(mixed).unplaced == 2
    alone = board([contract(600, root="SPY1", is_adjusted=True)])
    assert Listing.of(alone).grid("2026-12-18 SPY1").legs.tolist() == [[0, -1]]


@pytest.mark.parametrize(
    "lacking", [{"strike": None}, {"strike": float("nan")}, {"option_type": None}, {"root_symbol": None}]
)
def test_what_tells_no_place_is_counted_and_left_out(lacking: dict[str, object]) -> None:
    listing = Listing.of(board([contract(600), {**contract(610), **lacking}]))
    assert listing.unplaced == 1
    assert listing.grid("2026-12-18 SPY").strikes.tolist() == [600.0]


def test_of_two_rows_of_one_contract_the_first_is_shown() -> None:
    listing = Listing.of(board([contract(600), contract(600)]))
    assert listing.grid("2026-12-18 SPY").legs.tolist() == [[0, -1]]
    assert listing.unplaced == 1


def test_an_empty_chain_has_no_series() -> None:
    listing = Listing.of(empty(CHAIN))
    assert listing.series == {}
    assert listing.unplaced == 0


def test_every_contract_of_a_large_chain_has_its_place() -> None:
    rows = [contract(strike, kind) for strike in np.arange(500.0, 700.0) for kind in ("call", "put")]
    chain = board(rows)
    strikes, legs = Listing.of(chain).grid("2026-12-18 SPY")
    assert chain.get_column("strike").gather(legs[:, 1]).to_list() == strikes.tolist()
    assert set(chain.get_column("option_type").gather(legs[:, 0])) == {"call"}
