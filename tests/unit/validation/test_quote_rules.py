"""Each rule of equity and index quotes broken alone, and values at its bounds."""

from __future__ import annotations

from typing import Any, Final

import pytest

from quantdata.validation import validate
from quantdata.validation.quote_rules import EQUITY_RULES, INDEX_RULES
from tests.unit.validation.healthy import AT, EQUITIES, INDICES, changed, earlier, later, names

SPY: Final = 1

Case = tuple[str, dict[str, Any], set[str], int]

# Rule, what is changed, the other rules that say something of the same, confidence of the row.
EQUITIES_BROKEN: Final[list[Case]] = [
    ("not_finite", {"vwap": float("nan")}, set(), 0),
    ("not_finite", {"change_percent": float("-inf")}, set(), 0),
    *(("missing_identity", {name: None}, set(), 0) for name in ("symbol", "source", "snapshot_ts", "received_ts")),
    ("vendor_error", {"vendor_error": "no such symbol"}, set(), 0),
    *(("timestamp_in_future", {name: later(60.000001)}, set(), 0) for name in ("quote_ts", "last_ts", "updated_ts")),
    ("too_old", {"received_ts": earlier(30.000001)}, set(), 0),
    ("bad_price", {"price": 0.0}, set(), 0),
    ("bad_price", {"price": -1.0}, set(), 0),
    ("negative_price", {"bid": -0.01}, {"one_sided"}, 0),
    ("negative_price", {"ask": -0.01}, {"one_sided"}, 0),
    *(("negative_size", {name: -1.0}, set(), 0) for name in ("bid_size", "ask_size", "last_size")),
    ("crossed_quote", {"bid": 100.02, "ask": 100.01}, set(), 0),
    *(("negative_day", {name: -1.0}, set(), 0) for name in ("open", "prev_close", "vwap", "volume")),
    ("negative_day", {"high": -0.5, "low": -1.0, "close": -0.7}, set(), 0),
    ("inverted_candle", {"high": 97.0, "low": 98.0, "close": None}, set(), 0),
    ("inverted_candle", {"high": 97.0, "low": 98.0}, set(), 0),
    ("no_price", {"price": None}, set(), 95),
    ("wide_spread", {"bid": 94.0, "ask": 100.0}, set(), 95),
    ("outside_range", {"close": 101.03}, set(), 95),
    ("outside_range", {"close": 97.97}, set(), 95),
    ("outside_range", {"close": 97.97, "high": None}, set(), 95),
    ("delayed_feed", {"feed": "delayed"}, set(), 71),
    ("delayed_feed", {"feed": "eod"}, set(), 71),
    ("one_sided", {"bid": 0.0}, set(), 100),
    ("one_sided", {"ask": None}, set(), 100),
    ("zero_volume", {"volume": 0.0}, set(), 100),
]
INDICES_BROKEN: Final[list[Case]] = [
    ("not_finite", {"open": float("nan")}, set(), 0),
    *(("missing_identity", {name: None}, set(), 0) for name in ("symbol", "source", "snapshot_ts", "received_ts")),
    ("vendor_error", {"vendor_error": "not entitled"}, set(), 0),
    ("timestamp_in_future", {"value_ts": later(60.000001)}, set(), 0),
    ("too_old", {"received_ts": earlier(30.000001)}, set(), 0),
    ("bad_value", {"value": 0.0, "change": None, "low": None}, set(), 0),
    ("bad_value", {"value": -1.0, "change": None, "low": None}, set(), 0),
    ("inverted_candle", {"high": 99.0, "low": 99.5, "value": None}, {"no_value"}, 0),
    ("inverted_candle", {"high": 97.0, "low": 98.0}, set(), 0),
    ("no_value", {"value": None}, set(), 95),
    ("change_inconsistent", {"change": 1.0301}, set(), 95),
    ("change_inconsistent", {"change": 0.9699}, set(), 95),
    ("outside_range", {"low": 100.0201}, set(), 95),
    ("outside_range", {"high": 99.9799}, set(), 95),
    ("no_candles", {"open": None, "high": None, "low": None}, set(), 95),
    ("delayed_feed", {"feed": "delayed"}, set(), 71),
    ("delayed_feed", {"feed": "eod"}, set(), 71),
]


