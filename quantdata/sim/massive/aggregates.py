"""Price bars: any window over any period, the previous day, the whole market on one day, open and close.

``limit`` counts base bars (minutes or days) scanned, not rows; a period that does not fit goes on at ``next_url``,
whose *path* has the new start. Windows without a trade have no bar, and a body without bars has no ``results``.

References
----------
reference/massive.md §5 and recorded bodies (daylight saving, key order).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import numpy as np

from quantdata.sessions import NEW_YORK, find_session, market_state, previous_session, session_day
from quantdata.sim.massive.answers import Answer, encode_rows
from quantdata.sim.massive.chain_rows import spell
from quantdata.sim.massive.paging import as_date, as_flag, choice, integer, moment_ns
from quantdata.sim.massive.refusals import bad_parameter, not_found, too_long_ago
from quantdata.sim.massive.stocks import plain
from quantdata.sim.plans import AssetClass, Product
from quantdata.sim.timeline import day_ns, moment_of
from quantdata.sim.windows import TIMESPANS, Window, cut, gather, join, window_starts

if TYPE_CHECKING:
    from quantdata.sim.massive.catalog import Instrument
    from quantdata.sim.massive.request import Request
    from quantdata.sim.views import Bars

__all__ = ["bar_rows", "bars_in_range", "grouped", "open_close", "previous"]

_DEFAULT_LIMIT = 5_000
_MAX_LIMIT = 50_000
_MS = 1_000_000


class Bar(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One bar in the vendor's order; ``T`` on single-day endpoints only."""

    T: str = ""
    v: float
    vw: float
    o: float
    c: float
    h: float
    l: float  # noqa: E741 - the vendor's letter
    t: int
    n: int


