"""The tape of the streams: what counts, from when on, and that what is kept does not grow with the day."""

from __future__ import annotations

import polars as pl
import pytest

from quantdata.live.tape import Tape
from tests.unit.analytics.tape_rows import CALL, PUT
from tests.unit.live.streamed import CONTRACTS, NOON_MS, held, look, quote, sides, totals, trade

QUOTED = held(-1, 1.00, 1.10)
BOUGHT, SOLD, AT_MID = 1.10, 1.00, 1.05
HOURS_MS = 3_600_000


def tape() -> Tape:
    """Return a tape on SPY."""
    made = Tape()
    made.watch({"SPY": "SPY"})
    return made


def test_prints_fall_into_bought_sold_and_unclassified() -> None:
    made = tape()
    look(made, trade(1, BOUGHT, 3), trade(2, SOLD, 2), trade(3, BOUGHT, 7, conditions=(232,)), known=QUOTED)
    assert sides(made) == (3, 2, 7)


def test_without_a_quote_the_tick_test_tells_the_side_across_looks_and_folds() -> None:
    made = tape()
    look(made, trade(1, 1.00))
    made.fold(CONTRACTS)
    look(made, trade(4_000, 1.01, 2))
    made.fold(CONTRACTS)
    look(made, trade(8_999, 1.01, 4), trade(14_000, 1.00, 8))
    assert sides(made) == (2, 0, 1 + 4 + 8)


def test_the_quote_of_the_look_before_counts_when_this_look_has_none() -> None:
    made = tape()
    look(made, trade(10, BOUGHT), quotes=[quote(12, 1.20, 1.30)], known=QUOTED)
    assert sides(made) == (1, 0, 0)


def test_a_sweep_that_is_cut_by_looks_and_sums_counts_once() -> None:
    made = tape()
    for step in range(4):
        look(made, trade(step * 2, BOUGHT, exchange=300 + step), known=QUOTED)
        made.fold(CONTRACTS)
    assert totals(made)["sweep_count"] == 1
    for at in (3_000, 6_003, 20_000):
        look(made, trade(at, BOUGHT), known=QUOTED)
        made.fold(CONTRACTS)
    assert totals(made)["sweep_count"] == 1
    assert totals(made)["trade_count"] == 7


def test_a_late_print_is_signed_in_its_place() -> None:
    made = tape()
    look(made, trade(0, 1.00), trade(4_000, 1.00, 2))
    made.fold(CONTRACTS)
    assert sides(made) == (0, 0, 3)
    look(made, trade(2_000, 1.01, 4), received=4_100)
    assert sides(made) == (4, 2, 1)


def test_a_print_that_comes_very_late_counts_all_the_same() -> None:
    made = tape()
    look(made, trade(0, 1.00), trade(60_000, 1.00, 2))
    made.fold(CONTRACTS)
    look(made, trade(1_000, 1.01, 4), trade(1_001, 1.01, 4, conditions=(219,)), received=60_100)
    assert sides(made) == (0, 0, 11)
    assert totals(made)["sweep_count"] == 0


def test_what_is_kept_are_the_prints_of_the_last_seconds() -> None:
    made = tape()
    for at in range(0, 100_000, 1_000):
        look(made, trade(at, BOUGHT), known=QUOTED)
        made.fold(CONTRACTS)
    assert totals(made)["buy_volume"] == 100
    assert made._window.height <= 11
    assert not made._arrived


def test_prints_begin_to_count_when_the_first_is_heard_of_whatever_contract() -> None:
    made = tape()
    assert made.since == {}
    look(made, trade(5, symbol="O:QQQ261218C00500000"))
    assert made.since == {"SPY": NOON_MS + 5}
    look(made, trade(9, symbol=f"O:{CALL}"))
    made.fold(CONTRACTS)
    assert made.since == {"SPY": NOON_MS + 5}
    assert totals(made)["trade_count"] == 1
    assert made.totals.height == 1


def test_a_look_without_prints_changes_nothing() -> None:
    made = tape()
    look(made, quotes=[quote(1, 1.0, 1.1)])
    made.fold(CONTRACTS)
    assert made.since == {}
    assert made.totals.is_empty()
    assert made.covered == {}


