"""What a file says of itself: facts in its footer, and a hash of all its bytes."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from base64 import b64encode
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl
import pyarrow.parquet as pq

from quantdata.frames.columns import LAKE_PIECES, schema
from quantdata.lake.datasets import DATASETS, stored

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from quantdata.lake.layout import Found

__all__ = ["SCHEMA_VERSION", "Entry", "Facts", "Identity", "as_frame", "digest", "metadata", "read", "seal"]

SCHEMA_VERSION: Final = 1

_PIECES: Final = schema(LAKE_PIECES)
_PREFIX: Final = "quantdata."
_NO_HASH: Final = "0" * 64
_NO_TIME: Final = "0000-00-00T00:00:00.000000Z"
# What is not known before a file is written is put in afterwards, and left out of its hash.
_FILLED_IN: Final = {"content_hash": _NO_HASH, "written_ts": _NO_TIME}


class Facts(NamedTuple):
    """What is known of one piece: the columns of `LAKE_PIECES`."""

    dataset: str
    date: date
    key: str
    symbol: str | None
    rows: int
    bytes: int
    first_ts: datetime | None
    last_ts: datetime | None
    hours: str | None
    filters: str | None
    sources: str | None
    feed: str | None
    is_simulated: bool | None
    content_hash: str | None
    schema_version: int | None
    written_ts: datetime | None


class Identity(NamedTuple):
    """What tells a file from the one that had its name before."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, state: os.stat_result) -> Identity:
        """Return that of a file's state."""
        return cls(state.st_size, state.st_mtime_ns, state.st_ino)


class Entry(NamedTuple):
    """A file, and what is known of it."""

    facts: Facts
    identity: Identity


def as_frame(facts: Iterable[Facts]) -> pl.DataFrame:
    """Return one row a piece with the columns of `LAKE_PIECES`, by dataset, date and key."""
    ordered = sorted(facts, key=lambda each: (each.dataset, each.date, each.key))
    return pl.DataFrame(ordered, schema=_PIECES, orient="row")


# --- writing --------------------------------------------------------------------------------------------------------


def metadata(facts: Facts) -> dict[str, str]:
    """Return what a file's footer says, hash and time of writing still blank."""
    dataset = DATASETS[facts.dataset]
    said = {
        "schema_version": str(SCHEMA_VERSION),
        "dataset": facts.dataset,
        "session": facts.date.isoformat(),
        "symbol": facts.symbol,
        "units": _units(facts.dataset),
        "adjustment": "raw" if dataset.is_bars else None,
        "sources": facts.sources,
        "is_simulated": json.dumps(facts.is_simulated),
        "feed": facts.feed,
        "hours": facts.hours,
        "filters": facts.filters,
        "first_ts": _text(facts.first_ts),
        "last_ts": _text(facts.last_ts),
        "version": _version(),
        **_FILLED_IN,
    }
    # Polars would tell others to read its words as categories; what is written is text.
    named = {f"{_PREFIX}{name}": text for name, text in said.items() if text is not None}
    return {"ARROW:schema": _arrow_schema(facts.dataset), **named}


@cache
def _version() -> str:
    return version("quantdata")


@cache
def _units(dataset: str) -> str:
    return json.dumps({name: unit for name, _, unit, _ in DATASETS[dataset].columns if unit})


@cache
def _arrow_schema(dataset: str) -> str:
    plain = pl.DataFrame(schema={name: stored(dtype) for name, dtype, _, _ in DATASETS[dataset].columns})
    return b64encode(plain.to_arrow(compat_level=pl.CompatLevel.oldest()).schema.serialize().to_pybytes()).decode()


def seal(path: Path, facts: Facts, written: datetime) -> Entry:
    """Put hash and time of writing into a file that has just been written."""
    with path.open("r+b", buffering=0) as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = hashlib.sha256(content).hexdigest()
            places = {name: _place(content, name) for name in _FILLED_IN}
        for name, text in (("content_hash", found), ("written_ts", _text(written) or "")):
            file.seek(places[name])
            file.write(text.encode())
        identity = Identity.of(os.fstat(file.fileno()))
    return Entry(
        facts._replace(
            bytes=identity.size, content_hash=found, schema_version=SCHEMA_VERSION, written_ts=written.astimezone(UTC)
        ),
        identity,
    )


def digest(path: str) -> str:
    """Return the hash of a file as `seal` took it: hash and time of writing blank."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:  # noqa: PTH123
        found, done = hashlib.sha256(), 0
        for place, blank in sorted((_place(content, name), blank) for name, blank in _FILLED_IN.items()):
            found.update(memoryview(content)[done:place])
            found.update(blank.encode())
            done = place + len(blank)
        found.update(memoryview(content)[done:])
    return found.hexdigest()


def _place(content: mmap.mmap, name: str) -> int:
    """Return where the value of a name begins in a footer: Thrift's compact form, each text after its length."""
    head = f"{_PREFIX}{name}".encode() + bytes((0x18, len(_FILLED_IN[name])))
    at = content.rfind(head)
    if at < 0:
        raise OSError(f"its footer has no {_PREFIX}{name}")
    return at + len(head)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


# --- reading --------------------------------------------------------------------------------------------------------


def read(dataset: str, found: Found) -> Entry:
    """Return what the footer of a file says; null is what a foreign program has not written there."""
    with open(found.path, "rb") as file:  # noqa: PTH123  # thousands of them
        identity = Identity.of(os.fstat(file.fileno()))
        footer = pq.read_metadata(file)
    said = {name.decode(): text.decode() for name, text in (footer.metadata or {}).items()}
    get = {name.removeprefix(_PREFIX): text for name, text in said.items() if name.startswith(_PREFIX)}.get
    schema_version, simulated = get("schema_version"), get("is_simulated")
    facts = Facts(
        dataset=dataset,
        date=found.day,
        key=found.key,
        symbol=get("symbol"),
        rows=footer.num_rows,
        bytes=identity.size,
        first_ts=_moment(get("first_ts")),
        last_ts=_moment(get("last_ts")),
        hours=get("hours"),
        filters=get("filters"),
        sources=get("sources"),
        feed=get("feed"),
        is_simulated=None if simulated is None else simulated == "true",
        content_hash=get("content_hash"),
        schema_version=None if schema_version is None else int(schema_version),
        written_ts=_moment(get("written_ts")),
    )
    return Entry(facts, identity)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
