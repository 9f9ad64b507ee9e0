"""What can happen to the events of a frame on their way: strangers among them, late ones, revisions, repetitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from quantdata.sim.faults import FaultKind

    Event = dict[str, Any]

__all__ = ["Grammar", "damaged"]


class Grammar(Protocol):
    """How a vendor writes events, as far as faults need to know."""

    def split(self, payload: bytes) -> list[Event]:
        """Return the events of a frame."""
        ...

    def join(self, events: Iterable[Event]) -> bytes:
        """Return the frame of some events."""
        ...

    def cut_short(self, payload: bytes) -> bytes:
        """Return the beginning of a frame, in which nothing can be read."""
        ...

    def stranger(self) -> Event:
        """Return an event of a kind that nobody has heard of."""
        ...

    def older(self, event: Event) -> Event | None:
        """Return an event that came before another of its symbol, with other values; None where there is none."""
        ...

    def in_nanoseconds(self, event: Event) -> Event:
        """Return an event with its time in another unit."""
        ...

    def revised(self, event: Event) -> Event | None:
        """Return a minute bar as a late trade leaves it; None for all other events."""
        ...


def damaged(payload: bytes, kinds: Collection[FaultKind], grammar: Grammar) -> list[bytes]:
    """Return the frames that go out in the place of one.

    Parameters
    ----------
    payload
        The frame as it should be.
    kinds
        What happens to it; kinds that are no matter of events are passed over.
    """
    events = grammar.split(payload)
    if "mixed_units" in kinds:
        events[::2] = [grammar.in_nanoseconds(each) for each in events[::2]]
    if "unknown_events" in kinds:
        events = [grammar.stranger(), *(_with_surprises(each) for each in events)]
    frames = [events] * (2 if "repeated_events" in kinds else 1)
    if "unordered_events" in kinds:
        frames.append(_known(grammar.older(each) for each in events))
    if "revised_minutes" in kinds:
        frames.append(_known(grammar.revised(each) for each in events))
    return [grammar.join(each) for each in frames if each]


def _known(events: Iterable[Event | None]) -> list[Event]:
    return [each for each in events if each is not None]


def _with_surprises(event: Event) -> Event:
    surprises: Sequence[tuple[str, Any]] = (("zz", 1), ("nested", {"deep": [{"er": None}, "}]"]}), ("novel", True))
    return {**event, **dict(surprises)}