@pytest.mark.parametrize(("rule", "values", "others", "confidence"), EQUITIES_BROKEN)
def test_a_broken_equity_quote_fires_its_rule(
    rule: str, values: dict[str, Any], others: set[str], confidence: int
) -> None:
    frame = changed(EQUITIES, SPY, **values)
    assert names(frame) == {SPY: {rule, *others}}
    assert validate(frame, AT).get_column("confidence").to_list() == [100, confidence, 100]


@pytest.mark.parametrize(("rule", "values", "others", "confidence"), INDICES_BROKEN)
def test_a_broken_index_quote_fires_its_rule(
    rule: str, values: dict[str, Any], others: set[str], confidence: int
) -> None:
    frame = changed(INDICES, SPY, **values)
    assert names(frame) == {SPY: {rule, *others}}
    assert validate(frame, AT).get_column("confidence").to_list() == [100, confidence, 100]


def test_every_rule_is_broken_in_these_tests() -> None:
    assert {rule for rule, *_ in EQUITIES_BROKEN} == {"not_finite", *(rule.name for rule in EQUITY_RULES)}
    assert {rule for rule, *_ in INDICES_BROKEN} == {"not_finite", *(rule.name for rule in INDEX_RULES)}


@pytest.mark.parametrize(
    "values",
    [
        {"quote_ts": later(60), "last_ts": later(60), "updated_ts": later(60)},
        {"bid": 100.01},
        {"bid": 0.0, "ask": 0.0},
        {"bid": None, "ask": None, "quote_ts": None},
        {"bid": 0.01, "ask": 0.03},  # two cents
        {"bid": 97.5, "ask": 102.5},  # 5 % of the mid
        {"high": 98.0, "low": 98.0, "close": 98.02},
        {"close": 101.02},
        {"close": None, "open": None, "high": None, "low": None, "volume": None},
        {"feed": None, "size_unit": None},
    ],
)
def test_an_equity_quote_at_its_bounds_fires_nothing(values: dict[str, Any]) -> None:
    assert names(changed(EQUITIES, SPY, **values)) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"value_ts": later(60)},
        {"change": 1.0299},  # two points of a hundredth, and a ten-thousandth of the value
        {"change": None},
        {"high": 99.99, "low": 99.98},
        {"open": 99.0, "high": None, "low": None},
    ],
)
def test_an_index_quote_at_its_bounds_fires_nothing(values: dict[str, Any]) -> None:
    assert names(changed(INDICES, SPY, **values)) == {}


def test_what_the_vendor_refused_is_said_once() -> None:
    refused = dict.fromkeys(("price", "bid", "ask", "close", "open", "high", "low", "volume"))
    assert names(changed(EQUITIES, SPY, vendor_error="unknown", **refused)) == {SPY: {"vendor_error"}}
    refused = dict.fromkeys(("value", "open", "high", "low", "change"))
    assert names(changed(INDICES, SPY, vendor_error="unknown", **refused)) == {SPY: {"vendor_error"}}


@pytest.mark.parametrize(
    ("seconds", "confidence", "is_stale"),
    [(5, 100, False), (6, 90, True), (15, 90, True), (16, 75, True), (31, 0, True)],
)
def test_an_index_ages(seconds: float, confidence: int, *, is_stale: bool) -> None:
    row = validate(changed(INDICES, SPY, received_ts=earlier(seconds)), AT).row(SPY, named=True)
    assert (row["confidence"], row["is_stale"], row["age_s"]) == (confidence, is_stale, seconds)
