"""Whether the pages that show something keep up: the gate of what is not told cell by cell."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from quantdata.widgets.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pages"]

# What is drawn in one piece is to be drawn before the next but one is sent.
MOST_UNDER_WAY: Final = 2
MOST_PAGES: Final = 32
_LONGEST_NAME: Final = 64


class Pages:
    """The pages of one dashboard; from any thread.

    A page says hello when it comes into sight and bye when it goes, and acknowledges each mark once it has drawn all
    that came before it. One that owes an acknowledgement and is silent for five seconds is gone, until it speaks again.

    Parameters
    ----------
    clock
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._gates: dict[str, Gate] = {}
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._gates)

    def keep_up(self) -> bool:
        """Tell whether anybody looks, and all who do have drawn nearly all that they were sent."""
        with self._lock:
            now = self._clock()
            self._gates = {client: gate for client, gate in self._gates.items() if not _is_gone(gate, now)}
            return bool(self._gates) and all(gate.under_way < MOST_UNDER_WAY for gate in self._gates.values())

    def mark(self) -> int:
        """Count what has been sent as one piece, and return its number, which pages are to acknowledge."""
        with self._lock:
            self._sequence += 1
            for gate in self._gates.values():
                gate.sent(self._sequence, self._clock())
            return self._sequence

    def hear(self, told: Any) -> None:
        """Take in a message from a page, as it came; what makes no sense is ignored."""
        client, kind = (told.get("client"), told.get("kind")) if isinstance(told, dict) else (None, None)
        if not isinstance(client, str) or not 0 < len(client) <= _LONGEST_NAME:
            return
        with self._lock:
            if kind == "bye":
                self._gates.pop(client, None)
            elif kind == "hello":
                self._welcome(client)
            elif kind == "ack" and isinstance(told.get("sequence"), int):
                # One that was given up as gone is back.
                gate = self._gates.get(client) or self._welcome(client)
                gate.heard(self._clock())
                gate.acknowledged(told["sequence"], self._clock())

    def _welcome(self, client: str) -> Gate:
        others = {name: gate for name, gate in self._gates.items() if name != client}
        kept = dict(list(others.items())[-(MOST_PAGES - 1) :])
        gate = Gate(self._clock())
        self._gates = {**kept, client: gate}
        return gate


def _is_gone(gate: Gate, now: float) -> bool:
    gone_at = gate.gone_at()
    return gone_at is not None and now >= gone_at
