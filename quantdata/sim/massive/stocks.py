"""Stock snapshots: one, several, the day's winners and losers.

References
----------
``GET /v2/snapshot/locale/us/markets/stocks/...``: reference/massive.md §4 and recorded rows. Quote sizes are shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from quantdata.sim.massive.answers import Answer, encode_rows
from quantdata.sim.massive.refusals import not_found
from quantdata.sim.plans import AssetClass, Product

if TYPE_CHECKING:
    from quantdata.sim.massive.request import Request
    from quantdata.sim.views import EquityView

__all__ = ["all_stocks", "movers", "one_stock", "plain"]

_STOCKS = AssetClass.STOCKS
_MOVERS = 20


class Bar(msgspec.Struct):
    """A day."""

    o: float
    h: float
    l: float  # noqa: E741 - the vendor's letter
    c: float
    v: float
    vw: float


class DayBar(Bar):
    """Today, with the exact volume as text."""

    dv: str


class MinuteBar(msgspec.Struct):
    """The newest minute; ``av`` is the volume of the day so far."""

    av: float
    t: int
    n: int
    o: float
    h: float
    l: float  # noqa: E741 - the vendor's letter
    c: float
    v: float
    vw: float
    dv: str
    dav: str


class StockTrade(msgspec.Struct):
    """The newest trade."""

    c: list[int] | None
    i: str
    p: float
    s: int
    t: int
    x: int
    ds: str


class StockQuote(msgspec.Struct):
    """The best bid (small letters) and offer (capitals)."""

    P: float
    S: int
    p: float
    s: int
    t: int


class Stock(msgspec.Struct, kw_only=True):
    """One row."""

    ticker: str
    todaysChangePerc: float  # noqa: N815 - the vendor's spelling
    todaysChange: float  # noqa: N815
    updated: int
    day: Bar
    lastQuote: StockQuote | UnsetType = UNSET  # noqa: N815
    lastTrade: StockTrade | UnsetType = UNSET  # noqa: N815
    min: MinuteBar
    prevDay: Bar  # noqa: N815
    fmv: float | UnsetType = UNSET


def one_stock(request: Request, ticker: str) -> Answer:
    """Answer one stock's row."""
    request.require(_STOCKS, Product.SNAPSHOT)
    if request.catalog.instrument(ticker) is None or ticker not in request.market.equities:
        raise not_found(f"Ticker {ticker} not found.")
    return Answer(
        rows=encode_rows([_row(request, ticker)]),
        rows_key="ticker",
        is_single=True,
        tail=request.tail(_STOCKS),
    )


def all_stocks(request: Request) -> Answer:
    """Answer the stocks of ``tickers``, or the whole market; unknown ones are left out."""
    request.require(_STOCKS, Product.SNAPSHOT)
    asked = [ticker for ticker in request.query.get("tickers", "").split(",") if ticker]
    known = request.market.equities
    rows = [_row(request, ticker) for ticker in (asked or known) if ticker in known]
    return _listed(request, rows)


def movers(request: Request, direction: str) -> Answer:
    """Answer the stocks that rose (or fell) most today, 20 at most."""
    request.require(_STOCKS, Product.SNAPSHOT)
    sign = -1 if direction == "gainers" else 1
    rows = [_row(request, ticker) for ticker in request.market.equities]
    moved = [row for row in rows if row.todaysChangePerc * sign < 0]
    return _listed(request, sorted(moved, key=lambda row: sign * row.todaysChangePerc)[:_MOVERS])


def _listed(request: Request, rows: list[Stock]) -> Answer:
    tail: dict[str, Any] = {**request.tail(_STOCKS), "count": len(rows)}
    return Answer(rows=encode_rows(rows), rows_key="tickers", tail=tail)


def _row(request: Request, ticker: str) -> Stock:
    plan = request.plan
    view = request.market.equity(ticker, request.seen_at(_STOCKS))
    has_begun = view.volume > 0
    change = view.price - view.prev_close if has_begun else 0.0
    row = Stock(
        ticker=ticker,
        todaysChangePerc=plain(100 * change / view.prev_close, 12) if view.prev_close else 0,
        todaysChange=plain(change, 12),
        updated=max(view.quote_ts, view.last_ts) if has_begun else 0,
        day=DayBar(*_day(view), dv=f"{view.volume:.1f}"),
        min=_minute(view),
        prevDay=Bar(
            plain(view.prev_open),
            plain(view.prev_high),
            plain(view.prev_low),
            plain(view.prev_close),
            plain(view.prev_volume),
            plain(view.prev_vwap),
        ),
    )
    if plan.allows(_STOCKS, Product.QUOTES):
        row.lastQuote = StockQuote(
            P=plain(view.ask), S=view.ask_size, p=plain(view.bid), s=view.bid_size, t=view.quote_ts
        )
    if plan.allows(_STOCKS, Product.TRADES):
        row.lastTrade = _trade(view)
    if plan.has_fair_value:
        row.fmv = plain((view.bid + view.ask) / 2)
    return row


def _day(view: EquityView) -> tuple[float, float, float, float, float, float]:
    return (
        plain(view.open),
        plain(view.high),
        plain(view.low),
        plain(view.close),
        plain(view.volume),
        plain(view.vwap),
    )


def _minute(view: EquityView) -> MinuteBar:
    bars = view.minute
    if len(bars.start) == 0:
        return MinuteBar(0, 0, 0, 0, 0, 0, 0, 0, 0, "0.0", "0.0")
    volume = float(bars.volume[-1])
    return MinuteBar(
        av=plain(view.volume),
        t=int(bars.start[-1]) // 1_000_000,
        n=int(bars.trades[-1]),
        o=plain(float(bars.open[-1])),
        h=plain(float(bars.high[-1])),
        l=plain(float(bars.low[-1])),
        c=plain(float(bars.close[-1])),
        v=plain(volume),
        vw=plain(float(bars.vwap[-1])),
        dv=f"{volume:.1f}",
        dav=f"{view.volume:.1f}",
    )


def _trade(view: EquityView) -> StockTrade:
    # A regular sale has no condition, which the live service shows as null: recorded lastTrade.c.
    return StockTrade(
        c=[view.last_condition] if view.last_condition else None,
        i=str(view.last_ts % 1_000_000),
        p=plain(view.price),
        s=view.last_size,
        t=view.last_ts,
        x=view.last_exchange,
        ds=f"{view.last_size:.1f}",
    )


def plain(value: float, digits: int = 4) -> float:
    """Return a number as the vendor prints it: rounded, a whole one without ``.0``; NaN becomes 0."""
    if value != value:  # noqa: PLR0124 - NaN
        return 0
    rounded = round(float(value), digits)
    return int(rounded) if rounded.is_integer() else rounded
