"""Trades and quotes of one instrument, newest first unless asked otherwise, and the newest of each.

Without a lower bound the pages go back through history without an end in sight, as the vendor's do.

References
----------
``GET /v3/trades/{t}``, ``/v3/quotes/{t}``, ``/v2/last/trade/{t}``, ``/v2/last/nbbo/{t}``: reference/massive.md §7.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from quantdata.sessions import FIRST_DAY, session_day, sessions
from quantdata.sim.massive.answers import Answer, encode_rows
from quantdata.sim.massive.paging import (
    Period,
    as_number,
    choice,
    integer,
    is_descending,
    next_cursor,
    timestamp_period,
)
from quantdata.sim.massive.refusals import not_found
from quantdata.sim.massive.stocks import plain
from quantdata.sim.plans import AssetClass, Product
from quantdata.sim.timeline import day_ns, moment_of, ns_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Places = NDArray[np.intp]

    from quantdata.sim.massive.catalog import Instrument
    from quantdata.sim.massive.request import Request
    from quantdata.sim.views import Quotes, Trades

__all__ = ["last_quote", "last_trade", "quotes", "trades"]

_DEFAULT_LIMIT = 1_000
_MAX_LIMIT = 50_000
_NS = 1_000_000_000
_DAY_NS = 86_400 * _NS
# How far apart the exchange's and the consolidated feed's clock readings of one event are.
_FEED_DELAY_NS = 312_000
_TAPE = 3  # listed on Nasdaq
_HISTORY_DAYS = 30  # how far back one page looks that has no lower bound

Row = dict[str, Any]
T = TypeVar("T", "Trades", "Quotes")


def trades(request: Request, ticker: str) -> Answer:
    """Answer one page of the tape."""
    instrument, limit = _asked(request, ticker, Product.TRADES), _limit(request)
    if instrument is None:
        return Answer(tail=request.tail(AssetClass.STOCKS))
    is_option = instrument.asset is AssetClass.OPTIONS
    write = _option_trade if is_option else _stock_trade
    page, cursor = _page(request, instrument, request.market.trades, limit)
    rows = [write(tape, place) for tape, place in page]
    return Answer(rows=encode_rows(rows), tail=request.tail(instrument.asset), next_path=request.link(cursor))


def quotes(request: Request, ticker: str) -> Answer:
    """Answer one page of best bids and offers."""
    instrument, limit = _asked(request, ticker, Product.QUOTES), _limit(request)
    if instrument is None:
        return Answer(tail=request.tail(AssetClass.STOCKS))
    is_stock = instrument.asset is AssetClass.STOCKS
    page, cursor = _page(request, instrument, request.market.quotes, limit)
    rows = [_quote(book, place, is_stock=is_stock) for book, place in page]
    return Answer(rows=encode_rows(rows), tail=request.tail(instrument.asset), next_path=request.link(cursor))


def _limit(request: Request) -> int:
    choice(request.query, "sort", default="timestamp", allowed=("timestamp",))
    return integer(request.query, "limit", default=_DEFAULT_LIMIT, maximum=_MAX_LIMIT)


def _asked(request: Request, ticker: str, product: Product) -> Instrument | None:
    """Return the stock or contract asked for; None where there are no ticks of such a thing."""
    instrument = request.catalog.instrument(ticker)
    if instrument is None or instrument.asset is AssetClass.INDICES:
        return None
    request.require(instrument.asset, product)
    return instrument if request.catalog.is_listed(instrument, request.now) else None


def _page(
    request: Request, instrument: Instrument, read: Callable[[str, int, int], T], limit: int
) -> tuple[list[tuple[T, int]], str | None]:
    """Return one page as (ticks, place) pairs in order, and the cursor of the next page.

    Sessions are read one at a time from the end at which the page begins, until there is one tick too many.
    """
    query = request.query
    newest_first = is_descending(query, default="desc")
    period = timestamp_period(query, until_ns=ns_of(request.seen_at(instrument.asset)))
    found: list[tuple[T, int]] = []
    if period is None:
        return found, None
    passed = int(as_number("ap", query["ap"])) if "ap" in query else None
    for start, end in _sessions(period, newest_first=newest_first):
        ticks = read(instrument.symbol, start, end)
        boundary = period.last if newest_first else period.first
        places = _beyond(ticks, passed, boundary=boundary, newest_first=newest_first)
        ordered = places[::-1] if newest_first else places
        found += [(ticks, place) for place in ordered[: limit + 1 - len(found)].tolist()]
        if len(found) > limit:
            break
    if len(found) <= limit:
        return found, None
    ticks, place = found[limit - 1]
    fixed = {"limit": str(limit), "order": "desc" if newest_first else "asc", "sort": "timestamp"}
    bound = {f"timestamp__{'lte' if newest_first else 'gte'}": _rfc3339(int(ticks.ts[place]))}
    return found[:limit], next_cursor(query, after=str(ticks.sequence[place]), **fixed, **bound)


def _beyond(ticks: Trades | Quotes, passed: int | None, *, boundary: int | None, newest_first: bool) -> Places:
    """Return the places of the ticks that a cursor has not passed: of its own nanosecond, only the later ones."""
    if passed is None:
        return np.arange(len(ticks.ts))
    is_later = ticks.sequence < passed if newest_first else ticks.sequence > passed
    return np.flatnonzero((ticks.ts != boundary) | is_later)


def _sessions(period: Period, *, newest_first: bool) -> Iterator[tuple[int, int]]:
    """Yield the sessions of a period as half-open ns ranges, in reading order."""
    last_day = session_day(moment_of(period.last))
    opening = day_ns(last_day) - _HISTORY_DAYS * _DAY_NS if period.first is None else period.first
    first_day = max(session_day(moment_of(opening)), FIRST_DAY)
    if first_day > last_day:
        return
    days = [each.day for each in sessions(first_day, last_day)]
    for day in reversed(days) if newest_first else days:
        yield max(opening, day_ns(day)), min(period.last, day_ns(day, is_end=True)) + 1


def _rfc3339(moment_ns_: int) -> str:
    seconds, rest = divmod(moment_ns_, _NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


# --- rows -----------------------------------------------------------------------------------------------------------


def _option_trade(tape: Trades, place: int) -> Row:
    stamp = int(tape.ts[place])
    return {
        "conditions": [int(tape.condition[place])],
        "exchange": int(tape.exchange[place]),
        "participant_timestamp": stamp,
        "price": plain(float(tape.price[place])),
        "sip_timestamp": stamp,
        "size": int(tape.size[place]),
    }


def _stock_trade(tape: Trades, place: int) -> Row:
    stamp, size, condition = int(tape.ts[place]), int(tape.size[place]), int(tape.condition[place])
    row: Row = {
        "conditions": [condition],
        "decimal_size": f"{size:.1f}",
        "exchange": int(tape.exchange[place]),
        "id": str(int(tape.sequence[place])),
        "participant_timestamp": stamp - _FEED_DELAY_NS,
        "price": plain(float(tape.price[place])),
        "sequence_number": int(tape.sequence[place]),
        "sip_timestamp": stamp,
        "size": size,
        "tape": _TAPE,
    }
    if condition == 0:
        del row["conditions"]
    return row


def _quote(book: Quotes, place: int, *, is_stock: bool) -> Row:
    stamp = int(book.ts[place])
    row: Row = {
        "ask_exchange": int(book.ask_exchange[place]),
        "ask_price": plain(float(book.ask[place])),
        "ask_size": int(book.ask_size[place]),
        "bid_exchange": int(book.bid_exchange[place]),
        "bid_price": plain(float(book.bid[place])),
        "bid_size": int(book.bid_size[place]),
        "sequence_number": int(book.sequence[place]),
        "sip_timestamp": stamp,
    }
    return row | {"participant_timestamp": stamp - _FEED_DELAY_NS, "tape": _TAPE} if is_stock else row


def last_trade(request: Request, ticker: str) -> Answer:
    """Answer the newest trade of a stock or contract; 404 when there is none."""
    instrument = _instrument(request, ticker, Product.TRADES)
    tape = _newest(request, instrument, request.market.trades)
    size, stamp, condition = int(tape.size[-1]), int(tape.ts[-1]), int(tape.condition[-1])
    row: Row = {"T": ticker, "p": plain(float(tape.price[-1])), "s": size, "t": stamp, "y": stamp - _FEED_DELAY_NS}
    row |= {"q": int(tape.sequence[-1]), "i": str(int(tape.sequence[-1])), "x": int(tape.exchange[-1])}
    if condition:
        row["c"] = [condition]
    if instrument.asset is AssetClass.STOCKS:
        row |= {"z": _TAPE, "ds": f"{size:.1f}"}
    return Answer(rows=encode_rows([row]), is_single=True, tail=request.tail(instrument.asset))


def last_quote(request: Request, ticker: str) -> Answer:
    """Answer the newest best bid and offer of a stock; 404 when there is none."""
    instrument = _instrument(request, ticker, Product.QUOTES)
    if instrument.asset is not AssetClass.STOCKS:
        raise not_found(f"Ticker {ticker} not found.")
    book = _newest(request, instrument, request.market.quotes)
    stamp = int(book.ts[-1])
    row: Row = {
        "T": ticker,
        "p": plain(float(book.bid[-1])),
        "s": int(book.bid_size[-1]),
        "x": int(book.bid_exchange[-1]),
        "P": plain(float(book.ask[-1])),
        "S": int(book.ask_size[-1]),
        "X": int(book.ask_exchange[-1]),
        "t": stamp,
        "y": stamp - _FEED_DELAY_NS,
        "q": int(book.sequence[-1]),
        "z": _TAPE,
    }
    return Answer(rows=encode_rows([row]), is_single=True, tail=request.tail(instrument.asset))


def _instrument(request: Request, ticker: str, product: Product) -> Instrument:
    instrument = request.catalog.instrument(ticker)
    if instrument is None or not request.catalog.is_listed(instrument, request.now):
        raise not_found(f"Ticker {ticker} not found.")
    request.require(instrument.asset, product)
    return instrument


def _newest(request: Request, instrument: Instrument, read: Callable[[str, int, int], T]) -> T:
    """Return the ticks of the newest minute, hour or session that has any."""
    until = ns_of(request.seen_at(instrument.asset))
    for start, end in _newest_first(until):
        ticks = read(instrument.symbol, start, end)
        if len(ticks.ts):
            return ticks
    raise not_found()


def _newest_first(until: int) -> Iterator[tuple[int, int]]:
    """Yield periods that end at a moment, from a minute to a session, then the sessions before."""
    today = day_ns(session_day(moment_of(until)))
    for length in (60 * _NS, 3_600 * _NS):
        yield max(today, until - length), until + 1
    yield from _sessions(Period(None, until), newest_first=True)
