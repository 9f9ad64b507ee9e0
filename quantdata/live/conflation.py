"""When to publish: at once after a quiet time, else at the end of the window; never twice in one."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Conflation"]


class Conflation:
    """Turns any number of changes into few publications; for one publisher, on one event loop.

    A window begins with each publication. A change after the window publishes at once, one within it at its end. The
    publisher asks for the next only when it has finished the last, so that a slow one publishes less often and nothing
    piles up.

    Parameters
    ----------
    debounce_s
        Length of the window: seconds, 0 publishes as fast as the publisher can.
    clock, sleep
        Monotonic seconds, and how to wait for some; a replay passes its own.

    Attributes
    ----------
    publications
        Count of those begun.

    Raises
    ------
    ArgumentError
        If ``debounce_s`` is no finite number from 0 on.

    Examples
    --------
    >>> now = 100.0
    >>> conflation = Conflation(0.1, clock=lambda: now)
    >>> conflation.mark()
    >>> conflation.due_in_s()
    0.0
    """

    def __init__(
        self,
        debounce_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not (math.isfinite(debounce_s) and debounce_s >= 0.0):
            raise ArgumentError(f"debounce must be seconds from 0 on, such as 0.1, not {debounce_s!r}")
        self.publications = 0
        self._debounce_s = debounce_s
        self._clock = clock
        self._sleep = sleep
        self._window_ends_at = -math.inf
        self._marked = asyncio.Event()

    def mark(self) -> None:
        """Take note that something has changed; costs next to nothing when it is known already."""
        self._marked.set()

    def due_in_s(self) -> float | None:
        """Return the seconds until a publication is due: 0 now, None while nothing has changed."""
        return max(0.0, self._window_ends_at - self._clock()) if self._marked.is_set() else None

    def begin(self) -> None:
        """Begin a publication and its window; what changes from now on belongs to the next."""
        self._marked.clear()
        self._window_ends_at = self._clock() + self._debounce_s
        self.publications += 1

    async def ready(self) -> None:
        """Wait until a publication is due, and begin it."""
        await self._marked.wait()
        while wait_s := self.due_in_s():
            await self._sleep(wait_s)
        self.begin()
