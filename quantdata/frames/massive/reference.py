"""Massive's reference rows: expirations, splits, dividends.

References
----------
Massive, *All Contracts*, *Splits* and *Dividends*, ``GET /v3/reference/…``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from quantdata.frames.decode import rows

__all__ = ["dividends", "expiration_page", "splits"]

_F: Final = pl.Float64()
_S: Final = pl.String()


def expiration_page(results: bytes) -> pl.Series:
    """Read the distinct expirations of one page of contracts."""
    dates = rows(results, {"expiration_date": _S}).get_column("expiration_date").unique()
    return dates.drop_nulls().str.to_date("%Y-%m-%d")


def splits(results: bytes) -> pl.DataFrame:
    """Read splits: ``execution_date`` and ``ratio``, new shares for one old."""
    found = rows(results, {"execution_date": _S, "split_from": _F, "split_to": _F})
    return found.select(
        pl.col("execution_date").str.to_date("%Y-%m-%d"), (pl.col("split_to") / pl.col("split_from")).alias("ratio")
    )


def dividends(results: bytes) -> pl.DataFrame:
    """Read cash dividends: ``ex_date`` and ``amount``, USD per share of that day."""
    found = rows(results, {"ex_dividend_date": _S, "cash_amount": _F})
    return found.select(
        pl.col("ex_dividend_date").str.to_date("%Y-%m-%d").alias("ex_date"), pl.col("cash_amount").alias("amount")
    )
