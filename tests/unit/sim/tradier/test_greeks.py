from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from quantdata.pricing import american_greeks, american_price
from quantdata.sessions import NEW_YORK
from quantdata.sim.market import Market
from quantdata.sim.tradier.greeks import Greeks, greeks_of, stamp_before

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.sim.source import MarketSource

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
DECEMBER = np.datetime64("2026-12-18")
SHARED = ("gamma", "theta", "vega", "rho", "phi", "smv_vol", "updated_at")


@pytest.fixture
def greeks(market: MarketSource) -> Mapping[str, Greeks]:
    return greeks_of(market.surface("SPY", NOON), DECEMBER)


@pytest.mark.parametrize(
    ("at", "stamp"),
    [
        ("2026-11-18 09:58:46", "2026-11-17 16:00:01"),
        ("2026-11-18 09:58:47", "2026-11-18 09:58:47"),
        ("2026-11-18 11:00:00", "2026-11-18 10:58:47"),
        ("2026-11-18 16:00:00", "2026-11-18 15:58:47"),
        ("2026-11-18 16:00:01", "2026-11-18 16:00:01"),
        ("2026-11-19 03:00:00", "2026-11-18 16:00:01"),
        ("2026-11-22 12:00:00", "2026-11-20 16:00:01"),
        ("2026-11-27 12:59:00", "2026-11-27 12:58:47"),
        ("2026-11-27 15:00:00", "2026-11-27 13:00:01"),
    ],
)
def test_greeks_are_made_hourly_and_a_last_time_after_the_close(at: str, stamp: str) -> None:
    asked, expected = (datetime.fromisoformat(text).replace(tzinfo=NEW_YORK) for text in (at, stamp))
    assert stamp_before(asked) == expected


def test_put_and_call_share_the_calls_greeks(greeks: Mapping[str, Greeks]) -> None:
    call, put = greeks["SPY261218C00600000"], greeks["SPY261218P00600000"]
    assert all(getattr(call, name) == getattr(put, name) for name in SHARED)
    assert put.delta == call.delta - 1.0
    assert put.rho > 0 > put.phi
    assert call.updated_at == "2026-11-18 17:00:00"
    assert call.smv_vol == 0.162


def test_the_call_has_the_formulas_greeks(greeks: Mapping[str, Greeks]) -> None:
    terms = {"time_to_expiry": 30 / 365, "volatility": 0.1623, "is_call": True, "rate": 0.04}
    expected = american_greeks(601.25, 600.0, dividend_yield=0.01, **terms)
    call = greeks["SPY261218C00600000"]
    for name in ("delta", "gamma", "theta", "vega", "rho"):
        assert getattr(call, name) == pytest.approx(float(getattr(expected, name)), rel=1e-12), name
    higher, lower = (american_price(601.25, 600.0, dividend_yield=yield_, **terms) for yield_ in (0.0101, 0.0099))
    assert call.phi == pytest.approx(float(higher - lower) / 0.02, rel=1e-4)


def test_each_row_has_its_own_volatilities(greeks: Mapping[str, Greeks]) -> None:
    put = greeks["SPY261218P00600000"]
    assert 0.0 < put.bid_iv < put.ask_iv
    assert put.mid_iv == pytest.approx((put.bid_iv + put.ask_iv) / 2, abs=1e-6)
    terms = {"time_to_expiry": 30 / 365, "is_call": False, "rate": 0.04, "dividend_yield": 0.01}
    assert american_price(601.25, 600.0, volatility=put.ask_iv, **terms) == pytest.approx(9.2, abs=1e-4)


def test_without_a_bid_the_middle_is_the_ask(greeks: Mapping[str, Greeks]) -> None:
    # Nobody bids for this put, and 5 cents are less than it pays at once.
    assert (greeks["SPY261218P00602500"].bid_iv, greeks["SPY261218P00602500"].ask_iv) == (0.0, 0.0)
    surface = Market().surface("TSLA", NOON)
    found = greeks_of(surface, np.unique(surface.listing.expiration)[8])
    without = [each for each in found.values() if each.bid_iv == 0.0 < each.ask_iv]
    assert without
    assert all(each.mid_iv == each.ask_iv for each in without)


def test_what_has_no_volatility_has_no_greeks(greeks: Mapping[str, Greeks]) -> None:
    assert greeks.keys() == {
        "SPY261218C00600000",
        "SPY261218P00600000",
        "SPY261218C00602500",
        "SPY261218P00602500",
    }


def test_an_expiration_that_is_not_listed_has_none(market: MarketSource) -> None:
    assert greeks_of(market.surface("SPY", NOON), np.datetime64("2026-12-24")) == {}


def test_indices_are_valued_as_european(market: MarketSource) -> None:
    found = greeks_of(market.surface("SPX", NOON), DECEMBER)
    assert list(found) == ["SPX261218C06000000"]
    assert 0.5 < found["SPX261218C06000000"].delta < 0.6
