"""The same tasks as futures on a Dask cluster, with one rate for all of its workers.

Workers ask the vendor, each with the key of its own environment, and write into the lake, which all of them reach at
the same path. Before each request a worker asks the scheduler, where a plugin keeps the account's budget: the one place
that a cluster has once. Scheduler and workers need this package.
"""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from distributed import Client as Cluster
from distributed import as_completed, get_worker
from distributed.diagnostics.plugin import SchedulerPlugin

from quantdata import portal
from quantdata.client import Client
from quantdata.errors import ConfigError
from quantdata.jobs.running import Run, Runner, drive, failed
from quantdata.lake import Lake
from quantdata.wire.limits import Limiter, share

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from quantdata.client import AsyncClient
    from quantdata.client.core import Core
    from quantdata.jobs.job import Job
    from quantdata.jobs.report import Outcome, Report
    from quantdata.jobs.tasks import Task
    from quantdata.wire.limits import Budget

__all__ = ["OnCluster", "RateBudget", "Reserved", "run_on_cluster"]

# Of the account's rate; the rest is for clocks that differ and for whoever else uses it.
USED_SHARE: Final = 0.9
# Requests that may leave at once after a quiet time, of all workers together.
BURST: Final = 2
RETRIES: Final = 3
PATIENCE_S: Final = 30.0


# --- on the scheduler -----------------------------------------------------------------------------------------------


class RateBudget(SchedulerPlugin):
    """Says for each request of any worker how long it has to wait.

    Parameters
    ----------
    clock
        Monotonic seconds.

    Attributes
    ----------
    granted
        Count of requests that it has let pass.
    """

    name = "quantdata"
    idempotent = True

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.granted = 0
        self._clock = clock
        # By account: when the next request may leave.
        self._free_at: dict[str, float] = {}

    async def start(self, scheduler: Any) -> None:
        """Begin to answer workers."""
        scheduler.handlers["quantdata_reserve"] = self.reserve
        scheduler.handlers["quantdata_pause"] = self.pause

    def reserve(self, account: str, per_minute: float) -> float:
        """Reserve one request of an account; return the seconds until it may leave."""
        now, step_s = self._clock(), 60.0 / (USED_SHARE * per_minute)
        begin = max(self._free_at.get(account, 0.0), now - (BURST - 1) * step_s)
        self._free_at[account] = begin + step_s
        self.granted += 1
        return max(0.0, begin - now)

    def pause(self, account: str, seconds: float) -> None:
        """Let nothing of an account pass for a while: the vendor has said so to one of the workers."""
        self._free_at[account] = max(self._free_at.get(account, 0.0), self._clock() + seconds)


# --- on the workers -------------------------------------------------------------------------------------------------


