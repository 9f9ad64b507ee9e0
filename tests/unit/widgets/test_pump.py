"""The pump of a table: a turn for whatever comes or is due, in order, and none after the end."""

from __future__ import annotations

import logging
import queue
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from quantdata.widgets import messages, pump
from quantdata.widgets.messages import Message
from quantdata.widgets.pump import Pump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.widgets.audience import Audience

LONG_S: Final = 20.0
CELL: Final = ContextVar("CELL", default="none")


class Scripted:
    """In the place of an audience: each turn is the next of a script, and is told of."""

    def __init__(self, *script: list[int] | Exception, due: list[float] | None = None) -> None:
        self.script = list(script)
        self.due = due or []
        self.turns: queue.Queue[int] = queue.Queue()

    def turn(self) -> list[Message]:
        step = self.script.pop(0) if self.script else []
        self.turns.put(len(self.script))
        if isinstance(step, Exception):
            raise step
        return [Message({"number": number}, []) for number in step]

    def due_in_s(self) -> float | None:
        return self.due.pop(0) if self.due else None


class Started:
    """A pump at work, and what it has sent."""

    def __init__(self, scripted: Scripted) -> None:
        self.sent: queue.Queue[Any] = queue.Queue()
        self.audience = scripted
        self.pump = Pump(cast("Audience", scripted), lambda told: self.sent.put(told.content), name="SPY")
        self.pump.start()

    def next(self) -> Any:
        return self.sent.get(timeout=LONG_S)

    def turned(self) -> None:
        self.audience.turns.get(timeout=LONG_S)


@pytest.fixture
def started() -> Iterator[list[Started]]:
    pumps: list[Started] = []
    yield pumps
    for each in pumps:
        each.pump.close(messages.closed())


def _start(started: list[Started], scripted: Scripted) -> Started:
    started.append(Started(scripted))
    return started[-1]


def test_what_comes_is_sent_in_order(started: list[Started]) -> None:
    at_work = _start(started, Scripted([1, 2], [3]))
    first = [at_work.next(), at_work.next()]
    at_work.pump.wake()
    assert [*first, at_work.next()] == [{"number": 1}, {"number": 2}, {"number": 3}]


def test_what_is_due_is_done_though_nothing_comes(started: list[Started]) -> None:
    at_work = _start(started, Scripted([], [7], due=[0.0]))
    assert at_work.next() == {"number": 7}


def test_after_the_last_message_none_is_sent(started: list[Started]) -> None:
    at_work = _start(started, Scripted([1], [2]))
    at_work.next()
    at_work.pump.close(messages.closed())
    at_work.pump.close(messages.closed())
    at_work.pump.wake()
    at_work.pump._turn()
    assert at_work.next()["kind"] == "closed"
    assert at_work.sent.empty()
    assert not at_work.pump.is_running


def test_its_thread_ends_with_it(started: list[Started]) -> None:
    at_work = _start(started, Scripted())
    at_work.turned()
    thread = at_work.pump._thread
    assert thread is not None
    assert thread.daemon
    at_work.pump.close(messages.closed())
    thread.join(LONG_S)
    assert not thread.is_alive()


def test_what_is_sent_belongs_to_the_cell_that_started_it() -> None:
    cells: queue.Queue[str] = queue.Queue()
    pump = Pump(cast("Audience", Scripted([1])), lambda _: cells.put(CELL.get()), name="SPY")
    before = CELL.set("third")
    pump.start()
    CELL.reset(before)
    assert cells.get(timeout=LONG_S) == "third"
    pump.close(messages.closed())


def test_one_that_was_never_started_can_be_woken_and_closed() -> None:
    sent: list[Message] = []
    idle = Pump(cast("Audience", Scripted()), sent.append, name="SPY")
    idle.wake()
    assert not idle.is_running
    idle.close(messages.closed())
    assert sent == [messages.closed()]


def test_a_turn_that_fails_is_logged_once_and_the_next_does_better(
    started: list[Started], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "AFTER_FAILURE_S", 0.0)
    with caplog.at_level(logging.ERROR, "quantdata.widgets"):
        at_work = _start(started, Scripted(ValueError("no such column"), ValueError("no such column"), [5]))
        assert at_work.next() == {"number": 5}
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ['table failed table=SPY why="ValueError: no such column"']
    assert caplog.records[0].exc_info is not None
