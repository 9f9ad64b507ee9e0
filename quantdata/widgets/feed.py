"""What a table asks of whoever feeds it: a hub, or anything that answers the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

__all__ = ["Feed", "View"]


class View(Protocol):
    """What is fed."""

    def close(self) -> None:
        """End; may be called twice."""


class Feed(Protocol):
    """Chains, told whenever they change; from any thread."""

    def subscribe_chain(
        self, underlying: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the chain whenever it has changed, on a thread of the feed's; return what ends that.

        Frames have the columns of `quantdata.frames.columns.CHAIN`, those of quality included.
        """

    def attach(self, view: View) -> None:
        """Close a view when the feed is closed; it is held weakly."""
