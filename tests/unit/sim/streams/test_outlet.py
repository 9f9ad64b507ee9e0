from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.faults import Fault, FaultKind, Faults
from quantdata.sim.massive.events import EventGrammar
from quantdata.sim.streams.link import framed
from quantdata.sim.streams.outlet import Outlet
from quantdata.sim.streams.rules import StreamRules

if TYPE_CHECKING:
    from collections.abc import Sequence

QUOTE = {"ev": "Q", "sym": "O:X", "bp": 1.0, "ap": 1.1, "t": 1_795_000_000_000, "q": 9_000}
VALUE = {"ev": "V", "T": "I:SPX", "val": 6_000.5, "t": 1_795_000_000_000}
BAR = {"ev": "AM", "sym": "O:X", "v": 10, "av": 100, "o": 1.0, "h": 1.2, "l": 1.0, "c": 1.1, "s": 0, "e": 60_000}
PAYLOAD = json.dumps([QUOTE, VALUE], separators=(",", ":")).encode()


class FakeLink:
    """What was done to a connection, in order."""

    def __init__(self) -> None:
        self.pushed: list[bytes] = []
        self.done: list[str] = []
        self.waiting = 0
        self.is_open = True

    def push(self, frame: bytes) -> None:
        self.pushed.append(frame)

    def reset(self) -> None:
        self.done.append("reset")

    def deafen(self) -> None:
        self.done.append("deafen")

    def hang_up(self, code: int) -> None:
        self.done.append(f"close {code}")


class Made:
    """An outlet over a fake link, a clock that stands still, and faults."""

    def __init__(self, *faults: Fault, rules: StreamRules | None = None, last_word: bytes = b"[slow]") -> None:
        self.link, self.now, self.faults = FakeLink(), 0.0, Faults()
        self.faults.add(*faults)
        self.outlet = Outlet(
            self.link,
            wrap=lambda payload: b"<" + payload + b">",
            strike=self._strike,
            grammar=EventGrammar(),
            last_word=last_word,
            rules=rules or StreamRules(),
            monotonic=lambda: self.now,
        )

    def _strike(self, has_minutes: bool) -> Sequence[Fault]:  # noqa: FBT001 - as the outlet calls it
        return self.faults.strike(vendor="massive", path="/options", stage="frame", has_minutes=has_minutes)

    def send(self, payload: bytes = PAYLOAD) -> bool:
        return self.outlet.send(self.outlet.packet(payload, 2))

    def sent(self) -> list[Any]:
        return [json.loads(frame[1:-1]) for frame in self.link.pushed]


def hit(kind: FaultKind, payload: bytes = PAYLOAD) -> tuple[bool, list[Any]]:
    """Return whether a frame that a fault hit counts as sent, and the frames that went out."""
    made = Made(Fault(kind))
    return made.send(payload), made.sent()


def test_a_frame_goes_out_as_it_is() -> None:
    made = Made()
    assert made.send()
    assert made.link.pushed == [b"<" + PAYLOAD + b">"]


def test_nothing_goes_out_of_a_closed_connection() -> None:
    made = Made()
    made.link.is_open = False
    assert not made.send()
    assert made.link.pushed == []


def test_frames_are_skipped_and_counted() -> None:
    made = Made(Fault("socket_close", skip=2, times=1))
    assert [made.send() for _ in range(4)] == [True, True, False, True]
    assert made.faults.active()[0][1] == 1


