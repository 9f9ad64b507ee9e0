"""Order and filters: what has no value comes last, a strike stays while one of its legs passes."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest

from quantdata.frames.columns import CHAIN, empty
from quantdata.widgets.ladder import Grid, Listing
from quantdata.widgets.order import BY_STRIKE, FILTERS, NO_FILTERS, Ladder, Sort, ladder, passing, taken
from tests.unit.widgets.boards import board, contract

if TYPE_CHECKING:
    import polars as pl

    from quantdata.widgets.order import Filters

KEY = "2026-12-18 SPY"
CHAIN_OF_FOUR = board(
    [
        contract(590, delta=0.9, volume=10, open_interest=5, spread_percent=1.0, confidence=95),
        contract(600, delta=0.5, volume=30, open_interest=None, spread_percent=2.0, confidence=100),
        contract(600, "put", delta=-0.5, volume=5, open_interest=50, spread_percent=3.0, confidence=60),
        contract(610, delta=0.1, volume=None, open_interest=7, spread_percent=None, confidence=0),
        contract(620, "put", delta=-0.95, volume=20, open_interest=1, spread_percent=9.0, confidence=80),
    ]
)


def _grid(chain: pl.DataFrame = CHAIN_OF_FOUR) -> Grid:
    return Listing.of(chain).grid(KEY)


def _strikes(sort: Sort = BY_STRIKE, filters: Filters = NO_FILTERS) -> list[float]:
    return list(ladder(_grid(), CHAIN_OF_FOUR, sort=sort, filters=filters).strikes)


def test_without_a_wish_all_strikes_rise() -> None:
    assert _strikes() == [590, 600, 610, 620]
    assert _strikes(Sort(descending=True)) == [620, 610, 600, 590]


def test_rows_follow_a_field_of_one_leg_and_what_has_none_comes_last_either_way() -> None:
    assert _strikes(Sort("volume", 0)) == [590, 600, 610, 620]
    assert _strikes(Sort("volume", 0, descending=True)) == [600, 590, 610, 620]
    assert _strikes(Sort("delta", 1)) == [620, 600, 590, 610]


def test_legs_go_with_their_strikes() -> None:
    rows = ladder(_grid(), CHAIN_OF_FOUR, sort=Sort("volume", 0, descending=True))
    assert rows.legs.tolist() == [[1, 2], [0, -1], [3, -1], [-1, 4]]


@pytest.mark.parametrize(
    ("name", "ends", "left"),
    [
        ("delta", (0.4, 0.6), [600]),
        ("delta", (0.8, None), [590, 620]),
        ("moneyness", (None, 1.0), [590, 600]),
        ("volume", (20, None), [600, 620]),
        ("open_interest", (7, None), [600, 610]),
        ("spread_percent", (None, 2.0), [590, 600]),
        ("confidence", (90, None), [590, 600]),
        ("confidence", (None, None), [590, 600, 610, 620]),
    ],
)
def test_a_strike_stays_while_one_of_its_legs_passes(
    name: str, ends: tuple[float | None, float | None], left: list[float]
) -> None:
    assert name in FILTERS
    assert _strikes(filters={name: ends}) == left


def test_one_leg_must_pass_all_filters() -> None:
    # The call of 600 has the volume, its put the open interest.
    assert _strikes(filters={"volume": (30, None), "open_interest": (50, None)}) == []


def test_which_legs_pass_is_told_apart_and_a_leg_not_listed_never_does() -> None:
    legs = _grid().legs
    assert passing(CHAIN_OF_FOUR, legs, {}).tolist() == [[True, False], [True, True], [True, False], [False, True]]
    quiet = passing(CHAIN_OF_FOUR, legs, {"volume": (None, 10)})
    # No volume is a volume of 0.
    assert quiet.tolist() == [[True, False], [False, True], [True, False], [False, False]]


def test_volume_of_an_older_session_counts_as_none() -> None:
    old = board([contract(600, volume=500, day_session=date(2026, 11, 17)), contract(610, volume=5)])
    assert ladder(_grid(old), old, filters={"volume": (1, None)}).strikes.tolist() == [610]


def test_where_the_session_is_not_known_volume_is_taken_as_it_is() -> None:
    for at in (None, datetime.fromisoformat("1999-01-04T16:00+00:00")):
        chain = board([contract(600, volume=500, snapshot_ts=at)])
        assert ladder(_grid(chain), chain, filters={"volume": (1, None)}).strikes.tolist() == [600]


def test_the_money_is_the_strike_nearest_to_the_price() -> None:
    rows = ladder(_grid(), CHAIN_OF_FOUR)
    assert [rows.nearest(price) for price in (0.0, 604.0, 606.0, 9999.0, None)] == [0, 1, 2, 3, None]
    assert ladder(_grid(), CHAIN_OF_FOUR, filters={"volume": (999, None)}).nearest(600.0) is None


def test_ladders_are_the_same_if_their_rows_are() -> None:
    rows = ladder(_grid(), CHAIN_OF_FOUR)
    assert rows.is_as(ladder(_grid(), CHAIN_OF_FOUR))
    assert not rows.is_as(ladder(_grid(), CHAIN_OF_FOUR, sort=Sort(descending=True)))
    assert not rows.is_as(Ladder(rows.strikes + 1, rows.legs))


def test_of_an_empty_frame_there_is_nothing_to_take() -> None:
    legs = _grid().legs
    nothing = taken(empty(CHAIN).select("bid"), legs[:, 0])
    assert nothing.shape == (4, 1)
    assert str(nothing[0, 0]) == "nan"
    assert passing(empty(CHAIN), legs, {"volume": (1, None)}).shape == (4, 2)
