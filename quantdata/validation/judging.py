"""Frames held to their rules: `validate`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.frames.columns import TEXTS
from quantdata.validation.ages import ages
from quantdata.validation.arrays import with_series
from quantdata.validation.kinds import kind_of
from quantdata.validation.rule import CADENCE_S, FINITE

if TYPE_CHECKING:
    from datetime import datetime

    from quantdata.validation.kinds import Kind

__all__ = ["failures", "validate"]

_PLACE = "_place"


def validate(frame: pl.DataFrame, now: datetime | None = None, *, cadence_s: float = CADENCE_S) -> pl.DataFrame:
    """Return a frame with its age and its columns of quality written anew.

    Parameters
    ----------
    frame
        Chain, equity or index quotes, bars, trades or flow, with all their canonical columns; any order of rows.
    now
        The moment that ages are counted to; left out, the present.
    cadence_s
        Seconds between two refreshes of the frame: rows are stale above one of them, and too old above six.

    Returns
    -------
    pl.DataFrame
        The same rows in the same order. ``errors``, ``warnings`` and ``notes`` hold the names of the rules that fire,
        ``confidence`` is 0 with an error, else 100 less 5 a warning, times 0.9 when stale, 0.75 above three refreshes
        or where the feed is late by plan. ``age_s`` counts open-market seconds. A number that is NaN or infinite is
        null (error ``not_finite``).

    Raises
    ------
    ArgumentError
        If it is no such frame, lacks columns of its kind, or ``now`` or ``cadence_s`` is not what it must be.

    Examples
    --------
    >>> import quantdata as qd
    >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
    >>> quotes = client.quotes(["SPY", "AAPL"])
    >>> qd.validate(quotes).get_column("quality").to_list()
    ['excellent', 'excellent']
    """
    kind = kind_of(frame)
    _check_cadence(cadence_s)
    checked = _typed(frame, kind)
    if kind.has_age:
        checked = with_series(checked, [ages(checked, now)])
    if kind.sort and not _is_sorted(checked, kind):
        return _judged_in_order(checked, kind, cadence_s)
    return _judged(checked, kind, cadence_s)


def failures(frame: pl.DataFrame) -> dict[str, int]:
    """Return how many rows break each rule, notes left out, of a frame in its own order; what none breaks is not there.

    For frames that have no columns of quality, bars and trades: it costs less than to write them.
    """
    kind = kind_of(frame)
    is_clean, rows = kind.plan.cleaned(frame)
    rules = [rule for rule in kind.own_rules if rule.severity != "note"]
    counts = kind.prepare(rows).select(rule.fires.sum() for rule in rules).row(0, named=True)
    return {name: count for name, count in {FINITE: int((~is_clean).sum()), **counts}.items() if count}


def _check_cadence(cadence_s: object) -> None:
    # True is a number to Python alone.
    if cadence_s is True or not isinstance(cadence_s, int | float) or not 0 < cadence_s < math.inf:
        raise ArgumentError(f"cadence_s must be a number of seconds above 0, such as 5.0, not {cadence_s!r}")


def _typed(frame: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Return a frame whose columns have their canonical dtypes; a column of nothing but null may come with none."""
    present = dict(zip(frame.columns, frame.dtypes, strict=True))
    others = {name: dtype for name, dtype in kind.dtypes.items() if present[name] != dtype}
    if not others:
        return frame
    try:
        return frame.cast(others)  # type: ignore[arg-type]
    except pl.exceptions.PolarsError as error:
        named = ", ".join(f"{name} ({present[name]}, not {dtype})" for name, dtype in others.items())
        raise ArgumentError(f"columns of these {kind.name} have other types than theirs: {named}") from error


def _is_sorted(frame: pl.DataFrame, kind: Kind) -> bool:
    return bool(frame.select(pl.struct(kind.sort).is_sorted()).item()) if frame.height > 1 else True


def _judged(frame: pl.DataFrame, kind: Kind, cadence_s: float) -> pl.DataFrame:
    clean, quality = kind.plan.judge(frame, cadence_s=cadence_s)
    judged = with_series(clean, quality)
    if not kind.own_notes or "notes" not in frame.columns:
        return judged
    own = frame.get_column("notes").cast(TEXTS).fill_null([]).list.set_intersection(list(kind.own_notes))
    return judged.with_columns(notes=pl.concat_list(own, "notes"))


def _judged_in_order(frame: pl.DataFrame, kind: Kind, cadence_s: float) -> pl.DataFrame:
    """Judge rows in the order that their rules need, and give them back in their own."""
    ordered = frame.with_row_index(_PLACE).sort(kind.sort, maintain_order=True)
    return _judged(ordered, kind, cadence_s).sort(_PLACE).drop(_PLACE)
