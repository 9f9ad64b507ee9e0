"""The last two steps of every chain: what the model adds, and what the rules say of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quantdata.frames.model import with_model
from quantdata.validation import validate
from quantdata.validation.rule import CADENCE_S

if TYPE_CHECKING:
    import polars as pl

    from quantdata.pricing.rates import RateCurve

__all__ = ["cadence_of", "trusted", "validated"]


async def trusted(chain: pl.DataFrame, *, rates: RateCurve, dividends: pl.DataFrame) -> pl.DataFrame:
    """Return a chain priced by the model and held to the rules, in a worker thread.

    Parameters
    ----------
    chain
        Canonical rows.
    rates
        Of the model.
    dividends
        ``ex_date``, ``amount`` of the underlying, as far as they are known.
    """

    def priced() -> pl.DataFrame:
        modelled = with_model(chain, rates=rates, dividends=dividends)
        now = datetime.now(UTC)
        return validate(modelled, now, cadence_s=cadence_of(modelled, now))

    return await asyncio.to_thread(priced)


def cadence_of(chain: pl.DataFrame, now: datetime) -> float:
    """Return the seconds of a refresh that a chain's ages are held against.

    It is as long as the chain was under way: rows that had to wait for the others, or for the rate, are not stale.
    """
    oldest = chain.get_column("received_ts").min()
    took_s = (now - oldest).total_seconds() if isinstance(oldest, datetime) else 0.0
    return max(CADENCE_S, took_s)


async def validated(frame: pl.DataFrame) -> pl.DataFrame:
    """Return quotes, indices or other rows held to their rules, in a worker thread."""
    return await asyncio.to_thread(validate, frame)
