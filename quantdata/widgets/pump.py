"""What keeps a table going: one thread that wakes when something comes, or is due."""

from __future__ import annotations

import logging
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Final

from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.widgets.audience import Audience
    from quantdata.widgets.messages import Message

__all__ = ["Pump"]

logger = logging.getLogger("quantdata.widgets")

# How long a turn that failed is waited after, so that one that goes on failing costs little.
AFTER_FAILURE_S: Final = 1.0


class Pump:
    """Gives an audience its turns and sends what comes of them, in order, from a thread of its own.

    Of its own, not one of the portal's: a turn there crosses over twice, and may wait for other work.

    Parameters
    ----------
    audience
        Whose turns.
    send
        Sends one message; from any thread.
    name
        Of the table, for the log.
    """

    def __init__(self, audience: Audience, send: Callable[[Message], object], *, name: str) -> None:
        self._audience = audience
        self._send = send
        self._name = name
        self._sending = threading.Lock()
        self._is_closed = False
        self._failure = ""
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not closed."""
        return self._thread is not None and not self._is_closed

    def start(self) -> None:
        """Begin; what is sent counts as an answer to the cell that calls this, whose context the thread keeps."""
        context = copy_context()
        # A daemon, so that a program may end without closing its tables.
        self._thread = threading.Thread(
            target=context.run, args=(self._run,), name=f"quantdata-table-{self._name}", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Have a turn taken soon; from any thread, costs next to nothing."""
        self._woken.set()

    def close(self, last: Message) -> None:
        """Send a last message and end: after it none goes out. May be called twice."""
        with self._sending:
            if not self._is_closed:
                self._is_closed = True
                self._send(last)
        self._woken.set()

    def _run(self) -> None:
        while not self._is_closed:
            self._woken.clear()
            self._turn()
            self._woken.wait(self._wait_s())

    def _wait_s(self) -> float | None:
        due_in_s = self._audience.due_in_s()
        return max(due_in_s or 0.0, AFTER_FAILURE_S) if self._failure else due_in_s

    def _turn(self) -> None:
        try:
            with self._sending:
                if not self._is_closed:
                    for message in self._audience.turn():
                        self._send(message)
        except Exception as error:  # noqa: BLE001  # a task's end: it reports, and the next turn may do better
            self._failed(error)
        else:
            self._failure = ""

    def _failed(self, error: Exception) -> None:
        why = f"{type(error).__name__}: {error}"
        # One that goes on failing in the same way is logged once.
        if why != self._failure:
            logger.error("table failed %s", facts(table=self._name, why=why), exc_info=error)
        self._failure = why
