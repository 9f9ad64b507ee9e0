from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from quantdata.sim.expirations import Expiration
from quantdata.sim.indices import CashIndex, index_minute_bars
from quantdata.sim.market import Market
from quantdata.sim.paths import Paths
from quantdata.sim.timeline import moment_of, timeline
from quantdata.sim.universe import RATE
from quantdata.sim.volindex import Strip, vix_of

LINE = timeline()
SESSION = LINE.last_until(date(2026, 11, 18))
MINUTE = 60 * 10**9
OPEN, CLOSE = int(LINE.open[SESSION]), int(LINE.close[SESSION])
MARKET = Market(seed=7)
SPX = CashIndex("SPX", Paths(7))


def test_an_index_stands_still_outside_its_hours() -> None:
    before, after = SPX.value(OPEN - MINUTE), SPX.value(CLOSE + 60 * MINUTE)
    assert before == SPX.session_values(SESSION - 1)[-1]
    assert after == SPX.value(CLOSE) == SPX.session_values(SESSION)[-1]


def test_an_index_is_published_once_a_second() -> None:
    assert SPX.value(OPEN + 90_000_000_000) == SPX.value(OPEN + 90_999_999_999)


def test_minute_bars_touch_and_cover_the_session() -> None:
    bars = index_minute_bars(SPX.session_values(SESSION), opened=OPEN)
    assert len(bars.start) == 390
    assert bars.open[1:].tolist() == bars.close[:-1].tolist()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert not bars.volume.any()


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 61, 3600, 12_345])
def test_cut_bars_end_with_the_value_at_the_cut(seconds: int) -> None:
    cut = OPEN + seconds * 10**9
    whole = index_minute_bars(SPX.session_values(SESSION), opened=OPEN)
    bars = index_minute_bars(SPX.session_values(SESSION), opened=OPEN, until=cut, value=SPX.value(cut))
    complete = seconds // 60
    assert len(bars.start) == complete + 1
    assert bars.close[-1] == SPX.value(cut)
    assert bars.close[:complete].tolist() == whole.close[:complete].tolist()
    assert bars.high[-1] <= whole.high[complete]


def test_a_cut_outside_the_session_leaves_all_or_nothing() -> None:
    values = SPX.session_values(SESSION)
    assert len(index_minute_bars(values, opened=OPEN, until=OPEN - 1).start) == 0
    whole, cut = index_minute_bars(values, opened=OPEN), index_minute_bars(values, opened=OPEN, until=CLOSE)
    assert cut.close.tolist() == whole.close.tolist()


def test_the_vix_is_the_published_method_on_the_chain_of_the_instant() -> None:
    instant = OPEN + 4_000 * 10**9
    at = moment_of(instant)
    chain = MARKET.chain("SPX", at)
    listing = chain.listing
    strips = []
    # 30 days from the 18th end on the 18th of December: that third Friday lies beyond, the Friday before within.
    for expiration in (Expiration(date(2026, 12, 11), "SPXW"), Expiration(date(2026, 12, 18), "SPX")):
        rows = (listing.expiration == np.datetime64(expiration.day)) & (listing.root == expiration.root)
        calls, puts = rows & listing.is_call, rows & ~listing.is_call
        settles = LINE.last_until(expiration.day)
        expires = LINE.close[settles] if expiration.root == "SPXW" else LINE.open[settles]
        strips.append(
            Strip(
                listing.strike[calls],
                chain.bid[calls],
                chain.ask[calls],
                chain.bid[puts],
                chain.ask[puts],
                minutes=float(expires - instant) / MINUTE,
                rate=RATE,
            )
        )
    assert MARKET.index("VIX", at).value == round(vix_of(*strips), 2)


def test_the_path_of_the_vix_meets_the_method_at_its_nodes() -> None:
    bars = MARKET.minute_bars("VIX", date(2026, 11, 18))
    for minutes in (0, 130, 260):
        assert MARKET.index("VIX", moment_of(OPEN + minutes * MINUTE)).value == bars.open[minutes]
    assert MARKET.index("VIX", moment_of(CLOSE)).value == bars.close[-1]


def test_between_its_nodes_the_path_stays_close_to_the_method() -> None:
    bars = MARKET.minute_bars("VIX", date(2026, 11, 18))
    for minutes in (20, 97, 230):
        assert MARKET.index("VIX", moment_of(OPEN + minutes * MINUTE)).value == pytest.approx(
            bars.open[minutes], abs=0.08
        )


def test_the_vix_stays_in_its_range_and_moves_against_the_market() -> None:
    start, end = date(2026, 6, 1), date(2026, 8, 31)
    vix, spx = (MARKET.daily_bars(ticker, start, end).close for ticker in ("VIX", "SPX"))
    assert 11.0 < vix.min() < vix.max() < 30.0
    assert np.corrcoef(np.diff(np.log(vix)), np.diff(np.log(spx)))[0, 1] < -0.5
