"""What a chain tells of its contracts that decides whose quotes are worth a subscription."""

from __future__ import annotations

import polars as pl

from quantdata.frames.model_rows import SERIES
from quantdata.live.budget import Candidates

__all__ = ["candidates"]


def candidates(chain: pl.DataFrame) -> Candidates:
    """Return the contracts of a chain for `quantdata.live.budget.allocate`.

    The volatility of a series is that of its contracts nearest to the forward which have one.
    """
    forward = pl.coalesce("forward_price", "underlying_price")
    volatility = pl.coalesce("model_iv", "implied_volatility")
    distance = (pl.col("strike").log() - pl.col("forward").log()).abs()
    told = chain.with_columns(forward=forward, volatility=volatility).with_columns(distance=distance)
    nearest = (
        told.drop_nulls(["volatility", "distance"])
        .sort("distance", maintain_order=True)
        .group_by(SERIES, maintain_order=True)
        .agg(pl.col("volatility").first().alias("at_the_money"))
    )
    rows = told.join(nearest, on=SERIES, how="left", nulls_equal=True, maintain_order="left")
    arrays = {
        name: rows.get_column(name).to_numpy() for name in ("strike", "forward", "at_the_money", "time_to_expiry")
    }
    return Candidates(
        symbols=rows.get_column("contract_symbol").to_list(),
        strike=arrays["strike"],
        forward=arrays["forward"],
        volatility=arrays["at_the_money"],
        years=arrays["time_to_expiry"],
    )
