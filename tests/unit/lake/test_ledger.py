"""The ledger when it cannot be had: a cache that nobody fails for, and reasons that are not made up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from quantdata.errors import LakeError
from quantdata.lake import Lake, book
from quantdata.lake.book import Book
from quantdata.lake.ledger import Gap, Ledger
from tests.unit.lake.frames import bars

if TYPE_CHECKING:
    from pathlib import Path

TUESDAY = date(2026, 11, 17)
GAP = Gap("bars_1m", "SPY", TUESDAY, "failed", None, datetime(2026, 11, 18, tzinfo=UTC))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.write("bars_1m", bars("SPY"))
    return lake


def _refused(*_: Any) -> NoReturn:
    raise sqlite3.OperationalError("database is locked")


def test_a_ledger_that_is_locked_costs_a_write_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "_once", _refused)
    lake.write("bars_1m", bars("QQQ"))
    monkeypatch.undo()
    assert lake.verify().get_column("problem").to_list() == ["not_in_ledger"]
    assert lake.coverage().get_column("symbol").to_list() == ["QQQ", "SPY"]


def test_a_ledger_that_is_locked_is_an_error_to_who_has_a_reason_to_note(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "BUSY_S", 0.0)
    lake.note_gap("bars_1m", "QQQ", TUESDAY, "failed")
    with closing(sqlite3.connect(lake.path / "_meta" / "gaps.sqlite")) as other:
        other.execute("begin immediate")
        with pytest.raises(LakeError, match=r"cannot write .*gaps.sqlite: database is locked"):
            lake.note_gap("bars_1m", "SPY", TUESDAY, "failed")
        assert lake.gaps("bars_1m", "SPY", TUESDAY, TUESDAY).is_empty()


def test_a_ledger_that_cannot_be_read_is_a_cache_that_is_empty(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book, "rows", _refused)
    assert Ledger(lake.path).known("bars_1m") == {}
    assert lake.coverage().height == 1


def test_an_error_that_is_no_damage_sets_nothing_aside(lake: Lake) -> None:
    ledger = Ledger(lake.path)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        ledger.pieces.run(lambda connection: connection.execute("select * from nowhere"))
    assert not list(ledger.pieces.path.parent.glob("*.damaged-*"))


def test_a_ledger_that_another_process_has_set_aside_meanwhile_is_left_alone(lake: Lake) -> None:
    ledger = Ledger(lake.path)
    ledger.pieces.set_aside(inode=1)
    assert ledger.pieces.path.exists()
    ledger.pieces.path.unlink()
    ledger.pieces.set_aside(inode=1)
    assert not list(ledger.pieces.path.parent.glob("*.damaged-*"))


def test_two_that_begin_a_ledger_at_once_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = book._begin

    def late(which: Book, connection: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(which.path)) as other:
            begin(which, other)
        begin(which, connection)

    ledger = Ledger(tmp_path)
    monkeypatch.setattr(book, "_begin", late)
    ledger.note([GAP])
    assert ledger.noted("bars_1m") == [GAP]
