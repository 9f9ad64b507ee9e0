"""Arguments of a lake, checked at the door: each function names the parameter, what came, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from quantdata.errors import ArgumentError
from quantdata.lake.datasets import dataset_of

if TYPE_CHECKING:
    from quantdata.lake.datasets import Dataset

__all__ = ["day", "folder", "span", "symbol_texts", "symbols_asked", "whole_span", "with_sessions"]


def folder(path: object) -> Path:
    """Return the absolute path of a folder, which need not be there."""
    if isinstance(path, str | Path) and str(path).strip():
        return Path(path).expanduser().absolute()
    raise ArgumentError(f"a lake's path is a folder such as 'data/lake', not {path!r}")


def with_sessions(name: str) -> Dataset:
    """Return a dataset of which every session should have a piece."""
    dataset = dataset_of(name)
    if dataset.is_snapshot:
        raise ArgumentError(f"{name} are snapshots, of which none is missing: gaps are of bars and trades")
    return dataset


def symbols_asked(symbols: object) -> tuple[str, ...] | None:
    """Return symbols without repeats; None stands for all."""
    if symbols is None:
        return None
    is_list = isinstance(symbols, Iterable) and not isinstance(symbols, str | bytes)
    return symbol_texts(cast("Iterable[object]", symbols) if is_list else (symbols,))


def symbol_texts(symbols: Iterable[object]) -> tuple[str, ...]:
    """Return symbols without repeats."""
    found: dict[str, None] = {}
    for symbol in symbols:
        if not isinstance(symbol, str) or not symbol:
            raise ArgumentError(f"symbols are texts such as 'SPY', not {symbol!r}")
        found[symbol] = None
    return tuple(found)


def whole_span(start: object, end: object) -> tuple[date, date]:
    """Return the first and the last day, in order."""
    first, last = day(start, name="start"), day(end, name="end")
    if last < first:
        raise ArgumentError(f"start {first} is after end {last}")
    return first, last


def span(start: object, end: object) -> tuple[date | None, date | None]:
    """Return the first and the last day, in order; None is an open end."""
    if start is not None and end is not None:
        return whole_span(start, end)
    return None if start is None else day(start, name="start"), None if end is None else day(end, name="end")


def day(value: object, *, name: str) -> date:
    """Return a day from a date or ISO text."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ArgumentError(f"{name} is a day such as '2026-12-18' or a date, not {value!r}") from None
