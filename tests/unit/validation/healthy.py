"""One healthy frame of each kind, on which no rule fires, and what it takes to break them."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from quantdata.frames import columns
from quantdata.frames.columns import schema
from quantdata.pricing import black76_greeks, black76_price
from quantdata.validation import validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantdata.frames.columns import Column

__all__ = [
    "AT",
    "BARS",
    "CHAIN",
    "EQUITIES",
    "FLOW",
    "INDICES",
    "TRADES",
    "alone",
    "chain_of",
    "changed",
    "earlier",
    "frame_of",
    "later",
    "names",
    "one_sided",
    "place",
    "quoted",
]

# A Wednesday, noon in New York: when all was answered, received and is judged.
AT: Final = datetime(2026, 11, 18, 17, tzinfo=UTC)
STRIKES: Final = (90.0, 95.0, 100.0, 105.0, 110.0)
EXPIRATIONS: Final = (date(2026, 12, 18), date(2027, 1, 15))
FORWARD: Final = 100.0
DISCOUNT: Final = 0.99
YEARS: Final = 0.25
VOLATILITY: Final = 0.25
TICK: Final = 0.05


def earlier(seconds: float) -> datetime:
    return AT - timedelta(seconds=seconds)


def later(seconds: float) -> datetime:
    return earlier(-seconds)


def quoted(bid: float, ask: float) -> dict[str, Any]:
    """Return the columns of a two-sided quote, as a vendor's rows are completed."""
    mid = round((bid + ask) / 2, 6)
    return {
        "bid": bid,
        "ask": ask,
        "mid": mid,
        "spread": round(ask - bid, 6),
        "spread_percent": 100 * (ask - bid) / mid,
    }


def one_sided(*, bid: float | None, ask: float | None) -> dict[str, Any]:
    return {"bid": bid, "ask": ask, "mid": None, "spread": None, "spread_percent": None}


def alone(frame: pl.DataFrame, row: int) -> pl.DataFrame:
    """Return a chain in which a row was quoted ten seconds before all others, and so is held against none of them."""
    return changed(frame, row, quote_ts=earlier(10))


def frame_of(kind: Sequence[Column], rows: Mapping[str, Any]) -> pl.DataFrame:
    """Return a canonical frame of some columns, null in the others."""
    dtypes = schema(tuple(kind))
    given = pl.DataFrame({name: values for name, values in rows.items() if isinstance(values, list | np.ndarray)})
    constant = {name: value for name, value in rows.items() if name not in given.columns}
    return given.select(
        pl.col(name).cast(dtype) if name in given.columns else pl.lit(constant.get(name), dtype).alias(name)
        for name, dtype in dtypes.items()
    )


def chain_of(
    root: str = "XYZ",
    *,
    underlying: str = "XYZ",
    strikes: Sequence[float] = STRIKES,
    expirations: Sequence[date] = EXPIRATIONS,
    option_types: Sequence[str] = ("call", "put"),
    style: str = "european",
) -> pl.DataFrame:
    """Return a chain that is quoted two ticks wide around Black-76 at 25 % volatility, in canonical order."""
    contracts = list(itertools.product(expirations, strikes, option_types))
    strike = np.array([each for _, each, _ in contracts])
    is_call = np.array([each == "call" for *_, each in contracts])
    terms: dict[str, Any] = {
        "time_to_expiry": YEARS,
        "volatility": VOLATILITY,
        "is_call": is_call,
        "discount": DISCOUNT,
    }
    mid = np.maximum(np.round(black76_price(FORWARD, strike, **terms) / TICK), 2) * TICK
    greeks = black76_greeks(FORWARD, strike, **terms)
    return frame_of(
        columns.CHAIN,
        {
            "underlying_symbol": underlying,
            "contract_symbol": [f"{root}{on:%y%m%d}{t[0].upper()}{k * 1000:08.0f}" for on, k, t in contracts],
            "root_symbol": root,
            "expiration": [each for each, *_ in contracts],
            "dte": 30,
            "time_to_expiry": YEARS,
            "strike": strike,
            "option_type": [each for *_, each in contracts],
            "exercise_style": style,
            "settlement": "PM",
            "multiplier": 100,
            "is_adjusted": False,
            "tick_size": TICK,
            "underlying_price": 99.5,
            "underlying_ts": AT,
            "underlying_source": "massive",
            "forward_price": FORWARD,
            "discount_factor": DISCOUNT,
            "moneyness": strike / 99.5,
            "bid": np.round(mid - TICK, 2),
            "bid_size": 10,
            "ask": np.round(mid + TICK, 2),
            "ask_size": 10,
            "mid": np.round(mid, 6),
            "spread": 2 * TICK,
            "spread_percent": 200 * TICK / mid,
            "quote_ts": AT,
            "quote_source": "massive",
            "quote_feed": "realtime",
            "last": np.round(mid, 2),
            "last_size": 1,
            "last_ts": AT,
            "trade_source": "massive",
            "open": np.round(mid, 2),
            "high": np.round(mid, 2),
            "low": np.round(mid, 2),
            "close": np.round(mid, 2),
            "prev_close": np.round(mid, 2),
            "vwap": np.round(mid, 2),
            "volume": 100,
            "day_session": AT.date(),
            "day_source": "massive",
            "open_interest": 100,
            "open_interest_source": "massive",
            "implied_volatility": VOLATILITY,
            "bid_iv": VOLATILITY,
            "ask_iv": VOLATILITY,
            "iv_source": "massive",
            "model_iv": VOLATILITY,
            "delta": greeks.delta,
            "gamma": greeks.gamma,
            "theta": greeks.theta,
            "vega": greeks.vega,
            "rho": greeks.rho,
            "greeks_source": "massive",
            "greeks_feed": "realtime",
            "liquidity": "excellent",
            "source": "massive",
            "snapshot_ts": AT,
            "received_ts": AT,
            "feed": "realtime",
        },
    )


