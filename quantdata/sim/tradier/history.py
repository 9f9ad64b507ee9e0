"""Daily, weekly and monthly bars.

References
----------
``markets/history``: reference/tradier.md §5.7. A week or month is whole and counts by its label: recorded bars.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from quantdata.sessions import FIRST_DAY, LAST_DAY, session_day
from quantdata.sim.timeline import day_ns, moment_of
from quantdata.sim.tradier.answers import Answer, encode_rows
from quantdata.sim.tradier.refusals import bad_parameter
from quantdata.sim.windows import Window, gather, join

if TYPE_CHECKING:
    from quantdata.sim.tradier.request import Request

__all__ = ["history"]

_INTERVALS = ("daily", "weekly", "monthly")
_ALL = 100_000
_DECIMALS = 4


def history(request: Request) -> Answer:
    """Answer bars whose dates lie in a range, both ends included; split-adjusted, dividends left in."""
    symbol = request.text("symbol")
    interval = request.choice("interval", default="daily", allowed=_INTERVALS)
    request.choice("session_filter", default="all", allowed=("all", "open"))
    today = request.today
    start, end = request.day("start", default=date(today.year, 1, 1)), request.day("end", default=today)
    if request.query.get("start") and request.query.get("end") and start > end:
        raise bad_parameter("end", "must be on or after start")
    first, last = max(start, FIRST_DAY), min(end, LAST_DAY)
    instrument = request.catalog.instrument(symbol)
    answer = Answer("history", "day")
    is_gone = (
        instrument is not None and instrument.kind == "option" and request.catalog.place(instrument, request.at) is None
    )
    if instrument is not None and not is_gone and first <= last:
        answer.rows = encode_rows(_bars(request, instrument.own, interval, first, last))
    return answer


def _bars(request: Request, own: str, interval: str, first: date, last: date) -> list[dict[str, Any]]:
    bars = gather(
        request.market,
        own,
        Window(1, "day"),
        start_ns=day_ns(_label(first, interval)),
        end_ns=day_ns(_end_of(last, interval), is_end=True),
        until=request.at,
        adjusted=True,
        limit=_ALL,
    )
    labels = [_label(session_day(moment_of(start)), interval) for start in bars.start.tolist()]
    starts = np.array([day_ns(label) for label in labels], dtype=np.int64)
    joined = join(bars, starts)
    dates = list(dict.fromkeys(labels))
    prices = [np.round(getattr(joined, name), _DECIMALS).tolist() for name in ("open", "high", "low", "close")]
    volumes = joined.volume.astype(np.int64).tolist()
    return [
        {"date": str(label), "open": o, "high": h, "low": low, "close": c, "volume": volume}
        for label, o, h, low, c, volume in zip(dates, *prices, volumes, strict=True)
        if first <= label <= last
    ]


def _label(day: date, interval: str) -> date:
    """Return the date that stands for a day's bar: the day, its week's Monday, its month's first."""
    if interval == "weekly":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "monthly" else day


def _end_of(day: date, interval: str) -> date:
    """Return the last day of the bar that a day is in."""
    if interval == "weekly":
        day += timedelta(days=6 - day.weekday())
    elif interval == "monthly":
        day = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return min(day, LAST_DAY)
