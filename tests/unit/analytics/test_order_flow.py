"""Order flow from the tape, from the chain, and of what nothing is known."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from quantdata.analytics.order_flow import by_premium, chain_flow, noted, tape_flow, unknown_flow
from quantdata.frames.columns import FLOW, schema
from tests.unit.analytics.tape_rows import CALL, NOON, PUT, contracts, prints, quotes

BOOK = ({"at": 0, "bid": 1.00, "ask": 1.10}, {"at": 0, "bid": 1.00, "ask": 1.10, "symbol": PUT})
BOUGHT, SOLD, AT_MID = 1.10, 1.00, 1.05


def flow(*rows: dict[str, Any], **contract: Any) -> dict[str, Any]:
    """Return the one row of a call's order flow."""
    found = tape_flow(prints(*rows), quotes(*BOOK), contracts(contract))
    assert found.schema == schema(FLOW)
    return found.row(0, named=True)


# --- tape -----------------------------------------------------------------------------------------------------------


def test_volume_falls_into_bought_sold_and_unclassified() -> None:
    row = flow(
        {"at": 1, "price": BOUGHT, "size": 30},
        {"at": 5_010, "price": AT_MID, "size": 5},
        {"at": 15_000, "price": SOLD, "size": 10},
        {"at": 20_000, "price": BOUGHT, "size": 7, "conditions": [232]},
        {"at": 20_001, "price": BOUGHT, "size": 99, "conditions": [201]},
        open_interest=104,
    )
    assert (row["trade_count"], row["volume"]) == (4, 52)
    assert (row["buy_volume"], row["sell_volume"], row["unclassified_volume"]) == (30, 10, 12)
    assert row["buy_pressure"] == 75.0
    assert row["premium"] == pytest.approx(100 * (30 * 1.10 + 5 * 1.05 + 10 * 1.00 + 7 * 1.10))
    assert row["volume_oi_ratio"] == 0.5
    assert row["method"] == "tape"
    assert row["confidence"] is None
    assert row["notes"] is None
    assert row["updated_ts"].second == 20
    assert (row["source"], row["snapshot_ts"], row["feed"]) == ("massive", NOON, "realtime")


def test_a_contract_without_prints_has_no_volume_and_no_pressure() -> None:
    row = flow()
    counts = ("trade_count", "volume", "premium", "buy_volume", "sell_volume", "unclassified_volume", "block_count")
    assert [row[name] for name in (*counts, "sweep_count")] == [0] * 8
    assert (row["buy_pressure"], row["flow_score"], row["updated_ts"]) == (None, None, None)
    assert (row["flow_bias"], row["is_unusual"]) == ("neutral", False)


def test_unsigned_volume_has_no_pressure() -> None:
    row = flow({"at": 1, "price": BOUGHT, "size": 7, "conditions": [227]})
    assert (row["volume"], row["unclassified_volume"], row["buy_pressure"], row["flow_score"]) == (7, 7, None, None)


@pytest.mark.parametrize(
    ("kind", "price", "score", "bias"),
    [
        ("call", BOUGHT, 100.0, "bullish"),
        ("call", SOLD, -100.0, "bearish"),
        ("put", BOUGHT, -100.0, "bearish"),
        ("put", SOLD, 100.0, "bullish"),
        (None, BOUGHT, None, "neutral"),
    ],
)
def test_bought_calls_and_sold_puts_are_bullish(kind: str, price: float, score: float | None, bias: str) -> None:
    row = flow({"at": 1, "price": price}, option_type=kind)
    assert (row["flow_score"], row["flow_bias"]) == (score, bias)


@pytest.mark.parametrize(
    ("bought", "sold", "apart", "bias"),
    [
        (60, 40, 0, "bullish"),
        (59, 41, 0, "neutral"),
        (41, 59, 0, "neutral"),
        (40, 60, 0, "bearish"),
        (60, 40, 1, "neutral"),
    ],
)
def test_a_bias_takes_a_fifth_of_all_volume(bought: int, sold: int, apart: int, bias: str) -> None:
    rows: list[dict[str, Any]] = [
        {"at": 1, "price": BOUGHT, "size": bought},
        {"at": 9, "price": SOLD, "size": sold},
        {"at": 19, "price": SOLD, "size": apart, "conditions": [235]},
    ]
    assert flow(*rows)["flow_bias"] == bias


def test_sweeps_are_orders_not_prints() -> None:
    two_venues = ({"at": 1, "price": BOUGHT}, {"at": 3, "price": BOUGHT, "exchange": "312"})
    assert flow(*two_venues)["sweep_count"] == 1
    # On one venue, on both sides, or too late: three orders of one print.
    assert flow({"at": 1, "price": BOUGHT}, {"at": 3, "price": BOUGHT})["sweep_count"] == 0
    assert flow({"at": 1, "price": BOUGHT}, {"at": 3, "price": SOLD, "exchange": "312"})["sweep_count"] == 0
    assert flow({"at": 1, "price": BOUGHT}, {"at": 5, "price": BOUGHT, "exchange": "312"})["sweep_count"] == 0
    # An intermarket sweep order is one, however many venues its prints show.
    ordered = {"price": BOUGHT, "conditions": [219]}
    assert flow({"at": 1} | ordered, {"at": 2} | ordered, {"at": 50} | ordered)["sweep_count"] == 2
    # A package on several venues is none.
    legs = tuple(row | {"conditions": [232]} for row in two_venues)
    assert flow(*legs)["sweep_count"] == 0


