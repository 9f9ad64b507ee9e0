"""What runs on a Dask cluster, without one: the one budget of an account, and a task on a worker."""

from __future__ import annotations

import asyncio
import pickle
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from quantdata import portal
from quantdata.config import Secret
from quantdata.errors import ConfigError
from quantdata.jobs import Job
from quantdata.jobs.tasks import held, snapshot_tasks
from quantdata.wire.limits import TokenBucket, of_account, share
from tests.unit.jobs.vendor import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    import quantdata as qd
    from quantdata.lake import Lake
    from quantdata.wire.limits import Limiter
    from tests.unit.jobs.vendor import FakeVendor

cluster = pytest.importorskip("quantdata.jobs.cluster", reason="no Dask", exc_type=ImportError)


@pytest.fixture(autouse=True)
def _accounts() -> Iterator[None]:
    yield
    share(None)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


# --- one budget -----------------------------------------------------------------------------------------------------


def test_all_workers_together_keep_to_nine_tenths_of_the_rate() -> None:
    clock = Clock()
    budget = cluster.RateBudget(clock)
    waits = [budget.reserve("a", 600.0) for _ in range(5)]
    step = 60.0 / 540.0
    assert waits == pytest.approx([0.0, 0.0, step, 2 * step, 3 * step])
    assert budget.granted == 5
    clock.now += 60.0
    assert [budget.reserve("a", 600.0) for _ in range(3)] == pytest.approx([0.0, 0.0, step])


def test_each_account_has_its_own_budget() -> None:
    budget = cluster.RateBudget(Clock())
    for _ in range(9):
        budget.reserve("a", 60.0)
    assert budget.reserve("b", 60.0) == 0.0


def test_a_pause_that_one_worker_was_asked_for_holds_for_all() -> None:
    budget = cluster.RateBudget(Clock())
    budget.pause("a", 30.0)
    budget.pause("a", 5.0)
    assert budget.reserve("a", 60.0) == pytest.approx(30.0)


def test_the_scheduler_answers_by_name() -> None:
    budget, scheduler = cluster.RateBudget(Clock()), SimpleNamespace(handlers={})
    portal.call(budget.start(scheduler))
    assert scheduler.handlers["quantdata_reserve"](account="a", per_minute=60.0) == 0.0
    assert scheduler.handlers["quantdata_pause"](account="a", seconds=1.0) is None


def test_the_budget_travels_to_the_scheduler() -> None:
    assert pickle.loads(pickle.dumps(cluster.RateBudget())).reserve("a", 60.0) == 0.0  # noqa: S301  # our own


# --- on a worker ----------------------------------------------------------------------------------------------------


class Scheduler:
    """Answers as a scheduler does, from memory."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        async def ask(**arguments: Any) -> float:
            self.asked.append((name, arguments))
            return 1.5

        return ask


def worker(scheduler: Scheduler) -> Any:
    async def loop() -> Any:
        return asyncio.get_running_loop()

    here = portal.call(loop())
    return SimpleNamespace(scheduler=scheduler, loop=SimpleNamespace(asyncio_loop=here), address="tcp://here")


def test_a_request_waits_for_this_process_and_for_the_cluster() -> None:
    scheduler, slept = Scheduler(), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    inner = TokenBucket(per_minute=600.0, burst=5)
    made = cluster._reserved(worker(scheduler), "a1", inner)
    limiter = cluster.Reserved("a1", inner, ask=made._ask, sleep=sleep)
    portal.call(limiter.acquire("/v3/x"))
    assert slept == [1.5]
    assert scheduler.asked == [("quantdata_reserve", {"account": "a1", "per_minute": 600.0})]
    assert (limiter.is_slow, limiter.budgets()[0].available) == (False, 4)
    limiter.learn("/v3/x", {})


def test_a_pause_is_told_to_the_cluster() -> None:
    scheduler = Scheduler()
    limiter = cluster._reserved(worker(scheduler), "a1", TokenBucket(per_minute=600.0, burst=5))

    async def paused() -> None:
        limiter.pause(9.0, "*")
        while limiter._pausing:
            await next(iter(limiter._pausing))

    portal.call(paused())
    assert scheduler.asked == [("quantdata_pause", {"account": "a1", "seconds": 9.0})]
    assert limiter.budgets()[0].pause is not None


def test_accounts_are_wrapped_from_now_on_and_are_told_apart_without_their_key() -> None:
    names: list[str] = []
    before = of_account(Secret("k3y"), "host", make=lambda: TokenBucket(per_minute=60.0, burst=1))

    def wrap(account: str, limiter: Limiter) -> Limiter:
        names.append(account)
        made: Limiter = cluster.Reserved(account, limiter, ask=lambda **_: None)
        return made

    share(wrap)
    first, again, other = (
        of_account(Secret(key), "host", make=lambda: TokenBucket(per_minute=60.0, burst=1))
        for key in ("k3y", "k3y", "0ther")
    )
    assert isinstance(first, cluster.Reserved)
    assert first is again
    assert first is not before
    assert other is not first
    assert len(set(names)) == 2
    assert all(len(name) == 16 and "k3y" not in name for name in names)


def test_a_task_is_carried_out_with_one_client_a_process(
    client: qd.Client, vendor: FakeVendor, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []

    def client_made(**settings: Any) -> qd.Client:
        made.append(settings)
        return client

    monkeypatch.setattr(cluster, "_clients", {})
    monkeypatch.setattr(cluster, "Client", client_made)
    monkeypatch.setattr(cluster, "get_worker", lambda: worker(Scheduler()))
    bars = held(Job("bars", ["SPY"], timeframe="5m", last=1), "SPY", lake, NOW)
    for task in (*bars.tasks, *snapshot_tasks(Job("chains", ["SPY"]))):
        done = cluster._carry_out(pickle.loads(pickle.dumps(task)), {"source": "sim"}, lake.path)  # noqa: S301
        assert [outcome.status for outcome in done.outcomes] == ["done"]
        assert (done.worker, done.after - done.before) == ("tcp://here", 1)
    assert made == [{"source": "sim"}]
    assert vendor.asked.total() == 2


def test_no_scheduler_is_an_error_and_nothing_to_do_needs_none(
    client: qd.Client, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(address: str) -> Any:
        raise OSError(f"timed out trying to reach {address}")

    monkeypatch.setattr(cluster, "_cluster", nobody)
    job = Job("bars", ["SPY"], timeframe="5m", last=1)
    with pytest.raises(ConfigError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1: timed out trying to reach tcp"):
        cluster.run_on_cluster([job], client, lake, "tcp://127.0.0.1:1", progress=False)
    weekend = Job("bars", ["SPY"], timeframe="5m", start="2026-11-14", end="2026-11-15")
    assert cluster.run_on_cluster([weekend], client, lake, "tcp://127.0.0.1:1", progress=False).frame.is_empty()
