from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from quantdata.errors import ArgumentError, SymbolError
from quantdata.sessions import NEW_YORK
from quantdata.sim.market import Market
from quantdata.sim.timeline import ns_of, timeline
from quantdata.sim.views import Bars

if TYPE_CHECKING:
    from quantdata.sim.source import MarketSource

MARKET = Market(seed=7)
LINE = timeline()
DAY = date(2026, 11, 18)
NOON = datetime(2026, 11, 18, 12, 0, 7, 130_000, tzinfo=NEW_YORK)
FIELDS = ("open", "high", "low", "close", "volume", "vwap")

DIGEST = """
from datetime import UTC, date, datetime
from hashlib import sha256
from quantdata.sim.market import Market
market, at = Market(seed=7), datetime(2026, 11, 18, 17, 0, 7, tzinfo=UTC)
chain = market.chain("BRK.B", at)
parts = [chain.bid, chain.ask, chain.volume, chain.open_interest, market.minute_bars("DIA", at.date()).vwap]
print(sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""


def new_york(hour: float, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=NEW_YORK) + timedelta(hours=hour)


def test_it_is_what_the_servers_need() -> None:
    source: MarketSource = MARKET
    assert set(source.equities) | set(source.indices) == set(source.underlyings)


@pytest.mark.parametrize(
    ("underlying", "least", "most"),
    [("SPY", 8, 14), ("QQQ", 3, 5), ("SPX", 3, 5), ("AAPL", 0.6, 1.6), ("NVDA", 2, 4), ("TSLA", 2, 4)],
)
def test_options_trade_as_much_as_real_ones(underlying: str, least: float, most: float) -> None:
    view = MARKET.chain(underlying, new_york(17))
    traded = view.volume[view.day_ts == view.day_ts.max()].sum() / 1e6
    assert least < traded < most


def test_open_interest_is_as_large_as_real_one() -> None:
    assert 15e6 < MARKET.chain("SPY", new_york(17)).open_interest.sum() < 25e6


def test_equal_seeds_give_equal_markets_in_any_process() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for salt in ("1", "2")
    }
    assert len(answers) == 1


def test_answers_do_not_depend_on_what_was_asked_before() -> None:
    fresh = Market(seed=7)
    for moment in (new_york(15.5), new_york(10.0)):
        fresh.chain("BRK.B", moment)
    fresh.daily_bars("NVDA", date(2026, 11, 2), DAY)
    one, other = fresh.chain("BRK.B", NOON), Market(seed=7).chain("BRK.B", NOON)
    assert np.array_equal(one.bid, other.bid)
    assert np.array_equal(one.volume, other.volume)
    assert np.array_equal(one.implied_volatility, other.implied_volatility, equal_nan=True)


def test_another_seed_is_another_market() -> None:
    assert Market(seed=8).equity("SPY", NOON).price != MARKET.equity("SPY", NOON).price


@pytest.mark.parametrize("symbol", ["DIA", "AAPL"])
def test_the_underlying_of_a_chain_is_the_equity(symbol: str) -> None:
    for moment in (NOON, new_york(8.1), new_york(18.0), new_york(12.0, date(2026, 11, 22))):
        chain, shown = MARKET.chain(symbol, moment), MARKET.equity(symbol, moment)
        assert (chain.underlying_price, chain.underlying_ts) == (shown.price, shown.last_ts)


def test_the_underlying_of_an_index_chain_is_the_index() -> None:
    for moment in (NOON, new_york(18.0)):
        chain, shown = MARKET.chain("VIX", moment), MARKET.index("VIX", moment)
        assert (chain.underlying_price, chain.underlying_ts) == (shown.value, shown.value_ts)


@pytest.mark.parametrize("underlying", ["NVDA", "SPX", "VIX"])
def test_the_surface_has_the_quotes_of_the_chain_and_one_volatility_per_strike(underlying: str) -> None:
    at = new_york(11.0)
    surface, chain = MARKET.surface(underlying, at), MARKET.chain(underlying, at)
    assert surface.listing is chain.listing
    np.testing.assert_array_equal(surface.bid, chain.bid)
    np.testing.assert_array_equal(surface.ask, chain.ask)
    calls, puts = surface.listing.is_call.nonzero()[0], (~surface.listing.is_call).nonzero()[0]
    np.testing.assert_array_equal(surface.listing.strike[calls], surface.listing.strike[puts])
    np.testing.assert_array_equal(surface.volatility[calls], surface.volatility[puts])
    # The vendor's own volatility is the model's with a little error, seen through a quote of a moment ago.
    is_near = (np.abs(chain.delta) > 0.3) & (np.abs(chain.delta) < 0.7) & (surface.years > 0.05)
    assert chain.implied_volatility[is_near] == pytest.approx(surface.volatility[is_near], rel=0.03)


def test_once_the_payoff_is_fixed_there_is_no_volatility() -> None:
    surface = MARKET.surface("SPX", new_york(11.0, date(2026, 11, 20)))
    today = surface.listing.expiration == np.datetime64("2026-11-20")
    is_fixed = today & surface.listing.is_am_settled
    assert np.isnan(surface.volatility[is_fixed]).all()
    assert is_fixed.any()
    assert np.isfinite(surface.volatility[today & ~is_fixed]).all()


@pytest.mark.parametrize(("underlying", "yield_"), [("SPY", 0.0115), ("SPX", 0.0125)])
def test_the_spot_of_a_surface_is_the_underlyings(underlying: str, yield_: float) -> None:
    surface = MARKET.surface(underlying, new_york(11.0))
    price = MARKET.chain(underlying, new_york(11.0)).underlying_price
    assert surface.spot == pytest.approx(np.full(len(surface.spot), price), rel=1e-3)
    assert (surface.rate, surface.dividend_yield) == (0.039, yield_)


def test_the_day_block_of_an_equity_is_its_minutes_so_far() -> None:
    view, bars = MARKET.equity("DIA", NOON), MARKET.minute_bars("DIA", DAY, NOON)
    regular = bars.start >= LINE.open[LINE.last_until(DAY)]
    assert view.open == bars.open[regular][0]
    assert view.high == bars.high[regular].max()
    assert view.low == bars.low[regular].min()
    assert view.close == bars.close[-1] == view.price
    assert view.volume == bars.volume.sum()
    assert view.vwap == pytest.approx((bars.vwap * bars.volume).sum() / bars.volume.sum())
    assert view.minute.close.tolist() == bars.close[-1:].tolist()


@pytest.mark.parametrize("symbol", ["DIA", "SPX", "VIX"])
def test_minutes_add_up_to_the_day(symbol: str) -> None:
    minutes, day = MARKET.minute_bars(symbol, DAY), MARKET.daily_bars(symbol, DAY, DAY)
    session = LINE.last_until(DAY)
    regular = (minutes.start >= LINE.open[session]) & (minutes.start < LINE.close[session])
    assert day.start.tolist() == [int(LINE.midnight[session])]
    assert day.open[0] == minutes.open[regular][0]
    assert day.high[0] == minutes.high[regular].max()
    assert day.low[0] == minutes.low[regular].min()
    assert day.close[0] == minutes.close[regular][-1]
    assert day.volume[0] == minutes.volume.sum()
    assert day.trades[0] == minutes.trades.sum()


def test_the_previous_day_is_yesterdays_daily_bar() -> None:
    view, yesterday = MARKET.equity("DIA", NOON), MARKET.daily_bars("DIA", date(2026, 11, 17), date(2026, 11, 17))
    for name in FIELDS:
        assert getattr(view, f"prev_{name}") == getattr(yesterday, name)[0]
    index = MARKET.index("SPX", NOON)
    assert index.prev_close == MARKET.daily_bars("SPX", date(2026, 11, 17), date(2026, 11, 17)).close[0]


def test_an_index_is_its_minutes_so_far() -> None:
    for ticker in MARKET.indices:
        view, bars = MARKET.index(ticker, NOON), MARKET.minute_bars(ticker, DAY, NOON)
        assert (view.open, view.high, view.low) == (bars.open[0], bars.high.max(), bars.low.min())
        assert view.value == view.close == bars.close[-1]


def test_the_day_block_is_cleared_before_the_pre_market() -> None:
    night, cleared, early = (MARKET.equity("SPY", new_york(hour)) for hour in (3.4, 3.6, 5.0))
    assert night.volume > 0
    assert night.prev_close != cleared.prev_close
    assert [getattr(cleared, name) for name in FIELDS] == [0.0] * 6
    assert len(cleared.minute.start) == 0
    assert 0 < early.volume < 1e6
    assert cleared.prev_close == night.close == early.prev_close
    assert cleared.price == night.price


def test_until_the_first_trade_of_a_day_the_last_one_stands() -> None:
    at_four = MARKET.equity("DIA", new_york(4.0))
    assert at_four.volume == 0
    assert at_four.last_ts == MARKET.equity("DIA", new_york(3.6)).last_ts
    assert at_four.price == MARKET.chain("DIA", new_york(4.0)).underlying_price


def test_an_index_has_no_bars_before_it_opens() -> None:
    assert len(MARKET.minute_bars("SPX", DAY, new_york(9.0)).start) == 0
    assert len(MARKET.daily_bars("SPX", DAY, DAY, new_york(9.0)).start) == 0


def test_a_weekend_shows_the_last_session() -> None:
    sunday, late = MARKET.equity("DIA", new_york(12, date(2026, 11, 22))), new_york(20.5, date(2026, 11, 20))
    assert [getattr(sunday, name) for name in FIELDS] == [getattr(MARKET.equity("DIA", late), name) for name in FIELDS]


@pytest.mark.parametrize("symbol", ["DIA", "NDX"])
@pytest.mark.parametrize("seconds", [0, 1, 30, 61, 7_777])
def test_bars_at_an_instant_are_the_beginning_of_the_whole(symbol: str, seconds: int) -> None:
    moment = new_york(9.5) + timedelta(seconds=seconds, microseconds=500)
    whole, cut = MARKET.minute_bars(symbol, DAY), MARKET.minute_bars(symbol, DAY, moment)
    count = len(cut.start)
    assert cut.start.tolist() == whole.start[:count].tolist()
    assert (cut.start <= ns_of(moment)).all()
    for name in FIELDS:
        assert getattr(cut, name)[:-1].tolist() == getattr(whole, name)[: count - 1].tolist()


def test_daily_bars_at_an_instant_end_with_the_day_under_way() -> None:
    bars = MARKET.daily_bars("DIA", date(2026, 11, 10), date(2026, 12, 31), NOON)
    assert len(bars.start) == 7
    assert bars.close[-1] == MARKET.equity("DIA", NOON).close
    assert len(MARKET.daily_bars("DIA", date(2026, 11, 19), date(2026, 12, 31), NOON).start) == 0


def test_holidays_and_weekends_have_no_bars() -> None:
    for day in (date(2026, 11, 21), date(2026, 11, 26)):
        for symbol in ("DIA", "VIX", "DIA261218C00470000"):
            assert len(MARKET.minute_bars(symbol, day).start) == 0
            assert len(MARKET.daily_bars(symbol, day, day).start) == 0


def test_an_expired_contract_keeps_its_history() -> None:
    symbol = "DIA251219C00460000"
    bars = MARKET.daily_bars(symbol, date(2025, 10, 1), date(2026, 2, 1))
    assert len(bars.start) > 5
    last = datetime.fromtimestamp(int(bars.start[-1]) / 1e9, tz=UTC).date()
    assert last <= date(2025, 12, 19)
    minutes = MARKET.minute_bars(symbol, last)
    assert minutes.volume.sum() == bars.volume[-1]
    assert minutes.close[-1] == bars.close[-1]


def test_the_option_tape_adds_up_to_the_minute_bars() -> None:
    chain = MARKET.chain("DIA", NOON)
    is_today = chain.day_ts == LINE.midnight[LINE.last_until(DAY)]
    symbol = str(chain.listing.symbol[int(np.argmax(np.where(is_today, chain.volume, 0)))])
    bars, tape = MARKET.minute_bars(symbol, DAY), MARKET.trades(symbol, 0, ns_of(new_york(20)))
    minute = tape.ts // (60 * 10**9) * 60 * 10**9
    for row, start in enumerate(bars.start):
        prices, sizes = tape.price[minute == start], tape.size[minute == start]
        assert (prices[0], prices[-1], sizes.sum(), len(sizes)) == (
            bars.open[row],
            bars.close[row],
            bars.volume[row],
            bars.trades[row],
        )


def test_history_jumps_at_a_split() -> None:
    closes = MARKET.daily_bars("NVDA", date(2024, 6, 7), date(2024, 6, 10)).close
    assert 8 < closes[0] / closes[1] < 12
    assert MARKET.splits("NVDA")[-1].execution_date == date(2024, 6, 10)
    assert MARKET.equity("NVDA", new_york(12, date(2024, 6, 10))).prev_close == closes[0]


def test_options_follow_a_split() -> None:
    before, after = (
        MARKET.chain("NVDA", new_york(12, day)).listing.strike for day in (date(2024, 6, 7), date(2024, 6, 10))
    )
    assert 8 < np.median(before) / np.median(after) < 12


def test_history_reaches_from_2016_to_2031() -> None:
    for day in (date(2016, 1, 5), date(2031, 9, 30)):
        assert len(MARKET.minute_bars("DIA", day).start) > 390
        chain = MARKET.chain("BRK.B", new_york(12, day))
        assert len(chain.bid) > 100


def test_what_does_not_exist_is_named_with_what_does() -> None:
    with pytest.raises(SymbolError, match=r"GME.*SPY, QQQ"):
        MARKET.equity("GME", NOON)
    with pytest.raises(SymbolError, match=r"RUT.*SPX, NDX, VIX"):
        MARKET.index("RUT", NOON)
    with pytest.raises(SymbolError, match="no options"):
        MARKET.chain("SPXW", NOON)
    for symbol in ("SPY261118C00650500", "GME261218C00020000"):
        with pytest.raises(SymbolError, match="never listed"):
            MARKET.minute_bars(symbol, DAY)


def test_instants_need_a_zone_and_lie_in_the_simulated_years() -> None:
    with pytest.raises(ArgumentError, match="no time zone"):
        MARKET.chain("SPY", datetime(2026, 11, 18, 12))  # noqa: DTZ001
    with pytest.raises(ArgumentError, match="outside"):
        MARKET.equity("SPY", datetime(2010, 1, 4, 12, tzinfo=UTC))


def test_dividends_are_known_ahead() -> None:
    assert MARKET.dividends("BRK.B") == ()
    assert MARKET.dividends("SPY")[-1].ex_date.year == 2031


def test_no_bars_are_an_empty_table_with_columns() -> None:
    nothing = MARKET.minute_bars("DIA", date(2026, 11, 21))
    assert all(len(getattr(nothing, name)) == 0 for name in Bars.__slots__)