class Reserved(Limiter):
    """A limiter that asks the scheduler too.

    Parameters
    ----------
    account
        What tells it from others.
    inner
        What this process knows of it.
    ask
        Calls a handler of the scheduler by name, with arguments.
    sleep
        How to wait.
    """

    def __init__(
        self,
        account: str,
        inner: Limiter,
        *,
        ask: Callable[..., Awaitable[Any]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._inner = inner
        self._ask = ask
        self._sleep = sleep
        self._pausing: set[asyncio.Task[Any]] = set()

    @property
    def is_slow(self) -> bool:
        """Whether the account is too slow for requests in parallel."""
        return self._inner.is_slow

    async def acquire(self, endpoint: str) -> None:
        """Wait until one request may leave: here, and on the whole cluster."""
        await self._inner.acquire(endpoint)
        per_minute = min(budget.per_minute for budget in self._inner.budgets())
        wait_s = await self._ask("quantdata_reserve", account=self._account, per_minute=per_minute)
        if wait_s > 0.0:
            await self._sleep(wait_s)

    def learn(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """Take in what the headers of an answer say of the rate."""
        self._inner.learn(endpoint, headers)

    def pause(self, seconds: float, endpoint: str) -> None:
        """Let nothing pass for a while, on the whole cluster."""
        self._inner.pause(seconds, endpoint)
        telling = asyncio.ensure_future(self._ask("quantdata_pause", account=self._account, seconds=seconds))
        self._pausing.add(telling)
        telling.add_done_callback(self._pausing.discard)

    def budgets(self) -> list[Budget]:
        """Return what is left now, of what this process knows."""
        return self._inner.budgets()


class _Done(NamedTuple):
    """What a worker sends back: outcomes, and how many requests its process had sent before the task and after it."""

    outcomes: list[Outcome]
    worker: str
    before: int
    after: int


class _Alone(Runner):
    """One task."""

    def __init__(self, task: Task, core: Core, lake: Lake) -> None:
        super().__init__(core, lake)
        self._task = task

    async def work(self) -> None:
        """Carry it out."""
        await self.carry_out([self._task])


_clients: Final[dict[str, Client]] = {}
_making: Final = threading.Lock()


def _carry_out(task: Task, settings: dict[str, Any], root: Path) -> _Done:
    """Carry out a task; runs on a worker."""
    core = _core(settings)
    provider = portal.call(core.connected())
    before = provider.requests_sent
    alone = _Alone(task, core, Lake(root))
    drive(alone, progress=False)
    return _Done(alone.outcomes, get_worker().address, before, provider.requests_sent)


def _core(settings: dict[str, Any]) -> Core:
    """Return the one core of this process for some settings; its accounts are those of the cluster."""
    name = repr(settings)
    with _making:
        if not _clients:
            share(partial(_reserved, get_worker()))
        if name not in _clients:
            _clients[name] = Client(**settings)
        return _clients[name]._core  # noqa: SLF001  # of one house


def _reserved(worker: Any, account: str, limiter: Limiter) -> Limiter:
    async def ask(name: str, **arguments: Any) -> Any:
        asking = getattr(worker.scheduler, name)(**arguments)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asking, worker.loop.asyncio_loop))

    return Reserved(account, limiter, ask=ask)


# --- whoever wants it -----------------------------------------------------------------------------------------------


def run_on_cluster(
    jobs: Iterable[Job],
    client: Client | AsyncClient,
    lake: Lake,
    address: str,
    *,
    progress: bool | None = None,
    resume: bool = True,
) -> Report:
    """Do what `quantdata.jobs.run` does, on the workers of a Dask cluster.

    Parameters
    ----------
    jobs, client, lake, progress, resume
        As of `run`. The client says what source the workers ask; each has the key of its own environment. The lake is
        a folder that all workers reach at the same path.
    address
        Of the scheduler: ``"tcp://10.0.0.5:8786"``.

    Returns
    -------
    Report
        As of `run`. A task that a worker died of is tried again, on another one, `RETRIES` times.

    Raises
    ------
    ConfigError
        If there is no scheduler at the address.
    Interrupted
        On Ctrl-C: what is under way on the workers is kept, what has not begun is taken back.
    """
    core = client._core  # noqa: SLF001  # of one house
    return drive(OnCluster(list(jobs), core, lake, address=address, resume=resume), progress=progress)


class OnCluster(Run):
    """Jobs done once, on a cluster."""

    def __init__(self, jobs: Sequence[Job], core: Core, lake: Lake, *, address: str, resume: bool) -> None:
        super().__init__(jobs, core, lake, resume=resume)
        self._address = address
        # By worker: requests before the first task and after the last, since tasks of one process overlap.
        self._sent: dict[str, tuple[int, int]] = {}

    async def carry_out(self, tasks: Sequence[Task]) -> None:
        """Have tasks carried out by whichever workers there are."""
        self.expect(tasks)
        if not tasks:
            return
        try:
            cluster = await _cluster(self._address)
        except (OSError, ValueError) as error:
            raise ConfigError(f"no Dask scheduler at {self._address}: {error}") from error
        async with cluster:
            await cluster.register_plugin(RateBudget())
            settings = self.core.settings
            futures = {
                cluster.submit(
                    _carry_out, task, settings, self.lake.path, key=task.key, retries=RETRIES, pure=False
                ): task
                for task in tasks
            }
            async for future in as_completed(list(futures), loop=cluster.loop):  # type: ignore[no-untyped-call]
                await self._done(futures[future], future)
        self.requests += sum(after - before for before, after in self._sent.values())

    async def _done(self, task: Task, future: Any) -> None:
        error = await future.exception()
        if error is not None:
            await self.settle(task, [failed(task, f"{type(error).__name__}: {error}")])
            return
        done: _Done = await future
        before, after = self._sent.get(done.worker, (done.before, done.after))
        self._sent[done.worker] = min(before, done.before), max(after, done.after)
        await self.settle(task, done.outcomes)


async def _cluster(address: str) -> Any:
    return await Cluster(address, asynchronous=True, timeout=PATIENCE_S, set_as_default=False)  # type: ignore[no-untyped-call]
