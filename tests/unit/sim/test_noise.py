from __future__ import annotations

from datetime import date

import numpy as np

from quantdata.sim.noise import generator, key, mix, normal, uniform


def test_labels_give_the_same_numbers_in_every_process() -> None:
    assert int(key("SPY", date(2026, 11, 18), 7)) == 4_858_330_501_785_616_901
    assert generator(7, "SPY").standard_normal(2).round(6).tolist() == [-1.105925, -0.449365]


def test_mixing_is_the_published_finaliser() -> None:
    # splitmix64 from state 0: its first output in Vigna's reference code.
    assert int(mix(0)) == 0xE220A8397B1DCDAF


def test_labels_do_not_run_together() -> None:
    assert key("ab", "c") != key("a", "bc")


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    keys = np.arange(1000, dtype=np.uint64)
    assert uniform(keys, 3)[417] == uniform(keys[417:418], 3)[0] == uniform(np.uint64(417), 3)


def test_numbers_are_spread_as_they_should_be() -> None:
    numbers = np.arange(100_000)
    flat, bell = uniform(numbers, 1), normal(numbers, 2)
    assert 0.0 < flat.min() < flat.max() < 1.0
    assert abs(flat.mean() - 0.5) < 0.005
    assert abs(bell.mean()) < 0.02
    assert abs(bell.std() - 1.0) < 0.01
    assert abs(np.corrcoef(flat[1:], flat[:-1])[0, 1]) < 0.01
