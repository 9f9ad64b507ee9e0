from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from quantdata.sim.listings import Contracts, contracts_on
from quantdata.sim.pricer import Pricer, Valuation
from quantdata.sim.quoting import (
    EXCHANGES,
    making_of,
    quote,
    quote_delay,
    quote_periods,
    quote_prices,
    tick_at,
)
from quantdata.sim.timeline import timeline
from quantdata.sim.universe import asset
from quantdata.symbols import tick_size

LINE = timeline()
DAY = date(2026, 11, 18)
NOON = int(LINE.open[LINE.last_until(DAY)]) + 9000 * 10**9


def valued(symbol: str, spot: float) -> tuple[Contracts, Valuation]:
    facts = asset(symbol)
    contracts = contracts_on(facts, DAY, mids=np.full(len(LINE), spot), seed=7)
    pricer = Pricer(facts, mid=lambda ns: np.full(len(ns), spot), log_volatility=lambda ns: np.zeros(len(ns)))
    return contracts, pricer.value(contracts, np.full(len(contracts), NOON))


CHAINS = {"AAPL": valued("AAPL", 250.0), "SPX": valued("SPX", 6600.0), "VIX": valued("VIX", 17.0)}


@pytest.mark.parametrize("symbol", CHAINS)
def test_the_model_value_lies_inside_the_quote(symbol: str) -> None:
    contracts, valuation = CHAINS[symbol]
    bid, ask = quote_prices(contracts, valuation, making_of(symbol))
    assert (bid <= valuation.value + 1e-9).all()
    assert (ask >= valuation.value - 1e-9).all()
    assert (ask > bid).all()


@pytest.mark.parametrize("symbol", CHAINS)
def test_quotes_stand_on_the_exchanges_ticks(symbol: str) -> None:
    contracts, valuation = CHAINS[symbol]
    bid, ask = quote_prices(contracts, valuation, making_of(symbol))
    for price in (bid, ask):
        tick = tick_at(contracts, price)
        assert price / tick == pytest.approx(np.round(price / tick), abs=1e-6)
    for row in range(0, len(contracts), 97):
        assert tick_at(contracts, bid)[row] == tick_size(str(contracts.root[row]), float(bid[row]))


def test_nobody_bids_for_what_is_worth_nothing() -> None:
    contracts, valuation = CHAINS["SPX"]
    quotes = quote(contracts, valuation, making_of("SPX"), event=np.zeros(len(contracts), dtype=np.int64))
    worthless = valuation.value < 0.01
    assert worthless.any()
    assert not quotes.bid[worthless].any()
    assert not quotes.bid_size[worthless].any()
    assert not quotes.bid_exchange[worthless].any()
    assert 0.05 <= quotes.ask[worthless].min() < quotes.ask[worthless].max() <= 0.8
    assert (quotes.bid_size[quotes.bid > 0] > 0).all()


def test_spreads_are_tight_near_the_money_and_wide_far_out() -> None:
    contracts, valuation = CHAINS["SPX"]
    bid, ask = quote_prices(contracts, valuation, making_of("SPX"))
    near = np.abs(contracts.strike / valuation.forward - 1) < 0.01
    month = near & (np.abs(valuation.years - 30 / 365) < 0.02)
    leaps = near & (valuation.years > 1.5)
    assert np.median((ask - bid)[month]) == pytest.approx(0.8, abs=0.5)
    assert np.median((ask - bid)[leaps]) > 4 * np.median((ask - bid)[month])


def test_sizes_thin_out_into_the_wings_and_with_time() -> None:
    contracts, valuation = CHAINS["AAPL"]
    quotes = quote(contracts, valuation, making_of("AAPL"), event=np.zeros(len(contracts), dtype=np.int64))
    near = np.abs(contracts.strike / valuation.forward - 1) < 0.03
    assert np.median(quotes.ask_size[near & (valuation.years < 0.1)]) > 2 * np.median(
        quotes.ask_size[near & (valuation.years > 1.0)]
    )
    assert set(quotes.ask_exchange.tolist()) <= set(EXCHANGES.tolist())


def test_index_options_trade_on_cboe_alone() -> None:
    contracts, valuation = CHAINS["VIX"]
    quotes = quote(contracts, valuation, making_of("VIX"), event=np.zeros(len(contracts), dtype=np.int64))
    assert set(quotes.ask_exchange.tolist()) == {302}


def test_sleepy_contracts_are_quoted_seldom_and_only_those() -> None:
    contracts, valuation = CHAINS["AAPL"]
    periods = quote_periods(
        contracts, spot=np.float64(250.0), deviation=valuation.deviation, daily_deviation=np.float64(0.016)
    )
    seconds = periods // 10**9
    assert set(seconds.tolist()) <= {1, 2, 5, 15, 60, 180}
    near = np.abs(contracts.strike / 250.0 - 1) < 0.03
    deep = (contracts.strike < 200) & contracts.is_call
    assert (seconds[near | deep] == 1).all()
    assert (seconds[(valuation.value < 1e-6) & (valuation.years > 0.01)] >= 60).all()


def test_a_quote_comes_out_soon_after_its_instant() -> None:
    contracts, _ = CHAINS["AAPL"]
    delays = quote_delay(contracts, np.full(len(contracts), NOON))
    assert 0 <= delays.min() < delays.max() < 60_000_000
