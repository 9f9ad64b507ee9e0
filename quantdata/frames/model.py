"""The model's columns of a chain: discounting, forwards, implied volatilities, and the greeks that a vendor lacks.

Every quote is priced at its own instant (`model_clock`), with one forward a series (`model_forward`). European options
by Black-76, American ones on the lattice of `quantdata.pricing`, with discrete dividends (`model_pricing`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.frames.columns import GREEKS as GREEK_COLUMNS
from quantdata.frames.columns import MODELLED, MOMENT, VOLATILITY
from quantdata.frames.model_forward import carry
from quantdata.frames.model_pricing import GREEKS, row_greeks, row_volatilities
from quantdata.frames.model_rows import model_rows
from quantdata.pricing import NO_DIVIDENDS, Dividends
from quantdata.sessions import midnight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from quantdata.frames.model_rows import Rows
    from quantdata.pricing import RateCurve

    Floats = NDArray[np.float64]

__all__ = ["OF_THE_QUOTE", "repriced", "volatilities", "with_model"]

_YEAR: Final = timedelta(days=365)
# A share trades without its dividend from the opening of its ex-date.
_OPENING: Final = timedelta(hours=9, minutes=30)
_MODEL: Final = pl.lit("model", MODELLED)
# What each source column says who made.
_GROUPS: Final = {
    "underlying_source": ("underlying_price", "underlying_ts"),
    "iv_source": ("implied_volatility", "bid_iv", "ask_iv", "iv_ts"),
    "greeks_source": (*GREEKS, "greeks_ts", "greeks_feed"),
}
# What is of one quote, and of no other.
OF_THE_QUOTE: Final = tuple(column.name for column in (*VOLATILITY, *GREEK_COLUMNS))


def with_model(chain: pl.DataFrame, *, rates: RateCurve, dividends: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return a canonical chain with the model's columns.

    Parameters
    ----------
    chain
        Columns of `columns.CHAIN`, of one underlying.
    rates
        Zero rates, of USD.
    dividends
        ``ex_date`` (Date) and ``amount`` (USD per share) of the underlying's dividends to come. They count for American
        options; without them what their forwards say is taken as a continuous yield.

    Returns
    -------
    pl.DataFrame
        The same rows and columns, in which ``discount_factor``, ``forward_price`` and ``model_iv`` are the model's.
        Filled are ``underlying_price`` where it was null (source ``model``, and ``moneyness`` with it), the volatility
        where no vendor gave one, the greeks where no vendor gave any, and those of all puts of Tradier, which repeats
        the call's. ``iv_ts`` and ``greeks_ts`` are then the instant of valuation. Null is what cannot be priced:
        ``model_iv`` without a two-sided uncrossed quote, of expired and adjusted contracts, without a forward, and
        where time value is less than 2 ticks or, of American options, 0.05 USD (European ones out of the money: half a
        tick).

    Notes
    -----
    A volatility index has no spot: its forwards come from pairs of calls and puts alone, and its delta and gamma are
    per point of the forward.

    Examples
    --------
    >>> from quantdata.frames.columns import CHAIN, empty
    >>> from quantdata.pricing import RateCurve
    >>> with_model(empty(CHAIN), rates=RateCurve.of(0.04)).height
    0
    """
    if chain.is_empty():
        return chain
    return _modelled(chain, np.ones(chain.height, dtype=np.bool_), rates=rates, dividends=dividends)


