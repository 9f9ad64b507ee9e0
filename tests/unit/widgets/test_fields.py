"""Fields of a table: each is a column of the chain, and what cannot be shown is refused with what can."""

from __future__ import annotations

from typing import Any

import pytest

from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN
from quantdata.widgets.fields import DEFAULT, FIELDS, chosen


def test_every_field_is_a_number_of_the_chain_with_a_meaning() -> None:
    numbers = {column.name for column in CHAIN if column.dtype.is_numeric()}
    assert set(FIELDS) <= numbers
    assert all(field.header and field.unit and field.meaning for field in FIELDS.values())


def test_left_out_they_are_those_of_the_command_line() -> None:
    assert tuple(field.name for field in chosen()) == DEFAULT
    assert DEFAULT == ("open_interest", "volume", "implied_volatility", "delta", "bid", "ask")


def test_columns_come_in_the_order_given_each_once() -> None:
    assert [field.name for field in chosen(["vega", "bid", "vega"])] == ["vega", "bid"]
    assert [field.name for field in chosen("mid")] == ["mid"]


def test_decimals_are_those_asked_for() -> None:
    assert [field.decimals for field in chosen(["bid", "delta"], {"bid": 3})] == [3, 3]


def test_volatilities_are_shown_in_percent_and_nothing_else_is_scaled() -> None:
    scaled = {name for name, field in FIELDS.items() if field.scale != 1.0}
    assert scaled == {"implied_volatility", "bid_iv", "ask_iv", "model_iv"}
    assert FIELDS["model_iv"].text(0.1234) == "12.3"
    assert FIELDS["volume"].text(12345) == "12,345"
    assert FIELDS["bid"].text(None) == ""


@pytest.mark.parametrize(
    ("columns", "decimals", "message"),
    [
        (["bidd"], None, "no column 'bidd' in a table; did you mean 'bid'"),
        (["iv"], None, "did you mean 'implied_volatility'"),
        (["xyzzy"], None, "no column 'xyzzy' in a table There are bid, ask"),
        ([], None, "columns is empty"),
        ([1], None, "columns must be text"),
        (["bid"], {"ask": 2}, "decimals of 'ask', which is not shown; columns are bid"),
        (["bid"], {"bid": 9}, r"decimals\['bid'\] must be at most 8, not 9"),
        (["bid"], {"bid": -1}, r"decimals\['bid'\] must be at least 0"),
        (["bid"], {"bid": 1.5}, "must be a whole number"),
        (["bid"], 2, "decimals maps columns to digits"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_what_can(columns: Any, decimals: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message.replace("table There", "table. There")):
        chosen(columns, decimals)
