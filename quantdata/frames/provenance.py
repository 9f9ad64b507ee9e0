"""The provenance columns that every quote frame ends in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import FEED, MOMENT, SOURCE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from quantdata.frames.columns import Column

__all__ = ["INCOMPLETE", "OLD_ANSWER", "Answer", "canonical", "explained", "one_row_each", "provenance"]


# What a ``fallback_reason`` begins with that is not about another provider.
INCOMPLETE: Final = "incomplete: "
OLD_ANSWER: Final = "old answer: "
LONGEST_REASON: Final = 300


def explained(frame: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Return a frame whose rows all say why they are not what the first provider gives, or not all of it."""
    return frame.with_columns(fallback_reason=pl.lit(reason[:LONGEST_REASON]))


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


def one_row_each(
    asked: Sequence[str], known: pl.DataFrame, columns: tuple[Column, ...], *, answer: Answer, missing: str
) -> pl.DataFrame:
    """Return one canonical row for each asked symbol, in that order.

    Parameters
    ----------
    asked
        Canonical symbols.
    known
        What came: ``symbol``, ``received_ts``, ``feed``, ``vendor_error`` and any other columns.
    columns
        Those of the result.
    answer
        What is known beside the rows.
    missing
        ``vendor_error`` of a symbol that the vendor left out; its values are null.

    Raises
    ------
    ValueError
        If a symbol came twice.
    """
    if known.get_column("symbol").is_duplicated().any():
        raise ValueError("a symbol came twice: pages overlap, so others may be missing")
    wanted = pl.DataFrame({"symbol": asked}, schema={"symbol": pl.String})
    complete = wanted.join(known, on="symbol", how="left", maintain_order="left").with_columns(
        *provenance(answer),
        vendor_error=pl.when(pl.col("received_ts").is_null()).then(pl.lit(missing)).otherwise("vendor_error"),
        received_ts=pl.col("received_ts").fill_null(pl.col("received_ts").max()),
    )
    return complete.select(canonical(columns, complete.columns))


def canonical(columns: tuple[Column, ...], present: Collection[str]) -> list[pl.Expr]:
    """Return the expressions of a canonical frame: what is present in its dtype, what is not as null, in order."""
    here = set(present)
    return [(pl.col(name) if name in here else pl.lit(None).alias(name)).cast(dtype) for name, dtype, _, _ in columns]
