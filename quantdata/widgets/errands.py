"""What a button sets off: done on another thread, so that neither the kernel nor the hub waits for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any, Final

from quantdata import portal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

__all__ = ["Errands"]

logger = logging.getLogger("quantdata.widgets")

LONGEST_GOODBYE_S: Final = 2.0


class Errands:
    """Errands under way; from any thread.

    Parameters
    ----------
    spawn
        Starts a coroutine, and returns its future at once.
    """

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], Future[None]] = portal.spawn) -> None:
        self._spawn = spawn
        self._lock = threading.Lock()
        self._under_way: set[Future[None]] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    def run(self, work: Callable[[], object], done: Callable[[Exception | None], object] | None = None) -> None:
        """Do some work, which may block, on another thread; then tell there what it raised, or None.

        Where nobody is to be told, what it raised is logged.
        """
        future = self._spawn(asyncio.to_thread(_do, work, done))
        with self._lock:
            self._under_way.add(future)
        future.add_done_callback(self._forget)

    def close(self, timeout_s: float = LONGEST_GOODBYE_S) -> None:
        """Wait a moment for what is under way; what takes longer is left to its end."""
        if not portal.is_here():
            wait(list(self._under_way), timeout=timeout_s)

    def _forget(self, future: Future[None]) -> None:
        with self._lock:
            self._under_way.discard(future)


def _do(work: Callable[[], object], done: Callable[[Exception | None], object] | None) -> None:
    try:
        if done is None:
            work()
        else:
            done(_failure_of(work))
    except Exception:
        logger.exception("what a button set off failed")


def _failure_of(work: Callable[[], object]) -> Exception | None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  # told in words, beside the button
        return error
    return None
