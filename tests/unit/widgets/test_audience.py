"""All pages of a table: each gets what is its own, the silent are dropped, and no message can do harm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.widgets.audience import MOST_PAGES, Audience
from quantdata.widgets.fields import chosen
from quantdata.widgets.wants import Wants
from tests.unit.widgets.boards import DECEMBER, JANUARY, board, contract
from tests.unit.widgets.pages import ModelPage

if TYPE_CHECKING:
    from quantdata.widgets.messages import Message

SMALL = board(
    [
        contract(strike, kind, expiration=day, bid=strike / 100 + (day == JANUARY))
        for day in (DECEMBER, JANUARY)
        for strike in (590, 600, 610)
        for kind in ("call", "put")
    ]
)


class House:
    """An audience with a clock that is set by hand."""

    def __init__(self, *, wants: Wants | None = None) -> None:
        self.now = 100.0
        self.audience = Audience("SPY", chosen(["bid"]), wants=wants or Wants(), clock=lambda: self.now)

    def hear(self, *told: Any) -> list[Message]:
        for each in told:
            self.audience.hear(each)
        return self.audience.turn()

    def tell(self, chain: pl.DataFrame = SMALL) -> list[Message]:
        self.audience.tell(chain)
        return self.audience.turn()


def test_to_nobody_nothing_is_sent_and_nothing_is_due() -> None:
    house = House()
    assert house.tell() == []
    assert house.tell(SMALL.with_columns(bid=1.0)) == []
    assert house.audience.due_in_s() is None


def test_a_page_that_comes_before_the_first_chain_gets_it_when_it_is_there() -> None:
    house, page = House(), ModelPage("a")
    assert house.hear(page.hello()) == []
    assert page.take_all(house.tell())
    assert page.column("bid") == [5.9, 6.0, 6.1]


def test_each_page_gets_the_series_that_it_shows_and_nothing_else() -> None:
    house = House()
    house.tell()
    near, far = ModelPage("near"), ModelPage("far", series="2027-01-15 SPY")
    messages = house.hear(near.hello(), far.hello())
    assert [message.content["to"] for message in messages] == ["near", "far"]
    assert near.take_all(messages)
    assert far.take_all(messages)
    assert near.column("bid") == [5.9, 6.0, 6.1]
    assert far.column("bid") == [6.9, 7.0, 7.1]
    changed = SMALL.with_columns(bid=pl.when(expiration=JANUARY).then(8.0).otherwise("bid"))
    assert [message.content["to"] for message in house.tell(changed)] == ["far"]


def test_of_several_chains_between_two_turns_the_newest_is_sent() -> None:
    house, page = House(), ModelPage("a")
    page.take_all([*house.tell(), *house.hear(page.hello())])
    house.audience.tell(SMALL.with_columns(bid=1.0))
    page.take_all(house.tell(SMALL.with_columns(bid=2.0)))
    assert page.taken == ["snapshot", "delta"]
    assert page.column("bid") == [2.0, 2.0, 2.0]


def test_what_waits_for_a_slow_page_goes_with_its_acknowledgement() -> None:
    house, page = House(), ModelPage("a")
    page.take_all([*house.tell(), *house.hear(page.hello())])
    for number in range(20):
        page.take_all(house.tell(SMALL.with_columns(bid=float(number))))
    assert page.column("bid") == [6.0, 6.0, 6.0]
    assert page.take_all(house.hear(page.ack()))
    assert page.column("bid") == [19.0, 19.0, 19.0]


def test_a_page_that_missed_something_says_hello_and_has_it_all() -> None:
    house, page = House(), ModelPage("a")
    page.take_all([*house.tell(), *house.hear(page.hello())])
    house.tell(SMALL.with_columns(bid=1.0))
    assert not page.take_all(house.tell(SMALL.with_columns(bid=2.0)))
    assert page.take_all(house.hear(page.hello()))
    assert page.column("bid") == [2.0, 2.0, 2.0]
    assert len(house.audience) == 1


def test_after_its_goodbye_a_page_is_sent_nothing() -> None:
    house, page = House(), ModelPage("a")
    page.take_all([*house.tell(), *house.hear(page.hello())])
    assert house.hear(page.bye()) == []
    assert len(house.audience) == 0
    assert house.tell(SMALL.with_columns(bid=1.0)) == []
    assert house.hear(page.ack(), page.want(first=1)) == []


def test_a_silent_page_that_owes_an_answer_is_dropped_after_five_seconds() -> None:
    house, page = House(), ModelPage("a")
    house.tell()
    house.hear(page.hello())
    house.now += 4.9
    house.audience.turn()
    assert len(house.audience) == 1
    house.now += 0.1
    assert house.audience.turn() == []
    assert len(house.audience) == 0


def test_a_quiet_page_that_owes_nothing_is_kept_alive() -> None:
    house, page = House(), ModelPage("a")
    page.take_all([*house.tell(), *house.hear(page.hello())])
    house.hear(page.ack())
    assert house.audience.due_in_s() == pytest.approx(2.5)
    for _ in range(20):
        house.now += 2.5
        assert page.take_all(house.audience.turn())
    assert page.taken == ["snapshot", *["ping"] * 20]
    assert len(house.audience) == 1


def test_the_whole_is_judged_later_though_no_more_chains_come() -> None:
    house, page = House(), ModelPage("a")
    page.take_all([*house.tell(), *house.hear(page.hello())])
    page.take_all(house.tell(SMALL.with_columns(confidence=pl.lit(50, pl.UInt8))))
    house.hear(page.ack())
    assert page.status["confidence"] == 100
    assert house.audience.due_in_s() == pytest.approx(2.0)
    house.now += 2.0
    page.take_all(house.audience.turn())
    assert page.status["confidence"] == 50


def test_whoever_comes_first_is_shown_a_snapshot_that_nobody_counts() -> None:
    house = House(wants=Wants(series="2027-01-15"))
    assert house.audience.first() is None
    house.audience.tell(SMALL)
    first = house.audience.first()
    assert first is not None
    assert (first.content["to"], first.content["epoch"], first.content["sequence"]) == ("*", 0, 0)
    page = ModelPage("a")
    assert page.take(first)
    assert page.layout["chosen"] == "2027-01-15 SPY"
    assert len(house.audience) == 0


def test_what_pages_are_shown_that_ask_for_nothing_can_be_changed() -> None:
    house, page = House(), ModelPage("a")
    house.tell()
    house.audience.want(Wants(filters={"confidence": (100.5, None)}))
    assert page.take_all(house.hear(page.hello()))
    assert page.layout["rows"] == 0


def test_the_newest_chain_can_be_asked_for() -> None:
    house = House()
    known = [house.audience.chain]
    house.audience.tell(SMALL)
    known.append(house.audience.chain)
    house.audience.turn()
    known.append(house.audience.chain)
    assert [each is SMALL for each in known] == [False, True, True]


@pytest.mark.parametrize(
    ("told", "nonsense"),
    [
        (None, 1),
        ("hello", 1),
        ({}, 1),
        ({"client": "*", "kind": "hello"}, 1),
        ({"client": "", "kind": "hello"}, 1),
        ({"client": "x" * 65, "kind": "hello"}, 1),
        ({"client": ["a"], "kind": "hello"}, 1),
        ({"client": "a", "kind": "wave"}, 1),
        ({"client": "a", "kind": None}, 1),
        ({"client": "a", "kind": "ack"}, 1),
        ({"client": "a", "kind": "ack", "epoch": True, "sequence": 1}, 1),
        ({"client": "a", "kind": "ack", "epoch": 1, "sequence": "1"}, 1),
        ({"client": "a", "kind": "want"}, 1),
        ({"client": "a", "kind": "ack", "epoch": 1, "sequence": 1}, 0),
        ({"client": "stranger", "kind": "ack"}, 0),
    ],
)
def test_no_message_does_harm(told: Any, nonsense: int) -> None:
    house, page = House(), ModelPage("a")
    page.take_all([*house.tell(), *house.hear(page.hello())])
    house.hear(told)
    assert house.audience.nonsense == nonsense
    assert page.take_all(house.tell(SMALL.with_columns(bid=1.0)))
    assert page.column("bid") == [1.0, 1.0, 1.0]


def test_of_too_many_pages_the_first_to_come_goes() -> None:
    house = House()
    for number in range(MOST_PAGES + 1):
        house.audience.hear(ModelPage(f"page {number}").hello())
    house.audience.turn()
    addressed = {message.content["to"] for message in house.tell()}
    assert len(house.audience) == len(addressed) == MOST_PAGES
    assert "page 0" not in addressed


def test_from_many_threads_at_once_nothing_is_lost_or_mixed() -> None:
    house = House()
    house.tell()
    pages = [ModelPage(f"page {number}") for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        turns = pool.map(lambda page: house.hear(page.hello()), pages)
        messages = [message for turn in turns for message in turn]
    assert sorted(message.content["to"] for message in messages) == sorted(page.client for page in pages)
    assert all(page.take_all(messages) for page in pages)
