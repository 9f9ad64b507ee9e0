"""What must be known to read a recording from one of its files on: the newest record of each kind that lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from quantdata.live.records import Answer, Line, Opened, Paced, Watched

if TYPE_CHECKING:
    from collections.abc import Hashable

    from quantdata.live.records import Record

__all__ = ["Lasting"]


class Lasting:
    """Remembers the records that say how things are, and forgets those of what is watched no more."""

    def __init__(self) -> None:
        self._records: dict[Hashable, Any] = {}

    def note(self, record: Record) -> None:
        """Take in a record that was written."""
        key = _key(record)
        if key is not None:
            self._records[key] = record
        if isinstance(record, Watched):
            self._forget(record)

    def again(self, at: int) -> list[Any]:
        """Return all of them, to be written at a moment into the next file."""
        order = sorted(self._records.values(), key=_rank)
        return [msgspec.structs.replace(record, at=at, is_again=True) for record in order]

    def _forget(self, watched: Watched) -> None:
        gone = {record.subject for record in self._records.values() if isinstance(record, Answer | Paced)} - {
            *watched.chains,
            "equities",
            "indices",
        }
        self._records = {
            key: record for key, record in self._records.items() if getattr(record, "subject", None) not in gone
        }


def _key(record: Record) -> Hashable | None:
    if isinstance(record, Opened | Watched):
        return type(record).__name__
    if isinstance(record, Line):
        return record.vendor, record.asset
    if isinstance(record, Paced):
        return "pace", record.subject
    if isinstance(record, Answer):
        # The near and the far expirations of a chain are answered apart.
        return "answer", record.subject, record.start is None, record.end is None
    return None


def _rank(record: Record) -> int:
    return (Opened, Watched, Line, Paced, Answer).index(type(record))
