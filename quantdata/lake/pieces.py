"""A frame cut into pieces: each of them becomes one file."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.lake.footer import Facts
from quantdata.lake.layout import encoded, stamp
from quantdata.sessions import NEW_YORK, session_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from quantdata.lake.datasets import Dataset

__all__ = ["Piece", "cut", "is_in_order", "session_of"]


class Piece(NamedTuple):
    """Rows of one file, in order, and what there is to be said of them but for the file itself."""

    frame: pl.DataFrame
    facts: Facts


def cut(
    dataset: Dataset,
    frame: pl.DataFrame,
    *,
    underlying: str | None = None,
    filters: Mapping[str, object] | None = None,
    hours: str = "regular",
) -> list[Piece]:
    """Return the pieces of a canonical frame, each sorted.

    Parameters
    ----------
    dataset
        Of the frame.
    underlying
        Of order flow, whose frame does not hold it.
    filters
        What a chain was narrowed by.
    hours
        Which trading hours bars and trades are of.

    Raises
    ------
    ArgumentError
        If it is no frame of the dataset, its bars are adjusted, or two rows are of one contract, symbol or bar.
    """
    rows = _checked(dataset, frame)
    _check_arguments(dataset, underlying=underlying, filters=filters, hours=hours)
    filtered_by = json.dumps(dict(filters), sort_keys=True, default=str) if filters else None
    asked_hours = hours if dataset.has_hours else None
    pieces = []
    for day, symbol, snapshot, part in _parts(dataset, rows):
        ordered = _in_order(dataset, part)
        of = underlying if dataset.symbol is None else symbol
        key = _key(dataset, ordered, symbol=of, snapshot=snapshot, filters=filtered_by)
        pieces.append(Piece(ordered, _facts(dataset, ordered, day, key, of, hours=asked_hours, filters=filtered_by)))
    return pieces


# --- what may be written --------------------------------------------------------------------------------------------


def _checked(dataset: Dataset, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its columns in order; ArgumentError unless they are the canonical ones."""
    if not isinstance(frame, pl.DataFrame):
        raise ArgumentError(f"{dataset.name} are written from a polars DataFrame, not {type(frame).__name__}")
    expected, given = dataset.schema, frame.schema
    is_same = given.names() == expected.names() and given.dtypes() == expected.dtypes()
    rows = frame if is_same else _selected(dataset, frame)
    if dataset.is_bars and not rows.get_column("adjustment").eq_missing("raw").all():
        raise ArgumentError(
            f'{dataset.name} holds bars as they traded: ask with adjust="raw"; adjusted ones change with every '
            "later split, so they are made when bars are read"
        )
    return rows


def _selected(dataset: Dataset, frame: pl.DataFrame) -> pl.DataFrame:
    expected, given = dataset.schema, frame.schema
    problems = {
        "columns are missing: ": [name for name in expected if name not in given],
        "it has columns of no such frame: ": [name for name in given if name not in expected],
        "columns have another dtype: ": [
            f"{name} is {given[name]}, not {dtype}"
            for name, dtype in expected.items()
            if name in given and given[name] != dtype
        ],
    }
    said = [f"{what}{', '.join(names)}" for what, names in problems.items() if names]
    if said:
        raise ArgumentError(f"no frame of {dataset.name}: {'; '.join(said)}")
    return frame.select(expected.names())


def _check_arguments(
    dataset: Dataset, *, underlying: str | None, filters: Mapping[str, object] | None, hours: str
) -> None:
    if dataset.symbol is None and not underlying:
        raise ArgumentError(f"{dataset.name}: give underlying=, which the frame does not hold")
    if dataset.symbol is not None and underlying is not None:
        raise ArgumentError(f"underlying= is for flow: {dataset.name} hold their symbols")
    if filters and dataset.name != "chains":
        raise ArgumentError(f"filters= is for chains, not for {dataset.name}")
    if hours not in {"regular", "all"}:
        raise ArgumentError(f'hours must be "regular" or "all", not {hours!r}')


