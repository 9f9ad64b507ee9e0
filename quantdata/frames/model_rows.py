"""What the model reads of a chain: its columns as arrays, its series numbered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.frames.model_clock import valuation_instants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.pricing import RateCurve

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Numbers = NDArray[np.int64]

__all__ = ["SERIES", "Rows", "SeriesTable", "model_rows"]

# Series never mix: SPX (AM) and SPXW (PM) share dates and strikes.
SERIES: Final = ("underlying_symbol", "root_symbol", "expiration", "multiplier", "is_adjusted")
# Indices whose options have no spot: what they settle against cannot be held.
_WITHOUT_SPOT: Final = ("VIX",)
_YEAR_US: Final = timedelta(days=365) // timedelta(microseconds=1)
# USD, where the root is not known: the smallest step there is.
_USUAL_TICK: Final = 0.01


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """One entry a series.

    Attributes
    ----------
    years
        To expiry from the snapshot; 0 once past.
    underlying
        A number for each underlying.
    has_spot
        False of volatility indices.
    is_american, is_standard
        Its exercise style; whether it is unadjusted.
    spot
        The underlying's price as the chain has it, NaN where it has none.
    """

    years: Floats
    underlying: Numbers
    has_spot: Flags
    is_american: Flags
    is_standard: Flags
    spot: Floats

    @property
    def count(self) -> int:
        """How many series there are."""
        return self.years.size


@dataclass(frozen=True, slots=True)
class Rows:
    """One entry a contract.

    Attributes
    ----------
    series
        Its number in `table`.
    table
        The chain's series.
    strike, mid, spread, tick
        USD; NaN where the chain has none.
    is_call
        True of a call.
    valued_us
        The instant of valuation, in microseconds since 1970; 0 where there is none.
    years, discount
        To expiry from that instant, and the present value of one USD then; NaN of what cannot be priced.
    is_priceable
        A live, unadjusted call or put with a two-sided quote that is not crossed.
    """

    series: Numbers
    table: SeriesTable
    strike: Floats
    mid: Floats
    spread: Floats
    tick: Floats
    is_call: Flags
    valued_us: Numbers
    years: Floats
    discount: Floats
    is_priceable: Flags

    @property
    def is_american(self) -> Flags:
        """Whether it may be exercised early."""
        return self.table.is_american[self.series]


def model_rows(chain: pl.DataFrame, rates: RateCurve) -> Rows:
    """Return what the model reads of a canonical chain."""
    numbered = chain.select(SERIES).unique(maintain_order=True).with_row_index("series")
    series = chain.join(numbered, on=SERIES, how="left", nulls_equal=True, maintain_order="left").get_column("series")
    known = chain.select(
        valued_us=valuation_instants(chain).cast(pl.Int64).fill_null(0),
        snapshot_us=pl.col("snapshot_ts").cast(pl.Int64).fill_null(0),
        is_call=(pl.col("option_type") == "call").fill_null(value=False),
        is_priceable=_is_priceable(),
        tick=pl.col("tick_size").fill_nan(None).fill_null(_USUAL_TICK),
    )
    arrays = {name: known.get_column(name).to_numpy() for name in known.columns}
    left = chain.get_column("time_to_expiry").to_numpy()
    years = left + (arrays["snapshot_us"] - arrays["valued_us"]) / _YEAR_US
    priceable = arrays["is_priceable"] & (arrays["valued_us"] > 0) & (years > 0.0)
    years = np.where(priceable, years, np.nan)
    return Rows(
        series=series.to_numpy().astype(np.int64),
        table=_table(chain, series),
        strike=chain.get_column("strike").to_numpy(),
        mid=chain.get_column("mid").to_numpy(),
        spread=chain.get_column("spread").to_numpy(),
        tick=arrays["tick"],
        is_call=arrays["is_call"],
        valued_us=arrays["valued_us"],
        years=years,
        discount=rates.discount(years),
        is_priceable=priceable,
    )


def _is_priceable() -> pl.Expr:
    # A comparison with NaN is true in polars where it is the larger: so each side is held to be finite.
    positive = [(pl.col(name) > 0) & pl.col(name).is_finite() for name in ("strike", "mid", "time_to_expiry")]
    is_crossed = ~(pl.col("spread") >= 0) | ~pl.col("spread").is_finite()
    return pl.all_horizontal(
        *positive,
        ~is_crossed,
        pl.col("option_type").is_not_null(),
        pl.col("exercise_style").is_in(["american", "european"]),
        ~pl.col("is_adjusted"),
    ).fill_null(value=False)


def _table(chain: pl.DataFrame, series: pl.Series) -> SeriesTable:
    table = (
        chain.with_columns(series)
        .group_by("series")
        .agg(
            pl.col("time_to_expiry").first().fill_nan(None).fill_null(0.0),
            pl.col("underlying_symbol").first(),
            pl.col("is_adjusted").first().fill_null(value=True),
            is_american=(pl.col("exercise_style").first() == "american").fill_null(value=False),
            spot=pl.col("underlying_price").filter(pl.col("underlying_price").is_finite()).first(),
        )
        .sort("series")
        .with_columns(
            underlying=pl.col("underlying_symbol").rank("dense").fill_null(0),
            has_spot=~pl.col("underlying_symbol").is_in(_WITHOUT_SPOT).fill_null(value=False),
            spot=pl.when(pl.col("spot") > 0).then("spot"),
        )
    )
    columns = {name: table.get_column(name).to_numpy() for name in table.columns}
    return SeriesTable(
        years=columns["time_to_expiry"],
        underlying=columns["underlying"].astype(np.int64),
        has_spot=columns["has_spot"],
        is_american=columns["is_american"],
        is_standard=~columns["is_adjusted"],
        spot=columns["spot"],
    )
