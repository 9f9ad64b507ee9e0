"""Laws of the simulated market at any instant: it is one market, whoever asks, whenever, in whatever order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantdata.sessions import session_day
from quantdata.sim.bars import MINUTE_NS, Prints, day_bar, minute_bars_of, share_out
from quantdata.sim.market import Market
from quantdata.sim.noise import uniform
from quantdata.sim.timeline import ns_of, timeline
from quantdata.symbols import parse_option

MARKET = Market(seed=7)
LINE = timeline()
# A fortnight with a holiday, a half-day, two weekends and the end of daylight-saving time before it.
MOMENTS = st.datetimes(datetime(2026, 10, 28), datetime(2026, 12, 2), timezones=st.just(UTC))  # noqa: DTZ001
FEW = settings(max_examples=12, deadline=None)


@given(MOMENTS)
@FEW
def test_chain_and_equity_are_one_market(moment: datetime) -> None:
    chain, equity = MARKET.chain("BRK.B", moment), MARKET.equity("BRK.B", moment)
    assert chain.underlying_price == equity.price
    assert (chain.quote_ts <= ns_of(moment)).all()
    assert (chain.last_ts <= ns_of(moment)).all()
    assert equity.last_ts <= ns_of(moment)
    assert (chain.bid < chain.ask).all()
    assert (chain.listing.expiration >= np.datetime64(session_day(moment))).all()


@given(MOMENTS)
@FEW
def test_the_day_of_an_equity_holds_together(moment: datetime) -> None:
    view = MARKET.equity("DIA", moment)
    if view.volume == 0:
        assert (view.open, view.high, view.low, view.close, view.vwap) == (0.0,) * 5
        return
    assert view.low <= min(view.open, view.close)
    assert view.high >= max(view.open, view.close)
    assert view.bid < view.ask
    assert view.prev_close > 0


@given(MOMENTS, st.sampled_from(["SPX", "NDX", "VIX"]))
@FEW
def test_the_value_of_an_index_lies_in_its_day(moment: datetime, ticker: str) -> None:
    view = MARKET.index(ticker, moment)
    assert view.low <= min(view.open, view.value)
    assert view.high >= max(view.open, view.value)
    assert view.close == view.value
    assert view.value_ts <= ns_of(moment)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(hours=8)), st.sampled_from(["DIA", "BRK.B"]))
@FEW
def test_the_tape_of_any_span_lies_in_it_and_in_order(moment: datetime, span: timedelta, symbol: str) -> None:
    start, end = ns_of(moment), ns_of(moment + span)
    tape = MARKET.trades(symbol, start, end)
    assert ((tape.ts >= start) & (tape.ts < end)).all()
    assert (np.diff(tape.ts) >= 0).all()
    assert (tape.size > 0).all()
    quotes = MARKET.quotes(symbol, start, min(end, start + 600 * 10**9))
    assert ((quotes.ts >= start) & (quotes.ts < end)).all()
    assert (quotes.bid < quotes.ask).all()


@given(st.dates(date(2016, 3, 1), date(2031, 6, 30)))
@FEW
def test_listings_of_any_day_are_sorted_unique_and_alive(day: date) -> None:
    listing = MARKET.listing("DIA", day)
    assert len(set(listing.symbol.tolist())) == len(listing.symbol) > 500
    assert (listing.expiration >= np.datetime64(day)).all()
    assert (np.diff(listing.expiration.astype(np.int64)) >= 0).all()
    first = parse_option(str(listing.symbol[0]))
    assert (first.root, first.strike, first.option_type) == ("DIA", listing.strike[0], "call")


@given(st.dates(date(2016, 2, 1), date(2031, 11, 1)), st.integers(1, 90))
@FEW
def test_daily_bars_are_one_a_session(day: date, length: int) -> None:
    end = day + timedelta(days=length)
    bars = MARKET.daily_bars("SPX", day, end)
    first, last = LINE.last_before(day) + 1, LINE.last_until(end) + 1
    assert bars.start.tolist() == LINE.midnight[first:last].tolist()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()


PRINTS = st.lists(
    st.tuples(st.integers(0, 30 * MINUTE_NS), st.integers(1, 50_000), st.integers(1, 10**6), st.integers(1, 9)),
    min_size=1,
    max_size=60,
)


@given(PRINTS)
def test_bars_are_what_a_slow_loop_makes(rows: list[tuple[int, int, int, int]]) -> None:
    rows = sorted(rows)
    ts, cents, volume, trades = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    prints = Prints(ts, cents / 100, volume, trades)
    bars = minute_bars_of(prints)
    for row, start in enumerate(bars.start):
        inside = [each for each in rows if start <= each[0] < start + MINUTE_NS]
        assert bars.open[row] == inside[0][1] / 100
        assert bars.close[row] == inside[-1][1] / 100
        assert bars.high[row] == max(each[1] for each in inside) / 100
        assert bars.low[row] == min(each[1] for each in inside) / 100
        assert bars.volume[row] == sum(each[2] for each in inside)
        assert bars.trades[row] == sum(each[3] for each in inside)
    day = day_bar(prints, start=0, opened=0, closed=31 * MINUTE_NS)
    assert day.volume[0] == bars.volume.sum()
    assert day.vwap[0] == pytest.approx((bars.vwap * bars.volume).sum() / bars.volume.sum())
    assert day.low[0] <= day.vwap[0] <= day.high[0]


@given(st.integers(1, 10**9), st.integers(1, 40), st.integers(0, 2**62))
def test_parts_of_a_volume_are_positive_and_add_up(volume: int, count: int, event: int) -> None:
    count = min(count, volume)
    parts = share_out(np.full(count, volume), np.arange(count), np.full(count, count), event=np.full(count, event))
    assert parts.min() >= 1
    assert parts.sum() == volume


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=50), st.integers(0, 2**31))
def test_noise_of_a_row_is_its_own(keys: list[int], salt: int) -> None:
    together = uniform(np.array(keys, dtype=np.uint64), salt)
    assert ((together > 0) & (together < 1)).all()
    assert together.tolist() == [float(uniform(np.uint64(each), salt)) for each in keys]
