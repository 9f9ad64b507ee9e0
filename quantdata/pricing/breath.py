"""Where long work lets others go first: whoever starts it says how, and it asks between its blocks.

Many small array operations hold the interpreter, and whoever else needs it waits for each of them.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PAUSE", "breathe"]

# Waits while somebody else should go first; None: nobody does.
PAUSE: Final[ContextVar[Callable[[], object] | None]] = ContextVar("quantdata_pause", default=None)


def breathe() -> None:
    """Let others go first, if whoever started this work wants that."""
    pause = PAUSE.get()
    if pause is not None:
        pause()
