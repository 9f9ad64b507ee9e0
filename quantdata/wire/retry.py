"""When to try again, and after how long: pure decisions over what failed and how much time is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantdata.errors import DataProviderError, PayloadError, RateLimitError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with full jitter, inside one deadline for all tries together.

    Attributes
    ----------
    tries
        Requests sent at most for one call.
    first_delay_s, longest_delay_s
        Bounds of the back-off before jitter.
    deadline_s
        Seconds that one call may take over all its tries, waiting included; the limiter's own queue is not counted.
    """

    tries: int = 4
    first_delay_s: float = 0.25
    longest_delay_s: float = 4.0
    deadline_s: float = 10.0

    def delay_before_retry(
        self, error: DataProviderError, *, tries_done: int, elapsed_s: float, random: Callable[[], float]
    ) -> float | None:
        """Return the seconds to wait before the next try, or None when the failure stands.

        A vendor that says when to come back is waited for exactly that long; if that is past the deadline, the
        failure stands at once and carries the time. An answer that cannot be read is tried once more.

        Parameters
        ----------
        error
            What the last try ended in.
        tries_done
            Tries so far, at least 1.
        elapsed_s
            Seconds since the first try began.
        random
            Uniform in [0, 1).
        """
        allowed = min(2, self.tries) if isinstance(error, PayloadError) else self.tries
        if not isinstance(error, UnavailableError | RateLimitError | PayloadError) or tries_done >= allowed:
            return None
        delay = error.retry_after_s
        if delay is None:
            delay = random() * min(self.longest_delay_s, self.first_delay_s * 2.0 ** (tries_done - 1))
        return delay if elapsed_s + delay < self.deadline_s else None
