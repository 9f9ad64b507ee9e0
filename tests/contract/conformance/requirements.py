"""What every answer is held to, whatever was asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final

import polars as pl
import pytest

from quantdata.errors import EntitlementError
from quantdata.frames.columns import schema
from quantdata.portal import call
from quantdata.sessions import NEW_YORK, is_session, session_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.clients.bar_query import BarQuery
    from quantdata.clients.protocols import BrokerDataProvider, IndicesDataProvider
    from quantdata.frames.columns import Column
    from tests.contract.conformance.facts import Facts

IDENTITY: Final = (
    "underlying_symbol",
    "contract_symbol",
    "root_symbol",
    "expiration",
    "expiration_type",
    "dte",
    "time_to_expiry",
    "strike",
    "option_type",
    "exercise_style",
    "settlement",
    "multiplier",
    "is_adjusted",
)
# Of two answers to one question these differ: each says when it came.
STAMPS: Final = ("snapshot_ts", "received_ts")


def require_schema(frame: pl.DataFrame, columns: tuple[Column, ...]) -> None:
    """Hold a frame to its canonical columns: names, dtypes and order."""
    assert list(frame.schema.items()) == list(schema(columns).items())


def require_filled(frame: pl.DataFrame, columns: Sequence[str]) -> None:
    """Hold columns to have no nulls."""
    nulls = frame.select(columns).null_count().row(0, named=True)
    assert {name: count for name, count in nulls.items() if count} == {}


def require_missing_is_null(frame: pl.DataFrame) -> None:
    """Hold a frame to have no NaN, no infinity, no empty text and no null inside a list."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List]
    bad = {
        **{name: frame.filter(~pl.col(name).is_finite()).height for name in floats},
        **{name: frame.filter(pl.col(name).str.strip_chars() != pl.col(name)).height for name in texts},
        **{f"{name}: blank": frame.filter(pl.col(name) == "").height for name in texts},
        **{name: frame.filter(pl.col(name).list.eval(pl.element().is_null()).list.any()).height for name in lists},
    }
    assert {name: count for name, count in bad.items() if count} == {}


def require_provenance(frame: pl.DataFrame, facts: Facts) -> None:
    """Hold a frame to say of every row who gave it, when, and how fresh it is."""
    require_filled(frame, ("source", "snapshot_ts", "received_ts", "feed"))
    assert frame.get_column("source").cast(pl.String).unique().to_list() == [facts.name]
    assert frame.get_column("fallback_reason").null_count() == frame.height
    (answered,) = frame.get_column("snapshot_ts").unique()
    assert session_day(answered) == facts.today


def require_bars(bars: pl.DataFrame, symbol: str, facts: Facts) -> None:
    """Hold bars to be of one symbol, in order, each once, and such as a market makes."""
    require_filled(bars, ("symbol", "ts", "open", "high", "low", "close", "session", "adjustment", "source", "feed"))
    require_missing_is_null(bars)
    assert bars.get_column("symbol").unique().to_list() == [symbol]
    assert bars.get_column("source").cast(pl.String).unique().to_list() == [facts.name]
    assert bars.get_column("ts").is_sorted()
    assert bars.get_column("ts").n_unique() == bars.height
    assert bars.filter(pl.col("low") > pl.min_horizontal("open", "close", "high")).is_empty()
    assert bars.filter(pl.col("high") < pl.max_horizontal("open", "close")).is_empty()
    assert bars.filter((pl.col("low") <= 0) | (pl.col("volume") < 0)).is_empty()
    assert all(is_session(day) for day in bars.get_column("session").unique())


def require_refusal(provider: BrokerDataProvider | IndicesDataProvider, query: BarQuery, facts: Facts) -> None:
    """Hold a provider to refuse, by name, what its vendor does not have."""
    with pytest.raises(EntitlementError) as caught:
        call(provider.bars(query))
    assert caught.value.provider == facts.name
    assert facts.name in str(caught.value)


def unstamped(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame without the times of its answer."""
    return frame.drop(STAMPS, strict=False)


def named(frame: pl.DataFrame) -> list[str]:
    """Return the contracts of a chain, in order."""
    return frame.get_column("contract_symbol").to_list()


def symbols_of(frame: pl.DataFrame) -> list[str]:
    """Return the symbols of a frame, in order."""
    return frame.get_column("symbol").to_list()


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in New York."""
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)
