"""A subscriber's callback on a thread of its own: neither its slowness nor its failures reach anybody else."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from quantdata.live.mailbox import Nothing
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.live.mailbox import Mailbox

__all__ = ["BURST_S", "Worker"]

logger = logging.getLogger("quantdata.live")

T = TypeVar("T")

# A callback that goes on failing is logged this often at the most.
BURST_S: Final = 60.0


class Worker(Generic[T]):
    """Calls one callback with one item of a mailbox after another.

    Parameters
    ----------
    callback
        Called with each item. One that raises is logged with its traceback, at most once a minute, and goes on.
    mailbox
        Where the items come from.
    name
        Of the subscriber, for the log and the thread.
    clock
        Monotonic seconds.

    Attributes
    ----------
    thread
        Its thread: a daemon, so that a program may end without closing its hub.
    delivered, errors, busy_s, last_error
        As in `SubscriberStats`.
    """

    def __init__(
        self, callback: Callable[[T], object], mailbox: Mailbox[T], *, name: str, clock: Callable[[], float]
    ) -> None:
        self.mailbox = mailbox
        self.thread = threading.Thread(target=self._run, name=f"quantdata-{name}", daemon=True)
        self.delivered = 0
        self.errors = 0
        self.busy_s = 0.0
        self.last_error: str | None = None
        self._name = name
        self._callback = callback
        self._clock = clock
        self._woken = threading.Event()
        self._unlogged = 0
        self._logged_at: float | None = None

    def close(self) -> None:
        """Call no more, from any thread; what waits is dropped, and a call under way goes on to its end."""
        self.mailbox.close()

    def end(self) -> None:
        """Do what `close` does: the hub waits for no callback that has not begun."""
        self.close()

    def _run(self) -> None:
        while (item := self.mailbox.take(self._woken.set)) is not Nothing.EVER:
            if item is Nothing.YET:
                self._woken.wait()
                self._woken.clear()
            else:
                self._deliver(item)

    def _deliver(self, item: T) -> None:
        began_at = self._clock()
        try:
            self._callback(item)
        except BaseException as error:  # noqa: BLE001  # the subscriber's own: not even its exit() ends its thread
            self._failed(error)
        self.busy_s += self._clock() - began_at
        self.delivered += 1

    def _failed(self, error: BaseException) -> None:
        self.errors += 1
        self._unlogged += 1
        self.last_error = f"{type(error).__name__}: {error}"
        now = self._clock()
        if self._logged_at is None or now - self._logged_at >= BURST_S:
            line = facts(subscriber=self._name, failures=self._unlogged, why=self.last_error)
            logger.error("callback failed %s", line, exc_info=error)
            self._unlogged, self._logged_at = 0, now
