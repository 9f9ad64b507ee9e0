"""A small SQLite file that any process may read and write, that outlives what is killed, and mends itself."""

from __future__ import annotations

import os
import sqlite3
import warnings
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

from quantdata.errors import QuantDataWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Book"]

T = TypeVar("T")

BUSY_S: Final = 30.0


class Book(NamedTuple):
    """One table in a file; a short connection an operation, so that any process may take part.

    It has no write-ahead log: with connections this short the log would be made and taken down by each of them.

    Attributes
    ----------
    path
        The file; made when it is first written.
    table
        The statement that makes the table.
    version
        Of the table: one of another version is begun anew.
    synchronous
        ``"full"`` where what is written must outlive the machine; ``"off"`` where it can be had again, and nobody
        should wait for the disk.
    loss
        What is lost with the file, for whoever is told that it was damaged.
    """

    path: Path
    table: str
    version: int
    synchronous: Literal["full", "off"]
    loss: str

    def rows(self, query: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        """Return the rows of a query; none where there is no file."""
        if not self.path.exists():
            return []
        return self.run(lambda connection: connection.execute(query, values).fetchall())

    def change(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Do a statement with each of some rows: all of them, or none."""
        self.run(lambda connection: connection.executemany(statement, rows))

    def run(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Return what an action returns; a damaged file is set aside before, and a new one begun."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        inode = self.path.stat().st_ino if self.path.exists() else None
        try:
            return _once(self, action)
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:
                raise
            self.set_aside(inode)
            return _once(self, action)

    def set_aside(self, inode: int | None) -> None:
        """Rename a damaged file, unless another process has done so meanwhile."""
        with suppress(FileNotFoundError):
            if self.path.stat().st_ino != inode:
                return
            aside = f"{self.path}.damaged-{inode}"
            for suffix in ("", "-journal"):
                with suppress(FileNotFoundError):
                    os.replace(f"{self.path}{suffix}", f"{aside}{suffix}")  # noqa: PTH105  # suffixes of no path
            warnings.warn(f"{self.path} was damaged and is now {aside}; {self.loss}", QuantDataWarning, stacklevel=2)


def _once(book: Book, action: Callable[[sqlite3.Connection], T]) -> T:
    with closing(sqlite3.connect(book.path, timeout=BUSY_S)) as connection:
        connection.execute(f"pragma synchronous = {book.synchronous}")
        (version,) = connection.execute("pragma user_version").fetchone()
        if version != book.version:
            _begin(book, connection)
        with connection:
            return action(connection)


def _begin(book: Book, connection: sqlite3.Connection) -> None:
    """Make the table, unless another process has."""
    with connection:
        connection.execute("begin immediate")
        (version,) = connection.execute("pragma user_version").fetchone()
        if version != book.version:
            connection.execute(f"drop table if exists {book.table.split()[2]}")
            connection.execute(book.table)
            connection.execute(f"pragma user_version = {book.version}")
