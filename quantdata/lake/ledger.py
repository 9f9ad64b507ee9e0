"""The ledger: what footers say, kept where it is found at once, and why there is nothing where nothing is.

Files are the truth. A row counts only while its file is the one it was made of, so a ledger that is old, lost or
damaged costs time and nothing else; but for the reasons of gaps, which are in no file.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quantdata.lake.book import Book
from quantdata.lake.faults import told
from quantdata.lake.footer import Entry, Facts, Identity
from quantdata.lake.layout import meta

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

__all__ = ["Gap", "Ledger"]

# A piece of a dataset: its date and key.
Name = tuple[date, str]

# Of the tables. Pieces are read from footers again when theirs is another; reasons would have to be carried over.
VERSION: Final = 1
# In one condition; SQLite takes some thousands.
MOST_NAMES: Final = 500

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_COLUMNS: Final = (*Facts._fields, *Identity._fields)
_DAYS: Final = frozenset({"date"})
_MOMENTS: Final = frozenset({"first_ts", "last_ts", "written_ts"})
_FLAGS: Final = frozenset({"is_simulated"})
_PIECES: Final = f"create table pieces ({', '.join(_COLUMNS)}, primary key (dataset, date, key))"
_GAPS: Final = (
    "create table gaps (dataset, symbol, date, reason, detail, asked_ts, primary key (dataset, symbol, date))"
)
_KEEP: Final = f"insert or replace into pieces values ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  # only marks
_FORGET: Final = "delete from pieces where dataset = ? and date = ? and key = ?"
_NOTE: Final = "insert or replace into gaps values (?, ?, ?, ?, ?, ?)"
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
    """Two files beside the data: what there is, which any footer says too, and why there is not what there is not.

    Parameters
    ----------
    root
        Folder of the lake.
    """

    def __init__(self, root: Path) -> None:
        known = "what files say of themselves is read anew"
        self.pieces = Book(meta(root) / "ledger.sqlite", _PIECES, VERSION, "off", known)
        self.gaps = Book(meta(root) / "gaps.sqlite", _GAPS, VERSION, "full", "why there are gaps must be asked again")

    # --- pieces: a cache, which nobody fails for --------------------------------------------------------------------

    def keep(self, entries: Collection[Entry]) -> None:
        """Remember pieces; nothing happens where the ledger cannot be written."""
        rows = [(*map(_plain, entry.facts), *entry.identity) for entry in entries]
        if rows:
            with suppress(sqlite3.Error, OSError):
                self.pieces.change(_KEEP, rows)

    def known(
        self,
        dataset: str,
        *,
        keys: Collection[str] | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> dict[Name, Entry]:
        """Return what is remembered of a dataset's pieces, by date and key; nothing where it cannot be read.

        Parameters
        ----------
        keys
            Of these at least, where they are few: what is known of thousands of others takes its time.
        """
        these, names = _among("key", keys)
        with suppress(sqlite3.Error, OSError):
            found = map(_entry, self.pieces.rows(_KNOWN + these, (dataset, *_span(start, end), *names)))
            return {(entry.facts.date, entry.facts.key): entry for entry in found}
        return {}

    def forget(self, dataset: str, names: Iterable[Name]) -> None:
        """Forget pieces; nothing happens where the ledger cannot be written."""
        rows = [(dataset, day.isoformat(), key) for day, key in names]
        if rows:
            with suppress(sqlite3.Error, OSError):
                self.pieces.change(_FORGET, rows)

    # --- gaps: known from here alone --------------------------------------------------------------------------------

    def note(self, gaps: Iterable[Gap]) -> None:
        """Remember why there is nothing; the newest reason of a session counts.

        Raises
        ------
        LakeError
            If it cannot be written down.
        """
        rows = [tuple(map(_plain, gap)) for gap in gaps]
        with told("cannot write", self.gaps.path):
            self.gaps.change(_NOTE, rows)

    def noted(
        self,
        dataset: str,
        *,
        symbols: Collection[str] | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> list[Gap]:
        """Return what was found out about a dataset's gaps: of some symbols at least, where they are few.

        Raises
        ------
        LakeError
            If it cannot be read.
        """
        with told("cannot read", self.gaps.path):
            these, names = _among("symbol", symbols)
            rows = self.gaps.rows(_NOTED + these, (dataset, *_span(start, end), *names))
        return [
            Gap(name, symbol, date.fromisoformat(day), reason, detail, _moment(asked))
            for name, symbol, day, reason, detail, asked in rows
        ]


def _among(column: str, names: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    """Return a condition that leaves some names alone, and its values; none where they are many, or all."""
    if names is None or len(names) > MOST_NAMES:
        return "", ()
    return f" and {column} in ({', '.join('?' * len(names))})", tuple(names)


def _span(start: date | None, end: date | None) -> tuple[str, str]:
    return (start or date.min).isoformat(), (end or date.max).isoformat()


# --- rows -----------------------------------------------------------------------------------------------------------


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
