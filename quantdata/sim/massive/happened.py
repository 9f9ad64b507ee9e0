"""What happened in the market as Massive's events, per socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import UNSET

from quantdata.sessions import session_day
from quantdata.sim.massive.chain_rows import spell
from quantdata.sim.massive.events import (
    IndexBar,
    OptionQuote,
    OptionTrade,
    StockQuote,
    StockTrade,
    Value,
    WindowBar,
)
from quantdata.sim.massive.stocks import plain
from quantdata.sim.streams.happenings import ALL
from quantdata.sim.timeline import NS_PER_S, day_ns, moment_of, ns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from quantdata.sim.streams.happenings import Happenings, QuoteTicks, TradeTicks, Windows
    from quantdata.sim.views import Bars, Quotes, Trades

    Wanted = Mapping[str, frozenset[str]]

__all__ = ["bare", "index_events", "option_events", "option_quotes", "stock_events"]

_NS_PER_MS = 1_000_000
_NOTHING: frozenset[str] = frozenset()
_TAPE = 3  # listed on Nasdaq
_REGULAR_QUOTE = 1
# Kind, length of the window, and how long after its end it is sent: second bars are held for two seconds.
_WINDOWS = (("A", NS_PER_S, 2 * NS_PER_S), ("AM", 60 * NS_PER_S, 0))


def bare(symbols: frozenset[str], prefix: str) -> frozenset[str]:
    """Return the market's symbols of channels; those without the prefix name nothing."""
    return frozenset(each.removeprefix(prefix) for each in symbols if each == ALL or each.startswith(prefix))


