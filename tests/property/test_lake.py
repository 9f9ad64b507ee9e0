"""A lake gives back what it was given, whatever is asked for and however often it was written."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantdata.lake import Lake
from quantdata.lake.layout import decoded, encoded, found_at, path_of
from quantdata.lake.pieces import is_out_of_order
from tests.unit.lake.frames import bars

FIRST: Final = date(2026, 11, 9)
SYMBOLS: Final = ("SPY", "SPYG", "I:NDX", "BRK.B", "BIPpB")
days = st.integers(0, 9).map(lambda number: FIRST + timedelta(days=number))
pieces = st.tuples(st.sampled_from(SYMBOLS), days)
writes = st.lists(st.lists(pieces, min_size=1, max_size=4, unique=True), max_size=4)
KEY: Final = ["symbol", "session"]


@given(st.text(min_size=1))
def test_every_symbol_has_one_name_and_comes_back_from_it(symbol: str) -> None:
    usable = symbol.encode("utf-8", "ignore").decode() or "x"
    name = encoded(usable)
    assert decoded(name) == usable
    assert name.isascii()
    assert not set(name) & set('-/\\:*?"<>| abcdefghijklmnopqrstuvwxyz')
    found = found_at("bars_1d", path_of(Path(), "bars_1d", FIRST, name))
    assert found is not None
    assert found.key == name


@settings(max_examples=30)
@given(writes, st.sets(st.sampled_from(SYMBOLS)), days, st.integers(0, 9))
def test_a_scan_is_what_was_written_last_and_narrowed(
    written: list[list[tuple[str, date]]], symbols: set[str], start: date, length: int
) -> None:
    end = start + timedelta(days=length)
    expected = bars().clear()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        for number, names in enumerate(written):
            frame = pl.concat(bars(symbol, days=[day.isoformat()], close=float(number)) for symbol, day in names)
            lake.write("bars_1m", frame)
            expected = pl.concat([expected.join(frame, on=KEY, how="anti"), frame])
        wanted = expected.filter(pl.col("symbol").is_in(symbols) & pl.col("session").is_between(start, end))
        found = lake.scan("bars_1m", symbols=symbols, start=start, end=end).collect()
        assert_frame_equal(found.drop("date").sort("symbol", "ts"), wanted.sort("symbol", "ts"))
        assert (found.get_column("date") == found.get_column("session")).all()
        assert lake.coverage(symbols=symbols, start=start, end=end).height == wanted.select(KEY).n_unique()
        assert lake.verify().is_empty()


@given(st.lists(st.tuples(st.none() | st.integers(0, 2), st.none() | st.integers(0, 2)), max_size=6))
def test_order_is_judged_as_sorting_would(rows: list[tuple[int | None, int | None]]) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    assert frame.select(is_out_of_order(("a", "b"))).item() is not frame.equals(frame.sort("a", "b"))
