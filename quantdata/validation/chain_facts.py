"""The rules of a chain as a whole: what no single row can tell."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

import polars as pl

from quantdata.frames.provenance import INCOMPLETE, OLD_ANSWER
from quantdata.sessions import FIRST_DAY, LAST_DAY, current_session, session_day
from quantdata.validation.neighbours import SERIES

__all__ = ["CHAIN_FACTS", "ChainFact", "facts_of", "plan_lacks"]

STRIKE_GAP_STEPS: Final = 3
# Around the money: strikes this close to the price of the underlying.
NEAR_MONEY: Final = 0.10
# In an open market something of any chain is quoted within this; a plan's delay comes on top.
STANDING: Final = timedelta(minutes=15)
LATE_BY: Final = timedelta(minutes=15)
LARGEST_SKEW: Final = timedelta(seconds=2)
# Rows after which the absence of a block from all of them says that the plan lacks it.
TELLING_ROWS: Final = 20

_BLOCKS: Final = {
    "quotes": "quote_source",
    "trades": "trade_source",
    "greeks": "greeks_source",
    "underlying": "underlying_source",
}


class ChainFact(NamedTuple):
    """A warning about a whole chain.

    Attributes
    ----------
    name
        Its word in `Quality.warnings`.
    sentence
        What it means.
    holds
        An expression over all rows, in canonical order: whether there is something to warn of. It may read
        ``is_open``: whether the market has been open for a quarter of an hour at the time of the answer.
    """

    name: str
    sentence: str
    holds: pl.Expr


def _has_none(option_type: str) -> pl.Expr:
    return ~(pl.col("option_type") == option_type).any()


def _has_one_sided_series() -> pl.Expr:
    sides = pl.col("option_type").n_unique().over(*SERIES)
    return (sides == 1).any() & ~_has_none("call") & ~_has_none("put")


def _has_strike_gap() -> pl.Expr:
    """Return whether two strikes near the money are farther apart than three of the steps on both sides of them."""
    strike = pl.when((pl.col("moneyness") - 1).abs() <= NEAR_MONEY, pl.col("option_type") == "call").then("strike")
    below = strike.forward_fill().shift(1).over(*SERIES)
    step = pl.when(strike > below).then(strike - below)
    before, after = step.forward_fill().shift(1).over(*SERIES), step.backward_fill().shift(-1).over(*SERIES)
    return ((step > STRIKE_GAP_STEPS * before) & (step > STRIKE_GAP_STEPS * after)).any()


def _is_told(reason: str) -> pl.Expr:
    return pl.col("fallback_reason").str.starts_with(reason).any()


def _has_fallback() -> pl.Expr:
    reason = pl.col("fallback_reason").drop_nulls()
    return (~reason.str.starts_with(INCOMPLETE) & ~reason.str.starts_with(OLD_ANSWER)).any()


def _has_skew() -> pl.Expr:
    # A filled row is as old as what fills it, which says nothing of clocks; a simulated market has a clock of its own.
    received = pl.col("received_ts").filter(pl.col("source") != "hybrid").max()
    ahead = pl.col("snapshot_ts").max() - received
    return ~(pl.col("feed") == "simulated").any() & ~ahead.is_between(-LARGEST_SKEW, LARGEST_SKEW)


def _stands_still() -> pl.Expr:
    """Return whether nothing has been quoted for as long as something always is."""
    late = pl.when((pl.col("quote_feed") == "delayed").any()).then(LATE_BY).otherwise(timedelta(0))
    return pl.col("is_open").first() & (pl.col("snapshot_ts").max() - pl.col("quote_ts").max() > STANDING + late)


# Facts that need more than one contract.
OF_MANY: Final = frozenset({"no_calls", "no_puts", "one_sided_series", "strike_gap", "standing_quotes"})
CHAIN_FACTS: Final = (
    ChainFact("no_calls", "there are no calls", _has_none("call")),
    ChainFact("no_puts", "there are no puts", _has_none("put")),
    ChainFact("one_sided_series", "a series has calls or puts alone", _has_one_sided_series()),
    ChainFact("strike_gap", "strikes near the money are missing: a gap of more than three steps", _has_strike_gap()),
    ChainFact(
        "no_underlying", "the price of the underlying is not known", pl.col("underlying_price").null_count() == pl.len()
    ),
    ChainFact("clock_skew", "the vendor's clock is more than 2 s off ours", _has_skew()),
    ChainFact("standing_quotes", "no quote is of the last 15 minutes, though the market is open", _stands_still()),
    ChainFact("incomplete", "a part of the chain is missing", _is_told(INCOMPLETE)),
    ChainFact("old_answer", "no provider answered, and this is the last good chain", _is_told(OLD_ANSWER)),
    ChainFact("fallback_used", "another provider than the first answered", _has_fallback()),
)


def facts_of(chain: pl.DataFrame) -> tuple[str, ...]:
    """Return the names of the warnings about a chain in canonical order.

    One contract alone is no chain: nothing is missing beside it, and it may well not be quoted for a while.
    """
    timed = chain.with_columns(is_open=pl.lit(_is_open(chain.get_column("snapshot_ts").max())))
    held = timed.select(fact.holds.fill_null(value=False).alias(fact.name) for fact in CHAIN_FACTS).row(0)
    told = [fact.name for fact, holds in zip(CHAIN_FACTS, held, strict=True) if holds]
    return tuple(name for name in told if chain.height > 1 or name not in OF_MANY)


def _is_open(at: object) -> bool:
    """Tell whether the market has been open for so long that quotes have come, and still is."""
    if not isinstance(at, datetime) or not FIRST_DAY <= session_day(at) <= LAST_DAY:
        return False
    session = current_session(at)
    return session is not None and session.open + STANDING <= at <= session.close


def plan_lacks(chain: pl.DataFrame) -> tuple[str, ...]:
    """Return the blocks that no vendor gave in any row of a chain: what the plan does not deliver, told once."""
    if chain.height < TELLING_ROWS:
        return ()
    given = chain.select(_is_given(source).any().alias(block) for block, source in _BLOCKS.items()).row(0, named=True)
    return tuple(block for block, is_given in given.items() if not is_given)


def _is_given(source: str) -> pl.Expr:
    # In a filled row the model's figures may have taken the place of the vendor's, which did not go with the quote.
    is_shown = (pl.col(source).cast(pl.String) != "model") | (pl.col("source") == "hybrid")
    return is_shown & pl.col(source).is_not_null()
