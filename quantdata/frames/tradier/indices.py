"""Tradier quotes to canonical index quotes.

References
----------
Tradier, *Get Quotes*, ``GET /v1/markets/quotes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import INDEX_QUOTES
from quantdata.frames.provenance import one_row_each
from quantdata.frames.tradier.quotes import known_as, last_ts, positive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.frames.provenance import Answer

__all__ = ["index_quotes"]

KINDS: Final = ("index",)


def index_quotes(page: pl.DataFrame, names: Mapping[str, str], *, answer: Answer) -> pl.DataFrame:
    """Return one canonical row for each asked index, in that order; arguments and errors as of `equity_quotes`."""
    known = known_as(page, names, _values(), kinds=KINDS, wanted="an index")
    missing = "NOT_FOUND: no such index at Tradier"
    return one_row_each(list(names.values()), known, INDEX_QUOTES, answer=answer, missing=missing)


def _values() -> list[pl.Expr]:
    return [
        pl.col("description").alias("name"),
        positive("last").alias("value"),
        last_ts().alias("value_ts"),
    ]
