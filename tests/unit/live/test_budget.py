"""The subscription budget: nearest to the money first, shared by weight, pairs together, little churn."""

from __future__ import annotations

import numpy as np
import pytest

from quantdata.errors import ArgumentError
from quantdata.live.budget import Candidates, allocate


def _symbols(root: str, *strikes: float, types: str = "CP", expiration: str = "261218") -> list[str]:
    return [f"{root}{expiration}{each}{round(1000 * strike):08d}" for strike in strikes for each in types]


def _strikes(symbols: list[str]) -> list[float]:
    return [int(symbol[-8:]) / 1000 for symbol in symbols]


def _chain(root: str, *strikes: float, forward: float = 100.0, types: str = "CP") -> Candidates:
    symbols = _symbols(root, *strikes, types=types)
    return Candidates(symbols, strike=_strikes(symbols), forward=forward, volatility=0.2, years=0.25)


def test_all_are_subscribed_where_there_is_room() -> None:
    chain = _chain("SPY", 95.0, 100.0)
    assert allocate({"SPY": chain}) == {"SPY": _symbols("SPY", 100.0, 95.0)}


def test_the_strikes_nearest_to_the_forward_come_first_with_call_and_put() -> None:
    chain = _chain("SPY", 90.0, 95.0, 100.0, 105.0, 110.0)
    assert allocate({"SPY": chain}, limit=4) == {"SPY": _symbols("SPY", 100.0, 105.0)}


def test_near_is_counted_in_standard_deviations_until_expiration() -> None:
    symbols = [*_symbols("SPY", 105.0, expiration="261127"), *_symbols("SPY", 110.0, expiration="271217")]
    chain = Candidates(symbols, strike=_strikes(symbols), forward=100.0, volatility=0.2, years=[0.02, 0.02, 1.0, 1.0])
    assert allocate({"SPY": chain}, limit=2) == {"SPY": symbols[2:]}


@pytest.mark.parametrize(
    ("unknown", "value"),
    [
        ("strike", np.nan),
        ("forward", np.nan),
        ("forward", 0.0),
        ("volatility", np.nan),
        ("volatility", 0.0),
        ("volatility", np.inf),
        ("years", -0.1),
        ("years", 0.0),
    ],
)
def test_the_expired_and_the_unknown_come_last(unknown: str, value: float) -> None:
    chain = _chain("SPY", 100.0, 150.0)
    known = [np.broadcast_to(np.asarray(values, dtype=np.float64), 4).copy() for values in chain[1:]]
    known[chain._fields.index(unknown) - 1][:2] = value
    chain = Candidates(chain.symbols, *known)
    assert allocate({"SPY": chain}, limit=2) == {"SPY": _symbols("SPY", 150.0)}
    assert allocate({"SPY": chain}) == {"SPY": _symbols("SPY", 150.0, 100.0)}


def test_a_pair_is_never_torn_for_the_last_place() -> None:
    chain = _chain("SPY", 95.0, 100.0)
    assert allocate({"SPY": chain}, limit=3) == {"SPY": _symbols("SPY", 100.0)}


def test_a_call_without_its_put_takes_one_place() -> None:
    chain = _chain("SPY", 95.0, 100.0, 105.0, types="C")
    assert allocate({"SPY": chain}, limit=2) == {"SPY": _symbols("SPY", 100.0, 105.0, types="C")}


def test_places_are_shared_by_weight() -> None:
    strikes = [float(strike) for strike in range(50, 151)]
    chains = {"SPY": _chain("SPY", *strikes), "QQQ": _chain("QQQ", *strikes), "IWM": _chain("IWM", *strikes)}
    chosen = allocate(chains, limit=100, weights={"SPY": 3.0, "IWM": 0.0})
    assert {underlying: len(symbols) for underlying, symbols in chosen.items()} == {"SPY": 74, "QQQ": 26, "IWM": 0}


def test_what_one_cannot_use_goes_to_the_others() -> None:
    strikes = [float(strike) for strike in range(50, 151)]
    chains = {"SPY": _chain("SPY", *strikes), "QQQ": _chain("QQQ", *strikes), "VIX": _chain("VIX", 15.0)}
    chosen = allocate(chains, limit=100)
    assert {underlying: len(symbols) for underlying, symbols in chosen.items()} == {"SPY": 48, "QQQ": 50, "VIX": 2}


def test_without_places_or_candidates_nothing_is_subscribed() -> None:
    assert allocate({}) == {}
    assert allocate({"SPY": _chain("SPY", 100.0)}, limit=0) == {"SPY": []}
    assert allocate({"SPY": Candidates([], [], [], [], [])}) == {"SPY": []}


def test_what_is_held_stays_on_a_small_move() -> None:
    strikes = [float(strike) for strike in range(50, 151)]
    held = allocate({"SPY": _chain("SPY", *strikes)}, limit=80)["SPY"]
    moved = allocate({"SPY": _chain("SPY", *strikes, forward=102.0)}, limit=80, held=held)["SPY"]
    assert set(moved) == set(held)
    assert moved[0] == "SPY261218C00102000"


def test_what_has_come_near_the_money_enters_and_the_farthest_leave() -> None:
    strikes = [float(strike) for strike in range(50, 151)]
    held = allocate({"SPY": _chain("SPY", *strikes)}, limit=80)["SPY"]
    moved = allocate({"SPY": _chain("SPY", *strikes, forward=115.0)}, limit=80, held=held)["SPY"]
    assert len(moved) == 80
    left, entered = set(held) - set(moved), set(moved) - set(held)
    assert max(_strikes(sorted(left))) < min(_strikes(moved))
    assert min(_strikes(sorted(entered))) > max(_strikes(held))


def test_a_strike_listed_at_the_money_enters_though_all_that_is_held_is_near() -> None:
    strikes = [float(strike) for strike in range(50, 151)]
    held = allocate({"SPY": _chain("SPY", *strikes)}, limit=80)["SPY"]
    chosen = allocate({"SPY": _chain("SPY", *strikes, 100.5)}, limit=80, held=held)["SPY"]
    assert set(chosen) - set(held) == set(_symbols("SPY", 100.5))


def test_one_held_contract_keeps_its_pair() -> None:
    strikes = [float(strike) for strike in range(50, 151)]
    held = allocate({"SPY": _chain("SPY", *strikes)}, limit=80)["SPY"]
    calls = [symbol for symbol in held if symbol[-9] == "C"]
    moved = allocate({"SPY": _chain("SPY", *strikes, forward=102.0)}, limit=80, held=calls)["SPY"]
    assert set(moved) == set(held)


def test_far_contracts_of_a_large_chain_change_nothing() -> None:
    near, all_ = [90.0 + each / 8 for each in range(160)], [50.0 + each / 8 for each in range(800)]
    chosen = allocate({"SPY": _chain("SPY", *all_)}, limit=100)
    assert chosen == allocate({"SPY": _chain("SPY", *near)}, limit=100)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(ArgumentError, match="the weight of SPY must be a number from 0 on"):
        allocate({"SPY": _chain("SPY", 100.0)}, weights={"SPY": weight})


def test_a_limit_below_nothing_is_refused() -> None:
    with pytest.raises(ArgumentError, match="the limit must be a number of contracts from 0 on, not -1"):
        allocate({"SPY": _chain("SPY", 100.0)}, limit=-1)
