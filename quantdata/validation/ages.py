"""How old rows are: the time since they arrived, counted while the market was open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.sessions import FIRST_DAY, LAST_DAY, session_day, sessions

__all__ = ["ages", "open_seconds"]

# Options on indices and listed funds trade on after the stock market's close.
CLOSES_LATER: Final = timedelta(minutes=15)
# Older than this nobody counts.
LONGEST: Final = timedelta(days=30)


def ages(frame: pl.DataFrame, now: datetime | None) -> pl.Series:
    """Return ``age_s``: seconds of open market since each row arrived; null where that is not known.

    Parameters
    ----------
    frame
        With ``received_ts``, ``snapshot_ts`` and ``feed``.
    now
        The present (UTC), as this machine sees it; None asks its clock.

    Notes
    -----
    A simulated market has its own time: the hours that count are those of its clock, which told the time of the answer
    in ``snapshot_ts``.
    """
    present = _checked(now)
    received = frame.get_column("received_ts")
    oldest, newest = received.min(), received.max()
    if not isinstance(oldest, datetime) or not isinstance(newest, datetime):
        return pl.Series("age_s", [None], dtype=pl.Float64).new_from_index(0, frame.height)
    ahead = _ahead(frame, newest)
    passed_s = (present - oldest).total_seconds()
    if newest <= present and open_seconds(oldest + ahead, present + ahead) == passed_s:
        return ((present - received).dt.total_microseconds() / 1e6).alias("age_s")
    distinct = received.drop_nulls().unique()
    seconds = [open_seconds(each + ahead, present + ahead) for each in distinct]
    return received.replace_strict(distinct, seconds, default=None, return_dtype=pl.Float64).alias("age_s")


def open_seconds(start: datetime, end: datetime) -> float:
    """Return the seconds between two moments in which options are traded."""
    if end <= start:
        return 0.0
    first, last = max(FIRST_DAY, session_day(max(start, end - LONGEST))), min(LAST_DAY, session_day(end))
    hours = sessions(first, last) if first <= last else []
    spans = ((max(start, each.open), min(end, each.close + CLOSES_LATER)) for each in hours)
    return sum(max(0.0, (finish - begin).total_seconds()) for begin, finish in spans)


def _ahead(frame: pl.DataFrame, newest: datetime) -> timedelta:
    """Return how far the clock of a simulated market is ahead of ours."""
    if frame.get_column("feed").first() != "simulated":
        return timedelta(0)
    snapshot = frame.get_column("snapshot_ts").max()
    return snapshot - newest if isinstance(snapshot, datetime) else timedelta(0)


def _checked(now: datetime | None) -> datetime:
    if now is None:
        return datetime.now(UTC)
    if not isinstance(now, datetime) or now.tzinfo is None:  # type: ignore[redundant-expr]  # a caller may pass anything
        raise ArgumentError(f"now must be a datetime with a time zone, such as datetime.now(UTC), not {now!r}")
    return now.astimezone(UTC)
