"""Files are whole or not there."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.cli.output import write_file, write_text
from quantdata.errors import ArgumentError
from quantdata.frames.columns import FEED

if TYPE_CHECKING:
    from pathlib import Path

FRAME = pl.DataFrame({"symbol": ["SPY"], "last_conditions": [[209, 219]], "feed": ["simulated"]})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "symbol,last_conditions,feed\nSPY,209 219,simulated\n"),
        ("a.json", '[{"symbol":"SPY","last_conditions":[209,219],"feed":"simulated"}]'),
    ],
)
def test_text_files_hold_the_frame(name: str, text: str, tmp_path: Path) -> None:
    write_file(FRAME, tmp_path / name)
    assert (tmp_path / name).read_text() == text


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.parquet"
    write_file(FRAME, file)
    before = file.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(ArgumentError, match=r"cannot write .*a\.parquet: No space left on device"):
        write_file(FRAME, file)
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.parquet"]


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ArgumentError, match="cannot write"):
        write_file(FRAME, tmp_path / "taken" / "a.csv")


@pytest.mark.parametrize("name", ["a.xlsx", "a", "parquet"])
def test_a_name_that_ends_in_nothing_known_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"the name must end in \.parquet, \.csv, \.json"):
        write_file(FRAME, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_csv_and_json_agree_on_times(capsys: pytest.CaptureFixture[str]) -> None:
    times = pl.Series("ts", [datetime(2026, 11, 18, 16, tzinfo=UTC), datetime(2026, 11, 18, 16, 0, 0, 120, tzinfo=UTC)])
    write_text(times.to_frame(), "csv")
    header, *rows = capsys.readouterr().out.splitlines()
    write_text(times.to_frame(), "json")
    assert header == "ts"
    assert rows == ["2026-11-18T16:00:00+00:00", "2026-11-18T16:00:00.000120+00:00"]
    assert [row["ts"] for row in json.loads(capsys.readouterr().out)] == rows


@pytest.mark.parametrize(
    ("feeds", "worst"),
    [(["realtime", "delayed", None], "delayed"), (["delayed", "simulated"], "simulated"), ([None], ""), ([], "")],
)
def test_parquet_names_the_worst_feed_of_its_rows(feeds: list[str | None], worst: str, tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    write_file(pl.DataFrame({"feed": pl.Series(feeds, dtype=FEED)}), file)
    assert pl.read_parquet_metadata(file)["quantdata.feed"] == worst


def test_the_formats_are_known_without_polars() -> None:
    script = "import sys, quantdata.cli.output; print('polars' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50, check=True)
    assert ran.stdout == "False\n"
