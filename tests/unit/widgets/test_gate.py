"""The credit of a page: a window, a tight one for the slow, and who is silent while owing an answer is gone."""

from __future__ import annotations

from quantdata.widgets.gate import Gate


def _filled(now: float = 0.0) -> Gate:
    gate = Gate(now)
    sequence = 0
    while gate.is_open:
        sequence += 1
        gate.sent(sequence, now)
    return gate


def test_eight_messages_may_be_under_way() -> None:
    gate = _filled()
    assert gate.under_way == 8
    assert gate.is_tight


def test_an_acknowledgement_is_of_all_before_it() -> None:
    gate = _filled()
    gate.acknowledged(7, 0.4)
    assert gate.under_way == 1
    assert gate.is_open


def test_a_window_that_was_never_full_stays_wide() -> None:
    gate = Gate(0.0)
    for sequence in range(1, 40):
        gate.sent(sequence, sequence * 0.1)
        if sequence % 4 == 0:
            gate.acknowledged(sequence, sequence * 0.1)
    assert not gate.is_tight


def test_a_page_that_filled_its_window_gets_two_at_a_time() -> None:
    gate = _filled()
    gate.acknowledged(6, 1.0)
    opened = [gate.is_open]
    gate.acknowledged(7, 1.1)
    opened.append(gate.is_open)
    gate.sent(9, 1.1)
    assert [*opened, gate.is_open] == [False, True, False]


def test_ten_quick_round_trips_in_a_row_widen_it_again() -> None:
    gate = _filled()
    gate.acknowledged(8, 1.0)
    for sequence in range(9, 19):
        assert gate.is_tight
        gate.sent(sequence, sequence)
        gate.acknowledged(sequence, sequence + 0.149)
    assert not gate.is_tight


def test_one_slow_round_trip_begins_the_count_anew() -> None:
    gate = _filled()
    gate.acknowledged(8, 1.0)
    for sequence in range(9, 19):
        gate.sent(sequence, sequence)
        gate.acknowledged(sequence, sequence + (0.151 if sequence == 17 else 0.1))
    assert gate.is_tight


def test_late_repeated_and_invented_acknowledgements_change_nothing() -> None:
    gate = Gate(0.0)
    gate.sent(1, 0.0)
    gate.sent(2, 0.0)
    gate.acknowledged(1, 0.1)
    gate.acknowledged(1, 0.2)
    gate.acknowledged(-5, 0.2)
    assert gate.under_way == 1


def test_who_owes_an_answer_and_is_silent_is_gone() -> None:
    gate = Gate(0.0)
    assert gate.gone_at() is None
    gate.sent(1, 10.0)
    assert gate.gone_at() == 15.0
    gate.heard(12.0)
    assert gate.gone_at() == 17.0
    gate.acknowledged(1, 13.0)
    assert gate.gone_at() is None


def test_a_page_that_begins_anew_owes_nothing_but_is_as_slow_as_it_was() -> None:
    gate = _filled()
    gate.restart(3.0)
    assert gate.under_way == 0
    assert gate.gone_at() is None
    assert gate.is_tight
