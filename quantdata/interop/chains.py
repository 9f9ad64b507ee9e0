"""Canonical chains, checked and made ready for an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.interop.bars import collected
from quantdata.validation.kinds import CHAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Quoted", "quoted"]


class Quoted(NamedTuple):
    """Rows of chains that an engine can take, and what is known of them.

    Attributes
    ----------
    chains
        Ordinary contracts with all that is needed.
    dropped_rows
        How many lack something.
    notes
        What else is to be said, in sentences.
    """

    chains: pl.DataFrame
    dropped_rows: int
    notes: list[str]


def quoted(frame: pl.DataFrame | pl.LazyFrame, needed: Sequence[str]) -> Quoted:
    """Keep the rows of ordinary contracts that have what is needed.

    Parameters
    ----------
    frame
        Chains, as of ``qd.chain`` or a lake's ``scan``.
    needed
        Names of numbers that must be there.

    Raises
    ------
    ArgumentError
        If it is no chain, or no row is left.
    """
    given = collected(frame, CHAIN)
    ordinary = given.filter(~pl.col("is_adjusted").fill_null(value=False))
    usable = ordinary.filter(pl.all_horizontal(pl.col(*needed).is_finite().fill_null(value=False)))
    if usable.is_empty():
        raise ArgumentError(f"no contract of these chains has {', '.join(needed)}")
    notes = []
    if adjusted := given.height - ordinary.height:
        notes.append(f"{adjusted:,} rows of adjusted contracts are left out: what they deliver is not known")
    if wrong := (usable["quote_confidence"] == 0).sum():
        notes.append(f"quotes of {wrong:,} rows cannot be right (quote_confidence 0), and are handed over as they are")
    return Quoted(usable, ordinary.height - usable.height, notes)
