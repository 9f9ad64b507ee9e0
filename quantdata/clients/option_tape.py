"""The prints of one option contract, and the quotes that they were made at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import polars as pl

__all__ = ["OptionTape"]


class OptionTape(NamedTuple):
    """What a tape holds of one contract over a span.

    Attributes
    ----------
    trades
        Oldest first, with the columns of `TRADES`.
    quotes
        Oldest first, with the columns of `OPTION_QUOTES`: the newest ones, which may not reach back to the first
        print; none where the plan has no quotes.
    """

    trades: pl.DataFrame
    quotes: pl.DataFrame
