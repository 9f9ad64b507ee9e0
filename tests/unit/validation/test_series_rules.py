"""Each rule of bars, trades and order flow broken alone, and values at its bounds."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import pytest

from quantdata.validation import validate
from quantdata.validation.series_rules import BAR_RULES, FLOW_RULES, TRADE_RULES
from tests.unit.validation.healthy import AT, BARS, FLOW, TRADES, changed, earlier, names

ROW: Final = 1
Case = tuple[str, dict[str, Any], set[str], int]

# Rule, what is changed, the other rules that say something of the same, confidence of the row.
BARS_BROKEN: Final[list[Case]] = [
    ("not_finite", {"vwap": float("inf")}, set(), 0),
    *(
        ("missing_identity", {name: None}, set(), 0)
        for name in ("symbol", "ts", "open", "high", "low", "close", "session", "source")
    ),
    ("bad_price", {"open": 0.0, "low": 0.0}, set(), 0),
    ("bad_price", {"low": -1.0}, set(), 0),
    ("inverted_candle", {"high": 99.0, "low": 99.01}, set(), 0),
    ("negative_volume", {"volume": -1.0}, set(), 0),
    ("negative_volume", {"trades": -1}, set(), 0),
    ("not_rising", {"ts": earlier(180)}, set(), 0),
    ("not_rising", {"ts": earlier(181)}, set(), 0),
    ("outside_range", {"close": 101.01}, set(), 95),
    ("outside_range", {"open": 98.99}, set(), 95),
    ("vwap_outside_range", {"vwap": 101.01}, set(), 100),
    ("vwap_outside_range", {"vwap": 98.99}, set(), 100),
    ("zero_volume", {"volume": 0.0}, set(), 100),
]
TRADES_BROKEN: Final[list[Case]] = [
    ("not_finite", {"size": float("nan")}, {"missing_identity"}, 0),
    *(("missing_identity", {name: None}, set(), 0) for name in ("symbol", "ts", "price", "size", "source")),
    ("bad_price", {"price": 0.0}, set(), 0),
    ("negative_size", {"size": -1.0}, set(), 0),
    ("not_rising", {"ts": earlier(3.000001)}, set(), 0),
    ("corrected", {"correction": 1}, set(), 100),
    ("zero_size", {"size": 0.0}, set(), 100),
]
FLOW_BROKEN: Final[list[Case]] = [
    ("not_finite", {"flow_score": float("nan")}, set(), 0),
    ("missing_identity", {"contract_symbol": None}, set(), 0),
    ("missing_identity", {"method": None}, set(), 0),
    ("nothing_known", {"method": "none"}, set(), 0),
    *(("negative_count", {name: -1}, set(), 0) for name in ("trade_count", "premium", "sweep_count", "block_count")),
    ("negative_count", {"volume": -1, "buy_volume": None}, set(), 0),
    ("negative_count", {"buy_volume": -1, "unclassified_volume": 41}, set(), 0),
    ("negative_count", {"sell_volume": -1, "unclassified_volume": 31}, set(), 0),
    ("negative_count", {"unclassified_volume": -1, "buy_volume": 41}, set(), 0),
    ("parts_do_not_sum", {"buy_volume": 31}, set(), 0),
    ("pressure_out_of_range", {"buy_pressure": 100.01}, set(), 0),
    ("pressure_out_of_range", {"buy_pressure": -0.01}, set(), 0),
    ("unsigned", {"method": "chain"}, set(), 95),
    ("delayed_feed", {"feed": "delayed"}, set(), 95),
]
CASES: Final = [
    (frame, *case)
    for frame, cases in ((BARS, BARS_BROKEN), (TRADES, TRADES_BROKEN), (FLOW, FLOW_BROKEN))
    for case in cases
]


@pytest.mark.parametrize(("frame", "rule", "values", "others", "confidence"), CASES)
def test_a_broken_row_fires_its_rule(
    frame: pl.DataFrame, rule: str, values: dict[str, Any], others: set[str], confidence: int
) -> None:
    broken = changed(frame, ROW, **values)
    assert names(broken) == {ROW: {rule, *others}}
    judged = validate(broken, AT)
    assert judged.get_column("confidence").to_list() == [
        confidence if row == ROW else 100 for row in range(frame.height)
    ]
    assert not judged.get_column("is_stale").any()


def test_every_rule_is_broken_in_these_tests() -> None:
    for cases, rules in ((BARS_BROKEN, BAR_RULES), (TRADES_BROKEN, TRADE_RULES), (FLOW_BROKEN, FLOW_RULES)):
        assert {rule for rule, *_ in cases} == {"not_finite", *(rule.name for rule in rules)}


@pytest.mark.parametrize(
    ("frame", "values"),
    [
        (BARS, {"close": 101.0, "open": 99.0, "vwap": 99.0}),
        (BARS, {"volume": None, "vwap": None, "trades": None}),
        (BARS, {"high": 100.0, "low": 100.0, "open": 100.0, "close": 100.0, "vwap": 100.0}),
        (BARS, {"ts": earlier(179.999999), "trades": 0}),
        (TRADES, {"ts": earlier(3), "correction": 0}),
        (FLOW, {"buy_pressure": 100.0}),
        (FLOW, {"buy_pressure": 0.0}),
        (FLOW, {"buy_pressure": None, "buy_volume": None, "volume_oi_ratio": None}),
    ],
)
def test_a_row_at_its_bounds_fires_nothing(frame: pl.DataFrame, values: dict[str, Any]) -> None:
    assert names(changed(frame, ROW, **values)) == {}


def test_another_symbol_starts_anew() -> None:
    assert names(pl.concat([BARS, BARS.with_columns(symbol=pl.lit("ABC"))])) == {3 + 5: {"not_rising"}}


def test_bars_get_quality_and_no_age() -> None:
    judged = validate(BARS, AT)
    assert judged.columns == [*BARS.columns, "confidence", "quality", "is_stale", "errors", "warnings", "notes"]


def test_what_is_noted_where_flow_is_made_stays() -> None:
    noted = pl.Series([["no_tape"], None, ["old", "signed_by_tick_test"]], dtype=pl.List(pl.String))
    judged = validate(FLOW.with_columns(notes=noted), AT)
    assert judged.get_column("notes").to_list() == [["no_tape"], [], ["signed_by_tick_test"]]
    assert validate(judged, AT).equals(judged)
    assert validate(judged.drop("notes"), AT).get_column("notes").to_list() == [[], [], []]
