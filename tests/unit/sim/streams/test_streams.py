from __future__ import annotations

from typing import Any

import pytest

from quantdata.errors import ArgumentError
from quantdata.sim.streams.ring import FIRST_NUMBER, NUMBER, Prepared, Quoted, Ring
from quantdata.sim.streams.rules import StreamRules
from quantdata.sim.streams.streams import Streams

OLD, NEW = (1.0, 2.0, 3, 4, 10, 5), (1.5, 2.5, 3, 4, 10, 6)


def test_the_last_quote_is_the_newest_of_all_keys_or_of_one() -> None:
    streams = Streams()
    streams.record("/options", "a").said(2, {"X": NEW, "Y": OLD})
    streams.record("/options", "b").said(1, {"X": OLD})
    streams.record("/stocks", "b").said(1, {"Z": OLD})
    assert streams.last_sent("/options") == {"X": NEW, "Y": OLD}
    assert streams.last_sent("/options", key="b") == {"X": OLD}
    assert streams.last_sent("/indices") == {}


def test_what_an_old_ring_sent_is_remembered_beside_what_a_new_one_does() -> None:
    record = Streams().record("/options", "a")
    ring = Ring([Prepared(NUMBER.encode(), events=1, quotes=[(0, Quoted("X", 1.0, 2.0, 3, 4))])])
    record.turn_to(ring)
    record.went_out(0, 10, 7)
    record.turn_to(Ring([]))
    record.said(1, {"Y": OLD})
    assert record.last_sent() == {"X": (1.0, 2.0, 3, 4, 10, 7_000), "Y": OLD}
    assert (record.frames, record.events) == (2, 2)


def test_frames_and_events_are_counted_per_path() -> None:
    streams = Streams()
    for key in ("a", "b"):
        record = streams.record("/options", key)
        record.connections += 1
        record.said(3, {})
    assert streams.counts() == {"/options": {"connections": 2, "frames": 2, "events": 6}}


def test_only_so_many_keys_are_remembered() -> None:
    streams = Streams()
    for number in range(300):
        streams.record("/options", str(number)).connections += 1
    assert streams.counts()["/options"]["connections"] == 256


def test_numbers_go_on_rising_per_path() -> None:
    streams = Streams()
    assert next(streams.numbers("/options")) == FIRST_NUMBER
    assert next(streams.numbers("/options")) == FIRST_NUMBER + 1
    assert next(streams.numbers("/stocks")) == FIRST_NUMBER


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_is_more_than_nothing(rate: float) -> None:
    with pytest.raises(ArgumentError, match="more than 0"):
        Streams(rate=rate)


@pytest.mark.parametrize(
    "wrong",
    [
        {"second_connection": "both"},
        {"option_quotes": 0},
        {"batch_s": -1},
        {"slow_after_s": 0},
    ],
)
def test_rules_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        StreamRules(**wrong)


def test_a_reader_may_be_slow_for_ever() -> None:
    assert StreamRules(slow_after_s=None).slow_after_s is None
