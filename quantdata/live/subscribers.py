"""Who is told of what the hub publishes: each by name, each at its own pace, none at another's expense."""

from __future__ import annotations

import inspect
import logging
import threading
import time
from typing import TYPE_CHECKING, Final, Generic, Literal, NamedTuple, TypeVar
from weakref import ref

from quantdata.errors import ArgumentError, FeedError
from quantdata.live.iteration import Stream
from quantdata.live.mailbox import Mailbox
from quantdata.live.worker import Worker
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

__all__ = ["Kind", "SubscriberStats", "Subscribers", "check_callback"]

logger = logging.getLogger("quantdata.live")

T = TypeVar("T")

Kind = Literal["tick", "snapshot"]

ROOM: Final = 10_000
# How long `Subscribers.close` waits for callbacks under way.
LONGEST_GOODBYE_S: Final = 5.0


class SubscriberStats(NamedTuple):
    """One subscriber's figures since it subscribed.

    Attributes
    ----------
    kind, name
        What it takes, and its own name.
    delivered
        Items handed over.
    conflated
        Items in whose place a newer one about the same waited.
    dropped
        Items that were lost, because too many different ones waited.
    errors
        Items on which the callback failed; they count as delivered too.
    waiting
        Items that wait now.
    busy_s
        Seconds spent in the callback; 0 of an iterator, whose reader's time is its own.
    last_error
        Class and text of the newest failure; None if there was none.
    """

    kind: Kind
    name: str
    delivered: int
    conflated: int
    dropped: int
    errors: int
    waiting: int
    busy_s: float
    last_error: str | None


class Subscribers(Generic[T]):
    """All subscribers to one kind of thing; from any thread.

    Publishing never waits for any of them: each has a mailbox of its own. To one that keeps up, all ticks come in
    order. One that does not gets the newest of each key, and in its figures how many it has missed. Of snapshots it is
    always the newest that waits.

    Parameters
    ----------
    kind
        ``"tick"`` or ``"snapshot"``.
    key
        What an item is about, as in ``lambda tick: (tick.kind, tick.symbol)``: a newer one may stand for an older one
        with the same key.
    room
        Items that may wait for each subscriber.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        key: Callable[[T], Hashable],
        room: int = ROOM,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kind: Kind = kind
        self._key = key
        self._room = room
        self._clock = clock
        self._lock = threading.Lock()
        self._is_closed = False
        # Weakly: a worker is kept by its thread and a stream by its reader, until they have done with it.
        self._readers: dict[str, ref[Worker[T] | Stream[T]]] = {}
        self._threads: list[threading.Thread] = []
        self._iterators = 0

    def __len__(self) -> int:
        return len(self._present())

    def subscribe(self, name: str, callback: Callable[[T], object]) -> Callable[[], None]:
        """Call a function with everything that is published from now on, on a thread of its own.

        Parameters
        ----------
        name
            Of the subscriber, in the log and the figures. One of the same name is replaced: a notebook's cell that is
            run again subscribes once, not twice.
        callback
            Called with one item at a time. One that raises is logged, counted and called with the next.

        Returns
        -------
        Callable[[], None]
            Unsubscribes: what waits is dropped, and a call under way is the last. May be called twice, and from within
            the callback.

        Raises
        ------
        ArgumentError
            If the name is empty, or the callback cannot be called, or must be awaited.
        FeedError
            If the hub is closed.
        """
        check_callback(name, callback)
        worker = Worker(callback, self._mailbox(), name=f"{self._kind}-{name}", clock=self._clock)
        with self._lock:
            self._enter(name, worker)
            worker.thread.start()
            self._threads = [*(thread for thread in self._threads if thread.is_alive()), worker.thread]
        return worker.close

    def stream(self, name: str | None = None) -> Stream[T]:
        """Return an async iterator over everything that is published from now on, for any event loop.

        Parameters
        ----------
        name
            As for `subscribe`; ``"iterator-1"`` and so on when left out.

        Raises
        ------
        FeedError
            If the hub is closed.
        """
        stream = Stream(self._mailbox())
        with self._lock:
            self._iterators += name is None
            self._enter(name or f"iterator-{self._iterators}", stream)
        return stream

    def publish(self, items: Sequence[T]) -> None:
        """Put items into all mailboxes, in order; waits for nobody."""
        for _, reader in self._present():
            reader.mailbox.put(items)

    def stats(self) -> list[SubscriberStats]:
        """Return the figures of all subscribers, in the order in which they subscribed."""
        return [self._row(name, reader) for name, reader in self._present()]

    def close(self, *, timeout_s: float = LONGEST_GOODBYE_S) -> None:
        """End all subscriptions and wait for the callbacks under way; may be called twice.

        Streams end after what waits in them; callbacks are not called with what waits. Called from within a callback
        it waits for all others. It blocks: not to be called on an event loop that a callback may be waiting for.

        Parameters
        ----------
        timeout_s
            The longest wait for all together; a callback that takes longer is logged and left to its end.
        """
        with self._lock:
            self._is_closed = True
            threads = [thread for thread in self._threads if thread is not threading.current_thread()]
        for _, reader in self._present():
            reader.end()
        deadline = time.monotonic() + timeout_s
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for thread in threads:
            if thread.is_alive():
                logger.warning("callback %s", facts(thread=thread.name, still_busy_after_s=timeout_s))

    def _mailbox(self) -> Mailbox[T]:
        return Mailbox(key=self._key, room=self._room, newest_only=self._kind == "snapshot")

    def _present(self) -> list[tuple[str, Worker[T] | Stream[T]]]:
        """Return who still reads; the dictionary is replaced and never changed, so that no lock is needed."""
        each = ((name, weak()) for name, weak in self._readers.items())
        return [(name, reader) for name, reader in each if reader is not None and not reader.mailbox.is_closed]

    def _enter(self, name: str, reader: Worker[T] | Stream[T]) -> None:
        if self._is_closed:
            raise FeedError(f"the hub is closed: subscribe {name!r} to one that runs")
        others = dict(self._present())
        replaced = others.pop(name, None)
        if replaced is not None:
            replaced.end()
            logger.info("subscriber replaced %s", facts(kind=self._kind, name=name))
        self._readers = {**{each: ref(other) for each, other in others.items()}, name: ref(reader)}

    def _row(self, name: str, reader: Worker[T] | Stream[T]) -> SubscriberStats:
        return SubscriberStats(
            kind=self._kind,
            name=name,
            delivered=reader.delivered,
            conflated=reader.mailbox.conflated,
            dropped=reader.mailbox.dropped,
            errors=reader.errors,
            waiting=len(reader.mailbox),
            busy_s=reader.busy_s,
            last_error=reader.last_error,
        )


def check_callback(name: str, callback: object) -> None:
    """Raise `ArgumentError` if a subscriber has no name, or a callback that cannot be called or must be awaited."""
    if not isinstance(name, str) or not name:  # type: ignore[redundant-expr]  # a caller may pass anything
        raise ArgumentError(f"a subscriber's name must be a text, as in subscribe('prices', print), not {name!r}")
    if not callable(callback):
        raise ArgumentError(f"{name!r} must be a function that takes what is published, not {callback!r}")
    if inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(getattr(callback, "__call__", None)):  # noqa: B004  # what it is, not whether
        raise ArgumentError(f"{name!r} is a coroutine function, which nobody here awaits: use 'async for' instead")
