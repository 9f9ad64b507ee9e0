"""A worker: one callback, one item at a time, failures logged once a burst and survived."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from quantdata.live.mailbox import Mailbox
from quantdata.live.worker import BURST_S, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class Watch:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _run(callback: Callable[[int], object], items: list[int], *, clock: Watch | None = None) -> Worker[int]:
    """Deliver some items, whatever happens, and return the worker after its end."""
    mailbox = Mailbox[int](key=lambda item: item, room=100)
    mailbox.put(items)
    mailbox.close(keep_waiting=True)
    worker = Worker(callback, mailbox, name="tick-mine", clock=clock or Watch())
    worker.thread.start()
    worker.thread.join()
    return worker


def test_a_callback_gets_each_item_in_order_on_a_thread_named_after_it() -> None:
    got: list[tuple[int, str]] = []
    worker = _run(lambda item: got.append((item, threading.current_thread().name)), [1, 2, 3])
    assert got == [(1, "quantdata-tick-mine"), (2, "quantdata-tick-mine"), (3, "quantdata-tick-mine")]
    assert (worker.delivered, worker.errors, worker.last_error) == (3, 0, None)


def test_the_seconds_spent_in_the_callback_are_counted() -> None:
    clock = Watch()

    def work(item: int) -> None:
        clock.now += item

    assert _run(work, [1, 2], clock=clock).busy_s == 3.0


def test_a_failing_callback_is_counted_and_called_again() -> None:
    def fail_on_odd(item: int) -> None:
        if item % 2:
            raise ValueError(f"odd {item}")

    worker = _run(fail_on_odd, [1, 2, 3, 4])
    assert (worker.delivered, worker.errors, worker.last_error) == (4, 2, "ValueError: odd 3")


def test_a_burst_of_failures_is_logged_once_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "quantdata.live"):
        _run(_fail, [1, 2, 3])
    (record,) = caplog.records
    assert record.getMessage() == 'callback failed subscriber=tick-mine failures=1 why="ValueError: no"'
    assert record.exc_info is not None


def test_failures_that_go_on_are_logged_again_after_a_while_with_their_number(caplog: pytest.LogCaptureFixture) -> None:
    clock = Watch()

    def fail_slowly(_: int) -> None:
        clock.now += BURST_S / 2
        _fail(_)

    with caplog.at_level(logging.INFO, "quantdata.live"):
        _run(fail_slowly, [1, 2, 3], clock=clock)
    assert [record.getMessage() for record in caplog.records] == [
        'callback failed subscriber=tick-mine failures=1 why="ValueError: no"',
        'callback failed subscriber=tick-mine failures=2 why="ValueError: no"',
    ]


def test_not_even_exit_in_a_callback_ends_its_thread() -> None:
    worker = _run(lambda _: sys.exit(1), [1, 2])
    assert (worker.errors, worker.last_error) == (2, "SystemExit: 1")


def test_a_worker_waits_for_items_and_ends_when_it_is_closed() -> None:
    arrived = threading.Event()
    mailbox = Mailbox[int](key=lambda item: item, room=100)
    worker = Worker(lambda _: arrived.set(), mailbox, name="tick-mine", clock=Watch())
    worker.thread.start()
    mailbox.put([1])
    assert arrived.wait(30.0)
    worker.end()
    worker.thread.join(30.0)
    assert not worker.thread.is_alive()


def _fail(_: int) -> NoReturn:
    raise ValueError("no")
