"""One page: what it lacks is sent, what it has is not, and a slow one gets fewer messages with more in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from quantdata.widgets.fields import chosen
from quantdata.widgets.order import Sort
from quantdata.widgets.sheet import Board
from quantdata.widgets.viewer import OVERSCAN, Viewer
from quantdata.widgets.wants import Wants
from tests.unit.widgets.boards import DECEMBER, JANUARY, NOW, board, contract
from tests.unit.widgets.pages import ModelPage

if TYPE_CHECKING:
    from quantdata.widgets.messages import Message

STRIKES = np.arange(500.0, 700.0)
WIDE = board([contract(strike, kind) for strike in STRIKES for kind in ("call", "put")])
IN_VIEW = Wants(first=100, last=109)


class Desk:
    """A board and one page that looks at it."""

    def __init__(self, chain: pl.DataFrame = WIDE, wants: Wants = IN_VIEW) -> None:
        self.board = Board("SPY", chosen(["bid", "ask", "volume"]))
        self.viewer = Viewer("a", wants, now=0.0)
        self.page = ModelPage("a", first=wants.first, last=wants.last)
        self.now = 0.0
        self.show(chain)

    def show(self, chain: pl.DataFrame) -> None:
        self.board.update(chain, self.now)

    def turn(self, *, seconds: float = 0.0) -> Message | None:
        """Let the page have what it lacks, as far as it may."""
        self.now += seconds
        message = self.viewer.update(self.board.sheet, self.now)
        if message is not None:
            assert self.page.take(message)
        return message

    def ack(self) -> None:
        told: Any = self.page.ack()
        self.viewer.acknowledge(told["epoch"], told["sequence"], (told["first"], told["last"]), self.now)


def _rows(message: Message | None) -> set[int]:
    """Return which rows a message has cells of."""
    assert message is not None
    places = np.frombuffer(message.buffers[-2], "<u4")
    return set((places // (2 * 11)).tolist())


def _bids(value: float, *strikes: float) -> pl.DataFrame:
    return WIDE.with_columns(
        bid=pl.when(pl.col("strike").is_in([float(strike) for strike in strikes])).then(value).otherwise("bid")
    )


def test_the_first_message_has_everything_in_view_and_around_the_money() -> None:
    desk = Desk(wants=Wants(first=0, last=9))
    message = desk.turn()
    assert message is not None
    assert message.content["kind"] == "snapshot"
    assert (message.content["epoch"], message.content["sequence"]) == (1, 1)
    assert desk.page.strikes.tolist() == STRIKES.tolist()
    assert desk.page.status["money"] == 100
    assert _rows(message) == {*range(10 + OVERSCAN), *range(100 - 12, 100 + 13)}


def test_then_only_what_has_changed_in_view_is_sent() -> None:
    desk = Desk()
    desk.turn()
    desk.show(_bids(4.5, 500, 605, 606))
    message = desk.turn()
    assert message is not None
    assert message.content == {"kind": "delta", "to": "a", "epoch": 1, "sequence": 2}
    assert _rows(message) == {105, 106}
    assert desk.page.column("bid")[105] == 4.5
    assert sum(map(len, message.buffers)) == 4 * (4 + 8)


def test_what_is_as_it_was_is_not_sent_null_or_not() -> None:
    desk = Desk(WIDE.with_columns(volume=pl.lit(None, pl.Int64)))
    desk.turn()
    desk.show(WIDE.with_columns(volume=pl.lit(None, pl.Int64)))
    assert desk.turn() is None


def test_a_number_that_goes_away_is_sent_as_none() -> None:
    desk = Desk()
    desk.turn()
    desk.show(WIDE.with_columns(bid=pl.lit(None, pl.Float64)))
    desk.turn()
    assert desk.page.column("bid")[105] is None
    assert desk.page.column("ask")[105] == 5.2


def test_the_time_alone_travels_once_a_second() -> None:
    desk = Desk()
    desk.turn()
    desk.show(WIDE.with_columns(age_s=0.999))
    assert desk.turn() is None
    desk.show(WIDE.with_columns(age_s=1.0))
    message = desk.turn()
    assert message is not None
    assert message.content["status"]["at"] == NOW.timestamp() * 1000 + 1000


def test_a_new_price_of_the_underlying_travels_at_once() -> None:
    desk = Desk()
    desk.turn()
    desk.show(WIDE.with_columns(underlying_price=pl.lit(603.0)))
    desk.turn()
    assert (desk.page.status["price"], desk.page.status["money"]) == (603.0, 103)


def test_scrolling_brings_the_new_rows_without_a_new_chain_and_old_ones_as_they_are_now() -> None:
    desk = Desk()
    desk.turn()
    desk.viewer.wants = desk.viewer.wants._replace(first=10, last=19)
    assert _rows(desk.turn()) == set(range(4, 26))
    desk.show(_bids(4.5, 605))
    assert desk.turn() is None
    desk.viewer.wants = desk.viewer.wants._replace(first=100, last=109)
    assert _rows(desk.turn()) == {105}


def test_rows_in_view_come_with_the_acknowledgement_too_unless_it_is_of_another_order() -> None:
    desk = Desk()
    desk.turn()
    desk.viewer.acknowledge(1, 1, (10, 19), desk.now)
    assert _rows(desk.turn()) == set(range(4, 26))
    desk.viewer.acknowledge(0, 2, (50, 59), desk.now)
    desk.viewer.acknowledge(1, 2, None, desk.now)
    assert desk.turn() is None


@pytest.mark.parametrize(
    "wants",
    [
        IN_VIEW._replace(series="2027-01-15 SPY"),
        IN_VIEW._replace(sort=Sort("volume", 1, descending=True)),
        IN_VIEW._replace(filters={"delta": (0.9, None)}),
    ],
)
def test_other_rows_begin_anew(wants: Wants) -> None:
    both = [contract(strike, expiration=day) for day in (DECEMBER, JANUARY) for strike in (590, 600)]
    desk = Desk(board(both))
    desk.turn()
    desk.viewer.wants = wants
    message = desk.turn()
    assert message is not None
    assert message.content["kind"] == "snapshot"
    assert (message.content["epoch"], message.content["sequence"]) == (2, 2)
    assert desk.page.layout["chosen"] == (wants.series or "2026-12-18 SPY")
    assert desk.page.layout["rows"] == (0 if wants.filters else 2)
    assert desk.page.status["money"] == (None if wants.filters or wants.sort.field == "volume" else 1)


def test_other_contracts_begin_anew() -> None:
    desk = Desk()
    desk.turn()
    desk.show(WIDE.filter(pl.col("strike") < 650))
    desk.turn()
    assert (desk.page.epoch, desk.page.layout["rows"]) == (2, 150)


def test_rows_that_are_ordered_by_what_moves_stay_put_for_five_seconds() -> None:
    four = board([contract(strike, volume=strike) for strike in (590, 600, 610, 620)])
    desk = Desk(four, Wants(sort=Sort("volume", 0, descending=True)))
    desk.turn()
    assert desk.page.strikes.tolist() == [620, 610, 600, 590]
    desk.show(four.with_columns(volume=pl.when(strike=590.0).then(9_999).otherwise("volume")))
    desk.turn(seconds=4.9)
    assert desk.page.epoch == 1
    assert desk.page.column("volume") == [620, 610, 600, 9_999]
    desk.show(four.with_columns(volume=pl.when(strike=590.0).then(9_998).otherwise("volume")))
    desk.turn(seconds=0.1)
    assert desk.page.epoch == 2
    assert desk.page.strikes.tolist() == [590, 620, 610, 600]
    desk.show(four.with_columns(volume=pl.when(strike=590.0).then(9_997).otherwise("volume")))
    desk.turn(seconds=5.0)
    assert desk.page.epoch == 2


def test_a_page_that_draws_nothing_gets_eight_messages_and_then_the_newest_alone() -> None:
    desk = Desk()
    for number in range(20):
        desk.show(_bids(10.0 + number, 605))
        desk.turn(seconds=0.1)
    assert desk.page.taken == ["snapshot", *["delta"] * 7]
    assert desk.page.is_urgent
    desk.ack()
    desk.turn()
    assert desk.page.column("bid")[105] == 29.0
    assert len(desk.page.taken) == 9


def test_a_page_that_begins_anew_gets_everything_once_more() -> None:
    desk = Desk()
    for number in range(9):
        desk.show(_bids(10.0 + number, 605))
        desk.turn()
    desk.viewer.restart(IN_VIEW, desk.now)
    message = desk.turn()
    assert message is not None
    assert (message.content["kind"], message.content["epoch"], message.content["sequence"]) == ("snapshot", 2, 9)
    assert desk.page.column("bid")[105] == 18.0


def test_a_sign_of_life_comes_after_two_and_a_half_silent_seconds() -> None:
    desk = Desk()
    assert desk.viewer.ping(9.0) is None
    desk.turn(seconds=9.0)
    assert desk.viewer.ping(11.4) is None
    assert desk.viewer.ping(11.5) == ({"kind": "ping", "to": "a", "epoch": 1}, [])
    assert desk.viewer.ping(11.6) is None


def test_the_next_thing_due_is_a_sign_of_life_or_the_end() -> None:
    desk = Desk()
    assert desk.viewer.due_at() is None
    desk.turn()
    assert desk.viewer.due_at() == 2.5
    desk.viewer.ping(2.5)
    desk.viewer.ping(5.0)
    assert desk.viewer.due_at() == 5.0
    assert not desk.viewer.is_gone(4.9)
    assert desk.viewer.is_gone(5.0)
    desk.ack()
    assert not desk.viewer.is_gone(99.0)


def test_where_no_contract_has_a_place_nothing_is_sent() -> None:
    desk = Desk(WIDE.with_columns(strike=pl.lit(None, pl.Float64)))
    assert desk.turn() is None
