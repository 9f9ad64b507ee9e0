"""JSON rows to a frame of wire columns: a fixed schema, nothing inferred, numbers kept exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames.columns import FEED, MOMENT
from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["feed", "moment", "nanoseconds", "rows", "session_date", "stamped", "whole"]

# Between the years 1973 and 5138 the two scales cannot be confused.
_LARGEST_MILLISECONDS: Final = 10**14
_MESSAGE_LENGTH: Final = 200


def rows(results: bytes, wire: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Read a JSON array of objects, or one object, into the given wire columns.

    Absent keys, ``{}`` and null become null; unknown keys are left out; integers where a float is meant are taken.

    Raises
    ------
    ValueError
        If the JSON does not have the shape of the schema.
    """
    array = results if results.startswith(b"[") else b"[" + results + b"]"
    try:
        return pl.read_json(array, schema=dict(wire))
    except pl.exceptions.PolarsError as error:
        # Polars quotes the value that does not fit, which may be the whole answer.
        raise ValueError(str(error).split("\n", maxsplit=1)[0][:_MESSAGE_LENGTH]) from error


def stamped(page: pl.DataFrame, received: datetime) -> pl.DataFrame:
    """Add ``received_ts``, when the page arrived (UTC)."""
    # An expression would cost as much as a tenth of the page's decoding; a repeated value costs next to nothing.
    microseconds = pl.Series("received_ts", [round(received.timestamp() * 1e6)], dtype=pl.Int64)
    return page.hstack([microseconds.new_from_index(0, page.height).cast(MOMENT)])


def feed(timeframe: str) -> pl.Expr:
    """Return the freshness that a vendor's column of ``REAL-TIME`` and ``DELAYED`` names."""
    named = pl.col(timeframe).replace_strict({"REAL-TIME": "realtime", "DELAYED": "delayed"}, default=None)
    return named.cast(FEED)


def nanoseconds(stamp: pl.Expr) -> pl.Expr:
    """Return vendor timestamps as integer nanoseconds, whether sent as ms or ns; 0 is null.

    Both units are seen in the same field: reference/massive.md §9 and §0.3.
    """
    scaled = pl.when(stamp < _LARGEST_MILLISECONDS).then(stamp * 1_000_000).otherwise(stamp)
    return pl.when(stamp > 0).then(scaled)


def moment(stamp: pl.Expr) -> pl.Expr:
    """Return vendor timestamps (ms or ns) as UTC datetimes in microseconds."""
    return (nanoseconds(stamp) // 1_000).cast(MOMENT)


def session_date(stamp: pl.Expr) -> pl.Expr:
    """Return the New York date of vendor timestamps (ms or ns)."""
    return moment(stamp).dt.convert_time_zone(str(NEW_YORK)).dt.date()


def whole(name: str) -> pl.Expr:
    """Return a column of whole numbers as integers; null where one is too large to be."""
    return pl.col(name).cast(pl.Int64, strict=False)
