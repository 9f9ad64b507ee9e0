"""Splits and dividends beside the bars, which are kept as traded: one file for each symbol, of one asking."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata.frames.columns import CORPORATE_ACTIONS, schema
from quantdata.lake.commit import placing
from quantdata.lake.datasets import stored
from quantdata.lake.faults import told
from quantdata.lake.layout import encoded, meta

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HeldActions", "keep_actions", "read_actions"]

_ASKED_ON: Final = "quantdata.asked_on"


class HeldActions(NamedTuple):
    """Splits and dividends of a stock or fund as they were known on a day.

    Attributes
    ----------
    actions
        With the columns of ``quantdata.frames.columns.CORPORATE_ACTIONS``, oldest first.
    asked_on
        New York day.
    """

    actions: pl.DataFrame
    asked_on: date


def keep_actions(root: Path, symbol: str, actions: pl.DataFrame, *, asked_on: date) -> None:
    """Keep the splits and dividends of a symbol in place of those of an earlier day.

    Raises
    ------
    LakeError
        If they cannot be written.
    """
    plain = pl.Schema({name: stored(dtype) for name, dtype in schema(CORPORATE_ACTIONS).items()})
    with placing(root, _path(root, symbol)) as staged:
        actions.cast(plain).write_parquet(staged, compression="zstd", metadata={_ASKED_ON: asked_on.isoformat()})


def read_actions(root: Path, symbol: str) -> HeldActions | None:
    """Return the splits and dividends of a symbol; None where nobody has asked for them.

    Raises
    ------
    LakeError
        If they cannot be read.
    """
    path = _path(root, symbol)
    with told("cannot read", path):
        try:
            said = pl.read_parquet_metadata(path)
            rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
        except FileNotFoundError:
            return None
        return HeldActions(rows.cast(schema(CORPORATE_ACTIONS)), date.fromisoformat(said[_ASKED_ON]))


def _path(root: Path, symbol: str) -> Path:
    return meta(root) / "actions" / f"{encoded(symbol)}.parquet"
