"""What a frame must bring to be computed with, said by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["check_choice", "check_columns"]


def check_columns(frame: pl.DataFrame, needed: Iterable[str], *, call: str, kind: str) -> None:
    """Raise `ArgumentError` unless a frame has the columns that a call needs; the message names those missing."""
    if not isinstance(frame, pl.DataFrame):
        raise ArgumentError(f"{call}() needs {kind} (a polars.DataFrame), not {type(frame).__name__}")
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise ArgumentError(f"{call}() needs {kind}; this frame lacks {', '.join(missing)}")


def check_choice(value: str, allowed: Collection[str], *, name: str) -> None:
    """Raise `ArgumentError` unless a value is one of those allowed."""
    if value not in allowed:
        raise ArgumentError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
