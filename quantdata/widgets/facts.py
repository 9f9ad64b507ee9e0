"""What a table is sent of each contract: the fields that it shows, and the facts that its hover card tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from quantdata.validation.kinds import CHAIN
from quantdata.widgets.ladder import ABSENT, SIDES
from quantdata.widgets.order import passing

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_RULES: Final = pl.Enum([rule.name for rule in CHAIN.rules])
_TIMES: Final = {
    "quote_at": pl.col("quote_ts"),
    "trade_at": pl.col("last_ts"),
    "greeks_at": pl.coalesce("greeks_ts", "iv_ts"),
    "received_at": pl.col("received_ts"),
}


def _digits(groups: Sequence[str]) -> pl.Expr:
    """Return who gave each group of a row, as the digits of one number."""
    return pl.sum_horizontal(
        pl.col(f"{group}_source").cast(pl.Enum(SOURCES)).to_physical().cast(pl.Int64).fill_null(0) * 8**place
        for place, group in enumerate(groups)
    )


def _rules() -> pl.Expr:
    """Return the rules that a row breaks as bits, by their places in the vocabulary; one that is not there is none."""
    names = pl.concat_list("errors", "warnings", "notes")
    bits = pl.lit(2, pl.Int64).pow(pl.element().cast(_RULES, strict=False).to_physical())
    return names.list.eval(bits).list.sum()


_FACTS: Final = (
    *(time.dt.epoch("ms").alias(name) for name, time in _TIMES.items()),
    _digits(GROUPS).alias("sources"),
    pl.col("confidence").alias("_confidence"),
    (pl.col("is_stale").cast(pl.Int64) * STALE + LISTED).alias("state"),
    _rules().alias("rules"),
)
_READ: Final = tuple(dict.fromkeys(name for fact in _FACTS for name in fact.meta.root_names()))


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
    names = list(dict.fromkeys((*(field.name for field in fields), *_READ)))
    # Of the frame only these rows are looked at, once: it may have ten thousand.
    part = chain.select(names)[np.maximum(rows, 0)]
    shown = part.select(
        *(pl.col(field.name).cast(pl.Float64) for field in fields),
        *(fact.cast(pl.Float64).alias(f"{name} of the leg") for name, fact in zip(FACTS, _FACTS, strict=True)),
    )
    found = shown.to_numpy(writable=True).reshape(len(rows), width(fields))
    found[rows == ABSENT] = np.nan
    state = found[:, -1 - _STATE]
    found[:, -1 - _STATE] = np.nan_to_num(state) + PASSES * passing(chain, legs, filters).reshape(-1)
    return found.reshape(len(legs), len(SIDES), width(fields))


def rules_of() -> list[dict[str, str]]:
    """Return the vocabulary of ``rules``: name, severity and words of each, by its bit."""
    return [{"name": rule.name, "severity": rule.severity, "words": rule.sentence} for rule in CHAIN.rules]
