"""The messages of the protocol: arrays are little-endian bytes, the text part is fit for JSON."""

from __future__ import annotations

import json

import numpy as np

from quantdata.widgets import messages
from quantdata.widgets.messages import Changes

CHANGES = Changes(np.array([1, 258], dtype=np.uint32), np.array([1.5, np.nan]))


def test_a_snapshot_brings_strikes_then_places_then_values() -> None:
    told = messages.snapshot(
        "a", epoch=2, sequence=7, layout={"rows": 1}, status={"at": 5}, strikes=np.array([600.0]), changes=CHANGES
    )
    assert told.content == {
        "kind": "snapshot",
        "to": "a",
        "epoch": 2,
        "sequence": 7,
        "layout": {"rows": 1},
        "status": {"at": 5},
    }
    strikes, places, values = told.buffers
    assert np.frombuffer(strikes, "<f8").tolist() == [600.0]
    assert places == bytes([1, 0, 0, 0, 2, 1, 0, 0])
    assert str(np.frombuffer(values, "<f8").tolist()) == "[1.5, nan]"


def test_a_delta_says_what_is_urgent_and_what_is_new_alone() -> None:
    plain = messages.delta("a", epoch=1, sequence=2, is_urgent=False, status=None, changes=CHANGES)
    assert plain.content == {"kind": "delta", "to": "a", "epoch": 1, "sequence": 2}
    urgent = messages.delta("a", epoch=1, sequence=3, is_urgent=True, status={"at": 1}, changes=CHANGES)
    assert urgent.content["urgent"] is True
    assert urgent.content["status"] == {"at": 1}
    assert json.loads(json.dumps(urgent.content, allow_nan=False)) == urgent.content


def test_a_sign_of_life_and_the_last_word_have_no_arrays() -> None:
    assert messages.ping("a", epoch=3) == ({"kind": "ping", "to": "a", "epoch": 3}, [])
    assert messages.closed() == ({"kind": "closed", "to": "*"}, [])
