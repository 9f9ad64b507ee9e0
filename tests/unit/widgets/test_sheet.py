"""The board: one sheet for all pages, listed anew when contracts are, judged as a whole from time to time."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from quantdata.widgets.fields import chosen
from quantdata.widgets.order import BY_STRIKE, Sort, ladder
from quantdata.widgets.sheet import Board, Sheet, require_series
from quantdata.widgets.wants import Wants
from tests.unit.widgets.boards import DECEMBER, JANUARY, NOW, board, contract

BOTH = board(
    [
        contract(strike, kind, expiration=day)
        for day in (DECEMBER, JANUARY)
        for strike in (590, 600, 610)
        for kind in ("call", "put")
    ]
)


def _sheet(chain: pl.DataFrame = BOTH) -> Sheet:
    made = Board("SPY", chosen())
    made.update(chain, 0.0)
    assert made.sheet is not None
    return made.sheet


def test_without_rows_there_is_no_sheet_and_what_was_there_stays() -> None:
    made = Board("SPY", chosen())
    made.update(empty(CHAIN), 0.0)
    before = made.sheet
    made.update(BOTH, 1.0)
    made.update(empty(CHAIN), 2.0)
    assert before is None
    assert made.sheet is not None
    assert made.sheet.chain is BOTH


def test_new_prices_are_another_version_of_the_same_listing() -> None:
    made = Board("SPY", chosen())
    made.update(BOTH, 0.0)
    first = made.sheet
    made.update(BOTH.with_columns(bid=4.0), 0.1)
    second = made.sheet
    made.update(BOTH.head(3), 0.2)
    assert first is not None
    assert second is not None
    assert made.sheet is not None
    assert second.listing is first.listing is not made.sheet.listing
    assert (first.version, second.version, made.sheet.version) == (0, 1, 2)


def test_the_whole_is_judged_at_once_and_then_every_two_seconds_while_frames_come() -> None:
    made = Board("SPY", chosen())
    made.update(BOTH, 10.0)
    assert made.due_at() is None
    poor = BOTH.with_columns(confidence=pl.lit(40, pl.UInt8))
    made.update(poor, 10.1)
    assert made.sheet is not None
    assert made.sheet.whole.confidence == 100
    assert made.due_at() == 12.0
    made.judge(11.9)
    assert made.sheet.whole.confidence == 100
    made.judge(12.0)
    assert made.sheet.whole.confidence == 40
    assert made.due_at() is None


def test_a_page_is_told_what_stands_where() -> None:
    sheet = _sheet()
    wants = Wants(sort=Sort("bid", 1), filters={"delta": (0.1, None)})
    series = sheet.series_of(None)
    assert series is not None
    layout = sheet.layout(wants, series, rows=3)
    assert layout["underlying"] == "SPY"
    december = {"key": "2026-12-18 SPY", "label": "Fri 18 Dec 2026", "days": 30, "root": "SPY", "settlement": "PM"}
    assert layout["series"][0] == december
    assert (layout["chosen"], layout["rows"]) == ("2026-12-18 SPY", 3)
    assert layout["fields"][2]["header"] == "iv"
    assert layout["sort"] == {"field": "bid", "leg": 1, "descending": False}
    assert layout["filters"] == {"delta": [0.1, None]}


def test_the_money_is_at_the_forward_where_rows_are_by_strike() -> None:
    chain = BOTH.with_columns(forward_price=pl.lit(608.0))
    sheet = _sheet(chain)
    series = sheet.series_of(None)
    assert series is not None
    rows = ladder(sheet.listing.grid(series.key), chain, sort=BY_STRIKE)
    assert sheet.status(series, rows, is_by_strike=True)["money"] == 2
    assert sheet.status(series, rows, is_by_strike=False)["money"] is None
    told = _sheet().status(series, rows, is_by_strike=True)
    assert (told["price"], told["forward"], told["money"]) == (600.0, None, 1)
    assert told["at"] == NOW.timestamp() * 1000


def test_the_first_series_is_the_one_asked_for_else_the_nearest_that_is_live() -> None:
    sheet = _sheet(BOTH.with_columns(time_to_expiry=pl.when(expiration=DECEMBER).then(0.0).otherwise(0.1)))
    chosen_keys = [sheet.series_of(*keys) for keys in ((None,), ("2026-12-18 SPY",), ("nonsense", "2026-12-18"))]
    assert [each and each.key for each in chosen_keys] == ["2027-01-15 SPY", "2026-12-18 SPY", "2026-12-18 SPY"]
    over = _sheet(BOTH.with_columns(time_to_expiry=0.0)).series_of()
    assert over is not None
    assert over.key == "2026-12-18 SPY"
    assert _sheet(BOTH.with_columns(strike=pl.lit(None, pl.Float64))).series_of() is None


def test_a_series_that_is_not_there_is_refused_with_those_that_are() -> None:
    listing = _sheet(
        board([contract(600, expiration=date(2026, 12, 1) + timedelta(days=at)) for at in range(9)])
    ).listing
    require_series(listing, "2026-12-05")
    require_series(listing, "2026-12-05 SPY")
    with pytest.raises(ArgumentError, match=r"no series '2026-12-30'; there are 2026-12-01 SPY, .* and 1 more"):
        require_series(listing, "2026-12-30")
