from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from quantdata.sim.surface import VIX_MEAN, at_the_money_variance, smile_variance, vix_forward, vix_variance
from quantdata.sim.universe import ASSETS, Asset

STRIKES = np.linspace(-1.5, 1.0, 2001)
SESSIONS = np.array([0.1, 1.0, 5.0, 21.0, 63.0, 252.0, 756.0])


@pytest.mark.parametrize("facts", ASSETS, ids=lambda facts: facts.symbol)
@pytest.mark.parametrize("stress", [0.65, 1.0, 1.5])
def test_no_butterfly_is_an_arbitrage(facts: Asset, stress: float) -> None:
    for flat in at_the_money_variance(SESSIONS, np.float64(stress * facts.volatility), usual=facts.volatility):
        deviation = np.sqrt(smile_variance(STRIKES, flat, facts.skew))
        # Undiscounted calls per USD of forward; their second derivative in the strike is the density.
        d1 = -STRIKES / deviation + deviation / 2
        calls = norm.cdf(d1) - np.exp(STRIKES) * norm.cdf(d1 - deviation)
        slopes = np.diff(calls) / np.diff(np.exp(STRIKES))
        assert (np.diff(slopes) > -1e-9).all()
        assert (slopes <= 1e-12).all()


@pytest.mark.parametrize("facts", ASSETS, ids=lambda facts: facts.symbol)
@pytest.mark.parametrize("stress", [0.65, 1.0, 1.5])
def test_no_calendar_spread_is_an_arbitrage(facts: Asset, stress: float) -> None:
    flat = at_the_money_variance(SESSIONS, np.float64(stress * facts.volatility), usual=facts.volatility)
    variance = smile_variance(STRIKES[None, :], flat[:, None], facts.skew)
    assert (np.diff(variance, axis=0) > 0).all()


def test_at_the_money_variance_is_what_was_asked() -> None:
    assert smile_variance(np.zeros(1), np.array([0.02]), ASSETS[0].skew) == pytest.approx([0.02])


def test_volatility_returns_to_its_long_run() -> None:
    calm, stressed = (at_the_money_variance(SESSIONS, np.float64(level), usual=0.15) for level in (0.1, 0.25))
    years = SESSIONS / 252
    assert np.sqrt(calm[0] / years[0]) == pytest.approx(0.1, abs=0.002)
    assert np.sqrt(stressed[0] / years[0]) == pytest.approx(0.25, abs=0.002)
    assert (np.diff(calm / years) > 0).all()
    assert (np.diff(stressed / years) < 0).all()


def test_index_puts_are_dearer_than_calls() -> None:
    skew, flat = ASSETS[0].skew, 0.15**2 / 12
    put, call = np.sqrt(smile_variance(np.array([-0.05, 0.05]), np.float64(flat), skew) * 12)
    assert put == pytest.approx(0.2, abs=0.02)
    assert call == pytest.approx(0.11, abs=0.02)


def test_vix_forwards_return_to_their_mean_and_move_less_with_time() -> None:
    years = np.array([0.0, 0.1, 1.0])
    assert vix_forward(np.array([30.0]), years)[0] == 30.0
    assert vix_forward(np.array([30.0]), years)[2] == pytest.approx(VIX_MEAN, abs=0.6)
    assert vix_forward(np.array([12.0]), years)[1] > 12.0
    volatility = np.sqrt(vix_variance(years[1:], np.float64(0.95)) / years[1:])
    assert volatility[0] > 0.8
    assert volatility[1] < 0.55
