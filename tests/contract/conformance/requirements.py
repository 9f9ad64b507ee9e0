"""What every answer is held to, whatever was asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.errors import EntitlementError
from quantdata.frames.columns import CHAIN_QUALITY, QUALITY, schema
from quantdata.portal import call
from quantdata.sessions import NEW_YORK, is_session, session_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantdata.clients.bar_query import BarQuery
    from quantdata.clients.protocols import BrokerDataProvider, IndicesDataProvider
    from quantdata.errors import DataProviderError
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
# Of two answers to one question these differ: each says when it came, and how long ago that was.
STAMPS: Final = ("snapshot_ts", "received_ts", "age_s")
QUALITY_OF_ROWS: Final = tuple(column.name for column in QUALITY)
QUALITY_OF_CHAINS: Final = tuple(column.name for column in CHAIN_QUALITY)
# What each source column says who made, of the groups that the model fills.
OF_THE_MODEL: Final[Mapping[str, tuple[str, ...]]] = {
    "underlying_source": ("underlying_price", "underlying_ts", "moneyness"),
    "iv_source": ("implied_volatility", "bid_iv", "ask_iv", "iv_ts"),
    "greeks_source": ("delta", "gamma", "theta", "vega", "rho", "greeks_ts", "greeks_feed"),
}


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
    require_source(frame, facts)
    assert frame.get_column("fallback_reason").null_count() == frame.height
    (answered,) = frame.get_column("snapshot_ts").unique()
    assert session_day(answered) == facts.today


def require_source(frame: pl.DataFrame, facts: Facts) -> None:
    """Hold every row to be of the vendor; of a provider of several to be of one of them, or of several."""
    sources = set(frame.get_column("source").cast(pl.String))
    assert sources <= {*facts.answering, facts.name}
    assert None not in sources


def require_judged(frame: pl.DataFrame, columns: Sequence[str] = QUALITY_OF_ROWS) -> None:
    """Hold every row to have been held to the rules, and its confidence to be what they leave of it."""
    require_filled(frame, ("age_s", *columns))
    assert frame.filter(pl.col("age_s") < 0).is_empty()
    has_error = pl.col("errors").list.len() > 0
    assert frame.filter(has_error != (pl.col("confidence") == 0)).is_empty()
    at_most = 100 - 5 * pl.col("warnings").list.len().cast(pl.Int64)
    assert frame.filter(~has_error & (pl.col("confidence") > at_most)).is_empty()


def require_bars(bars: pl.DataFrame, symbol: str, facts: Facts) -> None:
    """Hold bars to be of one symbol, in order, each once, and such as a market makes."""
    require_filled(bars, ("symbol", "ts", "open", "high", "low", "close", "session", "adjustment", "source", "feed"))
    require_missing_is_null(bars)
    assert bars.get_column("symbol").unique().to_list() == [symbol]
    require_source(bars, facts)
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
    require_teller(caught.value, facts)
    assert str(caught.value.provider) in str(caught.value)


def require_teller(error: DataProviderError, facts: Facts) -> None:
    """Hold an error to name the vendor that it is of."""
    assert error.provider in facts.answering


def require_same_contracts(part: pl.DataFrame, whole: pl.DataFrame) -> None:
    """Hold a part of a chain to have, of each contract, what the whole has.

    Forwards come from pairs of calls and puts, and rules look at the strikes next door and at the newest quote: a part
    has others of those than the whole. So what the model adds and what the rules say is not compared.
    """
    assert named(part) == named(whole)
    names = {*STAMPS, *QUALITY_OF_CHAINS, "forward_price", "model_iv"}
    assert_frame_equal(*(frame.drop(names) for frame in _without_model(part, whole)))


def _without_model(*chains: pl.DataFrame) -> list[pl.DataFrame]:
    """Return chains of the same rows without the groups that the model filled in any of them."""
    is_modelled = {
        source: pl.select(
            pl.any_horizontal((chain.get_column(source) == "model").fill_null(value=False) for chain in chains)
        ).to_series()
        for source in OF_THE_MODEL
    }
    return [
        chain.with_columns(
            pl.when(~is_modelled[source]).then(name).alias(name)
            for source, names in OF_THE_MODEL.items()
            for name in (source, *names)
        )
        for chain in chains
    ]


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
