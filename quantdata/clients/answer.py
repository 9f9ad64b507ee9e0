"""What is known of each answer beside its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.frames.provenance import Answer

if TYPE_CHECKING:
    from quantdata.wire.rest import Rest

__all__ = ["answered"]


def answered(rest: Rest, *, is_delayed: bool = False) -> Answer:
    """Return the provenance of an answer that has just come; ``is_delayed`` is what the answer says of itself."""
    return Answer(
        source=rest.provider,
        snapshot_ts=rest.now(),
        is_simulated=rest.is_simulated,
        is_delayed=is_delayed or rest.is_delayed,
    )
