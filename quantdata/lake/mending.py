"""A lake put right: what is broken moved aside, what is left over removed, the ledger made of the footers again."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quantdata.lake.checking import BROKEN, findings, judged, left_over
from quantdata.lake.datasets import DATASETS
from quantdata.lake.faults import told
from quantdata.lake.layout import found_at, meta, path_of
from quantdata.lake.reading import footers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from quantdata.lake.datasets import Dataset
    from quantdata.lake.ledger import Ledger

__all__ = ["Repair", "mended"]


class Repair(NamedTuple):
    """Something done: the columns of `LAKE_REPAIRS`."""

    dataset: str | None
    path: str
    done: str
    detail: str


def mended(root: Path, ledger: Ledger, now: datetime) -> list[Repair]:
    """Put a lake right; return what was done.

    Raises
    ------
    LakeError
        If a file cannot be moved.
    """
    with told("cannot repair", root):
        return list(_mended(root, ledger, now))


def _mended(root: Path, ledger: Ledger, now: datetime) -> Iterator[Repair]:
    for path in left_over(root, now):
        path.unlink(missing_ok=True)
        yield Repair(None, str(path.relative_to(root)), "removed", "left over by a writer that ended too soon")
    for dataset in DATASETS.values():
        for finding in findings(root, ledger, [dataset], now):
            if finding.problem in BROKEN and (place := _set_aside(root, dataset, finding.path)) is not None:
                detail = f"{finding.problem}: {finding.detail}; it is now {place.relative_to(root)}"
                yield Repair(dataset.name, finding.path, "quarantined", detail)
        yield from _relearnt(root, ledger, dataset)


def _set_aside(root: Path, dataset: Dataset, relative: str) -> Path | None:
    """Move a broken file into quarantine; None where a whole one has come in its place meanwhile."""
    source, place = root / relative, _free(meta(root) / "quarantine" / relative)
    found = found_at(dataset.name, Path(relative))
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(place)
    except FileNotFoundError:
        return None
    if found is not None and BROKEN.isdisjoint(
        problem for problem, _ in judged(dataset, found._replace(path=str(place)))
    ):
        # What was moved is not what was judged: it goes back, unless there is a newer one already.
        with suppress(FileExistsError):
            os.link(place, source)
        place.unlink()
        return None
    return place


def _free(place: Path) -> Path:
    """Return a path that nothing is at: itself, or with the first number that is free."""
    numbered = (place.with_name(f"{place.name}.{number}") for number in count(1))
    return next(path for path in chain([place], numbered) if not path.exists())


def _relearnt(root: Path, ledger: Ledger, dataset: Dataset) -> Iterator[Repair]:
    """Make a dataset's ledger anew from footers; yield what it did not know, or knew of what is not there."""
    known = ledger.known(dataset.name)
    found = {(entry.facts.date, entry.facts.key): entry for entry in footers(root, dataset)}
    gone = sorted(known.keys() - found.keys())
    ledger.forget(dataset.name, gone)
    ledger.keep(list(found.values()))
    for name, entry in found.items():
        if known.get(name) != entry:
            yield Repair(dataset.name, _named(dataset, *name), "adopted", "the ledger knows it now")
    for name in gone:
        yield Repair(dataset.name, _named(dataset, *name), "forgotten", "the ledger knew it, and it is not there")


def _named(dataset: Dataset, day: date, key: str) -> str:
    return str(path_of(Path(), dataset.name, day, key))
