"""`record`: snapshots again and again while the market is open, each at its time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quantdata.errors import ArgumentError
from quantdata.jobs.running import Runner, drive, failed
from quantdata.jobs.slots import Alarm, closing, hours_of, interval, slots, until_time
from quantdata.jobs.tasks import snapshot_tasks
from quantdata.sessions import NEW_YORK
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import datetime, time, timedelta

    from quantdata.client import AsyncClient, Client
    from quantdata.client.core import Core
    from quantdata.jobs.job import Job
    from quantdata.jobs.report import Outcome, Report
    from quantdata.jobs.tasks import Task
    from quantdata.lake import Lake

__all__ = ["Rounds", "record"]

logger = logging.getLogger("quantdata.jobs")


def record(
    jobs: Iterable[Job],
    client: Client | AsyncClient,
    lake: Lake,
    *,
    every: str | timedelta,
    until: str | time = "close",
    progress: bool | None = None,
) -> Report:
    """Take snapshots again and again until the session ends: of the session that is on, or of the next one.

    Each round is due at a multiple of the interval from midnight in New York: 09:30, 09:35, ... 16:00. One that is
    slow or fails does not shift the next; what of it is still under way then is left out of the next one, and
    reported. The clock is the vendor's, of the simulated market its own.

    Parameters
    ----------
    jobs
        Snapshots: chains, quotes, indices, flow.
    client, lake, progress
        As of `run`.
    every
        ``"30s"``, ``"5m"``, ``"1h"``: from a second to three hours.
    until
        ``"close"``: of each symbol its own close, three hours earlier on half-days; index options, and those of some
        funds, trade to 16:15. Or a New York time before that: ``"15:30"``.

    Returns
    -------
    Report
        What became of each task of each round; ``slot_ts`` says when it was due.

    Raises
    ------
    ArgumentError
        If a job is no snapshot, interval or time make no sense, or the simulated clock stands still.
    Interrupted
        On Ctrl-C: what had come is kept.
    """
    asked = list(dict.fromkeys(jobs))
    if history := sorted({job.kind for job in asked if not job.is_snapshot}):
        raise ArgumentError(f"every= is for snapshots: {', '.join(history)} are history, which is asked for once")
    going = Rounds(asked, client._core, lake, every=interval(every), until=until_time(until))  # noqa: SLF001  # of one house
    return drive(going, progress=progress)


class Rounds(Runner):
    """Snapshots in rounds.

    Parameters
    ----------
    jobs, core, lake
        What, whose questions, and where to.
    every
        Between two rounds.
    until
        New York time at which to end; None: at the close.
    present, sleep
        What time it is, and how to wait; left out, the provider's clock and the real one.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        core: Core,
        lake: Lake,
        *,
        every: timedelta,
        until: time | None = None,
        present: Callable[[], Awaitable[datetime]] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(core, lake)
        self._jobs = jobs
        self._every = every
        self._until = until
        self._present = present or self.present
        self._alarm = Alarm(self._present, sleep)
        # Symbols by job whose snapshot of an earlier round is still under way.
        self._busy: set[tuple[Job, str]] = set()

    async def work(self) -> None:
        """Wait for each slot and begin its round; end with the last one."""
        now = await self._present()
        hours = hours_of(self._jobs, now, self._until)
        rounds: list[asyncio.Task[None]] = []
        try:
            for slot in slots(hours, self._every, now):
                at = f"{slot.astimezone(NEW_YORK):%H:%M:%S}"
                self.progress.wait(f"next at {at}")
                logger.info("waiting %s", facts(until=slot))
                now = await self._alarm.wait_for(slot)
                if now - slot < self._every:
                    rounds.append(asyncio.ensure_future(self._round(slot)))
                else:
                    late = f"missed: at {now.astimezone(NEW_YORK):%H:%M:%S} it was too late, {at} had passed"
                    self.add(failed(task, late) for task in self._due(slot))
            await asyncio.gather(*rounds)
        finally:
            for each in rounds:
                each.cancel()
            await asyncio.gather(*rounds, return_exceptions=True)

    async def _round(self, slot: datetime) -> None:
        self.go_on()
        tasks = self._due(slot)
        late = [task for task in tasks if not self._busy.isdisjoint(_parts(task))]
        self.add(failed(task, "left out: an earlier round of it was still under way") for task in late)
        begun = [task for task in tasks if task not in late]
        self._busy.update(part for task in begun for part in _parts(task))
        try:
            await self.carry_out(begun)
        finally:
            self._busy.difference_update(part for task in begun for part in _parts(task))

    def _due(self, slot: datetime) -> list[Task]:
        """Return what is to be asked for at a slot: of symbols that still trade."""
        found = []
        for job in self._jobs:
            over = frozenset(symbol for symbol in job.symbols if closing(job, symbol, slot) < slot)
            found += snapshot_tasks(job, done=over, slot=slot)
        return found

    async def note(self, task: Task, outcomes: list[Outcome]) -> None:  # noqa: ARG002  # however it ended
        """Take note that a task is no more under way."""
        self._busy.difference_update(_parts(task))


def _parts(task: Task) -> set[tuple[Job, str]]:
    return {(task.job, symbol) for symbol in task.symbols}
