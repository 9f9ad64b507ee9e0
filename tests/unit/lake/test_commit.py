"""Writing: whole or not at all, whatever happens in the middle."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, NoReturn

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from quantdata.errors import LakeError
from quantdata.lake import Lake, commit, footer
from quantdata.lake.faults import told
from tests.unit.lake.frames import bars, chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAYS = ["2026-11-16", "2026-11-17", "2026-11-18"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.write("bars_1m", bars("SPY", days=DAYS))
    return lake


def _staged(lake: Lake) -> list[Path]:
    return list((lake.path / "_meta" / "staging").iterdir())


def _failing(number: int) -> Callable[..., NoReturn]:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["replace", "fsync"])
@pytest.mark.parametrize(
    ("number", "said"), [(28, "No space left on device; there is no room left"), (5, "Input/output")]
)
def test_a_write_that_fails_leaves_what_was_there(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, place: str, number: int, said: str
) -> None:
    before = lake.scan("bars_1m").collect()
    with monkeypatch.context() as patch:
        patch.setattr(os, place, _failing(number))
        with pytest.raises(LakeError, match=f"cannot write .*part-SPY.parquet: {said}"):
            lake.write("bars_1m", bars("SPY", days=DAYS[:1], close=5.0))
    assert _staged(lake) == []
    assert_frame_equal(lake.scan("bars_1m").collect(), before)
    assert lake.verify().is_empty()


def test_a_disk_that_is_full_in_the_middle_of_a_file_leaves_what_was_there(tmp_path: Path) -> None:
    script = """
        import resource, sys
        from quantdata.lake import Lake
        from tests.unit.lake.frames import bars, chain
        lake = Lake(sys.argv[1])
        lake.write("chains", chain(strikes=2))
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            lake.write("chains", chain(strikes=5_000))
        except Exception as error:
            print(type(error).__name__, error)
        print(lake.scan("chains").collect().height, *(lake.path / "_meta" / "staging").iterdir())
    """
    told_, height = _run(script, str(tmp_path / "lake"))
    assert told_.startswith("LakeError cannot write ")
    assert "File too large" in told_
    assert told_.endswith("what was there before is as it was: make room and do it again")
    assert height == "4"


def _run(script: str, *arguments: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_of_several_pieces_it_is_told_how_many_are_written(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    seal = footer.seal

    def third_fails(path: Path, facts: footer.Facts, written: datetime) -> footer.Entry:
        if facts.symbol == "C":
            raise OSError(28, "No space left on device")
        return seal(path, facts, written)

    monkeypatch.setattr(commit, "seal", third_fails)
    monkeypatch.setattr(commit, "WRITERS", 1)
    with pytest.raises(LakeError, match=r"part-C.parquet: No space .*; [2-4] of 5 pieces are written$") as caught:
        lake.write("bars_1d", bars("A", "B", "C", "D", "E", count=1))
    assert f"; {lake.coverage('bars_1d').height} of 5 pieces" in str(caught.value)
    assert _staged(lake) == []


def test_a_folder_is_forced_to_the_disk_once_after_all_that_is_put_there(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = DAYS[:2]
    lake.write("bars_1d", bars("A", days=days, count=1))
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(commit, "_sync_folder", lambda folder: found.append((folder.name, len(list(folder.iterdir())))))
    lake.write("bars_1d", bars("B", "C", "D", days=days, count=1))
    assert sorted(found) == [(f"date={day}", 4) for day in days]


def test_what_is_written_before_a_failure_is_forced_to_the_disk_too(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.write("bars_1d", bars("A", days=DAYS, count=1))
    seal = footer.seal

    def last_fails(path: Path, facts: footer.Facts, written: datetime) -> footer.Entry:
        if facts.date.isoformat() == DAYS[2]:
            raise OSError(28, "No space left on device")
        return seal(path, facts, written)

    forced: list[str] = []
    monkeypatch.setattr(commit, "seal", last_fails)
    monkeypatch.setattr(commit, "_sync_folder", lambda folder: forced.append(folder.name))
    with pytest.raises(LakeError, match="2 of 3 pieces are written"):
        lake.write("bars_1d", bars("A", days=DAYS, count=1))
    assert sorted(forced) == [f"date={day}" for day in DAYS[:2]]


def test_who_interrupts_several_pieces_is_heard(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(commit, "seal", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lake.write("bars_1d", bars("A", "B", "C", count=1))
    assert _staged(lake) == []


def test_a_folder_that_may_not_be_written_is_told(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl.DataFrame, "write_parquet", _failing(30))
    with pytest.raises(LakeError, match="Read-only file system; this user may not do that there: change the rights"):
        lake.write("bars_1m", bars())


@pytest.fixture
def readable() -> Iterator[Path]:
    """Return a lake that nobody may write to, and how to become somebody who is nobody."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        lake = Lake(Path(folder) / "lake")
        lake.write("bars_1m", bars("SPY", days=DAYS))
        lake.note_gap("bars_1m", "SPY", "2026-11-19", "halted")
        folders = [lake.path, *(path for path in lake.path.rglob("*") if path.is_dir())]
        for path in folders:
            path.chmod(0o555)
        yield lake.path
        for path in folders:
            path.chmod(0o755)


