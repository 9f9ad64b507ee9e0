"""Tradier's ticks as a canonical tape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import MOMENT, TRADES, schema
from quantdata.frames.tradier.trades import tick_page, trades

TICK: dict[str, Any] = {"time": "2024-10-04T12:00:00", "timestamp": 1728057600, "price": 32.8, "volume": 100}
AT = datetime(2024, 10, 4, 16, tzinfo=UTC)


def page(*rows: dict[str, Any]) -> pl.DataFrame:
    return tick_page(msgspec.json.encode(rows))


def test_a_tick_is_price_size_and_second() -> None:
    expected = pl.DataFrame(
        [(AT, 32.8, 100.0)], schema={"ts": MOMENT, "price": pl.Float64, "size": pl.Float64}, orient="row"
    )
    assert_frame_equal(page(TICK), expected)
    assert page().schema == expected.schema


def test_several_ticks_of_a_second_keep_their_order() -> None:
    assert page(TICK, TICK | {"price": 32.9}, TICK | {"price": 32.7}).get_column("price").to_list() == [
        32.8,
        32.9,
        32.7,
    ]


def test_seconds_out_of_order_are_put_in_order() -> None:
    before = TICK | {"timestamp": 1728057599}
    ticks = page(TICK, before | {"price": 32.7}, before | {"price": 32.6}, TICK | {"price": 32.9})
    assert ticks.get_column("price").to_list() == [32.7, 32.6, 32.8, 32.9]


def test_a_tick_without_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="a tick without a time"):
        page(TICK, TICK | {"timestamp": None})


def test_ticks_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="deserializ"):
        page(TICK | {"price": "high"})


@pytest.mark.parametrize("feed", ["simulated", "delayed", None])
def test_a_tape_is_its_pages_one_after_the_other(feed: str | None) -> None:
    tape = trades([page(), page(TICK), page(TICK | {"timestamp": 1728057601})], "SPY", feed=feed)
    assert tape.schema == schema(TRADES)
    assert tape.row(0, named=True) == {
        "symbol": "SPY",
        "ts": AT,
        "participant_ts": None,
        "price": 32.8,
        "size": 100.0,
        "exchange": None,
        "conditions": None,
        "correction": None,
        "sequence": None,
        "trade_id": None,
        "source": "tradier",
        "feed": feed,
    }
    assert tape.get_column("ts").dt.second().to_list() == [0, 1]


def test_no_ticks_are_an_empty_tape() -> None:
    tape = trades([page()], "SPY", feed=None)
    assert (tape.schema, tape.height) == (schema(TRADES), 0)
