"""The rules of what is ordered in time, bars and trades, and of order flow."""

from __future__ import annotations

from typing import Final

import polars as pl

from quantdata.validation.rule import Rule, at_least, present

__all__ = ["BAR_RULES", "FLOW_RULES", "TRADE_RULES"]

PRICES: Final = ("open", "high", "low", "close")
ROUNDING: Final = 1e-9
_IS_SAME: Final = pl.col("symbol") == pl.col("symbol").shift(1)


_IS_UPRIGHT: Final = pl.col("high") >= pl.col("low") - ROUNDING


def _inside(columns: tuple[str, ...]) -> pl.Expr:
    """Return whether some prices are within low and high; of an inverted candle that is said already."""
    low, high = pl.col("low") - ROUNDING, pl.col("high") + ROUNDING
    inside = pl.all_horizontal(pl.col(name).is_between(low, high) for name in columns)
    return ~_IS_UPRIGHT.fill_null(value=True) | inside


BAR_RULES: Final = (
    Rule(
        "missing_identity",
        "row",
        "error",
        "symbol, time, a price or the source is missing",
        present(("symbol", "ts", *PRICES, "session", "source")),
    ),
    Rule(
        "bad_price",
        "row",
        "error",
        "a price is not above 0",
        pl.all_horizontal(pl.col(name) > 0 for name in PRICES),
    ),
    Rule("inverted_candle", "row", "error", "the high is below the low", _IS_UPRIGHT),
    Rule("negative_volume", "row", "error", "volume or trades are below 0", at_least(0, ("volume", "trades"))),
    Rule(
        "not_rising",
        "row",
        "error",
        "its time is not after that of the bar before",
        ~_IS_SAME | (pl.col("ts") > pl.col("ts").shift(1)),
    ),
    Rule("outside_range", "row", "warning", "open or close is outside of low and high", _inside(("open", "close"))),
    # Of a day it may be: its prices are those of regular hours, its volume that of all.
    Rule("vwap_outside_range", "row", "note", "the mean price is outside of low and high", _inside(("vwap",))),
    Rule("zero_volume", "row", "note", "nothing was traded", pl.col("volume") != 0),
)

TRADE_RULES: Final = (
    Rule(
        "missing_identity",
        "row",
        "error",
        "symbol, time, price, size or the source is missing",
        present(("symbol", "ts", "price", "size", "source")),
    ),
    Rule("bad_price", "row", "error", "the price is not above 0", pl.col("price") > 0),
    Rule("negative_size", "row", "error", "the size is below 0", pl.col("size") >= 0),
    Rule(
        "not_rising",
        "row",
        "error",
        "its time is before that of the print before",
        ~_IS_SAME | (pl.col("ts") >= pl.col("ts").shift(1)),
    ),
    Rule("corrected", "row", "note", "it was cancelled or corrected later", pl.col("correction") == 0),
    Rule("zero_size", "row", "note", "nothing changed hands", pl.col("size") != 0),
)

_PARTS: Final = ("buy_volume", "sell_volume", "unclassified_volume")

FLOW_RULES: Final = (
    Rule("missing_identity", "row", "error", "the contract is missing", present(("contract_symbol", "method"))),
    # Of what there is no tape and no volume nothing can be said, and nothing is.
    Rule("nothing_known", "row", "error", "there is nothing that flow could be told from", pl.col("method") != "none"),
    Rule(
        "negative_count",
        "row",
        "error",
        "a count is below 0",
        at_least(0, ("trade_count", "volume", "premium", *_PARTS, "sweep_count", "block_count")),
    ),
    Rule(
        "parts_do_not_sum",
        "row",
        "error",
        "bought, sold and unclassified are not the volume",
        pl.col("buy_volume") + pl.col("sell_volume") + pl.col("unclassified_volume") == pl.col("volume"),
    ),
    Rule(
        "pressure_out_of_range",
        "row",
        "error",
        "buy_pressure is outside of 0 to 100",
        pl.col("buy_pressure").is_between(0, 100),
    ),
    Rule(
        "delayed_feed",
        "row",
        "warning",
        "the vendor's data are late by plan",
        ~pl.col("feed").is_in(["delayed", "eod"]),
    ),
    Rule(
        "unsigned", "row", "warning", "it is told from the chain, not from signed trades", pl.col("method") != "chain"
    ),
)
