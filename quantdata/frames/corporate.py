"""Splits and dividends as one canonical frame, and that frame as what bars are adjusted by."""

from __future__ import annotations

import polars as pl

from quantdata.frames.columns import CORPORATE_ACTIONS, FEED
from quantdata.frames.provenance import canonical

__all__ = ["corporate_actions", "dividends_in", "splits_in"]


def corporate_actions(
    splits: pl.DataFrame, dividends: pl.DataFrame, *, symbol: str, source: str, feed: str | None
) -> pl.DataFrame:
    """Return the splits and dividends of one stock with the columns of `CORPORATE_ACTIONS`, oldest first.

    Parameters
    ----------
    splits
        ``execution_date``, ``ratio``.
    dividends
        ``ex_date``, ``amount`` in USD per share of that day.
    symbol
        Of the stock or fund.
    source, feed
        Who gave them, and how fresh.
    """
    both = pl.concat(
        [
            splits.select(ex_date="execution_date", action=pl.lit("split"), ratio="ratio"),
            dividends.select("ex_date", "amount", action=pl.lit("dividend")),
        ],
        how="diagonal",
    )
    complete = both.with_columns(symbol=pl.lit(symbol), source=pl.lit(source), feed=pl.lit(feed, FEED))
    return complete.select(canonical(CORPORATE_ACTIONS, complete.columns)).sort("ex_date", "action", "amount")


def splits_in(actions: pl.DataFrame) -> pl.DataFrame:
    """Return ``execution_date``, ``ratio`` of the splits among corporate actions."""
    return actions.filter(pl.col("action") == "split").select("ratio", execution_date="ex_date")


def dividends_in(actions: pl.DataFrame) -> pl.DataFrame:
    """Return ``ex_date``, ``amount`` (USD per share of that day) of the dividends among corporate actions."""
    return actions.filter(pl.col("action") == "dividend").select("ex_date", "amount")
