"""What a rule is: a name, a sentence, what it costs, and the expression of the rows that pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CADENCE_S",
    "FINITE",
    "TOO_OLD_CADENCES",
    "Group",
    "Rule",
    "Severity",
    "at_least",
    "not_in_future",
    "present",
    "too_old",
]

Severity: TypeAlias = Literal["error", "warning", "note"]
# What a rule is about. "row" is the whole row, and so counts for quote and greeks too; the others for the row alone.
Group: TypeAlias = Literal["row", "quote", "greeks", "trade", "day", "interest"]

# The shortest refresh that an age is held against, and how many of them make a row too old.
CADENCE_S: Final = 5.0
TOO_OLD_CADENCES: Final = 6.0
# A clock that is off by less is corrected, not accused.
MOST_AHEAD: Final = timedelta(seconds=60)
FINITE: Final = "not_finite"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One fact about a row.

    Attributes
    ----------
    name
        Its word in the columns ``errors``, ``warnings`` and ``notes``.
    group
        What it is about, and so which confidence it lowers.
    severity
        ``"error"`` (the value cannot be right: confidence 0), ``"warning"`` (5 points) or ``"note"`` (none).
    sentence
        What it means when it fires.
    passes
        True where all is well; null, which is what comes of a missing value, passes too. It reads columns only, of rows
        in canonical order in which every number is finite.
    """

    name: str
    group: Group
    severity: Severity
    sentence: str
    passes: pl.Expr

    @property
    def fires(self) -> pl.Expr:
        """True where the rule fires, else false; never null."""
        return self.passes.eq_missing(other=False).alias(self.name)


def present(columns: Sequence[str]) -> pl.Expr:
    """Return where none of some columns is null."""
    return pl.all_horizontal(pl.col(name).is_not_null() for name in columns)


def at_least(least: float, columns: Sequence[str]) -> pl.Expr:
    """Return where none of some columns is below a value; what is null is not."""
    return pl.all_horizontal(pl.col(name) >= least for name in columns)


def not_in_future(columns: Sequence[str]) -> pl.Expr:
    """Return where no time lies after the answer by more than a clock may be off."""
    latest = pl.col("snapshot_ts") + MOST_AHEAD
    return pl.all_horizontal(pl.col(name) <= latest for name in columns)


def too_old(cadence_s: float) -> Rule:
    """Return the rule of age for a refresh of so many seconds."""
    sentence = "it has not been confirmed for six refreshes of the market's open time"
    return Rule("too_old", "row", "error", sentence, pl.col("age_s") <= TOO_OLD_CADENCES * cadence_s)
