"""Files are whole or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.cli.output import write_file
from quantdata.errors import ArgumentError

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
