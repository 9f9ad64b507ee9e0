"""Kernel and page around a widget, without either: comms that remember, and a feed that is fed by hand."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any, Final

import comm
from comm.base_comm import BaseComm

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from quantdata.widgets.feed import View

__all__ = ["HandFeed", "Handle", "RecordedComm"]

LONG_S: Final = 20.0


class RecordedComm(BaseComm):
    """A comm that keeps what it is to send."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.opened: dict[str, Any] = {}
        self.opened_with: list[bytes] = []
        self.kinds: list[str] = []
        self.custom: queue.Queue[tuple[dict[str, Any], list[bytes]]] = queue.Queue()
        super().__init__(*args, **kwargs)

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **_: Any,
    ) -> None:
        del metadata
        self.kinds.append(msg_type)
        if msg_type == "comm_open":
            self.opened, self.opened_with = data, list(buffers or [])
        elif data and data.get("method") == "custom":
            self.custom.put((data["content"], list(buffers or [])))

    def next(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return the next message to the page."""
        return self.custom.get(timeout=LONG_S)

    def say(self, content: dict[str, Any]) -> None:
        """Let the page say something."""
        self.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    @property
    def is_registered(self) -> bool:
        """Whether the kernel still knows it."""
        return self.comm_id in comm.get_comm_manager().comms


class HandFeed:
    """A feed of one chain, which is told when a test says so."""

    def __init__(self, chain: pl.DataFrame | None = None) -> None:
        self.chain = chain
        self.callbacks: dict[str, Callable[[pl.DataFrame], object]] = {}
        self.views: list[View] = []

    def subscribe_chain(
        self, underlying: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        key = f"{underlying} {name}"
        self.callbacks[key] = callback
        if self.chain is not None:
            callback(self.chain)

        def unsubscribe() -> None:
            self.callbacks.pop(key, None)

        return unsubscribe

    def attach(self, view: View) -> None:
        self.views.append(view)

    def tell(self, chain: pl.DataFrame) -> None:
        for callback in self.callbacks.values():
            callback(chain)


class Handle:
    """In the place of a display's handle."""

    def __init__(self, shown: dict[str, Any]) -> None:
        self.shown = [shown]

    def update(self, shown: dict[str, Any], *, raw: bool) -> None:
        assert raw
        self.shown.append(shown)
