"""Moving averages, RSI and MACD of closes.

An average needs a full window: the first values of a series are missing, and the exponential ones start from the
plain average of their first window. Bars from before the period are read so that its first value is a settled one.

References
----------
``GET /v1/indicators/{sma|ema|rsi|macd}/{t}``: reference/massive.md §7. Wilder, *New Concepts in Technical Trading
Systems* (1978) for the RSI; Appel, *The Moving Average Convergence-Divergence Trading Method* (1985).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from quantdata.sim.massive.aggregates import bar_rows
from quantdata.sim.massive.answers import Answer
from quantdata.sim.massive.paging import (
    Period,
    Query,
    as_flag,
    choice,
    integer,
    is_descending,
    next_cursor,
    timestamp_period,
)
from quantdata.sim.plans import AssetClass, Product
from quantdata.sim.timeline import ns_of
from quantdata.sim.windows import Window, cut, gather, join, window_starts

if TYPE_CHECKING:
    from quantdata.sim.massive.catalog import Instrument
    from quantdata.sim.massive.request import Request
    from quantdata.sim.views import Bars, Floats

__all__ = ["ema", "indicator", "rsi", "sma"]

_TIMESPANS = ("minute", "hour", "day", "week", "month", "quarter", "year")
_SERIES = ("open", "high", "low", "close")
_DEFAULT_LIMIT = 10
_MAX_LIMIT = 5_000
_MAX_WINDOW = 5_000
_MAX_BASE = 50_000
_MS = 1_000_000
# Base bars (minutes or days) in one bar, at most.
_BASE_BARS = {"minute": 1, "hour": 60, "day": 1, "week": 5, "month": 23, "quarter": 66, "year": 253}
_SETTLING_WINDOWS = 4
_NAMES = ("value", "signal", "histogram")


def indicator(request: Request, kind: str, ticker: str) -> Answer:
    """Answer one page of an indicator's values, newest first unless asked otherwise."""
    query = request.query
    limit = integer(query, "limit", default=_DEFAULT_LIMIT, maximum=_MAX_LIMIT)
    timespan = choice(query, "timespan", default="day", allowed=_TIMESPANS)
    series = choice(query, "series_type", default="close", allowed=_SERIES)
    newest_first = is_descending(query, default="desc")
    windows = _windows(query, kind)
    instrument = request.catalog.instrument(ticker)
    asset = AssetClass.STOCKS if instrument is None else instrument.asset
    request.require(asset, Product.AGGREGATES)
    until = request.seen_at(asset)
    period = timestamp_period(query, until_ns=ns_of(until), per_second=1_000)
    if instrument is None or period is None or not request.catalog.is_listed(instrument, request.now):
        return _answer(request, {"underlying": {"url": ""}, "values": []}, asset)
    bars = _bars(request, instrument, timespan, period, needed=sum(windows), limit=limit)
    columns = _columns(kind, getattr(bars, series), windows)
    page, is_last = _places(bars, columns, period, limit=limit, newest_first=newest_first)
    results = {
        "underlying": _underlying(request, instrument, timespan, bars),
        "values": _values(bars, columns, page),
    }
    answer = _answer(request, results, asset)
    if not is_last:
        answer.next_path = request.link(_cursor(request, bars, page[-1], newest_first=newest_first))
    return answer


def _answer(request: Request, results: dict[str, Any], asset: AssetClass) -> Answer:
    return Answer(rows=[msgspec.json.encode(results)], is_single=True, tail=request.tail(asset))


def _windows(query: Query, kind: str) -> tuple[int, ...]:
    if kind == "macd":
        names = {"short_window": 12, "long_window": 26, "signal_window": 9}
    else:
        names = {"window": 14 if kind == "rsi" else 50}
    return tuple(integer(query, name, default=default, maximum=_MAX_WINDOW) for name, default in names.items())


def _bars(request: Request, instrument: Instrument, timespan: str, period: Period, *, needed: int, limit: int) -> Bars:
    """Return the bars of a period and those before it that its first value is made of.

    With a lower bound these are exactly the windows' bars, so that a value depends on the period asked for: a recorded
    5-day EMA from 2016-11-01 starts from the mean of the five closes before that day. Without one they are four times
    as many.
    """
    window = Window(1, timespan)
    until = request.seen_at(instrument.asset)
    needed += 1  # a change needs two closes
    wanted = _MAX_BASE if period.first is not None else (limit + 1 + _SETTLING_WINDOWS * needed)
    base = gather(
        request.market,
        instrument.symbol,
        window,
        start_ns=_history_start(timespan, period, needed if period.first is not None else wanted),
        end_ns=period.last,
        until=until,
        adjusted=as_flag(request.query, "adjusted", default=True),
        limit=min(_MAX_BASE, wanted * _BASE_BARS[timespan]),
        newest_first=True,
    )
    bars = join(base, window_starts(base.start, window, anchor_ns=period.last))
    if period.first is None:
        return cut(bars, slice(-wanted, None))
    first = int(np.searchsorted(bars.start, period.first))
    return cut(bars, slice(max(0, first - needed + 1), None))


