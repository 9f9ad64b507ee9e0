"""What the vendors' streams allow, and what nobody outside knows about them: each a setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quantdata.errors import ArgumentError

__all__ = ["StreamRules"]


@dataclass(frozen=True, slots=True)
class StreamRules:
    """The rules of every stream of a simulator; the defaults are the vendors' where they are known.

    Parameters
    ----------
    option_quotes
        How many contracts one connection to Massive may have quotes of: 1,000.
    second_connection
        Who dies when a key of Massive's connects twice to an asset class: the ``"newcomer"``, who is told
        ``max_connections``, or the ``"holder"``. The vendor does not say. At Tradier the new one drops the old one.
    auth_timeout_s
        Seconds that Massive waits for a login. The vendor does not say how many.
    session_s
        Seconds that a session id of Tradier's can be used, in real time: five minutes.
    buffer_bytes
        How much may wait for a reader before sending stops; a client that takes nothing costs no more memory.
    slow_after_s
        Seconds for which that may be so until the reader is called a slow consumer; never when None. Neither vendor
        gives a number.
    idle_s
        Seconds without data after which Tradier ends an HTTP stream: 15 minutes.
    batch_s
        Seconds between two looks at what has happened in the market.
    resend_after_s
        Seconds after which Tradier sends the last ticks of a quiet symbol again: about 20.

    Raises
    ------
    ArgumentError
        If a number is negative or of no use.
    """

    option_quotes: int = 1_000
    second_connection: Literal["newcomer", "holder"] = "newcomer"
    auth_timeout_s: float = 10.0
    session_s: float = 300.0
    buffer_bytes: int = 4_000_000
    slow_after_s: float | None = 5.0
    idle_s: float = 900.0
    batch_s: float = 0.05
    resend_after_s: float = 20.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.second_connection not in {"newcomer", "holder"}:
            raise ArgumentError(f"second_connection={self.second_connection!r}: it is 'newcomer' or 'holder'")
        for name in (
            "option_quotes",
            "auth_timeout_s",
            "session_s",
            "buffer_bytes",
            "idle_s",
            "batch_s",
            "resend_after_s",
        ):
            if getattr(self, name) <= 0:
                raise ArgumentError(f"{name}={getattr(self, name)}: it is more than 0")
        if self.slow_after_s is not None and self.slow_after_s <= 0:
            raise ArgumentError(f"slow_after_s={self.slow_after_s}: it is more than 0, or None")
