"""The streams of a replay: frames that were recorded, read as when they came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from quantdata.live.streaming import StreamStatus, cut
from quantdata.wire.book import Book
from quantdata.wire.massive import messages as massive
from quantdata.wire.tradier import messages as tradier
from quantdata.wire.vitals import Vitals, look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from quantdata.live.market import Input
    from quantdata.live.records import Frame, Line
    from quantdata.wire.dialect import Status
    from quantdata.wire.vitals import SessionStats

__all__ = ["ReplayedStreams"]

_READ: Final[dict[str, Callable[[bytes, Book], Sequence[Status]]]] = {
    "massive": massive.read,
    "tradier": tradier.read,
}


@dataclass(slots=True, kw_only=True)
class _Stream:
    vendor: str
    asset: str
    book: Book
    vitals: Vitals = field(default_factory=Vitals)
    feed: str = "realtime"
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def stats(self) -> SessionStats:
        """How it was; what was refused is not on record."""
        return look(self.vitals, self.book.counts, wanted=len(self.names), held=len(self.names))


class ReplayedStreams:
    """Takes in recorded frames, and tells what they told.

    Parameters
    ----------
    kinds
        Vendor and asset of each, in the order in which the hub looked at them.
    """

    def __init__(self, kinds: Iterable[tuple[str, str]]) -> None:
        self._streams = {
            (vendor, asset): _Stream(vendor=vendor, asset=asset, book=Book(vendor)) for vendor, asset in kinds
        }

    def read_as(self, line: Line) -> None:
        """Read the frames of a stream in another way from now on."""
        stream = self._streams[line.vendor, line.asset]
        stream.feed, stream.names = line.feed, line.names

    def hear(self, frame: Frame) -> None:
        """Take in a frame."""
        stream = self._streams[frame.vendor, frame.asset]
        vitals = stream.vitals
        vitals.since_ns = vitals.since_ns or frame.at
        vitals.state, vitals.heard_ns = "live", frame.at
        vitals.frames += 1
        vitals.bytes += len(frame.frame)
        stream.book.received_at = frame.at / 1e9
        _READ[frame.vendor](frame.frame, stream.book)

    def gather(self) -> list[Input]:
        """Return what all streams told since the last look."""
        found: list[Input] = []
        for stream in self._streams.values():
            batch = stream.book.take()
            if not batch.is_empty:
                found.extend(cut(stream.asset, batch, feed=stream.feed, names=stream.names))
        return found

    def statuses(self) -> list[StreamStatus]:
        """Return how each stream is that has told anything; from any thread."""
        return [
            StreamStatus(stream.vendor, stream.asset, stream.stats, stream.feed, None)
            for stream in self._streams.values()
            if stream.vitals.frames
        ]
