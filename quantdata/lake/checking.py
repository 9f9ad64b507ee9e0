"""Every file looked at: what is cut off, altered, out of order, in the wrong place, or none of ours."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata.lake.commit import staging
from quantdata.lake.datasets import stored
from quantdata.lake.faults import FAULTS, reason, told
from quantdata.lake.footer import digest, read
from quantdata.lake.layout import decoded, found_at, path_of
from quantdata.lake.pieces import is_out_of_order, session_of
from quantdata.lake.reading import is_same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from quantdata.lake.datasets import Dataset
    from quantdata.lake.footer import Entry
    from quantdata.lake.layout import Found
    from quantdata.lake.ledger import Ledger, Name

__all__ = ["BROKEN", "Finding", "findings", "judged", "left_over"]

# What is written takes seconds at the most; what is older nobody is at work on.
LEFT_OVER_AFTER: Final = timedelta(hours=1)
READERS: Final = 4
# Problems of files that must not be read.
BROKEN: Final = frozenset({"hash", "truncated", "schema", "misplaced"})


# Its word and a sentence.
Problem = tuple[str, str]


class Finding(NamedTuple):
    """Something wrong: the columns of `LAKE_FINDINGS`."""

    dataset: str | None
    path: str
    problem: str
    detail: str


def findings(root: Path, ledger: Ledger, datasets: Iterable[Dataset], now: datetime) -> list[Finding]:
    """Return all that is wrong with some datasets, and what was left over in writing.

    Raises
    ------
    LakeError
        If a folder or file may not be read.
    """
    found = [finding for dataset in datasets for finding in _of_dataset(root, ledger, dataset)]
    with told("cannot read", staging(root)):
        found += [
            Finding(None, str(path.relative_to(root)), "staging", "left over by a writer that ended too soon")
            for path in left_over(root, now)
        ]
    return found


def left_over(root: Path, now: datetime) -> list[Path]:
    """Return the files in staging that nobody is at work on any more."""
    before = (now - LEFT_OVER_AFTER).timestamp()
    return [path for path in sorted(staging(root).glob("*")) if path.stat().st_mtime < before]


def _of_dataset(root: Path, ledger: Ledger, dataset: Dataset) -> Iterator[Finding]:
    known, files = ledger.known(dataset.name), []
    with told("cannot read", root / dataset.name):
        for relative in sorted(_below(root, dataset.name)):
            found = found_at(dataset.name, relative)
            if found is None:
                yield Finding(dataset.name, str(relative), "foreign", "no file of a lake; scans leave it alone")
            else:
                files.append(found)
        with ThreadPoolExecutor(READERS) as pool:
            verdicts = pool.map(lambda each: _verdict(root, dataset, each, known), files)
            for found, problems in zip(files, verdicts, strict=True):
                yield from (Finding(dataset.name, found.path, problem, detail) for problem, detail in problems)
    for day, key in sorted(known.keys() - {(found.day, found.key) for found in files}):
        path = path_of(Path(), dataset.name, day, key)
        yield Finding(dataset.name, str(path), "missing_file", "the ledger knows it: somebody has removed it")


def _below(root: Path, name: str) -> Iterator[Path]:
    for folder, _, files in os.walk(root / name, onerror=_raised):
        yield from (Path(folder, file).relative_to(root) for file in files)


def _raised(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _verdict(root: Path, dataset: Dataset, found: Found, known: Mapping[Name, Entry]) -> list[Problem]:
    """Return what is wrong with one file, or with what the ledger knows of it.

    A ledger that knows nothing of a dataset has not seen it: the lake came by another way, as from a backup.
    """
    there = found._replace(path=str(root / found.path))
    problems = judged(dataset, there)
    is_known = not known or is_same(known.get((found.day, found.key)), there.path)
    if BROKEN.isdisjoint(problem for problem, _ in problems) and not is_known:
        problems.append(
            ("not_in_ledger", "its writer was killed, or overtaken by another; the next look at it puts that right")
        )
    return problems


def judged(dataset: Dataset, found: Found) -> list[Problem]:
    """Return problems and details of one file, without those of the ledger; none of one that has gone meanwhile."""
    try:
        content_hash = read(dataset.name, found).facts.content_hash
        if content_hash is None:
            foreign = ("foreign", "written by another program: it has no hash to check it by")
            return [foreign, *_of_rows(dataset, found)]
        if digest(found.path) != content_hash:
            return [("hash", "it is not as it was written; write that piece again")]
        return _of_rows(dataset, found)
    except FileNotFoundError:
        return []
    except PermissionError:
        raise
    except (*FAULTS, ValueError) as error:
        return [("truncated", f"it cannot be read ({reason(error)}); write that piece again")]


def _of_rows(dataset: Dataset, found: Found) -> list[Problem]:
    with open(found.path, "rb") as file:  # noqa: PTH123  # opened here: to polars, a path may be a pattern
        types = pl.read_parquet_schema(file)
    expected = {name: stored(dtype) for name, dtype in dataset.schema.items()}
    other = [f"{name} is {dtype}" for name, dtype in types.items() if dtype != expected.get(name, dtype)]
    session = "session" if dataset.is_bars else None
    needed = {*dataset.sort, dataset.moment, *filter(None, (dataset.unique, dataset.symbol, session))}
    lacking = sorted(needed - types.keys())
    if other or lacking or "date" in types:
        said = [*other, *(f"{name} is missing" for name in lacking), *(["date is inside"] if "date" in types else [])]
        return [("schema", f"its columns are no {dataset.name}: {', '.join(said)}")]
    rows = pl.read_parquet(found.path, columns=sorted(needed), hive_partitioning=False, glob=False)
    checks = rows.select(
        misplaced=(session_of(dataset) != found.day).any() | _is_of_another(dataset, found.key),
        unsorted=is_out_of_order(dataset.sort),
        duplicates=pl.col(dataset.unique).is_duplicated().any() if dataset.unique else pl.lit(value=False),
    )
    details = {
        "misplaced": "rows are of another session or symbol than its name says",
        "unsorted": f"rows are not in the order of {', '.join(dataset.sort)}",
        "duplicates": f"rows share their {dataset.unique}",
    }
    return [(problem, detail) for problem, detail in details.items() if checks.item(0, problem)]


def _is_of_another(dataset: Dataset, key: str) -> pl.Expr:
    if dataset.symbol is None or dataset.has_many_symbols:
        return pl.lit(value=False)
    return (pl.col(dataset.symbol) != decoded(key.split("-", maxsplit=1)[0])).any()
