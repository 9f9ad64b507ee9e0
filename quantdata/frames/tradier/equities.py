"""Tradier quotes to canonical equity quotes.

References
----------
Tradier, *Get Quotes*, ``GET /v1/markets/quotes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import EQUITY_QUOTES, SIZE_UNIT
from quantdata.frames.provenance import one_row_each
from quantdata.frames.tradier.quotes import known_as, last_ts, positive, quote_ts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.frames.provenance import Answer

__all__ = ["equity_quotes"]

KINDS: Final = ("stock", "etf", "mutual_fund")


def equity_quotes(page: pl.DataFrame, names: Mapping[str, str], *, answer: Answer) -> pl.DataFrame:
    """Return one canonical row for each asked symbol, in that order.

    A symbol that the vendor does not know, or knows as something else, has its reason in ``vendor_error``.

    Parameters
    ----------
    page
        From `quote_page`.
    names
        What was asked: the canonical symbol of each of the vendor's.
    answer
        What is known beside the rows.

    Raises
    ------
    ValueError
        If a symbol came twice or was not asked for.
    """
    known = known_as(page, names, _values(), kinds=KINDS, wanted="a stock or fund")
    missing = "NOT_FOUND: no such stock or fund at Tradier"
    return one_row_each(list(names.values()), known, EQUITY_QUOTES, answer=answer, missing=missing)


def _values() -> list[pl.Expr]:
    return [
        positive("last").alias("price"),
        positive("bid").alias("bid"),
        positive("ask").alias("ask"),
        positive("bidsize").alias("bid_size"),
        positive("asksize").alias("ask_size"),
        # Documented as hundreds of shares; whether that holds since round lots were redefined is not known.
        pl.when(quote_ts().is_not_null()).then(pl.lit("round_lots")).cast(SIZE_UNIT).alias("size_unit"),
        quote_ts().alias("quote_ts"),
        positive("last_volume").alias("last_size"),
        # After the close the time goes on to 19:00 New York, the price does not, and the size is 0.
        pl.when(pl.col("last_volume") > 0).then(last_ts()).alias("last_ts"),
        pl.col("volume").alias("volume"),
    ]
