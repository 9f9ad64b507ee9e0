from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from quantdata.sim.bars import minute_bars_of
from quantdata.sim.equities import Equity
from quantdata.sim.paths import Paths
from quantdata.sim.timeline import timeline
from quantdata.sim.universe import asset

LINE = timeline()
PATHS = Paths(7)
SESSION = LINE.last_until(date(2026, 11, 18))
HOUR = 3600 * 10**9


def equity(symbol: str) -> Equity:
    facts = asset(symbol)
    return Equity(7, facts, PATHS)


SPY, DIA = equity("SPY"), equity("DIA")


def test_spy_is_a_tenth_of_the_index_and_its_dividend() -> None:
    gap = SPY.daily_mid() - PATHS.close("SPX") / 10
    assert gap == pytest.approx(SPY.actions.accrued)


def test_regular_trading_is_dense_and_the_rest_thin() -> None:
    prints = DIA.prints(SESSION)
    regular = prints.between(int(LINE.open[SESSION]), int(LINE.close[SESSION]))
    assert len(minute_bars_of(regular).start) == 390
    assert 0 < len(prints.ts) - len(regular.ts) < 800
    assert len(minute_bars_of(prints).start) < 960
    assert LINE.early_open[SESSION] <= prints.ts[0] < prints.ts[-1] < LINE.late_close[SESSION]


def test_a_half_day_ends_at_one_and_its_evening_at_five() -> None:
    half_day = LINE.last_until(date(2026, 11, 27))
    assert LINE.late_close[half_day] - LINE.close[half_day] == 4 * HOUR
    assert LINE.close[half_day] - LINE.open[half_day] == 3.5 * HOUR
    assert DIA.prints(half_day).ts[-1] < LINE.late_close[half_day]


def test_the_auctions_are_the_largest_prints() -> None:
    prints = SPY.prints(SESSION)
    closing = int(np.searchsorted(prints.ts, LINE.close[SESSION])) - 1
    assert prints.volume[closing] == prints.volume.max() > 0.05 * prints.volume.sum()


def test_daily_volume_is_usual() -> None:
    volumes = [SPY.prints(each).volume.sum() for each in range(SESSION - 5, SESSION)]
    assert np.mean(volumes) == pytest.approx(72e6, rel=0.3)


@pytest.mark.parametrize("symbol", ["SPY", "DIA", "AAPL"])
def test_a_half_day_has_about_half_the_volume(symbol: str) -> None:
    half_day, stock = LINE.last_until(date(2026, 11, 27)), equity(symbol)
    usual = np.mean([stock.prints(each).volume.sum() for each in range(half_day - 10, half_day)])
    assert 0.35 < stock.prints(half_day).volume.sum() / usual < 0.65


def test_trades_are_odd_lots_and_round_lots_most_of_them_small() -> None:
    start = int(LINE.open[SESSION])
    for stock in (SPY, DIA):
        size = stock.trades(start, int(LINE.close[SESSION])).size
        is_odd = size < 100
        assert (is_odd | (size % 100 == 0)).all()
        assert 0.3 < is_odd.mean() < 0.6
        assert np.median(size) <= 200
        assert size.min() >= 1
        assert len(np.unique(size[is_odd])) > 90


def test_the_tape_adds_up_to_the_minute_bars() -> None:
    start, end = int(LINE.open[SESSION]) - HOUR // 4, int(LINE.open[SESSION]) + HOUR // 4
    bars = minute_bars_of(DIA.prints(SESSION).between(start, end))
    tape = DIA.trades(start, end)
    minute = tape.ts // (60 * 10**9) * 60 * 10**9
    for row, begin in enumerate(bars.start):
        prices, sizes = tape.price[minute == begin], tape.size[minute == begin]
        assert (prices[0], prices.max(), prices.min(), prices[-1]) == (
            bars.open[row],
            bars.high[row],
            bars.low[row],
            bars.close[row],
        )
        assert (sizes.sum(), len(sizes)) == (bars.volume[row], bars.trades[row])
    assert set(minute.tolist()) == set(bars.start.tolist())


def test_sequence_numbers_rise_with_gaps() -> None:
    tape = SPY.trades(int(LINE.open[SESSION]), int(LINE.open[SESSION]) + HOUR // 60)
    steps = np.diff(tape.sequence)
    assert steps.min() >= 1
    assert steps.max() > 1
    assert (np.diff(tape.ts) > 0).all()


def test_slices_of_the_tape_fit_together() -> None:
    start = int(LINE.open[SESSION])
    whole = SPY.trades(start, start + HOUR // 60)
    parts = [SPY.trades(start + k * HOUR // 600, start + (k + 1) * HOUR // 600) for k in range(10)]
    assert np.array_equal(whole.sequence, np.concatenate([part.sequence for part in parts]))
    assert np.array_equal(whole.size, np.concatenate([part.size for part in parts]))


def test_prints_lie_within_a_tick_of_the_quote_of_their_second() -> None:
    start = int(LINE.open[SESSION]) + HOUR
    prints = SPY.prints(SESSION).between(start, start + HOUR // 60)
    quote = SPY.nbbo(prints.ts // 10**9 * 10**9)
    assert (prints.price >= quote.bid - 0.0101).all()
    assert (prints.price <= quote.ask + 0.0101).all()


def test_quotes_come_once_a_second_and_never_cross() -> None:
    start = int(LINE.close[SESSION]) - 10 * 10**9
    quotes = DIA.quotes(start, start + 30 * 10**9)
    assert len(quotes.ts) == 30
    assert (quotes.bid < quotes.ask).all()
    assert (quotes.bid_size % 100 == 0).all()
    assert (np.diff(quotes.sequence) > 1).all()
    assert len(DIA.quotes(int(LINE.late_close[SESSION]), int(LINE.late_close[SESSION]) + HOUR).ts) == 0


def test_raw_prices_jump_at_a_split_and_mids_of_today_do_not() -> None:
    nvda, session = equity("NVDA"), LINE.last_until(date(2024, 6, 10))
    before, after = nvda.daily_mid()[session - 1 : session + 1]
    assert 8 < before / after < 12
    assert nvda.prints(session - 1).price.mean() / nvda.prints(session).price.mean() == pytest.approx(10, rel=0.15)
