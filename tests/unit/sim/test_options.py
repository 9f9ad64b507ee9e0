from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from quantdata.sessions import expiry_instant
from quantdata.sim.market import Market
from quantdata.sim.timeline import moment_of, ns_of, timeline
from quantdata.sim.views import ChainView

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINE = timeline()
MARKET = Market(seed=7)
NOON = datetime(2026, 11, 18, 17, 0, 7, 130_000, tzinfo=UTC)
OPEN = int(LINE.open[LINE.last_until(date(2026, 11, 18))])
CHAIN = MARKET.chain("DIA", NOON)


def day_rows(chain: ChainView) -> NDArray[np.bool_]:
    return np.asarray(chain.day_ts == LINE.midnight[LINE.last_until(date(2026, 11, 18))], dtype=np.bool_)


def test_columns_have_the_length_of_the_listing() -> None:
    count = len(CHAIN.listing.symbol)
    for name in ChainView.__slots__:
        column = getattr(CHAIN, name)
        if isinstance(column, np.ndarray):
            assert len(column) == count, name


def test_quotes_are_from_the_past_and_never_cross() -> None:
    assert (CHAIN.quote_ts <= ns_of(NOON)).all()
    assert (CHAIN.quote_ts > ns_of(NOON) - 200 * 10**9).all()
    assert (CHAIN.bid < CHAIN.ask).all()
    assert ((CHAIN.bid > 0) == (CHAIN.bid_size > 0)).all()


def test_volatility_and_greeks_come_together_or_not_at_all() -> None:
    known = np.isfinite(CHAIN.implied_volatility)
    assert 0.6 < known.mean() < 0.98
    for name in ("delta", "gamma", "theta", "vega"):
        assert np.array_equal(np.isfinite(getattr(CHAIN, name)), known)
    assert not known[CHAIN.bid == 0].any()
    assert (CHAIN.implied_volatility[known] > 0).all()


def test_day_bars_hold_together() -> None:
    has = CHAIN.day_ts > 0
    assert np.array_equal(has, CHAIN.volume > 0)
    assert np.array_equal(has, np.isfinite(CHAIN.close))
    inside = np.array([CHAIN.open, CHAIN.close, CHAIN.vwap, CHAIN.last])[:, has]
    assert (CHAIN.low[has] <= inside.min(axis=0)).all()
    assert (CHAIN.high[has] >= inside.max(axis=0)).all()
    assert (CHAIN.last_ts[has] > CHAIN.day_ts[has]).all()
    assert (CHAIN.last_ts <= ns_of(NOON)).all()


def test_many_contracts_show_an_old_day_or_none() -> None:
    today = day_rows(CHAIN)
    assert today.sum() > 100
    assert ((CHAIN.day_ts > 0) & ~today).sum() > 100
    assert (CHAIN.day_ts == 0).sum() > 100


