"""One subscriber's mailbox: bounded, never waits for its reader, and counts what the reader will not see."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

__all__ = ["Mailbox", "Nothing"]

T = TypeVar("T")


class Nothing(Enum):
    """What `Mailbox.take` returns in an item's place: none yet, or none ever again."""

    YET = "yet"
    EVER = "ever"


class Mailbox(Generic[T]):
    """Items between a publisher and one reader, each on a thread of its own.

    In order and complete for as long as the reader keeps up. Once it is full, its items are conflated until it has been
    emptied: of each key only the newest waits, in the place of the first, so that no busy key waits for ever. When
    there are more keys than room, the one that has waited longest goes.

    Parameters
    ----------
    key
        What an item is about: a newer item with the same key may stand for an older one.
    room
        Items that may wait.
    newest_only
        Conflate from the beginning, not only once it is full.

    Attributes
    ----------
    conflated
        Count of items whose place a newer one with their key took.
    dropped
        Count of items that went for want of room, or because the mailbox was closed before they were read.
    """

    def __init__(self, *, key: Callable[[T], Hashable], room: int, newest_only: bool = False) -> None:
        self.conflated = 0
        self.dropped = 0
        self._key = key
        self._room = room
        self._newest_only = newest_only
        self._lock = threading.Lock()
        # Items wait in one of the two: in the queue while all are kept, by key while they are conflated.
        self._queue: deque[T] = deque()
        self._newest: OrderedDict[Hashable, T] = OrderedDict()
        self._is_conflating = newest_only
        self._is_closed = False
        self._wakers: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return len(self._queue) + len(self._newest)

    @property
    def is_closed(self) -> bool:
        """Whether it takes nothing in any more."""
        return self._is_closed

    def put(self, items: Sequence[T]) -> None:
        """Add items and wake the reader; never waits for it. A closed mailbox takes nothing in."""
        with self._lock:
            if self._is_closed or not items:
                return
            self._add(items)
            wakers, self._wakers = self._wakers, []
        _call(wakers)

    def take(self, wake: Callable[[], None]) -> T | Nothing:
        """Return the next item, or `Nothing`; when there is none yet, ``wake`` is called once when that has changed."""
        with self._lock:
            if self._queue:
                return self._queue.popleft()
            if self._newest:
                return self._next_of_newest()
            if self._is_closed:
                return Nothing.EVER
            self._wakers.append(wake)
            return Nothing.YET

    def forget(self, wake: Callable[[], None]) -> None:
        """Wake a reader no more that has given up waiting."""
        with self._lock:
            if wake in self._wakers:
                self._wakers.remove(wake)

    def close(self, *, keep_waiting: bool = False) -> None:
        """Take nothing in any more and wake the reader; what waits can still be read if kept, else it is dropped."""
        with self._lock:
            self._is_closed = True
            if not keep_waiting:
                self.dropped += len(self)
                self._queue.clear()
                self._newest.clear()
            wakers, self._wakers = self._wakers, []
        _call(wakers)

    def _add(self, items: Sequence[T]) -> None:
        if not self._is_conflating:
            if len(self._queue) + len(items) <= self._room:
                self._queue.extend(items)
                return
            self._is_conflating = True
            self._conflate(self._queue)
            self._queue.clear()
        self._conflate(items)

    def _conflate(self, items: Sequence[T]) -> None:
        for item in items:
            key = self._key(item)
            self.conflated += key in self._newest
            self._newest[key] = item
            if len(self._newest) > self._room:
                self._newest.popitem(last=False)
                self.dropped += 1

    def _next_of_newest(self) -> T:
        _, item = self._newest.popitem(last=False)
        self._is_conflating = self._newest_only or bool(self._newest)
        return item


def _call(wakers: Sequence[Callable[[], None]]) -> None:
    for wake in wakers:
        wake()
