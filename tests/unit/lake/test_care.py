"""What goes wrong with files: it is found, named, and put right without losing any."""

from __future__ import annotations

import os
import shutil
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.errors import ArgumentError, LakeError, QuantDataWarning
from quantdata.frames.columns import LAKE_FINDINGS, LAKE_REPAIRS, schema
from quantdata.lake import Lake
from quantdata.lake.ledger import Ledger
from tests.unit.lake.frames import bars, chain, flow, quotes, trades

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS = ["2026-11-16", "2026-11-17", "2026-11-18"]
KEPT = Path("bars_1m/date=2026-11-17/part-SPY.parquet")
QUARANTINED = Path("_meta/quarantine") / KEPT


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake that holds something of everything, three sessions of bars among them."""
    lake = Lake(tmp_path / "lake")
    lake.write("bars_1m", bars("SPY", days=DAYS))
    lake.write("chains", chain())
    lake.write("trades", trades())
    lake.write("quotes", quotes("SPY", "QQQ"))
    lake.write("flow", flow("SPY261218C00600000"), underlying="SPY")
    return lake


def _problems(lake: Lake) -> list[tuple[str, str]]:
    found = lake.verify()
    assert found.schema == schema(LAKE_FINDINGS)
    return found.select("path", "problem").rows()


def _done(lake: Lake) -> list[tuple[str, str]]:
    found = lake.repair()
    assert found.schema == schema(LAKE_REPAIRS)
    return found.select("path", "done").rows()


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _flipped(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def _rewritten(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Write a file anew as another program would, without anything of ours in its footer."""
    change(pl.read_parquet(path, hive_partitioning=False)).write_parquet(path)


# --- what is found --------------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_what_was_written(lake: Lake) -> None:
    assert _problems(lake) == []
    assert _done(lake) == []


def test_nothing_is_wrong_where_there_is_nothing(tmp_path: Path) -> None:
    assert _problems(Lake(tmp_path / "none")) == []
    assert _done(Lake(tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", [_cut_off, _emptied, lambda path: path.write_text("PAR1 but not really PAR1")])
def test_a_file_that_is_cut_off_is_found(lake: Lake, damage: Callable[[Path], object]) -> None:
    damage(lake.path / KEPT)
    assert _problems(lake) == [(str(KEPT), "truncated")]
    assert "write that piece again" in lake.verify("bars_1m").item(0, "detail")
    assert lake.verify("chains").is_empty()


@pytest.mark.parametrize("at", [10, 700, -700, -150])
def test_a_single_bit_that_is_another_is_found_pages_and_footer_alike(lake: Lake, at: int) -> None:
    _flipped(lake.path / KEPT, at)
    ((path, problem),) = _problems(lake)
    assert path == str(KEPT)
    assert problem in {"hash", "truncated"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda rows: rows.reverse(), "unsorted"),
        (lambda rows: pl.concat([rows.head(1), rows]), "duplicates"),
        (lambda rows: rows.with_columns(session=pl.lit(date(2026, 11, 18))), "misplaced"),
        (lambda rows: rows.with_columns(symbol=pl.lit("QQQ")), "misplaced"),
        (lambda rows: rows.with_columns(date=pl.lit(date(2026, 11, 17))), "schema"),
        (lambda rows: rows.with_columns(pl.col("close").cast(pl.Float32)), "schema"),
        (lambda rows: rows.drop("session"), "schema"),
    ],
)
def test_rows_that_are_not_as_they_should_be_are_found(
    lake: Lake, change: Callable[[pl.DataFrame], pl.DataFrame], problem: str
) -> None:
    _rewritten(lake.path / KEPT, change)
    assert _problems(lake)[:2] == [(str(KEPT), "foreign"), (str(KEPT), problem)]