@pytest.mark.parametrize("at", [-NOON_MS, -24 * HOURS_MS, 60_001])
def test_a_print_whose_time_cannot_be_true_is_left_out(at: int) -> None:
    made = tape()
    look(made, trade(at), received=0)
    made.fold(CONTRACTS)
    assert made.totals.is_empty()
    assert made.since == {}


def test_a_simulated_market_has_a_clock_of_its_own() -> None:
    made = tape()
    look(made, trade(30 * HOURS_MS), received=0, feed="simulated")
    made.fold(CONTRACTS)
    assert totals(made)["trade_count"] == 1


def test_a_new_day_begins_anew_and_prints_of_the_day_before_are_over() -> None:
    made = tape()
    look(made, trade(0, BOUGHT, 5), known=QUOTED)
    made.fold(CONTRACTS)
    look(made, trade(24 * HOURS_MS, SOLD, 2), trade(23 * HOURS_MS, BOUGHT), known=QUOTED)
    assert sides(made) == (1, 2, 0)
    assert made.since == {"SPY": NOON_MS + 23 * HOURS_MS}
    look(made, trade(1_000, BOUGHT, 9), received=20 * HOURS_MS, known=QUOTED)
    assert sides(made) == (1, 2, 0)


def test_a_print_of_the_day_before_is_nothing_to_begin_a_sum_with() -> None:
    made = tape()
    look(made, trade(24 * HOURS_MS))
    made.fold(CONTRACTS)
    made.watch({})
    made.watch({"SPY": "SPY"})
    look(made, trade(1), received=1_000)
    made.fold(CONTRACTS)
    assert made.totals.is_empty()


def test_what_is_watched_no_longer_is_forgotten() -> None:
    qqq = "QQQ261218C00500000"
    both = pl.concat(
        [CONTRACTS, CONTRACTS.with_columns(contract_symbol=CONTRACTS["contract_symbol"].str.replace(CALL, qqq))]
    )
    made = Tape()
    made.watch({"SPY": "SPY", "QQQ": "QQQ"})
    look(made, trade(1), known=QUOTED)
    made.fold(both)
    look(made, trade(2))
    made.watch({"QQQ": "QQQ"})
    made.fold(both)
    assert made.totals.is_empty()
    assert made.since == {"QQQ": NOON_MS + 1}


# --- whose tape -----------------------------------------------------------------------------------------------------


def test_massive_tells_of_all_contracts_and_tradier_of_those_that_are_named() -> None:
    made = tape()
    look(made, quotes=[quote(1, 1.0, 1.1)], vendor="tradier", received=1)
    assert made.covered == {CALL: NOON_MS + 1}
    look(made, trade(2, BOUGHT, bid=1.0, ask=1.1), vendor="tradier")
    assert sides(made) == (1, 0, 0)
    assert made.covered == {CALL: NOON_MS + 1}
    look(made, trade(3))
    assert made.covered is None


def test_a_contract_that_is_named_later_is_heard_from_then_on_and_on_the_next_day_from_its_beginning() -> None:
    made = tape()
    look(made, quotes=[quote(1, 1.0, 1.1)], vendor="tradier", received=1)
    look(made, trade(5), quotes=[quote(9, 1.0, 1.1, symbol=PUT)], vendor="tradier", received=9)
    assert made.covered == {CALL: NOON_MS + 1, PUT: NOON_MS + 9}
    made.fold(CONTRACTS)
    look(made, trade(24 * HOURS_MS), vendor="tradier")
    made.fold(CONTRACTS)
    assert made.covered == dict.fromkeys([CALL, PUT], NOON_MS + 24 * HOURS_MS)
    made.watch({})
    assert made.covered == {}


def test_a_print_that_both_vendors_tell_counts_once() -> None:
    made = tape()
    look(made, trade(1, BOUGHT), known=QUOTED)
    look(made, trade(1, BOUGHT), vendor="tradier", received=9_999, known=QUOTED)
    assert sides(made) == (1, 0, 0)


def test_tradier_stands_in_when_massive_has_been_silent_for_ten_seconds() -> None:
    made = tape()
    look(made, trade(1, BOUGHT), known=QUOTED)
    look(made, trade(11_000, BOUGHT), vendor="tradier", known=QUOTED)
    assert sides(made) == (2, 0, 0)
