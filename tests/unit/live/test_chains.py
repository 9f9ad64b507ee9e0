"""A chain between two polls and between two valuations."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import CHAIN, GREEKS, VOLATILITY, schema
from quantdata.frames.events import Stamp, option_day_events, option_quote_events, option_trade_events
from quantdata.frames.model import with_model
from quantdata.live.chains import LiveChain, Pace, Spot
from quantdata.pricing.rates import RateCurve
from quantdata.validation import validate
from quantdata.wire.events import Minute, Quote, Trade
from tests.unit.hybrid.chains import NOW, chain, row

RATES = RateCurve.of(0.04)
CALL, PUT = "SPY261218C00600000", "SPY261218P00600000"
T = int(NOW.timestamp() * 1000)
SECOND = timedelta(seconds=1)
EVERY_5_S = (Pace(None, 5.0),)
BY_MODEL = [column.name for column in (*VOLATILITY, *GREEKS)]


def poll(*, after_s: float = 0.0, strikes: tuple[float, ...] = (590.0, 600.0, 610.0), **values: Any) -> pl.DataFrame:
    """Return a priced chain, as a client answers it."""
    at = NOW + after_s * SECOND
    stamps = dict.fromkeys(("quote_ts", "snapshot_ts", "received_ts", "underlying_ts"), at)
    rows = [
        row("massive", strike, side, **stamps | fair(strike, side) | values)
        for strike in strikes
        for side in ("call", "put")
    ]
    return validate(with_model(chain(*rows), rates=RATES), at)


def fair(strike: float, side: str) -> dict[str, Any]:
    """Return quotes that fit one forward, near 601."""
    mid = 12.0 + (0.5 if side == "call" else -0.5) * (601.0 - strike)
    return {"bid": mid - 0.1, "ask": mid + 0.1, "mid": mid, "spread": 0.2, "spread_percent": 20 / mid}


def quotes(
    bid: float, *, after_s: float, symbol: str = CALL, vendor: str = "massive", feed: str = "realtime"
) -> pl.DataFrame:
    at = NOW + after_s * SECOND
    stamp = Stamp(vendor=vendor, feed=feed, received_ts=at)
    return option_quote_events([Quote(f"O:{symbol}", bid=bid, ask=bid + 0.2, t=T + round(after_s * 1000))], stamp)


def trades(price: float, *, after_s: float) -> pl.DataFrame:
    stamp = Stamp(vendor="massive", feed="realtime", received_ts=NOW + after_s * SECOND)
    return option_trade_events([Trade(f"O:{CALL}", price=price, size=2.0, t=T + round(after_s * 1000))], stamp)


def minutes(close: float, volume: float, *, at: datetime = NOW) -> pl.DataFrame:
    stamp = Stamp(vendor="massive", feed="realtime", received_ts=NOW)
    end = int(at.timestamp() * 1000)
    return option_day_events([Minute(f"O:{CALL}", close=close, day_volume=volume, day_vwap=5.5, end=end)], stamp)


def value(live: LiveChain, *, after_s: float = 0.0) -> None:
    live.adopt(live.valuation(NOW + after_s * SECOND, paces=EVERY_5_S)())


def valued(*polls: pl.DataFrame) -> LiveChain:
    live = LiveChain(rates=RATES)
    for each in polls or (poll(),):
        live.poll(each)
    value(live)
    return live


def at(live: LiveChain, symbol: str = CALL) -> dict[str, Any]:
    return live.frame().row(by_predicate=pl.col("contract_symbol") == symbol, named=True)


def spot(price: float, *, after_s: float, feed: str = "realtime") -> Spot:
    return Spot(price=price, ts=NOW + after_s * SECOND, source="massive", feed=feed)


# --- valuation ------------------------------------------------------------------------------------------------------


def test_there_are_no_rows_before_a_chain_was_valued() -> None:
    live = LiveChain(rates=RATES)
    assert not live.needs_valuation
    live.quotes(quotes(12.0, after_s=1))
    assert not live.needs_valuation
    assert live.frame().is_empty()
    assert live.frame().schema == schema(CHAIN)
    value(live)
    assert live.frame().is_empty()
    live.poll(poll())
    assert (live.needs_valuation, live.frame().height) == (True, 0)


def test_a_chain_that_was_only_polled_is_what_the_provider_answered() -> None:
    assert_frame_equal(valued().frame(), poll())
    bare = poll().with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("discount_factor", "model_iv"))
    assert_frame_equal(valued(bare).frame(), poll())


def test_a_valuation_is_what_stands_until_something_comes() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=1))
    job = live.valuation(NOW + SECOND, paces=EVERY_5_S)
    assert not live.needs_valuation
    result = job()
    live.adopt(result)
    assert_frame_equal(live.frame(), result)


def test_between_valuations_quotes_are_new_and_all_that_is_worked_out_is_the_last() -> None:
    live = valued()
    before = at(live)
    live.quotes(quotes(12.6, after_s=1))
    live.trades(trades(12.7, after_s=2))
    live.days(minutes(12.7, 102))
    now = at(live)
    assert (now["bid"], now["ask"], now["mid"], now["quote_ts"]) == (12.6, 12.6 + 0.2, 12.7, NOW + SECOND)
    assert (now["last"], now["last_size"], now["last_ts"]) == (12.7, 2, NOW + 2 * SECOND)
    assert (now["close"], now["volume"]) == (12.7, 102)
    kept = [*BY_MODEL, "forward_price", "discount_factor", "confidence", "quality", "errors", "age_s"]
    assert {name: now[name] for name in kept} == {name: before[name] for name in kept}
    assert live.needs_valuation
    value(live, after_s=2)
    priced = at(live)
    assert (priced["greeks_source"], priced["greeks_ts"]) == ("model", NOW + SECOND)
    assert priced["model_iv"] > before["model_iv"]


def test_only_rows_that_changed_are_priced_anew() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=1))
    value(live)
    assert at(live)["greeks_source"] == "model"
    assert [at(live, PUT)[name] for name in BY_MODEL] == [
        poll().row(by_predicate=pl.col("contract_symbol") == PUT, named=True)[name] for name in BY_MODEL
    ]


def test_a_row_on_the_model_s_greeks_stays_so_across_polls() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=1))
    for after_s in (5.0, 10.0):
        live.poll(poll(after_s=after_s))
        value(live)
        now = at(live)
        assert (now["quote_ts"], now["greeks_source"], now["iv_source"]) == (NOW + after_s * SECOND, "model", "model")
        assert now["greeks_ts"] == NOW + after_s * SECOND
        assert at(live, PUT)["greeks_source"] == "massive"


def test_a_late_event_that_changes_no_quote_still_brings_the_model_s_greeks() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=-1))
    assert live.needs_valuation
    value(live)
    assert (at(live)["bid"], at(live)["greeks_source"]) == (poll()["bid"][2], "model")


def test_trades_days_and_the_underlying_need_no_valuation() -> None:
    live = valued()
    live.trades(trades(5.5, after_s=1))
    live.days(minutes(5.5, 101))
    live.spot(spot(601.0, after_s=1))
    live.quotes(quotes(5.5, after_s=1).clear())
    live.poll(poll().clear())
    assert not live.needs_valuation


def test_of_a_valuation_that_began_before_a_poll_the_poll_s_is_still_to_do() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=1, symbol=PUT))
    job = live.valuation(NOW, paces=EVERY_5_S)
    # The same quotes, of which the vendor makes other greeks.
    live.poll(poll(after_s=5, delta=0.61, quote_ts=NOW))
    live.adopt(job())
    assert (at(live)["snapshot_ts"], at(live)["delta"]) == (NOW + 5 * SECOND, 0.5)
    assert live.needs_valuation
    value(live)
    assert at(live)["delta"] == 0.61


def test_of_a_valuation_that_failed_the_next_does_the_work() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=1))
    live.valuation(NOW, paces=EVERY_5_S)
    live.quotes(quotes(12.6, after_s=1, symbol=PUT))
    value(live)
    assert (at(live)["greeks_source"], at(live, PUT)["greeks_source"]) == ("model", "model")
    live.poll(poll(after_s=5, delta=0.61, quote_ts=NOW))
    live.valuation(NOW, paces=EVERY_5_S)
    value(live)
    assert at(live, "SPY261218C00590000")["delta"] == 0.61


def test_a_valuation_sees_nothing_of_what_comes_after_it_was_asked_for() -> None:
    live = valued()
    job = live.valuation(NOW, paces=EVERY_5_S)
    live.quotes(quotes(12.6, after_s=1))
    assert job().filter(contract_symbol=CALL)["bid"].item() == poll().filter(contract_symbol=CALL)["bid"].item()


def test_ages_are_held_against_how_often_each_expiration_is_polled() -> None:
    near, far = poll(), poll().with_columns(expiration=pl.lit(date(2027, 3, 19)), contract_symbol=pl.lit("F") + CALL)
    nameless = near.head(1).with_columns(expiration=pl.lit(None, pl.Date), contract_symbol=pl.lit("N"))
    live = LiveChain(rates=RATES)
    live.poll(pl.concat([nameless, near, far.unique("contract_symbol")]))
    paces = (Pace(date(2026, 12, 18), 5.0), Pace(None, 60.0))
    live.adopt(live.valuation(NOW + 10 * SECOND, paces=paces)())
    frame = live.frame()
    assert frame.get_column("age_s").to_list() == [10.0] * frame.height
    assert frame.get_column("is_stale").to_list() == [True] * 7 + [False]


# --- polls ----------------------------------------------------------------------------------------------------------


def test_contracts_that_are_listed_or_expire_between_polls() -> None:
    live = valued(poll(strikes=(590.0, 600.0)))
    live.poll(poll(after_s=5, strikes=(600.0, 610.0)))
    assert live.frame().get_column("strike").unique().to_list() == [600.0]
    assert at(live)["quote_ts"] == NOW + 5 * SECOND
    value(live)
    assert live.frame().get_column("strike").unique(maintain_order=True).to_list() == [600.0, 610.0]


def test_a_late_poll_tells_no_rows_and_no_interest_but_newer_quotes() -> None:
    late = poll(after_s=4, strikes=(600.0,), open_interest=7, quote_ts=NOW + 6 * SECOND, bid=3.0)
    live = valued(poll(after_s=5), late)
    assert live.frame().height == 6
    assert (at(live)["bid"], at(live)["open_interest"]) == (3.0, 1_000)
    assert at(live)["snapshot_ts"] == NOW + 5 * SECOND


def test_a_part_of_a_chain_leaves_the_other_expirations_alone() -> None:
    later = date(2027, 3, 19)
    far = poll().with_columns(
        expiration=pl.lit(later), contract_symbol=pl.col("contract_symbol").str.replace("261218", "270319")
    )
    live = LiveChain(rates=RATES)
    live.poll(poll(), span=(None, date(2026, 12, 18)))
    live.poll(far, span=(date(2026, 12, 19), None))
    live.poll(poll(after_s=5, strikes=(600.0,)), span=(None, date(2026, 12, 18)))
    value(live)
    frame = live.frame()
    assert frame.get_column("expiration").to_list() == [date(2026, 12, 18)] * 2 + [later] * 6
    # One moment for all, by which the time to expiry of what was polled before has become less.
    assert frame.get_column("snapshot_ts").unique().to_list() == [NOW + 5 * SECOND]
    years = frame.get_column("time_to_expiry").to_list()
    assert years[-1] == pytest.approx(30 / 365 - 5 / (365 * 86_400), abs=1e-15)
    assert years[0] == 30 / 365
    # A part that was answered late.
    live.poll(poll(after_s=1), span=(None, date(2026, 12, 18)))
    value(live)
    assert live.frame().height == 8


def test_the_dividends_are_those_of_the_last_answer() -> None:
    paid = pl.DataFrame({"ex_date": [date(2026, 12, 1)], "amount": [5.0]})
    live = LiveChain(rates=RATES)
    bare = poll(after_s=5).with_columns(discount_factor=pl.lit(None, pl.Float64))
    live.poll(bare, dividends=paid)
    live.poll(poll(after_s=1))
    value(live)
    expected = validate(with_model(bare, rates=RATES, dividends=paid), NOW)
    assert_frame_equal(live.frame().select("forward_price", "model_iv"), expected.select("forward_price", "model_iv"))


# --- time -----------------------------------------------------------------------------------------------------------


def test_the_moment_moves_on_with_what_comes_and_the_time_to_expiry_with_it() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=3))
    frame = live.frame()
    assert frame.get_column("snapshot_ts").unique().to_list() == [NOW + 3 * SECOND]
    assert frame.get_column("time_to_expiry").to_list() == pytest.approx([30 / 365 - 3 / (365 * 86_400)] * 6, abs=1e-15)
    assert at(live)["received_ts"] == NOW + 3 * SECOND
    assert at(live, PUT)["received_ts"] == NOW


def test_the_time_to_expiry_ends_at_0() -> None:
    live = valued(poll(time_to_expiry=1e-9))
    live.quotes(quotes(12.6, after_s=3))
    assert live.frame().get_column("time_to_expiry").unique().to_list() == [0.0]


def test_the_clock_of_a_simulated_market_may_be_quicker_than_the_wall() -> None:
    simulated = poll().with_columns(feed=pl.lit("simulated").cast(schema(CHAIN)["feed"]))
    live = valued(simulated)
    an_hour_on = quotes(12.6, after_s=3_600, feed="simulated").with_columns(received_ts=pl.lit(NOW + SECOND))
    live.quotes(an_hour_on.cast({"received_ts": schema(CHAIN)["received_ts"]}))
    value(live, after_s=1)
    assert live.frame().get_column("snapshot_ts").unique().to_list() == [NOW + 3_600 * SECOND]
    assert at(live)["errors"] == []
    assert at(live)["time_to_expiry"] == pytest.approx(30 / 365 - 1 / (365 * 24), abs=1e-15)


# --- the underlying -------------------------------------------------------------------------------------------------


def test_a_newer_price_of_the_underlying_is_that_of_all_rows() -> None:
    live = valued()
    live.spot(spot(606.0, after_s=1, feed="delayed"))
    frame = live.frame()
    assert frame.get_column("underlying_price").unique().to_list() == [606.0]
    assert frame.get_column("underlying_ts").unique().to_list() == [NOW + SECOND]
    assert frame.get_column("feed").unique().to_list() == ["delayed"]
    assert at(live)["moneyness"] == 600.0 / 606.0


def test_an_older_price_of_the_underlying_says_nothing() -> None:
    live = valued()
    live.spot(spot(606.0, after_s=-1))
    assert at(live)["underlying_price"] == 600.0
    live.spot(spot(606.0, after_s=2))
    live.spot(spot(607.0, after_s=1))
    assert at(live)["underlying_price"] == 606.0
    live.poll(poll(after_s=5))
    assert at(live)["underlying_price"] == 600.0


def test_at_one_millisecond_the_stream_s_price_stays() -> None:
    live = valued(poll(underlying_ts=NOW + timedelta(microseconds=700)))
    live.spot(spot(606.0, after_s=0))
    assert at(live)["underlying_price"] == 606.0


def test_the_model_s_price_of_the_underlying_stays_where_the_vendor_s_is_old() -> None:
    nobody_s: dict[str, Any] = {
        "underlying_price": None,
        "underlying_ts": None,
        "underlying_source": None,
        "moneyness": None,
    }
    live = valued(poll(**nobody_s))
    assert at(live)["underlying_source"] == "model"
    assert live.frame().get_column("underlying_price").to_list() == pytest.approx([601.0] * 6, abs=2.0)
    live.spot(spot(606.0, after_s=-16))
    assert at(live)["underlying_source"] == "model"
    live.spot(spot(607.0, after_s=-14))
    assert (at(live)["underlying_price"], at(live)["underlying_source"]) == (607.0, "massive")


def test_between_valuations_the_model_s_price_of_the_underlying_is_the_last_one() -> None:
    nobody_s: dict[str, Any] = {
        "underlying_price": None,
        "underlying_ts": None,
        "underlying_source": None,
        "moneyness": None,
    }
    live = valued(poll(**nobody_s))
    for symbol in (CALL, "SPY261218C00590000", "SPY261218C00610000"):
        live.quotes(quotes(14.0, after_s=1, symbol=symbol))
    value(live)
    now = live.frame()
    assert now.get_column("underlying_ts").unique().to_list() == [NOW + SECOND]
    live.trades(trades(14.0, after_s=2))
    assert_frame_equal(
        live.frame().select("underlying_price", "moneyness"), now.select("underlying_price", "moneyness")
    )


def test_a_price_without_a_time_is_of_its_answer() -> None:
    live = valued(poll(underlying_ts=None))
    live.spot(spot(606.0, after_s=-1))
    assert (at(live)["underlying_price"], at(live)["underlying_ts"]) == (600.0, None)
    live.spot(spot(606.0, after_s=1))
    assert at(live)["underlying_price"] == 606.0


# --- the day --------------------------------------------------------------------------------------------------------


def test_the_day_s_other_prices_go_with_a_newer_close() -> None:
    live = valued(poll(prev_close=5.0, change=0.1, change_percent=2.0))
    live.days(minutes(6.0, 102))
    now = at(live)
    assert (now["open"], now["high"], now["low"], now["close"], now["prev_close"]) == (5.1, 6.0, 5.1, 6.0, 5.0)
    assert (now["change"], now["change_percent"], now["vwap"], now["volume"]) == (1.0, 20.0, 5.5, 102)
    other = at(live, PUT)
    assert (other["high"], other["close"], other["change"], other["change_percent"]) == (5.1, 5.1, 0.1, 2.0)


def test_of_a_session_that_polls_have_not_told_of_only_the_close_is_known() -> None:
    live = valued()
    live.days(minutes(6.0, 2, at=NOW + timedelta(days=1)))
    now = at(live)
    assert (now["open"], now["high"], now["low"], now["close"], now["prev_close"]) == (None, None, None, 6.0, 5.1)
    assert (now["change"], now["volume"], now["day_session"]) == (0.9, 2, date(2026, 11, 19))


def test_the_close_before_is_known_of_a_contract_that_has_not_traded_yet() -> None:
    untraded: dict[str, Any] = dict.fromkeys(
        ("open", "high", "low", "close", "volume", "day_session", "change", "change_percent")
    )
    live = valued(poll(day_source="massive", prev_close=5.0, **untraded))
    live.days(minutes(6.0, 2))
    now = at(live)
    assert (now["open"], now["high"], now["close"], now["prev_close"], now["change"]) == (None, None, 6.0, 5.0, 1.0)


# --- whole ----------------------------------------------------------------------------------------------------------


def test_every_cell_has_a_source() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=1))
    live.quotes(quotes(0.0, after_s=1, symbol=PUT).with_columns(bid=pl.lit(None, pl.Float64)))
    live.trades(trades(12.7, after_s=1))
    value(live)
    frame = live.frame()
    for source, values in (
        ("quote_source", ["bid", "ask", "mid", "quote_ts"]),
        ("trade_source", ["last", "last_ts"]),
        ("day_source", ["close", "volume"]),
        ("iv_source", ["implied_volatility", "iv_ts"]),
        ("greeks_source", ["delta", "vega", "greeks_ts"]),
        ("underlying_source", ["underlying_price"]),
    ):
        assert (
            not frame.select(pl.any_horizontal(pl.col(values).is_not_null()) & pl.col(source).is_null())
            .to_series()
            .any()
        )


def test_tick_size_and_liquidity_go_with_the_quotes() -> None:
    live = valued(poll(root_symbol="AAPL", underlying_symbol="AAPL"))
    live.quotes(quotes(2.0, after_s=1))
    assert at(live)["tick_size"] == 0.01
    live.quotes(quotes(9.0, after_s=2))
    assert (at(live)["tick_size"], at(live)["liquidity"]) == (0.05, "excellent")
    live.quotes(quotes(0.5, after_s=3))
    assert at(live)["liquidity"] == "poor"


def test_what_follows_is_worked_out_once() -> None:
    live = valued()
    live.quotes(quotes(12.6, after_s=1))
    first = live._assembled()
    assert live._assembled() is first
    live.trades(trades(12.6, after_s=1))
    assert live._assembled() is not first