def test_a_file_of_another_dataset_or_day_is_found(lake: Lake) -> None:
    there = lake.path / "bars_1m" / "date=2026-11-20"
    there.mkdir()
    shutil.copy(lake.path / KEPT, there / "part-SPY.parquet")
    shutil.copy(lake.path / KEPT, lake.path / "chains" / "date=2026-11-18" / "part-SPY-1.parquet")
    shutil.copy(lake.path / KEPT, lake.path / "bars_1m" / "date=2026-11-17" / "part-QQQ.parquet")
    assert {(Path(path).parts[0], problem) for path, problem in _problems(lake)} == {
        ("bars_1m", "misplaced"),
        ("chains", "schema"),
    }


@pytest.mark.parametrize(
    "stray", ["notes.txt", "_SUCCESS", "date=2026-11-17/.part-SPY.parquet", "date=2026-11-17/x.parquet.tmp", "a/b/c"]
)
def test_strangers_are_named_and_do_no_harm(lake: Lake, stray: str) -> None:
    path = lake.path / "bars_1m" / stray
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("nobody knows what this is")
    assert _problems(lake) == [(f"bars_1m/{stray}", "foreign")]
    assert lake.scan("bars_1m").collect().height == 9
    assert lake.coverage("bars_1m").height == 3
    assert _done(lake) == []
    assert path.exists()


def test_a_folder_named_as_a_file_is_no_file(lake: Lake) -> None:
    (lake.path / "chains" / "date=2026-11-18" / "part-SPY-x.parquet").mkdir()
    (lake.path / "chains" / "date=2026-99-99").mkdir()
    (lake.path / "chains" / "date=2026-11-19").touch()
    assert lake.scan("chains").collect().height == 6
    assert lake.coverage("chains").height == 1
    assert _problems(lake) == [("chains/date=2026-11-19", "foreign")]


def test_what_a_killed_writer_left_is_found_an_hour_later(lake: Lake) -> None:
    left = lake.path / "_meta" / "staging" / "0123"
    left.write_bytes(b"half of something")
    assert _problems(lake) == []
    assert _done(lake) == []
    later = datetime.now(UTC) + timedelta(minutes=61)
    assert _problems(Lake(lake.path, wall=lambda: later)) == [("_meta/staging/0123", "staging")]
    assert _done(Lake(lake.path, wall=lambda: later)) == [("_meta/staging/0123", "removed")]
    assert not left.exists()


def test_a_clock_that_goes_back_changes_nothing(lake: Lake) -> None:
    earlier = Lake(lake.path, wall=lambda: datetime(2001, 1, 1, tzinfo=UTC))
    (lake.path / "_meta" / "staging" / "0123").touch()
    earlier.write("bars_1m", bars("SPY", days=DAYS, close=5.0))
    assert _problems(earlier) == []
    assert earlier.scan("bars_1m").collect().get_column("close").unique().to_list() == [5.0]


# --- what the ledger does not know ----------------------------------------------------------------------------------


def test_a_file_that_its_writer_could_not_tell_of_is_as_good_as_any_other(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "keep", lambda *_: None)
        lake.write("bars_1m", bars("DIA"))
    kept = lake.coverage("bars_1m", symbols="DIA")
    assert kept.height == 1
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "keep", lambda *_: None)
        lake.write("bars_1m", bars("IWM"))
    assert {problem for _, problem in _problems(lake)} == {"not_in_ledger"}
    assert lake.coverage("bars_1m", symbols="IWM").height == 1
    assert _problems(lake) == []


def test_a_lake_without_its_ledger_has_it_again_after_one_look(lake: Lake) -> None:
    kept = lake.coverage()
    (lake.path / "_meta" / "ledger.sqlite").unlink()
    assert _problems(lake) == []
    assert lake.gaps("bars_1m", "SPY", DAYS[0], DAYS[-1]).is_empty()
    assert_frame_equal(lake.coverage(), kept)
    assert _problems(lake) == []


def test_a_file_that_somebody_removed_is_found_and_forgotten(lake: Lake) -> None:
    (lake.path / KEPT).unlink()
    assert _problems(lake) == [(str(KEPT), "missing_file")]
    assert lake.coverage("bars_1m").height == 2
    assert lake.gaps("bars_1m", "SPY", DAYS[0], DAYS[-1]).get_column("date").to_list() == [date(2026, 11, 17)]
    assert _done(lake) == [(str(KEPT), "forgotten")]
    assert _problems(lake) == []


