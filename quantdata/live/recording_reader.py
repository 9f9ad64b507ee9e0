"""Reads a recording: how its hub worked, and then record after record, in the order in which they came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from quantdata.errors import ArgumentError, FeedError
from quantdata.live.blocks import SUFFIX, unpacked
from quantdata.live.recording_writer import FORMAT, MANIFEST
from quantdata.live.records import Opened, Watched, decode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quantdata.live.records import Record

__all__ = ["Reading"]

R = TypeVar("R", Opened, Watched)


class Reading:
    """A recording on disk, whole or cut off where its writer was killed.

    Parameters
    ----------
    folder
        Where `MarketDataHub.record` wrote it.

    Attributes
    ----------
    is_simulated
        Whether any of it is of a simulated market.
    opened, watched
        How its hub worked, and what it watched at first.

    Raises
    ------
    ArgumentError
        If there is no recording.
    FeedError
        If it is damaged, holds nothing yet, or is of a format that this version cannot read.
    """

    def __init__(self, folder: Path) -> None:
        self._files: Final = sorted(folder.glob(f"*{SUFFIX}"))
        self._folder = folder
        self.is_simulated = bool(self._manifest()["is_simulated"])
        self.opened: Final = self._first(Opened)
        self.watched: Final = self._first(Watched)

    def blocks(self) -> Iterator[list[Record]]:
        """Yield all records, some at a time; what a file repeats of the files before it only of the first."""
        for path in self._files:
            for block in unpacked(path, is_last=path == self._files[-1]):
                yield [record for record in _decoded(block, path) if path == self._files[0] or not record.is_again]

    def _first(self, kind: type[R]) -> R:
        for block in self.blocks():
            for record in block:
                if isinstance(record, kind):
                    return record
        raise FeedError(f"{self._folder} holds nothing yet: a recording begins with how its hub worked")

    def _manifest(self) -> dict[str, Any]:
        path = self._folder / MANIFEST
        try:
            manifest = json.loads(path.read_bytes())
        except OSError as error:
            raise ArgumentError(f"{self._folder} is no recording: {error.strerror} ({MANIFEST})") from error
        except ValueError as error:
            raise FeedError(f"{path} is damaged: {error}") from error
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise FeedError(f"{path} is of another format than this version of quantdata reads, which is {FORMAT}")
        return manifest


def _decoded(block: bytes, path: Path) -> list[Record]:
    try:
        return decode(block)
    except msgspec.DecodeError as error:
        raise FeedError(f"{path} is damaged: {error}") from error
