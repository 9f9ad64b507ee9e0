"""Quotes of stocks, funds, indices and options, in one call.

References
----------
``GET`` and ``POST markets/quotes``: reference/tradier.md §5.1, exchange letters §5.12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from quantdata.sessions import previous_session, session_day
from quantdata.sim.timeline import ns_of
from quantdata.sim.tradier.answers import Answer, collapsed, encode_rows
from quantdata.sim.tradier.catalog import vendor_symbol
from quantdata.sim.tradier.day import day_at, milliseconds
from quantdata.sim.tradier.option_rows import option_rows
from quantdata.sim.universe import asset

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim.tradier.catalog import Instrument
    from quantdata.sim.tradier.request import Request
    from quantdata.sim.views import EquityView

    Row = dict[str, Any]

__all__ = ["LETTERS", "LISTED_AT", "quotes", "row_of"]

_ROUND_LOT = 100

LISTED_AT = {"SPY": "P", "QQQ": "Q", "IWM": "P", "DIA": "P", "AAPL": "Q", "NVDA": "Q", "TSLA": "Q", "BRK.B": "N"} | {
    "SPX": "C",
    "NDX": "Q",
    "VIX": "C",
}
"""Where stocks, funds and indices are at home, one letter."""

LETTERS = {
    1: "A",
    2: "B",
    3: "C",
    4: "D",
    7: "J",
    8: "K",
    9: "M",
    10: "N",
    11: "P",
    12: "Q",
    15: "V",
    17: "X",
    18: "Y",
    19: "Z",
    21: "K",
}
"""Letters by SIP participant id; FINRA's facility is the ADF's."""


def quotes(request: Request) -> Answer:
    """Answer the newest quotes; what the vendor does not know is listed beside them."""
    rows: list[Any] = []
    unmatched: list[str] = []
    for symbol in request.words("symbols"):
        row = row_of(request, request.catalog.instrument(symbol))
        if row is None:
            unmatched.append(symbol)
        else:
            rows.append(row)
    also = {"unmatched_symbols": {"symbol": collapsed(unmatched)}} if unmatched else {}
    return Answer("quotes", "quote", encode_rows(rows), also=also)


def row_of(request: Request, instrument: Instrument | None) -> Any:
    """Return what the vendor knows of an instrument, by its own keys; None when there is no such thing."""
    if instrument is None:
        return None
    if instrument.kind == "option":
        return _option(request, instrument)
    if instrument.kind == "index":
        return _index(request, instrument)
    return _equity(request, instrument)


def _option(request: Request, instrument: Instrument) -> Any:
    catalog, at = request.catalog, request.at
    place = catalog.place(instrument, at)
    if place is None:
        return None
    view = catalog.chain(instrument.underlying, at)
    expiration = view.listing.expiration[place]
    greeks = catalog.greeks(instrument.underlying, expiration, at) if request.flag("greeks") else {}
    underlying = vendor_symbol(instrument.underlying)
    (row,) = option_rows(view, np.array([place]), underlying=underlying, greeks=greeks, day=day_at(at))
    return row


def _equity(request: Request, instrument: Instrument) -> Row:
    view = request.market.equity(instrument.own, request.at)
    day = day_at(request.at)
    last, traded_ns = view.price, view.last_ts
    if not day.has_opened:
        # Trades outside regular hours do not count: until the opening both are those of the close before, as recorded.
        last, traded_ns = view.prev_close, ns_of(previous_session(session_day(request.at)).close)
    elif day.is_over:
        last = view.close  # the time goes on, as recorded
    block = {name: getattr(view, name) if day.has_opened else None for name in ("open", "high", "low")}
    return _assembled(
        request,
        instrument,
        last=last,
        before=view.prev_close,
        block=block | {"close": view.close if day.is_over else None},
        volume=int(view.volume),
        last_volume=0 if day.is_over else view.last_size,
        trade_date=milliseconds(traded_ns),
        quote=_nbbo(view),
    )


def _nbbo(view: EquityView) -> Row:
    stamp = milliseconds(view.quote_ts, whole_seconds=True)
    home = LISTED_AT[view.symbol]
    return {
        "bid": view.bid,
        "ask": view.ask,
        "bidsize": view.bid_size // _ROUND_LOT,
        "bidexch": home,
        "bid_date": stamp,
        "asksize": view.ask_size // _ROUND_LOT,
        "askexch": LETTERS.get(view.last_exchange, home),
        "ask_date": stamp,
    }


_NO_QUOTE: dict[str, Any] = {
    "bid": 0.0,
    "ask": 0.0,
    "bidsize": 0,
    "bidexch": None,
    "bid_date": 0,
    "asksize": 0,
    "askexch": None,
    "ask_date": 0,
}


def _index(request: Request, instrument: Instrument) -> Row:
    view = request.market.index(instrument.own, request.at)
    day = day_at(request.at)
    block = {name: getattr(view, name) if day.has_opened else None for name in ("open", "high", "low")}
    return _assembled(
        request,
        instrument,
        last=_cents(view.value),
        # Until the opening the view is still the session before.
        before=_cents(view.prev_close if day.has_opened else view.close),
        block={name: value if value is None else _cents(value) for name, value in block.items()}
        | {"close": _cents(view.close) if day.is_over else None},
        volume=0,
        last_volume=0,
        trade_date=milliseconds(view.value_ts),
        quote=_NO_QUOTE,
    )


def _assembled(
    request: Request,
    instrument: Instrument,
    *,
    last: float,
    before: float,
    block: Row,
    volume: int,
    last_volume: int,
    trade_date: int,
    quote: Row,
) -> Row:
    """Return the row of a stock, fund or index in the vendor's order."""
    year = request.catalog.year(instrument, request.today)
    change = _cents(last - before)
    facts = asset(instrument.own)
    return {
        "symbol": instrument.symbol,
        "description": facts.name,
        "exch": LISTED_AT[instrument.own],
        "type": instrument.kind,
        "last": last,
        "change": change,
        "volume": volume,
        **block,
        "bid": quote["bid"],
        "ask": quote["ask"],
        "change_percentage": _cents(100.0 * change / before) if before else 0.0,
        "average_volume": year.average_volume,
        "last_volume": last_volume,
        "trade_date": trade_date,
        "prevclose": before,
        "week_52_high": _extreme(max, year.high, block["high"]),
        "week_52_low": _extreme(min, year.low, block["low"]),
        **{name: quote[name] for name in ("bidsize", "bidexch", "bid_date", "asksize", "askexch", "ask_date")},
        "root_symbols": ",".join(facts.roots),
    }


def _extreme(choose: Callable[[list[float]], float], *values: float | None) -> float:
    """Return the highest or lowest of the prices that there are; 0.0 means that there is none."""
    known = [value for value in values if value is not None]
    return _cents(choose(known)) if known else 0.0


def _cents(value: float) -> float:
    return round(float(value), 2)
