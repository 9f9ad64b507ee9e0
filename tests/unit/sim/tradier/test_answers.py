from __future__ import annotations

import msgspec
import pytest

from quantdata.sim.tradier.answers import NULL_TEXT, Answer, collapsed, encode_rows, json_body, xml_body


def test_one_item_is_an_object_and_several_are_a_list() -> None:
    one = Answer("history", "day", encode_rows([{"date": "2026-11-18"}]))
    assert json_body(one) == b'{"history":{"day":{"date":"2026-11-18"}}}'
    two = Answer("strikes", "strike", encode_rows([450.0, 455.5]))
    assert json_body(two) == b'{"strikes":{"strike":[450.0,455.5]}}'
    assert json_body(Answer("strikes", "strike", encode_rows([450.0]))) == b'{"strikes":{"strike":450.0}}'


def test_no_item_is_null_or_the_word() -> None:
    assert json_body(Answer("options", "option")) == b'{"options":null}'
    assert json_body(Answer("series", "data", empty=NULL_TEXT)) == b'{"series":"null"}'


def test_what_stands_beside_the_items_comes_after_them() -> None:
    beside = {"unmatched_symbols": {"symbol": "X"}}
    answer = Answer("quotes", "quote", [b"{}"], also=beside)
    assert json_body(answer) == b'{"quotes":{"quote":{},"unmatched_symbols":{"symbol":"X"}}}'
    assert json_body(Answer("quotes", "quote", also=beside)) == b'{"quotes":{"unmatched_symbols":{"symbol":"X"}}}'


def test_slashes_are_escaped_and_read_back() -> None:
    body = json_body(Answer("quotes", "quote", encode_rows([{"symbol": "BRK/B"}])))
    assert body == rb'{"quotes":{"quote":{"symbol":"BRK\/B"}}}'
    assert msgspec.json.decode(body)["quotes"]["quote"]["symbol"] == "BRK/B"


@pytest.mark.parametrize(("items", "expected"), [([], None), ([1], 1), ([1, 2], [1, 2])])
def test_collections_inside_rows_collapse_too(items: list[int], expected: object) -> None:
    assert collapsed(items) == expected


def test_xml_says_the_same() -> None:
    rows = encode_rows(
        [{"symbol": "A&B", "last": None, "strikes": {"strike": [1.0, 2.0]}}, {"symbol": "C", "on": True}]
    )
    head, _, body = xml_body(Answer("quotes", "quote", rows)).decode().partition("\n")
    assert head == '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    assert body == (
        "<quotes>"
        "<quote><symbol>A&amp;B</symbol><last/><strikes><strike>1.0</strike><strike>2.0</strike></strikes></quote>"
        "<quote><symbol>C</symbol><on>true</on></quote>"
        "</quotes>"
    )


def test_nothing_is_an_empty_element_and_a_bare_list_gets_a_root() -> None:
    assert xml_body(Answer("series", "data", empty=NULL_TEXT)).endswith(b"\n<series/>")
    assert xml_body(Answer(whole=[{"request": "X"}])).endswith(b"\n<items><item><request>X</request></item></items>")
