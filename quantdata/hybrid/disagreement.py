"""Two vendors' chains side by side: what they say of the same contracts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.chain import SORT
from quantdata.frames.columns import CHAIN, COMPARISON, empty
from quantdata.frames.model import volatilities
from quantdata.frames.provenance import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from quantdata.clients.chain_query import ChainQuery
    from quantdata.pricing.rates import RateCurve

__all__ = ["compared", "nearest"]

# Quotes that are further apart are of two markets.
SAME_QUOTE: Final = timedelta(seconds=2)
QUOTED: Final = ("bid", "ask", "mid", "spread", "quote_ts", "quote_source", "volume", "open_interest")
VENDORS: Final = ("massive", "tradier")


def nearest(query: ChainQuery, listed: Sequence[date], count: int) -> ChainQuery:
    """Return a query on the nearest expirations of those that are listed."""
    return query.on_days(listed[0], listed[:count][-1]) if listed else query


def compared(
    massive: pl.DataFrame, tradier: pl.DataFrame, *, rates: RateCurve, dividends: pl.DataFrame
) -> pl.DataFrame:
    """Return one row a contract of either chain, in canonical order, with the columns of `COMPARISON`.

    Both volatilities are solved from that vendor's own quotes, on one forward of the series; a difference is null where
    a quote is missing, or the two are more than two seconds apart.
    """
    every = pl.concat([massive, tradier.join(massive, on="contract_symbol", how="anti")]).sort(SORT)
    if every.is_empty():
        return empty(COMPARISON)
    sides = {vendor: _quoted(every, chain) for vendor, chain in zip(VENDORS, (massive, tradier), strict=True)}
    forward, implied = volatilities(_quoted_once(**sides), list(sides.values()), rates=rates, dividends=dividends)
    columns = [
        column
        for (vendor, side), volatility in zip(sides.items(), implied, strict=True)
        for column in _of_vendor(vendor, side, volatility)
    ]
    together = _with_feed_of_both(every, tradier).with_columns(forward, *columns)
    differences = together.with_columns(*_differences())
    in_units = differences.with_columns(
        mid_difference_ticks=pl.col("mid_difference") / pl.col("tick_size"),
        mid_difference_spreads=pl.col("mid_difference") / _mean_spread(),
    )
    return in_units.select(canonical(COMPARISON, in_units.columns))


def _quoted(every: pl.DataFrame, chain: pl.DataFrame) -> pl.DataFrame:
    """Return all contracts with the quotes of one vendor; null where it has none."""
    own = chain.select("contract_symbol", *QUOTED, "implied_volatility", "iv_source")
    rest = every.drop(own.columns[1:])
    return rest.join(own, on="contract_symbol", how="left", maintain_order="left").select(
        column.name for column in CHAIN
    )


def _quoted_once(massive: pl.DataFrame, tradier: pl.DataFrame) -> pl.DataFrame:
    """Return all contracts with Massive's quote; with Tradier's where Massive's is missing or one-sided."""
    is_quoted = massive.get_column("mid").is_not_null()
    return massive.with_columns(
        massive.get_column(name).zip_with(is_quoted, tradier.get_column(name)) for name in QUOTED
    )


def _with_feed_of_both(every: pl.DataFrame, tradier: pl.DataFrame) -> pl.DataFrame:
    """Return all contracts, whose feed is Massive's, with the less fresh of both vendors'."""
    own = tradier.select("contract_symbol", tradier_feed="feed")
    joined = every.join(own, on="contract_symbol", how="left", maintain_order="left")
    return joined.with_columns(feed=pl.min_horizontal("feed", "tradier_feed"))


def _of_vendor(vendor: str, side: pl.DataFrame, volatility: pl.Series) -> list[pl.Series]:
    own = side.select(
        pl.when(pl.col("iv_source").cast(pl.String) == vendor).then("implied_volatility").alias("vendor_iv"),
        *("bid", "ask", "mid", "spread", "quote_ts", "volume", "open_interest"),
    )
    return [series.alias(f"{vendor}_{series.name}") for series in (*own.get_columns(), volatility.alias("iv"))]


def _differences() -> list[pl.Expr]:
    gap = pl.col("tradier_quote_ts") - pl.col("massive_quote_ts")
    is_same = gap.is_between(-SAME_QUOTE, SAME_QUOTE)
    return [
        (gap.dt.total_microseconds() / 1e6).alias("quote_gap_s"),
        pl.when(is_same).then((pl.col("tradier_mid") - pl.col("massive_mid")).round(6)).alias("mid_difference"),
        pl.when(is_same).then(100 * (pl.col("tradier_iv") - pl.col("massive_iv"))).alias("iv_difference_points"),
    ]


def _mean_spread() -> pl.Expr:
    """Return the mean of both spreads, USD per share; null where that is nothing."""
    mean = (pl.col("massive_spread") + pl.col("tradier_spread")) / 2
    return pl.when(mean > 0).then(mean)