def test_a_lake_that_may_only_be_read_is_read_and_says_so_when_it_is_written(readable: Path, tmp_path: Path) -> None:
    script = """
        import os, sys
        from quantdata.errors import LakeError
        from quantdata.lake import Lake
        from tests.unit.lake.frames import bars
        # All that is needed is loaded before this becomes somebody who may not even read Python.
        other = Lake(sys.argv[2])
        other.write("bars_1m", bars("SPY"))
        other.repair(), other.gaps("bars_1m", "SPY", "2026-11-16", "2026-11-19"), other.scan("bars_1m").collect()
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        lake = Lake(sys.argv[1])
        print(lake.scan("bars_1m").collect().height, lake.coverage().height, lake.verify().height)
        print(*lake.gaps("bars_1m", "SPY", "2026-11-16", "2026-11-19").get_column("reason"))
        for call in (
            lambda: lake.write("bars_1m", bars("SPY")),
            lambda: lake.note_gap("bars_1m", "SPY", "2026-11-19", "failed"),
        ):
            try:
                call()
            except LakeError as error:
                print(error)
    """
    counts, gaps, *refused = _run(script, str(readable), str(tmp_path))
    assert counts == "9 3 0"
    assert gaps == "halted"
    assert "Permission denied" in refused[0]
    assert refused[0].endswith("this user may not do that there: change the rights of the folder, or give another one")
    assert "readonly database" in refused[1]


def test_a_damaged_footer_is_an_error_of_the_file() -> None:
    with pytest.raises(LakeError, match="cannot read x: its footer has no quantdata"), told("cannot read", "x"):
        raise OSError("its footer has no quantdata.content_hash")


# --- several at once ------------------------------------------------------------------------------------------------


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    lakes = [Lake(tmp_path / "lake") for _ in range(4)]

    def write(number: int) -> None:
        lakes[number % 4].write("bars_1d", bars(f"S{number}", "SHARED", days=DAYS, count=1, close=float(number)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    lake = lakes[0]
    assert lake.coverage().height == 13 * 3
    assert lake.verify().is_empty()
    rows = lake.scan("bars_1d").collect()
    assert rows.height == 13 * 3
    assert rows.group_by("symbol", "date").len().get_column("len").unique().to_list() == [1]


# --- what others read -----------------------------------------------------------------------------------------------


def test_a_footer_says_what_is_in_the_file(lake: Lake) -> None:
    at = datetime(2026, 11, 18, 22, 0, 0, 5, tzinfo=UTC)
    wall = Lake(lake.path, wall=lambda: at)
    wall.write("chains", chain(strikes=1), filters={"dte": (0, 7)})
    (path,) = lake.path.glob("chains/*/*")
    said = {key.decode(): text.decode() for key, text in pq.read_metadata(path).metadata.items()}
    units = said.pop("quantdata.units")
    assert '"strike": "USD per share"' in units
    assert len(said.pop("quantdata.content_hash")) == 64
    assert said.pop("quantdata.version")
    del said["ARROW:schema"]
    assert said == {
        "quantdata.schema_version": "1",
        "quantdata.dataset": "chains",
        "quantdata.session": "2026-11-18",
        "quantdata.symbol": "SPY",
        "quantdata.sources": '{"massive": 2}',
        "quantdata.is_simulated": "false",
        "quantdata.feed": "realtime",
        "quantdata.filters": '{"dte": [0, 7]}',
        "quantdata.first_ts": "2026-11-18T17:00:00.000000Z",
        "quantdata.last_ts": "2026-11-18T17:00:00.000000Z",
        "quantdata.written_ts": "2026-11-18T22:00:00.000005Z",
    }


def test_words_are_plain_text_in_the_file_with_statistics_in_the_order_of_text(lake: Lake) -> None:
    lake.write("chains", chain(feed="delayed"))
    (path,) = lake.path.glob("chains/*/*")
    assert str(pq.read_schema(path).field("option_type").type) == "large_string"
    group = pq.read_metadata(path).row_group(0)
    chunks = {group.column(number).path_in_schema: group.column(number) for number in range(group.num_columns)}
    assert (chunks["option_type"].statistics.min, chunks["option_type"].statistics.max) == ("call", "put")
    assert "RLE_DICTIONARY" in chunks["option_type"].encodings
    assert {chunk.compression for chunk in chunks.values()} == {"ZSTD"}


def test_large_files_have_row_groups_to_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "ROW_GROUP", 1_000)
    lake = Lake(tmp_path / "lake")
    lake.write("chains", chain(strikes=2_000))
    (path,) = lake.path.glob("chains/*/*")
    assert pq.read_metadata(path).num_row_groups > 1
