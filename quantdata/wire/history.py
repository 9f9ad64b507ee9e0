"""What a stream session remembers from one connection to the next: what is missing, and how the last one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.wire.vitals import Gap, moment_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.wire.backoff import Backoff, StreamPolicy
    from quantdata.wire.connection import Connection, LostError
    from quantdata.wire.vitals import Vitals

__all__ = ["History"]


class History:
    """The ends of a session's connections.

    Parameters
    ----------
    policy
        How long an end matters.
    vitals
        Of the session.
    backoff
        Begins anew after a connection that proved good.
    clock
        Monotonic seconds.

    Attributes
    ----------
    was_forced
        Whether the vendor has ended a connection by force, and none since has proved good.
    """

    def __init__(self, policy: StreamPolicy, vitals: Vitals, backoff: Backoff, *, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._vitals = vitals
        self._backoff = backoff
        self._clock = clock
        self.was_forced = False
        # When a connection was lost that the vendor may still count.
        self._ghost_at: float | None = None
        # The last frame before the stream was lost (nanoseconds), and why it was; None while nothing is missing.
        self._missing: tuple[int, str] | None = None

    @property
    def is_ghost_likely(self) -> bool:
        """Whether the vendor may still count a connection that we have lost."""
        return self._ghost_at is not None and self._clock() - self._ghost_at < self._policy.ghost_s

    def note_end(self, connection: Connection, lost: LostError, *, was_subscribed: bool) -> None:
        """Take note of how a connection ended; what is missing begins with the first that ended."""
        vitals = self._vitals
        flowed_s = connection.heard_at - connection.settled_at if connection.settled_at is not None else 0.0
        self._backoff.end(flowed_s=flowed_s)
        self.was_forced = lost.is_forced or (self.was_forced and flowed_s < self._policy.steady_s)
        if not lost.is_clean:
            self._ghost_at = self._clock()
        last_ns = max(vitals.heard_ns or 0, vitals.connected_ns or 0)
        if self._missing is None and was_subscribed and last_ns:
            self._missing = (last_ns, lost.reason)
        vitals.connected_ns = None

    def forget(self) -> None:
        """Miss nothing any more: nothing is wanted."""
        self._missing = None

    def note_settled(self, now_ns: int, *, vendor: str, asset: str) -> Gap | None:
        """Take note that all is subscribed; return the gap that this ends."""
        self._vitals.reconnects += self._missing is not None
        self._vitals.connected_ns = now_ns
        if self._missing is None:
            return None
        (start_ns, reason), self._missing = self._missing, None
        return Gap(vendor=vendor, asset=asset, start=moment_of(start_ns), end=moment_of(now_ns), reason=reason)
