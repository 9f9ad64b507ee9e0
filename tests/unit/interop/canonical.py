"""Canonical bars and chains, written by the clock: nothing of what is tested is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from quantdata.frames.columns import BARS, CHAIN, CORPORATE_ACTIONS, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NEW_YORK: Final = ZoneInfo("America/New_York")
# Clocks went back on Sunday 1 November 2026, forward on Sunday 8 March.
AUTUMN: Final = (date(2026, 10, 29), date(2026, 10, 30), date(2026, 11, 2), date(2026, 11, 3))
SPRING: Final = (date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10))
# Thanksgiving is the 26th; the day after is a half-day.
HALF_DAY: Final = date(2026, 11, 27)
THANKSGIVING: Final = (date(2026, 11, 24), date(2026, 11, 25), HALF_DAY, date(2026, 11, 30))
SPX_WEEKLY: Final = "SPXW261127C06900000"
MINUTES: Final = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60}


def at(day: date, clock: str) -> datetime:
    """Return a moment by the clock in New York (UTC)."""
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


def starts(day: date, timeframe: str, *, opens: str = "09:30", closes: str | None = None) -> list[datetime]:
    """Return when the windows of a session begin."""
    end = at(day, closes or ("13:00" if day == HALF_DAY else "16:00"))
    step, moments = timedelta(minutes=MINUTES[timeframe]), [at(day, opens)]
    while moments[-1] + step < end:
        moments.append(moments[-1] + step)
    return moments


def bar(symbol: str, ts: datetime, day: date, close: float, **values: Any) -> dict[str, Any]:
    """Return a bar from half a dollar below its close to a quarter above it."""
    prices = {"open": close - 0.5, "high": close + 0.25, "low": close - 0.75, "close": close}
    rest = {"volume": 1000.0, "trades": 10, "adjustment": "raw", "source": "massive", "feed": "realtime"}
    return {"symbol": symbol, "ts": ts, "session": day, **prices, **rest, **values}


def bars(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as canonical bars."""
    return pl.DataFrame(list(rows), schema=schema(BARS))


def intraday(
    symbol: str, timeframe: str, days: Sequence[date], *, closes: str | None = None, **values: Any
) -> pl.DataFrame:
    """Return a bar for each window of regular hours; closes rise by a cent from 100.00."""
    moments = [(day, ts) for day in days for ts in starts(day, timeframe, closes=closes)]
    return bars(bar(symbol, ts, day, 100 + number / 100, **values) for number, (day, ts) in enumerate(moments))


def daily(
    symbol: str, days: Sequence[date], *, price: Callable[[int], float] = lambda number: 100.0 + number, **values: Any
) -> pl.DataFrame:
    """Return a bar for each day; closes rise by a dollar from 100.00."""
    return bars(bar(symbol, at(day, "00:00"), day, price(number), **values) for number, day in enumerate(days))


def actions(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return rows as canonical corporate actions."""
    return pl.DataFrame([{"source": "massive", **row} for row in rows], schema=schema(CORPORATE_ACTIONS))


def contract(
    strike: float,
    option_type: str = "call",
    *,
    underlying: str = "SPY",
    root: str | None = None,
    expiration: date = date(2026, 12, 18),
    **values: Any,
) -> dict[str, Any]:
    """Return what of a contract is the same in every snapshot."""
    letter = "C" if option_type == "call" else "P"
    name = f"{root or underlying}{expiration:%y%m%d}{letter}{round(strike * 1000):08d}"
    return {
        "underlying_symbol": underlying,
        "contract_symbol": name,
        "root_symbol": root or underlying,
        "expiration": expiration,
        "strike": strike,
        "option_type": option_type,
        "settlement": "PM",
        "multiplier": 100,
        "is_adjusted": False,
        "underlying_price": 690.0,
        "bid": 10.0,
        "bid_size": 5,
        "ask": 10.2,
        "ask_size": 7,
        "delta": 0.5,
        "volume": 40,
        "open_interest": 500,
        "source": "massive",
        "feed": "realtime",
        **values,
    }


def snapshot(day: date, clock: str, contracts: Iterable[dict[str, Any]], **values: Any) -> pl.DataFrame:
    """Return a chain as it was answered at a time in New York, with the open interest of the day before."""
    own = {
        "snapshot_ts": at(day, clock),
        "quote_ts": at(day, clock) - timedelta(seconds=1),
        "day_session": day,
        "open_interest_date": day - timedelta(days=3 if day.weekday() == 0 else 1),
    }
    return pl.DataFrame([{**own, **each, **values} for each in contracts], schema=schema(CHAIN))
