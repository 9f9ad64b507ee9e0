"""Tables for people: what is shown, and what stands in for what is not there."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from rich.console import Console

from quantdata.cli.tables import around_the_money, chain_tables, frame_table, series_title
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


given_widths = pytest.mark.parametrize("width", [1, 10, 20, 30, 40, 80])


@pytest.mark.parametrize(("price", "nearest"), [(91.0, [90.0, 95.0]), (109.0, [105.0, 110.0]), (None, [95.0, 100.0])])
def test_strikes_around_the_money_are_shown(price: float | None, nearest: list[float]) -> None:
    (part,) = around_the_money(chain(underlying_price=price), series=2, strikes=2)
    assert part.get_column("strike").to_list() == nearest


def test_missing_values_are_dashes_and_a_missing_side_is_blank() -> None:
    (part,) = around_the_money(chain(bid=1.5, implied_volatility=0.25), series=1, strikes=1)
    (table,) = chain_tables([part], width=160)
    row = next(line for line in printed(table) if "100" in line.split())
    assert row.split() == ["-", "-", "25.0%", "-", "1.50", "-", "100"]


def test_adjusted_contracts_are_shown_where_there_are_no_standard_ones() -> None:
    (part,) = around_the_money(chain(is_adjusted=True), series=1, strikes=5)
    (table,) = chain_tables([part], width=160)
    assert table.row_count == 5
    (both,) = around_the_money(pl.concat([chain(), chain(is_adjusted=True, bid=9.99)]), series=1, strikes=5)
    (table,) = chain_tables([both], width=160)
    assert not any("9.99" in line for line in printed(table))


def test_times_are_shown_in_new_york_and_empty_columns_left_out() -> None:
    frame = pl.DataFrame({"symbol": ["SPY"], "ts": [datetime(2026, 11, 18, 16, 0, 7, tzinfo=UTC)], "gone": [None]})
    heading, _, row = printed(frame_table(frame, width=160))
    assert heading.split() == ["symbol", "ts"]
    assert row.split() == ["SPY", "2026-11-18", "11:00:07", "ET"]


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 11, 18, 5, tzinfo=UTC), "2026-11-18"),
        (datetime(2026, 7, 1, 13, 30, tzinfo=UTC), "2026-07-01 09:30 ET"),
    ],
)
def test_times_are_as_exact_as_their_column_needs(moment: datetime, shown: str) -> None:
    *_, row = printed(frame_table(pl.DataFrame({"ts": [moment]}), width=160))
    assert row.strip() == shown


def test_a_live_series_comes_before_those_that_are_over() -> None:
    over, live = chain(time_to_expiry=0.0, dte=0), chain(time_to_expiry=0.01, expiration=date(2026, 12, 21))
    first, second = around_the_money(pl.concat([over, live]), series=2, strikes=1)
    assert series_title(first) == "SPY Mon 21 Dec 2026 · 30 days · standard · PM-settled"
    assert series_title(second) == "SPY Fri 18 Dec 2026 · 0 days · standard · expired"


@pytest.mark.parametrize(
    ("settlement", "time_to_expiry", "end"),
    [("AM", 0.0, "settled"), ("PM", 0.0, "expired"), ("AM", 0.001, "AM-settled"), ("PM", None, "PM-settled")],
)
def test_a_series_title_says_whether_it_is_over(settlement: str, time_to_expiry: float | None, end: str) -> None:
    series = chain(settlement=settlement, time_to_expiry=time_to_expiry, dte=1)
    assert series_title(series) == f"SPY Fri 18 Dec 2026 · 1 day · standard · {end}"


def test_a_narrow_chain_gives_up_open_interest_first_and_keeps_the_strike_in_the_middle() -> None:
    part = pl.concat([chain(bid=1.5), chain(bid=2.5, option_type="put")])
    wide, *_ = printed(chain_tables([part], width=99)[0])
    narrow, _, _, *_, caption = printed(chain_tables([part], width=60)[0])
    least, *_ = printed(chain_tables([part], width=1)[0])
    assert wide.split().index("strike") == 7  # "open int" is two words
    assert narrow.split() == ["iv", "delta", "bid", "ask", "strike", "ask", "bid", "delta", "iv"]
    assert caption.strip() == "not shown at this width: open int, volume"
    assert least.split() == ["bid", "strike", "bid"]


def test_all_series_have_the_same_columns_at_the_same_places() -> None:
    near, far = chain(bid=1.5, ask=1.6), chain(bid=12345.5, ask=12345.6)
    first, second = (printed(table) for table in chain_tables([near, far], width=70))
    assert first[0] == second[0]
    assert ["not shown" in "".join(lines) for lines in (first, second)] == [False, True]


@given_widths
def test_no_line_is_wider_than_asked_and_no_number_is_cut(width: int) -> None:
    frame = pl.DataFrame(
        {
            "symbol": ["SPY"],
            "open": [680.0],
            "close": [681.25],
            "volume": [62_000_000],
            "vwap": [680.5],
            "source": ["x"],
        }
    )
    shown = printed(frame_table(frame, width=width))
    assert "…" not in "".join(shown)
    assert len(shown[0].rstrip()) <= max(width, len("symbol"))
    assert shown[0].split()[0] == "symbol"


def test_the_least_important_columns_give_way_and_are_named() -> None:
    frame = pl.DataFrame({"symbol": ["SPY"], "vwap": [680.5], "close": [681.25], "source": ["massive"]})
    heading, _, _, *caption = printed(frame_table(frame, width=16))
    assert heading.split() == ["symbol", "close"]
    assert " ".join("".join(caption).split()) == "not shown at this width: vwap, source"
