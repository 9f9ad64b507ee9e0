"""What the endpoints share: which instrument a ticker names, and the lists and chains already prepared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantdata.errors import SymbolError
from quantdata.sessions import session_day
from quantdata.sim.cache import BuildOnce
from quantdata.sim.massive.chain_rows import ChainRows
from quantdata.sim.massive.contracts import ContractIndex
from quantdata.sim.massive.refusals import bad_parameter
from quantdata.sim.plans import AssetClass, Plan
from quantdata.sim.timeline import FIRST_DAY, LAST_DAY
from quantdata.sim.universe import asset
from quantdata.symbols import parse_option

if TYPE_CHECKING:
    from datetime import date, datetime

    from quantdata.sim.source import MarketSource

__all__ = ["Catalog", "Instrument"]

_LISTINGS_KEPT = 64
_CHAINS_KEPT = 24
# A chain takes megabytes, and a moving clock makes a new one every second: of each the newest two are kept.
_MOMENTS_KEPT = 2


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a vendor ticker names: ``O:SPXW261218C05800000``, ``I:SPX`` or ``SPY``."""

    ticker: str
    symbol: str
    asset: AssetClass
    underlying: str = ""
    expiration: date | None = None


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
        self._listings: BuildOnce[ContractIndex] = BuildOnce(_LISTINGS_KEPT)
        self._chains: BuildOnce[BuildOnce[ChainRows]] = BuildOnce(_CHAINS_KEPT)

    def instrument(self, ticker: str) -> Instrument | None:
        """Return what a ticker names; None when the market has no such thing. Case matters, as at the vendor."""
        if ticker.startswith("O:"):
            return self._option(ticker)
        if ticker.startswith("I:"):
            symbol = ticker.removeprefix("I:")
            return Instrument(ticker, symbol, AssetClass.INDICES) if symbol in self._indices else None
        return Instrument(ticker, ticker, AssetClass.STOCKS) if ticker in self._equities else None

    def _option(self, ticker: str) -> Instrument | None:
        try:
            parsed = parse_option(ticker)
            underlying = parsed.underlying
        except SymbolError:
            return None
        if parsed.massive != ticker or underlying not in self._underlyings:
            return None
        return Instrument(ticker, parsed.occ, AssetClass.OPTIONS, underlying, parsed.expiration)

    def is_listed(self, instrument: Instrument, now: datetime) -> bool:
        """Say whether a contract is, or was until it expired, listed; True for all that is no option."""
        if instrument.expiration is None:
            return True
        day = min(session_day(now), instrument.expiration)
        return day >= FIRST_DAY and self.listing(instrument.underlying, day).find(instrument.ticker) is not None

    def chain_symbol(self, ticker: str) -> str | None:
        """Return the bare symbol of a chain's underlying; None when it has no options. Indices need their ``I:``."""
        symbol = ticker.removeprefix("I:")
        if symbol not in self._underlyings or ticker.startswith("I:") != self.is_index(symbol):
            return None
        return symbol

    def is_index(self, symbol: str) -> bool:
        """Say whether a bare symbol is an index."""
        return symbol in self._indices

    def name(self, symbol: str) -> str:
        """Return the name of a stock, fund or index."""
        return asset(symbol).name

    def listing(self, underlying: str, day: date) -> ContractIndex:
        """Return the contracts on one underlying that are listed on a day.

        Raises
        ------
        Refusal
            400 if the day is outside the simulated years.
        """
        _check_simulated(day)
        return self._listings.get(
            (underlying, day),
            lambda: ContractIndex([self.market.listing(underlying, day)]),
        )

    def all_listings(self, day: date) -> ContractIndex:
        """Return the contracts on every underlying that are listed on a day; raises as `listing`."""
        _check_simulated(day)
        return self._listings.get(
            ("*", day),
            lambda: ContractIndex([self.market.listing(each, day) for each in self.market.underlyings]),
        )

    def chain(self, underlying: str, *, plan: Plan, at: datetime) -> ChainRows:
        """Return a chain's rows at a moment, as a plan sees them."""

        def build() -> ChainRows:
            view = self.market.chain(underlying, at)
            index = self.listing(underlying, session_day(at))
            if len(index) != len(view.bid):
                # A chain may drop what expired during the day; its own list is then the right one.
                index = ContractIndex([view.listing])
            return ChainRows(view, index=index, plan=plan, is_index=self.is_index(underlying))

        moments = self._chains.get((underlying, plan.name), lambda: BuildOnce(_MOMENTS_KEPT))
        return moments.get(at, build)


def _check_simulated(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise bad_parameter("as_of", str(day), f"a day from {FIRST_DAY} to {LAST_DAY}")