def test_a_file_that_somebody_replaced_is_known_anew(lake: Lake) -> None:
    other = Lake(lake.path.parent / "other")
    other.write("bars_1m", bars("SPY", count=5))
    shutil.copy(other.path / KEPT, lake.path / KEPT)
    assert lake.coverage("bars_1m").get_column("rows").to_list() == [3, 5, 3]


@pytest.mark.parametrize("damage", [b"no database at all", None])
def test_a_damaged_ledger_is_set_aside_and_made_anew(lake: Lake, damage: bytes | None) -> None:
    kept, ledger = lake.coverage(), lake.path / "_meta" / "ledger.sqlite"
    content = bytearray(ledger.read_bytes())
    content[100:] = b"\xff" * len(content[100:])
    ledger.write_bytes(damage * 100 if damage else content)
    with pytest.warns(QuantDataWarning, match="was damaged and is now .*ledger.sqlite.damaged-"):
        assert_frame_equal(lake.coverage(), kept)
    assert len(list(ledger.parent.glob("ledger.sqlite.damaged-*"))) == 1
    assert _problems(lake) == []
    lake.note_gap("bars_1m", "QQQ", DAYS[0], "failed")
    assert lake.gaps("bars_1m", "QQQ", DAYS[0], DAYS[0]).item(0, "reason") == "failed"


def test_a_ledger_of_another_version_is_made_anew_and_reasons_are_kept(lake: Lake) -> None:
    import sqlite3  # noqa: PLC0415

    lake.note_gap("bars_1m", "QQQ", DAYS[0], "failed")
    kept = lake.coverage()
    connection = sqlite3.connect(lake.path / "_meta" / "ledger.sqlite")
    connection.executescript("drop table pieces; create table pieces (something); pragma user_version = 77")
    connection.close()
    assert_frame_equal(lake.coverage(), kept)
    assert lake.gaps("bars_1m", "QQQ", DAYS[0], DAYS[0]).item(0, "reason") == "failed"


# --- what is put right ----------------------------------------------------------------------------------------------


def test_a_broken_file_is_moved_aside_and_counts_as_absent(lake: Lake) -> None:
    content = (lake.path / KEPT).read_bytes()
    _flipped(lake.path / KEPT, 10)
    repaired = lake.repair()
    assert repaired.select("path", "done").rows() == [(str(KEPT), "quarantined"), (str(KEPT), "forgotten")]
    assert str(QUARANTINED) in repaired.item(0, "detail")
    assert len((lake.path / QUARANTINED).read_bytes()) == len(content)
    assert lake.gaps("bars_1m", "SPY", DAYS[0], DAYS[-1]).height == 1
    assert lake.scan("bars_1m").collect().height == 6
    assert _problems(lake) == []


def test_nothing_in_quarantine_is_ever_overwritten(lake: Lake) -> None:
    for _ in range(3):
        lake.write("bars_1m", bars("SPY", days=[DAYS[1]]))
        _cut_off(lake.path / KEPT)
        assert (str(KEPT), "quarantined") in _done(lake)
    assert sorted(path.name for path in (lake.path / QUARANTINED).parent.iterdir()) == [
        "part-SPY.parquet",
        "part-SPY.parquet.1",
        "part-SPY.parquet.2",
    ]


