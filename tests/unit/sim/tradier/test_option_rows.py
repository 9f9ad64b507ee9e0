from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from quantdata.sim.tradier.day import day_at
from quantdata.sim.tradier.greeks import Greeks
from quantdata.sim.tradier.option_rows import option_rows, series_type

if TYPE_CHECKING:
    from quantdata.sim.source import MarketSource

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
NOON_MS = 1_795_021_200_000
GREEKS = Greeks(0.53, 0.01, -0.2, 0.6, 0.25, -0.26, 0.16, 0.161, 0.162, 0.162, "2026-11-18 16:58:47")


def rows(market: MarketSource, at: datetime = NOON) -> list[dict[str, Any]]:
    view = market.chain("SPY", NOON)
    greeks = {"SPY261218C00600000": GREEKS}
    found = option_rows(view, np.arange(len(view.bid)), underlying="SPY", greeks=greeks, day=day_at(at))
    decoded: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(found))
    return decoded


def test_a_full_row_is_written_as_the_vendor_writes_it(market: MarketSource) -> None:
    assert rows(market)[0] == {
        "symbol": "SPY261218C00600000",
        "description": "SPY Dec 18 2026 $600.00 Call",
        "exch": "Z",
        "type": "option",
        "last": 12.05,
        "change": 0.55,
        "volume": 1234,
        "open": 11.0,
        "high": 12.5,
        "low": 10.9,
        "close": None,
        "bid": 12.0,
        "ask": 12.1,
        "underlying": "SPY",
        "strike": 600.0,
        "greeks": msgspec.to_builtins(GREEKS),
        "change_percentage": 4.78,
        "average_volume": 0,
        "last_volume": 2,
        "trade_date": NOON_MS - 1,
        "prevclose": 11.5,
        "week_52_high": 0.0,
        "week_52_low": 0.0,
        "bidsize": 10,
        "bidexch": "C",
        "bid_date": NOON_MS - 1_000,
        "asksize": 11,
        "askexch": "M",
        "ask_date": NOON_MS - 1_000,
        "open_interest": 1000,
        "contract_size": 100,
        "expiration_date": "2026-12-18",
        "expiration_type": "standard",
        "option_type": "call",
        "root_symbol": "SPY",
    }


def test_what_never_traded_has_no_prices(market: MarketSource) -> None:
    row = rows(market)[1]
    assert (row["volume"], row["trade_date"], row["last_volume"], row["greeks"]) == (0, 0, 0, None)
    names = ("last", "change", "change_percentage", "prevclose", "open", "high", "low", "close")
    assert [row[name] for name in names] == [None] * 8


def test_an_old_last_is_the_close_before(market: MarketSource) -> None:
    row = rows(market)[2]
    assert (row["last"], row["prevclose"], row["change"], row["change_percentage"]) == (10.6, 10.6, 0.0, 0.0)
    assert (row["volume"], row["open"], row["trade_date"]) == (0, None, NOON_MS - 86_400_000)


def test_on_its_first_day_a_contract_has_no_change(market: MarketSource) -> None:
    row = rows(market)[4]
    assert (row["last"], row["change"], row["prevclose"], row["volume"]) == (18.5, None, None, 1)
    assert row["description"] == "SPY Jan 15 2027 $600.00 Call"


def test_nobody_bids_but_an_exchange_is_named(market: MarketSource) -> None:
    row = rows(market)[3]
    assert (row["bid"], row["bidsize"], row["bidexch"], row["askexch"]) == (0.0, 0, "Q", "Q")


def test_what_is_not_quoted_has_neither_exchange_nor_time(market: MarketSource) -> None:
    row = rows(market)[5]
    assert (row["bid"], row["ask"], row["bidexch"], row["askexch"], row["bid_date"]) == (0.0, 0.0, None, None, 0)
    assert (row["contract_size"], row["root_symbol"], row["underlying"]) == (150, "SPY1", "SPY")


def test_the_close_is_known_after_it(market: MarketSource) -> None:
    after = rows(market, datetime(2026, 11, 18, 22, tzinfo=UTC))
    assert (after[0]["close"], after[0]["volume"]) == (12.05, 1234)
    assert after[2]["close"] is None, "it did not trade today"


def test_before_the_open_nothing_has_traded_today(market: MarketSource) -> None:
    early = rows(market, datetime(2026, 11, 19, 13, tzinfo=UTC))[0]
    assert (early["last"], early["prevclose"], early["volume"], early["open"]) == (12.05, 12.05, 0, None)


@pytest.mark.parametrize(
    ("root", "day", "expected"),
    [
        ("SPY", "2026-12-18", "standard"),
        ("SPY", "2026-12-11", "weeklys"),
        ("SPY", "2026-12-31", "quarterlys"),
        ("SPY", "2026-11-30", "eom"),
        ("SPX", "2026-12-18", "standard"),
        ("SPXW", "2026-12-18", "weeklys"),
        ("SPXW", "2026-12-31", "quarterlys"),
        ("VIX", "2026-12-16", "standard"),
        ("VIXW", "2026-12-09", "weeklys"),
        ("NVDA1", "2027-01-15", "standard"),
    ],
)
def test_series_have_the_vendors_types(root: str, day: str, expected: str) -> None:
    assert series_type(root, date.fromisoformat(day)) == expected