class IndexBar(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One bar of an index: no volume, so no average price and no trades."""

    T: str = ""
    o: float
    c: float
    h: float
    l: float  # noqa: E741 - the vendor's letter
    t: int


def bars_in_range(
    request: Request,
    ticker: str,
    multiplier: str,
    timespan: str,
    start: str,
    end: str,
) -> Answer:
    """Answer bars of a period; ``start`` and ``end`` are dates or epoch milliseconds, both included."""
    window = _window(multiplier, timespan)
    query = request.query
    newest_first = choice(query, "sort", default="asc", allowed=("asc", "desc")) == "desc"
    limit = integer(query, "limit", default=_DEFAULT_LIMIT, maximum=_MAX_LIMIT)
    adjusted = as_flag(query, "adjusted", default=True)
    start_ns = moment_ns("from", start, per_second=1_000)
    end_ns = moment_ns("to", end, per_second=1_000, is_end=True)
    if end_ns < start_ns:
        raise bad_parameter("to", end, f"a time not before 'from' ({start})")
    instrument = request.catalog.instrument(ticker)
    if instrument is None or not request.catalog.is_listed(instrument, request.now):
        return _answer(ticker, None, [], base_count=0, adjusted=adjusted, status="OK")
    request.require(instrument.asset, Product.AGGREGATES)
    if not request.plan.reaches(instrument.asset, moment_of(start_ns), request.now):
        raise too_long_ago(request.path)
    base = gather(
        request.market,
        instrument.symbol,
        window,
        start_ns=start_ns,
        end_ns=end_ns,
        until=request.seen_at(instrument.asset),
        adjusted=adjusted,
        limit=limit,
        newest_first=newest_first,
    )
    base, joined, resume_ns = _one_page(base, window, anchor_ns=start_ns, limit=limit, newest_first=newest_first)
    rows = bar_rows(joined, instrument)
    answer = _answer(
        ticker,
        instrument,
        encode_rows(reversed(rows) if newest_first else rows),
        base_count=len(base.start),
        adjusted=adjusted,
        status=request.status(instrument.asset),
    )
    if resume_ns is not None:
        resume = str(resume_ns // _MS)
        period = (start, resume) if newest_first else (resume, end)
        kept = {"limit": str(limit), "sort": "desc" if newest_first else "asc"}
        if "adjusted" in query:
            kept["adjusted"] = query["adjusted"]
        answer.next_path = _next_path((ticker, multiplier, timespan), period, kept)
    return answer


def _window(multiplier: str, timespan: str) -> Window:
    if not multiplier.isdecimal() or int(multiplier) < 1:
        raise bad_parameter("multiplier", multiplier, "a whole number from 1")
    if timespan not in TIMESPANS:
        raise bad_parameter("timespan", timespan, f"one of {', '.join(TIMESPANS)}")
    return Window(int(multiplier), timespan)


def _one_page(
    base: Bars, window: Window, *, anchor_ns: int, limit: int, newest_first: bool
) -> tuple[Bars, Bars, int | None]:
    """Return the base bars of one page, the windows they make, and where the next page begins (None: nowhere).

    Only whole windows are shown, at least one: the next page then begins with a whole window again.
    """
    starts = window_starts(base.start, window, anchor_ns=anchor_ns)
    if len(starts) <= limit:
        return base, join(base, starts), None
    if newest_first:
        split = int(np.searchsorted(starts, starts[-limit - 1], side="right"))
        if split == len(starts):
            split = int(np.searchsorted(starts, starts[-1], side="left"))
        page, resume = slice(split, None), int(base.start[split - 1]) if split else None
    else:
        split = int(np.searchsorted(starts, starts[limit], side="left"))
        if split == 0:
            split = int(np.searchsorted(starts, starts[0], side="right"))
        page, resume = slice(0, split), int(starts[split]) if split < len(starts) else None
    chosen = cut(base, page)
    return chosen, join(chosen, starts[page]), resume


def _next_path(series: tuple[str, str, str], period: tuple[str, str], kept: dict[str, str]) -> str:
    ticker, multiplier, timespan = series
    cursor = urlsafe_b64encode(urlencode(sorted(kept.items())).encode()).rstrip(b"=").decode()
    return f"/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{period[0]}/{period[1]}?cursor={cursor}"


def bar_rows(bars: Bars, instrument: Instrument, *, label: str = "", stamp_ms: int | None = None) -> list[Any]:
    """Return bars as the vendor's rows; ``label`` fills ``T``, ``stamp_ms`` replaces the window start."""
    prices = [spell(column, 4) for column in (bars.open, bars.close, bars.high, bars.low)]
    stamps = (bars.start // _MS).tolist() if stamp_ms is None else [stamp_ms] * len(bars.start)
    if instrument.asset is AssetClass.INDICES:
        return [IndexBar(T=label, o=o, c=c, h=h, l=low, t=t) for o, c, h, low, t in zip(*prices, stamps, strict=True)]
    volumes, averages = spell(bars.volume, 4), spell(bars.vwap, 4)
    return [
        Bar(T=label, v=v, vw=vw, o=o, c=c, h=h, l=low, t=t, n=n)
        for v, vw, o, c, h, low, t, n in zip(volumes, averages, *prices, stamps, bars.trades.tolist(), strict=True)
    ]


def _answer(
    ticker: str,
    instrument: Instrument | None,
    rows: list[bytes],
    *,
    base_count: int,
    adjusted: bool,
    status: str,
) -> Answer:
    head: dict[str, Any] = {"ticker": ticker, "queryCount": base_count, "resultsCount": len(rows)}
    if instrument is None or instrument.asset is not AssetClass.INDICES:
        head["adjusted"] = adjusted
    tail = {"status": status, "request_id": "", "count": len(rows)}
    return Answer(rows=rows, rows_key="results" if rows else None, head=head, tail=tail)


def previous(request: Request, ticker: str) -> Answer:
    """Answer the bar of the last finished session, stamped 16:00 New York time of its day."""
    adjusted = as_flag(request.query, "adjusted", default=True)
    instrument = request.catalog.instrument(ticker)
    if instrument is None or not request.catalog.is_listed(instrument, request.now):
        return _answer(ticker, None, [], base_count=0, adjusted=adjusted, status="OK")
    request.require(instrument.asset, Product.AGGREGATES)
    day = previous_session(session_day(request.now)).day
    bars = _day_bars(request, instrument, day, adjusted=adjusted)
    rows = bar_rows(bars, instrument, label=ticker, stamp_ms=_close_ms(day))
    return _answer(
        ticker,
        instrument,
        encode_rows(rows),
        base_count=len(rows),
        adjusted=adjusted,
        status=request.status(instrument.asset),
    )


def grouped(request: Request, day_text: str) -> Answer:
    """Answer one day's bar of every stock, stamped 16:00 New York time."""
    request.require(AssetClass.STOCKS, Product.AGGREGATES)
    adjusted = as_flag(request.query, "adjusted", default=True)
    day = as_date("date", day_text)
    rows: list[Any] = []
    if find_session(day) is not None:
        for symbol in request.market.equities:
            instrument = request.catalog.instrument(symbol)
            if instrument is not None:
                bars = _day_bars(request, instrument, day, adjusted=adjusted)
                rows += bar_rows(bars, instrument, label=symbol, stamp_ms=_close_ms(day))
    head = {"queryCount": len(rows), "resultsCount": len(rows), "adjusted": adjusted}
    tail = {"status": request.status(AssetClass.STOCKS), "request_id": "", "count": len(rows)}
    return Answer(rows=encode_rows(rows), rows_key="results" if rows else None, head=head, tail=tail)


def _day_bars(request: Request, instrument: Instrument, day: date, *, adjusted: bool) -> Bars:
    return gather(
        request.market,
        instrument.symbol,
        Window(1, "day"),
        start_ns=day_ns(day),
        end_ns=day_ns(day, is_end=True),
        until=request.seen_at(instrument.asset),
        adjusted=adjusted,
        limit=1,
    )


def _close_ms(day: date) -> int:
    return int(datetime.combine(day, time(16), NEW_YORK).timestamp() * 1_000)


def open_close(request: Request, ticker: str, day_text: str) -> Answer:
    """Answer one day's open, high, low and close as a flat body; 404 on a day without one."""
    day = as_date("date", day_text)
    instrument = request.catalog.instrument(ticker)
    if instrument is None:
        raise not_found(f"Ticker {ticker} not found.")
    request.require(instrument.asset, Product.AGGREGATES)
    adjusted = as_flag(request.query, "adjusted", default=True)
    bars = _day_bars(request, instrument, day, adjusted=adjusted)
    if len(bars.start) == 0:
        raise not_found()
    is_index = instrument.asset is AssetClass.INDICES
    body: dict[str, Any] = {
        "status": request.status(instrument.asset),
        "from": f"{day}T00:00:00.000Z" if is_index else str(day),
        "symbol": ticker,
        "open": plain(float(bars.open[0])),
        "high": plain(float(bars.high[0])),
        "low": plain(float(bars.low[0])),
        "close": plain(float(bars.close[0])),
    }
    if not is_index:
        body["volume"] = plain(float(bars.volume[0]))
        body |= _extended_hours(request, instrument, day, adjusted=adjusted)
    return Answer(rows_key=None, head=body)


def _extended_hours(request: Request, instrument: Instrument, day: date, *, adjusted: bool) -> dict[str, float]:
    """Return the first price before the open and the last one after the close, where there are such trades."""
    minutes = gather(
        request.market,
        instrument.symbol,
        Window(1, "minute"),
        start_ns=day_ns(day),
        end_ns=day_ns(day, is_end=True),
        until=request.seen_at(instrument.asset),
        adjusted=adjusted,
        limit=_MAX_LIMIT,
    )
    states = [market_state(moment_of(start)) for start in minutes.start.tolist()]
    prices: dict[str, float] = {}
    if "late" in states:
        prices["afterHours"] = plain(float(minutes.close[len(states) - 1]))
    if "early" in states:
        prices["preMarket"] = plain(float(minutes.open[states.index("early")]))
    return prices
