"""Telling one kind of frame from another, and saying what is missing."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.frames import columns
from quantdata.validation import validate
from quantdata.validation.kinds import KINDS, kind_of
from tests.unit.validation.healthy import AT, BARS, CHAIN, EQUITIES, FLOW, INDICES, TRADES


def test_each_frame_is_of_its_kind() -> None:
    frames = (CHAIN, EQUITIES, INDICES, BARS, TRADES, FLOW)
    assert [kind_of(frame) for frame in frames] == [*KINDS]
    assert [kind_of(frame.clear().select(reversed(frame.columns))) for frame in frames] == [*KINDS]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (CHAIN.drop("gamma"), "these chain lack gamma: validate a frame before selecting from it"),
        (
            CHAIN.select("contract_symbol", "strike", "bid"),
            "these chain lack underlying_symbol, root_symbol, expiration",
        ),
        (EQUITIES.drop("feed", "volume"), "these equity quotes lack volume, feed"),
        (INDICES.drop("name"), "these index quotes lack name"),
        (BARS.drop("adjustment"), "these bars lack adjustment"),
        (TRADES.drop("sequence"), "these trades lack sequence"),
        (FLOW.drop("is_unusual"), "these flow lack is_unusual"),
    ],
)
def test_lacking_columns_are_named(frame: pl.DataFrame, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        validate(frame, AT)


@pytest.mark.parametrize("frame", [CHAIN, EQUITIES, INDICES, FLOW])
def test_age_and_quality_need_not_be_there(frame: pl.DataFrame) -> None:
    written = [name for name in ("age_s", *(column.name for column in columns.CHAIN_QUALITY)) if name in frame.columns]
    judged = validate(frame.drop(written), AT)
    assert judged.select(frame.columns).equals(validate(frame, AT))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pl.DataFrame(), "its columns are none; chains, quotes, indices, bars, trades and flow can be validated"),
        (pl.DataFrame({"a": [1], "b": [2]}), "not a frame of this package: its columns are a, b"),
        (columns.empty(columns.HEALTH), "not a frame of this package"),
        (columns.empty(columns.OPTION_QUOTES), "not a frame of this package"),
    ],
)
def test_an_unknown_frame_is_refused(frame: pl.DataFrame, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        validate(frame, AT)


@pytest.mark.parametrize("frame", [None, [1], {"bid": 1}, CHAIN.lazy(), CHAIN.get_column("bid"), CHAIN.to_dict()])
def test_what_is_no_frame_is_refused(frame: Any) -> None:
    with pytest.raises(
        ArgumentError, match=f"a polars.DataFrame from this package is needed, not {type(frame).__name__}"
    ):
        validate(frame, AT)


def test_rule_names_are_unique_within_a_kind_and_fit_into_64_bits() -> None:
    for kind in KINDS:
        names = [rule.name for rule in kind.rules]
        assert len(names) == len(set(names)) <= 64
        assert names[0] == "not_finite"


def test_rules_come_errors_first_then_warnings_then_notes() -> None:
    for kind in KINDS:
        severities = [rule.severity for rule in kind.rules]
        assert severities == sorted(severities, key=["error", "warning", "note"].index)


def test_rules_read_columns_that_are_there() -> None:
    frames = (CHAIN, EQUITIES, INDICES, BARS, TRADES, FLOW)
    for kind, frame in zip(KINDS, frames, strict=True):
        seen = set(kind.prepare(frame).columns)
        for rule in kind.rules:
            assert set(rule.passes.meta.root_names()) <= seen, rule.name
