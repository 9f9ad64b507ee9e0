"""The items of Tradier's quotes: one shape for stocks, funds, indices and options, read into wire columns.

References
----------
Tradier, *Get Quotes* and *Get an option chain*, ``GET /v1/markets/quotes``, ``GET /v1/markets/options/chains``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import FEED
from quantdata.frames.decode import moment, rows, stamped

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

__all__ = [
    "CHANGE",
    "day_close",
    "day_prices",
    "known_as",
    "last_ts",
    "positive",
    "quote_page",
    "quote_ts",
    "require_asked",
]

_F: Final = pl.Float64()
_I: Final = pl.Int64()
_S: Final = pl.String()

WIRE: Final = {
    "symbol": _S,
    "description": _S,
    "type": _S,
    "last": _F,
    "change": _F,
    "change_percentage": _F,
    "volume": _F,
    "open": _F,
    "high": _F,
    "low": _F,
    "close": _F,
    "prevclose": _F,
    "last_volume": _F,
    "trade_date": _I,
    "bid": _F,
    "bidsize": _F,
    "bidexch": _S,
    "bid_date": _I,
    "ask": _F,
    "asksize": _F,
    "askexch": _S,
    "ask_date": _I,
    "root_symbols": _S,
    "underlying": _S,
    "strike": _F,
    "open_interest": _F,
    "contract_size": _F,
    "expiration_date": _S,
    "option_type": _S,
    "greeks": pl.Struct(
        {
            **dict.fromkeys(("delta", "gamma", "theta", "vega", "rho", "bid_iv", "mid_iv", "ask_iv"), _F),
            "updated_at": _S,
        }
    ),
}
# Since the close before, in USD and in percent.
CHANGE: Final = (pl.col("change"), pl.col("change_percentage").alias("change_percent"))


def quote_page(items: bytes, *, received: datetime) -> pl.DataFrame:
    """Read the quotes of one answer into wire columns, stamped with the time of its arrival."""
    return stamped(rows(items, WIRE), received)


def known_as(
    page: pl.DataFrame, names: Mapping[str, str], values: Sequence[pl.Expr], *, kinds: Collection[str], wanted: str
) -> pl.DataFrame:
    """Return canonical columns of quotes; those of another kind have a ``vendor_error`` and no values.

    Parameters
    ----------
    names
        Canonical symbol of each of the vendor's.
    values
        What makes the columns that are not the same for all kinds.
    kinds
        The vendor's words for what was asked for.
    wanted
        What that is, for people.

    Raises
    ------
    ValueError
        If a symbol was not asked for, or a row has none.
    """
    require_asked(page, names)
    error = pl.format("NOT_FOUND: Tradier knows it as {}, not as {}", pl.col("type").fill_null("?"), pl.lit(wanted))
    is_good = pl.col("type").is_in(list(kinds))
    return page.select(
        pl.col("symbol").replace_strict(dict(names), return_dtype=pl.String),
        *(pl.when(is_good).then(value) for value in (*values, *day_prices(), *CHANGE)),
        pl.lit("realtime", FEED).alias("feed"),
        pl.when(is_good).then(None).otherwise(error).alias("vendor_error"),
        pl.col("received_ts"),
    )


def day_prices() -> list[pl.Expr]:
    """Return the prices of the day and the close before it."""
    return [
        positive("open").alias("open"),
        positive("high").alias("high"),
        positive("low").alias("low"),
        day_close().alias("close"),
        positive("prevclose").alias("prev_close"),
    ]


def require_asked(page: pl.DataFrame, spelled: Collection[str]) -> None:
    """Raise ValueError if a row is about another symbol than those asked for, or about none."""
    if not page.get_column("symbol").is_in(list(spelled)).fill_null(value=False).all():
        raise ValueError("symbols that were not asked for")


def positive(name: str) -> pl.Expr:
    """Return a price or size; 0 stands for none: reference/tradier.md §5.1."""
    return pl.when(pl.col(name) > 0).then(pl.col(name))


def quote_ts() -> pl.Expr:
    """Return the time of the newer side of the quote."""
    return moment(pl.max_horizontal("bid_date", "ask_date"))


def last_ts() -> pl.Expr:
    """Return the time of the last trade; ``trade_date`` is 0 where there never was one."""
    return moment(pl.col("trade_date"))


def day_close() -> pl.Expr:
    """Return the day's last price so far: the vendor's ``close`` is null until the session has ended."""
    return pl.coalesce(positive("close"), pl.when(pl.col("open") > 0).then(positive("last")))
