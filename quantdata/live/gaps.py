"""The times of which streams have nothing, each with when polls had filled it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from quantdata.wire.vitals import Gap

__all__ = ["GapRecord", "Gaps"]

# A stream that is cut off every minute has as many in a day.
REMEMBERED: Final = 1_000


class GapRecord(NamedTuple):
    """A time of which a stream has nothing.

    Attributes
    ----------
    vendor, asset, reason
        Which stream, and why it was cut off.
    start, end
        When the last frame before came, and when all was subscribed again (UTC).
    filled_at
        When the last poll had come of what the stream tells of, each asked for after its end (UTC); None while not.
    """

    vendor: str
    asset: str
    reason: str
    start: datetime
    end: datetime
    filled_at: datetime | None = None


class Gaps:
    """The newest gaps of all streams; for one loop.

    Examples
    --------
    >>> Gaps().records
    []
    """

    def __init__(self) -> None:
        self._gaps: deque[tuple[GapRecord, set[str]]] = deque(maxlen=REMEMBERED)

    @property
    def records(self) -> list[GapRecord]:
        """Return the gaps, in the order in which they ended."""
        return [record for record, _ in self._gaps]

    def add(self, gap: Gap, *, unfilled: Collection[str]) -> None:
        """Remember a gap, and the subjects of polls that it is filled by."""
        record = GapRecord(gap.vendor, gap.asset, gap.reason, gap.start, gap.end)
        self._gaps.append((record, set(unfilled)))

    def answered(self, subject: str, *, asked_at: datetime, now: datetime) -> None:
        """Take note that all of a subject has been answered that was asked for since a moment."""
        for number, (record, unfilled) in enumerate(self._gaps):
            if subject in unfilled and asked_at >= record.end:
                unfilled.discard(subject)
                if not unfilled:
                    self._gaps[number] = record._replace(filled_at=now), unfilled
