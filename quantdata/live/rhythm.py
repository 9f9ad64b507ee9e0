"""When to price and judge: soon after a publication, never without a rest between, from time to time in any case."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["AGED_AFTER_S", "VALUATION_INTERVAL_S", "Rhythm"]

# Between two valuations of what streams change; pricing a thousand American options takes some milliseconds.
VALUATION_INTERVAL_S: Final = 0.25
# One that takes longer rests so many times as long as it took, within bounds: most of the machine is for the quotes.
RESTS: Final = 9.0
LONGEST_REST_S: Final = 3.0
# Frames that nothing comes in for are judged anew this often, so that they say how old they are before it matters.
AGED_AFTER_S: Final = 0.5


class Rhythm:
    """Tells when a valuation is due; for one publisher, on one event loop.

    Parameters
    ----------
    clock, sleep
        Monotonic seconds, and how to wait for some; a replay passes its own clock and asks `due_in_s`.

    Examples
    --------
    >>> now = 100.0
    >>> rhythm = Rhythm(clock=lambda: now)
    >>> rhythm.due_in_s()
    0.5
    >>> rhythm.mark()
    >>> rhythm.due_in_s()
    0.0
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._free_at = self._aged_at = self._began_at = clock()
        self._marked = asyncio.Event()

    @property
    def is_marked(self) -> bool:
        """Whether something was published since the last valuation began."""
        return self._marked.is_set()

    def mark(self) -> None:
        """Take note that something has been published."""
        self._marked.set()

    def due_in_s(self) -> float:
        """Return the seconds until a valuation is due: 0 now."""
        aged_at = self._aged_at + AGED_AFTER_S
        due_at = self._free_at if self._marked.is_set() else max(self._free_at, aged_at)
        return max(0.0, due_at - self._clock())

    def begin(self) -> bool:
        """Begin a valuation; tell whether what has not changed is to be judged anew too."""
        self._marked.clear()
        self._began_at = self._clock()
        is_aged = self._began_at - self._aged_at >= AGED_AFTER_S
        self._aged_at = self._began_at if is_aged else self._aged_at
        return is_aged

    def end(self) -> None:
        """End a valuation; the next is due after a rest."""
        now = self._clock()
        rest_s = RESTS * (now - self._began_at)
        self._free_at = now + min(max(VALUATION_INTERVAL_S, rest_s), LONGEST_REST_S)

    async def ready(self) -> None:
        """Wait until a valuation is due."""
        while wait_s := self.due_in_s():
            if self._marked.is_set():
                await self._sleep(wait_s)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._marked.wait()
