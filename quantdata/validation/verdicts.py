"""From the rules that fire on each row to what is written there: names, confidence, label.

A frame of any size breaks few combinations of rules. A row's rules are the bits of one number; what a number means is
worked out once and looked up from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quantdata.frames.columns import QUALITY_LABEL, TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from quantdata.validation.rule import Rule

__all__ = ["EXCELLENT", "FAIR", "GOOD", "POINTS_A_WARNING", "Book", "Verdicts", "labelled", "scored"]

POINTS_A_WARNING: Final = 5
EXCELLENT: Final = 90
GOOD: Final = 70
FAIR: Final = 40
# More combinations than this are not remembered.
MOST_REMEMBERED: Final = 4_096

_LABELS: Final = pl.Series(
    "quality",
    ["poor"] * FAIR + ["fair"] * (GOOD - FAIR) + ["good"] * (EXCELLENT - GOOD) + ["excellent"] * (101 - EXCELLENT),
    dtype=QUALITY_LABEL,
)


class Verdicts(NamedTuple):
    """What is known of each combination of rules, in the order of ``masks``.

    Attributes
    ----------
    masks
        Combinations, rising: bit i is the i-th rule.
    points
        Confidence before age, 0 to 100: of the row, its quote and its greeks.
    names
        Names of the rules that fire, in the columns ``errors``, ``warnings`` and ``notes``.
    """

    masks: NDArray[np.uint64]
    points: tuple[NDArray[np.float64], ...]
    names: pl.DataFrame


class Book:
    """The verdict on every combination of some rules that has been met so far; may be asked from any thread."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._known = self._judged(np.zeros(1, dtype=np.uint64))

    def look_up(self, masks: NDArray[np.uint64]) -> tuple[NDArray[np.intp], Verdicts]:
        """Return for each row the place of its verdict, and the verdicts."""
        known = self._known
        places = np.minimum(np.searchsorted(known.masks, masks), known.masks.size - 1)
        if not np.array_equal(known.masks[places], masks):
            known = _joined(known, self._judged(np.setdiff1d(masks, known.masks)))
            if known.masks.size <= MOST_REMEMBERED:
                self._known = known
            places = np.searchsorted(known.masks, masks)
        return places, known

    def _judged(self, masks: NDArray[np.uint64]) -> Verdicts:
        fired = [[rule for bit, rule in enumerate(self._rules) if int(mask) >> bit & 1] for mask in masks]
        concerns: tuple[Callable[[Rule], bool], ...] = (
            lambda _: True,
            lambda rule: rule.group in {"row", "quote"},
            lambda rule: rule.group in {"row", "greeks"},
        )
        return Verdicts(
            masks,
            tuple(np.array([_points(filter(is_about, rules)) for rules in fired]) for is_about in concerns),
            pl.DataFrame(
                {
                    f"{severity}s": [[rule.name for rule in rules if rule.severity == severity] for rules in fired]
                    for severity in ("error", "warning", "note")
                },
                schema_overrides=dict.fromkeys(("errors", "warnings", "notes"), TEXTS),
            ),
        )


def _joined(known: Verdicts, new: Verdicts) -> Verdicts:
    masks = np.concatenate((known.masks, new.masks))
    rising = np.argsort(masks)
    return Verdicts(
        masks[rising],
        tuple(np.concatenate(both)[rising] for both in zip(known.points, new.points, strict=True)),
        pl.concat([known.names, new.names])[rising],
    )


def _points(rules: filter[Rule]) -> float:
    severities = [rule.severity for rule in rules]
    if "error" in severities:
        return 0.0
    return float(max(0, 100 - POINTS_A_WARNING * severities.count("warning")))


def scored(points: NDArray[np.float64], factors: NDArray[np.float64], *, name: str) -> pl.Series:
    """Return confidence: points times the factor of age, rounded half up."""
    return pl.Series(name, np.floor(points * factors + 0.5).astype(np.uint8))


def labelled(confidence: pl.Series) -> pl.Series:
    """Return the label of each confidence; of rows without one none."""
    return _LABELS.gather(confidence.cast(pl.UInt32))
