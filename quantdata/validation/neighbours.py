"""What contracts of one series say of each other: columns with the prices next door, for the rules across rows.

Only what can be dealt on is compared: two-sided quotes that are not crossed, of contracts that are not adjusted, made
within five seconds of each other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quantdata.validation.bounds import SAME_INSTANT, is_two_sided

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

__all__ = ["NEIGHBOURS", "SERIES", "with_neighbours"]

# Contracts that differ in strike and type alone; SPX and SPXW never mix.
SERIES: Final = ("underlying_symbol", "root_symbol", "expiration", "multiplier")
# Strike and ask of the next lower and next higher strike of the same type; middle and spread of the other type.
NEIGHBOURS: Final = ("lower_strike", "lower_ask", "higher_strike", "higher_ask", "mate_mid", "mate_spread")
NOWHERE: Final = -1
_SAME_INSTANT_US: Final = SAME_INSTANT // timedelta(microseconds=1)


class _Rows(NamedTuple):
    """What decides who is whose neighbour, one item a row."""

    series: Places
    is_call: NDArray[np.bool_]
    is_usable: NDArray[np.bool_]
    strike: NDArray[np.float64]
    quoted_us: Places


def with_neighbours(chain: pl.DataFrame) -> pl.DataFrame:
    """Return a chain in canonical order with the columns of `NEIGHBOURS`; null where there is none to compare with."""
    rows = _rows(chain)
    lower, higher = _next_strikes(rows)
    mate = _mates(rows)
    columns = {
        "lower_strike": ("strike", lower),
        "lower_ask": ("ask", lower),
        "higher_strike": ("strike", higher),
        "higher_ask": ("ask", higher),
        "mate_mid": ("mid", mate),
        "mate_spread": ("spread", mate),
    }
    return chain.with_columns(_taken(chain, *of, name=name) for name, of in columns.items())


def _rows(chain: pl.DataFrame) -> _Rows:
    usable = (
        is_two_sided()
        & (pl.col("bid") <= pl.col("ask"))
        & ~pl.col("is_adjusted")
        & pl.col("quote_ts").is_not_null()
        & pl.col("strike").is_not_null()
        & pl.col("option_type").is_not_null()
    )
    told = chain.select(
        pl.struct(SERIES).rle_id().cast(pl.Int64),
        (pl.col("option_type") == "call").fill_null(value=False),
        usable.fill_null(value=False).alias("is_usable"),
        pl.col("strike").fill_null(0.0),
        pl.col("quote_ts").to_physical().fill_null(0),
    )
    return _Rows(*(column.to_numpy() for column in told))


def _next_strikes(rows: _Rows) -> tuple[Places, Places]:
    """Return the place of the next lower and of the next higher strike of each row."""
    lower, higher = (np.full(rows.strike.size, NOWHERE, dtype=np.int64) for _ in range(2))
    for of_type in (rows.is_call, ~rows.is_call):
        places = np.flatnonzero(of_type & rows.is_usable)
        below, above = places[:-1], places[1:]
        is_next = (rows.series[below] == rows.series[above]) & (rows.strike[below] < rows.strike[above])
        is_next &= np.abs(rows.quoted_us[below] - rows.quoted_us[above]) <= _SAME_INSTANT_US
        lower[above[is_next]] = below[is_next]
        higher[below[is_next]] = above[is_next]
    return lower, higher


def _mates(rows: _Rows) -> Places:
    """Return the place of the put at a call's strike and of the call at a put's: in canonical order the next row."""
    mates = np.full(rows.strike.size, NOWHERE, dtype=np.int64)
    calls = np.flatnonzero(rows.is_call[:-1] & ~rows.is_call[1:] & rows.is_usable[:-1] & rows.is_usable[1:])
    is_pair = (rows.series[calls] == rows.series[calls + 1]) & (rows.strike[calls] == rows.strike[calls + 1])
    is_pair &= np.abs(rows.quoted_us[calls] - rows.quoted_us[calls + 1]) <= _SAME_INSTANT_US
    mates[calls[is_pair]] = calls[is_pair] + 1
    mates[calls[is_pair] + 1] = calls[is_pair]
    return mates


def _taken(chain: pl.DataFrame, column: str, places: Places, *, name: str) -> pl.Series:
    """Return the values of a column at some places; null for nowhere."""
    if chain.is_empty():
        return pl.Series(name, [], dtype=pl.Float64)
    values = np.where(places == NOWHERE, np.nan, chain.get_column(column).to_numpy()[places])
    return pl.Series(name, values, nan_to_null=True)
