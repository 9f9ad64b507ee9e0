"""Rows of the option snapshots: a chain's columns turned into the vendor's nested JSON, one row at a time.

Rows are written when first asked for and kept, so a page is a join of bytes. Blocks are absent in the ways that the
live service shows: the plan lacks it, the key is missing; nothing to show, it is ``{}`` or missing.

References
----------
Row fields, order and presence: reference/massive.md §3.1 and recorded pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from quantdata.sim.plans import AssetClass, Plan, Product

if TYPE_CHECKING:
    from quantdata.sim.massive.contracts import ContractIndex
    from quantdata.sim.views import ChainView, Floats

__all__ = ["ChainRows", "spell", "timeframe"]

EMPTY: dict[str, Any] = {}


class Day(msgspec.Struct, kw_only=True):
    """The newest daily bar; ``last_updated`` is midnight New York of its session."""

    change: float | UnsetType = UNSET
    change_percent: float | UnsetType = UNSET
    close: float
    high: float
    last_updated: int
    low: float
    open: float
    previous_close: float | UnsetType = UNSET
    volume: float
    vwap: float


class Greeks(msgspec.Struct):
    """Theta per calendar day, vega per volatility point."""

    delta: float
    gamma: float
    theta: float
    vega: float


class LastQuote(msgspec.Struct):
    """The best bid and offer, sizes in contracts."""

    ask: float
    ask_size: int
    ask_exchange: int
    bid: float
    bid_size: int
    bid_exchange: int
    last_updated: int
    midpoint: float
    timeframe: str


class LastTrade(msgspec.Struct):
    """The newest trade."""

    sip_timestamp: int
    conditions: list[int]
    price: float
    size: int
    exchange: int
    timeframe: str


class Underlying(msgspec.Struct, kw_only=True):
    """The underlying: ``price`` of a stock, ``value`` of an index, the ticker alone where the plan lacks it."""

    change_to_break_even: float | UnsetType = UNSET
    last_updated: int | UnsetType = UNSET
    price: float | UnsetType = UNSET
    value: float | UnsetType = UNSET
    ticker: str
    timeframe: str | UnsetType = UNSET


class Row(msgspec.Struct):
    """One contract of a chain."""

    break_even_price: float | UnsetType
    day: Day | dict[str, Any]
    details: msgspec.Raw
    greeks: Greeks | dict[str, Any] | UnsetType
    implied_volatility: float | UnsetType
    last_quote: LastQuote | dict[str, Any] | UnsetType
    last_trade: LastTrade | dict[str, Any] | UnsetType
    open_interest: int
    underlying_asset: Underlying
    fmv: float | UnsetType
    fmv_last_updated: int | UnsetType


def spell(values: Floats, digits: int | None = None) -> list[float]:
    """Return numbers as the vendor prints them: rounded, whole ones without ``.0``."""
    rounded = values if digits is None else np.round(values, digits)
    spelled: list[float] = rounded.tolist()
    for place in np.flatnonzero(np.isfinite(rounded) & (rounded == np.floor(rounded))).tolist():
        spelled[place] = int(spelled[place])
    return spelled


def timeframe(plan: Plan, asset: AssetClass) -> str:
    """Return the vendor's word for how late a plan's data is."""
    return "DELAYED" if plan.is_delayed(asset) else "REAL-TIME"


class ChainRows:
    """One chain at one moment, as one plan sees it.

    Parameters
    ----------
    view
        The market's columns.
    index
        The same contracts, in the same order.
    plan
        Which blocks to write.
    is_index
        The underlying is an index: ``I:`` before its ticker, ``value`` for ``price``.
    """

    def __init__(self, view: ChainView, *, index: ContractIndex, plan: Plan, is_index: bool) -> None:
        self.index = index
        self.view = view
        options, under = AssetClass.OPTIONS, AssetClass.INDICES if is_index else AssetClass.STOCKS
        self._has_quotes = plan.allows(options, Product.QUOTES)
        self._has_trades = plan.allows(options, Product.TRADES)
        self._has_underlying = plan.allows(under, Product.UNDERLYING)
        self._has_fair_value = plan.has_fair_value
        self._timeframe = timeframe(plan, options)
        self._under_timeframe = timeframe(plan, under)
        self._is_index = is_index
        self._underlying_ticker = f"I:{view.listing.underlying}" if is_index else view.listing.underlying
        self._underlying_price = spell(np.array([view.underlying_price]), 4)[0]
        self._rows: list[bytes | None] = [None] * len(view.bid)
        self._spell(view)

    def _spell(self, view: ChainView) -> None:
        """Turn the columns into Python numbers, rounded as the vendor's are."""
        midpoint = (view.bid + view.ask) / 2
        is_call = view.listing.is_call
        break_even = view.listing.strike + np.where(is_call, midpoint, -midpoint)
        with np.errstate(divide="ignore", invalid="ignore"):
            change = view.close - view.prev_close
            change_percent = 100 * change / view.prev_close
        self._bid, self._ask = spell(view.bid, 4), spell(view.ask, 4)
        self._bid_size, self._ask_size = view.bid_size.tolist(), view.ask_size.tolist()
        self._bid_exchange, self._ask_exchange = view.bid_exchange.tolist(), view.ask_exchange.tolist()
        self._quote_ts = view.quote_ts.tolist()
        self._midpoint = spell(midpoint, 4)
        self._break_even = spell(break_even, 4)
        self._to_break_even = spell(break_even - view.underlying_price, 4)
        self._volatility = spell(view.implied_volatility)
        self._delta, self._gamma = spell(view.delta), spell(view.gamma)
        self._theta, self._vega = spell(view.theta), spell(view.vega)
        self._has_greeks = (np.isfinite(view.implied_volatility) & np.isfinite(view.delta)).tolist()
        self._open_interest = view.open_interest.tolist()
        self._day_ts = view.day_ts.tolist()
        self._open, self._high = spell(view.open, 4), spell(view.high, 4)
        self._low, self._close = spell(view.low, 4), spell(view.close, 4)
        self._volume, self._vwap = view.volume.tolist(), spell(view.vwap, 4)
        self._prev_close = spell(view.prev_close, 4)
        self._has_prev_close = (view.prev_close > 0).tolist()
        self._change, self._change_percent = spell(change, 4), spell(change_percent, 3)
        self._last, self._last_size = spell(view.last, 4), view.last_size.tolist()
        self._last_exchange, self._last_condition = view.last_exchange.tolist(), view.last_condition.tolist()
        self._last_ts = view.last_ts.tolist()

    def encoded(self, position: int) -> bytes:
        """Return a contract's row as JSON."""
        known = self._rows[position]
        if known is None:
            known = self._rows[position] = msgspec.json.encode(self.row(position))
        return known

    def row(self, position: int) -> Row:
        """Return a contract's row."""
        i = position
        is_quoted = self._quote_ts[i] > 0 and self._ask[i] + self._bid[i] > 0
        has_fair_value = self._has_fair_value and is_quoted
        return Row(
            break_even_price=self._break_even[i] if self._has_quotes and is_quoted else UNSET,
            day=self.day(i),
            details=self.index.details(i),
            greeks=self.greeks(i),
            implied_volatility=self._volatility[i] if self._has_greeks[i] else UNSET,
            last_quote=self.last_quote(i),
            last_trade=self.last_trade(i),
            open_interest=self._open_interest[i],
            underlying_asset=self.underlying(i),
            fmv=self._midpoint[i] if has_fair_value else UNSET,
            fmv_last_updated=self._quote_ts[i] if has_fair_value else UNSET,
        )

    def day(self, i: int) -> Day | dict[str, Any]:
        """Return the daily bar; ``{}`` when the contract never traded."""
        if self._day_ts[i] == 0:
            return EMPTY
        day = Day(
            close=self._close[i],
            high=self._high[i],
            last_updated=self._day_ts[i],
            low=self._low[i],
            open=self._open[i],
            volume=self._volume[i],
            vwap=self._vwap[i],
        )
        if self._has_prev_close[i]:
            day.change = self._change[i]
            day.change_percent = self._change_percent[i]
            day.previous_close = self._prev_close[i]
        return day

    def greeks(self, i: int) -> Greeks | dict[str, Any] | UnsetType:
        """Return the greeks; where none can be computed ``{}``, and no key at all without a bid: both are seen live."""
        if self._has_greeks[i]:
            return Greeks(self._delta[i], self._gamma[i], self._theta[i], self._vega[i])
        return EMPTY if self._bid[i] > 0 else UNSET

    def last_quote(self, i: int) -> LastQuote | dict[str, Any] | UnsetType:
        """Return the quote; ``{}`` when there is none, no key when the plan has none."""
        if not self._has_quotes:
            return UNSET
        if self._quote_ts[i] == 0 or self._ask[i] + self._bid[i] <= 0:
            return EMPTY
        return LastQuote(
            ask=self._ask[i],
            ask_size=self._ask_size[i],
            ask_exchange=self._ask_exchange[i],
            bid=self._bid[i],
            bid_size=self._bid_size[i],
            bid_exchange=self._bid_exchange[i],
            last_updated=self._quote_ts[i],
            midpoint=self._midpoint[i],
            timeframe=self._timeframe,
        )

    def last_trade(self, i: int) -> LastTrade | dict[str, Any] | UnsetType:
        """Return the newest trade; ``{}`` when there is none, no key when the plan has none."""
        if not self._has_trades:
            return UNSET
        if self._last_ts[i] == 0:
            return EMPTY
        return LastTrade(
            sip_timestamp=self._last_ts[i],
            conditions=[self._last_condition[i]],
            price=self._last[i],
            size=self._last_size[i],
            exchange=self._last_exchange[i],
            timeframe=self._timeframe,
        )

    def underlying(self, i: int) -> Underlying:
        """Return the underlying, with its price when the plan has it."""
        underlying = Underlying(ticker=self._underlying_ticker)
        if not self._has_underlying:
            return underlying
        if self._quote_ts[i] > 0:
            underlying.change_to_break_even = self._to_break_even[i]
        underlying.last_updated = self.view.underlying_ts
        if self._is_index:
            underlying.value = self._underlying_price
        else:
            underlying.price = self._underlying_price
        underlying.timeframe = self._under_timeframe
        return underlying
