"""What is known of each answer of Massive beside its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.frames.provenance import Answer

if TYPE_CHECKING:
    from quantdata.wire.massive.rest import MassiveRest

__all__ = ["answered"]


def answered(rest: MassiveRest, *, is_delayed: bool) -> Answer:
    """Return the provenance of an answer that has just come."""
    return Answer(source="massive", snapshot_ts=rest.now(), is_simulated=rest.is_simulated, is_delayed=is_delayed)
