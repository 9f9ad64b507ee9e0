"""Ids by which a stream knows its user.

References
----------
``POST markets/events/session``: reference/tradier.md §7.1. Assumed: the five minutes count from the creation of an id,
for every use of it.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["StreamSessions"]


class StreamSessions:
    """Who may stream, and until when.

    Parameters
    ----------
    monotonic
        Seconds on a real clock.
    lifetime_s
        How long an id can be used.
    seed
        Seed of the ids.
    """

    def __init__(self, monotonic: Callable[[], float], *, lifetime_s: float, seed: int) -> None:
        self._monotonic, self._lifetime_s = monotonic, lifetime_s
        self._ids = Random(seed)  # noqa: S311 - repeatable by intent
        self._tokens: dict[str, tuple[str, float]] = {}

    def open(self, token: str) -> str:
        """Return a new id for the user of a token, and forget those that have run out."""
        now = self._monotonic()
        self._tokens = {each: known for each, known in self._tokens.items() if now < known[1]}
        session_id = str(UUID(int=self._ids.getrandbits(128), version=4))
        self._tokens[session_id] = (token, now + self._lifetime_s)
        return session_id

    def token_of(self, session_id: str) -> str | None:
        """Return the token that an id was made for; None when it is unknown or has run out."""
        token, until = self._tokens.get(session_id, ("", 0.0))
        return token if self._monotonic() < until else None
