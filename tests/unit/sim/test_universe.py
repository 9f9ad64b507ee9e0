from __future__ import annotations

import pytest

from quantdata.errors import SymbolError
from quantdata.sim.universe import ANCHOR_DAYS, ASSETS, EQUITIES, INDICES, LEVELS, UNDERLYINGS, asset
from quantdata.symbols import root_facts


def test_the_universe_is_the_one_that_is_promised() -> None:
    assert EQUITIES == ("SPY", "QQQ", "IWM", "DIA", "AAPL", "NVDA", "TSLA", "BRK.B")
    assert INDICES == ("SPX", "NDX", "VIX")
    assert set(UNDERLYINGS) == {*EQUITIES, *INDICES}


def test_roots_belong_to_their_underlying_and_style() -> None:
    for facts in ASSETS:
        for root in facts.roots:
            known = root_facts(root)
            assert known.underlying == facts.symbol
            assert (known.exercise_style == "european") == facts.is_index


def test_every_path_has_an_anchor_for_every_anchor_day() -> None:
    assert all(len(factor.levels) == len(ANCHOR_DAYS) for factor in LEVELS.values())
    assert {facts.factor for facts in ASSETS} - {"VIX"} == set(LEVELS)


def test_smiles_meet_the_condition_against_butterflies() -> None:
    # Gatheral and Jacquier (2014), theorem 4.2: theta * phi * (1 + |rho|) < 4, at its largest for the largest theta.
    for facts in ASSETS:
        assert facts.skew.curvature * (1 + abs(facts.skew.correlation)) < 4


def test_an_unknown_symbol_is_refused_with_what_there_is() -> None:
    with pytest.raises(SymbolError, match=r"GME.*SPY"):
        asset("GME")
