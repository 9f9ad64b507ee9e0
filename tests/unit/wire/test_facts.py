"""The lines of our logs: they stay one line, and can be taken apart."""

from __future__ import annotations

import pytest

from quantdata.wire.facts import facts


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("massive", "massive"),
        ("/v3/snapshot/options/I:SPX", "/v3/snapshot/options/I:SPX"),
        (0.25, "0.25"),
        (0, "0"),
        ("no answer", '"no answer"'),
        ("", '""'),
        ("a=b", '"a=b"'),
        ('say "no"', r'"say \"no\""'),
        ("back\\slash", r'"back\\slash"'),
        ("two\nlines", r'"two\nlines"'),
        ("two\u2028lines", r'"two\u2028lines"'),
        ("bell\x07", r'"bell\u0007"'),
        ("größer", "größer"),
        ("größer als", '"größer als"'),
    ],
)
def test_a_value_is_plain_or_in_quotation_marks(value: object, shown: str) -> None:
    assert facts(name=value) == f"name={shown}"


def test_facts_come_in_the_order_given_without_those_that_are_not_known() -> None:
    assert facts(provider="massive", status=None, bytes=0, is_kept=False) == "provider=massive bytes=0 is_kept=False"


def test_nothing_known_is_nothing_said() -> None:
    assert facts() == facts(status=None) == ""
