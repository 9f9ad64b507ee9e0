"""The subscription budget for any chains: never over its limit, no pair torn, no waste, and bounded churn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from quantdata.live.budget import CORE, KEPT_WITHIN, Candidates, allocate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Contract = tuple[str, float, float]


def _pair(symbol: str) -> str:
    return symbol[:-9] + symbol[-8:]


def _candidates(contracts: Sequence[Contract], forward: float) -> Candidates:
    symbols = [symbol for symbol, _, _ in contracts]
    strikes = [strike for _, strike, _ in contracts]
    return Candidates(symbols, strikes, forward, 0.25, [years for _, _, years in contracts])


@st.composite
def chains(draw: Callable[..., object], root: str, *, types: Sequence[str] = ("C", "P", "CP")) -> list[Contract]:
    """Draw an underlying's contracts: strikes with a call, a put or both, some of which expire nobody knows when."""
    listed = draw(
        st.lists(
            st.tuples(st.integers(50, 150), st.sampled_from(types), st.sampled_from([0.02, 0.25, 1.0, math.nan])),
            unique_by=lambda each: each[0],
            max_size=40,
        )
    )
    assert isinstance(listed, list)
    return [
        (f"{root}261218{kind}{1000 * strike:08d}", float(strike), years)
        for strike, kinds, years in listed
        for kind in kinds
    ]


MARKETS = st.fixed_dictionaries({"SPY": chains("SPY"), "QQQ": chains("QQQ"), "VIX": chains("VIX")})
WEIGHTS = st.dictionaries(st.sampled_from(["SPY", "QQQ", "VIX"]), st.floats(0.0, 10.0), max_size=3)


@given(market=MARKETS, weights=WEIGHTS, limit=st.integers(0, 120), forward=st.floats(60.0, 140.0), data=st.data())
def test_the_limit_holds_no_pair_is_torn_and_each_contract_is_subscribed_once(
    market: dict[str, list[Contract]],
    weights: dict[str, float],
    limit: int,
    forward: float,
    data: st.DataObject,
) -> None:
    everything = [symbol for contracts in market.values() for symbol, _, _ in contracts]
    held = data.draw(st.lists(st.sampled_from(everything), max_size=limit)) if everything else []
    chosen = allocate(
        {name: _candidates(contracts, forward) for name, contracts in market.items()},
        limit=limit,
        weights=weights,
        held=held,
    )
    flat = [symbol for symbols in chosen.values() for symbol in symbols]
    assert len(flat) <= limit
    assert len(flat) == len(set(flat))
    chosen_pairs = {_pair(symbol) for symbol in flat}
    assert {symbol for symbol in everything if _pair(symbol) in chosen_pairs} == set(flat)
    assert not any(chosen[name] for name, weight in weights.items() if weight == 0.0)


@given(market=MARKETS, limit=st.integers(0, 120), forward=st.floats(60.0, 140.0))
def test_hardly_a_place_stays_empty_while_somebody_wants_it(
    market: dict[str, list[Contract]], limit: int, forward: float
) -> None:
    chosen = allocate({name: _candidates(each, forward) for name, each in market.items()}, limit=limit)
    wanted = sum(map(len, market.values()))
    # One place at most for each underlying whose next pair needs two, and one of an odd limit.
    assert sum(map(len, chosen.values())) >= min(wanted, limit) - len(market) - 1


@given(contracts=chains("SPY"), limit=st.integers(0, 80), data=st.data())
def test_the_order_of_the_candidates_does_not_matter(
    contracts: list[Contract], limit: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(contracts))
    assert allocate({"SPY": _candidates(contracts, 100.0)}, limit=limit) == allocate(
        {"SPY": _candidates(shuffled, 100.0)}, limit=limit
    )


@given(
    contracts=chains("SPY", types=["CP"]),
    pairs=st.integers(0, 40),
    before=st.floats(60.0, 140.0),
    after=st.floats(60.0, 140.0),
)
def test_only_what_fell_clearly_out_of_rank_leaves_or_makes_room_for_what_came_clearly_within(
    contracts: list[Contract], pairs: int, before: float, after: float
) -> None:
    limit = 2 * pairs
    held = set(allocate({"SPY": _candidates(contracts, before)}, limit=limit)["SPY"])
    chosen = set(allocate({"SPY": _candidates(contracts, after)}, limit=limit, held=held)["SPY"])
    ranked = allocate({"SPY": _candidates(contracts, after)})["SPY"]
    places = min(pairs, len(ranked) // 2)
    core = set(ranked[: 2 * int(CORE * places)])
    fallen = held - set(ranked[: 2 * math.ceil(KEPT_WITHIN * places)])
    assert core <= chosen
    assert len(held - chosen) <= len(core - held) + len(fallen)
    if core <= held and not fallen:
        assert chosen == held


@given(contracts=chains("SPY"), limit=st.integers(0, 80), forward=st.floats(60.0, 140.0))
def test_asking_again_changes_nothing(contracts: list[Contract], limit: int, forward: float) -> None:
    first = allocate({"SPY": _candidates(contracts, forward)}, limit=limit)["SPY"]
    assert allocate({"SPY": _candidates(contracts, forward)}, limit=limit, held=first)["SPY"] == first
