"""Massive's reference rows: expirations, splits, dividends.

References
----------
Massive, *All Contracts*, *Splits* and *Dividends*, ``GET /v3/reference/…``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.decode import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["about", "contracts", "dividends", "splits"]

_F: Final = pl.Float64()
_S: Final = pl.String()


def contracts(results: bytes) -> pl.DataFrame:
    """Read listed contracts as sent: ``ticker``, ``underlying``, ``expiration``; ValueError where one lacks."""
    found = rows(results, {"ticker": _S, "underlying_ticker": _S, "expiration_date": _S})
    columns = "ticker", pl.col("underlying_ticker").alias("underlying"), _day("expiration_date").alias("expiration")
    return _complete(found.select(columns), "a contract without a ticker, an underlying or a date")


def splits(results: bytes) -> pl.DataFrame:
    """Read splits: ``ticker``, ``execution_date``, ``ratio`` (new shares for one old); ValueError where one lacks."""
    found = rows(results, {"ticker": _S, "execution_date": _S, "split_from": _F, "split_to": _F})
    ratio = pl.when(pl.col("split_from") > 0, pl.col("split_to") > 0).then(pl.col("split_to") / pl.col("split_from"))
    columns = "ticker", _day("execution_date"), ratio.alias("ratio")
    return _complete(found.select(columns), "a split without a ticker, a date or a ratio")


def dividends(results: bytes) -> pl.DataFrame:
    """Read dividends: ``ticker``, ``ex_date``, ``amount`` (USD per share of that day); ValueError where one lacks.

    Beside them ``dividend_type`` as sent, and ``is_recurring``: null where the vendor does not say.
    """
    wire = {"ticker": _S, "ex_dividend_date": _S, "cash_amount": _F, "dividend_type": _S, "frequency": _F}
    columns = "ticker", _day("ex_dividend_date").alias("ex_date"), pl.col("cash_amount").alias("amount")
    # Specials (SC), capital gains (LT, ST) and what is paid once (0 times a year): reference/massive.md §6.
    is_recurring = (pl.col("dividend_type") == "CD") & (pl.col("frequency") > 0)
    found = rows(results, wire).select(*columns, "dividend_type", is_recurring.alias("is_recurring"))
    fault = "a dividend without a ticker, a date or an amount"
    return _complete(found, fault, may_lack=("dividend_type", "is_recurring"))


def about(found: pl.DataFrame, ticker: str) -> pl.DataFrame:
    """Return rows that are all about one ticker without it; raises ValueError if one is not."""
    # The vendor once lost its filters between pages: reference/massive.md §2.
    if not (found.get_column("ticker") == ticker).all():
        raise ValueError(f"rows that are not about {ticker}: the vendor lost the filter")
    return found.drop("ticker")


def _day(name: str) -> pl.Expr:
    return pl.col(name).str.to_date("%Y-%m-%d", strict=False)


def _complete(found: pl.DataFrame, fault: str, *, may_lack: Sequence[str] = ()) -> pl.DataFrame:
    # A null would silently leave a stretch of prices unadjusted.
    if sum(found.drop(may_lack).null_count().row(0)):
        raise ValueError(fault)
    return found
