"""A job cut into tasks: one symbol each; of bars and trades, neighbouring sessions that the lake lacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.client.missing import ASKED_AGAIN, Run, lacking, runs
from quantdata.frames.bars import TIMEFRAMES
from quantdata.sessions import FIRST_DAY, session_day, sessions

if TYPE_CHECKING:
    from datetime import date, datetime

    from quantdata.jobs.job import Job
    from quantdata.lake import Lake

__all__ = ["Held", "Task", "as_one_request", "held", "pending", "snapshot_tasks"]

ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked for, and kept, at once.

    Attributes
    ----------
    job
        What it is a part of.
    symbols
        One; of quotes and indices all that are asked for together.
    run
        Of bars and trades, the sessions.
    slot
        Of snapshots that are taken again and again, when this one is due.
    """

    job: Job
    symbols: tuple[str, ...]
    run: Run | None = None
    slot: datetime | None = None

    @property
    def named(self) -> str:
        """Its symbols, for people."""
        return " ".join(self.symbols)

    @property
    def key(self) -> str:
        """What tells it from others: the same for the same data."""
        span = "" if self.run is None else f"/{self.run.first}..{self.run.last}"
        return f"{self.job.dataset}/{'+'.join(self.symbols)}{span}/{self.job.fingerprint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How a lake stands to the bars or trades of one symbol that a job wants.

    Attributes
    ----------
    span
        First and last day that can be had: up to yesterday.
    lacking
        Sessions to ask for.
    pieces
        Sessions that are there, with the columns of `LAKE_PIECES`.
    explained
        How many have nothing, for a reason that will stay.
    waiting
        The session of today, which is kept from tomorrow on; None where it is not asked for.
    """

    job: Job
    symbol: str
    span: tuple[date, date]
    lacking: tuple[date, ...] = ()
    pieces: pl.DataFrame = field(repr=False)
    explained: int = 0
    waiting: date | None = None

    @property
    def tasks(self) -> list[Task]:
        """What is to be asked for."""
        return [Task(job=self.job, symbols=(self.symbol,), run=run) for run in self.runs]

    @property
    def runs(self) -> list[Run]:
        """The same as sessions; of trades, of which there are many, one at a time."""
        if self.job.kind == "trades":
            return [Run(day, day) for day in self.lacking]
        return runs(self.lacking, is_intraday=is_intraday(self.job))


def is_intraday(job: Job) -> bool:
    """Tell whether it matters which trading hours are asked for."""
    return job.kind == "trades" or TIMEFRAMES[job.dataset.removeprefix("bars_")].is_intraday


def held(job: Job, symbol: str, lake: Lake, now: datetime) -> Held:
    """Return how a lake stands to the bars or trades of one symbol of a job; reads the lake."""
    today = session_day(now)
    first, last = job.days(now)
    first, until = max(first, FIRST_DAY), min(last, today - ONE_DAY)
    waiting = today if first <= today <= last and sessions(today, today) else None
    pieces = lake.coverage(job.dataset, symbols=symbol, start=min(first, until), end=until)
    if until < first:
        return Held(job=job, symbol=symbol, span=(first, last), pieces=pieces.clear(), waiting=waiting)
    gaps = lake.gaps(job.dataset, symbol, first, until)
    wanted = lacking(gaps, pieces if job.session == "all" and is_intraday(job) else None)
    explained = gaps.filter(~pl.col("reason").is_in(["holiday", *ASKED_AGAIN])).height
    return Held(
        job=job,
        symbol=symbol,
        span=(first, until),
        lacking=tuple(wanted),
        pieces=pieces.filter(~pl.col("date").is_in(wanted)),
        explained=explained,
        waiting=waiting,
    )


def snapshot_tasks(job: Job, *, done: frozenset[str] = frozenset(), slot: datetime | None = None) -> list[Task]:
    """Return what is to be asked for of a snapshot.

    Parameters
    ----------
    done
        Symbols that are there already.
    slot
        When the snapshot is due, if it is one of many.
    """
    symbols = tuple(symbol for symbol in job.symbols if symbol not in done)
    if not symbols:
        return []
    groups = [symbols] if as_one_request(job) else [(symbol,) for symbol in symbols]
    return [Task(job=job, symbols=group, slot=slot) for group in groups]


def as_one_request(job: Job) -> bool:
    """Tell whether all symbols of a snapshot are asked for together."""
    return job.kind in {"quotes", "indices"}


def pending(job: Job, lake: Lake, now: datetime) -> list[Held]:
    """Return how a lake stands to each symbol of a job of bars or trades."""
    return [held(job, symbol, lake, now) for symbol in job.symbols]
