"""Frames held to their rules: `validate`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.frames.columns import TEXTS
from quantdata.validation.ages import ages
from quantdata.validation.arrays import with_series
from quantdata.validation.kinds import kind_of
from quantdata.validation.rule import CADENCE_S, FINITE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quantdata.validation.kinds import Kind

__all__ = ["failures", "rated", "validate"]

_WORDS: Final = (pl.String, pl.Categorical, pl.Enum)


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
    if not kind.sort or _is_sorted(checked, kind):
        return _judged(checked, kind, cadence_s)
    order = in_order(checked, kind.sort)
    return _judged(checked[order], kind, cadence_s)[order.arg_sort()]


def rated(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its columns of quality as they are; validated where it lacks one of them, or a row of one."""
    kind = kind_of(frame)
    given = frame.schema  # made anew at each look
    is_rated = all(given.get(name) == dtype for name, dtype in kind.written.items())
    has_gaps = is_rated and any(frame.get_column(name).has_nulls() for name in kind.written if name != "age_s")
    return _typed(frame, kind) if is_rated and not has_gaps else validate(frame)


def in_order(frame: pl.DataFrame, sort: Sequence[str]) -> pl.Series:
    """Return the places of a frame's rows in the order that its rules need."""
    return frame.select(pl.arg_sort_by(sort, maintain_order=True)).to_series()


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
    given = frame.schema  # made anew at each look
    others = {name: dtype for name, dtype in kind.dtypes.items() if given[name] != dtype}
    if not others:
        return frame
    try:
        return frame.with_columns(_as(frame.get_column(name), dtype) for name, dtype in others.items())
    except pl.exceptions.PolarsError as error:
        named = ", ".join(f"{name} ({given[name]}, not {dtype})" for name, dtype in others.items())
        raise ArgumentError(f"columns of these {kind.name} have other types than theirs: {named}") from error


def _as(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return a column in another dtype if nothing is lost by it: whole numbers, words, moments with their zone."""
    given = column.dtype
    if given.is_float() and dtype.is_integer():
        column = column.fill_nan(None)  # as pandas tells that a whole number is not there
        is_lossless = bool((column == column.round()).all())
    elif isinstance(dtype, pl.Datetime):
        is_lossless = isinstance(given, pl.Datetime) and given.time_zone is not None
    elif isinstance(dtype, _WORDS):
        is_lossless = isinstance(given, _WORDS)
    else:
        is_lossless = given.is_numeric() == dtype.is_numeric()
    if not is_lossless and given != pl.Null:
        raise pl.exceptions.InvalidOperationError(f"{given} does not tell {dtype}")
    return column.cast(dtype)


def _is_sorted(frame: pl.DataFrame, kind: Kind) -> bool:
    return bool(frame.select(pl.struct(kind.sort).is_sorted()).item()) if frame.height > 1 else True


def _judged(frame: pl.DataFrame, kind: Kind, cadence_s: float) -> pl.DataFrame:
    clean, quality = kind.plan.judge(frame, cadence_s=cadence_s)
    judged = with_series(clean, quality)
    if not kind.own_notes or "notes" not in frame.columns:
        return judged
    own = frame.get_column("notes").cast(TEXTS).fill_null([]).list.set_intersection(list(kind.own_notes))
    return judged.with_columns(notes=pl.concat_list(own, "notes"))
