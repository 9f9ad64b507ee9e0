"""Tradier quotes to canonical index quotes.

References
----------
Tradier, *Get Quotes*, ``GET /v1/markets/quotes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import FEED, INDEX_QUOTES
from quantdata.frames.provenance import one_row_each
from quantdata.frames.tradier.quotes import day_close, known_as, last_ts, positive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.frames.provenance import Answer

__all__ = ["index_quotes"]

KINDS: Final = ("index",)


def index_quotes(page: pl.DataFrame, names: Mapping[str, str], *, answer: Answer) -> pl.DataFrame:
    """Return one canonical row for each asked index, in that order; arguments and errors as of `equity_quotes`."""
    known = known_as(page, names, kinds=KINDS, wanted="an index").select(_columns())
    missing = "NOT_FOUND: no such index at Tradier"
    return one_row_each(list(names.values()), known, INDEX_QUOTES, answer=answer, missing=missing)


def _columns() -> list[pl.Expr]:
    is_good = pl.col("vendor_error").is_null()
    values = [
        pl.col("description").alias("name"),
        positive("last").alias("value"),
        last_ts().alias("value_ts"),
        pl.col("change").alias("change"),
        pl.col("change_percentage").alias("change_percent"),
        positive("open").alias("open"),
        positive("high").alias("high"),
        positive("low").alias("low"),
        day_close().alias("close"),
        positive("prevclose").alias("prev_close"),
    ]
    return [
        pl.col("symbol"),
        *(pl.when(is_good).then(value) for value in values),
        pl.lit("realtime", FEED).alias("feed"),
        pl.col("vendor_error"),
        pl.col("received_ts"),
    ]
