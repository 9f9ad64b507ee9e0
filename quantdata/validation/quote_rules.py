"""The rules of equity and index quotes."""

from __future__ import annotations

from typing import Final

import polars as pl

from quantdata.validation.rule import CADENCE_S, Rule, at_least, not_in_future, present, too_old

__all__ = ["EQUITY_RULES", "INDEX_RULES"]

PROVENANCE: Final = ("symbol", "source", "snapshot_ts", "received_ts")
WIDE_PERCENT: Final = 5.0
FEW_TICKS_USD: Final = 0.02
# A vendor rounds value, close and change each by itself.
CHANGE_POINTS: Final = 0.02
CHANGE_SHARE: Final = 1e-4
ROUNDING: Final = 1e-9

_TWO_SIDED: Final = ((pl.col("bid") > 0) & (pl.col("ask") > 0)).fill_null(value=False)
_MIDDLE: Final = (pl.col("bid") + pl.col("ask")) / 2
_SPREAD: Final = pl.col("ask") - pl.col("bid")
_GIVEN: Final = pl.col("vendor_error").is_null()
_IDENTITY: Final = Rule("missing_identity", "row", "error", "symbol or provenance is missing", present(PROVENANCE))
_REFUSED: Final = Rule("vendor_error", "row", "error", "the vendor gave nothing; its reason is in vendor_error", _GIVEN)
_IS_UPRIGHT: Final = pl.col("high") >= pl.col("low") - ROUNDING
_INVERTED: Final = Rule("inverted_candle", "day", "error", "the high is below the low", _IS_UPRIGHT)
_DELAYED: Final = Rule(
    "delayed_feed", "row", "warning", "the vendor's data are late by plan", ~pl.col("feed").is_in(["delayed", "eod"])
)


def _outside(column: str, what: str) -> Rule:
    """Return the rule of a newest value that must lie between the lowest and the highest, if those are upright."""
    inside = pl.col(column).is_between(pl.col("low") - CHANGE_POINTS, pl.col("high") + CHANGE_POINTS)
    passes = ~_IS_UPRIGHT.fill_null(value=True) | inside
    return Rule("outside_range", "day", "warning", f"{what} is outside of low and high", passes)


EQUITY_RULES: Final = (
    _IDENTITY,
    _REFUSED,
    Rule(
        "timestamp_in_future",
        "row",
        "error",
        "a time is more than a minute after the answer",
        not_in_future(("quote_ts", "last_ts", "updated_ts")),
    ),
    too_old(CADENCE_S),
    Rule("bad_price", "row", "error", "the price is not above 0", pl.col("price") > 0),
    Rule("negative_price", "quote", "error", "bid or ask is below 0", at_least(0, ("bid", "ask"))),
    Rule("negative_size", "quote", "error", "a size is below 0", at_least(0, ("bid_size", "ask_size", "last_size"))),
    Rule("crossed_quote", "quote", "error", "the bid is above the ask", ~_TWO_SIDED | (_SPREAD >= -ROUNDING)),
    Rule(
        "negative_day",
        "day",
        "error",
        "a price of the day or its volume is below 0",
        at_least(0, ("open", "high", "low", "close", "prev_close", "vwap", "volume")),
    ),
    _INVERTED,
    Rule("no_price", "row", "warning", "there is no price", pl.col("price").is_not_null() | ~_GIVEN),
    Rule(
        "wide_spread",
        "quote",
        "warning",
        "the spread is above 5 % of the mid, and above two cents",
        ~(_TWO_SIDED & (100 * _SPREAD / _MIDDLE > WIDE_PERCENT) & (_SPREAD > FEW_TICKS_USD + ROUNDING)),
    ),
    _outside("close", "the close"),
    _DELAYED,
    Rule(
        "one_sided",
        "quote",
        "note",
        "there is a bid or an ask alone",
        _TWO_SIDED | ((pl.col("bid").fill_null(0) <= 0) & (pl.col("ask").fill_null(0) <= 0)),
    ),
    Rule("zero_volume", "day", "note", "it has not traded in this session", pl.col("volume") != 0),
)

INDEX_RULES: Final = (
    _IDENTITY,
    _REFUSED,
    Rule(
        "timestamp_in_future",
        "row",
        "error",
        "its time is more than a minute after the answer",
        not_in_future(("value_ts",)),
    ),
    too_old(CADENCE_S),
    Rule("bad_value", "row", "error", "the value is not above 0", pl.col("value") > 0),
    _INVERTED,
    Rule("no_value", "row", "warning", "there is no value", pl.col("value").is_not_null() | ~_GIVEN),
    Rule(
        "change_inconsistent",
        "day",
        "warning",
        "the change is not that since the close before",
        (pl.col("value") - pl.col("prev_close") - pl.col("change")).abs()
        <= CHANGE_POINTS + CHANGE_SHARE * pl.col("value").abs(),
    ),
    _outside("value", "the value"),
    Rule(
        "no_candles",
        "day",
        "warning",
        "open, high and low of the session are missing",
        pl.col("open").is_not_null() | pl.col("high").is_not_null() | pl.col("low").is_not_null() | ~_GIVEN,
    ),
    _DELAYED,
)
