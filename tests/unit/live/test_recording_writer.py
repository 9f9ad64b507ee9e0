"""What is written is bounded, in files and in what waits; what does not fit is counted; how it stands is never lost."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NoReturn

import pytest

from quantdata import __version__
from quantdata.errors import ArgumentError
from quantdata.live.recording_reader import Reading
from quantdata.live.recording_writer import Bounds, Writer
from quantdata.live.records import Answer, Ended, Frame, Lost, Paced, Record
from tests.unit.live.recorded import Written, answer, frame, line, ns, opened, paced, watched, write

if TYPE_CHECKING:
    from pathlib import Path

MB = 1 << 20


def bulky(after_s: float) -> Frame:
    """Return a frame of a megabyte that cannot be compressed: one block, whenever it is written."""
    return Frame(
        at=ns(after_s), vendor="massive", asset="options", frame=hashlib.shake_128(bytes([int(after_s)])).digest(MB)
    )


def read(folder: Path) -> list[Record]:
    return [record for block in Reading(folder).blocks() for record in block]


def kinds(folder: Path) -> list[str]:
    return [type(record).__name__ for record in read(folder)]


def test_records_come_back_as_they_were_put(tmp_path: Path) -> None:
    records: list[Record] = [opened(), watched("SPY"), line(), frame(1.0, {"ev": "Q"}), paced("SPY", (None, 5.0))]
    writer = write(tmp_path / "new" / "rec", *records)
    assert read(tmp_path / "new" / "rec") == [*records, Ended(at=ns(0.0))]
    assert (writer.records, writer.lost, writer.failure) == (6, 0, None)
    assert writer.bytes == sum(path.stat().st_size for path in (tmp_path / "new" / "rec").glob("*.zst"))


def test_an_answer_comes_back_as_it_was_taken(tmp_path: Path) -> None:
    polled = answer()
    polled = polled._replace(dividends=polled.frame.select("underlying_symbol", "strike"))
    write(tmp_path, opened(), watched("SPY"), (polled, 1.0))
    found = next(record for record in read(tmp_path) if isinstance(record, Answer))
    assert found.polled.frame.equals(polled.frame)
    assert found.polled.frame.schema == polled.frame.schema
    assert found.polled.dividends is not None
    assert found.polled.dividends.equals(polled.frame.select("underlying_symbol", "strike"))
    assert found.polled.span == (None, None)


@pytest.mark.parametrize(
    ("record", "is_simulated"),
    [
        (line(), False),
        (line(feed="simulated"), True),
        ((answer(), 1.0), False),
        ((answer(feed="simulated"), 1.0), True),
    ],
)
def test_the_manifest_tells_whether_anything_is_simulated(
    tmp_path: Path, record: Written, *, is_simulated: bool
) -> None:
    write(tmp_path, opened(), watched("SPY"), record)
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert manifest == {"format": 1, "quantdata": __version__, "hub": "test", "is_simulated": is_simulated}
    assert Reading(tmp_path).is_simulated is is_simulated


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_files_turn_at_their_size_and_each_begins_with_how_things_stand(tmp_path: Path) -> None:
    frames = [bulky(second) for second in (1.0, 2.0, 3.0)]
    state: list[Written] = [opened(), watched("SPY"), line(), paced("SPY", (None, 5.0))]
    write(tmp_path, *state, (answer(), 0.0), *frames, bounds=Bounds(file=MB))
    assert [path.name for path in sorted(tmp_path.glob("*.zst"))] == [f"00000{number}.zst" for number in (1, 2, 3, 4)]
    # What is there twice is read once.
    names = ["Opened", "Watched", "Line", "Paced", "Answer", "Frame", "Frame", "Frame", "Ended"]
    assert kinds(tmp_path) == names


def test_the_oldest_files_go_and_what_is_left_can_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frames = [bulky(second) for second in (1.0, 2.0, 3.0, 4.0, 5.0)]
    state: list[Written] = [opened(), watched("SPY"), line(), paced("SPY", (None, 5.0))]
    writer = write(tmp_path, *state, (answer(), 0.0), *frames, bounds=Bounds(file=MB, total=int(2.5 * MB)))
    left = sorted(tmp_path.glob("*.zst"))
    assert [path.name for path in left] == ["000004.zst", "000005.zst", "000006.zst"]
    assert sum(path.stat().st_size for path in left) == sum(writer.files.values()) <= 2.5 * MB
    assert kinds(tmp_path) == ["Opened", "Watched", "Line", "Paced", "Answer", "Frame", "Frame", "Ended"]
    assert Reading(tmp_path).opened.at == frames[2].at
    assert caplog.text.count("recording dropped its oldest file") == 3


def test_what_is_watched_no_more_is_not_carried_on(tmp_path: Path) -> None:
    known: list[Written] = [
        (answer(), 0.0),
        (answer(subject="QQQ"), 0.0),
        paced("SPY", (None, 5.0)),
        paced("QQQ", (None, 5.0)),
    ]
    later: list[Written] = [bulky(1.0), watched("QQQ", after_s=2.0), bulky(2.0), bulky(3.0)]
    write(tmp_path, opened(), watched("SPY", "QQQ"), *known, *later, bounds=Bounds(file=MB, total=int(1.5 * MB)))
    assert {record.subject for record in read(tmp_path) if isinstance(record, Answer | Paced)} == {"QQQ"}
    assert Reading(tmp_path).watched.chains == ("QQQ",)


def test_what_does_not_fit_is_counted_and_told_of_but_how_things_are_is_never_lost(tmp_path: Path) -> None:
    records: list[Written] = [opened(), watched("SPY"), line(), frame(1.0), frame(2.0), (answer(), 3.0)]
    writer = write(tmp_path, *records, paced("SPY", (None, 5.0)), bounds=Bounds(waiting=300))
    assert writer.lost == 2
    assert kinds(tmp_path) == ["Opened", "Watched", "Line", "Frame", "Paced", "Ended", "Lost"]
    assert [record.records for record in read(tmp_path) if isinstance(record, Lost)] == [2]


# --- ends -----------------------------------------------------------------------------------------------------------


def test_a_recording_is_not_written_over(tmp_path: Path) -> None:
    write(tmp_path, opened())
    with pytest.raises(ArgumentError, match="holds a recording already: name another folder"):
        Writer(tmp_path, hub="test", bounds=Bounds())


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ArgumentError, match=r"cannot record to .*taken.below: Not a directory"):
        Writer(tmp_path / "taken" / "below", hub="test", bounds=Bounds())


class FullDisk:
    """A file that takes nothing."""

    is_closed = False

    def write(self, text: bytes) -> NoReturn:
        raise OSError(28, f"No space left on device for {len(text)} bytes")

    def close(self) -> None:
        self.is_closed = True


def test_a_full_disk_ends_the_recording_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer(tmp_path, hub="test", bounds=Bounds())
    writer._file.close()
    writer._file = full = FullDisk()  # type: ignore[assignment]
    writer.put(opened())
    writer.close(Ended(at=ns(0.0)))
    assert writer.failure is not None
    assert "No space left on device" in writer.failure
    assert "recording ended" in caplog.text
    assert full.is_closed
    writer.put(frame(1.0))
    writer.put(watched("SPY"))
    assert not writer._queue


class SlowDisk:
    """A file that takes ten bytes at a time, as a disk does that fills up."""

    def __init__(self) -> None:
        self.text = b""

    def write(self, text: bytes) -> int:
        self.text += text[:10]
        return len(text[:10])

    def close(self) -> None:
        """Do nothing."""


def test_a_block_is_written_to_its_end_where_the_disk_takes_a_part(tmp_path: Path) -> None:
    writer = Writer(tmp_path, hub="test", bounds=Bounds())
    writer._file.close()
    writer._file = slow = SlowDisk()  # type: ignore[assignment]
    writer.put(opened())
    writer.put(watched("SPY"))
    writer.close(Ended(at=ns(0.0)))
    (tmp_path / "000001.zst").write_bytes(slow.text)
    assert kinds(tmp_path) == ["Opened", "Watched", "Ended"]


def test_closing_twice_writes_one_end(tmp_path: Path) -> None:
    writer = write(tmp_path, opened(), watched("SPY"))
    writer.close(Ended(at=ns(9.0)))
    assert kinds(tmp_path) == ["Opened", "Watched", "Ended"]
