"""What goes wrong with files, said in sentences: which file, what happened, what to do."""

from __future__ import annotations

import errno
import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa

from quantdata.errors import LakeError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["FAULTS", "reason", "told"]

FAULTS: Final = (OSError, pl.exceptions.PolarsError, pa.ArrowException, sqlite3.Error)

_FULL: Final = "there is no room left; what was there before is as it was: make room and do it again"
_FORBIDDEN: Final = "this user may not do that there: change the rights of the folder, or give another one"
_NO_FOLDER: Final = "a part of the path is a file where a folder should be: give another folder"
_REASONS: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _FORBIDDEN,
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.EISDIR: "there is a folder of the name of a file: move it away",
}
# Polars puts the system's number into its text alone.
_NUMBER: Final = re.compile(r"\(os error (\d+)\)")


@contextmanager
def told(doing: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise a `LakeError` for whatever the system, polars, pyarrow or SQLite has to say of a file.

    Parameters
    ----------
    doing
        What was tried: ``"cannot write"``.
    path
        The file.
    """
    try:
        yield
    except FAULTS as error:
        raise LakeError(f"{doing} {path}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Return what happened and what to do."""
    text = getattr(error, "strerror", None) or str(error)
    said = _NUMBER.search(text)
    number = getattr(error, "errno", None) or (int(said[1]) if said else 0)
    advice = _REASONS.get(number)
    return f"{text}; {advice}" if advice else text
