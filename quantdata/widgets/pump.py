"""What keeps a table going: one task on the portal's loop that wakes when something comes, or is due."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Final

from quantdata import portal
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from quantdata.widgets.audience import Audience
    from quantdata.widgets.messages import Message

__all__ = ["Pump"]

logger = logging.getLogger("quantdata.widgets")

# How long a turn that failed is waited after, so that one that goes on failing costs little.
AFTER_FAILURE_S: Final = 1.0


class Pump:
    """Gives an audience its turns and sends what comes of them, in order, from a worker thread.

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
        # Made on the loop that it belongs to; whoever wakes before that is served by the first turn.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._task: Future[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin."""
        self._task = portal.spawn(self._run())

    def wake(self) -> None:
        """Have a turn taken soon; from any thread, costs next to nothing."""
        loop = self._loop
        if loop is not None:
            # At the end of the process there may be no loop any more, and nobody who looks.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._woken.set)

    def close(self, last: Message) -> None:
        """Send a last message and end: after it none goes out. May be called twice."""
        with self._sending:
            if not self._is_closed:
                self._is_closed = True
                self._send(last)
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            await asyncio.to_thread(self._turn)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s()):
                    await self._woken.wait()

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
