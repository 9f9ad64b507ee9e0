from __future__ import annotations

from datetime import date

import numpy as np

from quantdata.sim.activity import Activity
from quantdata.sim.listings import Contracts, contracts_on
from quantdata.sim.timeline import timeline
from quantdata.sim.universe import asset

LINE = timeline()
DAY = date(2026, 11, 18)
SESSION = LINE.last_until(DAY)
SPOT = 660.0


def spy() -> tuple[Activity, Contracts]:
    facts = asset("SPY")
    closes = np.full(len(LINE), SPOT)
    activity = Activity(facts, closes=lambda _session: closes, log_volatility=np.zeros(len(LINE)))
    return activity, contracts_on(facts, DAY, mids=closes, seed=7)


ACTIVITY, CONTRACTS = spy()
EVENTS = ACTIVITY.events(CONTRACTS, SESSION)
INTEREST = ACTIVITY.open_interest(CONTRACTS, SESSION)
NEAR = np.abs(CONTRACTS.strike / SPOT - 1) < 0.02
FAR = np.abs(CONTRACTS.strike / SPOT - 1) > 0.25


def test_a_contract_is_as_busy_alone_as_in_its_chain() -> None:
    rows = np.array([3, 4000, 7000])
    assert ACTIVITY.events(CONTRACTS.take(rows), SESSION).tolist() == EVENTS[rows].tolist()
    assert ACTIVITY.open_interest(CONTRACTS.take(rows), SESSION).tolist() == INTEREST[rows].tolist()


def test_todays_expiration_at_the_money_is_the_busiest() -> None:
    days, at = np.unique(CONTRACTS.expiration, return_inverse=True)
    assert days[np.argmax(np.bincount(at, weights=EVENTS))] == np.datetime64(DAY)
    assert abs(CONTRACTS.strike[np.argmax(EVENTS)] / SPOT - 1) < 0.02
    assert 30_000 < EVENTS.sum() < 120_000


def test_trade_is_thickest_at_the_money_and_just_out_of_it() -> None:
    for is_call in (True, False):
        today = (CONTRACTS.expiration == np.datetime64(DAY)) & (CONTRACTS.is_call == is_call)
        out = (CONTRACTS.strike[today] / SPOT - 1) * (1 if is_call else -1)
        inside, middle, outside = (
            EVENTS[today][(out >= low) & (out < high)].mean()
            for low, high in ((-0.02, -0.005), (-0.001, 0.006), (0.012, 0.03))
        )
        assert middle > 3 * max(inside, outside)


def test_neighbouring_strikes_trade_alike() -> None:
    volumes = EVENTS * ACTIVITY.trade_sizes(EVENTS)
    for is_call in (True, False):
        today = NEAR & (CONTRACTS.expiration == np.datetime64(DAY)) & (CONTRACTS.is_call == is_call)
        steps = np.abs(np.diff(np.log(volumes[today])))
        assert 1.2 < np.exp(np.median(steps)) < 2.5
        assert np.exp(steps.max()) < 10


def test_a_trade_stands_for_more_where_many_trade() -> None:
    sizes = ACTIVITY.trade_sizes(np.array([0, 1, 100, 1000]))
    assert (np.diff(sizes) > 0).all()
    assert sizes[3] > 10 * sizes[0]


def test_half_a_day_has_half_the_trade() -> None:
    half_day = LINE.last_until(date(2026, 11, 27))
    living = CONTRACTS.expiration > np.datetime64("2026-12-10")
    half, whole = (ACTIVITY.events(CONTRACTS, each)[living].sum() for each in (half_day, half_day + 1))
    assert 0.4 < half / whole < 0.6


def test_the_wings_and_the_far_months_are_quiet() -> None:
    assert EVENTS[NEAR].mean() > 50 * EVENTS[FAR].mean()
    assert (EVENTS[FAR] == 0).mean() > 0.9
    assert INTEREST[NEAR].mean() > 2 * INTEREST[FAR].mean()


def test_round_strikes_are_preferred() -> None:
    in_month = NEAR & (CONTRACTS.expiration == np.datetime64("2026-12-18"))
    is_round = CONTRACTS.strike % 10 == 0
    assert np.median(INTEREST[in_month & is_round]) > 1.5 * np.median(INTEREST[in_month & ~is_round])


def test_open_interest_changes_little_from_day_to_day() -> None:
    tomorrow = ACTIVITY.open_interest(CONTRACTS, SESSION + 1)
    large = INTEREST > 500
    assert np.median(np.abs(tomorrow[large] / INTEREST[large] - 1)) < 0.1
    assert not np.array_equal(tomorrow, INTEREST)


def test_nothing_trades_before_it_is_listed_or_after_it_has_stopped() -> None:
    ended = CONTRACTS.expiration == np.datetime64(DAY)
    assert not ACTIVITY.events(CONTRACTS, SESSION + 1)[ended].any()
    assert ACTIVITY.events(CONTRACTS, SESSION + 1)[~ended].any()
    new = CONTRACTS.listed_since > np.datetime64("2026-11-10")
    assert not ACTIVITY.events(CONTRACTS, LINE.last_until(date(2026, 11, 10)))[new].any()
