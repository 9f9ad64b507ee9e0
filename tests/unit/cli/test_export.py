"""The batch commands against the simulated market: what is kept, what is said, how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from quantdata.cli import main
from quantdata.jobs import Interrupted
from quantdata.jobs.report import Outcome, report_of
from quantdata.lake import Lake

SIM = ("--source", "sim", "--clock", "at:2026-11-18T11:00")
DAYS = ("2026-11-12", "2026-11-16")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["quantdata", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def test_bars_are_kept_and_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    assert run(monkeypatch, "export", "bars", "DIA", "30m", *DAYS, "--lake", folder, *SIM) == 0
    heading, _, row, last = capsys.readouterr().out.splitlines()
    assert heading.split() == ["dataset", "symbol", "status", "start", "end", "sessions", "rows", "bytes"]
    assert row.split()[:7] == ["bars_30m", "DIA", "done", "2026-11-12", "2026-11-16", "3", "39"]
    assert last.startswith("1 done: 39 rows, ")
    assert Lake(folder).coverage("bars_30m").height == 3


def test_backfill_goes_on_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    assert run(monkeypatch, "backfill", "DIA", "30m", *DAYS, "--lake", folder, *SIM) == 0
    assert run(monkeypatch, "backfill", "DIA", "30m", *DAYS, "--lake", folder, "--format", "json", *SIM) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert [(row["status"], row["sessions"]) for row in json.loads(told)] == [("cached", 3)]


def test_snapshots_are_kept(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    here = ("--lake", folder, *SIM)
    narrowed = ("--dte", "0..7", "--type", "put", "--min-open-interest", "0")
    assert run(monkeypatch, "export", "chains", "DIA", *narrowed, *here) == 0
    assert run(monkeypatch, "export", "indices", "SPX", "VIX", *here) == 0
    assert run(monkeypatch, "export", "flow", "DIA", "--top", "1", *here) == 0
    assert run(monkeypatch, "export", "trades", "SPY261218C00660000", "2026-11-17", "2026-11-17", *here) == 0
    found = Lake(folder).coverage()
    assert found.get_column("dataset").to_list() == ["chains", "flow", "indices", "trades"]
    assert found.item(0, "filters") == '{"dte": [0.0, 7.0], "min_open_interest": 0, "option_type": "put"}'


def test_a_part_ends_with_3_and_says_what_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    assert run(monkeypatch, "export", "quotes", "SPY", "ZZZZ", "--lake", folder, *SIM) == 3
    shown = capsys.readouterr().out
    assert "  quotes ZZZZ: failed: NOT_FOUND: no such stock or fund at Massive\n" in shown
    assert "1 done, 1 failed: 1 rows, " in shown


def test_a_host_that_is_away_is_said_and_noted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", "k3y")
    monkeypatch.setenv("MASSIVE_BASE_URL", "http://127.0.0.1:9")
    assert run(monkeypatch, "backfill", "DIA", "30m", *DAYS, "--lake", folder, "--source", "massive") == 1
    told = capsys.readouterr().out
    assert "bars_30m DIA 2026-11-12..2026-11-16: failed: massive: " in told
    assert "ConnectionRefusedError" in told
    assert Lake(folder).gaps("bars_30m", "DIA", *DAYS).get_column("reason").to_list() == ["failed"] * 3


def test_nothing_at_all_ends_with_1(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    assert run(monkeypatch, "export", "quotes", "ZZZZ", "--lake", folder, *SIM) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("export", "bars", "SPY"),
            (
                "error: bars takes SYMBOL... TIMEFRAME START END, as in SPY 5m 2026-11-02 2026-11-20, not 'SPY'; see "
                "quantdata export bars --help\n"
            ),
        ),
        (
            ("export", "trades", "SPY", "QQQ"),
            (
                "error: trades takes SYMBOL... START END, as in SPY 2026-11-16 2026-11-20, not 'SPY QQQ'; see "
                "quantdata export trades --help\n"
            ),
        ),
        (
            ("plan", "trades"),
            (
                "error: trades takes SYMBOL... START END, as in SPY 2026-11-16 2026-11-20; see quantdata plan trades "
                "--help\n"
            ),
        ),
        (
            ("export", "quotes", "SPY", "--until", "close"),
            "error: --until is for --every; see quantdata export quotes --help\n",
        ),
        (
            ("export", "quotes", "SPY", "--every", "soon", *SIM),
            "error: every is an interval from 1s to 3h, such as '30s', '5m' or '1h', not 'soon'\n",
        ),
        (("export", "quotes", "SPX", *SIM), "error: quotes are of stocks and funds; SPX is an index: see indices\n"),
        (
            ("export", "job", "none.toml"),
            "error: cannot read the job file none.toml: No such file or directory\n",
        ),
    ],
)
def test_misuse_ends_with_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert run(monkeypatch, *arguments) == 2
    assert capsys.readouterr() == ("", message)


def test_a_plan_asks_for_nothing_of_the_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    asked = ("plan", "bars", "DIA", "5m", "2026-11-02", "2026-11-18", "--lake", folder)
    assert run(monkeypatch, *asked, *SIM) == 0
    first, heading, _, row, lacking, session = capsys.readouterr().out.splitlines()
    assert first.startswith("1 requests, less than a second at the account's rate; about 936 rows, ")
    assert first.endswith(", in part assumed: the lake has none like it")
    names = "dataset symbol start end sessions cached requests seconds rows bytes"
    assert heading.split() == names.split()
    assert row.split()[:7] == ["bars_5m", "DIA", "2026-11-02", "2026-11-17", "12", "0", "1"]
    assert lacking == "not included"
    told = "  bars_5m DIA 2026-11-02..2026-11-17: the session of 2026-11-18, which is kept from the day after it on"
    assert session == told
    assert Lake(folder).coverage().is_empty()
    assert run(monkeypatch, *asked, "--format", "csv", *SIM) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_job_file_is_planned_and_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "nightly.toml"
    file.write_text(
        'lake = "here"\nsource = "sim"\n[[job]]\nkind = "bars"\nsymbols = ["DIA"]\ntimeframe = "1h"\nlast = 2\n'
    )
    clock = ("--clock", SIM[-1])
    assert run(monkeypatch, "plan", "job", str(file), *clock) == 0
    assert run(monkeypatch, "export", "job", str(file), *clock) == 0
    assert Lake(tmp_path / "here").coverage().select("dataset", "rows").rows() == [("bars_30m", 13)] * 2
    other = ("--lake", str(tmp_path / "there"))
    assert run(monkeypatch, "export", "job", str(file), *other, *clock) == 0
    assert Lake(tmp_path / "there").coverage().height == 2


def test_the_log_is_one_object_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    assert run(monkeypatch, "export", "quotes", "SPY", "ZZZZ", "--json-log", "--lake", folder, *SIM) == 3
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert all(list(line) == ["time", "level", "logger", "message", "facts"] for line in lines)
    tasks = [line for line in lines if line["logger"] == "quantdata.jobs"]
    assert [(line["level"], line["facts"].get("symbol"), line["facts"].get("status")) for line in tasks[:2]] == [
        ("info", "SPY", "done"),
        ("warning", "ZZZZ", "failed"),
    ]
    assert tasks[1]["facts"]["detail"] == "NOT_FOUND: no such stock or fund at Massive"
    assert tasks[2]["facts"]["ended"] == "partly"


def test_an_error_is_in_the_log_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "export", "quotes", "SPX", "--json-log", *SIM) == 2
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["level"], said["logger"]) == ("error", "quantdata.cli")
    assert said["message"] == "quotes are of stocks and funds; SPX is an index: see indices"


def test_ctrl_c_shows_what_is_done_and_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        done = Outcome("chains", "DIA", None, None, None, "done", None, 10, 100)
        raise Interrupted(report_of([done], requests=3, seconds=1.0, left=2))

    monkeypatch.setattr("quantdata.jobs.run", interrupted)
    assert run(monkeypatch, "export", "chains", "DIA", "QQQ", "IWM", "--lake", folder, *SIM) == 130
    assert capsys.readouterr().out.endswith("1 done, 2 left: 10 rows, 100 bytes written; 3 requests in 1.0 s\n")


def test_every_takes_snapshots_on_the_clock(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    asked: dict[str, Any] = {}

    def recorded(*_: Any, **more: Any) -> Any:
        asked.update(more)
        return report_of([], requests=0, seconds=0.0)

    monkeypatch.setattr("quantdata.jobs.record", recorded)
    assert run(monkeypatch, "export", "chains", "DIA", "--every", "5m", "--lake", folder, *SIM) == 0
    assert (asked["every"], asked["until"]) == ("5m", "close")
    assert run(monkeypatch, "export", "chains", "DIA", "--every", "5m", "--until", "15:30", "--lake", folder, *SIM) == 0
    assert asked["until"] == "15:30"
    assert "nothing to do" in capsys.readouterr().out


def test_a_backfill_runs_on_a_cluster_where_there_is_dask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    asked: list[Any] = []

    def on_cluster(jobs: Any, _: Any, lake: Lake, address: str, **more: Any) -> Any:
        asked.append((jobs[0].dataset, lake.path, address, more))
        return report_of([], requests=0, seconds=0.0)

    command = ("backfill", "SPY", "5m", *DAYS, "--dask", "tcp://10.0.0.5:8786", "--lake", folder, *SIM)
    monkeypatch.setitem(sys.modules, "quantdata.jobs.cluster", SimpleNamespace(run_on_cluster=on_cluster))
    assert run(monkeypatch, *command) == 0
    assert asked == [("bars_5m", Path(folder), "tcp://10.0.0.5:8786", {"progress": None})]
    capsys.readouterr()
    monkeypatch.delitem(sys.modules, "quantdata.jobs.cluster")
    monkeypatch.delattr("quantdata.jobs.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run(monkeypatch, *command) == 2
    said = "error: --dask needs Dask (no module distributed): pip install 'quantdata[dask]'\n"
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("command", [("export",), ("plan",), ("backfill",), ("export", "chains"), ("export", "job")])
def test_help_tells_of_exit_codes_or_examples(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert run(monkeypatch, *command, "--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Exit codes: 0 all of it is in the lake, 1 none" in shown or "Examples:" in shown
