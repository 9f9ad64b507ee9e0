"""The cells of a leg: its fields as they are in the chain, then who gave what and when, and which rules it breaks."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from quantdata.validation.kinds import CHAIN
from quantdata.widgets.facts import FACTS, cells, rules_of, width
from quantdata.widgets.fields import chosen
from quantdata.widgets.ladder import Listing
from tests.unit.widgets.boards import NOW, board, contract

FIELDS = chosen(["bid", "volume", "confidence"])
MS = NOW.timestamp() * 1000
RULES = [rule.name for rule in CHAIN.rules]


def _leg(**values: object) -> dict[str, float]:
    """Return what is told of one call, by name; a field that is a fact too has its name with ``shown``."""
    chain = board([{**contract(600), **values}])
    (call, _), *_ = cells(chain, Listing.of(chain).grid("2026-12-18 SPY").legs, FIELDS, {})
    names = [*(f"shown {field.name}" for field in FIELDS), *FACTS]
    return dict(zip(names, call.tolist(), strict=True))


def test_fields_are_numbers_of_the_chain_and_null_is_nan() -> None:
    leg = _leg(bid=None)
    assert np.isnan(leg["shown bid"])
    assert leg["shown volume"] == 100.0
    assert leg["shown confidence"] == leg["confidence"] == 100.0
    assert width(FIELDS) == len(leg) == 11


def test_times_are_milliseconds() -> None:
    leg = _leg(quote_ts=NOW - timedelta(seconds=1), last_ts=None, greeks_ts=None, iv_ts=NOW)
    assert leg["quote_at"] == MS - 1000
    assert np.isnan(leg["trade_at"])
    assert (leg["greeks_at"], leg["received_at"]) == (MS, MS)


@pytest.mark.parametrize(
    ("values", "digits"),
    [
        ({}, 0o111111),
        ({"quote_source": "tradier"}, 0o111112),
        ({"greeks_source": "model", "iv_source": "model"}, 0o331111),
        ({"trade_source": None, "day_source": None, "open_interest_source": "tradier"}, 0o112001),
    ],
)
def test_who_gave_each_group_is_a_digit(values: dict[str, object], digits: int) -> None:
    assert _leg(**values)["sources"] == digits


def test_rules_are_bits_of_the_vocabulary_and_foreign_ones_none() -> None:
    leg = _leg(errors=["crossed_quote"], warnings=["wide_spread", "of another day"], notes=["expired"])
    assert leg["rules"] == sum(2 ** RULES.index(name) for name in ("crossed_quote", "wide_spread", "expired"))
    assert _leg()["rules"] == 0.0
    assert [rule["name"] for rule in rules_of()] == RULES
    assert len(RULES) <= 53
    assert {rule["severity"] for rule in rules_of()} == {"error", "warning", "note"}


def test_state_tells_listed_stale_and_passing_apart() -> None:
    chain = board([contract(600, is_stale=True), contract(610, "put", volume=1)])
    legs = Listing.of(chain).grid("2026-12-18 SPY").legs
    state = cells(chain, legs, FIELDS, {"volume": (50, None)})[:, :, len(FIELDS) + FACTS.index("state")]
    assert state.tolist() == [[1 + 2 + 4, 0], [0, 1]]


def test_of_a_leg_that_is_not_listed_nothing_is_told() -> None:
    chain = board([contract(600)])
    (_, put), *_ = cells(chain, Listing.of(chain).grid("2026-12-18 SPY").legs, FIELDS, {})
    told = dict(zip(FACTS, put[len(FIELDS) :].tolist(), strict=True))
    assert told.pop("state") == 0.0
    assert np.isnan([*told.values(), *put[: len(FIELDS)]]).all()
