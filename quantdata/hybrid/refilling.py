"""A chain filled, priced anew and judged, in which no row is worth less for having been filled."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.model import with_model
from quantdata.hybrid.filling import FILLABLE, filled
from quantdata.validation import validate
from quantdata.validation.rule import TOO_OLD_CADENCES

if TYPE_CHECKING:
    from datetime import datetime

    from quantdata.pricing.rates import RateCurve

__all__ = ["refilled"]

# The warning `filled` itself: what is of two vendors never scores as if it were of one.
MARK: Final = 5


def refilled(
    chain: pl.DataFrame,
    other: pl.DataFrame,
    *,
    cadence_s: float,
    now: datetime,
    rates: RateCurve,
    dividends: pl.DataFrame,
) -> tuple[pl.DataFrame, int]:
    """Return a chain filled, priced and judged, and how many rows were filled.

    Parameters
    ----------
    chain, other
        As for `quantdata.hybrid.filling.filled`, each judged as it came.
    cadence_s
        Seconds of the refresh that ages are held against.
    now
        The moment that ages are counted to (UTC).
    rates, dividends
        Of the model.

    Notes
    -----
    What would be too old fills nothing. A row that would lose more by being filled than the five points that mark it,
    for the age of what fills it or for what the rules say of that, is left as it was.
    """
    oldest = timedelta(seconds=TOO_OLD_CADENCES * cadence_s)
    offered = other
    while True:
        complete, count = filled(chain, offered, oldest=oldest, now=now)
        judged = validate(with_model(complete, rates=rates, dividends=dividends), now, cadence_s=cadence_s)
        worse = _worse(chain, judged)
        if not count or worse.is_empty():
            return judged, count
        # At least one row fewer each time; what a neighbour's quote says of another's may change with it.
        offered = offered.filter(~pl.col("contract_symbol").is_in(worse.implode()))


def _worse(chain: pl.DataFrame, judged: pl.DataFrame) -> pl.Series:
    """Return the contracts that were filled to their disadvantage; rows are in the same order."""
    before, after = chain.get_column("confidence").cast(pl.Int64), judged.get_column("confidence").cast(pl.Int64)
    is_filled = pl.any_horizontal(
        [chain.get_column(group.source).ne_missing(judged.get_column(group.source)) for group in FILLABLE]
    )
    return judged.filter(is_filled & (after < before - MARK)).get_column("contract_symbol")
