"""How many messages a page may be sent before it says that it has drawn them: a slow page gets fewer, and newer ones.

Nothing between kernel and page holds anybody back: whatever is sent faster than it is drawn waits in queues without an
end. So a page acknowledges what it has drawn, and is sent no more than a window ahead of that.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GONE_AFTER_S", "WINDOW", "Gate"]

WINDOW: Final = 8
TIGHT_WINDOW: Final = 2
# A tight window widens after so many round trips in a row that were quick.
QUICK_TRIPS: Final = 10
QUICK_S: Final = 0.150
# A page that owes an acknowledgement and says nothing for so long is gone: closed, crashed, asleep.
GONE_AFTER_S: Final = 5.0


class Gate:
    """The credit of one page; moments are monotonic seconds that are passed in.

    It begins wide: 8 messages may be under way, and the page acknowledges the newest about every 400 ms. When all 8 are
    under way it turns tight: 2, each acknowledged at once, until ten round trips in a row took less than 150 ms.

    Attributes
    ----------
    is_tight
        Whether the page is slow: messages are to ask for an acknowledgement at once.
    """

    def __init__(self, now: float) -> None:
        self.is_tight = False
        self._heard_at = now
        self._quick = 0
        # Number and moment of each message under way, the oldest first.
        self._under_way: deque[tuple[int, float]] = deque()

    @property
    def under_way(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._under_way)

    @property
    def is_open(self) -> bool:
        """Whether another may be sent."""
        return self.under_way < (TIGHT_WINDOW if self.is_tight else WINDOW)

    def sent(self, sequence: int, now: float) -> None:
        """Note a message; their numbers rise."""
        self._under_way.append((sequence, now))
        if not self.is_open:
            self.is_tight = True

    def heard(self, now: float) -> None:
        """Note that the page has said something, whatever it was."""
        self._heard_at = now

    def acknowledged(self, sequence: int, now: float) -> None:
        """Note that a message was drawn, and so all before it; one that is not under way changes nothing."""
        drawn = list(self._drawn(sequence))
        if drawn and self.is_tight:
            trips = [now - at < QUICK_S for _, at in drawn]
            self._quick = self._quick + len(trips) if all(trips) else 0
            if self._quick >= QUICK_TRIPS:
                self.is_tight, self._quick = False, 0

    def restart(self, now: float) -> None:
        """Forget what is under way: the page begins anew. How quick it is stays known."""
        self._under_way.clear()
        self._heard_at = now

    def gone_at(self) -> float | None:
        """Return when the page will count as gone unless it says something; None while it owes nothing."""
        if not self._under_way:
            return None
        return max(self._heard_at, self._under_way[0][1]) + GONE_AFTER_S

    def _drawn(self, sequence: int) -> Iterator[tuple[int, float]]:
        while self._under_way and self._under_way[0][0] <= sequence:
            yield self._under_way.popleft()
