"""The fault drills, short: each fault on one call; ``make drill`` runs each on all that it can hit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.drills import massive, tradier

if TYPE_CHECKING:
    from quantdata.sim import Simulator
    from tests.drills.engine import Drill

pytestmark = pytest.mark.thorough

CASES = [(drill, number) for drill in (massive.DRILL, tradier.DRILL) for number in range(len(drill.cases))]
NAMES = [f"{drill.vendor}: {drill.cases[number].name}" for drill, number in CASES]


class Healthy:
    """What each call gives when nothing is wrong, asked once."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.answer = cache(self._ask)

    def _ask(self, vendor: str, name: str) -> Any:
        drill = {"massive": massive.DRILL, "tradier": tradier.DRILL}[vendor]
        self._simulator.faults.clear()
        return drill.ask(self._simulator, name)


@pytest.fixture(scope="module")
def healthy(simulated_market: Simulator) -> Healthy:
    return Healthy(simulated_market)


@pytest.mark.parametrize(("drill", "number"), CASES, ids=NAMES)
def test_every_fault_ends_in_the_right_data_or_the_right_error(
    drill: Drill, number: int, simulator: Simulator, healthy: Healthy
) -> None:
    case = drill.cases[number]
    name = case.calls[number % len(case.calls)]
    assert drill.attempt(simulator, case, name, healthy.answer(drill.vendor, name)).failure is None
