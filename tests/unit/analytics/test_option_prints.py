"""The sale conditions of options: each once, and those that the simulator prints among them."""

from __future__ import annotations

from typing import get_args

from quantdata.analytics.option_prints import PRINTS, PrintKind, ids_of
from quantdata.sim.massive.reference import _CONDITIONS


def test_a_condition_is_there_once() -> None:
    for values in ([each.id for each in PRINTS], [each.opra for each in PRINTS], [each.name for each in PRINTS]):
        assert len(set(values)) == len(values)


def test_every_kind_has_a_condition() -> None:
    assert {each.kind for each in PRINTS} == set(get_args(PrintKind))
    assert ids_of("cancel") == [201, 203, 205, 207]
    assert ids_of("floor", "sweep") == [219, 231]


def test_letters_are_those_of_the_reference_endpoint() -> None:
    known = {each.id: each.opra for each in PRINTS}
    said = {number: letter for number, (_, letter) in _CONDITIONS["options"].items()}
    assert {number: said[number] for number in known if number in said} == {
        number: letter for number, letter in known.items() if number in said
    }
    assert set(said) - set(known) == {209}
