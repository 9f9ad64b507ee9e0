"""How patient a stream session is, and when it connects again: pure decisions over numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Backoff", "StreamPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPolicy:
    """Times of a stream session, in seconds.

    Attributes
    ----------
    connect_s, login_s, close_s
        For TCP, TLS and the upgrade; for each answer of the log-in; for the vendor's side of a close.
    ack_s, settle_s
        How long an acknowledgement may take; and how long more may follow one that was refused without a name.
    ask_after_s, probe_s, silence_s, renew_after_s
        In market hours: after how long without a frame a stream is pinged; how long the answer may take, before nobody
        is there; after how long a stream counts as silent; and after how long a silence ends the connection though its
        pings are answered. The first two together tell of a line that is dead before its data are stale.
    ping_interval_s, ping_timeout_s
        Of the pings that go out all day; an answer that is later than that ends the connection.
    first_delay_s, longest_delay_s
        Bounds of the back-off before jitter. The longest is short: a vendor that is back is to be used within seconds;
        and no vendor is asked more often than every few seconds.
    steady_s
        How long data must have flowed for the back-off to begin anew.
    ghost_s
        How long a vendor may count our own lost connection, so that "too many connections" means that one.
    garbled_frames
        Frames in a row that nobody can read, after which the connection is renewed.
    is_compressed
        Whether permessage-deflate is offered; it costs more time than it saves.
    """

    connect_s: float = 4.0
    login_s: float = 5.0
    close_s: float = 1.0
    ack_s: float = 5.0
    settle_s: float = 0.5
    ask_after_s: float = 1.5
    probe_s: float = 2.0
    silence_s: float = 5.0
    renew_after_s: float = 30.0
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 20.0
    first_delay_s: float = 0.25
    longest_delay_s: float = 3.5
    steady_s: float = 10.0
    ghost_s: float = 60.0
    garbled_frames: int = 3
    is_compressed: bool = False

    def next_look_s(self, quiet_s: float) -> float:
        """Return the seconds until a stream that has been quiet for so long is looked at again."""
        to_silence_s = self.silence_s - quiet_s
        return min(self.ask_after_s, to_silence_s) if to_silence_s > 0.0 else self.ask_after_s


class Backoff:
    """Exponential back-off, half of it by chance; begins anew only after a connection that proved good.

    Parameters
    ----------
    policy
        Its bounds.
    random
        Uniform in [0, 1).

    Attributes
    ----------
    attempts
        Connections tried since the last good one.
    """

    def __init__(self, policy: StreamPolicy, *, random: Callable[[], float]) -> None:
        self._policy = policy
        self._random = random
        self.attempts = 0

    def delay_s(self) -> float:
        """Return the seconds to wait before the next attempt."""
        doublings = min(max(self.attempts - 1, 0), 32)  # further ones would only overflow
        longest_s = min(self._policy.longest_delay_s, self._policy.first_delay_s * 2.0**doublings)
        return longest_s * (1.0 + self._random()) / 2.0

    def end(self, *, flowed_s: float) -> None:
        """Take in how long data had flowed when a connection ended."""
        if flowed_s >= self._policy.steady_s:
            self.attempts = 0
