"""Who looks, and whether they keep up."""

from __future__ import annotations

from typing import Any

import pytest

from quantdata.widgets.pages import MOST_PAGES, Pages
from tests.unit.widgets.hubs import Hands


def told(kind: str, client: str = "a", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "client": client, **more}


def test_nobody_keeps_up_where_nobody_looks() -> None:
    pages = Pages()
    assert not pages.keep_up()
    pages.hear(told("hello"))
    assert pages.keep_up()
    pages.hear(told("bye"))
    assert not pages.keep_up()


def test_a_page_is_sent_no_third_piece_before_it_has_drawn_the_first() -> None:
    pages = Pages(Hands())
    pages.hear(told("hello"))
    first = pages.mark()
    assert pages.keep_up()
    pages.mark()
    assert not pages.keep_up()
    pages.hear(told("ack", sequence=first))
    assert pages.keep_up()


def test_the_slowest_page_sets_the_pace_until_it_is_silent_for_five_seconds() -> None:
    clock = Hands()
    pages = Pages(clock)
    for client in ("quick", "slow"):
        pages.hear(told("hello", client))
    for _ in range(2):
        pages.hear(told("ack", "quick", sequence=pages.mark()))
    assert not pages.keep_up()
    clock.now += 5.0
    assert pages.keep_up()
    assert len(pages) == 1


def test_a_page_that_was_given_up_is_back_when_it_speaks() -> None:
    clock = Hands()
    pages = Pages(clock)
    pages.hear(told("hello"))
    sequence = pages.mark()
    clock.now += 6.0
    assert not pages.keep_up()
    pages.hear(told("ack", sequence=sequence))
    assert pages.keep_up()


def test_pages_that_do_not_say_bye_are_forgotten_when_there_are_too_many() -> None:
    pages = Pages(Hands())
    for number in range(MOST_PAGES + 5):
        pages.hear(told("hello", f"page {number}"))
    assert len(pages) == MOST_PAGES


@pytest.mark.parametrize(
    "nonsense",
    [None, 3, {}, {"kind": "hello"}, told("hello", ""), told("hello", "x" * 65), told("dance"), told("ack")],
)
def test_nonsense_is_ignored(nonsense: Any) -> None:
    pages = Pages(Hands())
    pages.hear(nonsense)
    assert len(pages) == 0
