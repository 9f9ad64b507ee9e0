"""Frames out of the command line: CSV or JSON on the way out, or a file that is whole or not there.

Knows which formats there are without loading Polars, so that ``--help`` and a refused file name are quick.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from quantdata import __version__
from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

__all__ = ["FORMATS", "SUFFIXES", "check_suffix", "write_file", "write_text"]

FORMATS: Final = ("table", "csv", "json")
# ISO 8601 with as many decimals as the time has: what polars writes into JSON.
TIME_FORMAT: Final = "%+"


def write_text(frame: pl.DataFrame, text_format: str) -> None:
    """Write a frame to standard output as ``csv`` (with a header) or ``json`` (an array of objects)."""
    text = _flat(frame).write_csv(datetime_format=TIME_FORMAT) if text_format == "csv" else frame.write_json()
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def check_suffix(path: Path) -> None:
    """Refuse a file that could not be written for its name alone.

    Raises
    ------
    ArgumentError
        If the name ends in nothing known.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ArgumentError(f"{path.name or path}: the name must end in {', '.join(SUFFIXES)}")


def write_file(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame to a ``.parquet``, ``.csv`` or ``.json`` file; the old file stays until the new one is whole.

    Parquet carries the package's version and the worst feed of the rows, so that simulated data stays known as such.

    Raises
    ------
    ArgumentError
        If the name ends in nothing known, or the file cannot be written.
    """
    check_suffix(path)
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[path.suffix.lower()](frame, staged)
        staged.replace(path)
    except OSError as error:
        raise ArgumentError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            staged.unlink(missing_ok=True)


def _write_parquet(frame: pl.DataFrame, path: Path) -> None:
    # Feeds rise in trust, so the worst of them is the minimum.
    worst = frame.get_column("feed").min() if "feed" in frame.columns else None
    metadata = {"quantdata.version": __version__, "quantdata.feed": str(worst or "")}
    frame.write_parquet(path, compression="zstd", metadata=metadata)


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    _flat(frame).write_csv(path, datetime_format=TIME_FORMAT)


def _write_json(frame: pl.DataFrame, path: Path) -> None:
    frame.write_json(path)


_WRITERS: Final[dict[str, Callable[[pl.DataFrame, Path], None]]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".json": _write_json,
}
SUFFIXES: Final = tuple(_WRITERS)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose lists are text, which is all that CSV can hold."""
    import polars as pl  # noqa: PLC0415  # heavy: see the module's docstring

    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    return frame.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join(" ")) if lists else frame
