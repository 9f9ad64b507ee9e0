from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest

from quantdata.sim.faults import Fault
from quantdata.sim.tradier.answers import NULL_TEXT, Answer, encode_rows, json_body
from quantdata.sim.tradier.damage import damaged

OPTION: dict[str, Any] = {
    "symbol": "SPY261218C00600000",
    "bid": 12.0,
    "ask": 12.1,
    "greeks": {"delta": 0.5, "bid_iv": 0.16, "mid_iv": 0.161, "ask_iv": 0.162, "updated_at": "2026-11-18 16:58:47"},
    "trade_date": 0,
    "bidsize": 3,
    "bid_date": 1_795_021_199_000,
    "asksize": 4,
    "ask_date": 1_795_021_199_000,
    "contract_size": 100,
    "expiration_date": "2026-12-18",
    "root_symbol": "SPY",
}
BAR: dict[str, Any] = {
    "time": "2026-11-18T09:30:00",
    "timestamp": 1_795_012_200,
    "price": 100.0,
    "open": 99.5,
    "vwap": 100.0,
}


def after(*faults: Fault, row: Any = OPTION, count: int = 1) -> list[Any]:
    answer = Answer("options", "option", encode_rows([row] * count), is_shared=True)
    return [msgspec.json.decode(each) for each in damaged(answer, faults, dice=Random(1)).rows]  # noqa: S311


def test_greeks_go_missing_empty_or_null() -> None:
    assert "greeks" not in after(Fault("missing_blocks"))[0]
    assert after(Fault("empty_blocks"))[0]["greeks"] == {}
    assert after(Fault("null_blocks"))[0]["greeks"] is None


def test_volatilities_vanish() -> None:
    (row,) = after(Fault("zero_iv"))
    assert row["greeks"] == OPTION["greeks"] | {"bid_iv": 0.0, "mid_iv": 0.0, "ask_iv": 0.0}
    assert after(Fault("zero_iv"), row=BAR) == [BAR]


def test_quotes_cross_or_vanish() -> None:
    (crossed,) = after(Fault("crossed_quotes"))
    assert (crossed["bid"], crossed["ask"]) == (12.15, 12.0)
    (zero,) = after(Fault("zero_quotes"))
    assert {zero[key] for key in ("bid", "ask", "bidsize", "asksize")} == {0}
    assert after(Fault("zero_quotes"), Fault("crossed_quotes"), row=BAR) == [BAR]


def test_stamps_go_back_and_never_traded_stays() -> None:
    (aged,) = after(Fault("stale_times", seconds=60))
    assert (aged["bid_date"], aged["ask_date"], aged["trade_date"]) == (1_795_021_139_000, 1_795_021_139_000, 0)
    assert aged["greeks"]["updated_at"] == "2026-11-18 16:57:47"


def test_contracts_become_adjusted() -> None:
    (row,) = after(Fault("adjusted_contracts"))
    assert (row["symbol"], row["root_symbol"], row["contract_size"]) == ("SPY1261218C00600000", "SPY1", 150)
    assert after(Fault("adjusted_contracts"), row=BAR) == [BAR]


@pytest.mark.parametrize(
    ("row", "foreign"),
    [
        (OPTION, OPTION | {"symbol": "SPY271218C00600000", "expiration_date": "2027-12-18"}),
        (BAR, BAR | {"time": "2025-11-18T09:30:00", "timestamp": 1_763_476_200}),
        ({"date": "2026-11-18", "close": 1.0}, {"date": "2027-11-18", "close": 1.0}),
        ({"symbol": "SPY", "last": 1.0}, {"symbol": "SPYX", "last": 1.0}),
        ({"other": 1}, {"other": 1}),
    ],
)
def test_a_wrong_answer_holds_what_nobody_asked_for(row: dict[str, Any], foreign: dict[str, Any]) -> None:
    assert after(Fault("wrong_page"), row=row) == [foreign]


def test_rows_lose_what_tells_them_apart() -> None:
    assert "symbol" not in after(Fault("rows_without_key"))[0]
    assert after(Fault("rows_without_key"), row=BAR) == [{"price": 100.0, "open": 99.5, "vwap": 100.0}]


def test_prices_of_bars_are_no_numbers() -> None:
    (row,) = after(Fault("nan_text"), row=BAR)
    assert (row["open"], row["vwap"], row["price"]) == ("NaN", "NaN", 100.0)
    assert after(Fault("nan_text")) == [OPTION]


def test_bare_values_stay() -> None:
    assert after(Fault("rows_without_key"), row="2026-11-18") == ["2026-11-18"]


def test_a_share_of_the_rows_is_hit_or_lost() -> None:
    rows = after(Fault("null_blocks", share=0.5), count=200)
    assert 60 < sum(row["greeks"] is None for row in rows) < 140
    assert 60 < len(after(Fault("lost_rows", share=0.5), count=200)) < 140


def test_rows_come_in_any_order() -> None:
    rows = encode_rows(range(50))
    found = damaged(Answer("strikes", "strike", rows), [Fault("unsorted")], dice=Random(1))  # noqa: S311
    assert found.rows != rows
    assert sorted(found.rows) == sorted(rows)


@pytest.mark.parametrize(
    ("answer", "emptied", "worded"),
    [
        (Answer("options", "option", [b"{}"]), b'{"options":null}', b'{"options":"null"}'),
        (Answer("series", "data", [b"{}"], empty=NULL_TEXT), b'{"series":"null"}', b'{"series":"null"}'),
        (Answer("quotes", "quote", also={"unmatched_symbols": {}}), b'{"quotes":null}', b'{"quotes":"null"}'),
        (Answer(whole={"clock": {"state": "open"}}), b'{"clock":null}', b'{"clock":"null"}'),
        (Answer(whole=[{"request": "SPY"}]), b"[]", b"[]"),
    ],
)
def test_collections_become_empty(answer: Answer, emptied: bytes, worded: bytes) -> None:
    dice = Random(1)  # noqa: S311
    assert json_body(damaged(answer, [Fault("empty_results")], dice=dice)) == emptied
    assert json_body(damaged(answer, [Fault("null_text")], dice=dice)) == worded


def test_the_answers_own_rows_stay() -> None:
    answer = Answer("options", "option", encode_rows([OPTION]))
    damaged(answer, [Fault("crossed_quotes"), Fault("stale_times")], dice=Random(1))  # noqa: S311
    assert msgspec.json.decode(answer.rows[0]) == OPTION
