"""Small canonical frames for a lake to hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata.frames.columns import BARS, CHAIN, EQUITY_QUOTES, FLOW, INDEX_QUOTES, TRADES
from quantdata.frames.provenance import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantdata.frames.columns import Column

__all__ = ["NOON", "bars", "chain", "flow", "indices", "quotes", "trades"]

NOON: Final = datetime(2026, 11, 18, 17, tzinfo=UTC)


def _frame(columns: tuple[Column, ...], **values: Any) -> pl.DataFrame:
    given = pl.DataFrame(values)
    return given.select(canonical(columns, given.columns))


def bars(
    *symbols: str, days: Iterable[str] = ("2026-11-17",), count: int = 3, close: float = 100.0, **values: Any
) -> pl.DataFrame:
    """Return a few minutes of bars from 14:30 UTC on, of each symbol and day, oldest first within a symbol."""
    rows = [
        (symbol, datetime(day.year, day.month, day.day, 14, 30 + minute, tzinfo=UTC), day)
        for symbol in symbols or ("SPY",)
        for day in map(date.fromisoformat, days)
        for minute in range(count)
    ]
    said = {"adjustment": "raw", "source": "massive", "feed": "realtime", **values}
    columns = {
        "symbol": [symbol for symbol, _, _ in rows],
        "ts": [moment for _, moment, _ in rows],
        "session": [day for _, _, day in rows],
        **dict.fromkeys(("open", "high", "low", "close"), [close] * len(rows)),
        "volume": [100.0 * number for number in range(len(rows))],
        **{name: [value] * len(rows) for name, value in said.items()},
    }
    return _frame(BARS, **columns)


def chain(underlying: str = "SPY", *, at: datetime = NOON, strikes: int = 3, **values: Any) -> pl.DataFrame:
    """Return calls and puts of a few strikes, in canonical order."""
    rows = [(600.0 + number, kind) for number in range(strikes) for kind in ("call", "put")]
    said = {
        "underlying_symbol": underlying,
        "root_symbol": underlying,
        "expiration": date(2026, 12, 18),
        "snapshot_ts": at,
        "source": "massive",
        "feed": "realtime",
        **values,
    }
    return _frame(
        CHAIN,
        contract_symbol=[f"{underlying}261218{kind[0].upper()}{strike * 1000:08.0f}" for strike, kind in rows],
        strike=[strike for strike, _ in rows],
        option_type=[kind for _, kind in rows],
        bid=[1.0 + number for number in range(len(rows))],
        delta=[None, *(0.5 for _ in rows[1:])],
        errors=[[] for _ in rows],
        warnings=[["wide_spread", "no_quote"], *([] for _ in rows[1:])],
        **{name: [value] * len(rows) for name, value in said.items()},
    )


def quotes(*symbols: str, at: datetime = NOON) -> pl.DataFrame:
    """Return a quote of each symbol."""
    return _frame(EQUITY_QUOTES, symbol=list(symbols), **_snapshot(len(symbols), at), price=[600.0] * len(symbols))


def indices(*symbols: str, at: datetime = NOON) -> pl.DataFrame:
    """Return a value of each index."""
    return _frame(INDEX_QUOTES, symbol=list(symbols), **_snapshot(len(symbols), at), value=[6_000.0] * len(symbols))


def flow(*contracts: str, at: datetime = NOON) -> pl.DataFrame:
    """Return the flow of each contract."""
    return _frame(FLOW, contract_symbol=list(contracts), **_snapshot(len(contracts), at), method="tape")


def _snapshot(rows: int, at: datetime) -> dict[str, list[object]]:
    return {"snapshot_ts": [at] * rows, "source": ["massive"] * rows, "feed": ["realtime"] * rows}


def trades(symbol: str = "SPY", *, at: datetime = NOON, count: int = 3) -> pl.DataFrame:
    """Return prints a nanosecond apart."""
    first = pl.Series([at], dtype=pl.Datetime("ns", "UTC")).to_physical()[0]
    given = pl.DataFrame(
        {
            "symbol": [symbol] * count,
            "ts": [first + number for number in range(count)],
            "price": [600.0] * count,
            "size": [1.0] * count,
            "conditions": [[37, 41], *([None] * (count - 1))],
            "sequence": range(count),
            "source": ["massive"] * count,
            "feed": ["realtime"] * count,
        }
    )
    return given.select(canonical(TRADES, given.columns))


def later(moment: datetime, **by: float) -> datetime:
    """Return a later moment."""
    return moment + timedelta(**by)
