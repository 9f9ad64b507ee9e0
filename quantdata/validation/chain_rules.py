"""The rules of an option chain's rows.

A settled contract is a state: it is noted, and nothing that concerns trading is held against it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from quantdata.validation.bounds import (
    obeys_butterfly,
    obeys_order,
    obeys_parity,
    within_quoted_volatility,
)
from quantdata.validation.rule import CADENCE_S, Rule, at_least, not_in_future, present, too_old

__all__ = ["CHAIN_RULES", "IDENTITY"]

IDENTITY: Final = (
    "underlying_symbol",
    "contract_symbol",
    "root_symbol",
    "expiration",
    "strike",
    "multiplier",
    "source",
    "snapshot_ts",
    "received_ts",
)
STAMPS: Final = ("underlying_ts", "quote_ts", "last_ts", "iv_ts", "greeks_ts")
ROUNDING: Final = 1e-6
WIDE_PERCENT: Final = 20.0
VERY_WIDE_PERCENT: Final = 50.0
FEW_TICKS: Final = 2
HIGH_IV: Final = 3.0
HIGH_IV_DTE: Final = 2
QUIET: Final = timedelta(minutes=15)

# Columns of `quantdata.validation.bounds.with_bounds`.
_ALIVE: Final = pl.col("is_alive")
_TWO_SIDED: Final = pl.col("is_two_sided")
_HAS_TIME_VALUE: Final = pl.col("has_time_value")
_HAS_QUOTE: Final = pl.col("quote_source").is_not_null()
# A spread of a tick or two cannot be narrower, whatever it is in percent.
_SPREAD_COUNTS: Final = _ALIVE & (pl.col("spread") > FEW_TICKS * pl.col("tick") + ROUNDING)


def _is_delayed() -> pl.Expr:
    """Return whether what a row is about is late by plan.

    Where nothing is quoted the greeks tell, which Massive computes from its own quotes (Tradier's are hourly by
    nature): the row's, else those of the chain. A simulated market says so in ``feed``, and nothing of its plan.
    """
    by_greeks = pl.when(pl.col("greeks_source") == "massive").then("greeks_feed")
    by_row = pl.when(pl.col("feed") != "simulated").then("feed")
    return pl.coalesce("quote_feed", by_greeks, by_row, by_greeks.drop_nulls().first()).is_in(["delayed", "eod"])


_ERRORS: Final = (
    Rule("missing_identity", "row", "error", "a part of what tells the contract apart is missing", present(IDENTITY)),
    Rule("bad_strike", "row", "error", "the strike is not above 0", pl.col("strike") > 0),
    Rule("unknown_option_type", "row", "error", "it is neither call nor put", pl.col("option_type").is_not_null()),
    Rule("timestamp_in_future", "row", "error", "a time is more than a minute after the answer", not_in_future(STAMPS)),
    too_old(CADENCE_S),
    Rule("negative_price", "quote", "error", "bid or ask is below 0", at_least(0, ("bid", "ask"))),
    Rule("negative_size", "quote", "error", "a size of the quote is below 0", at_least(0, ("bid_size", "ask_size"))),
    Rule(
        "crossed_quote",
        "quote",
        "error",
        "the bid is above the ask",
        ~_ALIVE | ~_TWO_SIDED | (pl.col("bid") <= pl.col("ask")),
    ),
    Rule("negative_trade", "trade", "error", "last price or size is below 0", at_least(0, ("last", "last_size"))),
    Rule(
        "negative_day",
        "day",
        "error",
        "a price of the day or its volume is below 0",
        at_least(0, ("open", "high", "low", "close", "prev_close", "vwap", "volume")),
    ),
    Rule("negative_open_interest", "interest", "error", "open interest is below 0", at_least(0, ("open_interest",))),
    Rule("delta_out_of_range", "greeks", "error", "delta is outside of -1 to 1", pl.col("delta").abs() <= 1 + ROUNDING),
    Rule(
        "delta_sign",
        "greeks",
        "error",
        "the delta of a call is negative, or of a put positive",
        pl.col("sign") * pl.col("delta") >= -ROUNDING,
    ),
    Rule("negative_greek", "greeks", "error", "gamma or vega is negative", at_least(-ROUNDING, ("gamma", "vega"))),
    Rule(
        "negative_iv",
        "greeks",
        "error",
        "an implied volatility is negative",
        at_least(0, ("implied_volatility", "bid_iv", "ask_iv")),
    ),
)
_WARNINGS: Final = (
    Rule(
        "no_quote",
        "quote",
        "warning",
        "it has no quote, though others of the chain are quoted",
        _HAS_QUOTE | ~_HAS_QUOTE.any() | ~_ALIVE,
    ),
    Rule(
        "wide_spread",
        "quote",
        "warning",
        "the spread is above 20 % of the mid, and above two ticks",
        ~(_SPREAD_COUNTS & pl.col("spread_percent").is_between(WIDE_PERCENT, VERY_WIDE_PERCENT, closed="right")),
    ),
    Rule(
        "very_wide_spread",
        "quote",
        "warning",
        "the spread is above 50 % of the mid, and above two ticks",
        ~(_SPREAD_COUNTS & (pl.col("spread_percent") > VERY_WIDE_PERCENT)),
    ),
    Rule(
        "ask_below_bound",
        "quote",
        "warning",
        "the ask is more than a tick below what the contract is worth at least",
        ~(
            _ALIVE
            & (pl.col("ask") > 0)
            & (pl.col("ask") + pl.col("tick") + pl.col("slack") + ROUNDING < pl.col("bound"))
        ),
    ),
    Rule(
        "strike_order",
        "quote",
        "warning",
        "its bid is above the ask of a strike that is worth at least as much",
        ~_ALIVE | obeys_order(),
    ),
    Rule(
        "butterfly",
        "quote",
        "warning",
        "its bid is above what the strikes on both sides cost together",
        ~_ALIVE | obeys_butterfly(),
    ),
    Rule(
        "parity",
        "quote",
        "warning",
        "call and put at this strike do not fit the forward of the series",
        ~_ALIVE | obeys_parity(),
    ),
    Rule(
        "missing_iv",
        "greeks",
        "warning",
        "the volatility is missing, though the quote implies one",
        ~_ALIVE | pl.coalesce("implied_volatility", "model_iv").is_not_null() | ~_HAS_TIME_VALUE,
    ),
    Rule(
        "high_iv",
        "greeks",
        "warning",
        "the volatility is above 300 %, two days or more from the end",
        ~((pl.col("implied_volatility") > HIGH_IV) & (pl.col("dte") >= HIGH_IV_DTE)),
    ),
    Rule(
        "iv_off_quote",
        "greeks",
        "warning",
        "the vendor's volatility is more than a point outside of those at bid and ask",
        within_quoted_volatility(),
    ),
    Rule("delayed_feed", "row", "warning", "the vendor's data are late by plan", ~_is_delayed()),
    Rule("filled", "row", "warning", "a part of it is from the other vendor", pl.col("source") != "hybrid"),
)
_NOTES: Final = (
    Rule("expired", "row", "note", "it has settled or expired", _ALIVE),
    Rule("adjusted", "row", "note", "a corporate action has changed it", ~pl.col("is_adjusted")),
    Rule("one_sided", "quote", "note", "there is a bid or an ask alone", ~(_HAS_QUOTE & ~_TWO_SIDED) | ~_ALIVE),
    Rule(
        "quiet_quote",
        "quote",
        "note",
        "its quote is more than 15 minutes behind the newest of the chain",
        pl.col("quote_ts").max() - pl.col("quote_ts") <= QUIET,
    ),
    Rule(
        "zero_volume",
        "day",
        "note",
        "it has not traded in this session",
        (pl.col("volume") != 0) & (pl.col("day_session") >= pl.col("day_session").max()),
    ),
    Rule("zero_open_interest", "interest", "note", "nobody holds it", pl.col("open_interest") != 0),
    Rule(
        "iv_not_computable",
        "greeks",
        "note",
        "the quote implies no volatility",
        pl.coalesce("implied_volatility", "model_iv").is_not_null() | ~_HAS_QUOTE | _HAS_TIME_VALUE | ~_ALIVE,
    ),
)

CHAIN_RULES: Final = (*_ERRORS, *_WARNINGS, *_NOTES)
