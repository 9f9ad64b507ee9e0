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
        self._resumes_at = self._counted_at

    @property
    def is_slow(self) -> bool:
        """Tell whether the account is too slow for requests in parallel (less than one a second)."""
        return self.per_minute < 60.0  # noqa: PLR2004  # seconds in a minute

    async def acquire(self) -> None:
        """Wait until one request may leave."""
        self._refill()
        self._tokens -= 1.0
        wait_s = max(-self._tokens * 60.0 / self.per_minute, self._resumes_at - self._counted_at)
        if wait_s > 0.0:
            try:
                await self._sleep(wait_s)
            except asyncio.CancelledError:
                self._tokens += 1.0
                raise

    def pause(self, seconds: float) -> None:
        """Let nothing pass for a while: the vendor has said when to come back."""
        self._resumes_at = max(self._resumes_at, self._clock() + seconds)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(float(self.burst), self._tokens + (now - self._counted_at) * self.per_minute / 60.0)
        self._counted_at = now