@pytest.mark.parametrize(
    ("kind", "done", "pushed"),
    [
        ("socket_drop", ["reset"], [(b"<" + PAYLOAD + b">")[: (len(PAYLOAD) + 2) // 2]]),
        ("socket_close", ["close 1000"], []),
        ("silence", [], []),
        ("half_open", ["deafen"], []),
        ("slow_consumer", ["close 1008"], [b"<[slow]>"]),
        ("invalid_frame", [], [b"<" + PAYLOAD[: len(PAYLOAD) * 2 // 3] + b">"]),
    ],
)
def test_a_fault_that_loses_the_frame_says_so(kind: FaultKind, done: list[str], pushed: list[bytes]) -> None:
    made = Made(Fault(kind))
    assert not made.send()
    assert (made.link.done, made.link.pushed) == (done, pushed)


@pytest.mark.parametrize("kind", ["silence", "half_open"])
def test_after_silence_nothing_is_said_any_more(kind: FaultKind) -> None:
    made = Made(Fault(kind, times=1))
    made.send()
    made.outlet.tell(b"[]")
    assert not made.send()
    assert made.link.pushed == []


def test_repeated_events_come_twice() -> None:
    assert hit("repeated_events") == (True, [[QUOTE, VALUE]] * 2)


def test_unknown_events_come_first_and_unknown_keys_in_all() -> None:
    counts, (events,) = hit("unknown_events")
    assert counts
    assert events[0]["ev"] == "ZZ"
    assert [{key: each[key] for key in known} for each, known in zip(events[1:], (QUOTE, VALUE), strict=True)] == [
        QUOTE,
        VALUE,
    ]
    assert all(isinstance(each["nested"], dict) for each in events[1:])


def test_mixed_units_are_milliseconds_and_nanoseconds() -> None:
    counts, (events,) = hit("mixed_units")
    assert counts
    assert [each["t"] for each in events] == [1_795_000_000_000_000_000, 1_795_000_000_000]


def test_unordered_events_are_followed_by_older_ones_that_differ() -> None:
    counts, (events, late) = hit("unordered_events")
    assert counts
    assert events == [QUOTE, VALUE]
    assert late == [
        QUOTE | {"t": 1_794_999_997_500, "q": 8_500, "bp": 1.35, "ap": 1.45},
        VALUE | {"t": 1_794_999_997_500, "val": 6_000.85},
    ]


def test_a_revision_needs_a_minute_bar() -> None:
    made = Made(Fault("revised_minutes", times=1))
    assert made.send()
    assert made.send(json.dumps([BAR, QUOTE], separators=(",", ":")).encode())
    assert made.sent() == [[QUOTE, VALUE], [BAR, QUOTE], [BAR | {"v": 13, "av": 103, "h": 1.21, "c": 1.21}]]


def test_bars_have_no_older_ones_and_no_other_unit() -> None:
    bars = json.dumps([BAR], separators=(",", ":")).encode()
    assert hit("unordered_events", bars) == (True, [[BAR]])
    assert hit("mixed_units", bars) == (True, [[BAR]])


def test_a_slow_reader_is_held_up_then_told_and_closed() -> None:
    made = Made(rules=StreamRules(buffer_bytes=1_000, slow_after_s=5.0))
    assert not made.outlet.is_held_up()
    made.link.waiting = 1_001
    assert made.outlet.is_held_up()
    made.now = 4.9
    made.link.waiting = 600  # better, but not over
    assert not made.outlet.is_held_up()
    assert made.link.done == []
    made.now = 5.0
    made.outlet.is_held_up()
    assert (made.link.pushed, made.link.done) == ([b"<[slow]>"], ["close 1008"])


def test_a_reader_that_catches_up_begins_anew() -> None:
    made = Made(rules=StreamRules(buffer_bytes=1_000, slow_after_s=5.0))
    for made.now, made.link.waiting in ((0.0, 1_001), (4.0, 200), (6.0, 1_001), (10.9, 1_001)):
        made.outlet.is_held_up()
    assert made.link.done == []


def test_a_reader_may_be_slow_for_ever_and_a_vendor_without_a_word_says_none() -> None:
    made = Made(rules=StreamRules(buffer_bytes=1, slow_after_s=None), last_word=b"")
    made.link.waiting = 2
    for made.now in (0.0, 1e6):
        assert made.outlet.is_held_up()
    made.outlet.give_up()
    assert (made.link.pushed, made.link.done) == ([], ["close 1008"])


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_text_of_any_length_becomes_one_frame(size: int) -> None:
    frame = framed(b"x" * size)
    length = frame[1] if size < 126 else int.from_bytes(frame[2:4] if size < 65_536 else frame[2:10])
    assert (frame[0], length, frame[-size:] if size else b"") == (0x81, size, b"x" * size)
