"""Who took whose price: quotes first, the tick test at the mid."""

from __future__ import annotations

import math
from typing import Any

import pytest

from quantdata.analytics.option_prints import ids_of
from quantdata.analytics.print_sides import signed
from tests.unit.analytics.tape_rows import PUT, prints, quotes

BOOK = {"at": 0, "bid": 1.00, "ask": 1.10}


def sides(*rows: dict[str, Any], book: tuple[dict[str, Any], ...] = (BOOK,)) -> list[str | None]:
    return signed(prints(*rows), quotes(*book)).get_column("side").to_list()


@pytest.mark.parametrize(
    ("price", "side"),
    [(1.10, "buy"), (1.20, "buy"), (1.06, "buy"), (1.05, None), (1.04, "sell"), (1.00, "sell"), (0.90, "sell")],
)
def test_a_print_is_signed_by_the_quote_before_it(price: float, side: str | None) -> None:
    assert sides({"at": 5, "price": price}) == [side]


def test_a_quote_of_the_same_nanosecond_is_not_before_it() -> None:
    assert sides({"at": 0, "price": 1.10}) == [None]
    assert sides({"at": 10, "price": 1.10}, book=(BOOK, {"at": 10, "bid": 1.10, "ask": 1.20})) == ["buy"]


def test_a_quote_holds_until_the_next_one() -> None:
    book = (BOOK, {"at": 20, "bid": 1.10, "ask": 1.20})
    assert sides({"at": 15, "price": 1.10}, {"at": 25, "price": 1.10}, book=book) == ["buy", "sell"]


def test_a_quote_of_the_day_before_says_nothing() -> None:
    assert sides({"at": 5, "price": 1.10}, book=({"at": -24 * 3_600_000, "bid": 1.0, "ask": 1.1},)) == [None]


def test_a_contract_is_compared_with_its_own_quotes() -> None:
    book = ({"at": 0, "bid": 1.0, "ask": 1.1}, {"at": 1, "bid": 2.0, "ask": 2.1, "symbol": PUT})
    rows = ({"at": 5, "price": 1.1}, {"at": 5, "price": 2.0, "symbol": PUT})
    assert sides(*rows, book=book) == ["buy", "sell"]


@pytest.mark.parametrize(
    "book",
    [
        {"at": 0, "bid": 1.05, "ask": 1.05},
        {"at": 0, "bid": 1.20, "ask": 1.10},
        {"at": 0, "bid": 1.00, "ask": None},
        {"at": 0, "bid": None, "ask": 1.10},
        {"at": 0, "bid": math.nan, "ask": 1.10},
    ],
)
def test_a_locked_crossed_or_half_market_leaves_it_to_the_tick_test(book: dict[str, Any]) -> None:
    assert sides({"at": 5, "price": 1.04}, {"at": 6, "price": 1.05}, book=(book,)) == [None, "buy"]


def test_where_nobody_bids_the_offer_is_bought() -> None:
    assert sides({"at": 5, "price": 0.05}, {"at": 6, "price": 0.01}, book=({"at": 0, "bid": 0.0, "ask": 0.05},)) == [
        "buy",
        "sell",
    ]


def test_at_the_mid_the_last_different_price_tells_while_it_is_fresh() -> None:
    def at_mid(first: float, ms: int, *between: dict[str, Any]) -> str | None:
        return sides({"at": 1, "price": first}, *between, {"at": 1 + ms, "price": 1.05})[-1]

    assert at_mid(1.00, 4_999) == "buy"
    assert at_mid(1.10, 4_999) == "sell"
    assert at_mid(1.10, 5_000) is None
    # The same price again is no other price: the one before it counts, from when it was last paid.
    assert at_mid(1.10, 4_000, {"at": 3_000, "price": 1.05}) == "sell"
    assert at_mid(1.10, 6_000, {"at": 3_000, "price": 1.05}) is None
    assert at_mid(1.10, 6_000, {"at": 3_000, "price": 1.10}) == "sell"


def test_without_any_quotes_the_tick_test_alone_tells() -> None:
    found = signed(prints({"at": 0, "price": 1.0}, {"at": 1, "price": 1.1}, {"at": 2, "price": 1.1}), quotes())
    assert found.get_column("side").to_list() == [None, "buy", "buy"]
    assert not found.get_column("is_quoted").any()


@pytest.mark.parametrize("condition", ids_of("late", "rotation", "auction", "cross", "floor", "multi_leg"))
def test_packages_auctions_crosses_and_the_floor_have_no_side(condition: int) -> None:
    rows = (
        {"at": 1, "price": 1.10, "conditions": [209, condition]},
        {"at": 2, "price": 1.05},  # at the mid, and the print before it is no price to compare with
    )
    found = signed(prints(*rows), quotes(BOOK))
    assert found.get_column("side").to_list() == [None, None]
    assert found.get_column("is_apart").to_list() == [True, False]
    assert found.get_column("is_quoted").to_list() == [False, True]


@pytest.mark.parametrize(
    "out",
    [
        *({"conditions": [number]} for number in ids_of("cancel")),
        {"correction": 1},
        {"price": None},
        {"price": math.nan},
        {"price": -1.0},
        {"size": 0.0},
        {"size": None},
        {"size": math.inf},
    ],
)
def test_what_is_no_trade_is_left_out(out: dict[str, Any]) -> None:
    rows = prints({"at": 1, "price": 1.1} | out, {"at": 2, "price": 1.1, "correction": 0, "conditions": None})
    assert signed(rows, quotes(BOOK)).get_column("side").to_list() == ["buy"]


def test_an_intermarket_sweep_is_signed_like_any_other() -> None:
    found = signed(prints({"at": 1, "price": 1.1, "conditions": [219]}), quotes(BOOK))
    assert found.select("side", "is_sweep").row(0) == ("buy", True)


def test_an_empty_tape_has_no_sides() -> None:
    assert signed(prints(), quotes(BOOK)).is_empty()
    assert signed(prints(), quotes()).columns[-4:] == ["is_apart", "is_sweep", "side", "is_quoted"]
