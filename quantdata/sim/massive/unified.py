"""Snapshots across asset classes, and of indices alone; a bad ticker is an error row in a good answer.

References
----------
``GET /v3/snapshot`` and ``GET /v3/snapshot/indices``: reference/massive.md §3.3, §3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from quantdata.sessions import market_state
from quantdata.sim.massive.answers import Answer, encode_rows
from quantdata.sim.massive.chain_rows import ChainRows, timeframe
from quantdata.sim.massive.paging import (
    any_of,
    as_text,
    bounds,
    choice,
    integer,
    is_descending,
    next_cursor,
)
from quantdata.sim.massive.refusals import bad_parameter, not_entitled
from quantdata.sim.massive.stocks import plain
from quantdata.sim.plans import AssetClass, Product

if TYPE_CHECKING:
    from quantdata.sim.massive.catalog import Instrument
    from quantdata.sim.massive.request import Request

__all__ = ["indices", "unified"]

_DEFAULT_LIMIT = 10
_MAX_LIMIT = 250
_TYPES = ("stocks", "options", "crypto", "fx", "indices")
_STATUS = {"open": "open", "closed": "closed", "early": "early_trading", "late": "late_trading"}

Row = dict[str, Any]


def unified(request: Request) -> Answer:
    """Answer snapshots of any tickers; without ``ticker.any_of``, of everything of one or every type."""
    _require_any(request, tuple(AssetClass))
    wanted = request.query.get("type")
    if wanted is not None:
        choice(request.query, "type", default=wanted, allowed=_TYPES)
    return _answer(request, _universe(request, wanted), wanted)


def indices(request: Request) -> Answer:
    """Answer snapshots of indices."""
    request.require(AssetClass.INDICES, Product.SNAPSHOT)
    return _answer(request, [f"I:{symbol}" for symbol in request.market.indices], "indices")


def _require_any(request: Request, assets: tuple[AssetClass, ...]) -> None:
    if not any(request.plan.allows(asset, Product.SNAPSHOT) for asset in assets):
        raise not_entitled(request.path)


def _universe(request: Request, wanted: str | None) -> list[str]:
    """Return every ticker of a type that the plan may see; contracts only when options are asked for."""
    market, tickers = request.market, []
    if wanted in {None, "stocks"}:
        tickers += list(market.equities)
    if wanted in {None, "indices"}:
        tickers += [f"I:{symbol}" for symbol in market.indices]
    if wanted == "options" and "ticker.any_of" not in request.query and "ticker" not in request.query:
        at = request.seen_at(AssetClass.OPTIONS)
        for underlying in market.underlyings:
            tickers += request.catalog.chain(underlying, plan=request.plan, at=at).index.ticker.tolist()
    return tickers


def _answer(request: Request, universe: list[str], wanted: str | None) -> Answer:
    query = request.query
    limit = integer(query, "limit", default=_DEFAULT_LIMIT, maximum=_MAX_LIMIT)
    choice(query, "sort", default="ticker", allowed=("ticker",))
    tickers = _asked(request)
    if tickers is None:
        tickers = universe
        for bound in bounds(query, "ticker", as_text):
            tickers = [ticker for ticker in tickers if bound.compare(ticker, bound.value)]
    descending = is_descending(query)
    tickers = sorted(set(tickers), reverse=descending)
    after = query.get("ap")
    if after is not None:
        tickers = [ticker for ticker in tickers if (ticker < after if descending else ticker > after)]
    page = tickers[:limit]
    cursor = None
    if len(tickers) > limit:
        cursor = next_cursor(query, after=page[-1], limit=str(limit))
    return Answer(
        rows=encode_rows(_row(request, ticker, wanted) for ticker in page),
        tail=request.tail(AssetClass(wanted) if wanted in {"stocks", "options", "indices"} else AssetClass.OPTIONS),
        next_path=request.link(cursor),
    )


def _asked(request: Request) -> list[str] | None:
    tickers = any_of(request.query, "ticker")
    if tickers is not None and len(tickers) > _MAX_LIMIT:
        raise bad_parameter("ticker.any_of", f"{len(tickers)} tickers", f"at most {_MAX_LIMIT}")
    if tickers is None and "ticker" in request.query:
        return [request.query["ticker"]]
    return tickers


def _row(request: Request, ticker: str, wanted: str | None) -> Row:
    instrument = request.catalog.instrument(ticker)
    if instrument is None or (wanted is not None and instrument.asset.value != wanted):
        return {"ticker": ticker, "error": "NOT_FOUND", "message": "Ticker not found."}
    if not request.plan.allows(instrument.asset, Product.SNAPSHOT):
        return {"ticker": ticker, "error": "NOT_ENTITLED", "message": "Not entitled to this ticker."}
    if instrument.asset is AssetClass.STOCKS:
        return _stock(request, instrument)
    if instrument.asset is AssetClass.INDICES:
        return _index(request, instrument)
    return _option(request, instrument)


def _stock(request: Request, instrument: Instrument) -> Row:
    asset, plan = AssetClass.STOCKS, request.plan
    at = request.seen_at(asset)
    view = request.market.equity(instrument.symbol, at)
    row: Row = {
        "market_status": _STATUS[market_state(at)],
        "name": request.catalog.name(instrument.symbol),
        "ticker": instrument.ticker,
        "type": "stocks",
        "session": _session(view.price, view, view.prev_close) | {"volume": plain(view.volume)},
    }
    if plan.allows(asset, Product.QUOTES):
        row["last_quote"] = {
            "ask": plain(view.ask),
            "ask_size": view.ask_size,
            "bid": plain(view.bid),
            "bid_size": view.bid_size,
            "last_updated": view.quote_ts,
            "timeframe": timeframe(plan, asset),
        }
    if plan.allows(asset, Product.TRADES):
        row["last_trade"] = {
            "conditions": [view.last_condition] if view.last_condition else [],
            "exchange": view.last_exchange,
            "id": str(view.last_ts % 1_000_000),
            "last_updated": view.last_ts,
            "price": plain(view.price),
            "size": view.last_size,
            "timeframe": timeframe(plan, asset),
        }
    if plan.has_fair_value:
        row["fmv"] = plain((view.bid + view.ask) / 2)
    return row


def _index(request: Request, instrument: Instrument) -> Row:
    at = request.seen_at(AssetClass.INDICES)
    view = request.market.index(instrument.symbol, at)
    session = _session(view.value, view, view.prev_close)
    del session["price"]
    return {
        "value": plain(view.value),
        "name": view.name,
        "ticker": instrument.ticker,
        "type": "indices",
        # Recorded index rows say open and closed, whatever the documentation promises.
        "market_status": "open" if market_state(at) == "open" else "closed",
        "last_updated": view.value_ts,
        "timeframe": timeframe(request.plan, AssetClass.INDICES),
        "session": session,
    }


def _session(last: float, view: Any, prev_close: float) -> Row:
    change = last - prev_close
    return {
        "change": plain(change),
        "change_percent": plain(100 * change / prev_close) if prev_close else 0,
        "close": plain(view.close),
        "high": plain(view.high),
        "low": plain(view.low),
        "open": plain(view.open),
        "previous_close": plain(prev_close),
        "price": plain(last),
    }


def _option(request: Request, instrument: Instrument) -> Row:
    at = request.seen_at(AssetClass.OPTIONS)
    rows = request.catalog.chain(instrument.underlying, plan=request.plan, at=at)
    position = rows.index.find(instrument.ticker)
    if position is None:
        return {"ticker": instrument.ticker, "error": "NOT_FOUND", "message": "Ticker not found."}
    return _option_row(request, rows, position)


def _option_row(request: Request, rows: ChainRows, position: int) -> Row:
    at = request.seen_at(AssetClass.OPTIONS)
    terms, chained = rows.index.terms(position), rows.row(position)
    day = msgspec.to_builtins(chained.day)
    session = {key: value for key, value in day.items() if key not in {"last_updated", "vwap"}}
    if session:
        session["price"] = session["close"]
    underlying = str(rows.index.underlying[position])
    row: Row = {
        "name": f"{underlying} ${terms.strike_price:.2f} {terms.contract_type}",
        "market_status": "open" if market_state(at) == "open" else "closed",
        "ticker": terms.ticker,
        "type": "options",
        "last_quote": chained.last_quote,
        "last_trade": chained.last_trade,
        "session": session,
        "break_even_price": chained.break_even_price,
        "details": {key: value for key, value in msgspec.to_builtins(terms).items() if key != "ticker"}
        | {"underlying_ticker": underlying},
        "greeks": chained.greeks,
        "implied_volatility": chained.implied_volatility,
        "open_interest": chained.open_interest,
        "underlying_asset": chained.underlying_asset,
        "fmv": chained.fmv,
        "fmv_last_updated": chained.fmv_last_updated,
    }
    return {key: value for key, value in row.items() if value is not UNSET}
