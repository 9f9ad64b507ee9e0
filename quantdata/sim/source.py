"""What the servers need of a market; `Market` is the one that ships, tests bring a handful of literal rows.

Symbols are bare: ``"SPY"``, ``"SPX"``, ``"SPXW261218C05800000"``. Days are New York dates, moments aware datetimes,
ticks int64 nanoseconds since the epoch (UTC). ``at`` is the moment up to which the caller may see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from quantdata.sim.tape import OptionTape
    from quantdata.sim.views import (
        Bars,
        ChainView,
        Dividend,
        EquityView,
        Floats,
        IndexView,
        Ints,
        Listing,
        Quotes,
        Split,
        SurfaceView,
        Trades,
    )

__all__ = ["MarketSource"]


class MarketSource(Protocol):
    """A market that can be looked at, at any moment, as often as wanted."""

    @property
    def equities(self) -> Sequence[str]:
        """Stocks and funds that are quoted."""
        ...

    @property
    def indices(self) -> Sequence[str]:
        """Indices that are calculated."""
        ...

    @property
    def underlyings(self) -> Sequence[str]:
        """Stocks, funds and indices that have listed options."""
        ...

    def listing(self, underlying: str, day: date) -> Listing:
        """Return the contracts that are listed on a day."""
        ...

    def chain(self, underlying: str, at: datetime) -> ChainView:
        """Return every listed contract at a moment."""
        ...

    def surface(self, underlying: str, at: datetime) -> SurfaceView:
        """Return what the market's own model says of every listed contract at a moment."""
        ...

    def equity(self, symbol: str, at: datetime) -> EquityView:
        """Return a stock or fund at a moment."""
        ...

    def index(self, ticker: str, at: datetime) -> IndexView:
        """Return an index at a moment."""
        ...

    def minute_bars(self, symbol: str, day: date, at: datetime | None = None) -> Bars:
        """Return the minute bars of a day."""
        ...

    def daily_bars(self, symbol: str, start: date, end: date, at: datetime | None = None) -> Bars:
        """Return the daily bars of a range of days, both ends included."""
        ...

    def trades(self, symbol: str, start_ns: int, end_ns: int) -> Trades:
        """Return the tape from ``start_ns`` up to and without ``end_ns``."""
        ...

    def quotes(self, symbol: str, start_ns: int, end_ns: int) -> Quotes:
        """Return the best bids and offers from ``start_ns`` up to and without ``end_ns``."""
        ...

    def option_quotes(self, underlying: str, rows: Ints, start_ns: int, end_ns: int) -> tuple[Ints, Quotes]:
        """Return the quotes of some rows of a listing that came out after ``start_ns``, up to and with ``end_ns``."""
        ...

    def option_prices(self, underlying: str, rows: Ints, at: datetime, instants_ns: Ints) -> tuple[Floats, Floats]:
        """Return the bid and ask that stood for some rows of the listing of a day, each at an instant of it."""
        ...

    def option_tape(self, underlying: str, at: datetime) -> OptionTape:
        """Return every trade of the newest session at a moment; rows are those of the day's listing."""
        ...

    def splits(self, symbol: str) -> Sequence[Split]:
        """Return every split of a stock."""
        ...

    def dividends(self, symbol: str) -> Sequence[Dividend]:
        """Return every cash dividend of a stock."""
        ...
