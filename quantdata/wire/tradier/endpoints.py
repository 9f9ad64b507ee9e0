"""Every Tradier endpoint that is used: its path and query, and where its answer holds its items.

Source of paths and parameters: Tradier's API documentation, as collected in reference/tradier.md §5. The two beta
endpoints are documented there as well; they lie beside ``/v1``, on the production host alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from quantdata.sessions import NEW_YORK
from quantdata.wire.http import Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

__all__ = [
    "Collection",
    "Interval",
    "chain",
    "clock",
    "dividends",
    "expirations",
    "history",
    "quotes",
    "splits",
    "stream_session",
    "timesales",
]

# Beyond this many symbols the list travels in a form: a URL has no room for more (reference/tradier.md §5.1).
SYMBOLS_IN_URL: Final = 100
ROUND_UP: Final = timedelta(minutes=1) - timedelta(microseconds=1)
BETA: Final = "/beta/markets/fundamentals"

Interval = Literal["tick", "1min", "5min", "15min"]


@dataclass(frozen=True, slots=True)
class Collection(Request):
    """A request whose answer is ``{plural: {singular: items}}``; without ``plural`` it is a bare array."""

    plural: str = ""
    singular: str = ""


def quotes(symbols: Sequence[str], *, greeks: bool = False) -> Collection:
    """Quote stocks, funds, indices and options, mixed; what is not known is listed as unmatched."""
    params = {"symbols": ",".join(symbols), "greeks": _flag(greeks)}
    is_form = len(symbols) > SYMBOLS_IN_URL
    return Collection("/v1/markets/quotes", params, is_form=is_form, plural="quotes", singular="quote")


def chain(underlying: str, expiration: date) -> Collection:
    """Get all contracts of one expiration, with greeks."""
    params = {"symbol": underlying, "expiration": expiration.isoformat(), "greeks": "true"}
    return Collection("/v1/markets/options/chains", params, plural="options", singular="option")


def expirations(underlying: str) -> Collection:
    """List the expirations of all roots on an underlying."""
    # Without includeAllRoots those of SPXW and of adjusted roots are left out: reference/tradier.md §5.4.
    params = {"symbol": underlying, "includeAllRoots": "true"}
    return Collection("/v1/markets/options/expirations", params, plural="expirations", singular="date")


def history(symbol: str, *, start: date, end: date) -> Collection:
    """Get daily bars from ``start`` to ``end``, both included; those of stocks are adjusted for splits."""
    params = {"symbol": symbol, "interval": "daily", "start": start.isoformat(), "end": end.isoformat()}
    return Collection("/v1/markets/history", params, plural="history", singular="day")


def timesales(symbol: str, *, interval: Interval, start: datetime, end: datetime, is_regular: bool) -> Collection:
    """Get bars or ticks that start from ``start`` to ``end``, both included, to the minute."""
    params = {
        "symbol": symbol,
        "interval": interval,
        "start": _minute(start),
        "end": _minute(end + ROUND_UP),
        "session_filter": "open" if is_regular else "all",
    }
    return Collection("/v1/markets/timesales", params, plural="series", singular="data")


def clock() -> Collection:
    """Ask whether the market is open, and what time it is."""
    return Collection("/v1/markets/clock", plural="clock")


def stream_session() -> Collection:
    """Make a session of the market stream; its id must be used within five minutes (production only)."""
    return Collection("/v1/markets/events/session", is_form=True, plural="stream")


def splits(symbol: str) -> Collection:
    """Get the corporate actions of a stock, splits among them (beta, production only)."""
    return Collection(f"{BETA}/corporate_actions", {"symbols": symbol})


def dividends(symbol: str) -> Collection:
    """Get the cash dividends of a stock (beta, production only)."""
    return Collection(f"{BETA}/dividends", {"symbols": symbol})


def _flag(value: bool) -> str:  # noqa: FBT001  # a word of the vendor's for one of ours
    return "true" if value else "false"


def _minute(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M")
