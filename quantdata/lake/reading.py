"""What a lake holds: rows as one lazy frame, pieces with what is known of them, sessions without any."""

from __future__ import annotations

import functools
import os
import warnings
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.errors import LakeError, QuantDataWarning
from quantdata.frames.columns import GAP_REASON, LAKE_GAPS, schema
from quantdata.lake.datasets import DATASETS, stored
from quantdata.lake.faults import FAULTS, reason, told
from quantdata.lake.footer import Entry, Identity, read
from quantdata.lake.layout import decoded, encoded, find
from quantdata.sessions import closed_reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from quantdata.lake.datasets import Dataset
    from quantdata.lake.layout import Found
    from quantdata.lake.ledger import Gap, Ledger

__all__ = ["entries", "footers", "gaps", "is_same", "is_simulated", "scan"]

_PATH: Final = "__path"
_DAY_OF_PATH: Final = r"date=(\d{4}-\d{2}-\d{2})[/\\][^/\\]+$"
TAIL: Final = 8
MAGIC: Final = b"PAR1"
SHORTEST: Final = 12


# --- rows -----------------------------------------------------------------------------------------------------------


def scan(
    root: Path, dataset: Dataset, *, symbols: Collection[str] | None, start: date | None, end: date | None
) -> pl.LazyFrame:
    """Return the rows of the files that may hold what is asked for: canonical columns, and ``date``.

    Raises
    ------
    LakeError
        If a file is cut off, or the folder cannot be read.
    """
    with told("cannot read", root / dataset.name):
        found = find(root, dataset, symbols=symbols, start=start, end=end)
        paths = [each.path for each in found if _is_whole(each.path)]
    canonical = {**dataset.schema, "date": pl.Date()}
    if not paths:
        return pl.DataFrame(schema=canonical).lazy()
    rows = _dated(root, paths, {name: stored(dtype) for name, dtype in dataset.schema.items()})
    words = {name: dtype for name, dtype in dataset.schema.items() if isinstance(dtype, pl.Enum)}
    typed = rows.with_columns(pl.col(name).cast(dtype) for name, dtype in words.items()).select(list(canonical))
    if symbols is not None and dataset.has_many_symbols:
        return typed.filter(pl.col("symbol").is_in(list(symbols)))
    return typed


def _dated(root: Path, paths: list[str], columns: dict[str, pl.DataType]) -> pl.LazyFrame:
    """Return the rows of some files, and ``date`` by their folders."""
    scanned = functools.partial(
        pl.scan_parquet, paths, glob=False, schema=columns, missing_columns="insert", extra_columns="ignore"
    )
    if "=" not in str(root):
        return scanned(hive_partitioning=True, hive_schema={"date": pl.Date})
    # Polars would take the lake's own folder, as in /data/env=prod/lake, for values of columns.
    rows = scanned(hive_partitioning=False, include_file_paths=_PATH)
    return rows.with_columns(date=pl.col(_PATH).str.extract(_DAY_OF_PATH).str.to_date())


