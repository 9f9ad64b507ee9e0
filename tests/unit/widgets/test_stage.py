"""When parts are woken: each after its period, while somebody looks who keeps up; one that fails is alone with it."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import comm
import ipywidgets  # type: ignore[import-untyped]
import pytest

from quantdata import portal
from quantdata.widgets.stage import LOOK_S, Stage
from tests.unit.widgets.comms import RecordedComm
from tests.unit.widgets.hubs import HandHub, Hands, Page, picture, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_S = 20.0


@pytest.fixture(autouse=True)
def _comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    yield
    ipywidgets.Widget.close_all()


class Counter:
    """A part that counts how often it was woken."""

    def __init__(self, period_s: float = 0.5, *, sends: bool = True) -> None:
        self.period_s = period_s
        self.sends = sends
        self.seen: list[Any] = []

    def refresh(self, picture: Any) -> bool:
        self.seen.append(picture)
        return self.sends


class Broken(Counter):
    def refresh(self, picture: Any) -> bool:
        super().refresh(picture)
        raise ValueError("broken")


def test_a_part_is_woken_when_it_comes_and_then_after_its_period() -> None:
    clock, hub, part = Hands(), HandHub("SPY"), Counter(0.5)
    own = stage(hub, clock)
    page = Page(own)
    own.add(part)
    assert part.seen == [None]
    hub.publish(picture())
    clock.now += 0.4
    own.beat()
    assert len(part.seen) == 1
    assert own.due_in_s() == pytest.approx(0.1)
    clock.now += 0.1
    own.beat()
    assert part.seen == [None, hub.newest]
    page.draw()
    own.hurry()
    own.beat()
    assert len(part.seen) == 3


def test_what_is_known_already_is_there_from_the_first_moment() -> None:
    hub, part = HandHub("SPY"), Counter()
    hub.newest = picture()
    stage(hub).add(part)
    assert part.seen == [hub.newest]


def test_nothing_is_woken_while_nobody_looks_or_a_page_is_behind() -> None:
    clock, part = Hands(), Counter(0.1)
    own = stage(HandHub("SPY"), clock)
    own.add(part)
    clock.now += 1.0
    own.beat()
    assert (len(part.seen), own.due_in_s()) == (1, LOOK_S)
    page = Page(own)
    for _ in range(5):
        clock.now += 0.1
        own.beat()
    assert len(part.seen) == 3
    assert own.due_in_s() == LOOK_S
    page.draw()
    own.beat()
    assert len(part.seen) == 4


def test_a_page_is_asked_to_acknowledge_only_what_was_sent() -> None:
    clock, part = Hands(), Counter(0.1, sends=False)
    own = stage(HandHub("SPY"), clock)
    Page(own)
    own.add(part)
    for _ in range(5):
        clock.now += 0.1
        own.beat()
    assert len(part.seen) == 6
    assert own.pulse.comm.custom.empty()
    part.sends = True
    clock.now += 0.1
    own.beat()
    assert own.pulse.comm.next()[0] == {"kind": "mark", "sequence": 1}


def test_one_that_fails_is_logged_once_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    clock, part, broken = Hands(), Counter(0.1), Broken(0.1)
    own = stage(HandHub("SPY"), clock)
    page = Page(own)
    own.add(broken)
    own.add(part)
    for _ in range(3):
        clock.now += 0.1
        own.beat()
        page.draw()
    assert len(part.seen) == len(broken.seen) == 4
    assert caplog.text.count("a part of a dashboard failed") == 1


def test_who_has_left_is_woken_no_more() -> None:
    clock, part = Hands(), Counter(0.1)
    own = stage(HandHub("SPY"), clock)
    Page(own)
    own.add(part)
    own.remove(part)
    clock.now += 1.0
    own.beat()
    assert len(part.seen) == 1


def until_over(own: Stage) -> None:
    """Wait until nothing of a stage is left on quantdata's own loop."""

    async def names() -> set[str]:
        return {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]

    deadline = time.monotonic() + LONG_S
    while "Stage._run" in portal.call(names()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert own._task.done()


def test_it_beats_by_itself_and_nothing_is_left_of_it() -> None:
    hub, woken = HandHub("SPY"), threading.Event()

    class Alarm(Counter):
        def refresh(self, picture: Any) -> bool:
            super().refresh(picture)
            if len(self.seen) > 2:
                woken.set()
            return False

    own = Stage(hub)
    own.pulse.comm.say({"kind": "hello", "client": "a"})
    own.add(Alarm(0.05))
    assert woken.wait(LONG_S)
    assert list(hub.subscribers)
    own.close()
    own.close()
    own.beat()
    assert not hub.subscribers
    until_over(own)
    assert not own.pulse.comm


def test_it_can_be_closed_on_the_loop_itself() -> None:
    own = Stage(HandHub("SPY"))

    async def close() -> None:
        own.close()

    portal.call(close())
    until_over(own)
