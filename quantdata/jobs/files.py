"""Job files: a lake, a source and jobs as TOML, each key checked."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from quantdata.config import checked_source
from quantdata.errors import ArgumentError, QuantDataError
from quantdata.jobs.job import FILTERS, KINDS, SETTINGS, Job

__all__ = ["JobFile", "jobs_from"]

TOP_KEYS: Final = ("lake", "source", "job")
# Filters whose text may be a range: with what an end is read.
_ENDS: Final[dict[str, Any]] = {
    "expirations": date.fromisoformat,
    "strikes": float,
    "dte": int,
    "delta": float,
    "moneyness": float,
}


class JobFile(NamedTuple):
    """What a job file says.

    Attributes
    ----------
    jobs
        In the order of the file.
    lake
        Folder, or None: the one that the environment names. One that is not absolute is beside the file.
    source
        Whom to ask, or None: what the environment says.
    """

    jobs: tuple[Job, ...]
    lake: Path | None = None
    source: str | None = None


def jobs_from(path: str | Path) -> JobFile:
    """Read a job file.

    Parameters
    ----------
    path
        A TOML file: ``lake`` and ``source`` at the top, both may be left out, and a table ``[[job]]`` for each job
        with ``kind``, ``symbols`` and what the kind takes (`Job`); the filters of chains stand in it by name, ranges
        as ``[low, high]`` or ``"low..high"`` with either end left out.

    Raises
    ------
    ArgumentError
        If it cannot be read or says something that is not allowed; the message names file, table, key and what is.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp(), "nightly.toml")
    >>> _ = file.write_text('job = [{kind = "chains", symbols = ["SPY", "QQQ"], dte = "0..7"}]')
    >>> jobs_from(file).jobs[0].symbols
    ('SPY', 'QQQ')
    """
    file = Path(path)
    said = _read(file)
    _check_keys(said, TOP_KEYS, where=f"{file}: at the top")
    tables = said.get("job")
    if not isinstance(tables, list) or not tables or not all(isinstance(each, dict) for each in tables):
        raise ArgumentError(f"{file}: no [[job]] table: each job is one, with kind and symbols")
    jobs = tuple(_job(table, where=f"{file}: [[job]] {number}") for number, table in enumerate(tables, 1))
    return JobFile(jobs, _lake(said, file), _source(said, file))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentError(f"cannot read the job file {file}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{file} is no TOML: {error}") from error


def _check_keys(table: dict[str, Any], allowed: tuple[str, ...], *, where: str) -> None:
    if unknown := [name for name in table if name not in allowed]:
        keys = "key" if len(unknown) == 1 else "keys"
        raise ArgumentError(f"{where}: no {keys} {', '.join(unknown)}: allowed are {', '.join(allowed)}")


def _lake(said: dict[str, Any], file: Path) -> Path | None:
    lake = said.get("lake")
    if lake is None:
        return None
    if not isinstance(lake, str) or not lake.strip():
        raise ArgumentError(f"{file}: at the top: lake is a folder such as 'data/lake', not {lake!r}")
    return file.absolute().parent / Path(lake).expanduser()


def _source(said: dict[str, Any], file: Path) -> str | None:
    try:
        return checked_source(said["source"], name="source") if "source" in said else None
    except QuantDataError as error:
        raise ArgumentError(f"{file}: at the top: {error}") from error


def _job(table: dict[str, Any], *, where: str) -> Job:
    kind = table.get("kind")
    if kind not in KINDS:
        said = "kind is missing" if kind is None else f"kind is {kind!r}"
        raise ArgumentError(f"{where}: {said}: allowed are {', '.join(KINDS)}")
    own = tuple(name for name in SETTINGS[kind] if name != "filters")
    filters = FILTERS if kind == "chains" else ()
    _check_keys(table, ("kind", "symbols", *own, *filters), where=f"{where} ({kind})")
    if "symbols" not in table:
        raise ArgumentError(f"{where} ({kind}): symbols is missing: a list such as ['SPY', 'QQQ']")
    settings = {name: table[name] for name in own if name in table}
    narrowed = {name: _filter(name, table[name], where=f"{where} ({kind})") for name in filters if name in table}
    try:
        return Job(kind, table["symbols"], filters=narrowed, **settings)
    except QuantDataError as error:
        raise ArgumentError(f"{where} ({kind}): {error}") from error


def _filter(name: str, value: object, *, where: str) -> object:
    """Return a filter as ``chain()`` takes it: a text with two dots is a range."""
    if not isinstance(value, str) or ".." not in value or name not in _ENDS:
        return tuple(value) if isinstance(value, list) else value
    low, _, high = value.partition("..")
    try:
        ends = [_ENDS[name](end) if end.strip() else None for end in (low.strip(), high.strip())]
    except ValueError:
        raise ArgumentError(f"{where}: {name} is a range such as {_example(name)}, not {value!r}") from None
    return tuple(ends)


def _example(name: str) -> str:
    return {"expirations": "'2026-12-01..2026-12-31'", "dte": "'0..7'"}.get(name, "'0.2..0.4'")
