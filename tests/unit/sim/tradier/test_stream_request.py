from __future__ import annotations

import json

import msgspec
import pytest

from quantdata.sim.tradier.stream_request import KINDS, StreamRequest, from_parameters, from_text


def test_a_frame_names_symbols_and_session_and_may_leave_the_rest() -> None:
    text = json.dumps({"symbols": ["SPY", " QQQ ", "SPY", ""], "sessionid": "s"})
    assert from_text(text) == StreamRequest("s", ("SPY", "QQQ"), KINDS, has_linebreak=False)


def test_a_frame_chooses_kinds_and_line_breaks() -> None:
    text = json.dumps(
        {
            "symbols": ["SPY"],
            "sessionid": "s",
            "filter": ["quote", "rumour"],
            "linebreak": True,
            "validOnly": False,
            "advancedDetails": True,
        }
    ).encode()
    assert from_text(text) == StreamRequest("s", ("SPY",), frozenset({"quote"}), has_linebreak=True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"symbols":["SPY"]}', '{"sessionid":"s"}', '{"symbols":"SPY"}'])
def test_what_is_no_request_is_an_error(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        from_text(text)


def test_parameters_say_the_same_in_lists() -> None:
    given = {"sessionid": "s", "symbols": "SPY, QQQ", "filter": "trade,quote", "linebreak": "True"}
    assert from_parameters(given) == StreamRequest(
        "s", ("SPY", "QQQ"), frozenset({"trade", "quote"}), has_linebreak=True
    )
    assert from_parameters({}) == StreamRequest("", (), KINDS, has_linebreak=False)
