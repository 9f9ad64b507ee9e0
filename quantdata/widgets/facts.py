"""What a table is sent of each contract: the fields that it shows, and the facts that its hover card tells."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.validation.kinds import CHAIN
from quantdata.widgets.ladder import ABSENT, SIDES
from quantdata.widgets.order import passing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quantdata.widgets.fields import Field
    from quantdata.widgets.ladder import Floats, Rows
    from quantdata.widgets.order import Filters

__all__ = ["FACTS", "LISTED", "PASSES", "SOURCES", "STALE", "cells", "rules_of", "width"]

# In the order of a cell, after the fields.
FACTS: Final = ("quote_at", "trade_at", "greeks_at", "received_at", "sources", "confidence", "state", "rules")
# Digits of `sources`, to the base 8: the ones digit is the first of the groups.
SOURCES: Final = ("", "massive", "tradier", "model")
GROUPS: Final = ("quote", "trade", "day", "open_interest", "iv", "greeks")
# Bits of `state`.
LISTED: Final = 1
STALE: Final = 2
PASSES: Final = 4
_STATE: Final = len(FACTS) - 1 - FACTS.index("state")
_BIT: Final = {rule.name: 2**place for place, rule in enumerate(CHAIN.rules)}
_BROKEN: Final = ("errors", "warnings", "notes")
_TIMES: Final = ("quote_ts", "last_ts", "greeks_ts", "iv_ts", "received_ts")
_GIVEN: Final = tuple(f"{group}_source" for group in GROUPS)
_READ: Final = (*_TIMES, *_GIVEN, "confidence", "is_stale", *_BROKEN)


def width(fields: Sequence[Field]) -> int:
    """Return how many numbers there are of one leg."""
    return len(fields) + len(FACTS)


def cells(chain: pl.DataFrame, legs: Rows, fields: Sequence[Field], filters: Filters) -> Floats:
    """Return all that a table is sent of some rows.

    Parameters
    ----------
    chain
        Canonical rows with their columns of quality.
    legs
        Row numbers of calls and puts, of shape (rows, 2), as in `Ladder`.
    fields
        What is shown.
    filters
        Which legs pass is told in ``state``.

    Returns
    -------
    NDArray[np.float64]
        Of shape (rows, 2, fields + facts); NaN is null. Of a leg that is not listed everything is NaN but ``state``, 0.
    """
    rows = legs.reshape(-1)
    # Of the frame only these rows are looked at, column by column and as numbers: for a hundred of them that takes a
    # fifth of what an expression does, which wakes the threads of polars too.
    taken = pl.Series(np.maximum(rows, 0), dtype=pl.get_index_type())
    part = {name: chain.get_column(name)[taken] for name in (*(field.name for field in fields), *_READ)}
    shown = [_numbers(part[field.name]) for field in fields]
    found = np.stack([*shown, *_facts(part)], axis=1)
    found[rows == ABSENT] = np.nan
    state = found[:, -1 - _STATE]
    state[np.isnan(state)] = 0.0
    state += PASSES * passing(chain, legs, filters).reshape(-1)
    return found.reshape(len(legs), len(SIDES), width(fields))


def _facts(part: Mapping[str, pl.Series]) -> list[Floats]:
    """Return the columns of `FACTS`."""
    quote_at, trade_at, greeks_at, iv_at, received_at = (_milliseconds(part[name]) for name in _TIMES)
    return [
        quote_at,
        trade_at,
        np.where(np.isnan(greeks_at), iv_at, greeks_at),
        received_at,
        _each(_digits, part, _GIVEN),
        _numbers(part["confidence"]),
        _numbers(part["is_stale"]) * STALE + LISTED,
        _each(_bits, part, _BROKEN),
    ]


def _each(told: Callable[..., int], part: Mapping[str, pl.Series], names: Sequence[str]) -> Floats:
    """Return what a function tells of some columns of each row."""
    rows = zip(*(part[name].to_list() for name in names), strict=True)
    return np.array([told(*row) for row in rows], dtype=np.float64)


def _numbers(column: pl.Series) -> Floats:
    """Return a column as numbers; NaN is null."""
    return column.cast(pl.Float64).to_numpy()


def _milliseconds(times: pl.Series) -> Floats:
    return _numbers(times.cast(pl.Datetime("ms")).cast(pl.Int64))


@cache
def _digits(*given: str | None) -> int:
    """Return who gave each group of a row, as the digits of one number; most rows have it from the same."""
    return sum(SOURCES.index(source or "") * 8**place for place, source in enumerate(given))


def _bits(*broken: Sequence[str]) -> int:
    """Return the rules that a row breaks as bits, by their places in the vocabulary; one not there is none."""
    # Most rows break none.
    return sum(_BIT.get(name, 0) for names in broken for name in names) if any(broken) else 0


def rules_of() -> list[dict[str, str]]:
    """Return the vocabulary of ``rules``: name, severity and words of each, by its bit."""
    return [{"name": rule.name, "severity": rule.severity, "words": rule.sentence} for rule in CHAIN.rules]
