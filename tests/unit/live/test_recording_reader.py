"""What is no recording, not yet one, or one no more is told apart in words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quantdata.errors import ArgumentError, FeedError
from quantdata.live.blocks import packed
from quantdata.live.recording_reader import Reading
from quantdata.live.records import Frame, encode
from tests.unit.live.recorded import frame, opened, watched, write

if TYPE_CHECKING:
    from pathlib import Path

# Records until it is killed: a frame each millisecond, told of once a hundred are on the disk.
KILLED = """
import sys, time
from pathlib import Path
from quantdata.live.recording_writer import Bounds, Writer
from tests.unit.live.recorded import frame, opened, watched
writer = Writer(Path(sys.argv[1]), hub="test", bounds=Bounds())
for record in (opened(), watched("SPY"), *(frame(number) for number in range(100))):
    writer.put(record)
while writer.records < 102:
    time.sleep(0.01)
print("recorded", flush=True)
while True:
    writer.put(frame(1000.0))
    time.sleep(0.001)
"""


def test_a_killed_recording_is_read_up_to_its_last_complete_record(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as writing:
        assert writing.stdout is not None
        assert writing.stdout.readline() == b"recorded\n"
        writing.send_signal(signal.SIGKILL)
    reading = Reading(tmp_path)
    records = [record for block in reading.blocks() for record in block]
    assert reading.watched.chains == ("SPY",)
    assert [record for record in records if isinstance(record, Frame)][:100] == [frame(number) for number in range(100)]


def test_how_the_hub_worked_may_come_in_two_blocks(tmp_path: Path) -> None:
    write(tmp_path, opened(), watched("SPY"))
    blocks = [packed(encode([record])) for record in (opened(), watched("QQQ"))]
    (tmp_path / "000001.zst").write_bytes(b"".join(blocks))
    assert Reading(tmp_path).watched.chains == ("QQQ",)


def test_a_recording_that_was_killed_at_its_beginning_holds_nothing(tmp_path: Path) -> None:
    write(tmp_path, opened(), watched("SPY"))
    (tmp_path / "000001.zst").write_bytes(packed(encode([opened()])))
    with pytest.raises(FeedError, match="holds nothing yet"):
        Reading(tmp_path)


@pytest.mark.parametrize("path", ["nowhere", "file"])
def test_what_is_no_recording_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match=rf"{path} is no recording: .* \(manifest.json\)"):
        Reading(tmp_path / path)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("{", "manifest.json is damaged"),
        ("[]", "another format than this version of quantdata reads, which is 1"),
        (json.dumps({"format": 2, "is_simulated": False}), "another format"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path, manifest: str, message: str) -> None:
    write(tmp_path, opened(), watched("SPY"))
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(FeedError, match=message):
        Reading(tmp_path)


def test_a_block_of_something_else_is_told(tmp_path: Path) -> None:
    write(tmp_path, opened(), watched("SPY"))
    (tmp_path / "000001.zst").write_bytes(packed(b"something else"))
    with pytest.raises(FeedError, match=r"000001.zst is damaged"):
        Reading(tmp_path)


def test_a_file_that_ends_too_soon_is_told_where_others_follow(tmp_path: Path) -> None:
    write(tmp_path, opened(), watched("SPY"))
    os.truncate(tmp_path / "000001.zst", 10)
    (tmp_path / "000002.zst").write_bytes(packed(encode([frame(1.0)])))
    with pytest.raises(FeedError, match=r"000001.zst is damaged"):
        Reading(tmp_path)
