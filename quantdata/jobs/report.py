"""What became of each task, and of a run as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import polars as pl

from quantdata.frames.columns import JOB_REPORT, schema

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

__all__ = ["Interrupted", "Outcome", "Report", "Status", "Verdict", "report_of", "totals"]

Status = Literal["done", "cached", "empty", "not_entitled", "failed"]
Verdict = Literal["complete", "partly", "nothing"]


class Outcome(NamedTuple):
    """What became of a task, or of one of its symbols: the columns of `JOB_REPORT`."""

    dataset: str
    symbol: str
    start: date | None
    end: date | None
    slot_ts: datetime | None
    status: Status
    sessions: int | None
    rows: int
    bytes: int
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has done.

    Attributes
    ----------
    frame
        One row for each task, or for each symbol of one that ended differently, with the columns of
        ``quantdata.frames.columns.JOB_REPORT``, by dataset, symbol and day.
    requests
        How many were sent, retries included.
    seconds
        How long it took.
    left
        Tasks that were not begun, or not ended: 0 unless the run was interrupted.
    """

    frame: pl.DataFrame = field(repr=False)
    requests: int
    seconds: float
    left: int = 0

    @property
    def problems(self) -> pl.DataFrame:
        """The rows of what could not be had."""
        return self.frame.filter(pl.col("status").is_in(["failed", "not_entitled"]))

    @property
    def verdict(self) -> Verdict:
        """``complete``; ``partly``: some could not be had; ``nothing``: none of it is in the lake."""
        if self.frame.is_empty() and not self.left:
            return "complete"
        if not self.frame.get_column("status").is_in(["done", "cached"]).any():
            return "nothing"
        return "partly" if self.left or self.problems.height else "complete"

    def __str__(self) -> str:
        counts = dict(self.frame.get_column("status").value_counts().iter_rows())
        said = ", ".join(f"{counts[status]:,} {status.replace('_', ' ')}" for status in _ORDER if status in counts)
        fresh = self.frame.filter(pl.col("status") == "done")
        left = f", {self.left:,} left" if self.left else ""
        return (
            f"{said or 'nothing to do'}{left}: {fresh.get_column('rows').sum():,} rows, "
            f"{fresh.get_column('bytes').sum():,} bytes written; {self.requests:,} requests in {self.seconds:.1f} s"
        )


_ORDER: tuple[Status, ...] = ("done", "cached", "empty", "not_entitled", "failed")


class Interrupted(KeyboardInterrupt):
    """A run was ended by Ctrl-C; ``report`` says what it has done, and running the same jobs again goes on."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def report_of(outcomes: Sequence[Outcome], *, requests: int, seconds: float, left: int = 0) -> Report:
    """Return the report of what became of tasks."""
    frame = pl.DataFrame(list(outcomes), schema=schema(JOB_REPORT), orient="row")
    ordered = frame.sort("dataset", "slot_ts", "symbol", "start", nulls_last=False)
    return Report(ordered, requests=requests, seconds=seconds, left=left)


def totals(pieces: pl.DataFrame) -> tuple[int, int]:
    """Return the rows and bytes of pieces of a lake, together."""
    rows: Any = pieces.get_column("rows").sum()
    size: Any = pieces.get_column("bytes").sum()
    return rows, size
