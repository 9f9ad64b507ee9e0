"""All pages of one table: what comes from them and from the feed goes in, what they are to be sent comes out."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from quantdata.widgets.messages import EVERYBODY
from quantdata.widgets.sheet import Board
from quantdata.widgets.viewer import Viewer
from quantdata.widgets.wants import Wants, read_rows, read_wants

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from quantdata.widgets.fields import Field
    from quantdata.widgets.messages import Message

__all__ = ["MOST_PAGES", "Audience"]

# Beyond so many, the one that was heard longest ago goes: a page names itself anew whenever it is loaded.
MOST_PAGES: Final = 32
_LONGEST_NAME: Final = 64
# Messages that wait; a page that says more in one turn than anybody can scroll is not listened to.
_ROOM: Final = 1_000


class Audience:
    """The pages of one table.

    `tell` and `hear` hand something over, from any thread, and are done at once. `turn` does what is to be done with
    all of it; its messages must be sent in the order in which they come, so whoever calls it sends them before calling
    it again.

    Parameters
    ----------
    underlying, fields
        Of the table.
    wants
        What a page is shown that asks for nothing.
    clock
        Monotonic seconds.

    Attributes
    ----------
    nonsense
        Count of things in messages from pages that were ignored.
    """

    def __init__(
        self,
        underlying: str,
        fields: Sequence[Field],
        *,
        wants: Wants,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.nonsense = 0
        self._board = Board(underlying, fields)
        self._names = frozenset(field.name for field in fields)
        self._wants = wants
        self._clock = clock
        self._lock = threading.Lock()
        self._frame: pl.DataFrame | None = None
        self._heard: deque[object] = deque(maxlen=_ROOM)
        self._pages: dict[str, Viewer] = {}

    def __len__(self) -> int:
        return len(self._pages)

    @property
    def chain(self) -> pl.DataFrame | None:
        """The newest chain; None before the first."""
        sheet = self._board.sheet
        return self._frame if self._frame is not None else sheet.chain if sheet is not None else None

    def want(self, wants: Wants) -> None:
        """Show this from now on to pages that ask for nothing."""
        self._wants = wants

    def tell(self, chain: pl.DataFrame) -> None:
        """Take in a chain; of several that come before a turn only the newest counts."""
        self._frame = chain

    def hear(self, content: object) -> None:
        """Take in a message from a page, as it came."""
        self._heard.append(content)

    def turn(self) -> list[Message]:
        """Do what is to be done now, and return what is to be sent, in order."""
        with self._lock:
            now = self._clock()
            self._take_in(now)
            found = [message for page in self._pages.values() if (message := page.update(self._board.sheet, now))]
            pings = [message for page in self._pages.values() if (message := page.ping(now))]
            return [*found, *pings]

    def due_in_s(self) -> float | None:
        """Return the seconds until the next `turn`, unless something comes before; None if nothing is to be done."""
        with self._lock:
            moments = [page.due_at() for page in self._pages.values()]
            if self._pages:
                moments.append(self._board.due_at())
            due_at = min((moment for moment in moments if moment is not None), default=None)
            return None if due_at is None else max(0.0, due_at - self._clock())

    def first(self) -> Message | None:
        """Return a snapshot for whoever comes, that no page acknowledges; None before the first chain."""
        with self._lock:
            now = self._clock()
            self._take_in(now, for_nobody=True)
            found = self._new_viewer(EVERYBODY, self._wants, now).update(self._board.sheet, now)
        # Before any that a page counts.
        return found and found._replace(content={**found.content, "epoch": 0, "sequence": 0})

    def _take_in(self, now: float, *, for_nobody: bool = False) -> None:
        while self._heard:
            self._answer(self._heard.popleft(), now)
        self._pages = {client: page for client, page in self._pages.items() if not page.is_gone(now)}
        # Nobody looks at most tables most of the time: a chain waits until somebody does.
        if not self._pages and not for_nobody:
            return
        frame, self._frame = self._frame, None
        if frame is not None:
            self._board.update(frame, now)
        self._board.judge(now)

    def _answer(self, told: Any, now: float) -> None:
        client, kind = (told.get("client"), told.get("kind")) if isinstance(told, dict) else (None, None)
        if not isinstance(client, str) or not 0 < len(client) <= _LONGEST_NAME or client == EVERYBODY:
            self.nonsense += 1
        elif kind == "hello":
            self._welcome(client, told, now)
        elif client in self._pages:
            self._answer_known(self._pages[client], kind, told, now)

    def _answer_known(self, page: Viewer, kind: object, told: dict[str, Any], now: float) -> None:
        page.gate.heard(now)
        if kind == "want":
            page.wants = self._read(told)
        elif kind == "ack" and _is_count(told.get("epoch")) and _is_count(told.get("sequence")):
            page.acknowledge(told["epoch"], told["sequence"], read_rows(told), now)
        elif kind == "bye":
            del self._pages[page.client]
        else:
            self.nonsense += 1

    def _welcome(self, client: str, told: dict[str, Any], now: float) -> None:
        wants = self._read(told)
        page = self._pages.pop(client, None)
        if page is None:
            page = self._new_viewer(client, wants, now)
        else:
            page.restart(wants, now)
        # The last to say hello stands at the end.
        self._pages[client] = page
        if len(self._pages) > MOST_PAGES:
            del self._pages[next(iter(self._pages))]

    def _read(self, told: dict[str, Any]) -> Wants:
        wants, nonsense = read_wants(told.get("wants"), self._wants, fields=self._names)
        self.nonsense += nonsense
        return wants

    def _new_viewer(self, client: str, wants: Wants, now: float) -> Viewer:
        return Viewer(client, wants, now=now, series=self._wants.series)


def _is_count(told: object) -> bool:
    return isinstance(told, int) and not isinstance(told, bool)
