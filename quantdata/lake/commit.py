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
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future
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
    """Write pieces, each whole or not at all, several at a time; all are on the disk when it returns.

    Raises
    ------
    LakeError
        If one cannot be written: which, why, what to do, and how many of the others are.
    """
    entries = [_commit(root, pieces[0], written)] if len(pieces) == 1 else _commit_all(root, pieces, written)
    _sync_folders(root, pieces)
    return entries


def _commit_all(root: Path, pieces: Sequence[Piece], written: datetime) -> list[Entry]:
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="quantdata-lake") as pool:
        under_way = [pool.submit(_commit, root, piece, written) for piece in pieces]
        try:
            return [each.result() for each in under_way]
        except BaseException as error:
            pool.shutdown(cancel_futures=True)
            done = sum(map(_is_done, under_way))
            if isinstance(error, LakeError):
                _sync_folders(root, [piece for piece, each in zip(pieces, under_way, strict=True) if _is_done(each)])
                raise LakeError(f"{error}; {done} of {len(pieces)} pieces are written") from error
            raise


def _is_done(commit: Future[Entry]) -> bool:
    return not commit.cancelled() and commit.exception() is None


def _commit(root: Path, piece: Piece, written: datetime) -> Entry:
    """Write a piece; the folder that it is in is left to be forced to the disk, once for all pieces in it."""
    with _placing(root, _target(root, piece)) as staged:
        piece.frame.write_parquet(
            staged,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            row_group_size=ROW_GROUP,
            metadata=metadata(piece.facts),
        )
        return seal(staged, piece.facts, written)


def _target(root: Path, piece: Piece) -> Path:
    return path_of(root, piece.facts.dataset, piece.facts.date, piece.facts.key)


@contextmanager
def placing(root: Path, target: Path) -> Iterator[Path]:
    """Hand out where to write a file; then force it to the disk and put it in its place, if nothing went wrong.

    Raises
    ------
    LakeError
        If it cannot be written.
    """
    with _placing(root, target) as staged:
        yield staged
    with told("cannot write", target):
        _sync_folder(target.parent)


@contextmanager
def _placing(root: Path, target: Path) -> Iterator[Path]:
    """Do as `placing` does, but for the folder: until it is forced to the disk, a crash may leave the old file."""
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


def _make(folder: Path) -> None:
    """Make a folder, with those above it, so that it is there after a crash too."""
    if folder.is_dir():
        return
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(new):
        _sync_folder(each.parent)


def _sync_folders(root: Path, pieces: Iterable[Piece]) -> None:
    for folder in {_target(root, piece).parent for piece in pieces}:
        with told("cannot write", folder):
            _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    if sys.platform != "win32":  # no folder can be opened there
        _sync(folder)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)
