"""The last two steps of every chain: what the model adds, and what the rules say of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quantdata.frames.model import with_model
from quantdata.validation import validate

if TYPE_CHECKING:
    import polars as pl

    from quantdata.pricing.rates import RateCurve

__all__ = ["trusted", "validated"]


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
    return await asyncio.to_thread(lambda: validate(with_model(chain, rates=rates, dividends=dividends)))


async def validated(frame: pl.DataFrame) -> pl.DataFrame:
    """Return quotes, indices or other rows held to their rules, in a worker thread."""
    return await asyncio.to_thread(validate, frame)
