"""Tables for people: what is shown, and what stands in for what is not there."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from rich.console import Console

from quantdata.cli.tables import around_the_money, chain_table, frame_table
from quantdata.frames.columns import CHAIN, schema

if TYPE_CHECKING:
    from rich.table import Table


def chain(**columns: object) -> pl.DataFrame:
    """Return a chain of strikes 90 to 110 in one series, calls only, with some columns set."""
    strikes = [90.0, 95.0, 100.0, 105.0, 110.0]
    given = {
        "root_symbol": "SPY",
        "expiration": date(2026, 12, 18),
        "dte": 30,
        "expiration_type": "standard",
        "settlement": "PM",
        "option_type": "call",
        "is_adjusted": False,
        **columns,
    }
    frame = pl.DataFrame({"strike": strikes}).with_columns(**{name: pl.lit(value) for name, value in given.items()})
    whole = schema(CHAIN)
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None).alias(name)).cast(dtype)
        for name, dtype in whole.items()
    )


def printed(table: Table) -> list[str]:
    """Return the lines of a table."""
    text = io.StringIO()
    Console(width=160, no_color=True, file=text).print(table)
    return text.getvalue().splitlines()


@pytest.mark.parametrize(("price", "nearest"), [(91.0, [90.0, 95.0]), (109.0, [105.0, 110.0]), (None, [95.0, 100.0])])
def test_strikes_around_the_money_are_shown(price: float | None, nearest: list[float]) -> None:
    (part,) = around_the_money(chain(underlying_price=price), series=2, strikes=2)
    assert part.get_column("strike").to_list() == nearest


def test_missing_values_are_dashes_and_a_missing_side_is_blank() -> None:
    (part,) = around_the_money(chain(bid=1.5, implied_volatility=0.25), series=1, strikes=1)
    row = next(line for line in printed(chain_table(part)) if "100" in line.split())
    assert row.split() == ["-", "-", "25.0%", "-", "1.50", "-", "100"]


def test_adjusted_contracts_do_not_stand_in_for_standard_ones() -> None:
    (part,) = around_the_money(chain(is_adjusted=True), series=1, strikes=5)
    assert chain_table(part).row_count == 0


def test_times_are_shown_in_new_york_and_empty_columns_left_out() -> None:
    frame = pl.DataFrame({"symbol": ["SPY"], "ts": [datetime(2026, 11, 18, 16, 0, tzinfo=UTC)], "gone": [None]})
    heading, _, row = [line for line in printed(frame_table(frame)) if line.strip()]
    assert heading.split() == ["symbol", "ts"]
    assert row.split() == ["SPY", "2026-11-18", "11:00:00", "ET"]
