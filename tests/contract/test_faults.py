"""The fault drill, short: each fault on one call; ``make drill`` runs each on all that it can hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.drills.massive import CALLS, CASES, Case, ask, attempt

if TYPE_CHECKING:
    from quantdata.sim import Simulator


@pytest.fixture(scope="module")
def healthy(simulated_market: Simulator) -> dict[str, object]:
    simulated_market.faults.clear()
    return {name: ask(simulated_market, name) for name in CALLS}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_every_fault_ends_in_the_right_data_or_the_right_error(
    number: int, simulator: Simulator, healthy: dict[str, object]
) -> None:
    case: Case = CASES[number]
    name = case.calls[number % len(case.calls)]
    assert attempt(simulator, case, name, healthy[name]).failure is None
