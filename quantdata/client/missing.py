"""Which sessions of bars a lake lacks, in what pieces to ask for them, and why some have none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import polars as pl

from quantdata.clients.bar_query import is_equity
from quantdata.errors import AllProvidersFailedError, EntitlementError
from quantdata.sessions import midnight, next_session, sessions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime

    from quantdata.lake import Lake

__all__ = [
    "ASKED_AGAIN",
    "FailedReason",
    "Run",
    "TradedReason",
    "explain",
    "failed_reason",
    "is_refused",
    "is_settled",
    "lacking",
    "reasons",
    "runs",
]

TradedReason: TypeAlias = Literal["halted", "no_trades"]
FailedReason: TypeAlias = Literal["not_entitled", "failed"]

# A request of one-minute bars holds 45 days of them: quantdata.clients.massive.bars.
SESSIONS_AT_ONCE: Final = 31
DAYS_AT_ONCE: Final = 5_000
# Why there may be something of a session next time; of any other reason there will be nothing.
ASKED_AGAIN: Final = ("not_asked", "failed", "not_entitled")
ONE_DAY: Final = timedelta(days=1)
TICK: Final = timedelta(microseconds=1)
# A vendor may still be at work on the last sessions: a gap there is asked for again.
SESSIONS_TO_SETTLE: Final = 3


class Run(NamedTuple):
    """Sessions in a row, from the first to the last."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """The sessions."""
        return [each.day for each in sessions(self.first, self.last)]

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """The first and the last moment of its days in New York (UTC)."""
        return midnight(self.first), midnight(self.last + ONE_DAY) - TICK


def lacking(gaps: pl.DataFrame, pieces: pl.DataFrame | None) -> list[date]:
    """Return the sessions to ask for, rising: without a piece, or without the hours that are wanted.

    Parameters
    ----------
    gaps
        Sessions without a piece, with the columns of `LAKE_GAPS`.
    pieces
        Those with one, with the columns of `LAKE_PIECES`; None where regular hours are enough.
    """
    without = gaps.filter(pl.col("reason").is_in(ASKED_AGAIN)).get_column("date").to_list()
    short = [] if pieces is None else pieces.filter(pl.col("hours") != "all").get_column("date").to_list()
    return sorted({*without, *short})


def explain(lake: Lake, dataset: str, symbol: str, absent: Iterable[date], *, today: date) -> None:
    """Note why sessions that a vendor answered for have nothing, where that is settled."""
    settled = [day for day in absent if is_settled(day, today)]
    if settled:
        known = lake.coverage(dataset, symbols=symbol).get_column("date").to_list()
        lake.note_gaps(dataset, symbol, reasons(settled, known, symbol=symbol))


def runs(days: Iterable[date], *, is_intraday: bool) -> list[Run]:
    """Return sessions as runs of neighbours, none longer than what is asked for at once: it is kept when it comes."""
    most = SESSIONS_AT_ONCE if is_intraday else DAYS_AT_ONCE
    found: list[list[date]] = []
    for day in sorted(days):
        if not found or len(found[-1]) == most or next_session(found[-1][-1]).day != day:
            found.append([])
        found[-1].append(day)
    return [Run(each[0], each[-1]) for each in found]


def reasons(absent: Collection[date], traded: Sequence[date], *, symbol: str) -> dict[date, TradedReason]:
    """Return why sessions that a vendor answered for have no bars.

    A stock or fund that traded before and after a session was halted on it, or so it seems; anything else, and before
    its first and after its last session, had no trades.

    Parameters
    ----------
    absent
        Sessions without bars.
    traded
        Sessions with bars, as far as known.
    symbol
        Whose, in canonical spelling.
    """
    if not is_equity(symbol) or not traded:
        return dict.fromkeys(absent, "no_trades")
    first, last = min(traded), max(traded)
    return {day: "halted" if first < day < last else "no_trades" for day in absent}


def is_settled(day: date, today: date) -> bool:
    """Tell whether a session without bars is old enough to stay one."""
    return day < today and len(sessions(day, today)) > SESSIONS_TO_SETTLE


def failed_reason(error: Exception) -> FailedReason:
    """Return what an error in the place of an answer is called in a lake and in a report."""
    return "not_entitled" if is_refused(error) else "failed"


def is_refused(error: Exception) -> bool:
    """Tell whether no plan includes what was asked for: of two vendors that were asked, neither's."""
    if isinstance(error, AllProvidersFailedError):
        return all(map(is_refused, error.errors.values()))
    return isinstance(error, EntitlementError)
