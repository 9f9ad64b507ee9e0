"""What the parts of a dashboard stand on: the newest picture, and a beat at which they show it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from quantdata import portal
from quantdata.errors import FeedError
from quantdata.widgets.errands import Errands
from quantdata.widgets.pages import Pages
from quantdata.widgets.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from quantdata.widgets.hub_feed import HubFeed, Picture

__all__ = ["Player", "Stage"]

logger = logging.getLogger("quantdata.widgets")

# While a page is behind, or nobody looks, it is asked so often whether that is still so.
LOOK_S: Final = 0.1
LEAST_S: Final = 0.02
_numbers: Final = itertools.count(1)


class Player(Protocol):
    """What stands on a stage."""

    period_s: float

    def refresh(self, picture: Picture | None) -> bool:
        """Show how things are, on a thread of the stage's; tell whether anything was sent to the page."""


class Stage:
    """Parts that are shown together; from any thread.

    One task on quantdata's own loop wakes them, each after its own period, on a worker thread and never two at a time.
    While no page is in sight, or one is behind, nothing is woken and so nothing is sent.

    Parameters
    ----------
    feed
        Whose state is shown.
    clock
        Monotonic seconds.
    spawn
        Starts a coroutine, and returns its future at once.

    Attributes
    ----------
    picture
        The newest publication; None before the first.
    lock
        Held while parts are woken; whoever else changes what they show holds it too.
    """

    def __init__(
        self,
        feed: HubFeed,
        *,
        clock: Callable[[], float] = time.monotonic,
        spawn: Callable[[Coroutine[Any, Any, None]], Future[None]] = portal.spawn,
    ) -> None:
        self.picture: Picture | None = None
        self.lock = threading.RLock()
        self.errands = Errands(spawn)
        self.is_closed = False
        self._clock = clock
        self._due: dict[Player, float] = {}
        self._failures: dict[Player, str] = {}
        with suppress(FeedError):
            # What is there already is there when it is first shown.
            self.picture = feed.snapshot()
        self._unsubscribe = feed.subscribe_snapshot(f"dashboard-{next(_numbers)}", self._take)
        self.pulse = Pulse(Pages(clock))
        self._task = spawn(self._run())

    def add(self, player: Player) -> None:
        """Show a part from now on; it is woken once at once, whether anybody looks or not."""
        with self.lock:
            self._wake(player)

    def remove(self, player: Player) -> None:
        """Show a part no more."""
        with self.lock:
            self._due.pop(player, None)
            self._failures.pop(player, None)

    def hurry(self) -> None:
        """Wake all parts as soon as anybody looks."""
        with self.lock:
            self._due = dict.fromkeys(self._due, self._clock())

    def due_in_s(self) -> float:
        """Return the seconds until `beat` has something to do."""
        if not self.pulse.pages.keep_up():
            return LOOK_S
        return max(LEAST_S, min(self._due.values(), default=self._clock() + LOOK_S) - self._clock())

    def beat(self) -> None:
        """Wake the parts whose period is over, if all pages that look keep up."""
        with self.lock:
            if self.is_closed or not self.pulse.pages.keep_up():
                return
            now = self._clock()
            woken = [self._wake(player) for player, due_at in list(self._due.items()) if due_at <= now]
            if any(woken):
                self.pulse.mark()

    def close(self) -> None:
        """Wake nobody any more; may be called twice, and from within a part."""
        with self.lock:
            was_closed, self.is_closed = self.is_closed, True
            self._due.clear()
        if was_closed:
            return
        self._unsubscribe()
        self._task.cancel()
        self.errands.close()
        self.pulse.close()

    def _take(self, picture: Picture) -> None:
        self.picture = picture

    def _wake(self, player: Player) -> bool:
        self._due[player] = self._clock() + player.period_s
        try:
            has_sent = player.refresh(self.picture)
        except Exception as error:
            # The other parts go on; the same failure is told once.
            if self._failures.get(player) != repr(error):
                logger.exception("a part of a dashboard failed")
            self._failures[player] = repr(error)
            return False
        self._failures.pop(player, None)
        return has_sent

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self.due_in_s())
            if self.pulse.pages.keep_up():
                await asyncio.to_thread(self.beat)
