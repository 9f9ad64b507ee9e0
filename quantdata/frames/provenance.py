"""The provenance columns that every quote frame ends in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from quantdata.frames.columns import FEED, MOMENT, SOURCE

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from quantdata.frames.columns import Column

__all__ = ["Answer", "canonical", "provenance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of an answer beside its rows.

    Attributes
    ----------
    source
        The provider that answered.
    snapshot_ts
        When it did: the present at that host (UTC), from which days to expiry are counted.
    is_simulated, is_delayed
        What the host said of all its data.
    """

    source: str
    snapshot_ts: datetime
    is_simulated: bool = False
    is_delayed: bool = False

    @property
    def feed(self) -> str | None:
        """The freshness that holds for every row, whatever the rows say; None when the rows know best."""
        if self.is_simulated:
            return "simulated"
        return "delayed" if self.is_delayed else None


def provenance(answer: Answer) -> list[pl.Expr]:
    """Return source, snapshot_ts and feed; a ``feed`` column must be there (null where rows do not tell)."""
    feed = pl.lit(answer.feed, FEED)
    return [
        pl.lit(answer.source, SOURCE).alias("source"),
        pl.lit(answer.snapshot_ts, MOMENT).alias("snapshot_ts"),
        (pl.min_horizontal("feed", feed) if answer.feed else pl.col("feed")).alias("feed"),
    ]


def canonical(columns: tuple[Column, ...], present: Collection[str]) -> list[pl.Expr]:
    """Return the expressions of a canonical frame: what is present in its dtype, what is not as null, in order."""
    here = set(present)
    return [(pl.col(name) if name in here else pl.lit(None).alias(name)).cast(dtype) for name, dtype, _, _ in columns]
