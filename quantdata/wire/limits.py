"""A token bucket per account: how fast requests may leave."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["TokenBucket"]


class TokenBucket:
    """Let requests pass at a rate, with a burst; later callers queue in order.

    Parameters
    ----------
    per_minute
        Requests a minute in the long run.
    burst
        Requests that may leave at once after a quiet time.
    clock, sleep
        Monotonic seconds, and how to wait; tests pass their own.
    """

    def __init__(
        self,
        *,
        per_minute: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.per_minute = per_minute
        self.burst = burst
        self._clock = clock
        self._sleep = sleep
        # Tokens at `_counted_at`; negative while callers wait for tokens that they have already taken.
        self._tokens = float(burst)
        self._counted_at = clock()

    @property
    def is_slow(self) -> bool:
        """Tell whether the account is too slow for requests in parallel (less than one a second)."""
        return self.per_minute < 60.0  # noqa: PLR2004  # seconds in a minute

    async def acquire(self) -> None:
        """Wait until one request may leave."""
        self._refill()
        self._tokens -= 1.0
        wait_s = -self._tokens * 60.0 / self.per_minute
        if wait_s > 0.0:
            try:
                await self._sleep(wait_s)
            except asyncio.CancelledError:
                self._tokens += 1.0
                raise

    def slow_down(self, *, per_minute: float) -> None:
        """Lower the rate for good and empty the bucket, after the vendor has refused at the present rate."""
        self._refill()
        self.per_minute = min(self.per_minute, per_minute)
        self.burst = min(self.burst, max(1, int(per_minute)))
        self._tokens = min(self._tokens, 0.0)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(float(self.burst), self._tokens + (now - self._counted_at) * self.per_minute / 60.0)
        self._counted_at = now