def test_a_block_is_a_print_of_a_hundred_thousand_dollars() -> None:
    exactly = {"at": 1, "price": 10.0, "size": 100}
    assert flow(exactly)["block_count"] == 1
    assert flow(exactly | {"size": 99})["block_count"] == 0
    assert flow(exactly | {"size": 99}, {"at": 2, "price": 10.0, "size": 99})["block_count"] == 0
    assert flow(exactly, multiplier=10)["block_count"] == 0


@pytest.mark.parametrize(
    ("volume", "open_interest", "ratio", "is_unusual"),
    [
        (500, 499, 500 / 499, True),
        (500, 500, 1.0, False),
        (499, 100, 4.99, False),
        (500, 0, None, True),
        (500, None, None, None),
    ],
)
def test_unusual_is_more_than_was_open(
    volume: int,
    open_interest: int | None,
    ratio: float | None,
    is_unusual: bool | None,  # noqa: FBT001
) -> None:
    row = flow({"at": 1, "price": BOUGHT, "size": volume}, open_interest=open_interest)
    assert (row["volume_oi_ratio"], row["is_unusual"]) == (ratio, is_unusual)


def test_without_a_multiplier_there_is_no_premium() -> None:
    row = flow({"at": 1, "price": BOUGHT}, multiplier=None)
    assert (row["premium"], row["volume"], row["block_count"]) == (None, 1, 0)


def test_rows_come_in_the_order_of_the_contracts() -> None:
    tape = prints({"at": 1, "price": BOUGHT, "symbol": PUT, "size": 5}, {"at": 1, "price": SOLD, "size": 3})
    found = tape_flow(tape, quotes(*BOOK), contracts({}, {"contract_symbol": PUT, "option_type": "put"}))
    assert found.select("contract_symbol", "volume").rows() == [(CALL, 3), (PUT, 5)]


def test_a_delayed_tape_makes_a_delayed_row() -> None:
    assert flow({"at": 1, "price": BOUGHT, "feed": "delayed"})["feed"] == "delayed"


def test_a_tape_signed_without_quotes_says_so() -> None:
    tape = prints({"at": 1, "price": 1.0}, {"at": 2, "price": 1.1}, {"at": 3, "price": 1.1})
    row = tape_flow(tape, quotes(), contracts({})).row(0, named=True)
    assert row["notes"] == ["signed_by_tick_test"]
    assert (row["buy_volume"], row["unclassified_volume"]) == (2, 1)


# --- chain ----------------------------------------------------------------------------------------------------------


def test_a_chain_tells_how_much_was_traded_and_nothing_of_sides() -> None:
    row = chain_flow(contracts({"volume": 2000, "vwap": 1.2, "mid": 9.9, "last": 9.9, "last_ts": NOON})).row(
        0, named=True
    )
    assert (row["volume"], row["premium"], row["volume_oi_ratio"]) == (2000, pytest.approx(240_000.0), 2.0)
    assert (row["method"], row["flow_bias"], row["is_unusual"], row["updated_ts"]) == ("chain", "neutral", True, NOON)
    unknown = ("trade_count", "buy_volume", "sell_volume", "unclassified_volume", "buy_pressure", "sweep_count")
    assert {row[name] for name in (*unknown, "block_count", "flow_score", "confidence")} == {None}


@pytest.mark.parametrize(
    ("prices", "premium"),
    [({"mid": 1.1, "last": 9.9}, 110.0), ({"last": 1.3}, 130.0), ({}, None), ({"volume": 0}, 0.0)],
)
def test_premium_takes_the_next_best_price(prices: dict[str, Any], premium: float | None) -> None:
    row = chain_flow(contracts({"volume": 1} | prices)).row(0, named=True)
    assert row["premium"] == (None if premium is None else pytest.approx(premium))


def test_the_volume_of_an_old_day_block_is_not_todays() -> None:
    chain = contracts(
        {"volume": 10, "vwap": 1.0}, {"volume": 7, "vwap": 1.0, "day_session": NOON.date().replace(day=17)}
    )
    assert chain_flow(chain).get_column("volume").to_list() == [10, 0]


def test_a_chain_without_any_day_block_knows_nothing() -> None:
    found = chain_flow(contracts({"day_session": None, "volume": None}))
    assert found.select("method", "volume", "premium", "confidence").row(0) == ("none", None, None, 0)


def test_what_is_not_known_is_neutral_and_not_trusted() -> None:
    row = unknown_flow(contracts({"volume": 10})).row(0, named=True)
    assert (row["method"], row["flow_bias"], row["confidence"]) == ("none", "neutral", 0)
    assert {row[name] for name in ("volume", "premium", "volume_oi_ratio", "is_unusual", "flow_score")} == {None}


@pytest.mark.parametrize("empty", [chain_flow, unknown_flow, lambda chain: tape_flow(prints(), quotes(), chain)])
def test_no_contracts_have_no_flow(empty: Any) -> None:
    found = empty(contracts({}).clear())
    assert found.is_empty()
    assert found.schema == schema(FLOW)


# --- together -------------------------------------------------------------------------------------------------------


def test_the_largest_premium_comes_first_and_the_unknown_last() -> None:
    rows = [("A", 1.0), ("B", None), ("D", 5.0), ("C", 5.0)]
    found = by_premium(pl.DataFrame(rows, schema={"contract_symbol": pl.String, "premium": pl.Float64}, orient="row"))
    assert found.get_column("contract_symbol").to_list() == ["C", "D", "A", "B"]


def test_a_note_is_on_the_rows_that_it_is_about() -> None:
    found = noted(chain_flow(contracts({}, {"contract_symbol": PUT})), "no_tape", [PUT])
    assert found.get_column("notes").to_list() == [None, ["no_tape"]]