def test_a_whole_file_that_comes_while_the_broken_one_is_moved_stays(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cut_off(lake.path / KEPT)
    rename = Path.rename

    def late(source: Path, target: Path) -> Path:
        lake.write("bars_1m", bars("SPY", days=[DAYS[1]], count=4))
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", late)
    assert _done(lake) == []
    assert lake.scan("bars_1m", start=DAYS[1], end=DAYS[1]).collect().height == 4
    assert not (lake.path / QUARANTINED).exists()


def test_a_broken_file_that_somebody_removes_meanwhile_is_nobodys(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    _cut_off(lake.path / KEPT)

    def late(source: Path, _: Path) -> Path:
        source.unlink()
        raise FileNotFoundError

    monkeypatch.setattr(Path, "rename", late)
    assert _done(lake) == [(str(KEPT), "forgotten")]


def test_a_ledger_that_knows_wrong_is_made_of_the_footers_again(lake: Lake) -> None:
    import sqlite3  # noqa: PLC0415

    kept = lake.coverage()
    connection = sqlite3.connect(lake.path / "_meta" / "ledger.sqlite")
    connection.executescript("update pieces set rows = 77 where dataset = 'chains'")
    connection.close()
    assert [done for _, done in _done(lake)] == ["adopted"]
    assert_frame_equal(lake.coverage(), kept)


# --- what a reader is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [_cut_off, _emptied])
def test_a_scan_of_a_file_that_is_cut_off_says_which_and_what_to_do(
    lake: Lake, damage: Callable[[Path], object]
) -> None:
    damage(lake.path / KEPT)
    with pytest.raises(LakeError, match=r"part-SPY.parquet is cut off: [\d,]+ bytes .* Lake.repair\(\)"):
        lake.scan("bars_1m", symbols="SPY")
    assert lake.scan("bars_1m", start=DAYS[2]).collect().height == 3


def test_a_file_that_cannot_be_read_counts_as_absent_and_is_warned_of(lake: Lake) -> None:
    _cut_off(lake.path / KEPT)
    with pytest.warns(QuantDataWarning, match="part-SPY.parquet cannot be read and counts as absent"):
        assert lake.coverage("bars_1m").height == 2
    with pytest.warns(QuantDataWarning, match="counts as absent"):
        assert lake.gaps("bars_1m", "SPY", DAYS[0], DAYS[-1]).get_column("date").to_list() == [date(2026, 11, 17)]
    lake.write("bars_1m", bars("SPY", days=[DAYS[1]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lake.coverage("bars_1m").height == 3


def test_a_lake_that_is_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lake"
    path.write_text("")
    lake = Lake(path)
    for call in (
        lambda: lake.write("bars_1m", bars()),
        lambda: lake.write("bars_1m", bars("A", "B")),
        lambda: lake.scan("bars_1m"),
        lambda: lake.scan("bars_1m", symbols="SPY"),
        lake.coverage,
        lambda: lake.note_gap("bars_1m", "SPY", DAYS[0], "failed"),
        lake.verify,
        lake.repair,
    ):
        with pytest.raises(LakeError, match=r"lake.*a file where a folder should be"):
            call()


def test_an_unknown_dataset_is_named_before_anything_is_read(lake: Lake) -> None:
    with pytest.raises(ArgumentError, match="no dataset 'bars'"):
        lake.verify("bars")


def test_files_that_go_away_while_they_are_looked_at_are_absent(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from quantdata.lake import checking, reading  # noqa: PLC0415

    def gone(dataset: str, found: object) -> None:
        raise FileNotFoundError(dataset, found)

    monkeypatch.setattr(checking, "read", gone)
    monkeypatch.setattr(reading, "read", gone)
    (lake.path / "_meta" / "ledger.sqlite").unlink()
    assert lake.coverage().is_empty()
    assert {problem for _, problem in _problems(lake)} <= {"not_in_ledger"}


def test_rights_that_are_lacking_are_told_and_are_no_damage(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from quantdata.lake import checking  # noqa: PLC0415

    def forbidden(path: str) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(checking, "digest", forbidden)
    with pytest.raises(LakeError, match="Permission denied; this user may not do that there"):
        lake.verify()
    assert (lake.path / KEPT).exists()


def test_folders_that_cannot_be_listed_are_told(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", forbidden)
    for call in (lambda: lake.scan("chains"), lake.coverage, lake.verify):
        with pytest.raises(LakeError, match=r"cannot read .*chains.*: Permission denied"):
            call()
