"""Where files are: ``<root>/<dataset>/date=YYYY-MM-DD/part-<key>.parquet``, and beside them ``<root>/_meta``."""

from __future__ import annotations

import os
import re
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from pathlib import Path

    from quantdata.lake.datasets import Dataset

__all__ = ["Found", "decoded", "encoded", "find", "folder_day", "found_at", "meta", "part_key", "path_of", "stamp"]

_NOT_PLAIN: Final = re.compile(r"[^A-Z0-9._]")
_FOLDER: Final = re.compile(r"date=(\d{4}-\d{2}-\d{2})")
_PART: Final = re.compile(r"part-(.+)\.parquet")


class Found(NamedTuple):
    """A file that is there, or was a moment ago."""

    day: date
    key: str
    path: str


def encoded(symbol: str) -> str:
    """Return a symbol as file names spell it: all but capitals, digits, dot and underscore percent-encoded.

    So no symbol holds the dash that ends it, and two that differ by case alone are two files on every system.

    Examples
    --------
    >>> encoded("SPY"), encoded("I:NDX"), encoded("BIPpB")
    ('SPY', 'I%3ANDX', 'BIP%70B')
    """
    return _NOT_PLAIN.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), symbol)


def decoded(text: str) -> str:
    """Return the symbol that file names spell so."""
    return unquote(text)


def stamp(moment: datetime) -> str:
    """Return a moment (UTC) as file names spell it."""
    return f"{moment:%Y%m%dT%H%M%S.%f}Z"


def path_of(root: Path, dataset: str, day: date, key: str) -> Path:
    """Return where a piece is, or would be."""
    return root / dataset / f"date={day}" / f"part-{key}.parquet"


def meta(root: Path) -> Path:
    """Return the folder of what is none of the data: staging, ledger, quarantine."""
    return root / "_meta"


def folder_day(name: str) -> date | None:
    """Return the day that a folder's name says; None where it is no such folder."""
    said = _FOLDER.fullmatch(name)
    try:
        return date.fromisoformat(said[1]) if said else None
    except ValueError:
        return None


def part_key(name: str) -> str | None:
    """Return the key that a file's name says; None where it is no such file."""
    said = _PART.fullmatch(name)
    return said[1] if said else None


def found_at(dataset: str, relative: Path) -> Found | None:
    """Return what a path below the root is of; None where no piece of the dataset has such a one."""
    match relative.parts:
        case (name, folder, file) if name == dataset:
            day, key = folder_day(folder), part_key(file)
            return None if day is None or key is None else Found(day, key, str(relative))
    return None


def find(
    root: Path, dataset: Dataset, *, symbols: Collection[str] | None, start: date | None, end: date | None
) -> Iterator[Found]:
    """Yield the files of a dataset, by day and key; those of some symbols alone where pieces are of one.

    Where symbol and day name the file it is not looked for: it may not be there.
    """
    folder = os.fspath(root / dataset.name)
    wanted = None if symbols is None or dataset.has_many_symbols else sorted(map(encoded, symbols))
    for day, inside in _days(folder, start, end):
        if wanted is not None and not dataset.is_snapshot:
            yield from (Found(day, key, f"{inside}{os.sep}part-{key}.parquet") for key in wanted)
        else:
            yield from (found for found in _files(day, inside) if wanted is None or found.key.split("-")[0] in wanted)


def _days(folder: str, start: date | None, end: date | None) -> list[tuple[date, str]]:
    """Return days and their folders, oldest first; none of a dataset that is not there."""
    try:
        with os.scandir(folder) as entries:
            days = [(day, entry.path) for entry in entries if (day := folder_day(entry.name)) is not None]
    except FileNotFoundError:
        return []
    return sorted(each for each in days if (start is None or start <= each[0]) and (end is None or each[0] <= end))


def _files(day: date, folder: str) -> list[Found]:
    try:
        with os.scandir(folder) as entries:
            named = [(part_key(entry.name), entry.path) for entry in entries if entry.is_file()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(Found(day, key, path) for key, path in named if key is not None)
