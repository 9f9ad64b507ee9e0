from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from quantdata.sim.faults import Fault
from quantdata.sim.massive.answers import Answer, encode_rows
from quantdata.sim.massive.damage import damaged, damaged_link

if TYPE_CHECKING:
    from collections.abc import Callable

ROW: dict[str, Any] = {
    "day": {"close": 12, "last_updated": 1_794_978_000_000_000_000},
    "details": {
        "contract_type": "call",
        "expiration_date": "2026-12-18",
        "shares_per_contract": 100,
        "ticker": "O:SPY261218C00600000",
    },
    "greeks": {"delta": 0.5},
    "last_quote": {
        "bid": 12,
        "ask": 12.1,
        "bid_size": 3,
        "ask_size": 4,
        "midpoint": 12.05,
        "last_updated": 1_795_021_200_000_000_000,
    },
}


def dice() -> Random:
    return Random(1)  # noqa: S311 - repeatable by intent


def after(*faults: Fault, row: dict[str, Any] = ROW, count: int = 1) -> list[dict[str, Any]]:
    answer = Answer(rows=encode_rows([row] * count), is_shared=True)
    found = damaged(answer, faults, dice=dice())
    assert not found.is_shared
    return [msgspec.json.decode(each) for each in found.rows]


def test_blocks_go_missing_empty_or_null() -> None:
    (missing,) = after(Fault("missing_blocks", blocks=("greeks", "last_quote")))
    assert missing.keys() == {"day", "details"}
    (empty,) = after(Fault("empty_blocks", blocks=("greeks",)))
    assert empty["greeks"] == {}
    assert empty["last_quote"] == ROW["last_quote"]
    (null,) = after(Fault("null_blocks", blocks=("greeks",)))
    assert null["greeks"] is None


def test_quotes_cross_or_vanish() -> None:
    (crossed,) = after(Fault("crossed_quotes"))
    assert crossed["last_quote"]["bid"] > crossed["last_quote"]["ask"]
    (zero,) = after(Fault("zero_quotes"))
    assert {zero["last_quote"][key] for key in ("bid", "ask", "bid_size", "ask_size", "midpoint")} == {0}


@pytest.mark.parametrize("row", [{"bid_price": 1, "ask_price": 2}, {"lastQuote": {"p": 1, "P": 2, "s": 1, "S": 1}}])
def test_every_spelling_of_a_quote_crosses(row: dict[str, Any]) -> None:
    (crossed,) = after(Fault("crossed_quotes"), row=row)
    quote = crossed.get("lastQuote", crossed)
    assert max(quote.get("bid_price", 0), quote.get("p", 0)) > 2


def test_ticks_age_and_days_do_not() -> None:
    (aged,) = after(Fault("stale_times", seconds=60))
    assert aged["last_quote"]["last_updated"] == ROW["last_quote"]["last_updated"] - 60 * 10**9
    assert aged["day"] == ROW["day"]


def test_contracts_become_adjusted_or_errors() -> None:
    (adjusted,) = after(Fault("adjusted_contracts"))
    assert adjusted["details"]["ticker"] == "O:SPY1261218C00600000"
    assert adjusted["details"]["shares_per_contract"] == 150
    (error,) = after(Fault("row_errors"))
    assert error == {"ticker": "O:SPY261218C00600000", "error": "NOT_FOUND", "message": "Ticker not found."}


def test_a_wrong_page_holds_what_nobody_asked_for() -> None:
    (wrong,) = after(Fault("wrong_page"))
    assert (wrong["details"]["expiration_date"], wrong["details"]["contract_type"]) == ("2027-12-18", "put")


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ({"t": 1_795_021_200_000}, {"t": 1_763_485_200_000}),
        ({"sip_timestamp": 1_795_021_200_000_000_000}, {"sip_timestamp": 1_763_485_200_000_000_000}),
        ({"ticker": "I:SPX"}, {"ticker": "I:SPXX"}),
    ],
)
def test_a_wrong_page_of_other_rows_is_a_year_old_or_of_other_tickers(
    row: dict[str, Any], wrong: dict[str, Any]
) -> None:
    assert after(Fault("wrong_page"), row=row) == [wrong]


def test_unsorted_rows_are_the_same_rows_in_another_order() -> None:
    rows = encode_rows({"t": number} for number in range(50))
    found = damaged(Answer(rows=rows, next_path="/x"), [Fault("unsorted")], dice=dice())
    assert found.rows != rows
    assert sorted(found.rows) == sorted(rows)
    assert found.next_path == "/x"


def test_rows_lose_what_tells_them_apart() -> None:
    (contract,) = after(Fault("rows_without_key"))
    assert contract == ROW | {"details": {key: value for key, value in ROW["details"].items() if key != "ticker"}}
    assert after(Fault("rows_without_key"), row={"ticker": "SPY", "t": 1, "sip_timestamp": 2, "c": 3}) == [{"c": 3}]
    some = after(Fault("rows_without_key", share=0.5), row={"t": 1, "c": 3}, count=200)
    assert 60 < sum("t" not in row for row in some) < 140


def test_empty_results_end_the_list() -> None:
    answer = damaged(Answer(rows=[b"{}"], next_path="/x"), [Fault("empty_results")], dice=dice())
    assert answer.rows == ()
    assert answer.next_path is None


def test_a_share_of_the_rows_is_hit() -> None:
    rows = after(Fault("missing_blocks", blocks=("greeks",), share=0.5), count=200)
    assert 60 < sum("greeks" not in row for row in rows) < 140


def test_faults_add_up_and_the_original_rows_stay() -> None:
    answer = Answer(rows=encode_rows([ROW]))
    damaged(answer, [Fault("crossed_quotes"), Fault("stale_times")], dice=dice())
    assert msgspec.json.decode(answer.rows[0]) == ROW


def test_the_link_loops_or_leaves() -> None:
    link: Callable[..., str | None] = damaged_link
    own, onward = "http://sim/a?cursor=1", "http://sim/a?cursor=2"
    assert link(onward, own, [Fault("next_url_loop")], base_url="http://sim") == own
    assert link(onward, own, [Fault("foreign_next_url")], base_url="http://sim") == "https://api.polygon.io/a?cursor=2"
    assert link(None, own, [Fault("foreign_next_url")], base_url="http://sim") is None
    assert link(onward, own, [], base_url="http://sim") == onward
