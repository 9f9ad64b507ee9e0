"""Intraday bars and ticks of the last weeks, in New York time.

References
----------
``markets/timesales``: reference/tradier.md §5.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from quantdata.sessions import NEW_YORK, Session, find_session, previous_session, sessions
from quantdata.sim.bars import MINUTE_NS, joined
from quantdata.sim.timeline import day_ns, moment_of, ns_of
from quantdata.sim.tradier.answers import NULL_TEXT, Answer, encode_rows
from quantdata.sim.tradier.refusals import bad_parameter, too_big_body
from quantdata.sim.windows import cut, join
from quantdata.symbols import parse_option, root_facts

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from quantdata.sim.tradier.catalog import Instrument
    from quantdata.sim.tradier.request import Request

    Row = dict[str, Any]

__all__ = ["timesales"]

_MINUTES = {"1min": 1, "5min": 5, "15min": 15}
# Sessions back from today that can be asked for: of regular hours alone, of all hours.
_REACH = {"tick": (5, 5), "1min": (20, 10), "5min": (40, 18), "15min": (40, 18)}
_MOST_TICKS = 20_000  # what the gateway passes on: less than two hours of a busy stock
_HALF_DAY_EARLIER = timedelta(hours=3)
_LAST_MINUTE = time(23, 59)
_AVERAGE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class _Span:
    """From when to when (both included), and whether regular hours alone are wanted."""

    start: datetime
    end: datetime
    is_open_only: bool

    @property
    def sessions(self) -> list[Session]:
        """The trading days that it touches."""
        return sessions(self.start.date(), self.end.astimezone(NEW_YORK).date())


def timesales(request: Request) -> Answer:
    """Answer bars or ticks from ``start`` to ``end``, both included; minutes without a trade are missing."""
    symbol = request.text("symbol")
    interval = request.choice("interval", default="tick", allowed=tuple(_REACH))
    if interval == "tick" and request.is_sandbox:
        raise bad_parameter("interval", "tick is not available")
    span = _span(request, interval)
    instrument = request.catalog.instrument(symbol)
    answer = Answer("series", "data", empty=NULL_TEXT)
    if instrument is None or instrument.kind == "index" or span.start > span.end:
        return answer
    if instrument.kind == "option" and request.catalog.place(instrument, request.at) is None:
        return answer
    if interval == "tick":
        answer.rows = encode_rows(_ticks(request, instrument, span))
    else:
        answer.rows = encode_rows(_bars(request, instrument, span, length=_MINUTES[interval] * MINUTE_NS))
    return answer


def _span(request: Request, interval: str) -> _Span:
    """Return what was asked for, cut at now; 400 when it begins too long ago."""
    is_open_only = request.choice("session_filter", default="all", allowed=("all", "open")) == "open"
    newest = find_session(request.today) or previous_session(request.today)
    start = request.moment("start", default=datetime.combine(newest.day, time(), NEW_YORK))
    end = min(request.moment("end", default=request.at, at_midnight=_LAST_MINUTE), request.at)
    earliest = _sessions_back(request.today, _REACH[interval][0 if is_open_only else 1])
    if start.date() < earliest:
        raise bad_parameter("start", f"must be on or after {earliest} 00:00:00")
    return _Span(start, end, is_open_only)


def _sessions_back(day: date, count: int) -> date:
    for _ in range(count):
        day = previous_session(day).day
    return day


def _hours(session: Session, instrument: Instrument) -> tuple[int, int]:
    """Return the first and last minute of regular hours, ns; the last holds the closing auction."""
    close = session.close
    if instrument.kind == "option":
        close = datetime.combine(session.day, root_facts(parse_option(instrument.own).root).close, NEW_YORK)
        close -= _HALF_DAY_EARLIER if session.is_half_day else timedelta()
    return ns_of(session.open), ns_of(close)


def _bars(request: Request, instrument: Instrument, span: _Span, *, length: int) -> list[Row]:
    parts = [request.market.minute_bars(instrument.own, session.day, at=request.at) for session in span.sessions]
    if span.is_open_only:
        parts = [
            cut(part, _between(part.start, *_hours(session, instrument)))
            for part, session in zip(parts, span.sessions, strict=True)
        ]
    minutes = joined(parts)
    bars = join(minutes, minutes.start // length * length)
    bars = cut(bars, _between(bars.start, ns_of(span.start), ns_of(span.end)))
    prices = [getattr(bars, name).tolist() for name in ("open", "high", "low", "close")]
    volumes, averages = bars.volume.astype(np.int64).tolist(), np.round(bars.vwap, _AVERAGE_DECIMALS).tolist()
    return [
        _clock(stamp)
        | {"price": (h + low) / 2.0, "open": o, "high": h, "low": low, "close": c, "volume": volume, "vwap": average}
        for stamp, o, h, low, c, volume, average in zip(bars.start.tolist(), *prices, volumes, averages, strict=True)
    ]


def _ticks(request: Request, instrument: Instrument, span: _Span) -> list[Row]:
    rows: list[Row] = []
    for session in span.sessions:
        first = max(ns_of(span.start), day_ns(session.day))
        last = min(ns_of(span.end), day_ns(session.day, is_end=True))
        if span.is_open_only:
            opened, closed = _hours(session, instrument)
            first, last = max(first, opened), min(last, closed)
        tape = request.market.trades(instrument.own, first, last + 1)
        if len(rows) + len(tape.ts) > _MOST_TICKS:
            raise too_big_body()
        columns = (tape.ts.tolist(), tape.price.tolist(), tape.size.tolist())
        rows += [_clock(stamp) | {"price": price, "volume": size} for stamp, price, size in zip(*columns, strict=True)]
    return rows


def _between(stamps: NDArray[np.int64], first: int, last: int) -> slice:
    return slice(int(np.searchsorted(stamps, first, side="left")), int(np.searchsorted(stamps, last, side="right")))


def _clock(stamp: int) -> Row:
    moment = moment_of(stamp)
    return {"time": f"{moment.astimezone(NEW_YORK):%Y-%m-%dT%H:%M:%S}", "timestamp": stamp // 1_000_000_000}
