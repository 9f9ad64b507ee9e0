"""Rules in words."""

from __future__ import annotations

import pytest

from quantdata.errors import ArgumentError
from quantdata.validation import explain, validate
from quantdata.validation.chain_facts import CHAIN_FACTS
from quantdata.validation.kinds import KINDS
from quantdata.validation.words import rules_table
from tests.unit.validation.healthy import AT, CHAIN, EQUITIES, alone, changed, earlier, place, quoted

CALL, PUT = place(100.0, "call"), place(100.0, "put")
SYMBOL = "XYZ261218C00100000"
GROUPS = ("underlying", "quote", "trade", "day", "open interest", "iv", "greeks")


def test_a_healthy_contract_needs_two_sentences() -> None:
    assert explain(validate(CHAIN, AT), SYMBOL) == [
        f"{SYMBOL} has confidence 100 (excellent): its quote 100, its greeks 100.",
        f"Sources: {', '.join(f'{group} from massive' for group in GROUPS)}.",
    ]


def test_each_rule_is_told_with_what_it_costs_and_what_it_read() -> None:
    frame = changed(alone(CHAIN, PUT), CALL, **quoted(5.5, 5.6), delta=1.5, volume=0, day_source=None)
    untraded = "it has not traded in this session"
    sentence = "its bid is above what the strikes on both sides cost together"
    assert explain(validate(frame, AT), SYMBOL) == [
        f"{SYMBOL} has confidence 0 (poor): its quote 95, its greeks 0.",
        "An error, which leaves 0 points: delta_out_of_range, delta is outside of -1 to 1 (delta = 1.5).",
        f"A warning, which costs 5 points: butterfly, {sentence} (bid = 5.5, wings_ask = 5.375, tick = 0.05).",
        f"A note, which costs nothing: zero_volume, {untraded} (volume = 0, day_session = 2026-11-18).",
        f"Sources: {', '.join(f'{group} from massive' for group in GROUPS if group != 'day')}.",
    ]


def test_age_delay_and_fallback_are_told() -> None:
    frame = changed(CHAIN, CALL, received_ts=earlier(6), quote_feed="delayed", fallback_reason="massive is down")
    sentences = explain(validate(frame, AT), SYMBOL)
    assert "It is stale: 6.0 s of open market since it arrived, which costs a tenth or more." in sentences
    assert "Data that are late by plan count 75% at the most." in sentences
    assert sentences[-1].endswith("greeks from massive. massive is down.")


def test_order_of_rows_does_not_matter() -> None:
    frame = validate(changed(alone(CHAIN, PUT), CALL, **quoted(5.5, 5.6)), AT)
    assert explain(frame.reverse(), SYMBOL) == explain(frame, SYMBOL)


def test_a_chain_that_was_not_judged_is_judged_first() -> None:
    told = explain(CHAIN.with_columns(received_ts=None), SYMBOL)
    sentence = "missing_identity, a part of what tells the contract apart is missing"
    assert explain(validate(CHAIN.with_columns(received_ts=None), AT).drop("errors"), SYMBOL) == told
    values = "(strike = 100, snapshot_ts = 2026-11-18 17:00:00+00:00)"
    assert told[1] == f"An error, which leaves 0 points: {sentence} {values}."


def test_a_row_without_sources_says_so() -> None:
    bare = CHAIN.with_columns(**{f"{group.replace(' ', '_')}_source": None for group in GROUPS})
    assert explain(validate(bare.cast(CHAIN.schema), AT), SYMBOL)[-1] == "Sources: none."


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no contract 'SPY' among these 20; see frame"):
        explain(validate(CHAIN, AT), "SPY")
    with pytest.raises(ArgumentError, match=r"contract_symbol must be an OCC symbol, not 7; see frame"):
        explain(validate(CHAIN, AT), 7)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="explain\\(\\) is about a chain, not about equity quotes"):
        explain(EQUITIES, SYMBOL)


def test_the_table_has_a_line_for_each_rule() -> None:
    lines = rules_table().splitlines()
    assert lines[:3] == ["**Chain**", "", "| rule | severity | lowers | it fires when |"]
    assert "| `crossed_quote` | error | row, quote | the bid is above the ask |" in lines
    assert "| `filled` | warning | row, quote, greeks | a part of it is from the other vendor |" in lines
    assert "| `zero_volume` | note |  | it has not traded in this session |" in lines
    assert "| `no_candles` | warning | row | open, high and low of the session are missing |" in lines
    assert "| `no_puts` | there are no puts |" in lines
    rules = [line for line in lines if line.startswith("| `")]
    assert len(rules) == sum(len(kind.rules) for kind in KINDS) + len(CHAIN_FACTS)
