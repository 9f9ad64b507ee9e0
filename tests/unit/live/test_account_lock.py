"""The account lock: one stream for each account and asset class, and the second is told who has it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from quantdata.config import Secret
from quantdata.errors import FeedError
from quantdata.live import account_lock
from quantdata.live.account_lock import AccountLock

if TYPE_CHECKING:
    from pathlib import Path

KEY = "a-key-that-nobody-shows"
NOON = datetime(2026, 11, 18, 17, 0, 5, tzinfo=UTC)

HOLDING = """
import os, sys
from pathlib import Path
from quantdata.config import Secret
from quantdata.live.account_lock import AccountLock
lock = AccountLock(Secret(sys.argv[1]), vendor="massive", asset="options", hub="first", folder=Path(sys.argv[2]))
lock.acquire()
"""
UNTIL_TOLD = "print('holding', flush=True); sys.stdin.read()"
AND_LEAVE_A_CHILD = """
if os.fork():
    os._exit(0)
assert not lock.is_held
"""


def _lock(folder: Path, *, key: str = KEY, asset: str = "options", hub: str = "main") -> AccountLock:
    return AccountLock(Secret(key), vendor="massive", asset=asset, hub=hub, folder=folder, wall=lambda: NOON)


def _elsewhere(folder: Path, script: str) -> subprocess.Popen[str]:
    """Start a process that holds the lock, and return when it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, KEY, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    return process


def test_the_second_hub_of_one_process_is_told_who_was_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/research.py", "--key", KEY])
    first, second = _lock(tmp_path, hub="research"), _lock(tmp_path)
    first.acquire()
    with pytest.raises(FeedError) as refusal:
        second.acquire()
    assert str(refusal.value) == (
        "massive options stream: the vendor allows one for each account, and hub 'research' of process "
        f"{os.getpid()} (research.py) has it since 2026-11-18 17:00:05 UTC. This hub polls meanwhile; to stream here, "
        "close that hub or end its process"
    )
    assert (first.is_held, second.is_held) == (True, False)
    first.release()


def test_a_lock_given_back_is_free_and_may_be_given_back_twice(tmp_path: Path) -> None:
    first, second = _lock(tmp_path), _lock(tmp_path)
    first.acquire()
    first.acquire()
    first.release()
    first.release()
    second.acquire()
    assert (first.is_held, second.is_held) == (False, True)
    second.release()


def test_accounts_and_asset_classes_do_not_exclude_each_other(tmp_path: Path) -> None:
    locks = [_lock(tmp_path), _lock(tmp_path, asset="indices"), _lock(tmp_path, key="another")]
    for lock in locks:
        lock.acquire()
    assert all(lock.is_held for lock in locks)
    for lock in locks:
        lock.release()


def test_the_file_is_its_owners_and_shows_no_key(tmp_path: Path) -> None:
    lock = _lock(tmp_path / "new")
    lock.acquire()
    (path,) = (tmp_path / "new").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert KEY not in path.name
    assert KEY not in path.read_text()
    lock.release()
    assert path.read_text() == ""


def test_a_process_that_dies_gives_its_lock_back(tmp_path: Path) -> None:
    lock = _lock(tmp_path)
    with _elsewhere(tmp_path, HOLDING + UNTIL_TOLD) as other:
        with pytest.raises(FeedError, match=rf"hub 'first' of process {other.pid} \(-c\) has it"):
            lock.acquire()
        other.kill()
        other.wait()
        lock.acquire()
    assert lock.is_held
    lock.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_child_holds_nothing_when_its_parent_is_gone(tmp_path: Path) -> None:
    lock = _lock(tmp_path)
    with _elsewhere(tmp_path, HOLDING + AND_LEAVE_A_CHILD + UNTIL_TOLD) as other:
        other.wait()
        lock.acquire()
        assert lock.is_held
    lock.release()


def test_a_forked_child_does_not_unlock_its_parents_lock(tmp_path: Path) -> None:
    first, second = _lock(tmp_path), _lock(tmp_path)
    first.acquire()
    assert first._file is not None
    own = os.dup(first._file)
    # As in the child, where the file has another descriptor in the parent.
    account_lock._forget_all()
    first.forget()
    assert not first.is_held
    with pytest.raises(FeedError, match="hub 'main'"):
        second.acquire()
    first.release()
    os.close(own)
    second.acquire()
    second.release()


def test_a_file_left_over_holds_nobody_up(tmp_path: Path) -> None:
    lock = _lock(tmp_path)
    lock._path.write_text('{"hub": "long gone", "pid": 1, "process": "python", "since": "once"}')
    lock.acquire()
    assert "long gone" not in lock._path.read_text()
    lock.release()


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"hub": "main"}'])
def test_a_holder_that_has_not_signed_is_another_hub(tmp_path: Path, text: str) -> None:
    first, second = _lock(tmp_path), _lock(tmp_path)
    first.acquire()
    first._path.write_text(text)
    with pytest.raises(FeedError, match="for each account, and another hub has it"):
        second.acquire()
    first.release()


def test_a_file_that_was_removed_meanwhile_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, really = _lock(tmp_path), account_lock._lock
    removed: list[int] = []

    def remove_first(file: int) -> bool:
        if not removed:
            lock._path.unlink()
        removed.append(file)
        return really(file)

    monkeypatch.setattr(account_lock, "_lock", remove_first)
    lock.acquire()
    assert len(removed) == 2
    monkeypatch.undo()
    with pytest.raises(FeedError):
        _lock(tmp_path).acquire()
    lock.release()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owner on this system")
def test_a_folder_in_which_others_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(
        FeedError, match=r"cannot be had in .* \(others may write there, or it is not yours\); set TMPDIR"
    ):
        _lock(tmp_path).acquire()


def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    lock = _lock(tmp_path)
    target = tmp_path / "target"
    target.write_text("mine")
    lock._path.symlink_to(target)
    with pytest.raises(FeedError, match="massive options stream: the lock"):
        lock.acquire()
    assert target.read_text() == "mine"


def test_folders_without_owners_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getuid", raising=False)
    tmp_path.chmod(0o777)
    lock = _lock(tmp_path)
    lock.acquire()
    assert lock.is_held
    lock.release()


def test_the_usual_folder_is_this_users_in_the_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    lock = AccountLock(Secret(KEY), vendor="massive", asset="options", hub="main")
    lock.acquire()
    assert [path.name for path in tmp_path.iterdir()] == [f"quantdata-{os.getuid()}"]
    lock.release()
    monkeypatch.delattr(os, "getuid")
    assert (
        AccountLock(Secret(KEY), vendor="massive", asset="options", hub="main")._folder == tmp_path / "quantdata-user"
    )
