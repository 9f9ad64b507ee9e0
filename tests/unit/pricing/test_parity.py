from __future__ import annotations

import numpy as np
import pytest

from quantdata.pricing import black76_price, parity_forward
from quantdata.pricing.parity import MOST_PAIRS, nearest_pairs

STRIKES = np.arange(80.0, 121.0)


def pairs(forward: float, discount: float = 0.98) -> tuple[np.ndarray, np.ndarray]:
    call, put = (
        black76_price(forward, STRIKES, time_to_expiry=0.5, volatility=0.3, is_call=side, discount=discount)
        for side in (True, False)
    )
    return call, put


def test_fair_pairs_give_the_forward_of_each_series() -> None:
    calls, puts = zip(pairs(101.3), pairs(97.25), strict=True)
    found = parity_forward(
        np.repeat([2, 0], STRIKES.size),
        np.tile(STRIKES, 2),
        call=np.concatenate(calls),
        put=np.concatenate(puts),
        spread=0.1,
        discount=0.98,
        series_count=4,
    )
    assert found == pytest.approx([97.25, np.nan, 101.3, np.nan], nan_ok=True)


def test_a_few_wrong_quotes_move_nothing() -> None:
    call, put = pairs(100.4)
    call[[20, 22]] += [7.0, -3.0]
    found = parity_forward(
        np.zeros(STRIKES.size, int), STRIKES, call=call, put=put, spread=0.1, discount=0.98, series_count=1
    )
    assert found == pytest.approx([100.4])


def test_narrow_quotes_outweigh_wide_ones() -> None:
    strike, call = np.array([100.0, 100.0, 100.0]), np.array([3.0, 3.0, 2.0])
    spread = np.array([1.0, 1.0, 0.05])
    found = parity_forward([0, 0, 0], strike, call=call, put=2.0, spread=spread, discount=1.0, series_count=1)
    assert found.tolist() == [100.0]


def test_an_even_split_is_halfway() -> None:
    found = parity_forward([0, 0], 100.0, call=[3.0, 2.0], put=2.0, spread=0.1, discount=1.0, series_count=1)
    assert found == pytest.approx([100.5])


def test_a_pair_with_a_gap_has_no_say() -> None:
    found = parity_forward(
        [0, 0, 1, 2],
        100.0,
        call=[np.nan, 2.0, 2.0, 2.0],
        put=[2.0, 2.0, np.nan, 2.0],
        spread=[0.1, 0.1, 0.1, np.nan],
        discount=1.0,
        series_count=3,
    )
    assert found == pytest.approx([100.0, np.nan, np.nan], nan_ok=True)


def test_no_pairs_give_no_forwards() -> None:
    nothing = np.empty(0)
    found = parity_forward(
        np.empty(0, int), nothing, call=nothing, put=nothing, spread=nothing, discount=nothing, series_count=2
    )
    assert np.isnan(found).all()
    assert found.shape == (2,)


def test_the_nearest_pairs_are_those_with_the_closest_prices() -> None:
    call, put = pairs(100.4)
    chosen = nearest_pairs(np.zeros(STRIKES.size, int), call=call, put=put)
    assert chosen.size == MOST_PAIRS
    assert sorted(STRIKES[chosen]) == [97.0, 98.0, 99.0, 100.0, 101.0, 102.0, 103.0, 104.0]
