"""What contracts of one series say of each other: columns with the prices next door, for the rules across rows.

Only what can be dealt on is compared: two-sided quotes that are not crossed, of contracts that are not adjusted, made
within five seconds of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quantdata.validation.arrays import equals, floats, series, with_series
from quantdata.validation.bounds import SAME_INSTANT_US

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

__all__ = ["NEIGHBOURS", "SERIES", "with_neighbours"]

# Contracts that differ in strike and type alone; SPX and SPXW never mix.
SERIES: Final = ("underlying_symbol", "root_symbol", "expiration", "multiplier")
# What a contract's quote is held against:
NEIGHBOURS: Final = (
    "dominating_ask",  # ask of the next contract worth no less: of a lower strike for a call, of a higher for a put
    "wings_ask",  # what the next strikes on both sides cost together, weighted so that their mean is this strike
    "synthetic",  # mid of the call less mid of the put at this strike
    "synthetic_width",  # half the spreads of both
)
NOWHERE: Final = -1


class _Rows(NamedTuple):
    """What decides who is whose neighbour, one item a row; NaN where it is not known."""

    is_usable: Flags
    is_call: Flags
    run: Places  # root and expiration, which are together in canonical order
    multiplier: Floats
    strike: Floats
    quoted_us: Floats


def with_neighbours(chain: pl.DataFrame) -> pl.DataFrame:
    """Return a chain in canonical order with the columns of `NEIGHBOURS`; null where there is none to compare with.

    It comes with the columns of `quantdata.validation.bounds.with_bounds`.
    """
    rows = _rows(chain)
    lower, higher = _next_strikes(rows)
    mate = _mates(rows)
    ask, mid, spread = floats(chain, "ask", "mid", "spread")
    sign = np.where(rows.is_call, 1.0, -1.0)
    values = (
        np.where(rows.is_call, _at(ask, lower), _at(ask, higher)),
        _wings_ask(rows, ask, lower, higher),
        sign * (mid - _at(mid, mate)),
        (spread + _at(spread, mate)) / 2,
    )
    return with_series(chain, (series(name, each) for name, each in zip(NEIGHBOURS, values, strict=True)))


def _rows(chain: pl.DataFrame) -> _Rows:
    bid, ask, is_two_sided, is_adjusted = floats(chain, "bid", "ask", "is_two_sided", "is_adjusted")
    sign, multiplier, strike, quoted_us = floats(chain, "sign", "multiplier", "strike", "quote_ts")
    is_known = ~np.isnan(sign + multiplier + quoted_us)
    is_usable = (is_two_sided == 1) & (bid <= ask) & (is_adjusted == 0) & (strike > 0) & is_known
    return _Rows(is_usable, sign == 1, _runs(chain), multiplier, strike, quoted_us)


def _runs(chain: pl.DataFrame) -> Places:
    """Return a number for each run of rows of one root and expiration; where either is null each row is its own."""
    starts = np.zeros(chain.height, dtype=np.bool_)
    for name in ("root_symbol", "expiration"):
        column = chain.get_column(name)
        starts[1:] |= equals(column.slice(1), column.slice(0, max(0, chain.height - 1))) != 1
    return np.cumsum(starts)


def _next_strikes(rows: _Rows) -> tuple[Places, Places]:
    """Return the place of the next lower and of the next higher strike of each row."""
    lower, higher = (_nowhere(rows) for _ in range(2))
    for of_type in (rows.is_call, ~rows.is_call):
        places = np.flatnonzero(of_type & rows.is_usable)
        below, above = places[:-1], places[1:]
        is_next = _are_comparable(rows, below, above) & (rows.strike[below] < rows.strike[above])
        lower[above[is_next]] = below[is_next]
        higher[below[is_next]] = above[is_next]
    return lower, higher


def _mates(rows: _Rows) -> Places:
    """Return the place of the put at a call's strike and of the call at a put's: in canonical order the next one."""
    mates = _nowhere(rows)
    places = np.flatnonzero(rows.is_usable)
    one, other = places[:-1], places[1:]
    is_pair = _are_comparable(rows, one, other) & (rows.strike[one] == rows.strike[other])
    is_pair &= rows.is_call[one] & ~rows.is_call[other]
    mates[one[is_pair]] = other[is_pair]
    mates[other[is_pair]] = one[is_pair]
    return mates


def _are_comparable(rows: _Rows, one: Places, other: Places) -> Flags:
    are_comparable: Flags = (rows.run[one] == rows.run[other]) & (rows.multiplier[one] == rows.multiplier[other])
    are_comparable &= _at_once(rows, one, other)
    return are_comparable


def _at_once(rows: _Rows, one: Places, other: Places) -> Flags:
    at_once: Flags = np.abs(rows.quoted_us[one] - rows.quoted_us[other]) <= SAME_INSTANT_US
    return at_once


def _wings_ask(rows: _Rows, ask: Floats, lower: Places, higher: Places) -> Floats:
    """Return what the strikes on both sides of each row cost; NaN without both, or if not quoted at once."""
    wings_ask = np.full(ask.size, np.nan)
    body = np.flatnonzero((lower != NOWHERE) & (higher != NOWHERE))
    low, high = lower[body], higher[body]
    weight = (rows.strike[high] - rows.strike[body]) / (rows.strike[high] - rows.strike[low])
    costs = weight * ask[low] + (1.0 - weight) * ask[high]
    wings_ask[body] = np.where(_at_once(rows, low, high), costs, np.nan)
    return wings_ask


def _nowhere(rows: _Rows) -> Places:
    return np.full(rows.strike.size, NOWHERE, dtype=np.intp)


def _at(values: Floats, places: Places) -> Floats:
    """Return the values at some places; NaN for nowhere, which is the last."""
    return np.append(values, np.nan)[places]
