"""Filters: what the vendor filters and what is filtered here give the same rows as filtering the whole chain."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantdata import portal
from quantdata.clients import AsyncMassive, ChainQuery
from quantdata.frames.chain import newest_session
from tests.contract.conformance.requirements import require_same_contracts, unstamped

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim import Simulator

DAY = date(2026, 11, 18)
# What the vendor filters.
SENT = {"expirations", "strikes", "dte", "option_type"}


def ranges(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return single values, ranges in order, and ranges with open ends."""
    ends = st.tuples(values, values).map(lambda pair: (min(pair), max(pair)))
    return st.one_of(values, ends, ends.map(lambda pair: (None, pair[1])), ends.map(lambda pair: (pair[0], None)))


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "expirations": ranges(st.integers(0, 400).map(lambda days: DAY + timedelta(days=days))),
        "strikes": ranges(st.integers(250, 650).map(float)),
        "dte": ranges(st.integers(0, 400)),
        "option_type": st.sampled_from(["call", "put"]),
        "delta": ranges(st.floats(0, 1)),
        "moneyness": ranges(st.floats(0.7, 1.3)),
        "min_volume": st.integers(0, 500),
        "min_open_interest": st.integers(0, 2000),
        "max_spread_percent": st.floats(0, 50),
        "roots": st.sampled_from(["DIA", ["DIA", "DIA1"], "DIA1"]),
    },
)


@pytest.fixture(scope="module")
def whole(simulated_market: Simulator) -> pl.DataFrame:
    client = AsyncMassive("test", base_url=simulated_market.base_url)
    try:
        return portal.call(client.chain(ChainQuery.of("DIA")))
    finally:
        portal.call(client.close())


def obvious(chain: pl.DataFrame, filters: dict[str, Any]) -> pl.DataFrame:
    """Filter row by row, as the documentation says it."""
    newest = newest_session(chain.get_column("snapshot_ts")[0])

    def inside(value: Any, ends: Any) -> bool:
        low, high = ends if isinstance(ends, tuple) else (ends, ends)
        return value is not None and (low is None or value >= low) and (high is None or value <= high)

    def passes(row: dict[str, Any]) -> bool:
        volume = row["volume"] if row["day_session"] is not None and row["day_session"] >= newest else 0
        roots = filters.get("roots")
        tests: dict[str, Callable[[Any], bool]] = {
            "expirations": lambda ends: inside(row["expiration"], ends),
            "strikes": lambda ends: inside(row["strike"], ends),
            "dte": lambda ends: inside(row["dte"], ends),
            "option_type": lambda kind: row["option_type"] == kind,
            "delta": lambda ends: inside(None if row["delta"] is None else abs(row["delta"]), ends),
            "moneyness": lambda ends: inside(row["moneyness"], ends),
            "min_volume": lambda least: (volume or 0) >= least,
            "min_open_interest": lambda least: (row["open_interest"] or 0) >= least,
            "max_spread_percent": lambda most: row["spread_percent"] is not None and row["spread_percent"] <= most,
            "roots": lambda _: row["root_symbol"] in ([roots] if isinstance(roots, str) else roots or []),
        }
        return all(tests[name](value) for name, value in filters.items())

    kept = [passes(row) for row in chain.iter_rows(named=True)]
    return chain.filter(pl.Series(kept, dtype=pl.Boolean))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=FILTERS)
def test_any_filters_give_what_filtering_the_whole_chain_gives(
    filters: dict[str, Any], whole: pl.DataFrame, massive: AsyncMassive
) -> None:
    query = ChainQuery.of("DIA", **filters)
    sent = portal.call(massive.chain(query))
    answer = sent.filter(query.local_part(newest_session(whole.get_column("snapshot_ts")[0])))
    part = obvious(whole, filters)
    if filters.keys() & SENT:
        # The model's forward and the rules look at other contracts, and here they are those that were asked for. So a
        # delta that is the model's may be another.
        if "delta" in filters:
            answer, part = (frame.filter(greeks_source="massive") for frame in (answer, part))
        require_same_contracts(answer, part)
    else:
        assert_frame_equal(unstamped(answer), unstamped(part))
