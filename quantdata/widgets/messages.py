"""What kernel and page say to each other, as a text part and binary parts: typed arrays, little-endian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from quantdata.widgets.ladder import Floats

__all__ = ["EVERYBODY", "Changes", "Message", "closed", "delta", "ping", "snapshot"]

# The address of all pages.
EVERYBODY: Final = "*"


class Message(NamedTuple):
    """One message to a page.

    Attributes
    ----------
    content
        Numbers, texts, lists and dictionaries of them: fit for JSON, without NaN.
    buffers
        Its arrays, as bytes.
    """

    content: dict[str, Any]
    buffers: list[bytes]


class Changes(NamedTuple):
    """Cells that differ from what a page has: where each is, and its value.

    ``places`` are ``(row * 2 + leg) * width + field``; a value of NaN is none.
    """

    places: NDArray[np.uint32]
    values: Floats

    @property
    def buffers(self) -> list[bytes]:
        """Its two arrays as bytes."""
        return [self.places.astype("<u4").tobytes(), self.values.astype("<f8").tobytes()]


def snapshot(
    to: str,
    *,
    epoch: int,
    sequence: int,
    layout: Mapping[str, Any],
    status: Mapping[str, Any],
    strikes: Floats,
    changes: Changes,
) -> Message:
    """Return all that a page begins with: what stands where, and the cells in view; whatever it had is gone."""
    content = {"kind": "snapshot", "to": to, "epoch": epoch, "sequence": sequence, "layout": layout, "status": status}
    return Message(content, [strikes.astype("<f8").tobytes(), *changes.buffers])


def delta(
    to: str, *, epoch: int, sequence: int, is_urgent: bool, status: Mapping[str, Any] | None, changes: Changes
) -> Message:
    """Return what has changed in view; the status where that has."""
    content: dict[str, Any] = {"kind": "delta", "to": to, "epoch": epoch, "sequence": sequence}
    if is_urgent:
        content["urgent"] = True
    if status is not None:
        content["status"] = status
    return Message(content, changes.buffers)


def ping(to: str, *, epoch: int) -> Message:
    """Return a sign of life."""
    return Message({"kind": "ping", "to": to, "epoch": epoch}, [])


def closed() -> Message:
    """Return the last word, to all pages."""
    return Message({"kind": "closed", "to": EVERYBODY}, [])
