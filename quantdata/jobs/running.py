"""`run`: jobs carried out, a few tasks at a time, within the account's rate."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from quantdata import portal
from quantdata.errors import DataProviderError, LakeError, QuantDataError
from quantdata.jobs.asking import Asking
from quantdata.jobs.journal import Journal
from quantdata.jobs.progress import shown
from quantdata.jobs.report import Interrupted, Outcome, report_of, totals
from quantdata.jobs.tasks import pending, snapshot_tasks
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from quantdata.client import AsyncClient, Client
    from quantdata.client.core import Core
    from quantdata.jobs.asking import Keep
    from quantdata.jobs.job import Job
    from quantdata.jobs.progress import Progress
    from quantdata.jobs.report import Report
    from quantdata.jobs.tasks import Held, Task
    from quantdata.lake import Lake

__all__ = ["Run", "Runner", "drive", "run"]

logger = logging.getLogger("quantdata.jobs")

# The rate is the wall: a few are enough to reach it, and to read and write meanwhile.
AT_ONCE: Final = 4


def run(
    jobs: Iterable[Job], client: Client | AsyncClient, lake: Lake, *, progress: bool | None = None, resume: bool = True
) -> Report:
    """Ask for what jobs want and the lake lacks, and keep it as it comes.

    Parameters
    ----------
    jobs
        What is wanted.
    client
        Who asks; at its rate, `AT_ONCE` tasks side by side.
    lake
        Where it goes.
    progress
        Whether a bar is shown on standard error; left out, where that is a terminal and QUANTDATA_PROGRESS is not 0.
    resume
        Whether a snapshot goes on where a run of the same job and New York day was ended before its end. Bars and
        trades need no such thing: what is in the lake is not asked for again, ever.

    Returns
    -------
    Report
        What became of each task. Failures of a vendor are in it, and noted in the lake as gaps; nothing is raised
        for them, and all that could be had is written.

    Raises
    ------
    ArgumentError
        If a job makes no sense by now.
    LakeError
        If the lake cannot be read.
    Interrupted
        On Ctrl-C: what was under way is dropped, what had come is kept; run the same jobs again to go on.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> import quantdata as qd
    >>> from quantdata.jobs import Job, run
    >>> job = Job(kind="bars", symbols=["SPY"], timeframe="1d", start="2026-11-02", end="2026-11-06")
    >>> with qd.Client("sim", clock="at:2026-11-18T11:00") as client:
    ...     report = run([job], client, qd.Lake(mkdtemp()), progress=False)
    >>> report.frame.select("dataset", "symbol", "status", "sessions", "rows").row(0)
    ('bars_1d', 'SPY', 'done', 5, 5)
    """
    return drive(Run(list(jobs), client._core, lake, resume=resume), progress=progress)  # noqa: SLF001  # of one house


def drive(going: Runner, *, progress: bool | None) -> Report:
    """Run something on the portal's loop to its end, or to Ctrl-C."""
    with shown(progress) as going.progress:
        try:
            portal.call(going.go())
        except KeyboardInterrupt:
            portal.call(going.ended())
            raise Interrupted(going.report()) from None
    report = going.report()
    logger.info("run %s", facts(ended=report.verdict, requests=report.requests, seconds=f"{report.seconds:.1f}"))
    return report


