"""How far a vendor's clock is off this machine's, from the ``Date`` of its answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

__all__ = ["LARGEST_SKEW", "ClockSkew"]

# Less than this cannot be told from the way of an answer, and does no harm.
LARGEST_SKEW: Final = timedelta(seconds=2)
ONE_SECOND: Final = timedelta(seconds=1)


class ClockSkew:
    """The vendor's clock less ours: each answer bounds it, all of them together closer than one.

    A ``Date`` is cut to the second, and was told at some moment between question and answer.
    """

    def __init__(self) -> None:
        self._least: timedelta | None = None
        self._most: timedelta | None = None

    @property
    def known(self) -> timedelta:
        """What the clocks are surely apart; zero while that may be less than `LARGEST_SKEW`."""
        if self._least is None or self._most is None:
            return timedelta(0)
        if self._least <= LARGEST_SKEW and self._most >= -LARGEST_SKEW:
            return timedelta(0)
        return (self._least + self._most) / 2

    def observe(self, told: datetime, *, sent: datetime, received: datetime) -> None:
        """Take in the ``Date`` of one answer, sent for and received at the given moments of our clock."""
        least, most = told - received, told + ONE_SECOND - sent
        if self._least is None or self._most is None or least > self._most or most < self._least:
            # The first one; or a clock has been set meanwhile, and what was known of it is over.
            self._least, self._most = least, most
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)
