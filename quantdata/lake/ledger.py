"""The ledger: what footers say, kept where it is found at once, and why there is nothing where nothing is.

Files are the truth. A row counts only while its file is the one it was made of, so a ledger that is old, lost or
damaged costs time and nothing else; but for the reasons of gaps, which are in no file.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quantdata.lake.faults import told
from quantdata.lake.footer import Entry, Facts, Identity
from quantdata.lake.layout import meta

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

__all__ = ["Gap", "Ledger"]

# Of the table of pieces: another one is made anew from footers.
VERSION: Final = 1
BUSY_S: Final = 30.0

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_COLUMNS: Final = (*Facts._fields, *Identity._fields)
_DAYS: Final = frozenset({"date"})
_MOMENTS: Final = frozenset({"first_ts", "last_ts", "written_ts"})
_FLAGS: Final = frozenset({"is_simulated"})
_PIECES: Final = f"create table if not exists pieces ({', '.join(_COLUMNS)}, primary key (dataset, date, key))"
_GAPS: Final = (
    "create table if not exists gaps (dataset, symbol, date, reason, detail, asked_ts, "
    "primary key (dataset, symbol, date))"
)
_KEEP: Final = f"insert or replace into pieces values ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  # only marks
_KNOWN: Final = "select * from pieces where dataset = ? and date between ? and ?"
_NOTED: Final = (
    "select dataset, symbol, date, reason, detail, asked_ts from gaps where dataset = ? and date between ? and ?"
)


class Gap(NamedTuple):
    """Why a symbol has nothing in a session: what a fetch has found out."""

    dataset: str
    symbol: str
    date: date
    reason: str
    detail: str | None
    asked_ts: datetime


class Ledger:
    """A SQLite file beside the data; one short connection an operation, so that any process may take part.

    Parameters
    ----------
    root
        Folder of the lake.
    """

    def __init__(self, root: Path) -> None:
        self.path = meta(root) / "ledger.sqlite"

    # --- pieces: a cache, which nobody fails for --------------------------------------------------------------------

    def keep(self, entries: Collection[Entry]) -> None:
        """Remember pieces; nothing happens where the ledger cannot be written."""
        if entries:
            with suppress(sqlite3.Error, OSError), self._open() as connection:
                connection.executemany(_KEEP, map(_row, entries))

    def known(self, dataset: str, *, start: date | None, end: date | None) -> dict[tuple[date, str], Entry]:
        """Return what is remembered of a dataset's pieces, by date and key; nothing where it cannot be read."""
        with suppress(sqlite3.Error, OSError), self._open(is_made=False) as connection:
            rows = connection.execute(_KNOWN, (dataset, *_span(start, end))).fetchall()
            return {(entry.facts.date, entry.facts.key): entry for entry in map(_entry, rows)}
        return {}

    def forget(self, pieces: Iterable[tuple[str, date, str]]) -> None:
        """Forget pieces by dataset, date and key."""
        named = [(dataset, day.isoformat(), key) for dataset, day, key in pieces]
        with told("cannot write", self.path), self._open() as connection:
            connection.executemany("delete from pieces where dataset = ? and date = ? and key = ?", named)

    # --- gaps: known from here alone --------------------------------------------------------------------------------

    def note(self, gaps: Iterable[Gap]) -> None:
        """Remember why there is nothing; the newest reason of a session counts.

        Raises
        ------
        LakeError
            If it cannot be written down.
        """
        rows = [tuple(map(_plain, gap)) for gap in gaps]
        with told("cannot write", self.path), self._open() as connection:
            connection.executemany("insert or replace into gaps values (?, ?, ?, ?, ?, ?)", rows)

    def noted(self, dataset: str, *, start: date | None, end: date | None) -> list[Gap]:
        """Return what was found out about a dataset's gaps.

        Raises
        ------
        LakeError
            If it cannot be read.
        """
        with told("cannot read", self.path), self._open(is_made=False) as connection:
            rows = connection.execute(_NOTED, (dataset, *_span(start, end))).fetchall()
        return [
            Gap(name, symbol, date.fromisoformat(day), reason, detail, _moment(asked))
            for name, symbol, day, reason, detail, asked in rows
        ]

    # --- the file ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _open(self, *, is_made: bool = True) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose changes are kept at the end; a damaged file is set aside, and a new one begun.

        Parameters
        ----------
        is_made
            Whether a file is made where there is none; else what is yielded is in memory, and empty.
        """
        is_there = self.path.exists()
        if is_made and not is_there:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        place = str(self.path) if is_made or is_there else ":memory:"
        with closing(self._connected(place)) as connection, connection:
            yield connection

    def _connected(self, place: str) -> sqlite3.Connection:
        inode = self.path.stat().st_ino if self.path.exists() else None
        try:
            return _prepared(place)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._set_aside(inode)
            return _prepared(place)

    def _set_aside(self, inode: int | None) -> None:
        """Rename a damaged ledger, unless another process has done so meanwhile."""
        with suppress(FileNotFoundError):
            if self.path.stat().st_ino == inode:
                for suffix in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        os.replace(f"{self.path}{suffix}", f"{self.path}.damaged-{inode}{suffix}")  # noqa: PTH105


def _prepared(place: str) -> sqlite3.Connection:
    """Return a connection to a ledger that can be read, with its tables."""
    connection = sqlite3.connect(place, timeout=BUSY_S)
    try:
        # Where there is no such thing as a write-ahead log (some network file systems) SQLite stays with its own.
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        (version,) = connection.execute("pragma user_version").fetchone()
        if version != VERSION:
            with connection:
                connection.execute("begin immediate")
                connection.execute("drop table if exists pieces")
                connection.execute(_PIECES)
                connection.execute(_GAPS)
                connection.execute(f"pragma user_version = {VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def _span(start: date | None, end: date | None) -> tuple[str, str]:
    return (start or date.min).isoformat(), (end or date.max).isoformat()


# --- rows -----------------------------------------------------------------------------------------------------------


def _row(entry: Entry) -> tuple[Any, ...]:
    return (*map(_plain, entry.facts), *entry.identity)


def _plain(value: Any) -> Any:
    """Return a value as SQLite holds it: days as text, times in microseconds."""
    if isinstance(value, datetime):
        return _microseconds(value)
    return value.isoformat() if isinstance(value, date) else value


def _entry(row: tuple[Any, ...]) -> Entry:
    values = dict(zip(_COLUMNS, row, strict=True))
    facts = {name: _typed(name, values[name]) for name in Facts._fields}
    return Entry(Facts(**facts), Identity(*(values[name] for name in Identity._fields)))


def _typed(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _DAYS:
        return date.fromisoformat(value)
    if name in _MOMENTS:
        return _moment(value)
    return bool(value) if name in _FLAGS else value


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


def _moment(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _TICK