_PROVENANCE: Final[dict[str, Any]] = {"source": "massive", "snapshot_ts": AT, "received_ts": AT, "feed": "realtime"}

CHAIN: Final = chain_of()
EQUITIES: Final = frame_of(
    columns.EQUITY_QUOTES,
    {
        "symbol": ["AAPL", "SPY", "XYZ"],
        "price": 100.0,
        "bid": 99.99,
        "ask": 100.01,
        "bid_size": 100.0,
        "ask_size": 100.0,
        "size_unit": "shares",
        "quote_ts": AT,
        "last_size": 10.0,
        "last_ts": AT,
        "open": 99.0,
        "high": 101.0,
        "low": 98.0,
        "close": 100.0,
        "prev_close": 99.0,
        "change": 1.0,
        "volume": 1e6,
        "vwap": 99.5,
        "updated_ts": AT,
        **_PROVENANCE,
    },
)
INDICES: Final = frame_of(
    columns.INDEX_QUOTES,
    {
        "symbol": ["NDX", "SPX", "VIX"],
        "value": 100.0,
        "value_ts": AT,
        "change": 1.0,
        "open": 99.0,
        "high": 101.0,
        "low": 98.0,
        "close": 100.0,
        "prev_close": 99.0,
        **_PROVENANCE,
    },
)
BARS: Final = frame_of(
    columns.BARS,
    {
        "symbol": ["SPY"] * 3 + ["XYZ"] * 2,
        "ts": [earlier(180), earlier(120), earlier(60), earlier(180), earlier(120)],
        "open": 100.0,
        "high": 101.0,
        "low": 99.0,
        "close": 100.5,
        "volume": 1000.0,
        "vwap": 100.2,
        "trades": 10,
        "session": AT.date(),
        "adjustment": "raw",
        "source": "massive",
        "feed": "realtime",
    },
)
TRADES: Final = frame_of(
    columns.TRADES,
    {
        "symbol": ["SPY"] * 3 + ["XYZ"] * 2,
        "ts": [earlier(3), earlier(2), earlier(2), earlier(3), earlier(1)],
        "price": 100.0,
        "size": 10.0,
        "source": "massive",
        "feed": "realtime",
    },
)
FLOW: Final = frame_of(
    columns.FLOW,
    {
        "contract_symbol": CHAIN.get_column("contract_symbol").head(3).to_list(),
        "trade_count": 6,
        "volume": 60,
        "premium": 6000.0,
        "buy_volume": 30,
        "sell_volume": 20,
        "unclassified_volume": 10,
        "buy_pressure": 60.0,
        "sweep_count": 0,
        "block_count": 0,
        "is_unusual": False,
        "flow_bias": "neutral",
        "flow_score": 0.0,
        "method": "tape",
        "updated_ts": AT,
        **_PROVENANCE,
    },
)


def place(strike: float, option_type: str) -> int:
    """Return the row of a contract of the first series of `CHAIN`."""
    return 2 * STRIKES.index(strike) + (option_type == "put")


def changed(frame: pl.DataFrame, row: int, /, **values: object) -> pl.DataFrame:
    """Return a frame with other values in one row."""
    is_row = pl.int_range(pl.len()) == row
    return frame.with_columns(
        pl.when(is_row).then(pl.lit(value, frame.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    )


def names(frame: pl.DataFrame, *, now: datetime = AT) -> dict[int, set[str]]:
    """Return the rules that fire, by row; rows without any are left out."""
    judged = validate(frame, now).select(pl.concat_list("errors", "warnings", "notes")).to_series().to_list()
    return {row: set(fired) for row, fired in enumerate(judged) if fired}
