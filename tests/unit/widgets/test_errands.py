"""What a button sets off."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from quantdata import portal
from quantdata.errors import ArgumentError
from quantdata.widgets.errands import Errands

if TYPE_CHECKING:
    import pytest

LONG_S = 20.0


def test_it_is_done_on_another_thread_and_told_there() -> None:
    told: list[tuple[Exception | None, threading.Thread]] = []
    is_told = threading.Event()

    def done(error: Exception | None) -> None:
        told.append((error, threading.current_thread()))
        is_told.set()

    errands = Errands()
    errands.run(lambda: None, done)
    assert is_told.wait(LONG_S)
    assert told[0][0] is None
    assert told[0][1] is not threading.current_thread()
    errands.close()
    assert len(errands) == 0


def test_what_it_raises_is_told() -> None:
    told: list[Exception | None] = []
    failure = ArgumentError("no")

    def work() -> None:
        raise failure

    errands = Errands()
    errands.run(work, told.append)
    errands.close(LONG_S)
    assert told == [failure]


def test_what_nobody_is_told_of_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        raise ArgumentError("lost")

    errands = Errands()
    errands.run(work)
    errands.run(lambda: None, lambda _: work())
    errands.close(LONG_S)
    assert caplog.text.count("ArgumentError: lost") == 2


def test_what_takes_long_is_left_to_its_end() -> None:
    goes_on, told = threading.Event(), threading.Event()
    errands = Errands()
    errands.run(lambda: goes_on.wait(LONG_S), lambda _: told.set())
    errands.close(0.0)
    assert not told.is_set()
    goes_on.set()
    assert told.wait(LONG_S)


def test_the_loop_that_errands_run_on_does_not_wait_for_them() -> None:
    goes_on = threading.Event()
    errands = Errands()
    errands.run(lambda: goes_on.wait(LONG_S))

    async def close() -> None:
        errands.close(LONG_S)

    portal.call(close())
    goes_on.set()
    errands.close(LONG_S)
