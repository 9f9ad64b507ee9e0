"""Rows of options: a chain's columns turned into the vendor's flat JSON.

References
----------
Fields and their order: reference/tradier.md §5.1 and recorded chains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from quantdata.sessions import expiration_type
from quantdata.sim.tradier.day import Day, milliseconds
from quantdata.symbols import root_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from quantdata.sim.tradier.greeks import Greeks
    from quantdata.sim.views import ChainView, Floats

    Rows = NDArray[np.intp]

__all__ = ["OptionRow", "letters", "option_rows", "series_type"]

_FIRST_OPRA_ID = 300
_TYPES = {"standard": "standard", "weekly": "weeklys", "quarterly": "quarterlys", "eom": "eom"}


class OptionRow(msgspec.Struct):
    """One contract in the vendor's order."""

    symbol: str
    description: str
    exch: str
    type: str
    last: float | None
    change: float | None
    volume: int
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    bid: float
    ask: float
    underlying: str
    strike: float
    greeks: Greeks | None
    change_percentage: float | None
    average_volume: int
    last_volume: int
    trade_date: int
    prevclose: float | None
    week_52_high: float
    week_52_low: float
    bidsize: int
    bidexch: str | None
    bid_date: int
    asksize: int
    askexch: str | None
    ask_date: int
    open_interest: int
    contract_size: int
    expiration_date: str
    expiration_type: str
    option_type: str
    root_symbol: str


def option_rows(
    view: ChainView, places: Rows, *, underlying: str, greeks: Mapping[str, Greeks], day: Day
) -> Sequence[OptionRow]:
    """Return some rows of a chain.

    Parameters
    ----------
    view, places
        The chain, and which of its rows.
    underlying
        The vendor's symbol of the underlying.
    greeks
        By option symbol; a contract that is not among them has none.
    day
        What counts as today.
    """
    columns = _columns(view, places, day)
    return [
        OptionRow(underlying=underlying, greeks=greeks.get(row["symbol"]), **_FIXED, **row)
        for row in (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    ]


_FIXED: dict[str, Any] = {
    "exch": "Z",
    "type": "option",
    "average_volume": 0,
    "week_52_high": 0.0,  # 0.0 means that there is none
    "week_52_low": 0.0,
}


def _columns(view: ChainView, places: Rows, day: Day) -> dict[str, list[Any]]:
    listing = view.listing
    has_traded = view.last_ts[places] > 0
    is_today = has_traded & (view.volume[places] > 0) & (view.day_ts[places] == day.trading_midnight_ns)
    last = view.last[places]
    # Of an older day only the last price is left, and it is the close before.
    before = np.where(is_today, view.prev_close[places], last)
    before = np.where(has_traded & (before > 0.0), before, np.nan)
    change = np.round(last - before, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        percentage = np.round(100.0 * change / before, 2)
    terms = [_terms(*each) for each in zip(*(getattr(listing, name)[places].tolist() for name in _TERMS), strict=True)]
    quoted_ms = milliseconds(view.quote_ts[places], whole_seconds=True).tolist()
    return {
        "symbol": listing.symbol[places].tolist(),
        "description": [each[0] for each in terms],
        "expiration_date": [each[1] for each in terms],
        "expiration_type": [each[2] for each in terms],
        "last": _or_null(last, has_traded),
        "change": _or_null(change, np.isfinite(change)),
        "volume": np.where(is_today, view.volume[places], 0).tolist(),
        **{name: _or_null(getattr(view, name)[places], is_today) for name in ("open", "high", "low")},
        "close": _or_null(view.close[places], is_today & day.is_over),
        "bid": view.bid[places].tolist(),
        "ask": view.ask[places].tolist(),
        "strike": listing.strike[places].tolist(),
        "change_percentage": _or_null(percentage, np.isfinite(percentage)),
        "last_volume": view.last_size[places].tolist(),
        "trade_date": milliseconds(view.last_ts[places]).tolist(),
        "prevclose": _or_null(before, np.isfinite(before)),
        "bidsize": view.bid_size[places].tolist(),
        # An exchange stands there even where it bids nothing.
        "bidexch": letters(
            np.where(view.bid_exchange[places] > 0, view.bid_exchange[places], view.ask_exchange[places])
        ),
        "bid_date": quoted_ms,
        "asksize": view.ask_size[places].tolist(),
        "askexch": letters(view.ask_exchange[places]),
        "ask_date": quoted_ms,
        "open_interest": view.open_interest[places].tolist(),
        "contract_size": listing.multiplier[places].tolist(),
        "option_type": ["call" if is_call else "put" for is_call in listing.is_call[places].tolist()],
        "root_symbol": listing.root[places].tolist(),
    }


_TERMS = ("root", "expiration", "strike", "is_call")


def _terms(root: str, expiration: date, strike: float, is_call: bool) -> tuple[str, str, str]:  # noqa: FBT001 - a row
    """Return a contract's description, and its expiration with its type."""
    kind = "Call" if is_call else "Put"
    name = f"{root} {expiration:%b} {expiration.day} {expiration.year} ${strike:.2f} {kind}"
    return name, expiration.isoformat(), series_type(root, expiration)


def series_type(root: str, expiration: date) -> str:
    """Return the vendor's word for a series: a weekly root has no standard one, an AM-settled index no other."""
    facts = root_facts(root)
    kind = _TYPES[expiration_type(expiration)]
    if facts.exercise_style == "american":
        return kind
    if root == facts.underlying:
        return "standard"
    return "weeklys" if kind == "standard" else kind


def letters(ids: NDArray[np.int64]) -> list[str | None]:
    """Return the letters of OPRA participants: A is 300; None for none."""
    return [chr(ord("A") + each - _FIRST_OPRA_ID) if each else None for each in ids.tolist()]


def _or_null(values: Floats, is_known: NDArray[np.bool_]) -> list[float | None]:
    return [value if known else None for value, known in zip(values.tolist(), is_known.tolist(), strict=True)]
