"""What cannot be without a free lunch: bounds of prices and volatilities, as columns and expressions over one row.

Executable prices are held against each other, beyond one tick; what other contracts of the series say is in the columns
of `quantdata.validation.neighbours`.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.frames.columns import MODELLED
from quantdata.validation.arrays import equals, floats, series, with_series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "FRESH_QUOTE",
    "ONE_POINT",
    "RATE_SLACK",
    "SAME_INSTANT",
    "SAME_INSTANT_US",
    "is_alive",
    "is_core",
    "is_near",
    "obeys_butterfly",
    "obeys_order",
    "obeys_parity",
    "with_bounds",
    "within_quoted_volatility",
]

# The rates of the model are not quite the market's: what a strike is worth today is known to this share, a year.
RATE_SLACK: Final = 0.01
# Two times that are further apart are not compared.
SAME_INSTANT: Final = timedelta(seconds=5)
SAME_INSTANT_US: Final = SAME_INSTANT // timedelta(microseconds=1)
# A vendor that computes on request uses the quote it holds: one this young is that quote.
FRESH_QUOTE: Final = timedelta(seconds=60)
FEW_TICKS: Final = 2
LEAST_AMERICAN_USD: Final = 0.05
ONE_POINT: Final = 0.01
ONE_DAY: Final = 1 / 365
# Deltas of 5 and 95 % are this many deviations from the middle.
CORE_DEVIATIONS: Final = 1.645
USUAL_TICK: Final = 0.01

# What does not come out as a number is not known: the column is null there.
_SILENTLY: Final = np.errstate(invalid="ignore", divide="ignore", over="ignore")
_TICK: Final = pl.col("tick") + 1e-9


def is_alive() -> pl.Expr:
    """Return whether a contract still trades; one of which the expiration is not known does."""
    return (pl.col("time_to_expiry") > 0).fill_null(value=True)


def is_near(one: pl.Expr, other: pl.Expr, *, most: timedelta = SAME_INSTANT) -> pl.Expr:
    """Return whether two times are close enough to compare what was quoted; not where one is not known."""
    return (one - other).is_between(-most, most).fill_null(value=False)


@_SILENTLY
def is_core(chain: pl.DataFrame) -> pl.Series:
    """Return whether the model's delta is within 5 to 95 %: the rows that count for the confidence of a chain."""
    return pl.Series(np.abs(_d1(chain)) <= CORE_DEVIATIONS)


@_SILENTLY
def with_bounds(chain: pl.DataFrame) -> pl.DataFrame:
    """Return a chain with what its prices are held against, each worked out once for all rules.

    ``sign``
        1 of calls, -1 of puts, null of neither.
    ``is_alive``, ``is_two_sided``
        Whether the contract still trades; whether there is a bid and an ask.
    ``tick``
        The smallest price step, USD per share; a cent where it is not known.
    ``slack``
        What rates that are not quite right may move a value, USD per share. The forward of the series is the market's
        own, by parity around the money; a European option moves with the distance of the strike from it, an American
        one, which may be exercised for the strike today, with the strike.
    ``bound``
        What a contract is worth at least, USD per share; null without a forward. European: the discounted forward over
        the strike. American: that, or exercise now, at the price of the underlying if that is of the time of the quote,
        or at what the options of the nearest series say that it is: at the worse of both, for prices of the underlying
        come seconds apart.
    ``time_value``
        The mid less that, with exercise at the better of both.
    ``has_time_value``
        Whether a two-sided quote is worth so much more than its bound that it implies a volatility: two ticks; of an
        American contract five cents too, below which exercise decides its price.
    ``parity_low``, ``parity_high``
        What the call less the put of this strike is worth, USD per share. European: the discounted forward over the
        strike. American: no less than the forward paid today less the strike, no more than the underlying less the
        discounted strike, null where that is not known.
    ``half_width``
        Half the spread in volatility, by the model's vega, and what rates may move it; null of a crossed quote.
    """
    strike, years, bid, ask, tick = floats(chain, "strike", "time_to_expiry", "bid", "ask", "tick_size")
    forward, discount, underlying, spread, mid = floats(
        chain, "forward_price", "discount_factor", "underlying_price", "spread", "mid"
    )
    underlying_us, quoted_us = floats(chain, "underlying_ts", "quote_ts")
    strike = np.where(strike > 0, strike, np.nan)
    sign = 2.0 * equals(chain.get_column("option_type"), "call") - 1.0
    is_american = equals(chain.get_column("exercise_style"), "american") == 1
    is_two_sided = (bid > 0) & (ask > 0)
    tick = np.where(np.isnan(tick), USUAL_TICK, tick)
    forward_today, strike_today = discount * forward, discount * strike
    spot_of_quote = np.where(np.abs(underlying_us - quoted_us) <= SAME_INSTANT_US, underlying, np.nan)
    spots = spot_of_quote, _spot_of_options(chain, np.where(years > 0, forward_today, np.nan))
    parity = forward_today - strike_today
    held = np.where(np.isnan(forward), np.nan, np.fmax(sign * parity, 0.0))
    # Of a call in the first place, of a put in the second; fmax and fmin pass NaN over: what is not known is no bound.
    exercised = [np.where(is_american, sign * (spot - strike), np.nan) for spot in spots]
    highest = np.fmax(*spots) - strike_today
    vega = forward_today * np.exp(-(_d1(chain) ** 2) / 2) / math.sqrt(2 * math.pi) * np.sqrt(years)
    from_forward = RATE_SLACK * years * np.abs(forward - strike)
    half_width = (np.where(spread >= 0, spread, np.nan) / 2 + from_forward) / vega
    time_value = mid - np.where(np.isnan(held), np.nan, np.fmax(held, np.fmax(*exercised)))
    least = np.maximum(FEW_TICKS * tick, np.where(is_american, LEAST_AMERICAN_USD, 0.0))
    columns = (
        series("sign", sign),
        pl.Series("is_alive", ~(years <= 0)),
        pl.Series("is_two_sided", is_two_sided),
        series("tick", tick),
        series("slack", np.where(is_american, RATE_SLACK * years * strike, from_forward)),
        series("bound", np.where(np.isnan(held), np.nan, np.fmax(held, np.fmin(*exercised)))),
        series("time_value", time_value),
        pl.Series("has_time_value", is_two_sided & (time_value >= least)),
        series("parity_low", np.where(is_american, forward_today - strike, parity)),
        series("parity_high", np.where(is_american, highest, parity)),
        series("half_width", half_width),
    )
    return with_series(chain, columns)


