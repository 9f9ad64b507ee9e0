"""What happened in the market as Tradier's events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quantdata.sessions import find_session, previous_session, session_day
from quantdata.sim.timeline import NS_PER_S, ns_of
from quantdata.sim.tradier.day import milliseconds
from quantdata.sim.tradier.option_rows import letters
from quantdata.sim.tradier.quotes import LETTERS, LISTED_AT
from quantdata.sim.tradier.stream_events import quote, timesale, trade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from quantdata.sim.source import MarketSource
    from quantdata.sim.streams.happenings import Happenings, QuoteTicks, TradeTicks

    Event = dict[str, Any]

__all__ = ["Wanted", "events_between"]

_NS_PER_MS = 1_000_000
_ROUND_LOT = 100
_NO_EXCHANGE = "Z"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription, looked up.

    Attributes
    ----------
    kinds
        Types of event.
    options
        Contracts.
    equities, indices
        The vendor's symbol by the market's.
    """

    kinds: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    equities: Mapping[str, str] = field(default_factory=dict)
    indices: Mapping[str, str] = field(default_factory=dict)


def events_between(
    happenings: Happenings, wanted: Wanted, *, moments: tuple[datetime, datetime], shown: tuple[datetime, datetime]
) -> Iterator[Event]:
    """Yield what happened after one moment, up to and with another.

    Parameters
    ----------
    moments
        The two, for trades of options.
    shown
        As of which moments answers show the market at the two, for all else.
    """
    if "quote" in wanted.kinds:
        for quotes in happenings.option_quotes(wanted.options, *shown):
            yield from _option_quotes(quotes)
        for own, symbol in wanted.equities.items():
            yield from _equity_quotes(happenings.market, own, symbol, *shown)
    if not wanted.kinds & {"trade", "tradex", "timesale"}:
        return
    for trades in happenings.option_trades(wanted.options, *moments):
        for each in _option_prints(happenings.market, trades, moments[1]):
            yield from each.events(wanted.kinds)
    for own, symbol in wanted.equities.items():
        for each in _equity_prints(happenings.market, own, symbol, *shown):
            yield from each.events(wanted.kinds)
    for own, symbol in wanted.indices.items():
        yield from _levels(happenings.market, own, symbol, wanted.kinds, *shown)


class _Print(NamedTuple):
    """One print of the tape, with the quote at it and the volume of the day so far."""

    symbol: str
    exch: str
    price: float
    size: int
    moment_ms: int
    volume: int
    seq: int
    bid: float
    ask: float
    session: str = "normal"

    def events(self, kinds: frozenset[str]) -> Iterator[Event]:
        """Yield the print in every form that is wanted: in extended hours there is no ``trade``."""
        price: dict[str, Any] = {"exch": self.exch, "price": self.price, "size": self.size, "moment_ms": self.moment_ms}
        for kind in ("trade", "tradex"):
            if kind in kinds and (kind == "tradex" or self.session == "normal"):
                yield trade(self.symbol, **price, volume=self.volume, kind=kind)
        if "timesale" in kinds:
            yield timesale(self.symbol, **price, bid=self.bid, ask=self.ask, seq=self.seq, session=self.session)


def _option_quotes(ticks: QuoteTicks) -> Iterator[Event]:
    quotes = ticks.quotes
    stamps = milliseconds(quotes.ts, whole_seconds=True).tolist()
    # An exchange stands there even where it bids nothing.
    bid_exchange = np.where(quotes.bid_exchange > 0, quotes.bid_exchange, quotes.ask_exchange)
    columns = {
        "symbol": ticks.symbol.tolist(),
        "bid": quotes.bid.tolist(),
        "bidsize": quotes.bid_size.tolist(),
        "bidexch": letters(bid_exchange),
        "bid_date": stamps,
        "ask": quotes.ask.tolist(),
        "asksize": quotes.ask_size.tolist(),
        "askexch": letters(quotes.ask_exchange),
        "ask_date": stamps,
    }
    return (quote(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True))


def _option_prints(market: MarketSource, ticks: TradeTicks, until: datetime) -> Iterator[_Print]:
    trades = ticks.trades
    bid, ask = market.option_prices(ticks.underlying, ticks.row, until, trades.ts)
    columns = zip(
        ticks.symbol.tolist(),
        [each or _NO_EXCHANGE for each in letters(trades.exchange)],
        trades.price.tolist(),
        trades.size.tolist(),
        (trades.ts // _NS_PER_MS).tolist(),
        ticks.day_volume.tolist(),
        trades.sequence.tolist(),
        bid.tolist(),
        ask.tolist(),
        strict=True,
    )
    return map(_Print._make, ((*row, "normal") for row in columns))


def _equity_quotes(market: MarketSource, own: str, symbol: str, since: datetime, until: datetime) -> Iterator[Event]:
    quotes = market.quotes(own, ns_of(since) + 1, ns_of(until) + 1)
    if len(quotes.ts) == 0:
        return
    home = LISTED_AT[own]
    # As in answers to requests: the offer stands where the last trade was.
    offered_at = LETTERS.get(market.equity(own, until).last_exchange, home)
    for place, stamp in enumerate(milliseconds(quotes.ts, whole_seconds=True).tolist()):
        yield quote(
            {
                "symbol": symbol,
                "bid": float(quotes.bid[place]),
                "bidsize": int(quotes.bid_size[place]) // _ROUND_LOT,
                "bidexch": home,
                "bid_date": stamp,
                "ask": float(quotes.ask[place]),
                "asksize": int(quotes.ask_size[place]) // _ROUND_LOT,
                "askexch": offered_at,
                "ask_date": stamp,
            }
        )


def _equity_prints(market: MarketSource, own: str, symbol: str, since: datetime, until: datetime) -> Iterator[_Print]:
    first, last = ns_of(since) + 1, ns_of(until) + 1
    tape = market.trades(own, first, last)
    if len(tape.ts) == 0:
        return
    # There is one quote a second: the one that stands at the first trade is among these.
    quotes = market.quotes(own, first - 2 * NS_PER_S, last)
    standing = np.maximum(np.searchsorted(quotes.ts, tape.ts, side="right") - 1, 0)
    day = session_day(until)
    before = int(market.minute_bars(own, day, until).volume.sum()) - int(tape.size.sum())
    session = find_session(day) or previous_session(day)
    opened, closed = ns_of(session.open), ns_of(session.close)
    columns = zip(
        [LETTERS.get(each, LISTED_AT[own]) for each in tape.exchange.tolist()],
        tape.price.tolist(),
        tape.size.tolist(),
        (tape.ts // _NS_PER_MS).tolist(),
        (before + np.cumsum(tape.size)).tolist(),
        tape.sequence.tolist(),
        quotes.bid[standing].tolist(),
        quotes.ask[standing].tolist(),
        np.select([tape.ts < opened, tape.ts < closed], ["pre", "normal"], "post").tolist(),
        strict=True,
    )
    for row in columns:
        yield _Print(symbol, *row)


def _levels(
    market: MarketSource, own: str, symbol: str, kinds: frozenset[str], since: datetime, until: datetime
) -> Iterator[Event]:
    """Yield the newest level of an index, as a trade without size."""
    view = market.index(own, until)
    if view.value_ts <= ns_of(since):
        return
    price, moment = round(float(view.value), 2), view.value_ts // _NS_PER_MS
    for kind in sorted(kinds & {"trade", "tradex"}):
        yield trade(symbol, exch=LISTED_AT[own], price=price, size=0, volume=0, moment_ms=moment, kind=kind)
