"""The time of a replay: it stands still until it is moved on, as fast as is wanted."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["EPOCH", "Timeline"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NS: Final = 1_000_000_000
# Not worth a sleep, which takes longer.
SHORTEST_WAIT_S: Final = 0.001


class Timeline:
    """Nanoseconds since 1970 that never go back.

    Parameters
    ----------
    begins_at
        The first moment.
    speed
        How many times faster than real time; None is as fast as can be.
    clock, sleep
        Real monotonic seconds, and how to wait for some.

    Attributes
    ----------
    now
        The present there.
    """

    def __init__(
        self,
        begins_at: int,
        *,
        speed: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.now = begins_at
        self._begins_at = begins_at
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._began: float | None = None

    def elapsed_s(self) -> float:
        """Return the seconds since the first moment."""
        return (self.now - self._begins_at) / NS

    def moment(self) -> datetime:
        """Return the present there (UTC), whole microseconds."""
        return EPOCH + timedelta(microseconds=self.now // 1_000)

    def after(self, seconds: float) -> int:
        """Return the moment that is so many seconds from now."""
        return self.now + math.ceil(seconds * NS)

    async def advance(self, to: int) -> None:
        """Go on to a moment, when it has come; one that has passed changes nothing."""
        self.now = max(self.now, to)
        if self._speed is None:
            return
        if self._began is None:
            self._began = self._clock()
        wait_s = self._began + self.elapsed_s() / self._speed - self._clock()
        if wait_s >= SHORTEST_WAIT_S:
            await self._sleep(wait_s)
