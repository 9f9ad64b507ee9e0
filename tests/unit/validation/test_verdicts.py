"""Points, labels, and the book of combinations of rules."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import polars as pl
import pytest

from quantdata.validation import verdicts
from quantdata.validation.rule import Group, Rule, Severity
from quantdata.validation.verdicts import Book, labelled, scored


def rule(name: str, group: Group, severity: Severity) -> Rule:
    return Rule(name, group, severity, "it is broken", pl.lit(value=True))


RULES: Final = (
    rule("bad_row", "row", "error"),
    rule("bad_quote", "quote", "error"),
    rule("bad_greeks", "greeks", "error"),
    rule("odd_row", "row", "warning"),
    rule("odd_quote", "quote", "warning"),
    rule("odd_greeks", "greeks", "warning"),
    rule("odd_trade", "trade", "warning"),
    rule("seen", "day", "note"),
)


def masks(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(numbers, dtype=np.uint64)


def looked_up(book: Book, mask: int) -> tuple[tuple[float, ...], list[list[str]]]:
    [place], known = book.look_up(masks(mask))
    return tuple(points[place] for points in known.points), [texts[int(place)].to_list() for texts in known.names]


@pytest.mark.parametrize(
    ("mask", "points", "names"),
    [
        (0b0, (100, 100, 100), [[], [], []]),
        (0b1, (0, 0, 0), [["bad_row"], [], []]),
        (0b10, (0, 0, 100), [["bad_quote"], [], []]),
        (0b100, (0, 100, 0), [["bad_greeks"], [], []]),
        (0b1000, (95, 95, 95), [[], ["odd_row"], []]),
        (0b10000, (95, 95, 100), [[], ["odd_quote"], []]),
        (0b100000, (95, 100, 95), [[], ["odd_greeks"], []]),
        (0b1000000, (95, 100, 100), [[], ["odd_trade"], []]),
        (0b10000000, (100, 100, 100), [[], [], ["seen"]]),
        (0b11111000, (80, 90, 90), [[], ["odd_row", "odd_quote", "odd_greeks", "odd_trade"], ["seen"]]),
        (0b10010100, (0, 95, 0), [["bad_greeks"], ["odd_quote"], ["seen"]]),
    ],
)
def test_a_combination_of_rules_has_points_and_names(
    mask: int, points: tuple[float, ...], names: list[list[str]]
) -> None:
    assert looked_up(Book(RULES), mask) == (points, names)


def test_points_end_at_zero() -> None:
    book = Book([rule(f"odd_{number}", "row", "warning") for number in range(64)])
    assert looked_up(book, 2**20 - 1)[0] == (0, 0, 0)
    assert looked_up(book, 2**21 - 1)[0] == (0, 0, 0)
    assert looked_up(book, 2**64 - 1)[0] == (0, 0, 0)
    assert looked_up(book, 2**63)[1] == [[], ["odd_63"], []]


def test_a_book_answers_alike_whatever_it_has_seen_before() -> None:
    fresh, seasoned = Book(RULES), Book(RULES)
    for mask in (255, 3, 129, 0, 64):
        seasoned.look_up(masks(mask, 0, mask))
    for mask in range(0, 256, 5):
        assert looked_up(seasoned, mask) == looked_up(fresh, mask)


def test_a_full_book_still_answers_and_grows_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MOST_REMEMBERED", 4)
    book = Book(RULES)
    book.look_up(masks(1, 2, 3))
    places, known = book.look_up(masks(7, 8, 9))
    assert known.masks[places].tolist() == [7, 8, 9]
    assert book._known.masks.tolist() == [0, 1, 2, 3]


def test_threads_may_ask_at_once() -> None:
    book = Book(RULES)

    def ask(mask: int) -> bool:
        places, known = book.look_up(masks(mask, 255 - mask))
        return bool(known.masks[places].tolist() == [mask, 255 - mask])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, [*range(256)] * 4))


def test_confidence_is_rounded_half_up() -> None:
    points, factors = np.array([95.0, 95, 95, 100, 90, 0, 70]), np.array([1, 0.9, 0.75, 0.9, 0.75, 0.9, 0.75])
    # 85.5, 71.25, 67.5, 52.5
    assert scored(points, factors, name="confidence").to_list() == [95, 86, 71, 90, 68, 0, 53]


def test_labels_begin_at_90_70_and_40() -> None:
    confidence = pl.Series([100, 90, 89, 70, 69, 40, 39, 0, None], dtype=pl.UInt8)
    expected = ["excellent", "excellent", "good", "good", "fair", "fair", "poor", "poor", None]
    assert labelled(confidence).to_list() == expected
