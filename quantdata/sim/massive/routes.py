"""Which function answers which path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from quantdata.sim.massive import (
    aggregates,
    corporate,
    indicators,
    reference,
    snapshots,
    status,
    stocks,
    ticks,
    unified,
)
from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim.massive.answers import Answer
    from quantdata.sim.massive.request import Request

__all__ = ["answer"]

_STOCKS = "/v2/snapshot/locale/us/markets/stocks"

_ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    (r"/v3/snapshot/options/(?P<underlying>[^/]+)", snapshots.chain),
    (r"/v3/snapshot/options/(?P<underlying>[^/]+)/(?P<ticker>[^/]+)", snapshots.contract),
    (r"/v3/snapshot/indices", unified.indices),
    (r"/v3/snapshot", unified.unified),
    (_STOCKS + r"/tickers/(?P<ticker>[^/]+)", stocks.one_stock),
    (_STOCKS + r"/tickers/?", stocks.all_stocks),
    (_STOCKS + r"/(?P<direction>gainers|losers)", stocks.movers),
    (
        r"/v2/aggs/ticker/(?P<ticker>[^/]+)/range/(?P<multiplier>[^/]+)/(?P<timespan>[^/]+)/(?P<start>[^/]+)/(?P<end>[^/]+)",
        aggregates.bars_in_range,
    ),
    (r"/v2/aggs/ticker/(?P<ticker>[^/]+)/prev", aggregates.previous),
    (r"/v2/aggs/grouped/locale/us/market/stocks/(?P<day_text>[^/]+)", aggregates.grouped),
    (r"/v1/open-close/(?P<ticker>[^/]+)/(?P<day_text>[^/]+)", aggregates.open_close),
    (r"/v3/trades/(?P<ticker>[^/]+)", ticks.trades),
    (r"/v3/quotes/(?P<ticker>[^/]+)", ticks.quotes),
    (r"/v2/last/trade/(?P<ticker>[^/]+)", ticks.last_trade),
    (r"/v2/last/nbbo/(?P<ticker>[^/]+)", ticks.last_quote),
    (r"/v1/indicators/(?P<kind>sma|ema|rsi|macd)/(?P<ticker>[^/]+)", indicators.indicator),
    (r"/v3/reference/options/contracts", reference.contracts),
    (r"/v3/reference/options/contracts/(?P<ticker>[^/]+)", reference.contract),
    (r"/v3/reference/exchanges", reference.exchanges),
    (r"/v3/reference/conditions", reference.conditions),
    (r"/v3/reference/tickers/(?P<ticker>[^/]+)", reference.ticker_details),
    (r"/v3/reference/splits", corporate.splits),
    (r"/v3/reference/dividends", corporate.dividends),
    (r"/stocks/v1/splits", corporate.splits_v1),
    (r"/stocks/v1/dividends", corporate.dividends_v1),
    (r"/v1/marketstatus/now", status.now),
    (r"/v1/marketstatus/upcoming", status.upcoming),
)
_COMPILED = tuple((re.compile(pattern), handler) for pattern, handler in _ROUTES)


def answer(request: Request) -> Answer:
    """Answer a request.

    Raises
    ------
    Refusal
        What the vendor refuses; 404 if there is no such endpoint.
    """
    for pattern, handler in _COMPILED:
        match = pattern.fullmatch(request.path)
        if match:
            parts: dict[str, Any] = match.groupdict()
            return handler(request, **parts)
    raise Refusal("404 page not found", status=404, word="NOT_FOUND", text_key="message")
