"""What the events of streams become: the columns, dtypes and conventions of a poll's rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import CHAIN, EQUITY_QUOTES, INDEX_QUOTES, schema
from quantdata.frames.events import (
    Stamp,
    equity_quote_events,
    equity_trade_events,
    index_value_events,
    option_day_events,
    option_quote_events,
    option_trade_events,
)
from quantdata.wire.events import Minute, Quote, Trade, Value
from quantdata.wire.quote_table import QuoteTable, keep

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

NOW = datetime(2026, 11, 18, 16, 0, 0, 123_000, tzinfo=UTC)
T = 1_795_017_600_123
CALL = "SPY261218C00600000"
MASSIVE = Stamp(vendor="massive", feed="realtime", received_ts=NOW)
TRADIER = Stamp(vendor="tradier", feed="realtime", received_ts=NOW, names={"BRK/B": "BRK.B"})


def quote(symbol: str = f"O:{CALL}", **values: Any) -> Quote:
    given: dict[str, Any] = {
        "bid": 5.0,
        "ask": 5.2,
        "bid_size": 10.0,
        "ask_size": 12.0,
        "bid_exchange": 302,
        "ask_exchange": 316,
        "t": T,
        "sequence": 7,
    }
    return Quote(symbol, **given | values)


def one(frame: pl.DataFrame) -> dict[str, Any]:
    assert frame.height == 1
    return frame.row(0, named=True)


KINDS: list[tuple[Callable[..., pl.DataFrame], Any, Any]] = [
    (option_quote_events, quote(), CHAIN),
    (option_trade_events, Trade(f"O:{CALL}", price=5.1, size=3.0, exchange=302, conditions=(209,), t=T), CHAIN),
    (option_day_events, Minute(f"O:{CALL}", close=5.1, day_volume=70.0, day_vwap=5.0, start=T - 60_000, end=T), CHAIN),
    (lambda events, stamp: equity_quote_events(events, stamp, size_unit="shares"), quote("SPY"), EQUITY_QUOTES),
    (equity_trade_events, Trade("SPY", price=600.0, size=0.5, t=T), EQUITY_QUOTES),
    (index_value_events, Value("I:SPX", value=6000.5, t=T), INDEX_QUOTES),
]


def test_quotes_that_are_columns_become_what_objects_become() -> None:
    told = [quote(), quote("O:SPY261218P00600000", bid=None, bid_size=None, bid_exchange=None, ask=0.0, sequence=0)]
    table = QuoteTable(keep)
    assert all(table.add(each) for each in told)
    columns = table.take()
    assert_frame_equal(option_quote_events(columns.values(), MASSIVE), option_quote_events(told, MASSIVE))
    assert list(columns.values()) == told


@pytest.mark.parametrize(("events_of", "event", "columns"), KINDS)
def test_columns_have_their_canonical_dtypes_with_events_and_without(
    events_of: Callable[..., pl.DataFrame], event: Any, columns: Any
) -> None:
    some, none = events_of([event], MASSIVE), events_of([], MASSIVE)
    assert some.height == 1
    assert none.is_empty()
    assert some.schema == none.schema
    canonical = schema(columns)
    own = {name: dtype for name, dtype in some.schema.items() if name not in {"sequence", "day_ts"}}
    assert own == {name: canonical[name] for name in own}
    assert {"source", "feed", "received_ts", "sequence"} <= set(some.columns)


@pytest.mark.parametrize(("events_of", "event", "columns"), KINDS)
def test_numbers_that_are_not_there_are_null_and_cost_nothing_else(
    events_of: Callable[..., pl.DataFrame], event: Any, columns: Any
) -> None:
    bare = type(event)(event.symbol)
    both = events_of([bare, event], MASSIVE)
    symbols = both.get_column(columns[0].name if columns is not CHAIN else "contract_symbol")
    assert symbols[-1] == event.symbol.split(":")[-1]
    assert events_of([event], MASSIVE).row(0) == both.row(-1)


def test_a_quote_is_what_a_poll_would_tell() -> None:
    row = one(option_quote_events([quote()], MASSIVE))
    assert row == {
        "contract_symbol": CALL,
        "bid": 5.0,
        "bid_size": 10,
        "bid_exchange": "C",
        "ask": 5.2,
        "ask_size": 12,
        "ask_exchange": "Q",
        "mid": 5.1,
        "spread": 0.2,
        "spread_percent": 100 * 0.2 / 5.1,
        "quote_ts": NOW,
        "quote_source": "massive",
        "quote_feed": "realtime",
        "sequence": 7,
        "source": "massive",
        "received_ts": NOW,
        "feed": "realtime",
    }


@pytest.mark.parametrize(
    ("stamp", "spelled", "symbol"),
    [
        (MASSIVE, f"O:{CALL}", CALL),
        (TRADIER, CALL, CALL),
        (MASSIVE, "I:SPX", "SPX"),
        (TRADIER, "BRK/B", "BRK.B"),
        (MASSIVE, "BRK.B", "BRK.B"),
    ],
)
def test_symbols_are_spelled_canonically(stamp: Stamp, spelled: str, symbol: str) -> None:
    assert stamp.symbols([Value(spelled)]) == [symbol]


@pytest.mark.parametrize(
    ("venue", "letter"),
    [(300, "A"), (325, "Z"), (326, "326"), (4, "4"), (0, None), ("C", "C"), ("", None), (None, None)],
)
def test_venues_are_the_letters_of_opra_where_there_is_one(venue: int | str | None, letter: str | None) -> None:
    row = one(option_quote_events([quote(bid_exchange=venue)], MASSIVE))
    assert row["bid_exchange"] == letter
    assert one(option_trade_events([Trade(CALL, price=1.0, exchange=venue)], MASSIVE))["last_exchange"] == letter


def test_no_offer_is_null_and_a_bid_of_0_beside_an_offer_is_data() -> None:
    row = one(option_quote_events([quote(ask=0.0)], MASSIVE))
    assert (row["bid"], row["ask"], row["mid"], row["spread"], row["spread_percent"]) == (5.0, None, None, None, None)
    row = one(option_quote_events([quote(bid=0.0, ask=0.05)], MASSIVE))
    assert (row["bid"], row["ask"], row["mid"], row["ask_size"]) == (0.0, 0.05, None, 12)


def test_where_nobody_quotes_the_time_and_who_told_it_are_left() -> None:
    row = one(option_quote_events([quote(bid=0.0, ask=0.0)], MASSIVE))
    assert [row[name] for name in ("bid", "bid_size", "bid_exchange", "ask", "ask_size", "ask_exchange")] == [None] * 6
    assert (row["quote_ts"], row["quote_source"]) == (NOW, "massive")


def test_a_letter_of_tradier_without_a_price_is_nobody_s() -> None:
    told = quote(CALL, bid=0.0, bid_exchange="C", ask_exchange="X")
    row = one(option_quote_events([told], TRADIER))
    assert (row["bid"], row["bid_exchange"], row["ask_exchange"], row["quote_source"]) == (0.0, None, "X", "tradier")


def test_a_simulated_market_says_so_and_nothing_of_its_plan() -> None:
    simulated = Stamp(vendor="massive", feed="simulated", received_ts=NOW)
    row = one(option_quote_events([quote()], simulated))
    assert (row["feed"], row["quote_feed"]) == ("simulated", "realtime")
    late = Stamp(vendor="massive", feed="delayed", received_ts=NOW)
    row = one(option_quote_events([quote()], late))
    assert (row["feed"], row["quote_feed"]) == ("delayed", "delayed")


def test_times_are_exact_to_the_millisecond_and_0_is_none() -> None:
    rows = option_quote_events([quote(t=T), quote(t=T + 1), quote(t=0)], MASSIVE)
    assert rows.get_column("quote_ts").to_list() == [NOW, NOW.replace(microsecond=124_000), None]


def test_a_number_that_no_column_can_hold_is_null() -> None:
    row = one(option_quote_events([quote(bid_size=1e300, sequence=2**70)], MASSIVE))
    assert (row["bid_size"], row["ask_size"], row["sequence"]) == (None, 12, 0)


@pytest.mark.parametrize(
    ("conditions", "kept"),
    [((209, 227), [209, 227]), (("A", "B"), None), ((209, "A"), None), ((), None), (None, None)],
)
def test_conditions_that_are_letters_have_no_place_in_the_column(
    conditions: tuple[int | str, ...] | None, kept: list[int] | None
) -> None:
    row = one(option_trade_events([Trade(CALL, price=5.1, size=3.0, conditions=conditions, t=T)], TRADIER))
    assert row["last_conditions"] == kept
    assert (row["last"], row["last_size"], row["last_ts"], row["trade_source"]) == (5.1, 3, NOW, "tradier")


@pytest.mark.parametrize("price", [None, 0.0])
def test_what_has_no_price_tells_nothing(price: float | None) -> None:
    assert option_trade_events([Trade(CALL, price=price, size=3.0, t=T)], MASSIVE).is_empty()
    assert equity_trade_events([Trade("SPY", price=price, size=3.0, t=T)], MASSIVE).is_empty()
    assert index_value_events([Value("I:SPX", value=price, t=T)], MASSIVE).is_empty()
    assert option_day_events([Minute(CALL, close=price, end=T)], MASSIVE).is_empty()


def test_a_size_of_0_is_none() -> None:
    assert one(option_trade_events([Trade(CALL, price=5.1, size=0.0, t=T)], TRADIER))["last_size"] is None
    assert one(equity_trade_events([Trade("SPY", price=600.0, size=0.0, t=T)], TRADIER))["last_size"] is None


def test_a_minute_tells_close_volume_and_vwap_of_its_session_in_new_york() -> None:
    late = int(datetime(2026, 11, 19, 0, 30, tzinfo=UTC).timestamp() * 1000)
    row = one(option_day_events([Minute(f"O:{CALL}", close=5.1, day_volume=70.0, day_vwap=5.0, end=late)], MASSIVE))
    assert (row["close"], row["volume"], row["vwap"], row["sequence"]) == (5.1, 70, 5.0, 70)
    assert (row["day_session"], row["day_source"]) == (date(2026, 11, 18), "massive")


def test_stock_quotes_have_the_unit_of_their_sizes_and_no_zeros() -> None:
    told = quote("BRK/B", bid=0.0, bid_size=0.0)
    row = one(equity_quote_events([told], TRADIER, size_unit="round_lots"))
    assert row == {
        "symbol": "BRK.B",
        "bid": None,
        "bid_size": None,
        "ask": 5.2,
        "ask_size": 12.0,
        "size_unit": "round_lots",
        "quote_ts": NOW,
        "sequence": 7,
        "source": "tradier",
        "received_ts": NOW,
        "feed": "realtime",
    }


def test_an_index_is_its_value_at_a_time() -> None:
    row = one(index_value_events([Value("I:SPX", value=6000.5, t=T)], MASSIVE))
    assert (row["symbol"], row["value"], row["value_ts"], row["sequence"]) == ("SPX", 6000.5, NOW, 0)