def repriced(
    chain: pl.DataFrame,
    before: pl.DataFrame,
    is_changed: pl.Series,
    *,
    rates: RateCurve,
    dividends: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return a chain of which some rows changed with the model's columns, at the cost of those rows.

    Parameters
    ----------
    chain
        Columns of `columns.CHAIN`, of one underlying.
    before
        The same rows in the same order, as `with_model` or this left them.
    is_changed
        Whether a row's quote is another than before. Its forward is that of all quotes as they are now; rows that did
        not change keep forward, volatilities and greeks, which are of the instant of their quotes.
    rates, dividends
        As in `with_model`.
    """
    modelled = _modelled(chain, is_changed.to_numpy(), rates=rates, dividends=dividends)
    names = ("forward_price", *OF_THE_QUOTE)
    kept = [pl.when(is_changed).then(modelled.get_column(name)).otherwise(name).alias(name) for name in names]
    return modelled.with_columns(before.select(kept))


def _modelled(
    chain: pl.DataFrame, some: NDArray[np.bool_], *, rates: RateCurve, dividends: pl.DataFrame | None
) -> pl.DataFrame:
    """Return a chain with the model's columns, of which volatilities and greeks are those of some rows alone."""
    given = _as_given(chain)
    rows = model_rows(given, rates)
    schedule = _schedule(dividends, rows)
    carried = carry(rows, rates, schedule)
    volatility = row_volatilities(replace(rows, is_priceable=rows.is_priceable & some), carried, schedule)
    priced = given.with_columns(
        _column("discount_factor", rates.discount(given.get_column("time_to_expiry").to_numpy())),
        _column("forward_price", carried.forward[rows.series]),
        _column("model_iv", volatility),
        _column("model_spot", carried.model_spot[rows.series]),
        pl.Series("valued_at", np.maximum(rows.valued_us, 0)).cast(MOMENT),
    )
    wanted = priced.select(_wants_greeks()).to_series().to_numpy()
    greeks = row_greeks(rows, carried, schedule, volatility=np.where(wanted, volatility, np.nan))
    modelled = priced.with_columns(_column(_of_model(name), getattr(greeks, name)) for name in GREEKS)
    filled = modelled.with_columns(*_underlying(), *_volatility(), *_greeks())
    return filled.select(chain.columns)


def volatilities(
    chain: pl.DataFrame, quotes: Sequence[pl.DataFrame], *, rates: RateCurve, dividends: pl.DataFrame | None = None
) -> tuple[pl.Series, list[pl.Series]]:
    """Return the forward of each row of a chain, and what several sets of quotes imply on that one forward.

    Parameters
    ----------
    chain
        Whose quotes tell the forwards.
    quotes
        Chains of the same rows with other quotes.
    rates, dividends
        As in `with_model`.
    """
    rows = model_rows(chain, rates)
    schedule = _schedule(dividends, rows)
    carried = carry(rows, rates, schedule)
    found = [row_volatilities(model_rows(each, rates), carried, schedule) for each in quotes]
    forward = _column("forward_price", carried.forward[rows.series])
    return forward, [_column("model_iv", values) for values in found]


def _column(name: str, values: Floats) -> pl.Series:
    return pl.Series(name, values, pl.Float64, nan_to_null=True)


def _of_model(name: str) -> str:
    return f"{name}_of_model"


def _as_given(chain: pl.DataFrame) -> pl.DataFrame:
    """Return the chain as the vendors gave it: a chain that is priced once more starts from there."""
    if not any((chain.get_column(source) == "model").any() for source in _GROUPS):
        return chain
    return chain.with_columns(
        pl.when(pl.col(source).is_null() | (pl.col(source) != _MODEL)).then(name).alias(name)
        for source, names in _GROUPS.items()
        for name in (*names, source)
    ).with_columns(moneyness=pl.when(pl.col("underlying_price").is_not_null()).then("moneyness"))


def _schedule(dividends: pl.DataFrame | None, rows: Rows) -> Dividends:
    """Return the dividends, counted from the newest quote: of a closed market, from its close."""
    if dividends is None or not rows.is_priceable.any():
        return NO_DIVIDENDS
    now = datetime.fromtimestamp(int(rows.valued_us[rows.is_priceable].max()) / 1e6, UTC)
    known = dividends.select("ex_date", "amount").drop_nulls()
    times = [(midnight(day) + _OPENING - now) / _YEAR for day in known.get_column("ex_date")]
    return Dividends.of(times, known.get_column("amount"))


def _underlying() -> list[pl.Expr]:
    is_filled = pl.col("underlying_price").is_null() & pl.col("model_spot").is_not_null()
    moneyness = pl.col("strike") / pl.col("model_spot")
    return [
        pl.when(is_filled).then("model_spot").otherwise("underlying_price").alias("underlying_price"),
        pl.when(is_filled).then(_MODEL).otherwise("underlying_source").alias("underlying_source"),
        # It is as old as the newest quote that it may come from.
        pl.when(is_filled).then(pl.col("valued_at").max()).otherwise("underlying_ts").alias("underlying_ts"),
        pl.when(is_filled).then(moneyness).otherwise("moneyness").alias("moneyness"),
    ]


def _volatility() -> list[pl.Expr]:
    is_filled = pl.col("iv_source").is_null() & pl.col("model_iv").is_not_null()
    return [
        pl.when(is_filled).then("model_iv").otherwise("implied_volatility").alias("implied_volatility"),
        pl.when(is_filled).then("valued_at").otherwise("iv_ts").alias("iv_ts"),
        pl.when(is_filled).then(_MODEL).otherwise("iv_source").alias("iv_source"),
    ]


def _wants_greeks() -> pl.Expr:
    # Tradier's are the call's on both sides of a strike: reference/tradier.md §5.3.
    is_tradier_put = (pl.col("greeks_source") == "tradier") & (pl.col("option_type") == "put")
    return pl.col("greeks_source").is_null() | is_tradier_put.fill_null(value=False)


def _greeks() -> list[pl.Expr]:
    """Return the columns of the group: whole from the model or whole as they are, never mixed."""
    wanted, is_priced = _wants_greeks(), pl.col(_of_model("delta")).is_not_null()
    return [
        *(pl.when(wanted).then(_of_model(name)).otherwise(name).alias(name) for name in GREEKS),
        pl.when(wanted & is_priced).then("valued_at").when(~wanted).then("greeks_ts").alias("greeks_ts"),
        pl.when(wanted & is_priced).then(_MODEL).when(~wanted).then("greeks_source").alias("greeks_source"),
        pl.when(wanted & is_priced).then("quote_feed").when(~wanted).then("greeks_feed").alias("greeks_feed"),
    ]
