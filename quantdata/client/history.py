"""Chains as they were: the snapshots that a lake holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quantdata.errors import LakeError
from quantdata.sessions import session_day

if TYPE_CHECKING:
    from datetime import datetime

    from quantdata.lake import Lake

__all__ = ["chain_as_of", "chain_history"]


def chain_history(lake: Lake, underlying: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Return all snapshots of an underlying between two moments, both included; without rows where there are none."""
    found = lake.scan("chains", symbols=underlying, start=session_day(start), end=session_day(end))
    chains = found.drop("date").filter(pl.col("snapshot_ts").is_between(start, end)).collect()
    # A whole chain and a part of it may be of one moment, where a simulated clock stands still.
    each_once = chains.unique(["snapshot_ts", "contract_symbol"], keep="first", maintain_order=True)
    return each_once.sort("snapshot_ts", maintain_order=True)


def chain_as_of(lake: Lake, underlying: str, moment: datetime) -> pl.DataFrame:
    """Return the newest whole chain of an underlying that was kept until a moment, that moment included.

    Raises
    ------
    LakeError
        If there is none.
    """
    held = lake.coverage("chains", symbols=underlying, end=session_day(moment))
    # A piece that was narrowed by filters is no chain.
    whole = held.filter(pl.col("filters").is_null(), pl.col("first_ts") <= moment).sort("first_ts")
    if whole.is_empty():
        raise LakeError(
            f"{lake.path} holds no whole chain of {underlying} from {moment:%Y-%m-%d %H:%M} UTC or before: keep some "
            f"with lake.write('chains', ...), or quantdata export chains {underlying}"
        )
    at = whole.item(-1, "first_ts")
    return chain_history(lake, underlying, at, at)
