"""Each answer as people read it: a heading that says how fresh it is, then its tables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape

from quantdata.cli.tables import around_the_money, chain_tables, frame_table, series_title
from quantdata.validation import quality

if TYPE_CHECKING:
    import polars as pl

__all__ = ["console", "headline", "show_bars", "show_chain", "show_indices", "show_quotes", "show_sources"]

# Where there is no terminal: wide enough for every table.
PLAIN_WIDTH: Final = 160
MOST_NAMED: Final = 4
FEED_WORDS: Final = {"simulated": "SIMULATED", "eod": "END OF DAY", "delayed": "DELAYED"}
ADJUSTED: Final = {"raw": "as traded", "split": "adjusted for splits", "total": "adjusted for splits and dividends"}
# Why a row is empty (vendor_error) is a warning's line already.
QUOTES: Final = ("symbol", "price", "change", "change_percent", "bid", "ask", "volume", "quote_ts", "feed")
INDICES: Final = (
    "symbol",
    "name",
    "value",
    "change",
    "change_percent",
    "open",
    "high",
    "low",
    "value_ts",
    "feed",
)

# The session is the day of ts, but for weeks.
BARS: Final = (
    "symbol",
    "ts",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "vwap",
    "trades",
    "adjustment",
    "source",
    "feed",
)
# Who gave each group of a contract's columns.
SOURCES: Final = (
    "contract_symbol",
    "bid",
    "ask",
    "quote_source",
    "day_source",
    "greeks_source",
    "source",
    "confidence",
    "warnings",
)


def console() -> Console:
    """Return a console as wide as the terminal; elsewhere plain, as wide as COLUMNS says or every table needs."""
    probe = Console(highlight=False)
    if probe.is_terminal:
        return probe
    return Console(width=probe.width if os.environ.get("COLUMNS") else PLAIN_WIDTH, no_color=True, highlight=False)


def show_chain(out: Console, chain: pl.DataFrame, *, series: int, strikes: int) -> None:
    """Show the first live series of a chain around the money."""
    if chain.is_empty():
        out.print("no contracts pass these filters")
        return
    first = chain.row(0, named=True)
    price = "" if first["underlying_price"] is None else f" at {first['underlying_price']:,.2f}"
    n_series = chain.select("expiration", "root_symbol").n_unique()
    found = quality(chain)
    counted = f"{chain.height:,} contracts in {n_series} series"
    trust = f"confidence {found.confidence} ({found.quality})"
    _head(out, chain, f"{first['underlying_symbol']}{price} · {counted} · {trust}")
    if found.warnings:
        out.print(escape(f"{', '.join(found.warnings)}{f': {found.fallback_reason}' if found.fallback_reason else ''}"))
    parts = around_the_money(chain, series=series, strikes=strikes)
    for part, table in zip(parts, chain_tables(parts, width=out.width), strict=True):
        out.print()
        out.print(f"[bold]{escape(series_title(part))}[/bold]")
        out.print(table)


def show_quotes(out: Console, quotes: pl.DataFrame) -> None:
    """Show quotes of stocks and funds, one row each."""
    _head(out, quotes, _counted(quotes.height, "quote", "quotes"))
    out.print(frame_table(_telling(quotes.select(QUOTES), "feed"), width=out.width))


def show_indices(out: Console, indices: pl.DataFrame) -> None:
    """Show index values, one row each."""
    _head(out, indices, _counted(indices.height, "index", "indices"))
    out.print(frame_table(_telling(indices.select(INDICES), "feed"), width=out.width))


def show_bars(out: Console, bars: pl.DataFrame, *, rows: int) -> None:
    """Show the first bars; say how many there are, and what their prices are adjusted for."""
    if bars.is_empty():
        out.print("no bars in this range")
        return
    symbols = bars.get_column("symbol").unique(maintain_order=True).to_list()
    named = ", ".join(symbols) if len(symbols) <= MOST_NAMED else f"{len(symbols):,} symbols"
    heading = f"{named} · {_counted(bars.height, 'bar', 'bars')}"
    adjustments = bars.get_column("adjustment").unique().to_list()
    if len(adjustments) == 1 and adjustments[0] is not None:
        heading = f"{heading}, {ADJUSTED[adjustments[0]]}"
    _head(out, bars, heading)
    telling = _telling(bars.select(BARS), "symbol", "adjustment", "source", "feed")
    out.print(frame_table(telling.head(rows), width=out.width))


def show_sources(out: Console, chain: pl.DataFrame) -> None:
    """Show contracts with where each group of their columns came from."""
    out.print(frame_table(chain.select(SOURCES), width=out.width))


def _head(out: Console, frame: pl.DataFrame, text: str) -> None:
    out.print(headline(frame, text))


def headline(frame: pl.DataFrame, text: str) -> str:
    """Return a heading that ends in the worst feed of the rows, unless that is real time; as rich's markup."""
    worst = frame.get_column("feed").min() if "feed" in frame.columns else None
    word = FEED_WORDS.get(str(worst))
    return escape(text) + (f"  [bold]{word}[/bold]" if word else "")


def _telling(frame: pl.DataFrame, *said: str) -> pl.DataFrame:
    """Return a frame without those of the columns that the heading has said: the same in every row."""
    return frame.drop([name for name in said if name in frame.columns and frame.get_column(name).n_unique() == 1])


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
