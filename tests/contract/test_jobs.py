"""Batch before the simulated market: killed and gone on with, failed in part, on the clock; nothing asked for twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import quantdata as qd
from quantdata import sim
from quantdata.jobs import Job, plan, record, run
from quantdata.lake import Lake
from quantdata.sim import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quantdata.sim import Simulator

pytestmark = pytest.mark.thorough

CLOCK = "at:2026-11-18T11:00"
LONG_S = 45.0
CHAIN = "/v3/snapshot/options/"
BARS = "/v2/aggs/ticker/"
SECRET = "s3cr3t-k3y-0123456789"  # noqa: S105  # looked for in every file


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def client(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[qd.Client]:
    """Return a client made from the environment, pointed at the simulated market by its base URL."""
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("MASSIVE_API_KEY", SECRET)
    with qd.Client("massive") as made:
        yield made


def asked(simulator: Simulator, prefix: str) -> Counter[str]:
    """Return how often each symbol has been asked for so far."""
    requests: dict[str, int] = simulator.describe()["requests"]
    counts: Counter[str] = Counter()
    for path, count in requests.items():
        if path.startswith(prefix):
            counts[path.removeprefix(prefix).split("/")[0]] += count
    return counts


@contextmanager
def exporting(simulator: Simulator, lake: Lake, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run an export in a process of its own."""
    command = [sys.executable, "-m", "quantdata", "export", *arguments, "--lake", str(lake.path), "--source", "massive"]
    environment = {**os.environ, "MASSIVE_BASE_URL": simulator.base_url, "MASSIVE_API_KEY": SECRET}
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def journaled(lake: Lake) -> set[str]:
    files = list((lake.path / "_meta" / "jobs").glob("*.json"))
    return set(json.loads(files[0].read_text())["done"]) if files else set()


def wait_until(process: subprocess.Popen[str], is_so: Any) -> None:
    while not is_so():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def statuses(report: Any) -> list[tuple[str, str]]:
    return list(report.frame.select("symbol", "status").iter_rows())


# --- killed ---------------------------------------------------------------------------------------------------------


def test_a_killed_export_of_chains_goes_on_without_asking_twice(
    simulator: Simulator, client: qd.Client, lake: Lake
) -> None:
    simulator.faults.add(Fault(kind="latency", path=f"{CHAIN}QQQ", seconds=LONG_S))
    with exporting(simulator, lake, "chains", "DIA", "QQQ", "IWM", "--dte", "0..2") as process:
        wait_until(process, lambda: journaled(lake) == {"DIA", "IWM"})
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    simulator.faults.clear()
    before = asked(simulator, CHAIN)
    job = Job("chains", ["DIA", "QQQ", "IWM"], filters={"dte": (0, 2)})
    report = run([job], client, lake, progress=False)
    assert sorted(statuses(report)) == [("DIA", "cached"), ("IWM", "cached"), ("QQQ", "done")]
    assert (asked(simulator, CHAIN) - before).keys() == {"QQQ"}
    assert lake.coverage("chains").get_column("symbol").to_list() == ["DIA", "IWM", "QQQ"]
    assert set(dict(statuses(run([job], client, lake, progress=False))).values()) == {"done"}
    assert lake.verify().is_empty()


def test_a_killed_backfill_goes_on_without_asking_twice(simulator: Simulator, client: qd.Client, lake: Lake) -> None:
    simulator.faults.add(Fault(kind="latency", path=f"{BARS}NVDA/*", seconds=LONG_S))
    span = ("2026-11-02", "2026-11-17")
    with exporting(simulator, lake, "bars", "DIA", "NVDA", "IWM", "30m", *span) as process:
        wait_until(process, lambda: lake.coverage("bars_30m").height == 2 * 12)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    simulator.faults.clear()
    before = asked(simulator, BARS)
    job = Job("bars", ["DIA", "NVDA", "IWM"], timeframe="30m", start=span[0], end=span[1])
    report = run([job], client, lake, progress=False)
    assert statuses(report) == [("DIA", "cached"), ("IWM", "cached"), ("NVDA", "done")]
    assert (asked(simulator, BARS) - before).keys() == {"NVDA"}
    assert lake.scan("bars_30m").collect().height == 3 * 12 * 13


def test_ctrl_c_ends_with_130_says_what_is_done_and_leaves_no_secret(simulator: Simulator, lake: Lake) -> None:
    simulator.faults.add(Fault(kind="latency", path=f"{CHAIN}QQQ", seconds=LONG_S))
    with exporting(simulator, lake, "chains", "DIA", "QQQ", "--dte", "0..2", "--json-log") as process:
        wait_until(process, lambda: journaled(lake) == {"DIA"})
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out.splitlines()[-1].startswith("1 done, 1 left: ")
    assert all(json.loads(line)["logger"].startswith("quantdata") for line in err.splitlines())
    assert lake.verify().is_empty()
    written = [file.read_bytes() for file in lake.path.rglob("*") if file.is_file()]
    assert written
    assert not any(SECRET.encode() in content for content in [*written, out.encode(), err.encode()])


