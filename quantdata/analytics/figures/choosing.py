"""Which series, strikes and points are drawn: few enough to be read and to be sent, the money among them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from quantdata.analytics.figures.drawing import MOST_POINTS
from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

__all__ = ["chosen", "money", "thinned"]


def chosen(
    chain: pl.DataFrame, *, expirations: Collection[date] | None = None, roots: Collection[str] | str | None = None
) -> pl.DataFrame:
    """Return the rows of some expirations and roots; of all where they are not given.

    Raises
    ------
    ArgumentError
        If a root or an expiration is asked for that the chain does not have; the message names those that it has.
    """
    wanted_roots = {roots} if isinstance(roots, str) else roots
    for name, wanted in (("root_symbol", wanted_roots), ("expiration", expirations)):
        if wanted is None:
            continue
        there = chain.get_column(name).unique().sort().to_list()
        unknown = [str(each) for each in wanted if each not in there]
        if unknown:
            has = ", ".join(map(str, there[:12])) or "none"
            raise ArgumentError(f"no {name} {', '.join(unknown)} in this chain; it has {has}")
        chain = chain.filter(pl.col(name).is_in(list(wanted)))
    return chain


def money(chain: pl.DataFrame) -> float | None:
    """Return the price of the underlying, USD: the newest; None where no row knows it."""
    known = chain.drop_nulls("underlying_price")
    return (
        None if known.is_empty() else float(known.sort("underlying_ts", nulls_last=False).item(-1, "underlying_price"))
    )


def thinned(rows: pl.DataFrame, distance: pl.Expr, *, most: int = MOST_POINTS) -> pl.DataFrame:
    """Return at most so many rows, in their order: the nearer half of them all, and every so many of the rest.

    Parameters
    ----------
    rows
        Of one trace.
    distance
        From the money, in any unit; what is null counts as farthest.
    most
        How many points are left.
    """
    if rows.height <= most:
        return rows
    near = most // 2
    step = -(-(rows.height - near) // (most - near))
    rank = distance.abs().fill_null(math.inf).rank("ordinal") - 1
    return rows.filter((rank < near) | ((rank - near) % step == 0))