def test_the_day_block_is_the_contracts_own_bar() -> None:
    today = np.flatnonzero(day_rows(CHAIN))
    for row in today[:: len(today) // 12]:
        bar = MARKET.daily_bars(str(CHAIN.listing.symbol[row]), date(2026, 11, 18), date(2026, 11, 18), NOON)
        for name in ("open", "high", "low", "close", "volume"):
            assert getattr(bar, name)[0] == pytest.approx(getattr(CHAIN, name)[row]), name
        assert bar.vwap[0] == pytest.approx(CHAIN.vwap[row])
        assert bar.start[0] == CHAIN.day_ts[row]


def test_an_old_day_block_is_the_bar_of_its_day_and_the_close_before_it() -> None:
    old = np.flatnonzero((CHAIN.day_ts > 0) & ~day_rows(CHAIN) & np.isfinite(CHAIN.prev_close))
    for row in old[:: len(old) // 8]:
        bars = MARKET.daily_bars(str(CHAIN.listing.symbol[row]), date(2026, 10, 20), date(2026, 11, 18), NOON)
        assert bars.start[-1] == CHAIN.day_ts[row]
        assert (bars.close[-1], bars.volume[-1]) == (CHAIN.close[row], CHAIN.volume[row])
        assert bars.close[-2] == CHAIN.prev_close[row]


def test_a_daily_bar_of_an_option_has_what_trades_after_the_stock_markets_close() -> None:
    evening = MARKET.chain("DIA", datetime(2026, 11, 18, 22, tzinfo=UTC))
    late = np.flatnonzero(evening.last_ts > OPEN + 390 * 60 * 10**9)
    assert len(late) > 10
    for row in late[:4]:
        bar = MARKET.daily_bars(str(evening.listing.symbol[row]), date(2026, 11, 18), date(2026, 11, 18))
        assert (bar.high[0], bar.low[0], bar.close[0]) == (evening.high[row], evening.low[row], evening.close[row])


def test_the_quote_tape_ends_with_the_chains_quote() -> None:
    rows = np.flatnonzero(CHAIN.bid > 0)
    for row in rows[:: len(rows) // 12]:
        ts = int(CHAIN.quote_ts[row])
        tape = MARKET.quotes(str(CHAIN.listing.symbol[row]), ts - 400 * 10**9, ns_of(NOON) + 1)
        assert tape.ts[-1] == ts
        assert (tape.bid[-1], tape.ask[-1]) == (CHAIN.bid[row], CHAIN.ask[row])
        assert (tape.bid_size[-1], tape.ask_exchange[-1]) == (CHAIN.bid_size[row], CHAIN.ask_exchange[row])
        assert (np.diff(tape.sequence) > 0).all()


def test_volume_grows_and_open_interest_stands_through_a_session() -> None:
    views = [MARKET.chain("DIA", moment_of(OPEN + minutes * 60 * 10**9)) for minutes in (10, 200, 380)]
    today = [np.where(day_rows(view), view.volume, 0) for view in views]
    assert (today[0] <= today[1]).all()
    assert (today[1] <= today[2]).all()
    assert today[0].sum() < today[1].sum() < today[2].sum()
    assert all(np.array_equal(views[0].open_interest, view.open_interest) for view in views)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 18, 22, tzinfo=UTC),  # after the close
        datetime(2026, 11, 19, 3, tzinfo=UTC),  # the evening after
        datetime(2026, 11, 19, 13, tzinfo=UTC),  # before the next open
    ],
)
def test_when_the_market_is_closed_the_last_quotes_stand(moment: datetime) -> None:
    view = MARKET.chain("DIA", moment)
    closing = OPEN + 405 * 60 * 10**9
    living = view.listing.expiration > np.datetime64("2026-11-18")
    assert (view.quote_ts[living] < closing).all()
    assert (view.quote_ts[living] >= closing - 181 * 10**9).all()
    evening = MARKET.chain("DIA", datetime(2026, 11, 18, 21, 30, tzinfo=UTC))
    shared, here, there = np.intersect1d(view.listing.symbol, evening.listing.symbol, return_indices=True)
    assert len(shared) > 3000
    assert np.array_equal(view.bid[here], evening.bid[there])
    assert np.array_equal(view.volume[here], evening.volume[there])


def test_morning_settled_series_keep_the_quotes_of_the_evening_before() -> None:
    friday = MARKET.chain("VIX", datetime(2026, 11, 18, 15, tzinfo=UTC))
    expiring = friday.listing.expiration == np.datetime64("2026-11-18")
    assert expiring.any()
    assert (friday.quote_ts[expiring] < OPEN - 17 * 3600 * 10**9).all()
    assert (friday.quote_ts[~expiring] > OPEN).all()


@pytest.mark.parametrize(
    ("underlying", "root", "expiration", "settlement"),
    [
        ("DIA", "DIA", date(2026, 11, 20), "PM"),
        ("DIA", "DIA", date(2026, 11, 27), "PM"),  # a half-day
        ("VIX", "VIX", date(2026, 11, 18), "AM"),
    ],
)
def test_no_volatility_is_computed_once_the_payoff_is_fixed(
    underlying: str, root: str, expiration: date, settlement: Literal["AM", "PM"]
) -> None:
    fixed = expiry_instant(expiration, settlement)
    before = MARKET.chain(underlying, fixed - timedelta(microseconds=1))
    expired = (before.listing.expiration == np.datetime64(expiration)) & (before.listing.root == root)
    assert np.isfinite(before.implied_volatility[expired]).any()
    # Options on funds are quoted for a quarter of an hour longer than that.
    after = [MARKET.chain(underlying, fixed + timedelta(minutes=minutes)) for minutes in (0, 15, 180)]
    for view in after:
        for name in ("implied_volatility", "delta", "gamma", "theta", "vega"):
            assert np.isnan(getattr(view, name)[expired]).all()
            assert np.isfinite(getattr(view, name)[~expired]).any()
    stopped = before if settlement == "AM" else after[1]
    for name in ("bid", "ask", "bid_size", "ask_size", "quote_ts"):
        assert (getattr(stopped, name)[expired] == getattr(after[2], name)[expired]).all()


def test_no_spread_can_be_locked_in_at_the_quotes() -> None:
    listing = CHAIN.listing
    for day in np.unique(listing.expiration):
        for is_call, sign in ((True, 1), (False, -1)):
            rows = np.flatnonzero((listing.expiration == day) & (listing.is_call == is_call))[::sign]
            bid, ask, strike = CHAIN.bid[rows], CHAIN.ask[rows], listing.strike[rows]
            # Further out of the money is worth less.
            assert (bid[1:] <= ask[:-1]).all()
            weight = (strike[2:] - strike[1:-1]) / (strike[2:] - strike[:-2])
            assert (weight * ask[:-2] + (1 - weight) * ask[2:] >= bid[1:-1] - 1e-9).all()
