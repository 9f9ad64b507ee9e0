"""Tradier's expirations, splits and dividends.

References
----------
Tradier, *Get an option's expirations*, ``GET /v1/markets/options/expirations``; *Get Corporate Action Information* and
*Get Dividends* (beta), ``GET /beta/markets/fundamentals/…``.
"""

from __future__ import annotations

from datetime import date

import msgspec
import polars as pl

__all__ = ["dividends", "expirations", "splits"]


class _Split(msgspec.Struct):
    ex_date: date
    split_from: float
    split_to: float


class _Dividend(msgspec.Struct):
    ex_date: date
    cash_amount: float
    dividend_type: str | None = None
    frequency: float | None = None


class _Tables(msgspec.Struct):
    stock_splits: dict[str, _Split] | None = None
    cash_dividends: list[_Dividend] | _Dividend | None = None


class _Result(msgspec.Struct):
    tables: _Tables | None = None


class _About(msgspec.Struct):
    request: str
    results: list[_Result] | None = None
    error: str | None = None


def expirations(items: bytes) -> list[date]:
    """Read the days on which options expire, rising, each once; ValueError where one is none."""
    return sorted(set(msgspec.json.decode(items, type=list[date])))


def splits(items: bytes, symbol: str) -> pl.DataFrame:
    """Read the splits of a stock: ``execution_date``, ``ratio`` (new shares for one old).

    Raises
    ------
    ValueError
        If the answer is about another stock or none, or a split has no date or no ratio.
    """
    found = [split for tables in _tables(items, symbol) for split in (tables.stock_splits or {}).values()]
    if not all(split.split_from > 0 and split.split_to > 0 for split in found):
        raise ValueError("a split without a ratio")
    rows = sorted({(split.ex_date, split.split_to / split.split_from) for split in found})
    return pl.DataFrame(rows, schema={"execution_date": pl.Date, "ratio": pl.Float64}, orient="row")


def dividends(items: bytes, symbol: str) -> pl.DataFrame:
    """Read the cash dividends of a stock, each once; raises as `splits`.

    ``ex_date``, ``amount`` (USD per share of that day), ``is_recurring`` (null where the vendor does not say).
    """
    found = [
        dividend
        for tables in _tables(items, symbol)
        for dividend in (tables.cash_dividends if isinstance(tables.cash_dividends, list) else [tables.cash_dividends])
        if dividend is not None
    ]
    rows = [(each.ex_date, each.cash_amount, each.dividend_type, each.frequency) for each in found]
    wire = {"ex_date": pl.Date, "amount": pl.Float64, "dividend_type": pl.String, "frequency": pl.Float64}
    # Two classes may tell of the same dividend.
    each_once = pl.DataFrame(rows, schema=wire, orient="row").unique(
        ["ex_date", "amount", "dividend_type"], keep="first", maintain_order=True
    )
    is_recurring = (pl.col("dividend_type") == "CD") & (pl.col("frequency") > 0)
    return each_once.select("ex_date", "amount", is_recurring.alias("is_recurring"))


def _tables(items: bytes, symbol: str) -> list[_Tables]:
    """Return the tables of one stock; a stock that the vendor knows nothing of must not pass for one without any."""
    about = [
        each for each in msgspec.json.decode(items, type=list[_About]) if each.request == symbol and each.error is None
    ]
    if not about:
        raise ValueError(f"nothing about {symbol}")
    return [result.tables for each in about for result in each.results or [] if result.tables is not None]
