"""The rules as pandera schemas, for ``schema.validate(frame, lazy=True)`` and for pipelines that speak pandera.

Dtypes, nullability and every error and warning are checks; notes are states, not failures. The checks are the rules
themselves (`quantdata.validation.rule`), on the same rows as `quantdata.validate` judges them: in canonical order, with
finite numbers. Ages are those in ``age_s``.

Examples
--------
>>> import quantdata as qd
>>> from quantdata.validation import schemas
>>> quotes = qd.Client("sim", clock="at:2026-11-18T11:00").quotes(["SPY", "AAPL"])
>>> schemas.EQUITY_QUOTES.validate(quotes, lazy=True).height
2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa

from quantdata.validation import kinds
from quantdata.validation.fused import finite
from quantdata.validation.judging import in_order
from quantdata.validation.rule import FINITE

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from pandera.api.polars.types import PolarsData

    from quantdata.validation.kinds import Kind
    from quantdata.validation.rule import Rule

__all__ = ["BARS", "CHAIN", "EQUITY_QUOTES", "FLOW", "INDEX_QUOTES", "TRADES"]


def _schema(kind: Kind) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        {column.name: pa.Column(column.dtype, nullable=True) for column in kind.columns},
        checks=[
            pa.Check(_check(kind, rule), name=rule.name, error=f"{rule.name}: {rule.sentence}", ignore_na=False)
            for rule in kind.rules
            if rule.severity != "note"
        ],
        name=kind.name,
        strict=False,
    )


def _check(kind: Kind, rule: Rule) -> Callable[[PolarsData], pl.LazyFrame]:
    """Return a rule as pandera calls it: the rows of a frame in, one truth value a row out, in their order."""

    def check(data: PolarsData) -> pl.LazyFrame:
        lazy = data.lazyframe if rule.name == FINITE else data.lazyframe.with_columns(finite(kind.numbers))
        rows = lazy.collect()
        if not kind.sort:
            return kind.prepare(rows).select(~rule.fires).lazy()
        order = in_order(rows, kind.sort)
        return kind.prepare(rows[order]).select(~rule.fires)[order.arg_sort()].lazy()

    return check


CHAIN: Final = _schema(kinds.CHAIN)
EQUITY_QUOTES: Final = _schema(kinds.EQUITY_QUOTES)
INDEX_QUOTES: Final = _schema(kinds.INDEX_QUOTES)
BARS: Final = _schema(kinds.BARS)
TRADES: Final = _schema(kinds.TRADES)
FLOW: Final = _schema(kinds.FLOW)
