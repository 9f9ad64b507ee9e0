"""A frame cut into pieces: each of them becomes one file."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.lake.datasets import DATASETS
from quantdata.lake.footer import Facts
from quantdata.lake.layout import encoded, stamp
from quantdata.sessions import NEW_YORK, session_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from quantdata.lake.datasets import Dataset

__all__ = ["Piece", "cut", "is_out_of_order", "session_of"]


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
    return [
        _piece(dataset, part, of=underlying, filters=filtered_by, hours=hours if dataset.has_hours else None)
        for part in _parts(dataset, rows)
    ]


def _piece(dataset: Dataset, part: _Part, *, of: str | None, filters: str | None, hours: str | None) -> Piece:
    seen = _look(dataset, part.rows)
    _check_distinct(dataset, part.rows, seen.distinct)
    ordered = part.rows.sort(dataset.sort, maintain_order=True) if seen.is_out_of_order else part.rows
    symbol = of if dataset.symbol is None else part.symbol
    facts = Facts(
        dataset=dataset.name,
        date=part.day,
        key=_key(dataset, part, symbol=symbol, filters=filters),
        symbol=symbol,
        rows=ordered.height,
        bytes=0,
        first_ts=seen.first_ts,
        last_ts=seen.last_ts,
        hours=hours,
        filters=filters,
        sources=json.dumps(seen.sources),
        feed=seen.feed,
        is_simulated=seen.feed == "simulated",
        content_hash=None,
        schema_version=None,
        written_ts=None,
    )
    return Piece(ordered, facts)


# --- what may be written --------------------------------------------------------------------------------------------


def _checked(dataset: Dataset, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its columns in order; ArgumentError unless they are the canonical ones."""
    if not isinstance(frame, pl.DataFrame):
        raise ArgumentError(f"{dataset.name} are written from a polars DataFrame, not {type(frame).__name__}")
    names, dtypes = _expected(dataset.name)
    rows = frame if frame.columns == names and frame.dtypes == dtypes else _selected(dataset, frame)
    if dataset.is_bars and not rows.get_column("adjustment").eq_missing("raw").all():
        raise ArgumentError(
            f'{dataset.name} holds bars as they traded: ask with adjust="raw"; adjusted ones change with every '
            "later split, so they are made when bars are read"
        )
    return rows


@cache
def _expected(name: str) -> tuple[list[str], list[pl.DataType]]:
    columns = DATASETS[name].schema
    return columns.names(), columns.dtypes()


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


class _Part(NamedTuple):
    """Rows of one piece, and what it is called after."""

    rows: pl.DataFrame
    day: date
    symbol: str | None
    snapshot: datetime | None


def _parts(dataset: Dataset, rows: pl.DataFrame) -> Iterator[_Part]:
    """Yield the rows of each piece."""
    symbol = None if dataset.has_many_symbols else dataset.symbol
    day = "snapshot_ts" if dataset.is_snapshot else "__day"
    dated = rows if dataset.is_snapshot else rows.with_columns(session_of(dataset).alias(day))
    by = [name for name in (symbol, day) if name is not None]
    if lacking := [name for name in by if dated.get_column(name).null_count()]:
        raise ArgumentError(f"{dataset.name}: rows without {', '.join(lacking).replace('__day', 'session')}")
    if dated.is_empty():
        return
    for part in _partitions(dated, by):
        first: Any = part.item(0, day)
        yield _Part(
            rows=part if dataset.is_snapshot else part.drop(day),
            day=session_day(first) if dataset.is_snapshot else first,
            symbol=None if symbol is None else part.item(0, symbol),
            snapshot=first if dataset.is_snapshot else None,
        )


def _partitions(rows: pl.DataFrame, by: list[str]) -> list[pl.DataFrame]:
    """Return the rows of each group, oldest first; without a copy where those of each stand together."""
    if all((values := rows.get_column(name)).min() == values.max() for name in by):
        return [rows]
    begins = pl.any_horizontal(pl.col(name) != pl.col(name).shift() for name in by)
    starts = rows.select(pl.arg_where(begins.fill_null(value=True))).to_series().to_list()
    if len(starts) > 1 and rows[starts].select(by).is_duplicated().any():
        return rows.partition_by(by, maintain_order=True)
    return [rows.slice(start, end - start) for start, end in pairwise([*starts, rows.height])]


class _Seen(NamedTuple):
    """What a piece's rows say of themselves; ``sources`` counts those of each provider."""

    is_out_of_order: bool
    distinct: int
    first_ts: Any
    last_ts: Any
    feed: Any
    sources: dict[str, int]


def _look(dataset: Dataset, part: pl.DataFrame) -> _Seen:
    """Return all that is asked of a piece's rows; of single columns without a query, which costs more than they do."""
    moments = part.get_column(dataset.moment)
    return _Seen(
        is_out_of_order=part.select(is_out_of_order(dataset.sort)).item(),
        distinct=part.height if dataset.unique is None else part.get_column(dataset.unique).n_unique(),
        first_ts=moments.min(),
        last_ts=moments.max(),
        feed=part.get_column("feed").min(),
        sources=_counts(part.get_column("source")),
    )


def _counts(sources: pl.Series) -> dict[str, int]:
    """Return how many rows are of each provider, in the providers' own order."""
    if sources.n_unique() == 1:
        first: str | None = sources.item(0)
        return {} if first is None else {first: sources.len()}
    return dict(sources.drop_nulls().value_counts().sort("source").iter_rows())


def is_out_of_order(sort: Sequence[str]) -> pl.Expr:
    """Return whether any row comes before one that it should follow, nulls first."""
    places = pl.arg_sort_by(list(sort), maintain_order=True).cast(pl.Int64)
    return (places.diff() < 0).any()


def _check_distinct(dataset: Dataset, part: pl.DataFrame, distinct: int) -> None:
    if dataset.unique is None or distinct == part.height:
        return
    repeated = part.filter(pl.col(dataset.unique).is_duplicated())
    of = "" if dataset.symbol is None else f" of {repeated.item(0, dataset.symbol)}"
    raise ArgumentError(
        f"{dataset.name}{of}: {repeated.height} rows share their {dataset.unique}, the first of them "
        f"{repeated.item(0, dataset.unique)}: one row each"
    )


def _key(dataset: Dataset, part: _Part, *, symbol: str | None, filters: str | None) -> str:
    names = [] if symbol is None else [encoded(symbol)]
    if part.snapshot is not None:
        names.append(stamp(part.snapshot.astimezone(UTC)))
    if dataset.has_many_symbols:
        names.append(_short_hash("\n".join(sorted(part.rows.get_column("symbol")))))
    if filters is not None:
        names.append(_short_hash(filters))
    return "-".join(names)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