def _is_whole(path: str) -> bool:
    """Tell whether a file is there, with its end; LakeError where it has none."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # thousands of them
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - TAIL))
            tail = file.read(TAIL)
    except FileNotFoundError:
        return False
    if size < SHORTEST or tail[-len(MAGIC) :] != MAGIC:
        raise LakeError(
            f"{path} is cut off: {size:,} bytes without a Parquet footer. Lake.repair() moves it aside, "
            "then write that piece again"
        )
    return True


# --- pieces ---------------------------------------------------------------------------------------------------------


def entries(
    root: Path,
    ledger: Ledger,
    dataset: Dataset,
    *,
    symbols: Collection[str] | None,
    start: date | None,
    end: date | None,
) -> list[Entry]:
    """Return what is known of each file that is there; the ledger learns what it does not know from footers.

    A file that cannot be read is left out, with a `QuantDataWarning`.

    Raises
    ------
    LakeError
        If the folder cannot be read.
    """
    # The key of a session is its symbol alone.
    keys = None if symbols is None or dataset.is_snapshot else [encoded(symbol) for symbol in symbols]
    known = ledger.known(dataset.name, keys=keys, start=start, end=end)
    all_of_them, learnt = [], []
    with told("cannot read", root / dataset.name):
        for found in find(root, dataset, symbols=symbols, start=start, end=end):
            entry = known.get((found.day, found.key))
            if not is_same(entry, found.path):
                entry = _read(dataset, found)
                learnt += [entry] if entry is not None else []
            all_of_them += [entry] if entry is not None else []
    ledger.keep(learnt)
    return all_of_them


def is_simulated(root: Path) -> bool | None:
    """Tell whether a lake is of a simulated market, by any of its files that says so; None where none does.

    Raises
    ------
    LakeError
        If a folder cannot be read.
    """
    for dataset in DATASETS.values():
        with told("cannot read", root / dataset.name):
            for found in find(root, dataset, symbols=None, start=None, end=None):
                entry = _read(dataset, found)
                if entry is not None and entry.facts.is_simulated is not None:
                    return entry.facts.is_simulated
    return None


def is_same(entry: Entry | None, path: str) -> bool:
    """Tell whether what is known is of the file that is there now."""
    try:
        return entry is not None and entry.identity == Identity.of(os.stat(path))  # noqa: PTH116  # thousands of them
    except FileNotFoundError:
        return False


def footers(root: Path, dataset: Dataset) -> list[Entry]:
    """Return what the footer of each file says, whatever the ledger knows."""
    all_of_them = (_read(dataset, found) for found in find(root, dataset, symbols=None, start=None, end=None))
    return [entry for entry in all_of_them if entry is not None]


def _read(dataset: Dataset, found: Found) -> Entry | None:
    """Return what a footer says; None where there is no such file, or, with a warning, no footer."""
    try:
        entry = read(dataset.name, found)
    except FileNotFoundError:
        return None
    except (*FAULTS, ValueError) as error:
        warnings.warn(
            f"{found.path} cannot be read and counts as absent ({reason(error)}); see Lake.verify()",
            QuantDataWarning,
            stacklevel=2,
        )
        return None
    if entry.facts.symbol is None and dataset.symbol is not None and not dataset.has_many_symbols:
        return entry._replace(facts=entry.facts._replace(symbol=decoded(found.key.split("-")[0])))
    return entry


# --- gaps -----------------------------------------------------------------------------------------------------------


def gaps(
    held: Iterable[Entry], noted: Iterable[Gap], *, dataset: str, symbols: Collection[str], start: date, end: date
) -> pl.DataFrame:
    """Return one row for each symbol and weekday without a piece, with the columns of `LAKE_GAPS`.

    Parameters
    ----------
    held
        Pieces that are there.
    noted
        What was found out about those that are not.
    """
    columns = schema(LAKE_GAPS)
    weekdays = [
        (day, "holiday" if (why := closed_reason(day)) else None, why)
        for day in (start + timedelta(days=number) for number in range((end - start).days + 1))
        if day.isoweekday() <= 5  # noqa: PLR2004  # Friday
    ]
    calendar = pl.DataFrame(
        weekdays, schema={"date": pl.Date, "shut": GAP_REASON, "shut_detail": pl.String}, orient="row"
    )
    present = pl.DataFrame(
        [(entry.facts.symbol, entry.facts.date) for entry in held],
        schema={"symbol": pl.String, "date": pl.Date},
        orient="row",
    )
    known = pl.DataFrame(list(noted), schema=columns, orient="row").drop("dataset")
    of_each = pl.DataFrame({"symbol": list(symbols)}, schema={"symbol": pl.String}).join(calendar, how="cross")
    absent = of_each.join(present, on=["symbol", "date"], how="anti")
    return (
        absent.join(known, on=["symbol", "date"], how="left")
        .with_columns(
            dataset=pl.lit(dataset),
            reason=pl.coalesce("reason", "shut", pl.lit("not_asked", dtype=GAP_REASON)),
            detail=pl.coalesce("detail", "shut_detail"),
        )
        .select(list(columns))
        .sort("symbol", "date")
    )
