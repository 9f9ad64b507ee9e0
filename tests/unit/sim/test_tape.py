from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from quantdata.sim.listings import Contracts, contracts_on
from quantdata.sim.quoting import OptionQuotes
from quantdata.sim.tape import OptionTape, close_of, draw_tape
from quantdata.sim.timeline import timeline
from quantdata.sim.universe import asset

LINE = timeline()
SESSION = LINE.last_until(date(2026, 11, 18))


def dia() -> Contracts:
    facts = asset("DIA")
    return contracts_on(facts, date(2026, 11, 18), mids=np.full(len(LINE), 470.0), seed=7).take(np.arange(40))


def flat_quotes(contracts: Contracts, ns: object, row: object) -> OptionQuotes:
    del ns, row
    ones = np.ones(len(contracts), dtype=np.int64)
    is_bid = contracts.strike % 2 == 0
    return OptionQuotes(
        np.where(is_bid, 2.0, 0.0), np.full(len(contracts), 2.1), ones * is_bid, ones, 302 * ones, 302 * ones
    )


CONTRACTS = dia()
SESSIONS = np.full(len(CONTRACTS), SESSION)
EVENTS = np.arange(len(CONTRACTS)) % 7
SIZES = np.full(len(CONTRACTS), 8.0)
TAPE = draw_tape(CONTRACTS, SESSIONS, EVENTS, flat_quotes, sizes=SIZES)


def test_every_contract_has_its_events_in_time_order() -> None:
    assert np.bincount(TAPE.row, minlength=len(CONTRACTS)).tolist() == EVENTS.tolist()
    for row in range(len(CONTRACTS)):
        ts = TAPE.ts[TAPE.first[row] : TAPE.first[row + 1]]
        assert (np.diff(ts) > 0).all()
        assert ((ts > LINE.open[SESSION]) & (ts < close_of(CONTRACTS, SESSIONS)[row])).all()


def test_trades_happen_at_the_quotes_or_between() -> None:
    assert set(TAPE.price.tolist()) <= {2.0, 2.04, 2.05, 2.06, 2.1}
    assert set(TAPE.price[~(CONTRACTS.strike[TAPE.row] % 2 == 0)].tolist()) == {2.1}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_the_day_block_is_what_a_slow_loop_finds(share: float) -> None:
    prices = np.round(2.0 + (np.arange(len(TAPE.ts)) * 37 % 11) / 100, 2)
    tape = OptionTape(
        TAPE.row, TAPE.session, TAPE.ts, prices, TAPE.volume, TAPE.prints, TAPE.exchange, TAPE.condition, TAPE.first
    )
    cut = int(LINE.open[SESSION] + share * (LINE.close[SESSION] - LINE.open[SESSION]) * 1.1)
    block = tape.until(cut)
    for row in range(len(CONTRACTS)):
        seen = (tape.row == row) & (tape.ts <= cut)
        if not seen.any():
            assert (block.volume[row], block.close[row], block.last_ts[row], block.session[row]) == (0, 0.0, 0, 0)
            continue
        price, volume = tape.price[seen], tape.volume[seen]
        assert (block.open[row], block.close[row]) == (price[0], price[-1])
        assert (block.high[row], block.low[row]) == pytest.approx((price.max(), price.min()))
        assert (block.volume[row], block.last_ts[row]) == (volume.sum(), tape.ts[seen][-1])
        assert block.vwap[row] == pytest.approx((price * volume).sum() / volume.sum())


def test_single_prints_add_up_to_events_within_their_minute() -> None:
    events = np.full(1, 400)
    tape = draw_tape(CONTRACTS.take(np.array([4])), SESSIONS[:1], events, flat_quotes, sizes=SIZES)
    trades = tape.trades(0, 2**62)
    assert trades.size.sum() == tape.volume.sum()
    assert len(trades.ts) == tape.prints.sum() > len(tape.ts)
    minutes = np.unique(tape.ts // 60_000_000_000)
    by_minute = [tape.volume[tape.ts // 60_000_000_000 == minute].sum() for minute in minutes]
    assert by_minute == [trades.size[trades.ts // 60_000_000_000 == minute].sum() for minute in minutes]
    assert (np.diff(trades.ts) >= 0).all()
    assert (np.diff(trades.sequence) > 0).all()


def test_the_last_print_is_the_one_the_day_block_shows() -> None:
    one = CONTRACTS.take(np.array([4]))
    tape = draw_tape(one, SESSIONS[:1], np.array([50]), flat_quotes, sizes=SIZES)
    trades, block = tape.trades(0, 2**62), tape.until(2**62)
    shown = (block.last_ts[0], block.last_size[0], block.last_exchange[0], block.last_condition[0])
    assert shown == (trades.ts[-1], trades.size[-1], trades.exchange[-1], trades.condition[-1])


def test_sweeps_are_several_prints_within_a_millisecond() -> None:
    tape = draw_tape(CONTRACTS.take(np.array([4])), SESSIONS[:1], np.array([400]), flat_quotes, sizes=SIZES)
    sweeps = tape.condition == 219
    assert 0.05 < sweeps.mean() < 0.25
    assert (tape.prints[sweeps] >= 2).all()
    assert (tape.prints[~sweeps & (tape.volume < 50)] == 1).all()
    assert set(tape.condition.tolist()) == {209, 219, 227, 232}


def test_sizes_are_as_usual_and_large_ones_come_in_many_prints() -> None:
    one, events = CONTRACTS.take(np.array([4])), np.array([2000])
    for size in (8.0, 400.0):
        tape = draw_tape(one, SESSIONS[:1], events, flat_quotes, sizes=np.array([size]))
        assert np.median(tape.volume) == pytest.approx(size, rel=0.1)
        trades = tape.trades(0, 2**62)
        assert np.median(trades.size) < 60
        assert tape.prints.max() <= 11
        assert (tape.ts - trades.ts[np.searchsorted(trades.ts, tape.ts - 1_000_000)] < 1_000_000).all()


def test_the_last_event_alone_is_the_last_of_all() -> None:
    last = draw_tape(CONTRACTS, SESSIONS, EVENTS, flat_quotes, sizes=SIZES, is_last_only=True)
    ends = TAPE.first[1:][EVENTS > 0] - 1
    assert last.ts.tolist() == TAPE.ts[ends].tolist()
    assert last.price.tolist() == TAPE.price[ends].tolist()
    assert last.until(2**62).close.tolist() == TAPE.until(2**62).close.tolist()


def test_an_empty_tape_shows_nothing() -> None:
    nothing = draw_tape(CONTRACTS, SESSIONS, np.zeros(len(CONTRACTS), dtype=np.int64), flat_quotes, sizes=SIZES)
    assert nothing.until(2**62).volume.tolist() == [0] * len(CONTRACTS)
    assert len(nothing.trades(0, 2**62).ts) == 0


def test_options_close_at_their_hour_and_earlier_on_half_days() -> None:
    half_day = np.full(len(CONTRACTS), LINE.last_until(date(2026, 11, 27)))
    later = CONTRACTS.last_close > LINE.close[half_day[0]] + 10**13
    minutes = (close_of(CONTRACTS, half_day) - LINE.open[half_day])[later] / 60e9
    assert set(minutes.tolist()) <= {225.0}
    assert (close_of(CONTRACTS, SESSIONS) - LINE.open[SESSIONS]).max() == 405 * 60 * 10**9
