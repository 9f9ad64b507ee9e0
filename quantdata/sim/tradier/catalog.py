"""What the endpoints share: which instrument a symbol names, and the chains and greeks already prepared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from quantdata.errors import SymbolError
from quantdata.sessions import session_day
from quantdata.sim.cache import BuildOnce
from quantdata.sim.timeline import day_ns, moment_of
from quantdata.sim.tradier.greeks import greeks_of, stamp_before
from quantdata.sim.universe import asset
from quantdata.sim.windows import Window, gather
from quantdata.symbols import parse_option, root_facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import numpy as np

    from quantdata.sim.source import MarketSource
    from quantdata.sim.tradier.greeks import Greeks
    from quantdata.sim.views import ChainView, SurfaceView

__all__ = ["Catalog", "Instrument", "Kind", "Year", "vendor_symbol"]

Kind = Literal["stock", "etf", "index", "option"]

_UNDERLYINGS_KEPT = 24
# A moving clock makes a new chain every second, and each host sees its own: of each the newest few are kept.
_MOMENTS_KEPT = 4
_GREEKS_KEPT = 512
_YEARS_KEPT = 64
_ALL = 100_000
_AVERAGE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a vendor symbol names.

    Attributes
    ----------
    symbol
        The vendor's spelling: ``BRK/B``.
    own
        The market's: ``BRK.B``.
    underlying
        The market's symbol of an option's underlying.
    """

    symbol: str
    own: str
    kind: Kind
    underlying: str = ""
    expiration: date | None = None


@dataclass(frozen=True, slots=True)
class Year:
    """What the days before one say of a stock, fund or index; None where there are no such days."""

    high: float | None
    low: float | None
    average_volume: int


def vendor_symbol(own: str) -> str:
    """Return the vendor's spelling of a stock, fund or index."""
    return own.replace(".", "/")


class Catalog:
    """The market, looked up and prepared for the wire; safe to use from several threads.

    Parameters
    ----------
    market
        Where everything comes from.
    """

    def __init__(self, market: MarketSource) -> None:
        self.market = market
        self._equities = frozenset(market.equities)
        self._indices = frozenset(market.indices)
        self._underlyings = frozenset(market.underlyings)
        self._chains: BuildOnce[BuildOnce[ChainView]] = BuildOnce(_UNDERLYINGS_KEPT)
        self._places: BuildOnce[dict[str, int]] = BuildOnce(_UNDERLYINGS_KEPT)
        self._surfaces: BuildOnce[BuildOnce[SurfaceView]] = BuildOnce(_UNDERLYINGS_KEPT)
        self._greeks: BuildOnce[Mapping[str, Greeks]] = BuildOnce(_GREEKS_KEPT)
        self._years: BuildOnce[Year] = BuildOnce(_YEARS_KEPT)

    def instrument(self, text: str) -> Instrument | None:
        """Return what a symbol names, in any case; None when the market has no such thing."""
        symbol = text.upper()
        # A share class has a slash here; with the dot of others the vendor does not know it.
        own = symbol.replace("/", ".") if "." not in symbol else ""
        if own in self._equities:
            return Instrument(symbol, own, "etf" if asset(own).is_fund else "stock")
        if own in self._indices:
            return Instrument(symbol, own, "index")
        return self._option(symbol)

    def _option(self, symbol: str) -> Instrument | None:
        try:
            parsed = parse_option(symbol)
            underlying = parsed.underlying
        except SymbolError:
            return None
        if parsed.tradier != symbol or underlying not in self._underlyings:
            return None
        return Instrument(symbol, symbol, "option", underlying, parsed.expiration)

    def instruments(self) -> list[Instrument]:
        """Return every stock, fund and index."""
        found = (self.instrument(vendor_symbol(own)) for own in (*self.market.equities, *self.market.indices))
        return [each for each in found if each is not None]

    def chain_of(self, text: str) -> tuple[str, str | None] | None:
        """Return the underlying that a chain is asked for, and the root when it was named by one; None: neither."""
        instrument = self.instrument(text)
        if instrument is not None and instrument.own in self._underlyings:
            return instrument.own, None
        try:
            underlying = root_facts(text.upper()).underlying
        except SymbolError:
            return None
        return (underlying, text.upper()) if underlying in self._underlyings else None

    def chain(self, underlying: str, at: datetime) -> ChainView:
        """Return every listed contract on an underlying at a moment."""
        moments = self._chains.get(underlying, lambda: BuildOnce(_MOMENTS_KEPT))
        return moments.get(at, lambda: self.market.chain(underlying, at))

    def place(self, instrument: Instrument, at: datetime) -> int | None:
        """Return the row of an option in its chain at a moment; None when it is not, or no longer, listed."""
        listing = self.chain(instrument.underlying, at).listing

        def build() -> dict[str, int]:
            return {symbol: place for place, symbol in enumerate(listing.symbol.tolist())}

        return self._places.get((instrument.underlying, session_day(at)), build).get(instrument.own)

    def greeks(self, underlying: str, expiration: np.datetime64, at: datetime) -> Mapping[str, Greeks]:
        """Return the newest greeks of an expiration at a moment, by option symbol; they are made once an hour."""
        stamp = stamp_before(at)

        def build() -> Mapping[str, Greeks]:
            moments = self._surfaces.get(underlying, lambda: BuildOnce(_MOMENTS_KEPT))
            return greeks_of(moments.get(stamp, lambda: self.market.surface(underlying, stamp)), expiration)

        return self._greeks.get((underlying, expiration, stamp), build)

    def year(self, instrument: Instrument, day: date) -> Year:
        """Return the 52 weeks before a day, in that day's shares."""

        def build() -> Year:
            bars = gather(
                self.market,
                instrument.own,
                Window(1, "day"),
                start_ns=day_ns(day - timedelta(days=365)),
                end_ns=day_ns(day) - 1,
                until=moment_of(day_ns(day)),
                adjusted=True,
                limit=_ALL,
            )
            recent = bars.volume[bars.start >= day_ns(day - timedelta(days=_AVERAGE_DAYS))]
            if len(bars.start) == 0:
                return Year(None, None, 0)
            average = int(recent.mean()) if len(recent) else 0
            return Year(float(bars.high.max()), float(bars.low.min()), average)

        return self._years.get((instrument.own, day), build)