def _closed_windows(since: int, until: int) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and end of every second and minute whose bar is due after one moment, up to another."""
    for kind, length, held in _WINDOWS:
        for end in range((since - held) // length * length + length, until - held + 1, length):
            yield kind, end - length, end


# --- options --------------------------------------------------------------------------------------------------------


def option_quotes(happenings: Happenings, wanted: Wanted, since: datetime, until: datetime) -> Iterator[OptionQuote]:
    """Yield the quotes of contracts that came out."""
    for ticks in happenings.option_quotes(bare(wanted.get("Q", _NOTHING), "O:"), since, until):
        yield from _option_quotes(ticks)


def _option_quotes(ticks: QuoteTicks) -> Iterator[OptionQuote]:
    quotes = ticks.quotes
    columns = zip(
        ticks.symbol.tolist(),
        quotes.bid_exchange.tolist(),
        spell(quotes.bid),
        quotes.bid_size.tolist(),
        quotes.ask_exchange.tolist(),
        spell(quotes.ask),
        quotes.ask_size.tolist(),
        (quotes.ts // _NS_PER_MS).tolist(),
        quotes.sequence.tolist(),
        strict=True,
    )
    return (OptionQuote("O:" + symbol, *rest) for symbol, *rest in columns)


def option_events(happenings: Happenings, wanted: Wanted, since: datetime, until: datetime) -> Iterator[Any]:
    """Yield the trades and bars of contracts."""
    for ticks in happenings.option_trades(bare(wanted.get("T", _NOTHING), "O:"), since, until):
        yield from _option_trades(ticks)
    for kind, start, end in _closed_windows(ns_of(since), ns_of(until)):
        for windows in happenings.option_windows(bare(wanted.get(kind, _NOTHING), "O:"), start, end):
            yield from _option_bars(windows, kind, start, end)


def _option_trades(ticks: TradeTicks) -> Iterator[OptionTrade]:
    trades = ticks.trades
    columns = zip(
        ticks.symbol.tolist(),
        trades.exchange.tolist(),
        spell(trades.price),
        trades.size.tolist(),
        trades.condition[:, None].tolist(),
        (trades.ts // _NS_PER_MS).tolist(),
        trades.sequence.tolist(),
        strict=True,
    )
    return (OptionTrade("O:" + symbol, *rest) for symbol, *rest in columns)


def _option_bars(windows: Windows, kind: str, start: int, end: int) -> Iterator[WindowBar]:
    size = np.maximum(windows.volume // np.maximum(windows.trades, 1), 1)
    columns = {
        "sym": np.char.add("O:", windows.symbol).tolist(),
        "v": windows.volume.tolist(),
        "av": windows.day_volume.tolist(),
        "op": spell(windows.official_open),
        "vw": spell(windows.vwap, 4),
        "o": spell(windows.open),
        "c": spell(windows.close),
        "h": spell(windows.high),
        "l": spell(windows.low),
        "a": spell(windows.day_vwap, 4),
        "z": size.tolist(),
    }
    for row in zip(*columns.values(), strict=True):
        yield WindowBar(ev=kind, **dict(zip(columns, row, strict=True)), s=start // _NS_PER_MS, e=end // _NS_PER_MS)


# --- stocks and funds -----------------------------------------------------------------------------------------------


def _named(wanted: Wanted, kind: str, prefix: str, known: tuple[str, ...]) -> list[str]:
    asked = bare(wanted.get(kind, _NOTHING), prefix)
    return [each for each in known if ALL in asked or each in asked]


def stock_events(happenings: Happenings, wanted: Wanted, since: datetime, until: datetime) -> Iterator[Any]:
    """Yield the quotes, trades and bars of stocks and funds."""
    market, first, last = happenings.market, ns_of(since) + 1, ns_of(until) + 1
    known = tuple(market.equities)
    for symbol in _named(wanted, "Q", "", known):
        yield from _stock_quotes(symbol, market.quotes(symbol, first, last))
    for symbol in _named(wanted, "T", "", known):
        yield from _stock_trades(symbol, market.trades(symbol, first, last))
    for kind, start, end in _closed_windows(ns_of(since), ns_of(until)):
        for symbol in _named(wanted, kind, "", known):
            bar = _stock_bar(happenings, symbol, kind, start, end)
            if bar is not None:
                yield bar


def _stock_quotes(symbol: str, quotes: Quotes) -> Iterator[StockQuote]:
    columns = zip(
        quotes.bid_exchange.tolist(),
        spell(quotes.bid),
        quotes.bid_size.tolist(),
        quotes.ask_exchange.tolist(),
        spell(quotes.ask),
        quotes.ask_size.tolist(),
        (quotes.ts // _NS_PER_MS).tolist(),
        quotes.sequence.tolist(),
        strict=True,
    )
    for bx, bp, bs, ax, ap, size, t, q in columns:
        yield StockQuote(symbol, bx, bp, bs, ax, ap, size, _REGULAR_QUOTE, [], t, q, _TAPE)


def _stock_trades(symbol: str, trades: Trades) -> Iterator[StockTrade]:
    columns = zip(
        trades.exchange.tolist(),
        spell(trades.price),
        trades.size.tolist(),
        trades.condition.tolist(),
        (trades.ts // _NS_PER_MS).tolist(),
        trades.sequence.tolist(),
        strict=True,
    )
    for x, p, s, condition, t, q in columns:
        yield StockTrade(symbol, x, str(q), _TAPE, p, s, [condition] if condition else UNSET, t, q, f"{s:.1f}")


def _stock_bar(happenings: Happenings, symbol: str, kind: str, start: int, end: int) -> WindowBar | None:
    """Return a window of a stock's trade; None when nothing traded in it."""
    market, day = happenings.market, session_day(moment_of(start))
    tape = market.trades(symbol, start, end)
    if len(tape.ts) == 0:
        return None
    minutes = market.minute_bars(symbol, day, moment_of(end - 1_000))
    volume, so_far = int(tape.size.sum()), int(minutes.volume.sum())
    return WindowBar(
        ev=kind,
        sym=symbol,
        v=volume,
        av=so_far,
        op=plain(_official_open(minutes, day_ns(day))),
        vw=plain(float((tape.price * tape.size).sum()) / volume),
        o=plain(float(tape.price[0])),
        c=plain(float(tape.price[-1])),
        h=plain(float(tape.price.max())),
        l=plain(float(tape.price.min())),
        a=plain(float((minutes.vwap * minutes.volume).sum()) / max(so_far, 1)),
        z=max(volume // len(tape.ts), 1),
        s=start // _NS_PER_MS,
        e=end // _NS_PER_MS,
        dv=f"{volume:.1f}",
        dav=f"{so_far:.1f}",
    )


_OPENING_NS = 34_200 * NS_PER_S  # 09:30


def _official_open(minutes: Bars, midnight: int) -> float:
    """Return the opening price of regular trading; 0 before it."""
    regular = minutes.open[minutes.start >= midnight + _OPENING_NS]
    return float(regular[0]) if len(regular) else 0.0


# --- indices --------------------------------------------------------------------------------------------------------


def index_events(happenings: Happenings, wanted: Wanted, since: datetime, until: datetime) -> Iterator[Any]:
    """Yield the levels and bars of indices: a level once a second, only the newest of those that are due."""
    market, known = happenings.market, tuple(happenings.market.indices)
    for symbol in _named(wanted, "V", "I:", known):
        view = market.index(symbol, until)
        if view.value_ts > ns_of(since):
            yield Value(plain(view.value), f"I:{symbol}", view.value_ts // _NS_PER_MS)
    for kind, start, end in _closed_windows(ns_of(since), ns_of(until)):
        for symbol in _named(wanted, kind, "I:", known):
            bars = market.minute_bars(symbol, session_day(moment_of(start)), moment_of(end - 1_000))
            if len(bars.start) and start < bars.start[-1] + 60 * NS_PER_S:
                yield _index_bar(bars, kind, f"I:{symbol}", start, end, market.index(symbol, moment_of(start)).value)


def _index_bar(bars: Bars, kind: str, symbol: str, start: int, end: int, level: float) -> IndexBar:
    """Return an index's minute, or its second, in which it does not move: it is published once."""
    ends = {name: getattr(bars, name)[-1] if kind == "AM" else level for name in ("open", "close", "high", "low")}
    return IndexBar(
        ev=kind,
        sym=symbol,
        op=plain(float(bars.open[0])),
        o=plain(float(ends["open"])),
        c=plain(float(ends["close"])),
        h=plain(float(ends["high"])),
        l=plain(float(ends["low"])),
        s=start // _NS_PER_MS,
        e=end // _NS_PER_MS,
    )
