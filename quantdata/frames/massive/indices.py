"""Massive index snapshots to canonical index quotes.

References
----------
Massive, *Indices Snapshot*, ``GET /v3/snapshot/indices``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import INDEX_QUOTES
from quantdata.frames.decode import feed, moment, rows, stamped
from quantdata.frames.provenance import one_row_each

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quantdata.frames.provenance import Answer

__all__ = ["index_page", "index_quotes"]

_F: Final = pl.Float64()
_S: Final = pl.String()
_SESSION: Final = ("open", "high", "low", "close", "previous_close", "change", "change_percent")

WIRE: Final = {
    "ticker": _S,
    "name": _S,
    "market_status": _S,
    "value": _F,
    "last_updated": pl.Int64(),
    "timeframe": _S,
    "session": pl.Struct(dict.fromkeys(_SESSION, _F)),
    "error": _S,
    "message": _S,
}


def index_page(results: bytes, *, received: datetime) -> pl.DataFrame:
    """Read the snapshots of one answer into wire columns."""
    return stamped(rows(results, WIRE), received)


def index_quotes(page: pl.DataFrame, tickers: Sequence[str], *, answer: Answer) -> pl.DataFrame:
    """Return one canonical row for each asked index, in that order.

    An index that the vendor refused or left out has null values and the reason in ``vendor_error``.
    """
    return one_row_each(
        tickers, page.select(_COLUMNS), INDEX_QUOTES, answer=answer, missing="NOT_FOUND: no such index at Massive"
    )


def _columns() -> list[pl.Expr | str]:
    session = {name: pl.col("session").struct.field(name) for name in _SESSION}
    # Good rows may carry error and message as "": reference/massive.md §3.3.
    refused = pl.col("error").fill_null("") != ""
    return [
        pl.col("ticker").str.strip_prefix("I:").alias("symbol"),
        "name",
        "value",
        moment(pl.col("last_updated")).alias("value_ts"),
        *(session[name].alias(name) for name in ("open", "high", "low", "close", "change", "change_percent")),
        session["previous_close"].alias("prev_close"),
        "market_status",
        feed("timeframe").alias("feed"),
        pl.when(refused).then(pl.format("{}: {}", "error", pl.col("message").fill_null(""))).alias("vendor_error"),
        "received_ts",
    ]


_COLUMNS: Final = _columns()
