"""The vendor's own client, pointed at the simulator, sees what the market holds."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from massive.rest import RESTClient

from quantdata.sim import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.source import MarketSource
    from quantdata.sim.views import Bars

AT = datetime(2026, 11, 18, 20, 30, tzinfo=UTC)  # 15:30 in New York
DAY = date(2026, 11, 18)
AT_NS = int(AT.timestamp()) * 10**9
MINUTE_NS = 60 * 10**9
SMALL = "VIX"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(clock="at:2026-11-18T15:30:00-05:00") as running:
        yield running


@pytest.fixture(scope="module")
def market(simulator: Simulator) -> MarketSource:
    return simulator.market


@pytest.fixture(scope="module")
def client(simulator: Simulator) -> Iterator[Any]:
    vendor = RESTClient(api_key="any", base=simulator.base_url, retries=0)
    yield vendor
    vendor.client.clear()


def active_contract(market: MarketSource) -> str:
    """Return the most traded SPY contract of the day so far."""
    view = market.chain("SPY", AT)
    return str(view.listing.symbol[int(np.argmax(np.where(view.day_ts == view.day_ts.max(), view.volume, 0)))])


def same_bars(received: list[Any], bars: Bars, *, newest_first: bool = False) -> None:
    order = slice(None, None, -1 if newest_first else 1)
    for name, column in (
        ("timestamp", bars.start // 10**6),
        ("open", bars.open),
        ("high", bars.high),
        ("low", bars.low),
        ("close", bars.close),
    ):
        np.testing.assert_allclose([getattr(bar, name) for bar in received], column[order], atol=1e-4, err_msg=name)


# --- options --------------------------------------------------------------------------------------------------------


def test_a_whole_chain_in_pages_is_the_markets(client: Any, market: MarketSource) -> None:
    rows = list(client.list_snapshot_options_chain(f"I:{SMALL}", params={"limit": 250}))
    view = market.chain(SMALL, AT)
    by_symbol = {row.details.ticker.removeprefix("O:"): row for row in rows}
    assert len(rows) == len(by_symbol) == len(view.bid) > 250
    ordered = [by_symbol[str(symbol)] for symbol in view.listing.symbol]
    quoted = view.quote_ts > 0
    for name in ("bid", "ask", "bid_size", "ask_size"):
        received = [getattr(row.last_quote, name) or 0 for row in ordered]
        np.testing.assert_allclose(np.array(received)[quoted], getattr(view, name)[quoted], atol=1e-4, err_msg=name)
    assert [row.open_interest for row in ordered] == view.open_interest.tolist()
    volatility = [np.nan if row.implied_volatility is None else row.implied_volatility for row in ordered]
    np.testing.assert_allclose(volatility, view.implied_volatility, atol=1e-12)
    for name in ("delta", "gamma", "theta", "vega"):
        greek = [getattr(row.greeks, name, None) if row.greeks else None for row in ordered]
        np.testing.assert_allclose(
            [np.nan if value is None else value for value in greek],
            np.where(np.isnan(view.implied_volatility), np.nan, getattr(view, name)),
            atol=1e-12,
            err_msg=name,
        )
    assert {row.underlying_asset.value for row in ordered} == {round(view.underlying_price, 4)}
    assert [row.day.volume or 0 for row in ordered] == np.where(view.day_ts > 0, view.volume, 0).tolist()


def test_a_filtered_chain_holds_what_was_asked_for(client: Any, market: MarketSource) -> None:
    listing = market.listing("SPY", DAY)
    expiration = str(listing.expiration[len(listing.expiration) // 2])
    asked = {
        "expiration_date": expiration,
        "contract_type": "put",
        "strike_price.gte": 600,
        "strike_price.lt": 700,
        "sort": "strike_price",
        "order": "desc",
        "limit": 7,
    }
    rows = list(client.list_snapshot_options_chain("SPY", params=asked))
    wanted = (
        (listing.expiration == np.datetime64(expiration))
        & ~listing.is_call
        & (listing.strike >= 600)
        & (listing.strike < 700)
    )
    assert [row.details.strike_price for row in rows] == sorted(listing.strike[wanted].tolist(), reverse=True)
    assert len(rows) > 7


def test_one_contract_is_its_row(client: Any, market: MarketSource) -> None:
    symbol = active_contract(market)
    row = client.get_snapshot_option("SPY", f"O:{symbol}")
    view = market.chain("SPY", AT)
    place = view.listing.symbol.tolist().index(symbol)
    assert row.last_trade.sip_timestamp == view.last_ts[place]
    assert row.last_quote.last_updated == view.quote_ts[place]
    assert row.day.close == pytest.approx(view.close[place])
    assert row.underlying_asset.price == pytest.approx(view.underlying_price)
    assert row.break_even_price == pytest.approx(
        view.listing.strike[place]
        + (1 if view.listing.is_call[place] else -1) * (view.bid[place] + view.ask[place]) / 2
    )


def test_contracts_are_the_listing(client: Any, market: MarketSource) -> None:
    rows = list(client.list_options_contracts(underlying_ticker=SMALL, limit=1_000))
    assert {row.ticker.removeprefix("O:") for row in rows} == set(market.listing(SMALL, DAY).symbol.tolist())
    one = client.get_options_contract(rows[0].ticker)
    assert one == rows[0]


def test_contracts_of_a_past_day_are_the_listing_of_that_day(client: Any, market: MarketSource) -> None:
    past = date(2026, 6, 10)
    rows = list(client.list_options_contracts(underlying_ticker=SMALL, as_of=past, limit=1_000))
    assert {row.ticker.removeprefix("O:") for row in rows} == set(market.listing(SMALL, past).symbol.tolist())
    expired = list(
        client.list_options_contracts(
            underlying_ticker=SMALL,
            expired=True,
            expiration_date_gte="2026-10-01",
            expiration_date_lte="2026-10-31",
            limit=1_000,
        ),
    )
    assert expired
    assert all("2026-10-01" <= row.expiration_date <= "2026-10-31" for row in expired)


# --- stocks and indices ---------------------------------------------------------------------------------------------


def test_index_snapshots_are_the_markets(client: Any, market: MarketSource) -> None:
    rows = client.get_snapshot_indices(ticker_any_of=["I:SPX", "I:VIX", "I:NOPE"])
    by_ticker = {row.ticker: row for row in rows}
    for ticker in ("SPX", "VIX"):
        view, row = market.index(ticker, AT), by_ticker[f"I:{ticker}"]
        assert row.value == pytest.approx(view.value, abs=1e-4)
        assert row.session.previous_close == pytest.approx(view.prev_close, abs=1e-4)
        assert row.session.change == pytest.approx(view.value - view.prev_close, abs=1e-4)
        assert row.last_updated == view.value_ts
    assert by_ticker["I:NOPE"].error == "NOT_FOUND"


def test_stock_snapshots_are_the_markets(client: Any, market: MarketSource) -> None:
    rows = {row.ticker: row for row in client.get_snapshot_all("stocks")}
    assert set(rows) == set(market.equities)
    for symbol in market.equities:
        view, row = market.equity(symbol, AT), rows[symbol]
        assert row.day.close == pytest.approx(view.close, abs=1e-4)
        assert row.day.volume == pytest.approx(view.volume)
        assert row.prev_day.close == pytest.approx(view.prev_close, abs=1e-4)
        assert row.last_trade.price == pytest.approx(view.price, abs=1e-4)
        assert (row.last_quote.bid_price, row.last_quote.bid_size) == (pytest.approx(view.bid), view.bid_size)
        assert row.todays_change == pytest.approx(view.price - view.prev_close, abs=1e-4)
    one = client.get_snapshot_ticker("stocks", "SPY")
    assert one.day.close == rows["SPY"].day.close
    movers = client.get_snapshot_direction("stocks", "gainers") + client.get_snapshot_direction("stocks", "losers")
    assert {row.ticker for row in movers} <= set(market.equities)


def test_unified_snapshots_mix_asset_classes(client: Any, market: MarketSource) -> None:
    contract = f"O:{active_contract(market)}"
    rows = {row.ticker: row for row in client.list_universal_snapshots(ticker_any_of=["SPY", "I:SPX", contract])}
    assert {rows[ticker].type for ticker in rows} == {"stocks", "indices", "options"}
    assert rows["SPY"].session.price == pytest.approx(market.equity("SPY", AT).price)
    assert rows[contract].underlying_asset.ticker == "SPY"


# --- bars -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["SPY", "SPX"])
def test_daily_bars_are_the_markets(client: Any, market: MarketSource, symbol: str) -> None:
    ticker = f"I:{symbol}" if symbol == "SPX" else symbol
    received = client.get_aggs(ticker, 1, "day", "2026-10-01", "2026-11-18", limit=50_000)
    bars = market.daily_bars(symbol, date(2026, 10, 1), DAY, AT)
    same_bars(received, bars)
    assert [bar.volume or 0 for bar in received] == pytest.approx(bars.volume.tolist())


def test_minute_bars_in_pages_are_the_markets(client: Any, market: MarketSource) -> None:
    received = list(client.list_aggs("SPY", 1, "minute", "2026-11-17", "2026-11-18", limit=300))
    days = [market.minute_bars("SPY", day, AT) for day in (date(2026, 11, 17), DAY)]
    assert [bar.timestamp for bar in received] == np.concatenate([bars.start for bars in days]).tolist() or len(
        received
    ) == sum(len(bars.start) for bars in days)
    same_bars(received[: len(days[0].start)], days[0])
    same_bars(received[len(days[0].start) :], days[1])


def test_option_bars_are_the_markets(client: Any, market: MarketSource) -> None:
    symbol = active_contract(market)
    same_bars(
        client.get_aggs(f"O:{symbol}", 1, "minute", "2026-11-18", "2026-11-18", limit=50_000, sort="desc"),
        market.minute_bars(symbol, DAY, AT),
        newest_first=True,
    )


def test_split_adjustment_can_be_switched_off(client: Any, market: MarketSource) -> None:
    first, last = date(2024, 6, 6), date(2024, 6, 12)
    raw = client.get_aggs("NVDA", 1, "day", first, last, adjusted=False)
    adjusted = client.get_aggs("NVDA", 1, "day", first, last)
    bars = market.daily_bars("NVDA", first, last)
    same_bars(raw, bars)
    ratio = [old.close / new.close for old, new in zip(raw, adjusted, strict=True)]
    np.testing.assert_allclose(ratio, np.where(bars.start < 1_717_992_000_000_000_000, 10, 1), rtol=1e-3)


def test_single_days_are_the_markets(client: Any, market: MarketSource) -> None:
    before = date(2026, 11, 17)
    close = float(market.daily_bars("SPY", before, before).close[0])
    assert client.get_previous_close_agg("SPY")[0].close == pytest.approx(close, abs=1e-4)
    grouped = {row.ticker: row.close for row in client.get_grouped_daily_aggs(before)}
    assert grouped["SPY"] == pytest.approx(close, abs=1e-4)
    day = client.get_daily_open_close_agg("SPY", before)
    assert day.close == pytest.approx(close, abs=1e-4)
    assert day.pre_market is not None
    assert day.after_hours is not None


# --- ticks ----------------------------------------------------------------------------------------------------------


def test_trades_in_pages_are_the_tape(client: Any, market: MarketSource) -> None:
    start = AT_NS - 5 * MINUTE_NS
    rows = list(client.list_trades("SPY", timestamp_gte=start, order="asc", limit=50))
    tape = market.trades("SPY", start, AT_NS + 1)
    assert len(rows) == len(tape.ts) > 50
    assert [row.sip_timestamp for row in rows] == tape.ts.tolist()
    assert [row.size for row in rows] == tape.size.tolist()
    np.testing.assert_allclose([row.price for row in rows], tape.price, atol=1e-4)


def test_option_ticks_are_the_markets(client: Any, market: MarketSource) -> None:
    symbol = active_contract(market)
    start = AT_NS - 10 * MINUTE_NS
    trades = list(client.list_trades(f"O:{symbol}", timestamp_gte=start, limit=40))
    assert [row.sip_timestamp for row in trades] == market.trades(symbol, start, AT_NS + 1).ts[::-1].tolist()
    quotes = list(client.list_quotes(f"O:{symbol}", timestamp_gte=start, limit=250))
    book = market.quotes(symbol, start, AT_NS + 1)
    assert [row.sip_timestamp for row in quotes] == book.ts[::-1].tolist()
    np.testing.assert_allclose([row.bid_price for row in quotes], book.bid[::-1], atol=1e-4)
    assert [row.ask_size for row in quotes] == book.ask_size[::-1].tolist()


def test_the_last_ticks_are_the_newest(client: Any, market: MarketSource) -> None:
    view = market.equity("SPY", AT)
    trade, quote = client.get_last_trade("SPY"), client.get_last_quote("SPY")
    assert (trade.sip_timestamp, trade.price) == (view.last_ts, pytest.approx(view.price, abs=1e-4))
    assert (quote.bid_price, quote.ask_price) == (pytest.approx(view.bid), pytest.approx(view.ask))


# --- indicators -----------------------------------------------------------------------------------------------------


def test_indicators_follow_the_closes(client: Any, market: MarketSource) -> None:
    closes = market.daily_bars("SPY", date(2026, 1, 2), DAY, AT).close
    values = client.get_sma("SPY", window=20, limit=5).values
    assert [row.value for row in values] == pytest.approx(
        [closes[len(closes) - back - 20 : len(closes) - back].mean() for back in range(5)],
    )
    ema = client.get_ema("SPY", window=20, limit=5).values
    assert abs(ema[0].value - values[0].value) < 0.05 * closes[-1]
    assert 0 < client.get_rsi("SPY", window=14, limit=1).values[0].value < 100
    macd = client.get_macd("SPY", limit=3).values
    assert all(row.histogram == pytest.approx(row.value - row.signal) for row in macd)


# --- reference ------------------------------------------------------------------------------------------------------


def test_market_status_follows_the_simulated_clock(client: Any) -> None:
    now = client.get_market_status()
    assert (now.market, now.server_time) == ("open", "2026-11-18T15:30:00-05:00")
    holidays = client.get_market_holidays()
    assert (holidays[0].name, holidays[0].date) == ("Thanksgiving Day", "2026-11-26")


def test_corporate_actions_are_the_markets(client: Any, market: MarketSource) -> None:
    splits = list(client.list_splits(ticker="NVDA"))
    assert [(row.execution_date, row.split_from, row.split_to) for row in splits] == [
        (str(split.execution_date), split.before, split.after) for split in reversed(market.splits("NVDA"))
    ]
    assert len(list(client.list_stocks_splits(ticker="NVDA"))) == len(splits)
    paid = list(client.list_dividends(ticker="SPY", ex_dividend_date_lte="2026-11-18", limit=7))
    known = [each for each in market.dividends("SPY") if each.ex_date <= DAY]
    assert [row.cash_amount for row in paid] == [each.cash_amount for each in reversed(known)]
    assert len(list(client.list_stocks_dividends(ticker="SPY", ex_dividend_date_lte="2026-11-18"))) == len(paid)


def test_ids_in_the_data_are_in_the_reference(client: Any, market: MarketSource) -> None:
    exchanges = {row.id for row in client.get_exchanges(asset_class="options")}
    conditions = {row.id for row in client.list_conditions(asset_class="options")}
    view = market.chain("SPY", AT)
    assert set(view.ask_exchange[view.ask_exchange > 0].tolist()) <= exchanges
    assert set(view.last_exchange[view.last_ts > 0].tolist()) <= exchanges
    assert set(view.last_condition[view.last_ts > 0].tolist()) <= conditions
    stocks = {row.id for row in client.get_exchanges(asset_class="stocks")}
    sales = {row.id for row in client.list_conditions(asset_class="stocks")}
    tape = market.trades("SPY", AT_NS - 5 * MINUTE_NS, AT_NS)
    assert set(tape.exchange.tolist()) <= stocks
    assert set(tape.condition[tape.condition > 0].tolist()) <= sales


def test_a_ticker_has_its_details(client: Any) -> None:
    assert client.get_ticker_details("SPY").name == "SPDR S&P 500 ETF Trust"


# --- bodies against the reference's field lists -----------------------------------------------------------------------

NUMBER = (int, float)

# name -> (types, required)
Fields = dict[str, tuple[Any, bool]]

CHAIN_ROW: Fields = {
    "break_even_price": (NUMBER, False),
    "day": (dict, True),
    "details": (dict, True),
    "greeks": (dict, False),
    "implied_volatility": (NUMBER, False),
    "last_quote": (dict, True),
    "last_trade": (dict, True),
    "open_interest": (int, True),
    "underlying_asset": (dict, True),
}
CHAIN_BLOCKS: dict[str, Fields] = {
    "day": {
        **dict.fromkeys(("open", "high", "low", "close", "volume", "vwap"), (NUMBER, True)),
        **dict.fromkeys(("previous_close", "change", "change_percent"), (NUMBER, False)),
        "last_updated": (int, True),
    },
    "details": {
        "ticker": (str, True),
        "contract_type": (str, True),
        "exercise_style": (str, True),
        "expiration_date": (str, True),
        "strike_price": (NUMBER, True),
        "shares_per_contract": (int, True),
    },
    "greeks": dict.fromkeys(("delta", "gamma", "theta", "vega"), (NUMBER, True)),
    "last_quote": {
        **dict.fromkeys(("bid", "ask", "midpoint"), (NUMBER, True)),
        **dict.fromkeys(("bid_size", "ask_size", "bid_exchange", "ask_exchange", "last_updated"), (int, True)),
        "timeframe": (str, True),
    },
    "last_trade": {
        "price": (NUMBER, True),
        "size": (int, True),
        "conditions": (list, True),
        "exchange": (int, True),
        "sip_timestamp": (int, True),
        "timeframe": (str, True),
    },
    "underlying_asset": {
        "ticker": (str, True),
        "price": (NUMBER, True),
        "last_updated": (int, True),
        "timeframe": (str, True),
        "change_to_break_even": (NUMBER, False),
    },
}
BAR: Fields = {
    **dict.fromkeys(("v", "vw", "o", "c", "h", "l"), (NUMBER, True)),
    **dict.fromkeys(("t", "n"), (int, True)),
}
DAY_BAR: Fields = {**dict.fromkeys(("o", "h", "l", "c", "v", "vw"), (NUMBER, True)), "dv": (str, False)}
STOCK: Fields = {
    "ticker": (str, True),
    **dict.fromkeys(("todaysChange", "todaysChangePerc"), (NUMBER, True)),
    "updated": (int, True),
    **dict.fromkeys(("day", "min", "prevDay", "lastTrade", "lastQuote"), (dict, True)),
}
OPTION_TRADE: Fields = {
    **dict.fromkeys(("sip_timestamp", "participant_timestamp", "size", "exchange"), (int, True)),
    "price": (NUMBER, True),
    "conditions": (list, False),
}
STOCK_TRADE: Fields = {
    **OPTION_TRADE,
    **dict.fromkeys(("sequence_number", "tape"), (int, True)),
    **dict.fromkeys(("id", "decimal_size"), (str, True)),
}
OPTION_QUOTE: Fields = {
    **dict.fromkeys(("bid_price", "ask_price"), (NUMBER, True)),
    **dict.fromkeys(
        ("bid_size", "ask_size", "bid_exchange", "ask_exchange", "sequence_number", "sip_timestamp"), (int, True)
    ),
}
CONTRACT: Fields = {
    **dict.fromkeys(
        (
            "ticker",
            "underlying_ticker",
            "contract_type",
            "exercise_style",
            "expiration_date",
            "primary_exchange",
            "cfi",
        ),
        (str, True),
    ),
    "strike_price": (NUMBER, True),
    "shares_per_contract": (int, True),
    "additional_underlyings": (list, False),
}


def body_of(simulator: Simulator, path: str) -> Any:
    request = urllib.request.Request(simulator.base_url + path, headers={"Authorization": "Bearer any"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own loopback server
        return json.load(answer)


def holds(fields: Fields, block: dict[str, Any], where: str) -> None:
    assert block.keys() <= fields.keys(), f"{where}: unknown {block.keys() - fields.keys()}"
    for name, (types, required) in fields.items():
        assert name in block or not required, f"{where}: {name} is missing"
        if name in block:
            assert isinstance(block[name], types), f"{where}: {name} is {block[name]!r}"
            assert not isinstance(block[name], bool)


def test_chain_rows_have_the_fields_of_the_reference(simulator: Simulator) -> None:
    body = body_of(simulator, "/v3/snapshot/options/SPY?limit=250&sort=strike_price&strike_price.gte=640")
    assert list(body) == ["results", "status", "request_id", "next_url"]
    for row in body["results"]:
        where = row["details"]["ticker"]
        holds(CHAIN_ROW, row, where)
        for name, fields in CHAIN_BLOCKS.items():
            if row.get(name):
                holds(fields, row[name], f"{where}.{name}")
        assert ("implied_volatility" in row) == bool(row.get("greeks"))


@pytest.mark.parametrize(
    ("path", "key", "fields"),
    [
        ("/v2/aggs/ticker/SPY/range/5/minute/2026-11-18/2026-11-18", "results", BAR),
        ("/v2/aggs/ticker/SPY/prev", "results", {"T": (str, True), **BAR}),
        ("/v2/snapshot/locale/us/markets/stocks/tickers", "tickers", STOCK),
        ("/v3/trades/SPY?limit=20", "results", STOCK_TRADE),
        ("/v3/reference/options/contracts?limit=1000&underlying_ticker=NVDA", "results", CONTRACT),
    ],
)
def test_rows_have_the_fields_of_the_reference(simulator: Simulator, path: str, key: str, fields: Fields) -> None:
    body = body_of(simulator, path)
    assert body["status"] == "OK"
    assert body[key]
    for row in body[key]:
        holds(fields, row, path)


def test_option_ticks_have_the_fields_of_the_reference(simulator: Simulator, market: MarketSource) -> None:
    contract = f"O:{active_contract(market)}"
    for path, fields in (
        (f"/v3/trades/{contract}?limit=20", OPTION_TRADE),
        (f"/v3/quotes/{contract}?limit=20", OPTION_QUOTE),
    ):
        rows = body_of(simulator, path)["results"]
        assert len(rows) == 20
        for row in rows:
            holds(fields, row, path)


def test_every_answer_of_another_plan_lacks_its_blocks(simulator: Simulator) -> None:
    path = "/v3/snapshot/options/SPY?limit=250&apiKey=sim-starter"
    with urllib.request.urlopen(simulator.base_url + path, timeout=10) as answer:  # noqa: S310
        body = json.load(answer)
    assert body["status"] == "DELAYED"
    for row in body["results"]:
        assert not {"last_quote", "last_trade", "break_even_price"} & row.keys()
        assert row["underlying_asset"] == {"ticker": "SPY"}
