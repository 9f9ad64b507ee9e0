"""Tradier option quotes to the canonical chain.

Greeks and volatilities are computed by ORATS once an hour, at the time in ``greeks_ts``; the quotes move on under them.

References
----------
Tradier, *Get an option chain*, ``GET /v1/markets/options/chains``; units and traps: reference/tradier.md §5.3.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.chain import finish, newest_session, root_of
from quantdata.frames.columns import FEED, MOMENT, OPTION_TYPE
from quantdata.frames.decode import whole
from quantdata.frames.tradier.quotes import CHANGE, day_close, day_prices, last_ts, positive, quote_ts
from quantdata.sessions import current_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quantdata.frames.provenance import Answer

__all__ = ["chain"]

SANDBOX_DELAY: Final = timedelta(minutes=15)
# Far from the money the vendor's numbers are noise of the order of 1e-15.
NOISE: Final = 1e-9
TRADIER: Final = pl.lit("tradier")
# What a fresh chain says of itself: quotes are those of the moment, greeks those of the last hour.
QUOTE_FEED: Final = "realtime"
GREEKS_FEED: Final = "delayed"


def chain(pages: Sequence[pl.DataFrame], *, underlying: str, answer: Answer) -> pl.DataFrame:
    """Return the canonical chain of one or more pages from `quote_page`."""
    whole_chain = pl.concat(pages, rechunk=True)
    seen_at = answer.snapshot_ts - (SANDBOX_DELAY if answer.is_delayed else timedelta(0))
    rows = whole_chain.with_columns(
        pl.col("greeks").struct.unnest(), iv_ts=_updated_at(pl.col("greeks").struct.field("updated_at"))
    )
    return finish(rows.select(_columns(seen_at)), underlying=underlying, answer=answer)


def _updated_at(text: pl.Expr) -> pl.Expr:
    # Without a zone, and UTC: reference/tradier.md §5.3.
    return text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC", strict=False).cast(MOMENT)


def _columns(seen_at: datetime) -> list[pl.Expr | str]:
    has_quote = (pl.col("ask") > 0) | (pl.col("bid") > 0)
    return [
        *_contract(),
        pl.lit(None, pl.Float64).alias("underlying_price"),
        *_quote(has_quote),
        *_trade(),
        *_day(seen_at),
        whole("open_interest"),
        pl.when(pl.col("open_interest").is_not_null()).then(TRADIER).alias("open_interest_source"),
        *_volatility(),
        *_greeks(),
        pl.lit(QUOTE_FEED, FEED).alias("feed"),
        "received_ts",
    ]


def _contract() -> list[pl.Expr]:
    symbol = pl.when(pl.col("symbol") != "").then("symbol")
    return [
        symbol.alias("contract_symbol"),
        root_of(symbol).alias("root_symbol"),
        pl.col("expiration_date").str.to_date("%Y-%m-%d", strict=False).alias("expiration"),
        pl.col("strike"),
        pl.col("option_type")
        .replace_strict({"call": "call", "put": "put"}, default=None)
        .cast(OPTION_TYPE)
        .alias("option_type"),
        pl.lit(None, pl.String).alias("exercise_style"),
        whole("contract_size").alias("multiplier"),
    ]


def _quote(has_quote: pl.Expr) -> list[pl.Expr]:
    return [
        # No bid comes as 0.0; beside an offer that is data.
        pl.when(has_quote).then("bid").alias("bid"),
        pl.when(has_quote).then(whole("bidsize")).alias("bid_size"),
        # The letter stands there without a bid as well, and then it is nobody's.
        pl.when(pl.col("bid") > 0, pl.col("bidexch") != "").then("bidexch").alias("bid_exchange"),
        positive("ask").alias("ask"),
        pl.when(has_quote).then(whole("asksize")).alias("ask_size"),
        pl.when(pl.col("ask") > 0, pl.col("askexch") != "").then("askexch").alias("ask_exchange"),
        pl.when(has_quote).then(quote_ts()).alias("quote_ts"),
        pl.when(has_quote).then(TRADIER).alias("quote_source"),
        pl.when(has_quote).then(pl.lit(QUOTE_FEED)).cast(FEED).alias("quote_feed"),
    ]


def _trade() -> list[pl.Expr]:
    has_traded = (pl.col("last") > 0) & (pl.col("trade_date") > 0)
    return [
        pl.when(has_traded).then("last").alias("last"),
        pl.when(has_traded, pl.col("last_volume") > 0).then(whole("last_volume")).alias("last_size"),
        pl.when(has_traded).then(last_ts()).alias("last_ts"),
        pl.when(has_traded).then(TRADIER).alias("trade_source"),
    ]


def _day(seen_at: datetime) -> list[pl.Expr]:
    today = current_session(seen_at)
    # At some hour before the open the vendor clears the day: a volume of 0 is then of the old session or of the new.
    is_known = pl.col("volume") > 0 if today is not None and seen_at < today.open else pl.col("volume").is_not_null()
    has_close = day_close().is_not_null()
    return [
        *day_prices(),
        # Of a contract that has not traded today the vendor's are those of an old price: 0.0.
        *(pl.when(has_close).then(change) for change in CHANGE),
        pl.when(is_known).then(whole("volume")).alias("volume"),
        pl.when(is_known).then(pl.lit(newest_session(seen_at))).alias("day_session"),
        pl.when(is_known).then(TRADIER).alias("day_source"),
    ]


def _volatility() -> list[pl.Expr]:
    has_bid_iv = pl.col("bid_iv") > 0
    has_any = has_bid_iv | (pl.col("ask_iv") > 0)
    return [
        # Without a volatility at the bid, mid_iv is the one at the ask: reference/tradier.md §5.3.
        pl.when(has_bid_iv).then(positive("mid_iv")).alias("implied_volatility"),
        positive("bid_iv").alias("bid_iv"),
        positive("ask_iv").alias("ask_iv"),
        pl.when(has_any).then("iv_ts").alias("iv_ts"),
        pl.when(has_any).then(TRADIER).alias("iv_source"),
    ]


def _greeks() -> list[pl.Expr]:
    has_greeks = pl.col("delta").is_not_null()
    # Puts carry their call's theta and rho, of which the sign of rho and the size of theta are wrong for a put.
    of_calls = pl.col("option_type") == "call"
    return [
        *(_clipped(name).alias(name) for name in ("delta", "gamma", "vega")),
        *(pl.when(of_calls).then(_clipped(name)).alias(name) for name in ("theta", "rho")),
        pl.when(has_greeks).then("iv_ts").alias("greeks_ts"),
        pl.when(has_greeks).then(TRADIER).alias("greeks_source"),
        pl.when(has_greeks).then(pl.lit(GREEKS_FEED)).cast(FEED).alias("greeks_feed"),
    ]


def _clipped(name: str) -> pl.Expr:
    return pl.when(pl.col(name).abs() < NOISE).then(0.0).otherwise(pl.col(name))
