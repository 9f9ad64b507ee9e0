"""Massive's aggregates as bars, as sent."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.massive.bars import bar_page

SCHEMA = {
    "ts": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("open", "high", "low", "close", "volume", "vwap"), pl.Float64()),
    "trades": pl.Int64(),
}


def test_a_page_of_bars() -> None:
    page = bar_page(
        b'[{"v": 211, "vw": 19.7264, "o": 21.6, "c": 22.5, "h": 22.5, "l": 18, "t": 1741064400000, "n": 39},'
        b' {"v": 0.5, "vw": 1, "o": 1, "c": 1, "h": 1, "l": 1, "t": 1741579200000, "n": 1, "otc": true, "dv": "0.5"}]'
    )
    expected = pl.DataFrame(
        [
            (datetime(2025, 3, 4, 5, tzinfo=UTC), 21.6, 22.5, 18.0, 22.5, 211.0, 19.7264, 39),
            (datetime(2025, 3, 10, 4, tzinfo=UTC), 1.0, 1.0, 1.0, 1.0, 0.5, 1.0, 1),
        ],
        schema=SCHEMA,
        orient="row",
    )
    assert_frame_equal(page, expected)


def test_an_index_has_no_volume() -> None:
    page = bar_page(b'[{"o": 1.0, "h": 3.0, "l": 0.5, "c": 2.0, "t": 1741579200000}]')
    assert page.row(0) == (datetime(2025, 3, 10, 4, tzinfo=UTC), 1.0, 3.0, 0.5, 2.0, None, None, None)


@pytest.mark.parametrize("stamp", ["null", "0"])
def test_a_bar_without_a_time_is_refused(stamp: str) -> None:
    with pytest.raises(ValueError, match="a bar without a time"):
        bar_page(b'[{"t": 1741579200000}, {"c": 1.0, "t": %s}]' % stamp.encode())


@pytest.mark.parametrize("results", [b"[]", b'[{"t": 1741579200000}]'])
def test_every_page_has_the_same_schema(results: bytes) -> None:
    assert bar_page(results).schema == SCHEMA
