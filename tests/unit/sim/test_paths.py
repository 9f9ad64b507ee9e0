from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from quantdata.sim.paths import Paths
from quantdata.sim.timeline import timeline
from quantdata.sim.universe import LEVELS, anchors_of

LINE = timeline()
PATHS = Paths(7)
FROM, TO = LINE.last_until(date(2025, 1, 2)), LINE.last_until(date(2026, 12, 31))


@pytest.mark.parametrize("factor", LEVELS)
def test_paths_pass_through_their_anchors(factor: str) -> None:
    days, levels = anchors_of(factor)
    closes = PATHS.close(factor)[[LINE.last_until(day) for day in days]]
    assert closes == pytest.approx(levels)


@pytest.mark.parametrize(
    ("factor", "low", "high"),
    [
        ("SPX", 5500, 7200), ("NDX", 19_000, 26_500), ("RUT", 2000, 2650), ("DJI", 40_000, 49_500),
        ("AAPL", 190, 300), ("NVDA", 105, 230), ("TSLA", 200, 480), ("BRK.B", 420, 540),
    ],
)  # fmt: skip
def test_recent_levels_look_familiar(factor: str, low: float, high: float) -> None:
    recent = PATHS.close(factor)[FROM:TO]
    assert low < recent.min() < recent.max() < high


@pytest.mark.parametrize(("factor", "usual"), [("SPX", 0.145), ("NDX", 0.18), ("NVDA", 0.42), ("BRK.B", 0.15)])
def test_realised_volatility_is_usual(factor: str, usual: float) -> None:
    returns = np.diff(np.log(PATHS.close(factor)))
    assert returns.std() * np.sqrt(252) == pytest.approx(usual, rel=0.15)


def test_volatility_moves_against_the_market_and_stays_bounded() -> None:
    returns = np.diff(np.log(PATHS.close("SPX")))
    volatility = PATHS.market_log_volatility()
    assert np.corrcoef(returns, np.diff(volatility))[0, 1] < -0.7
    assert np.abs(volatility).max() < 0.42
    assert 0.12 < volatility.std() < 0.25


def test_a_stretch_runs_from_close_to_close() -> None:
    closes = np.log(PATHS.close("NDX"))
    for session in (1, 2700, 2744):
        stretch = PATHS.stretch("NDX", session)
        assert stretch.ts[0] == LINE.close[session - 1]
        assert stretch.ts[-1] == LINE.close[session]
        assert stretch.log_level[[0, -1]].tolist() == closes[[session - 1, session]].tolist()
        assert stretch.log_volatility[-1] == pytest.approx(PATHS.market_log_volatility()[session])


def test_answers_do_not_depend_on_the_order_of_questions() -> None:
    one, other = Paths(3), Paths(3)
    first = one.stretch("AAPL", 2000)
    for session in (1999, 2001, 2000):
        other.stretch("SPX", session)
    assert np.array_equal(first.log_level, other.stretch("AAPL", 2000).log_level)
    assert not np.array_equal(first.log_level, Paths(4).stretch("AAPL", 2000).log_level)


def test_levels_at_instants_meet_the_stretches() -> None:
    ns = np.array([LINE.close[2700], LINE.early_open[2701], LINE.open[2701], LINE.close[2701]])
    stretch = PATHS.stretch("SPX", 2701)
    knots = np.searchsorted(stretch.ts, ns)
    assert PATHS.level("SPX", ns) == pytest.approx(np.exp(stretch.log_level[knots]))


def test_the_market_moves_its_members_within_the_day() -> None:
    spx, ndx = (np.diff(PATHS.stretch(factor, 2700).log_level) for factor in ("SPX", "NDX"))
    assert np.corrcoef(spx, ndx)[0, 1] > 0.8
