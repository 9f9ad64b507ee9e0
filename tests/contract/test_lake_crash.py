"""Writers that are killed at random points: the drill's short form, where `python -m tests.drills` is not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.drills.lake import DRILL

if TYPE_CHECKING:
    from quantdata.sim import Simulator


@pytest.mark.crash
@pytest.mark.timeout(240)
def test_no_kill_costs_a_committed_row_or_shows_a_reader_half_of_one(simulator: Simulator) -> None:
    outcomes = list(DRILL.run(simulator, is_short=True))
    assert len(outcomes) == 4
    assert [(outcome.case, outcome.failure) for outcome in outcomes if outcome.failure is not None] == []
