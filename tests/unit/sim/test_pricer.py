from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from quantdata.sim.listings import Contracts, contracts_on
from quantdata.sim.pricer import Pricer
from quantdata.sim.timeline import ns_of, timeline
from quantdata.sim.universe import RATE, asset

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINE = timeline()
DAY = date(2026, 11, 18)
NOON = ns_of(datetime(2026, 11, 18, 17, tzinfo=UTC))


def priced(symbol: str, spot: float, day: date = DAY) -> tuple[Pricer, Contracts]:
    facts = asset(symbol)
    pricer = Pricer(facts, mid=lambda ns: np.full(len(ns), spot), log_volatility=lambda ns: np.zeros(len(ns)))
    return pricer, contracts_on(facts, day, mids=np.full(len(LINE), spot), seed=7)


def pairs(symbol: str, spot: float) -> tuple[Contracts, dict[str, NDArray[np.float64]]]:
    pricer, contracts = priced(symbol, spot)
    valued = pricer.value(contracts, np.full(len(contracts), NOON))
    calls = contracts.take(contracts.is_call)
    columns = {"call": valued.value[0::2], "put": valued.value[1::2]}
    columns |= {name: getattr(valued, name)[0::2] for name in ("forward", "years", "spot")}
    return calls, columns


@pytest.mark.parametrize(("symbol", "spot"), [("SPX", 6600.0), ("NDX", 23_500.0), ("VIX", 17.0)])
def test_index_options_meet_put_call_parity_on_their_forward(symbol: str, spot: float) -> None:
    calls, at = pairs(symbol, spot)
    discount = np.exp(-RATE * at["years"])
    assert at["call"] - at["put"] == pytest.approx(discount * (at["forward"] - calls.strike), abs=1e-8 * spot)


@pytest.mark.parametrize(("symbol", "spot"), [("DIA", 470.0), ("AAPL", 250.0), ("BRK.B", 480.0)])
def test_american_options_keep_their_bounds(symbol: str, spot: float) -> None:
    calls, at = pairs(symbol, spot)
    gap, dividend_yield = at["call"] - at["put"], asset(symbol).dividend_yield
    assert (gap >= spot * np.exp(-dividend_yield * at["years"]) - calls.strike - 1e-6).all()
    assert (gap <= spot - calls.strike * np.exp(-RATE * at["years"]) + 1e-6).all()


@pytest.mark.parametrize(("symbol", "spot"), [("SPX", 6600.0), ("DIA", 470.0), ("AAPL", 250.0), ("VIX", 17.0)])
def test_values_fall_and_bend_with_the_strike_as_they_must(symbol: str, spot: float) -> None:
    calls, at = pairs(symbol, spot)
    for expires in np.unique(calls.expires):
        for root in np.unique(calls.root[calls.expires == expires]):
            rows = (calls.expires == expires) & (calls.root == root)
            strike = calls.strike[rows]
            call_slope, put_slope = (np.diff(at[side][rows]) / np.diff(strike) for side in ("call", "put"))
            assert (call_slope <= 1e-9).all()
            assert (put_slope >= -1e-9).all()
            # The American approximation bends the right way to within a hundredth of a cent per dollar of strike.
            for slope in (call_slope, put_slope):
                assert (np.diff(slope) >= -2e-3).all()


def test_vix_options_are_priced_on_their_own_forward() -> None:
    calls, at = pairs("VIX", 13.0)
    near, far = at["forward"][calls.expires == calls.expires.min()], at["forward"][calls.expires == calls.expires.max()]
    assert near == pytest.approx(13.0, abs=0.1)
    assert far == pytest.approx(18.0, abs=0.5)


def test_a_weekend_costs_little_and_a_session_much() -> None:
    pricer, contracts = priced("SPX", 6600.0)
    rows = contracts.take((contracts.strike == 6600.0) & (contracts.expiration == np.datetime64("2026-12-18")))
    instants = [(20, 14, 31), (20, 20, 59), (23, 14, 31)]
    values = [
        pricer.value(rows, np.full(len(rows), ns_of(datetime(2026, 11, day, hour, minute, tzinfo=UTC)))).value.sum()
        for day, hour, minute in instants
    ]
    assert values[0] - values[1] > 2 * (values[1] - values[2]) > 0


def test_the_vendors_greeks_carry_the_signs_they_should() -> None:
    for symbol, spot in (("SPX", 6600.0), ("AAPL", 250.0), ("VIX", 17.0)):
        pricer, contracts = priced(symbol, spot)
        greeks = pricer.greeks(contracts, pricer.value(contracts, np.full(len(contracts), NOON)))
        assert (np.where(contracts.is_call, greeks.delta, -greeks.delta) >= -1e-12).all()
        assert (np.abs(greeks.delta) <= 1.0 + 1e-9).all()
        assert (greeks.gamma >= -1e-9).all()
        assert (greeks.vega >= -1e-6).all()


def test_nothing_is_priced_past_its_expiry() -> None:
    pricer, contracts = priced("DIA", 470.0, date(2026, 11, 20))
    today = contracts.take(contracts.expiration == np.datetime64("2026-11-20"))
    valued = pricer.value(today, np.full(len(today), ns_of(datetime(2026, 11, 20, 21, 14, tzinfo=UTC))))
    intrinsic = np.maximum(np.where(today.is_call, 470.0 - today.strike, today.strike - 470.0), 0.0)
    assert valued.value == pytest.approx(intrinsic, abs=0.1)
