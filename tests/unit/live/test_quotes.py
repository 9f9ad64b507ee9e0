"""Stocks and indices between two polls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import EQUITY_QUOTES, INDEX_QUOTES, schema
from quantdata.frames.events import Stamp, equity_quote_events, equity_trade_events, index_value_events
from quantdata.live.quotes import LiveQuotes, live_equities, live_indices
from quantdata.validation import validate
from quantdata.wire.events import Quote, Trade, Value

NOW = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)
T = int(NOW.timestamp() * 1000)
SECOND = timedelta(seconds=1)


def stocks(*symbols: str, after_s: float = 0.0, price: float = 600.0, **values: Any) -> pl.DataFrame:
    at = NOW + after_s * SECOND
    rows = [
        {
            "symbol": symbol,
            "price": price,
            "bid": price - 0.01,
            "ask": price + 0.01,
            "bid_size": 100.0,
            "ask_size": 200.0,
            "size_unit": "shares",
            "quote_ts": at,
            "last_size": 50.0,
            "last_ts": at,
            "open": 595.0,
            "high": 601.0,
            "low": 594.0,
            "close": price,
            "prev_close": 590.0,
            "change": 10.0,
            "change_percent": 1.7,
            "volume": 1e6,
            "source": "massive",
            "snapshot_ts": at,
            "received_ts": at,
            "feed": "realtime",
            **values,
        }
        for symbol in symbols
    ]
    return pl.DataFrame(rows, schema=schema(EQUITY_QUOTES))


def levels(*symbols: str, after_s: float = 0.0, **values: Any) -> pl.DataFrame:
    at = NOW + after_s * SECOND
    day = {"open": 5_990.0, "high": 6_010.0, "low": 5_980.0, "close": 6_000.0, "prev_close": 5_950.0}
    rows = [
        {
            "symbol": symbol,
            "value": 6_000.0,
            "value_ts": at,
            "change": 50.0,
            "change_percent": 100 * 50 / 5_950,
            **day,
            "source": "massive",
            "snapshot_ts": at,
            "received_ts": at,
            "feed": "realtime",
            **values,
        }
        for symbol in symbols
    ]
    return pl.DataFrame(rows, schema=schema(INDEX_QUOTES))


def stamp(after_s: float, *, vendor: str = "massive", feed: str = "realtime") -> Stamp:
    return Stamp(vendor=vendor, feed=feed, received_ts=NOW + after_s * SECOND)


def quote(bid: float, *, after_s: float, symbol: str = "SPY", vendor: str = "massive") -> pl.DataFrame:
    told = Quote(symbol, bid=bid, ask=bid + 0.02, bid_size=300.0, ask_size=400.0, t=T + round(after_s * 1000))
    return equity_quote_events([told], stamp(after_s, vendor=vendor), size_unit="shares")


def trade(price: float, *, after_s: float, symbol: str = "SPY", feed: str = "realtime") -> pl.DataFrame:
    told = Trade(symbol, price=price, size=7.0, t=T + round(after_s * 1000))
    return equity_trade_events([told], stamp(after_s, feed=feed))


def level(value: float, *, after_s: float, symbol: str = "I:SPX") -> pl.DataFrame:
    return index_value_events([Value(symbol, value=value, t=T + round(after_s * 1000))], stamp(after_s))


def shown(live: LiveQuotes, *, after_s: float = 0.0) -> pl.DataFrame:
    return live.frame(NOW + after_s * SECOND, cadence_s=5.0)


def only(live: LiveQuotes, *, after_s: float = 0.0) -> dict[str, Any]:
    frame = shown(live, after_s=after_s)
    assert frame.height == 1
    return frame.row(0, named=True)


def equities(*polls: pl.DataFrame) -> LiveQuotes:
    live = live_equities()
    for poll in polls or (stocks("SPY"),):
        live.poll(poll)
    return live


def indices(*polls: pl.DataFrame) -> LiveQuotes:
    live = live_indices()
    for poll in polls or (levels("SPX"),):
        live.poll(poll)
    return live


def test_nothing_is_known_before_the_first_poll() -> None:
    for live, columns in ((live_equities(), EQUITY_QUOTES), (live_indices(), INDEX_QUOTES)):
        frame = shown(live)
        assert frame.is_empty()
        assert frame.schema == schema(columns)
    live = live_equities()
    live.events("quote", quote(601.0, after_s=1))
    assert shown(live).is_empty()
    live.poll(stocks("SPY"))
    assert only(live)["bid"] == 601.0


@pytest.mark.parametrize("live", [equities(), indices()], ids=["equities", "indices"])
def test_what_was_only_polled_is_what_the_provider_answered(live: LiveQuotes) -> None:
    assert_frame_equal(shown(live), validate(live._polled, NOW))


def test_quote_and_trade_are_each_the_newest() -> None:
    live = equities()
    live.events("quote", quote(601.0, after_s=2))
    live.events("quote", quote(599.0, after_s=1))
    live.events("trade", trade(601.5, after_s=-1))
    row = only(live)
    assert (row["bid"], row["ask"], row["bid_size"], row["quote_ts"]) == (601.0, 601.02, 300.0, NOW + 2 * SECOND)
    assert (row["price"], row["last_size"], row["last_ts"]) == (600.0, 50.0, NOW)
    live.events("trade", trade(602.0, after_s=3))
    row = only(live)
    assert (row["price"], row["last_size"], row["last_ts"], row["bid"]) == (602.0, 7.0, NOW + 3 * SECOND, 601.0)
    assert row["received_ts"] == NOW + 3 * SECOND


def test_the_change_goes_with_a_newer_price_and_stays_the_vendor_s_without() -> None:
    live = equities(stocks("SPY", "QQQ"))
    live.events("trade", trade(596.0, after_s=1))
    frame = shown(live)
    assert frame.get_column("change").to_list() == [6.0, 10.0]
    assert frame.get_column("change_percent").to_list() == [100 * 6.0 / 590.0, 1.7]


def test_a_stock_may_trade_outside_of_its_day_s_range_and_an_index_may_not() -> None:
    live = equities()
    live.events("trade", trade(610.0, after_s=1))
    assert (only(live)["high"], only(live)["low"]) == (601.0, 594.0)
    index = indices()
    index.events("value", level(6_020.0, after_s=1))
    row = only(index, after_s=1)
    assert (row["value"], row["value_ts"], row["high"], row["low"]) == (6_020.0, NOW + SECOND, 6_020.0, 5_980.0)
    assert (row["change"], row["change_percent"]) == (70.0, 100 * 70 / 5_950)
    assert (row["warnings"], row["confidence"]) == ([], 100)


def test_a_price_without_a_time_is_the_last_answer_s_unless_a_stream_tells_one() -> None:
    live = equities(stocks("SPY"), stocks("SPY", after_s=5, price=605.0, last_ts=None, last_size=None))
    assert (only(live)["price"], only(live)["last_ts"]) == (605.0, None)
    live.events("trade", trade(606.0, after_s=1))
    assert (only(live)["price"], only(live)["last_ts"]) == (606.0, NOW + SECOND)


def test_symbols_that_an_answer_is_not_about_keep_their_rows_and_places() -> None:
    live = equities(stocks("SPY", "QQQ"), stocks("IWM", "SPY", after_s=5, price=605.0))
    frame = shown(live)
    assert frame.get_column("symbol").to_list() == ["SPY", "QQQ", "IWM"]
    assert frame.get_column("price").to_list() == [605.0, 600.0, 605.0]
    assert frame.get_column("snapshot_ts").unique().to_list() == [NOW + 5 * SECOND]
    assert frame.get_column("received_ts").to_list() == [NOW + 5 * SECOND, NOW, NOW + 5 * SECOND]


def test_a_late_answer_tells_nothing_but_newer_events() -> None:
    late = stocks("SPY", after_s=1, price=590.0, quote_ts=NOW + 9 * SECOND, volume=1.0)
    live = equities(stocks("SPY", after_s=5), late)
    row = only(live)
    assert (row["price"], row["volume"], row["bid"]) == (600.0, 1e6, 589.99)
    assert row["snapshot_ts"] == NOW + 5 * SECOND


def test_what_is_no_longer_watched_is_forgotten_with_its_events() -> None:
    live = equities(stocks("SPY", "QQQ"))
    live.events("quote", quote(601.0, after_s=9))
    live.keep(["QQQ"])
    assert shown(live).get_column("symbol").to_list() == ["QQQ"]
    live.poll(stocks("SPY", after_s=1))
    assert shown(live).filter(symbol="SPY").get_column("bid").item() == 599.99
    live.keep([])
    assert shown(live).is_empty()


def test_another_vendor_s_quote_is_taken_when_the_owner_s_is_old() -> None:
    live = equities()
    live.events("quote", quote(601.0, after_s=14, vendor="tradier"))
    assert (only(live)["bid"], only(live)["source"]) == (599.99, "massive")
    live.events("quote", quote(602.0, after_s=16, vendor="tradier"))
    assert (only(live)["bid"], only(live)["source"], only(live)["price"]) == (602.0, "hybrid", 600.0)


def test_the_clock_of_a_simulated_market_may_be_quicker_than_the_wall() -> None:
    live = equities(stocks("SPY", feed="simulated"))
    told = trade(601.0, after_s=3_600, feed="simulated").with_columns(received_ts=pl.lit(NOW + SECOND))
    live.events("trade", told.cast({"received_ts": schema(EQUITY_QUOTES)["received_ts"]}))
    row = only(live, after_s=1)
    assert (row["snapshot_ts"], row["errors"], row["feed"]) == (NOW + 3_600 * SECOND, [], "simulated")


def test_ages_are_counted_to_the_present() -> None:
    live = equities()
    live.events("quote", quote(601.0, after_s=2))
    assert only(live, after_s=4)["age_s"] == 2.0
    assert only(live, after_s=8)["is_stale"]
