"""How many requests a token has left on an endpoint in the current minute of the wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantdata.sim.tradier.refusals import quota_violation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["RateWindows", "Usage"]

_WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Usage:
    """Where a token stands on one endpoint after a request."""

    allowed: int
    used: int
    expiry_ms: int  # end of the window, a whole minute

    def headers(self) -> dict[str, str]:
        """Return the vendor's headers."""
        return {
            "X-Ratelimit-Allowed": str(self.allowed),
            "X-Ratelimit-Used": str(self.used),
            "X-Ratelimit-Available": str(self.allowed - self.used),
            "X-Ratelimit-Expiry": str(self.expiry_ms),
        }


class RateWindows:
    """Counts each token's requests on each endpoint, minute by minute.

    Parameters
    ----------
    wall
        The real clock: the vendor counts real minutes, whatever time is simulated.
    """

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall
        self._minute = 0
        self._used: dict[tuple[str, str], int] = {}

    def admit(self, token: str, path: str, allowed: int) -> Usage:
        """Count a request.

        Raises
        ------
        Refusal
            429 if the token has none left; the refused request is not counted.
        """
        minute = int(self._wall().timestamp()) // _WINDOW_S
        if minute != self._minute:
            self._minute = minute
            self._used.clear()
        expiry_ms = (minute + 1) * _WINDOW_S * 1_000
        used = self._used.get((token, path), 0) + 1
        if used > allowed:
            raise quota_violation(allowed, expiry_ms)
        self._used[token, path] = used
        return Usage(allowed, used, expiry_ms)
