"""Frames made in advance: every subscribed symbol in turn, at any rate, for next to nothing per event.

Only times and sequence numbers differ between two passes over the ring, and they are always equally wide, so a frame
that goes out is its bytes with those digits written over. A vendor writes its events with a mark for every digit:

``MOMENT``   13 digits: the moment, epoch milliseconds; the same for all events of a frame
``NUMBER``    8 digits: the number of the frame; digits that follow tell its events apart
``START``    13 digits: the start of the minute that the moment is in, epoch milliseconds
``END``      13 digits: its end
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sim.streams.link import framed
from quantdata.sim.streams.outlet import Packet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["END", "FIRST_NUMBER", "MOMENT", "NUMBER", "START", "Prepared", "Quoted", "Ring", "Sent", "numbered"]

MOMENT: Final = "\x01" * 13
NUMBER: Final = "\x02" * 8
START: Final = "\x03" * 13
END: Final = "\x04" * 13
FIRST_NUMBER: Final = 10_000_000
_MINUTE_MS: Final = 60_000
_PLACES: Final = 1_000

Sent = tuple[float, float, int, int, int, int]
"""Bid, ask, bid size, ask size, time (ms) and sequence (0 without one) of a quote that was sent."""


def numbered(place: int) -> str:
    """Return a sequence number that rises from frame to frame, and inside one with the place of the event."""
    return f"{NUMBER}{place:03d}"


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a prepared event says of a contract's quote."""

    symbol: str
    bid: float
    ask: float
    bid_size: int
    ask_size: int


class Prepared:
    """A frame with room for its times and numbers.

    Parameters
    ----------
    payload
        The text of the frame with its marks.
    events
        How many events it has.
    quotes
        The quotes among them by place.
    wrap
        Makes the text the bytes that a connection carries.
    """

    def __init__(
        self,
        payload: bytes,
        *,
        events: int,
        quotes: Sequence[tuple[int, Quoted]] = (),
        wrap: Callable[[bytes], bytes] = framed,
    ) -> None:
        self.events = events
        self.quotes = quotes
        frame = wrap(payload)
        # What stands around the text may hold any byte.
        self._begin = frame.index(payload)
        self._end = self._begin + len(payload)
        self._bytes = np.frombuffer(frame, dtype=np.uint8).copy()
        self._slots = [self._slot(mark) for mark in (MOMENT, NUMBER, START, END)]

    def _slot(self, mark: str) -> NDArray[np.intp]:
        found = np.flatnonzero(self._bytes[self._begin : self._end] == ord(mark[0])) + self._begin
        return found.reshape(-1, len(mark))

    def at(self, moment_ms: int, number: int) -> Packet:
        """Return the frame for a moment."""
        start = moment_ms - moment_ms % _MINUTE_MS
        for places, value in zip(self._slots, (moment_ms, number, start, start + _MINUTE_MS), strict=True):
            if len(places):
                self._bytes[places] = np.frombuffer(str(value).encode(), dtype=np.uint8)
        return Packet(self._bytes.tobytes(), self._begin, self._end, self.events)

    def sent(self, moment_ms: int, number: int) -> Iterator[tuple[str, Sent]]:
        """Yield what the frame said of each contract at a moment."""
        for place, each in self.quotes:
            sequence = number * _PLACES + place if len(self._slots[1]) else 0
            yield each.symbol, (each.bid, each.ask, each.bid_size, each.ask_size, moment_ms, sequence)


class Ring:
    """Prepared frames in turn, and what went out of each last.

    Parameters
    ----------
    frames
        In the order in which they are sent; without any there is nothing to send.

    Attributes
    ----------
    turn
        Whose turn it is: places among the frames, for ever.
    """

    def __init__(self, frames: Sequence[Prepared]) -> None:
        self.frames = frames
        self.turn = cycle(range(len(frames)))
        self._last: dict[int, tuple[int, int]] = {}

    def went_out(self, place: int, moment_ms: int, number: int) -> Prepared:
        """Remember that a frame was sent, and return it."""
        self._last[place] = (number, moment_ms)
        return self.frames[place]

    def last_sent(self) -> dict[str, Sent]:
        """Return the last quote of each contract that was sent from here."""
        said: dict[str, Sent] = {}
        for place, (number, moment_ms) in sorted(self._last.items(), key=lambda each: each[1]):
            said.update(self.frames[place].sent(moment_ms, number))
        return said
