from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from quantdata.analytics.figures.choosing import chosen, money, thinned
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from tests.unit.analytics.priced_chains import NOW, SPX, chain_of, option, pairs

DECEMBER, JANUARY = date(2026, 12, 18), date(2027, 1, 15)


def test_rows_of_some_expirations_and_roots_are_kept() -> None:
    chain = chain_of(*pairs((6600.0,)), *pairs((6600.0,), series=SPX), *pairs((6600.0,), expiration=JANUARY))
    assert chosen(chain).height == 6
    assert chosen(chain, roots="SPX").get_column("root_symbol").unique().to_list() == ["SPX"]
    assert chosen(chain, roots=["SPX", "SPXW"], expirations=[JANUARY]).height == 2


def test_what_the_chain_does_not_have_is_refused_and_what_it_has_is_named() -> None:
    chain = chain_of(*pairs((6600.0,)))
    with pytest.raises(ArgumentError, match="no root_symbol SPX in this chain; it has SPXW"):
        chosen(chain, roots="SPX")
    with pytest.raises(ArgumentError, match="no expiration 2027-01-15 in this chain; it has 2026-12-18"):
        chosen(chain, expirations=[DECEMBER, JANUARY])
    with pytest.raises(ArgumentError, match="no root_symbol SPY in this chain; it has none"):
        chosen(empty(CHAIN), roots="SPY")


def test_the_money_is_the_newest_price_of_the_underlying() -> None:
    old = option(6600.0, "call", underlying_price=6500.0, underlying_ts=NOW - timedelta(seconds=9))
    timeless = option(6700.0, "call", underlying_price=6400.0, underlying_ts=None)
    unknown = option(6800.0, "call", underlying_price=None)
    assert money(chain_of(old, timeless, unknown, option(6500.0, "call"))) == 6590.0
    assert money(chain_of(unknown)) is None


def test_few_rows_are_left_as_they_are() -> None:
    rows = pl.DataFrame({"x": [3.0, 1.0, 2.0]})
    assert thinned(rows, pl.col("x"), most=3).equals(rows)


@pytest.mark.parametrize(("count", "most"), [(11, 10), (25, 10), (200, 10), (1_000, 200), (201, 200), (7, 1)])
def test_the_nearer_half_stays_whole_and_the_rest_is_thinned_in_order(count: int, most: int) -> None:
    rows = pl.DataFrame({"x": [float(number) for number in range(count)]})
    center = count // 2
    kept = thinned(rows, pl.col("x") - center, most=most).get_column("x")
    assert len(kept) <= most
    assert kept.is_sorted()
    assert set(range(center - most // 4 + 1, center + most // 4)) <= set(kept)


def test_what_has_no_distance_is_farthest() -> None:
    rows = pl.DataFrame({"x": [None, 1.0, None, 2.0, 3.0, None]})
    kept = thinned(rows, pl.col("x"), most=4)
    assert kept.height <= 4
    assert {1.0, 2.0} <= set(kept.get_column("x"))
