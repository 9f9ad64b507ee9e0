"""All rules of a kind of frame in one plan: who fires where, in one pass over the columns."""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.validation.rule import CADENCE_S, FINITE, Rule, too_old
from quantdata.validation.verdicts import Book, labelled, scored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Plan", "finite", "is_finite", "not_finite"]

STALE_CADENCES: Final = 1.0
OLD_CADENCES: Final = 3.0
STALE_FACTOR: Final = 0.90
OLD_FACTOR: Final = 0.75
DELAYED_FACTOR: Final = 0.75
# The rules that are about age, and by which it is known.
AGE: Final = "too_old"
DELAYED: Final = "delayed_feed"


def not_finite(columns: Sequence[str]) -> Rule:
    """Return the rule that no number is NaN or infinite; the one rule that sees rows as they came."""
    return Rule(
        FINITE, "row", "error", "a number is NaN or infinite", pl.all_horizontal(is_finite(name) for name in columns)
    )


def is_finite(name: str) -> pl.Expr:
    """Return whether a column holds a number or nothing."""
    return pl.col(name).is_finite().fill_null(value=True)


def finite(columns: Sequence[str]) -> list[pl.Expr]:
    """Return columns with null for NaN and infinity."""
    return [pl.when(is_finite(name)).then(name).alias(name) for name in columns]


class Plan:
    """The rules of a kind of frame, compiled.

    Parameters
    ----------
    rules
        At most 64, the one on finite numbers first. Age counts where `AGE` and `DELAYED` are among them.
    numbers
        Names of the columns that hold floating-point numbers.
    prepare
        Adds the columns that the rules need beside the canonical ones.
    has_groups
        Whether quote and greeks have a confidence of their own.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        numbers: Sequence[str],
        prepare: Callable[[pl.DataFrame], pl.DataFrame],
        has_groups: bool,
    ) -> None:
        self._numbers = list(numbers)
        self._clean, *self._rules = rules
        self._prepare = prepare
        self._passes = [rule.passes.alias(rule.name) for rule in self._rules]
        names = [rule.name for rule in self._rules]
        self._age = names.index(AGE) if AGE in names else None
        self._has_groups = has_groups
        self._book = Book(rules)

    def judge(self, frame: pl.DataFrame, *, cadence_s: float = CADENCE_S) -> tuple[pl.DataFrame, list[pl.Series]]:
        """Return a frame with finite numbers alone, and its columns of quality.

        Parameters
        ----------
        frame
            Rows in canonical order, with ``age_s`` where age counts.
        cadence_s
            The refresh that ages are held against.
        """
        is_clean, frame = self.cleaned(frame)
        passes = list(self._passes)
        if self._age is not None:
            passes[self._age] = too_old(cadence_s).passes.alias(AGE)
        passed = self._prepare(frame).select(passes)
        places, verdicts = self._book.look_up(_bits([is_clean, *passed.get_columns()], frame.height))
        factors, is_stale = self._ages(frame, passed, cadence_s)
        names = ("confidence", "quote_confidence", "greeks_confidence")[: 3 if self._has_groups else 1]
        confidences = [
            scored(points[places], factors, name=name) for name, points in zip(names, verdicts.points, strict=False)
        ]
        told = verdicts.names[places].get_columns()
        return frame, [*confidences, labelled(confidences[0]), pl.Series("is_stale", is_stale), *told]

    def cleaned(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
        """Return where all numbers are finite, and the frame without the others."""
        # A sum is finite if all numbers are; the other way round may be too large a sum, which is looked at closer.
        if all(math.isfinite(frame.get_column(name).sum()) for name in self._numbers):
            return pl.Series([True]), frame
        return frame.select(self._clean.passes).to_series(), frame.with_columns(finite(self._numbers))

    def _ages(
        self, frame: pl.DataFrame, passed: pl.DataFrame, cadence_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the factor of age and whether it makes a row stale; without an age a row counts as fresh."""
        if self._age is None:
            return np.ones(frame.height), np.zeros(frame.height, dtype=np.bool_)
        age = frame.get_column("age_s").to_numpy()  # NaN where it is not known, which is above nothing
        is_stale = age > STALE_CADENCES * cadence_s
        factors = np.where(age > OLD_CADENCES * cadence_s, OLD_FACTOR, np.where(is_stale, STALE_FACTOR, 1.0))
        return np.where(_fires(passed.get_column(DELAYED)), DELAYED_FACTOR, factors), is_stale


def _bits(passed: Sequence[pl.Series], rows: int) -> NDArray[np.uint64]:
    """Return one number a row: bit i is whether the i-th rule fires, which it does not where it cannot be told."""
    bits = (_fires(series).astype(np.uint64) << np.uint64(bit) for bit, series in enumerate(passed) if not series.all())
    return reduce(np.bitwise_or, bits, np.zeros(rows, dtype=np.uint64))


def _fires(passed: pl.Series) -> NDArray[np.bool_]:
    # As a number, since an array of truth values has no room for null; NaN is not 0.
    fires: NDArray[np.bool_] = passed.cast(pl.UInt8).to_numpy() == 0
    return fires
