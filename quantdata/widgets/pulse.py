"""A widget that shows nothing: it tells whether anybody looks at what stands around it, and has drawn it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget

from quantdata.widgets.replies import hear_while_busy

if TYPE_CHECKING:
    from quantdata.widgets.pages import Pages

__all__ = ["Pulse"]


class Pulse(anywidget.AnyWidget):
    """Carries the messages of `Pages`; part of a box with the class ``quantdata-board``.

    Parameters
    ----------
    pages
        Those that look.
    """

    _esm = Path(__file__).parent / "static" / "pulse.js"

    def __init__(self, pages: Pages) -> None:
        super().__init__()
        hear_while_busy(self)
        self.pages = pages
        self.on_msg(self._hear)

    def mark(self) -> None:
        """Ask all pages to say when they have drawn what they have been sent."""
        self.send({"kind": "mark", "sequence": self.pages.mark()})
        hear_while_busy(self)

    def close(self) -> None:
        """Say nothing more, and leave nothing in the kernel."""
        self.layout.close()
        super().close()

    def _hear(self, _: object, content: Any, __: object) -> None:
        self.pages.hear(content)
