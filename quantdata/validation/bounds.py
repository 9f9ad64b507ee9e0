"""What cannot be without a free lunch: bounds of prices and volatilities, as expressions over one row.

Executable prices are held against each other, beyond one tick; those of other contracts of the series are in the
columns of `quantdata.validation.neighbours`.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final

import polars as pl

__all__ = [
    "RATE_SLACK",
    "SAME_INSTANT",
    "has_time_value",
    "is_alive",
    "is_core",
    "is_near",
    "is_two_sided",
    "obeys_butterfly",
    "obeys_order",
    "obeys_parity",
    "slack",
    "with_bounds",
    "within_quoted_volatility",
]

# The rates of the model are not quite the market's: what a forward strike is worth today is known to this, a year.
RATE_SLACK: Final = 0.01
# Two times that are further apart are not compared.
SAME_INSTANT: Final = timedelta(seconds=5)
# A vendor that computes on request uses the quote it holds: one this young is that quote.
FRESH_QUOTE: Final = timedelta(seconds=60)
FEW_TICKS: Final = 2
ONE_POINT: Final = 0.01
ONE_DAY: Final = 1 / 365
# Deltas of 5 and 95 % are this many deviations from the middle.
CORE_DEVIATIONS: Final = 1.645

_TICK: Final = pl.col("tick_size").fill_null(0.01) + 1e-9
_SIGN: Final = pl.when(pl.col("option_type") == "call").then(1.0).when(pl.col("option_type") == "put").then(-1.0)


def is_alive() -> pl.Expr:
    """Return whether a contract still trades; one of which the expiration is not known does."""
    return (pl.col("time_to_expiry") > 0).fill_null(value=True)


def is_two_sided() -> pl.Expr:
    """Return whether there is a bid and an ask."""
    return ((pl.col("bid") > 0) & (pl.col("ask") > 0)).fill_null(value=False)


def is_near(one: pl.Expr, other: pl.Expr, *, most: timedelta = SAME_INSTANT) -> pl.Expr:
    """Return whether two times are close enough to compare what was quoted; not where one is not known."""
    return (one - other).is_between(-most, most).fill_null(value=False)


def slack() -> pl.Expr:
    """Return what rates that are not quite right may move the value of the strike, USD per share."""
    return RATE_SLACK * pl.col("time_to_expiry") * pl.col("strike")


def with_bounds(chain: pl.DataFrame) -> pl.DataFrame:
    """Return a chain with ``spot``, the price of the underlying where it is of the time of the quote, and ``bound``.

    ``bound`` is what a contract is worth at least, USD per share; null without a forward. European: the discounted
    forward over the strike. American: that, or exercise now at ``spot``.
    """
    spot = pl.when(is_near(pl.col("underlying_ts"), pl.col("quote_ts"))).then("underlying_price").alias("spot")
    held = pl.col("discount_factor") * _SIGN * (pl.col("forward_price") - pl.col("strike"))
    exercised = pl.when(pl.col("exercise_style") == "american").then(_SIGN * (pl.col("spot") - pl.col("strike")))
    bound = pl.when(pl.col("forward_price").is_not_null()).then(pl.max_horizontal(held, exercised, 0.0))
    return chain.with_columns(spot).with_columns(bound=bound)


def has_time_value() -> pl.Expr:
    """Return whether a two-sided quote is worth two ticks more than the bound, so that it implies a volatility."""
    enough = pl.col("mid") - pl.col("bound") >= FEW_TICKS * pl.col("tick_size").fill_null(0.01)
    return is_two_sided() & enough.fill_null(value=False)


def is_core() -> pl.Expr:
    """Return whether the model's delta is within 5 to 95 %: the rows that count for the confidence of a chain."""
    return (_d1().abs() <= CORE_DEVIATIONS).fill_null(value=False)


def within_quoted_volatility() -> pl.Expr:
    """Return whether the vendor's volatility is within a point of those at bid and ask; null where it cannot be told.

    Bid and ask are turned into volatilities around the model's own with its vega. Vega falls with the volatility of an
    option out of the money, so the one at the bid may be twice as far away as that tells. A vendor's volatility is only
    compared where it is of the quote's own instant, and more than a day from the end, where its clock may be another.
    """
    is_vendors = pl.col("iv_source").cast(pl.String) == pl.col("quote_source").cast(pl.String)
    on_request = is_vendors & is_near(pl.col("snapshot_ts"), pl.col("quote_ts"), most=FRESH_QUOTE)
    at_once = (
        pl.when(pl.col("iv_ts").is_null()).then(on_request).otherwise(is_near(pl.col("iv_ts"), pl.col("quote_ts")))
    )
    half_width = pl.col("spread") / 2 / _vega()
    above = pl.col("implied_volatility") - pl.col("model_iv")
    inside = above.is_between(-2 * half_width - ONE_POINT, half_width + ONE_POINT)
    return ~at_once | (pl.col("time_to_expiry") <= ONE_DAY) | inside


def obeys_order() -> pl.Expr:
    """Return whether no contract that is worth at least as much is offered below the bid.

    A call is worth no more than one with a lower strike, a put no more than one with a higher strike.
    """
    dominating = pl.when(pl.col("option_type") == "call").then("lower_ask").otherwise("higher_ask")
    return pl.col("bid") <= dominating + _TICK


def obeys_butterfly() -> pl.Expr:
    """Return whether the strikes on both sides do not cost less than the bid between them: prices are convex."""
    weight = (pl.col("higher_strike") - pl.col("strike")) / (pl.col("higher_strike") - pl.col("lower_strike"))
    return pl.col("bid") <= weight * pl.col("lower_ask") + (1 - weight) * pl.col("higher_ask") + _TICK


def obeys_parity() -> pl.Expr:
    """Return whether call and put at one strike fit the forward; both rows are named where they do not.

    European: mid call - mid put is the discounted forward over the strike, to the half-spreads. American: bought call
    and sold put cost no less than the forward paid today less the strike, sold call and bought put bring no more than
    the underlying less the discounted strike.
    """
    forward = pl.col("discount_factor") * pl.col("forward_price")
    strike = pl.col("discount_factor") * pl.col("strike")
    held = _SIGN * (pl.col("mid") - pl.col("mate_mid"))
    spreads = (pl.col("spread") + pl.col("mate_spread")) / 2
    allowed = spreads + _TICK + slack()
    european = (held - forward + strike).abs() <= allowed
    not_too_low = held >= forward - pl.col("strike") - allowed
    not_too_high = held <= pl.max_horizontal("spot", forward) - strike + allowed
    american = not_too_low & (not_too_high | pl.col("spot").is_null())
    return pl.when(pl.col("exercise_style") == "american").then(american).otherwise(european)


def _d1() -> pl.Expr:
    deviation = pl.coalesce("model_iv", "implied_volatility") * pl.col("time_to_expiry").sqrt()
    return (pl.col("forward_price") / pl.col("strike")).log() / deviation + deviation / 2


def _vega() -> pl.Expr:
    """Return the model's price change per unit of volatility."""
    density = (-_d1().pow(2) / 2).exp() / math.sqrt(2 * math.pi)
    return pl.col("discount_factor") * pl.col("forward_price") * density * pl.col("time_to_expiry").sqrt()
