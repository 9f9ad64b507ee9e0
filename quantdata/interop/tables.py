"""Pandas tables for engines: pandas is fetched when it is needed, and plain types go in."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from quantdata.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import polars as pl

__all__ = ["engine", "index", "table"]


def engine(module: str, *, package: str, loader: str) -> Any:
    """Return a module of another package.

    Raises
    ------
    ConfigError
        If the package is not installed; the message says how to.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(f"{loader}() needs a package: pip install {package} ({error})") from error


def index(moments: pl.Series, name: str, *, loader: str) -> pd.DatetimeIndex:
    """Return moments as an index in nanoseconds, which every engine reads; the time zone stays, or there is none."""
    pandas = engine("pandas", package="pandas", loader=loader)
    zone = getattr(moments.dtype, "time_zone", None)
    in_utc = moments if zone is None else moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    made: pd.DatetimeIndex = pandas.DatetimeIndex(in_utc.dt.cast_time_unit("ns").to_numpy(writable=True), name=name)
    return made if zone is None else made.tz_localize("UTC").tz_convert(zone)


def table(columns: Mapping[str, Any], rows: pd.Index | None, *, loader: str) -> pd.DataFrame:
    """Return columns as a pandas frame of numpy's floats and Python's texts: no Arrow, no categories."""
    made: pd.DataFrame = engine("pandas", package="pandas", loader=loader).DataFrame(dict(columns), index=rows)
    return made
