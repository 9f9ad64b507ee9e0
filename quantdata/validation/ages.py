"""How old rows are: the time since they arrived, counted while the market was open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.errors import ArgumentError
from quantdata.sessions import FIRST_DAY, LAST_DAY, session_day, sessions

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

__all__ = ["ages"]

# Options on indices and listed funds trade on after the stock market's close.
CLOSES_LATER: Final = timedelta(minutes=15)
# Older than this nobody counts.
LONGEST: Final = timedelta(days=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


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
    is_simulated = frame.get_column("feed").eq_missing("simulated")
    if not is_simulated.any():
        return _aged(frame, timedelta(0), present)
    simulated = _aged(frame, _ahead(frame.filter(is_simulated)), present)
    return simulated if is_simulated.all() else simulated.zip_with(is_simulated, _aged(frame, timedelta(0), present))


def _aged(frame: pl.DataFrame, ahead: timedelta, present: datetime) -> pl.Series:
    """Return the ages of rows of a market the clock of which is so far ahead of ours."""
    received = frame.get_column("received_ts")
    oldest = received.min()
    if not isinstance(oldest, datetime):
        return pl.Series("age_s", [None], dtype=pl.Float64).new_from_index(0, frame.height)
    arrived_us = received.cast(pl.Float64).to_numpy() + ahead // _MICROSECOND
    passed_us = _open_us(np.append(arrived_us, _microseconds(present + ahead)), oldest + ahead, present + ahead)
    return pl.Series("age_s", np.maximum(passed_us[-1] - passed_us[:-1], 0.0) / 1e6, nan_to_null=True)


def _open_us(moments_us: NDArray[np.int64], start: datetime, end: datetime) -> NDArray[np.float64]:
    """Return for how long options had traded by some moments, since the session of ``start``: microseconds."""
    first, last = max(FIRST_DAY, session_day(max(start, end - LONGEST))), min(LAST_DAY, session_day(end))
    turns, passed = _hours(first, last)
    if not turns.size:
        return np.zeros(moments_us.size)
    # All are whole numbers below 2 ** 53: nothing is rounded.
    until: NDArray[np.float64] = np.interp(moments_us, turns, passed)
    return until


@lru_cache(maxsize=64)
def _hours(first: date, last: date) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return opens and closes in turn, and how long options had traded by each: by an open, as by the close before."""
    hours = sessions(first, last) if first <= last else []
    turns = np.array([_microseconds(turn) for each in hours for turn in (each.open, each.close + CLOSES_LATER)])
    is_close = np.arange(turns.size) % 2 == 1
    return turns, np.cumsum(np.where(is_close, np.diff(turns, prepend=turns[:1]), 0))


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _ahead(simulated: pl.DataFrame) -> timedelta:
    """Return how far the clock of a simulated market is ahead of ours."""
    told, received = simulated.get_column("snapshot_ts").max(), simulated.get_column("received_ts").max()
    return told - received if isinstance(told, datetime) and isinstance(received, datetime) else timedelta(0)


def _checked(now: datetime | None) -> datetime:
    if now is None:
        return datetime.now(UTC)
    if not isinstance(now, datetime) or now.tzinfo is None:  # type: ignore[redundant-expr]  # a caller may pass anything
        raise ArgumentError(f"now must be a datetime with a time zone, such as datetime.now(UTC), not {now!r}")
    return now.astimezone(UTC)
