"""Prints of a stream as rows: which quote each is compared with, and which count."""

from __future__ import annotations

from typing import Any

import pytest

from quantdata.live.prints import print_frame, print_row
from quantdata.wire.events import Quote, Trade
from tests.unit.analytics.tape_rows import CALL, NOON
from tests.unit.live.streamed import CONTRACTS, held, quote, trade

BEFORE = (1.00, 1.10)
NOW = (1.20, 1.30)
NOBODY = (None, None)


def compared(printed: Trade, *, fresh: Quote | None = None, known: Any = None) -> tuple[float | None, float | None]:
    """Return bid and ask that a print is compared with."""
    quotes = {} if known is None else known.of({CALL}, NOON)
    frame = print_frame([print_row(CALL, printed, "realtime", fresh=fresh, known=quotes)], CONTRACTS)
    return frame.select("bid", "ask").row(0)


def test_a_print_is_compared_with_what_was_known_at_the_look_before() -> None:
    assert compared(trade(10), known=held(5, *BEFORE)) == BEFORE
    assert compared(trade(10), known=held(10, *BEFORE)) == BEFORE


def test_a_quote_of_the_same_look_counts_only_when_it_is_older_than_the_print() -> None:
    assert compared(trade(10), fresh=quote(9, *NOW), known=held(5, *BEFORE)) == NOW
    assert compared(trade(10), fresh=quote(10, *NOW), known=held(5, *BEFORE)) == BEFORE
    assert compared(trade(10), fresh=quote(11, *NOW), known=held(5, *BEFORE)) == BEFORE


def test_the_newer_of_two_older_quotes_counts() -> None:
    assert compared(trade(10), fresh=quote(5, *BEFORE), known=held(8, *NOW)) == NOW


def test_a_quote_without_a_time_or_from_after_the_print_is_not_held_before_it() -> None:
    assert compared(trade(10), fresh=Quote(CALL, bid=1.0, ask=1.1)) == NOBODY
    assert compared(trade(10), known=held(11, *NOW)) == NOBODY
    assert compared(trade(10), fresh=quote(5, *BEFORE), known=held(11, *NOW)) == BEFORE


def test_a_print_that_tells_its_quote_is_compared_with_that() -> None:
    own = trade(10, bid=1.0, ask=1.1)
    assert compared(own, fresh=quote(9, *NOW), known=held(5, *NOW)) == BEFORE


@pytest.mark.parametrize(("bid", "ask"), [(1.0, 0.0), (1.0, None), (None, 1.1), (-1.0, 1.1), (1.0, float("inf"))])
def test_a_market_with_one_side_is_no_quote_to_compare_with(bid: float | None, ask: float | None) -> None:
    assert compared(trade(10), fresh=quote(9, bid, ask), known=held(5, *BEFORE)) == NOBODY
    assert compared(trade(10), known=held(5, bid, ask)) == NOBODY


def test_a_bid_of_zero_beside_an_offer_is_a_quote() -> None:
    assert compared(trade(10), fresh=quote(9, 0.0, 0.05)) == (0.0, 0.05)


def test_a_polled_quote_is_held_for_one_poll_interval_and_a_streamed_one_until_the_next() -> None:
    young, old = -5_000, -5_001
    assert compared(trade(10), known=held(0, *BEFORE, received=young, is_streamed=False)) == BEFORE
    assert compared(trade(10), known=held(0, *BEFORE, received=old, is_streamed=False)) == NOBODY
    assert compared(trade(10), known=held(0, *BEFORE, received=old)) == BEFORE


@pytest.mark.parametrize(
    "printed",
    [
        trade(1, conditions=(201,)),
        trade(1, conditions=("A",)),
        trade(1, is_cancel=True),
        trade(1, is_correction=True),
        trade(1, price=None),
        trade(1, price=float("nan")),
        trade(1, size=0.0),
    ],
)
def test_cancels_corrections_and_what_has_no_price_or_size_do_not_count(printed: Trade) -> None:
    assert print_frame([print_row(CALL, printed, "realtime", fresh=None, known={})], CONTRACTS).is_empty()


@pytest.mark.parametrize(
    ("conditions", "is_apart", "is_sweep"),
    [
        (None, False, False),
        ((209,), False, False),
        ((219,), False, True),
        ((232,), True, False),
        (("I",), False, False),
        (("S",), False, True),
        (("f",), True, False),
        (("?", "B"), True, False),
    ],
)
def test_numbers_and_letters_of_conditions_mean_the_same(conditions: Any, *, is_apart: bool, is_sweep: bool) -> None:
    printed = trade(1, conditions=conditions, exchange="C")
    frame = print_frame([print_row(CALL, printed, "realtime", fresh=None, known={})], CONTRACTS)
    assert frame.select("is_apart", "is_sweep", "exchange").row(0) == (is_apart, is_sweep, "C")


def test_prints_of_contracts_that_are_not_known_are_left_out() -> None:
    other = "SPY261218C00601000"
    rows = [print_row(symbol, trade(1, exchange=None), "realtime", fresh=None, known={}) for symbol in (CALL, other)]
    frame = print_frame(rows, CONTRACTS)
    assert frame.select("symbol", "multiplier", "exchange").rows() == [(CALL, 100, None)]
