"""Massive stock snapshots to canonical equity quotes.

References
----------
Massive, *Full Market Snapshot*, ``GET /v2/snapshot/locale/us/markets/stocks/tickers``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import EQUITY_QUOTES, FEED, MOMENT, SIZE_UNIT
from quantdata.frames.decode import moment, rows, stamped
from quantdata.frames.provenance import one_row_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.frames.provenance import Answer

__all__ = ["equity_page", "equity_quotes"]

_F: Final = pl.Float64()
_I: Final = pl.Int64()
_BLOCK: Final = pl.Struct(dict.fromkeys(("o", "h", "l", "c", "v", "vw"), _F))

WIRE: Final = {
    "ticker": pl.String(),
    "day": _BLOCK,
    "prevDay": _BLOCK,
    "min": pl.Struct({"c": _F, "t": _I}),
    "lastTrade": pl.Struct({"p": _F, "s": _F, "t": _I}),
    "lastQuote": pl.Struct({"p": _F, "s": _F, "P": _F, "S": _F, "t": _I}),
    "todaysChange": _F,
    "todaysChangePerc": _F,
    "updated": _I,
}

# Stock quote sizes are in shares from this day on, in round lots before: reference/massive.md §0.8.
SHARES_SINCE: Final = datetime(2025, 11, 3, tzinfo=UTC)
# As a number: a datetime would start Polars' threads on import, which no forked child survives.
_SHARES_SINCE_TS: Final = pl.lit(round(SHARES_SINCE.timestamp() * 1e6)).cast(MOMENT)


def equity_page(results: bytes, *, received: datetime) -> pl.DataFrame:
    """Read the snapshots of one answer into wire columns."""
    return stamped(rows(results, WIRE), received)


def equity_quotes(page: pl.DataFrame, symbols: Sequence[str], *, answer: Answer) -> pl.DataFrame:
    """Return one canonical row for each asked symbol, in that order.

    A symbol that the vendor left out has null values and its reason in ``vendor_error``.
    """
    missing = "NOT_FOUND: no such stock or fund at Massive"
    return one_row_each(symbols, page.select(_COLUMNS), EQUITY_QUOTES, answer=answer, missing=missing)


def _price(block: str, name: str) -> pl.Expr:
    """Return a price or volume; the zeros of a day that has not begun are null."""
    value = pl.col(block).struct.field(name)
    return pl.when(value > 0).then(value)


def _columns() -> list[pl.Expr]:
    quote_ts = moment(pl.col("lastQuote").struct.field("t"))
    price = pl.coalesce(_price("lastTrade", "p"), _price("min", "c"), _price("day", "c"))
    has_quote = quote_ts.is_not_null()
    return [
        pl.col("ticker").alias("symbol"),
        price.alias("price"),
        _price("lastQuote", "p").alias("bid"),
        _price("lastQuote", "P").alias("ask"),
        _price("lastQuote", "s").alias("bid_size"),
        _price("lastQuote", "S").alias("ask_size"),
        pl.when(has_quote)
        .then(pl.when(quote_ts >= _SHARES_SINCE_TS).then(pl.lit("shares")).otherwise(pl.lit("round_lots")))
        .cast(SIZE_UNIT)
        .alias("size_unit"),
        quote_ts.alias("quote_ts"),
        _price("lastTrade", "s").alias("last_size"),
        moment(pl.col("lastTrade").struct.field("t")).alias("last_ts"),
        _price("day", "o").alias("open"),
        _price("day", "h").alias("high"),
        _price("day", "l").alias("low"),
        _price("day", "c").alias("close"),
        _price("prevDay", "c").alias("prev_close"),
        pl.when(price.is_not_null()).then("todaysChange").alias("change"),
        pl.when(price.is_not_null()).then("todaysChangePerc").alias("change_percent"),
        _price("day", "v").alias("volume"),
        _price("day", "vw").alias("vwap"),
        moment(pl.col("updated")).alias("updated_ts"),
        pl.lit(None, FEED).alias("feed"),
        pl.lit(None, pl.String).alias("vendor_error"),
        pl.col("received_ts"),
    ]


_COLUMNS: Final = _columns()
