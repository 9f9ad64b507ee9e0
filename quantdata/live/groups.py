"""The groups of columns that events change, each as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.frames import columns
from quantdata.frames.columns import CHAIN, EQUITY_QUOTES, INDEX_QUOTES, schema
from quantdata.frames.model import OF_THE_QUOTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantdata.frames.columns import Column

__all__ = [
    "DAY",
    "EQUITY_QUOTE",
    "EQUITY_TRADE",
    "INDEX_VALUE",
    "QUOTE",
    "STREAM",
    "TRADE",
    "Group",
]

# Events at one time are ordered by a number: of polls, when they were answered, in microseconds since 1970; of streams,
# which come after any poll, their sequence, counted from here.
STREAM: Final = 2**61
MOST_SEQUENCE: Final = 2**60


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that one event changes together.

    Attributes
    ----------
    key
        The column of symbols.
    dtypes
        The columns that events have, with their dtypes.
    stamp
        The column that tells when.
    source
        The column that tells who gave it.
    dependents
        What was worked out from the group by its vendor: it goes where the group goes. A stream has none of it; where
        one told anything, the model's stands from then on.
    is_polled
        Whether polls tell when; else theirs are those of the last answer (`DAY`).
    is_confirming
        Whether a row is as young as this: a trade does not say that the quote beside it still stands.
    """

    key: str
    dtypes: Mapping[str, pl.DataType]
    stamp: str
    source: str
    dependents: Mapping[str, pl.DataType] = field(default_factory=dict)
    is_polled: bool = True
    is_confirming: bool = True

    def bare(self, height: int) -> pl.DataFrame:
        """Return so many rows of the dependents of nobody."""
        nothing = pl.DataFrame({name: [None] for name in self.dependents}, schema=dict(self.dependents))
        return nothing[np.zeros(height, np.int64)] if self.dependents else nothing


def _group(
    of: tuple[Column, ...], names: Sequence[str], stamp: str, source: str, dependents: Sequence[str] = ()
) -> Group:
    dtypes, key = schema(of), "contract_symbol" if of is CHAIN else "symbol"
    return Group(
        key,
        {name: dtypes[name] for name in names},
        stamp,
        source,
        {name: dtypes[name] for name in dependents},
        is_polled=stamp != "day_ts",
        is_confirming=of is not CHAIN or stamp == "quote_ts",
    )


def _names(group: Sequence[Column]) -> list[str]:
    return [column.name for column in group]


QUOTE: Final = _group(CHAIN, _names(columns.QUOTE), "quote_ts", "quote_source", OF_THE_QUOTE)
TRADE: Final = _group(CHAIN, _names(columns.TRADE), "last_ts", "trade_source")
DAY: Final = _group(CHAIN, ["close", "volume", "vwap", "day_session", "day_source"], "day_ts", "day_source")
EQUITY_QUOTE: Final = _group(
    EQUITY_QUOTES, ["bid", "ask", "bid_size", "ask_size", "size_unit", "quote_ts"], "quote_ts", "source"
)
EQUITY_TRADE: Final = _group(EQUITY_QUOTES, ["price", "last_size", "last_ts"], "last_ts", "source")
INDEX_VALUE: Final = _group(INDEX_QUOTES, ["value", "value_ts"], "value_ts", "source")