def _history_start(timespan: str, period: Period, bars: int) -> int:
    """Return a time far enough before a period to hold so many bars, nights, weekends and holidays included."""
    days = {"minute": 1 / 180, "hour": 1 / 4, "day": 1.6, "week": 7.1, "month": 31, "quarter": 92, "year": 366}
    history = int((bars * days[timespan] + 7) * 86_400) * 1_000_000_000
    return max(0, (period.last if period.first is None else period.first) - history)


def _columns(kind: str, prices: Floats, windows: tuple[int, ...]) -> list[Floats]:
    if kind == "sma":
        return [sma(prices, windows[0])]
    if kind == "ema":
        return [ema(prices, windows[0])]
    if kind == "rsi":
        return [rsi(prices, windows[0])]
    short, long, signal_window = windows
    value = ema(prices, short) - ema(prices, long)
    signal = ema(value, signal_window)
    return [value, signal, value - signal]


def _places(
    bars: Bars, columns: list[Floats], period: Period, *, limit: int, newest_first: bool
) -> tuple[list[int], bool]:
    """Return the places of one page's values in order, and whether there are no more."""
    there = np.isfinite(columns[-1]) & (bars.start >= (period.first or 0))
    places = np.flatnonzero(there)
    ordered = places[::-1] if newest_first else places
    return ordered[:limit].tolist(), len(ordered) <= limit


def _values(bars: Bars, columns: list[Floats], page: list[int]) -> list[dict[str, Any]]:
    stamps = bars.start // _MS
    return [
        {"timestamp": int(stamps[place])}
        | {name: float(column[place]) for name, column in zip(_NAMES, columns, strict=False)}
        for place in page
    ]


def _underlying(request: Request, instrument: Instrument, timespan: str, bars: Bars) -> dict[str, Any]:
    """Return the address of the bars behind the values, and the bars themselves when asked for."""
    adjusted = as_flag(request.query, "adjusted", default=True)
    ends = (int(bars.start[0]) // _MS, int(bars.start[-1]) // _MS) if len(bars.start) else (0, 0)
    path = f"/v2/aggs/ticker/{instrument.ticker}/range/1/{timespan}/{ends[0]}/{ends[1]}"
    underlying: dict[str, Any] = {
        "url": f"{request.base_url}{path}?adjusted={str(adjusted).lower()}&limit=50000&sort=desc",
    }
    if as_flag(request.query, "expand_underlying", default=False):
        underlying["aggregates"] = bar_rows(bars, instrument)[::-1]
    return underlying


def _cursor(request: Request, bars: Bars, place: int, *, newest_first: bool) -> str:
    stamp = int(bars.start[place]) // _MS
    last = {"v": 0, "o": 0, "c": float(bars.close[place]), "h": 0, "l": 0, "t": stamp}
    bound = {"timestamp__lt" if newest_first else "timestamp__gt": str(stamp)}
    return next_cursor(request.query, after=msgspec.json.encode(last).decode(), **bound)


# --- formulas -------------------------------------------------------------------------------------------------------


def sma(prices: Floats, window: int) -> Floats:
    """Return the mean of the last ``window`` prices; NaN until there are that many."""
    means = np.full(len(prices), np.nan)
    if len(prices) >= window:
        means[window - 1 :] = np.lib.stride_tricks.sliding_window_view(prices, window).mean(axis=1)
    return means


def ema(prices: Floats, window: int) -> Floats:
    """Return the exponential average with weight 2/(window + 1), begun with the plain mean of the first window."""
    averages = np.full(len(prices), np.nan)
    known = np.flatnonzero(np.isfinite(prices))
    if len(known) < window:
        return averages
    first = int(known[0]) + window - 1
    average = float(np.mean(prices[known[0] : first + 1]))
    averages[first] = average
    weight = 2 / (window + 1)
    for place in range(first + 1, len(prices)):
        average += weight * (float(prices[place]) - average)
        averages[place] = average
    return averages


def rsi(prices: Floats, window: int) -> Floats:
    """Return Wilder's relative strength index, 0 to 100; NaN until there are ``window`` changes."""
    strengths = np.full(len(prices), np.nan)
    changes = np.diff(prices)
    if len(changes) < window:
        return strengths
    gains, losses = np.maximum(changes, 0), np.maximum(-changes, 0)
    gain, loss = float(gains[:window].mean()), float(losses[:window].mean())
    for place in range(window, len(prices)):
        if place > window:
            gain += (float(gains[place - 1]) - gain) / window
            loss += (float(losses[place - 1]) - loss) / window
        strengths[place] = 100.0 if loss == 0 else 100 - 100 / (1 + gain / loss)
    return strengths