class Runner:
    """Tasks carried out, and what became of them; on the portal's loop.

    Attributes
    ----------
    progress
        Who is told.
    outcomes
        What became of what has ended.
    requests
        How many it took.
    """

    progress: Progress

    def __init__(self, core: Core, lake: Lake) -> None:
        self.core = core
        self.lake = lake
        self._asking = Asking(core, lake)
        self.outcomes: list[Outcome] = []
        self.requests = 0
        self._tasks = self._ended_tasks = 0
        self._began = time.perf_counter()
        # Why nothing more is asked for: the key or the lake can no longer be used.
        self._stopped: QuantDataError | None = None
        self._is_under_way = False
        self._end = asyncio.Event()

    async def go(self) -> None:
        """Do all of it."""
        self._is_under_way = True
        provider = await self.core.connected()
        before = provider.requests_sent
        try:
            await self.work()
        finally:
            self.requests += provider.requests_sent - before
            self._end.set()

    async def work(self) -> None:
        """Do what there is to do."""
        raise NotImplementedError

    async def present(self) -> datetime:
        """Return the present at the host (UTC); by this machine's clock where the host is away, maybe for a moment."""
        provider = await self.core.connected()
        try:
            return await provider.present()
        except DataProviderError:
            return provider.now()

    async def ended(self) -> None:
        """Wait until nothing is under way any more, after `go` was called off."""
        if self._is_under_way:
            await self._end.wait()

    def report(self) -> Report:
        """Return what became of everything so far."""
        seconds = time.perf_counter() - self._began
        left = self._tasks - self._ended_tasks
        return report_of(self.outcomes, requests=self.requests, seconds=seconds, left=left)

    def expect(self, tasks: Sequence[Task]) -> None:
        """Take note that so many tasks are to be done."""
        self._tasks += len(tasks)
        self.progress.expect(len(tasks))

    async def carry_out(self, tasks: Sequence[Task]) -> None:
        """Carry out tasks, a few at a time, in order."""
        self.expect(tasks)
        waiting = iter(tasks)

        async def work() -> None:
            for task in waiting:
                await self._one(task)

        workers = [asyncio.ensure_future(work()) for _ in range(min(AT_ONCE, len(tasks)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _one(self, task: Task) -> None:
        keep = await self._asked(task)
        # What has come is kept even when this is called off.
        keeping = asyncio.ensure_future(self._settled(task, keep))
        try:
            await asyncio.shield(keeping)
        finally:
            while not keeping.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([keeping])

    async def _asked(self, task: Task) -> Keep:
        """Ask for a task; a failure of it, or that of one before after which nothing can be had, is an outcome."""
        if self._stopped is not None:
            return lambda: [failed(task, f"not asked for: {self._stopped}")]
        try:
            return await self._asking.ask(task)
        except QuantDataError as error:
            why = self._why(error)
            return lambda: [failed(task, why)]

    async def _settled(self, task: Task, keep: Keep) -> None:
        try:
            outcomes = await asyncio.to_thread(keep)
        except LakeError as error:
            outcomes = [failed(task, self._why(error))]
        await self.settle(task, outcomes)

    async def settle(self, task: Task, outcomes: list[Outcome]) -> None:
        """Take note of what became of a task."""
        try:
            await self.note(task, outcomes)
        except LakeError as error:
            outcomes = [failed(task, self._why(error))]
        self.add(outcomes)
        self._ended_tasks += 1
        self.progress.advance(task.named)

    def _why(self, error: QuantDataError) -> str:
        if isinstance(error, LakeError | DataProviderError):
            self._stopped = error
        return str(error)

    async def note(self, task: Task, outcomes: list[Outcome]) -> None:
        """Remember that a task is done."""

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Put outcomes into the report and into the log."""
        for each in outcomes:
            self.outcomes.append(each)
            level = logging.WARNING if each.status == "failed" else logging.INFO
            logger.log(level, "task %s", facts(**each._asdict()))

    def go_on(self) -> None:
        """Ask again after a failure that has ended everything: it may be over."""
        self._stopped = None

    @property
    def is_stopped(self) -> bool:
        """Whether key or lake can no longer be used."""
        return self._stopped is not None


class Run(Runner):
    """Jobs done once."""

    def __init__(self, jobs: Sequence[Job], core: Core, lake: Lake, *, resume: bool) -> None:
        super().__init__(core, lake)
        self._jobs = jobs
        self._resume = resume
        self._journals = {job: Journal(lake, job, core.source) for job in jobs if job.is_snapshot}

    async def work(self) -> None:
        """Look at the lake, then carry out what it lacks."""
        now = await self.present()
        tasks: list[Task] = []
        for job in dict.fromkeys(self._jobs):
            tasks += await asyncio.to_thread(self._begun if job.is_snapshot else self._lacking, job, now)
        await self.carry_out(tasks)
        if not self.is_stopped:
            for journal in self._journals.values():
                await asyncio.to_thread(journal.finish)

    def _lacking(self, job: Job, now: datetime) -> list[Task]:
        """Return the tasks of bars or trades; report what the lake has."""
        found = pending(job, self.lake, now)
        self.add(outcome for each in found for outcome in of_held(each))
        return [task for each in found for task in each.tasks]

    def _begun(self, job: Job, now: datetime) -> list[Task]:
        """Return the tasks of a snapshot; report what an unfinished run has brought in."""
        journal = self._journals[job]
        left = journal.unfinished(now) if self._resume else None
        journal.begin(now, left)
        done = frozenset() if left is None else left.done
        if left is not None:
            detail = f"in the unfinished run of {left.began:%Y-%m-%d %H:%M} UTC, which goes on"
            for symbol in (each for each in job.symbols if each in done):
                self.add([Outcome(job.dataset, symbol, None, None, None, "cached", None, 0, 0, detail)])
        return snapshot_tasks(job, done=done)

    async def note(self, task: Task, outcomes: list[Outcome]) -> None:
        """Write into the journal which symbols have come."""
        came = tuple(each.symbol for each in outcomes if each.status == "done")
        if task.job.is_snapshot and came:
            symbols = tuple(symbol for each in came for symbol in each.split(" "))
            await asyncio.to_thread(self._journals[task.job].add, symbols)


def failed(task: Task, why: str) -> Outcome:
    """Return that a task could not be carried out."""
    first, last = (None, None) if task.run is None else (task.run.first, task.run.last)
    sessions = None if task.run is None else 0
    return Outcome(task.job.dataset, task.named, first, last, task.slot, "failed", sessions, 0, 0, why)


def of_held(held: Held) -> list[Outcome]:
    """Return what a lake has of a symbol before anything is asked for, and what is too early to ask for."""
    found = []
    if held.pieces.height or held.explained:
        found.append(
            Outcome(
                held.job.dataset,
                held.symbol,
                *held.span,
                None,
                "cached" if held.pieces.height else "empty",
                held.pieces.height,
                *totals(held.pieces),
                f"{held.explained:,} sessions without any: see the lake's gaps" if held.explained else None,
            )
        )
    if held.waiting is not None:
        why = "this session is kept from the day after it on"
        found.append(Outcome(held.job.dataset, held.symbol, held.waiting, held.waiting, None, "empty", 0, 0, 0, why))
    return found