# --- in part --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sim_client() -> Iterator[qd.Client]:
    with qd.Client("sim", clock=CLOCK) as client:
        yield client
    sim.shared(seed=7, clock=CLOCK).faults.clear()


def test_what_fails_is_told_noted_and_comes_the_next_time(sim_client: qd.Client, lake: Lake) -> None:
    market = sim.shared(seed=7, clock=CLOCK)
    market.faults.add(
        Fault(kind="status", status=503, path="/v2/aggs/ticker/NVDA/*"),
        Fault(kind="status", status=503, vendor="tradier", path="*"),
        Fault(kind="status", status=503, path="/v3/snapshot/options/DIA"),
    )
    jobs = [
        Job("bars", ["NVDA", "SPY"], timeframe="1d", start="2026-11-02", end="2026-11-13"),
        Job("chains", ["DIA", "IWM"], filters={"dte": (0, 2)}),
    ]
    report = run(jobs, sim_client, lake, progress=False)
    assert statuses(report) == [("NVDA", "failed"), ("SPY", "done"), ("DIA", "failed"), ("IWM", "done")]
    assert report.verdict == "partly"
    assert report.problems.get_column("detail").str.contains("503").all()
    gaps = lake.gaps("bars_1d", ["NVDA", "SPY"], "2026-11-02", "2026-11-13")
    assert gaps.select("symbol", "reason").unique().rows() == [("NVDA", "failed")]
    market.faults.clear()
    again = run(jobs, sim_client, lake, progress=False)
    assert statuses(again) == [("NVDA", "done"), ("SPY", "cached"), ("DIA", "done"), ("IWM", "done")]


def test_a_plan_comes_true(sim_client: qd.Client, lake: Lake) -> None:
    jobs = [Job("bars", ["SPY"], timeframe="5m", start="2026-10-01", end="2026-11-17"), Job("chains", ["DIA"])]
    before = plan(jobs, sim_client, lake)
    assert lake.coverage().is_empty()
    report = run(jobs, sim_client, lake, progress=False)
    bars, chain = before.iter_rows(named=True)
    kept = dict(report.frame.group_by("dataset").agg(pl.col("bytes").sum()).iter_rows())
    assert bars["rows"] == report.frame.filter(dataset="bars_5m").get_column("rows").sum()
    assert 0.8 < bars["bytes"] / kept["bars_5m"] < 1.25
    assert 0.5 < chain["bytes"] / kept["chains"] < 2.0
    after = plan(jobs, sim_client, lake)
    assert after.get_column("requests").to_list()[0] == 0
    assert after.item(1, "bytes") == kept["chains"]


def test_a_plan_of_less_says_so(simulator: Simulator, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)
    monkeypatch.setenv("TRADIER_ACCESS_TOKEN", SECRET)
    job = Job("bars", ["SPY"], timeframe="1m", start="2026-10-01", end="2026-11-17")
    flow = Job("flow", ["DIA"])
    with qd.Client("tradier") as client:
        bars, tape = plan([job, flow], client, lake).iter_rows(named=True)
        assert "from where on tradier keeps them" in bars["not_included"]
        assert tape["not_included"] is not None
        report = run([job], client, lake, progress=False)
    assert set(dict(statuses(report)).values()) <= {"done", "not_entitled"}
    assert report.verdict == "partly"


# --- on the clock ---------------------------------------------------------------------------------------------------


def test_snapshots_follow_the_simulated_clock_to_the_close(lake: Lake) -> None:
    with qd.Client("sim", clock="at:2026-11-27T12:58*60") as client:
        report = record([Job("quotes", ["SPY"])], client, lake, every="5m", progress=False)
    (row,) = report.frame.iter_rows(named=True)
    assert (f"{row['slot_ts']:%H:%M}", row["status"], row["rows"]) == ("18:00", "done", 1)
    assert lake.coverage("quotes").get_column("first_ts").dt.hour().to_list() == [18]


def test_a_clock_that_stands_still_is_refused(lake: Lake) -> None:
    with (
        qd.Client("sim", clock="at:2026-11-18T11:01") as client,
        pytest.raises(qd.ArgumentError, match="give a clock that runs"),
    ):
        record([Job("quotes", ["SPY"])], client, lake, every="5m", progress=False)
