"""One stream for an account and asset class on this machine: a lock that says who has it.

Vendors allow one connection each. A second one would end the first, which would connect again and end the second: so
whoever comes second is told who was first, and polls.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from quantdata.errors import FeedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.config import Secret

__all__ = ["AccountLock"]

OWNER_ONLY: Final = 0o600
FOLDER_OWNER_ONLY: Final = 0o700
HOLDER_AT_MOST: Final = 4_096
# Windows lets nobody read what is locked, so what is locked lies beyond what is written.
LOCKED_BYTE: Final = 1 << 30


class _Holder(NamedTuple):
    """Who has a lock: what the second one is told."""

    hub: str
    pid: int
    process: str
    since: str


class AccountLock:
    """The right to open one stream; held until `release` or the end of the process, however that comes.

    Parameters
    ----------
    key
        Of the account. The file is named after a digest of it, never after the key.
    vendor, asset
        What is streamed, as in ``"massive"`` and ``"options"``.
    hub
        Name of who wants it, for whoever comes second.
    folder
        Where the lock's file is; one in the machine's temporary folder that only this user may look into, when left
        out.
    wall
        The present (UTC).

    Notes
    -----
    The kernel's lock counts, not the file: one that is left over holds nobody up. Two hubs of one process exclude each
    other too; a forked child holds nothing.
    """

    def __init__(
        self,
        key: Secret,
        *,
        vendor: str,
        asset: str,
        hub: str,
        folder: Path | None = None,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        account = hashlib.sha256(b"\0".join((key.digest(), vendor.encode(), asset.encode()))).hexdigest()[:24]
        self._what = f"{vendor} {asset} stream"
        self._hub = hub
        self._folder = folder or _own_folder()
        self._path = self._folder / f"{vendor}-{asset}-{account}.lock"
        self._wall = wall
        self._file: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object has the lock."""
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock, without waiting; nothing happens when it is held already.

        Raises
        ------
        FeedError
            Who holds it since when, and what to do; or why there can be no lock in that folder.
        """
        if self._file is not None:
            return
        try:
            self._file = self._locked()
        except OSError as error:
            raise FeedError(
                f"no {self._what}: the lock that keeps an account's streams apart cannot be had in {self._folder} "
                f"({error.strerror or error}); set TMPDIR to a folder of your own. This hub polls meanwhile"
            ) from error
        if self._file is None:
            raise FeedError(self._refusal())
        _held.add(self)
        self._sign(self._file)

    def release(self) -> None:
        """Give the lock back; may be called twice."""
        file, self._file = self._file, None
        _held.discard(self)
        if file is not None:
            os.ftruncate(file, 0)
            _unlock(file)
            os.close(file)

    def forget(self) -> None:
        """Leave the lock to the parent process, in a forked child: closing there must not unlock."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _locked(self) -> int | None:
        """Return the open and locked file; None when somebody else has it."""
        _check_folder(self._folder)
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), OWNER_ONLY)
            if not _lock(file):
                os.close(file)
                return None
            if _is_at(file, self._path):
                return file
            # Somebody cleared the folder in between: what is locked is a file that nobody else will find.
            os.close(file)

    def _sign(self, file: int) -> None:
        holder = _Holder(self._hub, os.getpid(), _process_name(), f"{self._wall():%Y-%m-%d %H:%M:%S} UTC")
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, json.dumps(holder._asdict()).encode())

    def _refusal(self) -> str:
        holder = self._holder()
        who = (
            f"hub {holder.hub!r} of process {holder.pid} ({holder.process}) has it since {holder.since}"
            if holder
            else "another hub has it"
        )
        return (
            f"{self._what}: the vendor allows one for each account, and {who}. This hub polls meanwhile; to stream "
            "here, close that hub or end its process"
        )

    def _holder(self) -> _Holder | None:
        """Return who has signed; None where that cannot be read (yet)."""
        with suppress(OSError, ValueError, TypeError):
            text = self._path.read_bytes()[:HOLDER_AT_MOST]
            return _Holder(**json.loads(text))
        return None


_held: Final[set[AccountLock]] = set()


def _forget_all() -> None:
    for lock in list(_held):
        lock.forget()
    _held.clear()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_forget_all)


def _own_folder() -> Path:
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"quantdata-{user}"


def _check_folder(folder: Path) -> None:
    """Make the folder if need be, and see that nobody else can write there.

    Raises
    ------
    OSError
        If it cannot be made, or is somebody else's, a link, or open to others.
    """
    folder.mkdir(mode=FOLDER_OWNER_ONLY, parents=True, exist_ok=True)
    if not hasattr(os, "getuid"):
        return
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("others may write there, or it is not yours")


def _process_name() -> str:
    return Path(sys.argv[0]).name or "python"


def _is_at(file: int, path: Path) -> bool:
    """Tell whether an open file is the one at a path."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), path.stat())
    return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(file: int) -> None:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
