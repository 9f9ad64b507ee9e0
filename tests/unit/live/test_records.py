"""Records: what goes in comes out, and writing an answer stops nobody who looks at the same frame."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from quantdata.live.records import answer_of, decode, encode, frame_of
from tests.unit.live.recorded import answer, frame, line, ns, opened, paced, watched

if TYPE_CHECKING:
    from quantdata.live.records import Record

# The hub looks at a frame while the recording's thread writes it: here in between, on the same thread.
LOOKED_AT = """
import io
from quantdata.live import records
from tests.unit.live.recorded import answer
polled = answer()
class Looking(io.BytesIO):
    def write(self, text):
        polled.frame.is_empty()
        return super().write(text)
records.io.BytesIO = Looking
records.answer_of(polled, at=0)
print("written")
"""


def test_records_of_all_kinds_come_back_from_a_block() -> None:
    records: list[Record] = [opened(), watched("SPY"), line(), frame(1.0), paced("SPY", (None, 5.0))]
    records.append(answer_of(answer(), at=ns(1.0)))
    assert decode(encode(records)) == records


def test_what_is_no_block_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(b"something else")


def test_an_answer_holds_its_frame() -> None:
    polled = answer(feed="simulated")
    record = answer_of(polled, at=ns(1.0))
    assert record.is_simulated
    assert record.dividends is None
    assert frame_of(record.rows).equals(polled.frame)


def test_a_frame_can_be_looked_at_while_it_is_written() -> None:
    # In a process of its own: what holds all threads up holds up a test's time limit too.
    done = subprocess.run([sys.executable, "-c", LOOKED_AT], capture_output=True, check=True, timeout=50.0)
    assert done.stdout == b"written\n"
