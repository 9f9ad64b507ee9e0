"""Interleaved rounds of several ways to do one thing, and a table of their ratios."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Comparison", "interleaved", "show"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures of several ways to do one thing; the first way is ours.

    Attributes
    ----------
    title, conditions
        What was done, and under which conditions.
    unit
        Of the figures.
    figures
        Rounds of each way.
    goals
        Of each other way: how many times as much of the unit ours should take at the most (a peer), as ``"<= 1/10"``.
    """

    title: str
    conditions: str
    unit: str
    figures: Mapping[str, list[float]]
    goals: Mapping[str, str]


def interleaved(ways: Mapping[str, Callable[[], object]], *, rounds: int, scale: float = 1e3) -> dict[str, list[float]]:
    """Time each way once a round, in turn, after one round to warm up; return the times, in seconds times ``scale``."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            gc.collect()
            began = time.perf_counter()
            way()
            if number:
                times[name].append((time.perf_counter() - began) * scale)
    return times


def show(comparison: Comparison) -> None:
    """Print one comparison."""
    ours, *_ = comparison.figures
    base = statistics.median(comparison.figures[ours])
    table = Table(box=box.SIMPLE_HEAD, title=comparison.title, title_justify="left", caption=comparison.conditions)
    for heading in ("way", f"median {comparison.unit}", "min", "way / ours", "goal"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, rounds in comparison.figures.items():
        median = statistics.median(rounds)
        ratio = "" if name == ours else f"{median / base:.2f}x"
        table.add_row(name, f"{median:.4g}", f"{min(rounds):.4g}", ratio, comparison.goals.get(name, ""))
    Console(width=120).print(table)
