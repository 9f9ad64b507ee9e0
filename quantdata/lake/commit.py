"""The only way into a lake: written aside, forced to the disk, and put in its place at once.

A crash at any moment leaves the old file or the new one, never half of one; writing again replaces.
"""

from __future__ import annotations

import os
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from quantdata.errors import LakeError
from quantdata.lake.faults import told
from quantdata.lake.footer import metadata, seal
from quantdata.lake.layout import meta, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from quantdata.lake.footer import Entry
    from quantdata.lake.pieces import Piece

__all__ = ["commit", "placing", "staging"]

ROW_GROUP: Final = 131_072
COMPRESSION_LEVEL: Final = 3
# More than a machine's cores: most of the time goes into waiting for the disk.
WRITERS: Final = 4


def staging(root: Path) -> Path:
    """Return the folder of what is being written, on the file system of the lake."""
    return meta(root) / "staging"


def commit(root: Path, pieces: Sequence[Piece], written: datetime) -> list[Entry]:
    """Write pieces, each whole or not at all, several at a time.

    Raises
    ------
    LakeError
        If one cannot be written: which, why, what to do, and how many of the others are.
    """
    if len(pieces) == 1:
        return [_commit(root, pieces[0], written)]
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="quantdata-lake") as pool:
        under_way = [pool.submit(_commit, root, piece, written) for piece in pieces]
        try:
            return [each.result() for each in under_way]
        except BaseException as error:
            pool.shutdown(cancel_futures=True)
            done = sum(not each.cancelled() and each.exception() is None for each in under_way)
            if isinstance(error, LakeError):
                raise LakeError(f"{error}; {done} of {len(pieces)} pieces are written") from error
            raise


def _commit(root: Path, piece: Piece, written: datetime) -> Entry:
    with placing(root, path_of(root, piece.facts.dataset, piece.facts.date, piece.facts.key)) as staged:
        piece.frame.write_parquet(
            staged,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            row_group_size=ROW_GROUP,
            metadata=metadata(piece.facts),
        )
        return seal(staged, piece.facts, written)


@contextmanager
def placing(root: Path, target: Path) -> Iterator[Path]:
    """Hand out where to write a file; then force it to the disk and put it in its place, if nothing went wrong.

    Raises
    ------
    LakeError
        If it cannot be written.
    """
    staged = staging(root) / uuid.uuid4().hex
    with told("cannot write", target):
        _make(staged.parent)
        _make(target.parent)
        try:
            yield staged
            _sync(staged)
            os.replace(staged, target)  # noqa: PTH105  # the call that everything here is about
        finally:
            with suppress(OSError):
                staged.unlink(missing_ok=True)
        _sync_folder(target.parent)


def _make(folder: Path) -> None:
    """Make a folder, with those above it, so that it is there after a crash too."""
    if folder.is_dir():
        return
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(new):
        _sync_folder(each.parent)


def _sync_folder(folder: Path) -> None:
    if sys.platform != "win32":  # no folder can be opened there
        _sync(folder)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)
