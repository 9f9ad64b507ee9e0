from __future__ import annotations

import json
from itertools import islice

from quantdata.sim.streams.link import framed
from quantdata.sim.streams.ring import END, FIRST_NUMBER, MOMENT, START, Prepared, Quoted, Ring, numbered

MOMENT_MS = 1_795_000_012_345
TEXT = ",".join(f'{{"sym":"{symbol}","t":{MOMENT},"q":{numbered(place)}}}' for place, symbol in enumerate("AB"))


def prepared(symbols: str = "AB", bid: float = 1.0) -> Prepared:
    quotes = [(place, Quoted(symbol, bid, 2.0, 3, 4)) for place, symbol in enumerate(symbols)]
    return Prepared(f"[{TEXT}]".encode(), events=2, quotes=quotes)


def test_a_frame_goes_out_with_its_moment_and_numbers_that_rise() -> None:
    frame = prepared()
    for number in (FIRST_NUMBER, FIRST_NUMBER + 1):
        packet = frame.at(MOMENT_MS, number)
        assert packet.frame == framed(packet.payload)
        assert json.loads(packet.payload) == [
            {"sym": "A", "t": MOMENT_MS, "q": number * 1_000},
            {"sym": "B", "t": MOMENT_MS, "q": number * 1_000 + 1},
        ]


def test_what_went_out_stays_when_the_next_one_is_made() -> None:
    frame = prepared()
    first = frame.at(MOMENT_MS, FIRST_NUMBER)
    kept = bytes(first.payload)
    frame.at(MOMENT_MS + 1, FIRST_NUMBER + 1)
    assert first.payload == kept


def test_a_minutes_ends_are_those_around_the_moment() -> None:
    frame = Prepared(f'{{"s":{START},"e":{END}}}\n'.encode(), events=1, wrap=lambda payload: b"<" + payload + b">")
    packet = frame.at(MOMENT_MS, FIRST_NUMBER)
    assert packet.frame == b'<{"s":1794999960000,"e":1795000020000}\n>'
    assert packet.payload == packet.frame[1:-1]


def test_the_last_quotes_are_those_of_the_frames_that_went_out_last() -> None:
    ring = Ring([prepared(bid=1.0), prepared("BC", bid=5.0), prepared("AB", bid=7.0)])
    assert list(islice(ring.turn, 4)) == [0, 1, 2, 0]
    ring.went_out(0, 10, 100)
    assert ring.last_sent() == {"A": (1.0, 2.0, 3, 4, 10, 100_000), "B": (1.0, 2.0, 3, 4, 10, 100_001)}
    assert ring.went_out(1, 11, 101) is ring.frames[1]
    ring.went_out(2, 11, 102)
    assert ring.last_sent() == {
        "A": (7.0, 2.0, 3, 4, 11, 102_000),
        "B": (7.0, 2.0, 3, 4, 11, 102_001),
        "C": (5.0, 2.0, 3, 4, 11, 101_001),
    }


def test_a_ring_without_frames_has_sent_nothing() -> None:
    assert Ring([]).last_sent() == {}
