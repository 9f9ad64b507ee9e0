"""`quantdata lake`: what it shows, and how it ends."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from quantdata.cli import main
from quantdata.lake import Lake
from tests.unit.lake import frames

if TYPE_CHECKING:
    from pathlib import Path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["quantdata", "lake", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("QUANTDATA_LAKE", str(tmp_path / "lake"))
    lake = Lake()
    lake.write("bars_5m", frames.bars("SPY", "QQQ", days=["2026-11-16", "2026-11-17"]))
    lake.write("chains", frames.chain())
    return lake


@pytest.mark.usefixtures("lake")
def test_datasets_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "ls") == 0
    heading, _, bars, chains = capsys.readouterr().out.splitlines()
    assert heading.split() == ["dataset", "pieces", "symbols", "first", "last", "rows", "bytes", "is_simulated"]
    assert bars.split()[:6] == ["bars_5m", "4", "2", "2026-11-16", "2026-11-17", "12"]
    assert chains.split()[:6] == ["chains", "1", "1", "2026-11-18", "2026-11-18", "6"]


def test_a_lake_without_anything_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "ls", "--lake", str(tmp_path)) == 0
    assert capsys.readouterr().out == f"no data in {tmp_path}\n"


@pytest.mark.usefixtures("lake")
def test_pieces_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "coverage", "bars_5m", "--symbol", "SPY", "--start", "2026-11-17") == 0
    _, _, row = capsys.readouterr().out.splitlines()
    assert row.split()[:4] == ["bars_5m", "2026-11-17", "SPY", "3"]
    assert run(monkeypatch, "coverage", "--rows", "2") == 0
    assert capsys.readouterr().out.endswith("2 of 5 pieces; --format csv for all\n")
    assert run(monkeypatch, "coverage", "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 5


def test_gaps_have_reasons(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lake: Lake) -> None:
    lake.note_gap("bars_5m", "SPY", "2026-11-13", "failed", detail="the host was down")
    assert run(monkeypatch, "gaps", "bars_5m", "SPY", "QQQ", "2026-11-13", "2026-11-17", "--format", "csv") == 0
    _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split(",")[1:5] for row in rows] == [
        ["QQQ", "2026-11-13", "not_asked", ""],
        ["SPY", "2026-11-13", "failed", "the host was down"],
    ]


@pytest.mark.usefixtures("lake")
def test_a_sound_lake_ends_with_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "verify") == 0
    assert capsys.readouterr().out == "no findings: all is well\n"


def test_a_damaged_lake_ends_with_4_and_is_repaired(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lake: Lake
) -> None:
    file = next(lake.path.glob("chains/*/*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    assert run(monkeypatch, "verify", "chains") == 4
    assert "truncated" in capsys.readouterr().out
    assert run(monkeypatch, "verify", "bars_5m") == 0
    assert run(monkeypatch, "repair") == 0
    assert "quarantined" in capsys.readouterr().out
    assert run(monkeypatch, "verify") == 0
    assert run(monkeypatch, "repair") == 0
    assert capsys.readouterr().out.endswith("no repairs: all was well\n")


def test_a_file_of_somebody_else_is_shown_and_is_no_damage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lake: Lake
) -> None:
    (lake.path / "chains" / "notes.txt").write_text("mine")
    assert run(monkeypatch, "verify") == 0
    assert "foreign" in capsys.readouterr().out


@pytest.mark.usefixtures("lake")
def test_a_misspelt_dataset_ends_with_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "coverage", "bars") == 2
    assert capsys.readouterr().err.startswith("error: no dataset 'bars': there are chains, bars_1m, ")