def _spot_of_options(chain: pl.DataFrame, forward_today: Floats) -> Floats:
    """Return the discounted forward of the nearest live series of each underlying; NaN where none has one."""
    symbols = chain.get_column("underlying_symbol")
    [is_adjusted] = floats(chain, "is_adjusted")
    tells = (is_adjusted == 0) & ~np.isnan(forward_today)
    spots = np.full(forward_today.size, np.nan)
    for symbol in (symbols.head(1) if symbols.n_unique() == 1 else symbols.unique()).drop_nulls():
        is_own = equals(symbols, symbol) == 1
        told = np.flatnonzero(is_own & tells)
        spots[is_own] = forward_today[told[0]] if told.size else np.nan
    return spots


def _d1(chain: pl.DataFrame) -> Floats:
    """Return how many deviations the strike is below the forward, at the model's volatility, else at the vendor's."""
    forward, strike, years, own, vendors = floats(
        chain, "forward_price", "strike", "time_to_expiry", "model_iv", "implied_volatility"
    )
    deviation = np.where(np.isnan(own), vendors, own) * np.sqrt(years)
    d1: Floats = np.log(forward / strike) / deviation + deviation / 2
    return d1


def within_quoted_volatility() -> pl.Expr:
    """Return whether the vendor's volatility is within a point of those at bid and ask; null where it cannot be told.

    Bid and ask are turned into volatilities around the model's own with its vega. Vega falls with the volatility of an
    option out of the money, so the one at the bid may be twice as far away as that tells. A vendor's volatility is only
    compared where it is of the quote's own instant, and more than a day from the end, where its clock may be another.
    """
    is_vendors = pl.col("iv_source") == pl.col("quote_source").cast(MODELLED)
    on_request = is_vendors & is_near(pl.col("snapshot_ts"), pl.col("quote_ts"), most=FRESH_QUOTE)
    at_once = (
        pl.when(pl.col("iv_ts").is_null()).then(on_request).otherwise(is_near(pl.col("iv_ts"), pl.col("quote_ts")))
    )
    above = pl.col("implied_volatility") - pl.col("model_iv")
    inside = above.is_between(-2 * pl.col("half_width") - ONE_POINT, pl.col("half_width") + ONE_POINT)
    return ~at_once | (pl.col("time_to_expiry") <= ONE_DAY) | (pl.col("implied_volatility") < 0) | inside


def obeys_order() -> pl.Expr:
    """Return whether no contract that is worth at least as much is offered below the bid."""
    return pl.col("bid") <= pl.col("dominating_ask") + _TICK


def obeys_butterfly() -> pl.Expr:
    """Return whether the strikes on both sides do not cost less than the bid between them: prices are convex."""
    return pl.col("bid") <= pl.col("wings_ask") + _TICK


def obeys_parity() -> pl.Expr:
    """Return whether call and put at one strike fit the forward, to their half-spreads; both rows are named if not."""
    allowed = pl.col("synthetic_width") + _TICK + pl.col("slack")
    not_too_low = pl.col("synthetic") >= pl.col("parity_low") - allowed
    not_too_high = pl.col("synthetic") <= pl.col("parity_high") + allowed
    return not_too_low & not_too_high
