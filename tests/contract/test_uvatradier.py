"""The simulator read by another people's client of Tradier: `uvatradier`, pointed at it by its base address alone."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim import Simulator

EXPIRATION: Final = "2026-12-18"
OPTION: Final = "SPY261218C00690000"


@pytest.fixture(scope="module")
def uvatradier() -> Any:
    return pytest.importorskip("uvatradier", reason="it comes with the development environment alone")


@pytest.fixture
def quotes(uvatradier: Any, simulator: Simulator) -> Any:
    client = uvatradier.Quotes("VA000001", "test", live_trade=True)
    client.BASE_URL = simulator.base_url
    return client


@pytest.fixture
def options(uvatradier: Any, simulator: Simulator) -> Any:
    client = uvatradier.OptionsData("VA000001", "test", live_trade=True)
    client.BASE_URL = simulator.base_url
    return client


@pytest.fixture
def massive_row(simulator: Simulator) -> Callable[[str], Any]:
    """Return what Massive's side of the same market shows at a path."""

    def row(path: str) -> Any:
        with urllib.request.urlopen(f"{simulator.base_url}{path}?apiKey=test", timeout=10) as answer:  # noqa: S310
            return json.load(answer)["results"]

    return row


def test_a_chain_is_massives(options: Any, massive_row: Callable[[str], Any]) -> None:
    chain = options.get_chain_day("SPY", expiry=EXPIRATION, strike=690.0).set_index("symbol")
    assert sorted(chain.index) == [OPTION, OPTION.replace("C", "P")]
    for symbol, row in chain.iterrows():
        theirs = massive_row(f"/v3/snapshot/options/SPY/O:{symbol}")
        quote = theirs["last_quote"]
        assert (row["bid"], row["ask"]) == (quote["bid"], quote["ask"])
        assert (row["bidsize"], row["asksize"]) == (quote["bid_size"], quote["ask_size"])
        assert row["open_interest"] == theirs["open_interest"]
        assert row["last"] == theirs["last_trade"]["price"]
        assert row["volume"] == theirs["day"]["volume"]
        assert row["prevclose"] == theirs["day"]["previous_close"]


def test_a_chain_is_filtered_by_its_reader(options: Any) -> None:
    calls = options.get_chain_day("SPY", expiry=EXPIRATION, strike_low=680, strike_high=700, option_type="call")
    assert set(calls["option_type"]) == {"call"}
    assert (calls["strike"].min(), calls["strike"].max()) == (680.0, 700.0)


def test_expirations_come_with_strikes_or_without(options: Any) -> None:
    days = options.get_expiry_dates("SPY")
    assert days == sorted(set(days))
    assert days[0] == "2026-11-18"
    assert EXPIRATION in days
    detailed = options.get_expiry_dates("SPY", strikes=True)["expiration"]
    assert [each["date"] for each in detailed] == days
    (december,) = [each for each in detailed if each["date"] == EXPIRATION]
    assert 690.0 in december["strikes"]["strike"]


def test_the_closest_expiration_is_one_of_them(options: Any) -> None:
    # It counts from the real day, which the simulated market knows nothing of.
    assert options.get_closest_expiry("SPY", 30) in options.get_expiry_dates("SPY")


def test_option_symbols_are_read_and_taken_apart(options: Any) -> None:
    symbols = options.get_options_symbols("VIX")
    assert len(symbols) == len(set(symbols)) > 100
    assert all(symbol.startswith("VIX") for symbol in symbols)
    frame = options.get_options_symbols("SPY", df=True).set_index("symbol")
    row = frame.loc[OPTION]
    assert (row["root_symbol"], row["expiration_date"], row["option_type"]) == ("SPY", EXPIRATION, "C")


def test_a_quote_is_massives(quotes: Any, massive_row: Callable[[str], Any]) -> None:
    theirs = massive_row("/v2/last/trade/SPY")
    row = quotes.get_quote_day("spy").iloc[0]
    assert row["last"] == theirs["p"]
    assert (row["symbol"], row["type"], row["close"]) == ("SPY", "etf", None)
    assert quotes.get_quote_day("SPY", last_price=True) == theirs["p"]
    assert quotes.get_quote_day("NOPE").empty


def test_quotes_of_all_kinds_come_together(quotes: Any) -> None:
    frame = quotes.get_quote_data(["BRK/B", "VIX", OPTION]).set_index("symbol")
    assert frame["type"].to_dict() == {"BRK/B": "stock", "VIX": "index", OPTION: "option"}
    assert frame.loc[OPTION, "strike"] == 690.0
    assert frame.loc["VIX", "volume"] == 0
    assert (frame["last"] > 0).all()


def test_bars_of_every_interval(quotes: Any) -> None:
    daily = quotes.get_historical_quotes("AAPL", start_date="2026-11-12", end_date="2026-11-17")
    assert [f"{day:%Y-%m-%d}" for day in daily["date"]] == ["2026-11-12", "2026-11-13", "2026-11-16", "2026-11-17"]
    assert (daily["low"] <= daily[["open", "close"]].min(axis=1)).all()
    weekly = quotes.get_historical_quotes("AAPL", "weekly", start_date="2026-10-01", end_date="2026-11-17")
    assert {day.weekday() for day in weekly["date"]} == {0}
    assert weekly["close"].iloc[-2] == daily["close"].iloc[1]
    monthly = quotes.get_historical_quotes("AAPL", "monthly", start_date="2020-07-01", end_date="2020-09-30")
    assert [day.day for day in monthly["date"]] == [1, 1, 1]
    # Four for one at the end of August 2020: nothing jumps.
    assert monthly["close"].pct_change().abs().max() < 0.5


def test_bars_of_an_option_are_the_days_with_trades(quotes: Any) -> None:
    bars = quotes.get_historical_quotes(OPTION, start_date="2026-10-01", end_date="2026-11-17")
    assert len(bars) > 5
    assert (bars["volume"] > 0).all()
    with pytest.raises(RuntimeError, match="No historical data"):
        quotes.get_historical_quotes("SPY261116C00690000", start_date="2026-11-01", end_date="2026-11-17")


def test_intraday_bars(quotes: Any) -> None:
    bars = quotes.get_timesales("SPY", "5min", start_time="2026-11-18 09:30", end_time="2026-11-18 10:00")
    assert list(bars["time"].str[-8:])[::6] == ["09:30:00", "10:00:00"]
    assert (bars["price"] == (bars["high"] + bars["low"]) / 2).all()
    assert not bars[["open", "close", "vwap"]].isna().any().any()
    assert len(quotes.get_timesales("SPY")) > 90


def test_companies_are_found(quotes: Any) -> None:
    assert list(quotes.search_companies("trust")["symbol"]) == ["SPY", "QQQ", "DIA"]
    assert quotes.search_companies("nothing of the kind") == "Nothing found"
