"""Small literal chains of two vendors."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from quantdata.frames.chain import SORT, remeasured
from quantdata.frames.columns import CHAIN, schema

NOW: Final = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)
EXPIRATION: Final = date(2026, 12, 18)

QUOTE: Final[dict[str, Any]] = {
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
    "quote_feed": "realtime",
}
TRADE: Final[dict[str, Any]] = {"last": 5.1, "last_size": 3, "last_ts": NOW}
DAY: Final[dict[str, Any]] = {
    **dict.fromkeys(("open", "high", "low", "close", "prev_close", "vwap"), 5.1),
    "volume": 100,
    "day_session": NOW.date(),
}
GREEKS: Final[dict[str, Any]] = {
    "implied_volatility": 0.2,
    "delta": 0.5,
    "gamma": 0.02,
    "theta": -0.1,
    "vega": 0.7,
    "greeks_feed": "realtime",
}


def row(source: str, strike: float = 600.0, option_type: str = "call", **values: Any) -> dict[str, Any]:
    """Return a whole row of one vendor; a group whose source is set to None is taken out."""
    letter = option_type[0].upper()
    whole = {
        "underlying_symbol": "SPY",
        "contract_symbol": f"SPY261218{letter}{round(strike * 1000):08d}",
        "root_symbol": "SPY",
        "expiration": EXPIRATION,
        "dte": 30,
        "time_to_expiry": 30 / 365,
        "strike": strike,
        "option_type": option_type,
        "exercise_style": "american",
        "settlement": "PM",
        "multiplier": 100,
        "is_adjusted": False,
        "underlying_price": 600.0,
        "underlying_ts": NOW,
        "underlying_source": source,
        "moneyness": strike / 600.0,
        **QUOTE,
        **TRADE,
        **DAY,
        **GREEKS,
        "open_interest": 1_000,
        "source": source,
        "snapshot_ts": NOW,
        "received_ts": NOW,
        "feed": "realtime",
        "quote_confidence": 100,
        "greeks_confidence": 100,
        "confidence": 100,
        **{f"{group}_source": source for group in ("quote", "trade", "day", "open_interest", "iv", "greeks")},
        **values,
    }
    groups = {"quote": QUOTE, "trade": TRADE, "day": DAY, "greeks": GREEKS, "open_interest": {"open_interest": 0}}
    for group, columns in groups.items():
        if whole[f"{group}_source"] is None:
            whole |= dict.fromkeys(columns)
    return whole | ({"iv_source": None} if whole["greeks_source"] is None else {})


def chain(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return rows as a canonical chain."""
    return remeasured(pl.DataFrame(list(rows), schema=schema(CHAIN), orient="row").sort(SORT))