# --- cutting --------------------------------------------------------------------------------------------------------


def session_of(dataset: Dataset) -> pl.Expr:
    """Return the session of each row: the New York day of its time, or the bar's own."""
    if dataset.is_bars:
        return pl.col("session")
    return pl.col(dataset.moment).dt.convert_time_zone(str(NEW_YORK)).dt.date()


_Part = tuple["date", str | None, "datetime | None", pl.DataFrame]


def _parts(dataset: Dataset, rows: pl.DataFrame) -> Iterator[_Part]:
    """Yield day, symbol, snapshot and rows of each piece."""
    symbol = None if dataset.has_many_symbols else dataset.symbol
    day = "snapshot_ts" if dataset.is_snapshot else "__day"
    dated = rows if dataset.is_snapshot else rows.with_columns(session_of(dataset).alias(day))
    by = [name for name in (symbol, day) if name is not None]
    if lacking := [name for name in by if dated.get_column(name).has_nulls()]:
        raise ArgumentError(f"{dataset.name}: rows without {', '.join(lacking).replace('__day', 'session')}")
    if dated.is_empty():
        return
    is_one = all(dated.get_column(name).n_unique() == 1 for name in by)
    for part in [dated] if is_one else dated.partition_by(by, maintain_order=True):
        first: Any = part.item(0, day)
        yield (
            session_day(first) if dataset.is_snapshot else first,
            None if symbol is None else part.item(0, symbol),
            first if dataset.is_snapshot else None,
            part if dataset.is_snapshot else part.drop(day),
        )


def _in_order(dataset: Dataset, part: pl.DataFrame) -> pl.DataFrame:
    ordered = part if is_in_order(part, dataset.sort) else part.sort(dataset.sort, maintain_order=True)
    if dataset.unique is not None and ordered.get_column(dataset.unique).n_unique() != ordered.height:
        repeated = ordered.filter(pl.col(dataset.unique).is_duplicated())
        of = "" if dataset.symbol is None else f" of {repeated.item(0, dataset.symbol)}"
        raise ArgumentError(
            f"{dataset.name}{of}: {repeated.height} rows share their {dataset.unique}, the first of them "
            f"{repeated.item(0, dataset.unique)}: one row each"
        )
    return ordered


def is_in_order(rows: pl.DataFrame, sort: Sequence[str]) -> bool:
    """Tell whether no row comes before one that it should follow, nulls first."""
    places = rows.select(pl.arg_sort_by(sort, maintain_order=True)).to_series()
    return places.is_sorted()


def _key(
    dataset: Dataset, part: pl.DataFrame, *, symbol: str | None, snapshot: datetime | None, filters: str | None
) -> str:
    names = [] if symbol is None else [encoded(symbol)]
    if snapshot is not None:
        names.append(stamp(snapshot.astimezone(UTC)))
    if dataset.has_many_symbols:
        names.append(_short_hash("\n".join(sorted(part.get_column("symbol").cast(pl.String).to_list()))))
    if filters is not None:
        names.append(_short_hash(filters))
    return "-".join(names)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _facts(
    dataset: Dataset,
    part: pl.DataFrame,
    day: date,
    key: str,
    symbol: str | None,
    *,
    hours: str | None,
    filters: str | None,
) -> Facts:
    moments, feed = part.get_column(dataset.moment), part.get_column("feed")
    sources = part.get_column("source").drop_nulls().value_counts(sort=True)
    worst: Any = feed.min()
    first: Any = moments.min()
    last: Any = moments.max()
    return Facts(
        dataset=dataset.name,
        date=day,
        key=key,
        symbol=symbol,
        rows=part.height,
        bytes=0,
        first_ts=first,
        last_ts=last,
        hours=hours,
        filters=filters,
        sources=json.dumps(dict(sources.iter_rows())),
        feed=worst,
        is_simulated=worst == "simulated",
        content_hash=None,
        schema_version=None,
        written_ts=None,
    )
