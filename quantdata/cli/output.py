"""Frames out of the command line: a table, CSV or JSON on the way out, or a file that is whole or not there."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata import __version__
from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["FORMATS", "write_file", "write_text"]

FORMATS: Final = ("table", "csv", "json")


def write_text(frame: pl.DataFrame, text_format: str) -> None:
    """Write a frame to standard output as ``csv`` (with a header) or ``json`` (an array of objects)."""
    text = _flat(frame).write_csv() if text_format == "csv" else frame.write_json()
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def write_file(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame to a ``.parquet``, ``.csv`` or ``.json`` file; the old file stays until the new one is whole.

    Parquet carries the package's version and the worst feed of the rows, so that simulated data stays known as such.

    Raises
    ------
    ArgumentError
        If the name ends in nothing known, or the file cannot be written.
    """
    writers: dict[str, Callable[[Path], object]] = {
        ".parquet": lambda to: frame.write_parquet(to, compression="zstd", metadata=_metadata(frame)),
        ".csv": lambda to: _flat(frame).write_csv(to),
        ".json": frame.write_json,
    }
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise ArgumentError(f"{path.name}: the name must end in {', '.join(writers)}")
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer(staged)
        staged.replace(path)
    except OSError as error:
        raise ArgumentError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            staged.unlink(missing_ok=True)


def _metadata(frame: pl.DataFrame) -> dict[str, str]:
    feed = frame.get_column("feed").cast(pl.String).drop_nulls().unique().to_list() if "feed" in frame.columns else []
    return {"quantdata.version": __version__, "quantdata.feed": ",".join(sorted(feed))}


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose lists are text, which is all that CSV can hold."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    return frame.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join(" ")) if lists else frame
