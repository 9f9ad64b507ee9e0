"""All streams of a simulator: their pace, their rules, and what was sent last of every symbol."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import count
from math import inf
from threading import Lock
from typing import TYPE_CHECKING

from quantdata.errors import ArgumentError
from quantdata.sim.streams.ring import FIRST_NUMBER, Ring
from quantdata.sim.streams.rules import StreamRules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from quantdata.sim.streams.ring import Sent

__all__ = ["Record", "Streams"]

_RECORDS_KEPT = 256


@dataclass(slots=True)
class Record:
    """What one key was sent on one socket's path, over all its connections; safe to read from any thread."""

    connections: int = 0
    frames: int = 0
    events: int = 0
    _quotes: dict[str, Sent] = field(default_factory=dict)
    _ring: Ring = field(default_factory=lambda: Ring([]))
    _lock: Lock = field(default_factory=Lock)

    def turn_to(self, ring: Ring) -> None:
        """Send from another ring from now on."""
        with self._lock:
            self._quotes |= self._ring.last_sent()
            self._ring = ring

    def went_out(self, place: int, moment_ms: int, number: int) -> None:
        """Remember that a prepared frame of the ring was sent."""
        with self._lock:
            frame = self._ring.went_out(place, moment_ms, number)
            self.frames += 1
            self.events += frame.events

    def said(self, events: int, quotes: Mapping[str, Sent]) -> None:
        """Remember that a frame of the market's own was sent."""
        with self._lock:
            self.frames += 1
            self.events += events
            self._quotes |= quotes

    def last_sent(self) -> dict[str, Sent]:
        """Return the last quote of each symbol."""
        with self._lock:
            return self._quotes | self._ring.last_sent()


class Streams:
    """The pace of a simulator's streams and what they sent.

    Parameters
    ----------
    rules
        What they allow.
    rate
        Events per second that every connection gets, over all it has subscribed to, from frames made in advance: up
        to some 200,000. The market's own pace when None.

    Raises
    ------
    ArgumentError
        If the rate is not more than 0.
    """

    def __init__(self, rules: StreamRules | None = None, *, rate: float | None = None) -> None:
        self.rules = StreamRules() if rules is None else rules
        self.rate = rate
        self._records: OrderedDict[tuple[str, str], Record] = OrderedDict()
        self._numbers: dict[str, Iterator[int]] = {}
        self._lock = Lock()

    @property
    def rate(self) -> float | None:
        """Events per second and connection; None is the market's own pace. Can be set while clients read."""
        return self._rate

    @rate.setter
    def rate(self, rate: float | None) -> None:
        if rate is not None and not 0.0 < rate < inf:
            raise ArgumentError(f"stream rate {rate}: it is more than 0 events a second, or None")
        self._rate = rate

    def record(self, path: str, key: str) -> Record:
        """Return where what a key is sent on a path is remembered."""
        with self._lock:
            found = self._records.setdefault((path, key), Record())
            self._records.move_to_end((path, key))
            while len(self._records) > _RECORDS_KEPT:
                self._records.popitem(last=False)
            return found

    def numbers(self, path: str) -> Iterator[int]:
        """Return the numbers of a path's prepared frames: they go on rising whoever connects."""
        with self._lock:
            return self._numbers.setdefault(path, count(FIRST_NUMBER))

    def last_sent(self, path: str, *, key: str | None = None) -> dict[str, Sent]:
        """Return the last quote of every symbol that went out on a socket.

        Parameters
        ----------
        path
            The socket: ``"/options"``, ``"/stocks"``, ``"/v1/markets/events"``.
        key
            Whose connections; everybody's when None, and then the newest by time and sequence.

        Returns
        -------
        dict[str, tuple[float, float, int, int, int, int]]
            By the vendor's symbol: bid, ask, bid size, ask size, time (epoch ms), sequence (0 where there is none).
        """
        with self._lock:
            chosen = [record for (where, who), record in self._records.items() if where == path and key in {None, who}]
        merged: dict[str, Sent] = {}
        for record in chosen:
            for symbol, sent in record.last_sent().items():
                if symbol not in merged or sent[-2:] > merged[symbol][-2:]:
                    merged[symbol] = sent
        return merged

    def counts(self) -> dict[str, dict[str, int]]:
        """Return connections (those there have ever been), frames and events of every path."""
        with self._lock:
            records = list(self._records.items())
        totals: dict[str, dict[str, int]] = {}
        for (path, _), record in records:
            total = totals.setdefault(path, {"connections": 0, "frames": 0, "events": 0})
            for name in total:
                total[name] += getattr(record, name)
        return totals
