"""A backfill on a real Dask cluster: a scheduler and two workers, each a process of its own, one rate for all."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import quantdata as qd
from quantdata import portal
from quantdata.jobs import Job
from quantdata.lake import Lake
from quantdata.sim import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quantdata.sim import Simulator

cluster = pytest.importorskip("quantdata.jobs.cluster", reason="no Dask", exc_type=ImportError)
pytestmark = pytest.mark.thorough

DAYS = {"start": "2026-08-03", "end": "2026-11-17"}
SYMBOLS = ("SPY", "QQQ", "IWM", "DIA")


@contextmanager
def started(kind: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a scheduler or a worker in a process of its own."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1", "--no-dashboard"]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def dask(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Return the address of a scheduler, and its two workers."""
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("MASSIVE_API_KEY", "k3y")
    file = tmp_path / "scheduler.json"
    here = ("--scheduler-file", str(file))
    with ExitStack() as running:
        scheduler = running.enter_context(started("scheduler", "--port", "0", *here))
        one = ("--no-nanny", "--nthreads", "2", "--local-directory", str(tmp_path))
        workers = [running.enter_context(started("worker", *here, *one)) for _ in range(2)]
        while not file.exists():
            assert scheduler.poll() is None
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"], workers


def granted(address: str) -> int:
    """Return how many requests the scheduler has let pass."""

    async def ask() -> Any:
        found = await cluster._cluster(address)
        async with found:
            return await found.run_on_scheduler(lambda dask_scheduler: dask_scheduler.plugins["quantdata"].granted)

    return int(portal.call(ask()))


def sent(simulator: Simulator) -> int:
    return sum(simulator.describe()["requests"].values())


def test_every_request_of_every_worker_is_reserved_and_nothing_is_asked_for_twice(
    simulator: Simulator, dask: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, _ = dask
    lake, job = Lake(tmp_path / "lake"), Job("bars", SYMBOLS, timeframe="30m", **DAYS)  # type: ignore[arg-type]
    chains = Job("chains", ["DIA"], filters={"dte": (0, 2)})
    with qd.Client("massive") as client:
        client.market_status()
        before = sent(simulator)
        report = cluster.run_on_cluster([job, chains], client, lake, address, progress=False)
        # The driver asks for the time, which is none of the workers' requests.
        here = sent(simulator) - before - granted(address)
        assert report.verdict == "complete"
        assert 0 <= here <= 1
        assert report.requests == sent(simulator) - before
        assert set(report.frame.get_column("status")) == {"done"}
        again = cluster.run_on_cluster([job], client, lake, address, progress=False)
        assert set(again.frame.get_column("status")) == {"cached"}
    assert lake.scan("bars_30m").collect().height == len(SYMBOLS) * 76 * 13
    assert lake.verify().is_empty()


def test_a_task_that_a_worker_died_of_is_done_by_another(
    simulator: Simulator, dask: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, workers = dask
    lake, job = Lake(tmp_path / "lake"), Job("bars", SYMBOLS, timeframe="30m", **DAYS)  # type: ignore[arg-type]
    simulator.faults.add(Fault(kind="latency", path="/v2/aggs/*", seconds=0.5))

    def kill() -> None:
        while lake.coverage("bars_30m").is_empty():
            time.sleep(0.05)
        workers[0].send_signal(signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    with qd.Client("massive") as client:
        report = cluster.run_on_cluster([job], client, lake, address, progress=False)
    killing.join(30)
    assert report.verdict == "complete"
    assert lake.scan("bars_30m").collect().height == len(SYMBOLS) * 76 * 13
    assert lake.verify().is_empty()
