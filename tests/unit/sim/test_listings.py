from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from quantdata.sim.listings import Contracts, contract_of, contracts_on, listing_of
from quantdata.sim.paths import Paths
from quantdata.sim.timeline import moment_of, timeline
from quantdata.sim.universe import Asset, asset
from quantdata.symbols import OptionSymbol, parse_option

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINE = timeline()
PATHS = Paths(7)
DAY = date(2026, 11, 18)


def mids_of(facts: Asset) -> NDArray[np.float64]:
    return np.full(len(LINE), 17.0) if facts.symbol == "VIX" else PATHS.close(facts.factor) * facts.per_level


def contracts(symbol: str, day: date = DAY) -> Contracts:
    facts = asset(symbol)
    return contracts_on(facts, day, mids=mids_of(facts), seed=7)


def occ(rows: Contracts, symbol: str) -> list[str]:
    return [str(each) for each in listing_of(asset(symbol), rows).symbol]


@pytest.mark.parametrize("day", [date(2025, 3, 5), date(2025, 12, 1), DAY])
def test_large_chains_are_as_large_as_in_life(day: date) -> None:
    assert len(contracts("SPY", day)) >= 8000
    assert 28_000 <= len(contracts("SPX", day)) <= 32_000


def test_symbols_are_those_of_the_symbol_module_and_unique() -> None:
    rows = contracts("DIA")
    expected = [
        OptionSymbol(root, day.item(), "call" if is_call else "put", strike).occ
        for root, day, is_call, strike in zip(
            rows.root.tolist(), rows.expiration, rows.is_call.tolist(), rows.strike.tolist(), strict=True
        )
    ]
    assert occ(rows, "DIA") == expected
    assert len(set(expected)) == len(expected)
    assert len(np.unique(rows.key)) == len(rows)


def test_rows_are_sorted_by_expiration_root_strike_calls_first() -> None:
    rows = contracts("SPX")
    order = np.lexsort((~rows.is_call, rows.strike, rows.root, rows.expiration))
    assert np.array_equal(order, np.arange(len(rows)))


def test_a_third_friday_has_a_morning_and_an_evening_series() -> None:
    rows = contracts("SPX")
    friday = rows.take(rows.expiration == np.datetime64("2026-12-18"))
    morning, evening = friday.take(friday.root == "SPX"), friday.take(friday.root == "SPXW")
    assert morning.is_am_settled.all()
    assert not evening.is_am_settled.any()
    assert f"{moment_of(morning.expires[0]):%F %H:%M}" == "2026-12-18 14:30"
    assert f"{moment_of(morning.last_close[0]):%F %H:%M}" == "2026-12-17 21:15"
    assert f"{moment_of(evening.expires[0]):%F %H:%M}" == "2026-12-18 21:00"
    assert f"{moment_of(evening.last_close[0]):%F %H:%M}" == "2026-12-18 21:00"
    assert rows.is_european.all()


def test_expiring_contracts_are_listed_until_their_day_is_over() -> None:
    assert contracts("SPY").expiration[0] == np.datetime64("2026-11-18")
    assert contracts("SPY", date(2026, 11, 19)).expiration[0] == np.datetime64("2026-11-19")


def test_ladders_surround_the_money_and_thin_out() -> None:
    rows = contracts("SPY")
    friday = np.unique(rows.strike[rows.expiration == np.datetime64("2026-12-18")])
    spot = PATHS.close("SPX")[LINE.last_before(DAY)] / 10
    assert friday[0] < 0.5 * spot < 1.3 * spot < friday[-1]
    steps = np.diff(friday)
    near = np.abs(friday[1:] / spot - 1) < 0.05
    assert (steps[near] == 1.0).all()
    assert steps[0] == steps[-1] == 10.0


def test_listings_only_grow_until_contracts_expire() -> None:
    today, tomorrow = (set(occ(contracts("SPY", day), "SPY")) for day in (DAY, date(2026, 11, 19)))
    gone = {parse_option(symbol).expiration for symbol in today - tomorrow}
    assert gone == {DAY}
    assert len(tomorrow - today) < 0.1 * len(today)


def test_strikes_rest_on_the_close_before_not_on_today() -> None:
    facts = asset("DIA")
    mids = mids_of(facts)
    changed = mids.copy()
    changed[LINE.last_until(DAY) :] *= 1.5
    rows, others = (contracts_on(facts, DAY, mids=each, seed=7) for each in (mids, changed))
    assert np.array_equal(rows.key, others.key)


def test_adjusted_contracts_deliver_ten_shares() -> None:
    listing = listing_of(asset("NVDA"), contracts("NVDA"))
    adjusted = listing.root == "NVDA1"
    assert 10 < adjusted.sum() < 100
    assert (listing.multiplier[adjusted] == 10).all()
    assert (listing.multiplier[~adjusted] == 100).all()
    assert np.array_equal(listing.is_adjusted, adjusted)
    assert not (contracts("NVDA", date(2024, 6, 7)).root == "NVDA1").any()


def test_a_contract_is_found_by_symbol_after_its_end() -> None:
    facts, rows = asset("SPY"), contracts("SPY")
    for row in (0, 7000, len(rows) - 1):
        symbol = parse_option(occ(rows, "SPY")[row])
        found = contract_of(facts, symbol, mids=mids_of(facts), seed=7)
        assert found is not None
        assert len(found) == 1
        assert found.key[0] == rows.key[row]
        assert found.expires[0] == rows.expires[row]


@pytest.mark.parametrize("symbol", ["SPY261119C00650500", "SPY261126C00650000", "QQQ261118C00600000"])
def test_contracts_that_never_were_are_not_found(symbol: str) -> None:
    facts = asset("SPY")
    assert contract_of(facts, parse_option(symbol), mids=mids_of(facts), seed=7) is None
