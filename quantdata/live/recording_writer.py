"""Writes a recording on a thread of its own: files of bounded size, of which the oldest go when there are too many."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quantdata import __version__
from quantdata.errors import ArgumentError
from quantdata.live.blocks import SUFFIX, packed
from quantdata.live.recording_state import Lasting
from quantdata.live.records import Answer, Frame, Lost, answer_of, encode
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

    from quantdata.live.market import Polled
    from quantdata.live.records import Record

__all__ = ["FORMAT", "MANIFEST", "Bounds", "Writer"]

logger = logging.getLogger("quantdata.live")

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
# What came in is on its way to the disk for so long at the most; a process that is killed loses that much.
FLUSH_S: Final = 0.2
BLOCK_BYTES: Final = 1 << 20
# Of a record beside its payload, roughly.
_OVERHEAD_BYTES: Final = 200


class Bounds(NamedTuple):
    """Bytes: of a file, of all files together, and of what may wait to be written."""

    file: int = 64 << 20
    total: int = 10 << 30
    waiting: int = 64 << 20


class Writer:
    """Writes records into a new recording; `put` from one thread, `close` from any.

    Parameters
    ----------
    folder
        Made if it is not there; it must hold no recording yet.
    hub
        The hub's name, for the manifest.
    bounds
        How much.

    Attributes
    ----------
    records, bytes, files, lost
        Written; written; that there are now; that did not fit into what may wait.
    failure
        Why nothing is written any more; None while all is well.

    Raises
    ------
    ArgumentError
        If the folder holds a recording, or cannot be written.
    """

    def __init__(self, folder: Path, *, hub: str, bounds: Bounds) -> None:
        self.records = self.bytes = self.lost = 0
        self.files: dict[Path, int] = {}
        self.failure: str | None = None
        self._folder = folder
        self._hub = hub
        self._bounds = bounds
        self._lock = threading.Lock()
        self._queue: deque[tuple[Record | tuple[Polled, int], int]] = deque()
        self._waiting = 0
        self._lost_told = 0
        self._lasting = Lasting()
        self._is_simulated = False
        self._number = 0
        self._file = self._begun()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quantdata-recording", daemon=True)
        self._thread.start()

    def put(self, record: Record) -> None:
        """Write a record soon; never waits. A frame that does not fit is counted, and the recording tells of it."""
        if isinstance(record, Frame):
            self._put(record, len(record.frame) + _OVERHEAD_BYTES)
        elif self._takes_more:
            # Without what says how things are, frames that follow would be read wrongly: there is always room for it.
            self._queue.append((record, 0))

    def put_answer(self, polled: Polled, at: int) -> None:
        """Write an answer soon; as a frame."""
        self._put((polled, at), int(polled.frame.estimated_size()) + _OVERHEAD_BYTES)

    def close(self, last: Record) -> None:
        """Write what waits and a last record, and end; may be called twice. It blocks: not for an event loop."""
        if not self._closing.is_set():
            self._queue.append((last, 0))
            self._closing.set()
        self._thread.join()

    def _put(self, record: Record | tuple[Polled, int], size: int) -> None:
        with self._lock:
            if not self._takes_more:
                return
            if self._waiting + size > self._bounds.waiting:
                self.lost += 1
                return
            self._waiting += size
            self._queue.append((record, size))

    @property
    def _takes_more(self) -> bool:
        return not self._closing.is_set() and self.failure is None

    # --- on the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._closing.wait(FLUSH_S):
                self._write_waiting()
            self._write_waiting()
        except Exception as error:  # the end of the thread: a full disk, say; the hub goes on
            self.failure = f"{type(error).__name__}: {error}"
            logger.error("recording ended %s", facts(folder=self._folder, why=self.failure), exc_info=error)  # noqa: TRY400  # with it
            self._queue.clear()
        finally:
            self._file.close()

    def _write_waiting(self) -> None:
        block: list[Record] = []
        size = 0
        while self._queue:
            record, length = self._queue.popleft()
            with self._lock:
                self._waiting -= length
            block.append(answer_of(record[0], at=record[1]) if isinstance(record, tuple) else record)
            size += length
            if size >= BLOCK_BYTES:
                self._write(block)
                block, size = [], 0
        if block:
            self._write(block)

    def _write(self, block: list[Record]) -> None:
        if self.lost > self._lost_told:
            block.append(Lost(at=block[-1].at, records=self.lost - self._lost_told))
            self._lost_told = self.lost
        for record in block:
            self._lasting.note(record)
            self._note_simulated(record)
        self._append(block)
        self.records += len(block)
        if self.files[self._path] >= self._bounds.file:
            self._turn(at=block[-1].at)

    def _append(self, block: list[Any]) -> None:
        text = packed(encode(block))
        written = 0
        while written < len(text):  # a disk that fills up takes a part before it refuses the rest
            written += self._file.write(text[written:])
        self.bytes += written
        self.files[self._path] += written

    def _turn(self, *, at: int) -> None:
        """Go on in the next file, which begins with how things stand; drop the oldest if there is too much."""
        self._file.close()
        self._file = self._next()
        self._append(self._lasting.again(at))
        while sum(self.files.values()) > self._bounds.total and len(self.files) > 1:
            oldest = min(self.files)
            oldest.unlink()
            # Replaced, not changed: others look at it.
            self.files = {path: size for path, size in self.files.items() if path != oldest}
            logger.warning("recording dropped its oldest file %s", facts(file=oldest, at_most_bytes=self._bounds.total))

    # --- files ------------------------------------------------------------------------------------------------------

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._number:06d}{SUFFIX}"

    def _begun(self) -> FileIO:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if any(self._folder.glob(f"*{SUFFIX}")) or (self._folder / MANIFEST).exists():
                raise ArgumentError(f"{self._folder} holds a recording already: name another folder")
            self._write_manifest()
            return self._next()
        except OSError as error:
            raise ArgumentError(f"cannot record to {self._folder}: {error.strerror or error}") from error

    def _next(self) -> FileIO:
        self._number += 1
        self.files = {**self.files, self._path: 0}
        # Unbuffered: what was written stays when the process is killed.
        return self._path.open("xb", buffering=0)

    def _note_simulated(self, record: Record) -> None:
        is_so = record.is_simulated if isinstance(record, Answer) else getattr(record, "feed", "") == "simulated"
        if is_so and not self._is_simulated:
            self._is_simulated = True
            self._write_manifest()

    def _write_manifest(self) -> None:
        manifest = {
            "format": FORMAT,
            "quantdata": __version__,
            "hub": self._hub,
            "is_simulated": self._is_simulated,
        }
        staged = self._folder / f".{MANIFEST}.part"
        staged.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        staged.replace(self._folder / MANIFEST)
