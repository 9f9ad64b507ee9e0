"""Answers for people: headings say how fresh the rows are, columns only what the heading has not."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from rich.console import Console

from quantdata.cli.views import console, show_bars, show_indices, show_quotes
from quantdata.frames.columns import BARS, EQUITY_QUOTES, INDEX_QUOTES, schema

if TYPE_CHECKING:
    from collections.abc import Callable


def frame(columns: Any, **values: list[Any]) -> pl.DataFrame:
    """Return a canonical frame with some columns set."""
    height = len(next(iter(values.values())))
    return pl.DataFrame(
        {name: pl.Series(values.get(name, [None] * height), dtype=dtype) for name, dtype in schema(columns).items()}
    )


def shown(show: Callable[[Console], None]) -> list[str]:
    """Return the lines that a view prints."""
    text = io.StringIO()
    show(Console(width=160, no_color=True, highlight=False, file=text))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def bars(**values: list[Any]) -> pl.DataFrame:
    """Return two bars of SPY with some columns set."""
    days = [datetime(2026, 11, day, 5, tzinfo=UTC) for day in (16, 17)]
    set_anyway: dict[str, list[Any]] = {
        "symbol": ["SPY"] * 2,
        "ts": days,
        "close": [1.0, 2.0],
        "source": ["massive"] * 2,
    }
    return frame(BARS, **{**set_anyway, **values})


@pytest.mark.parametrize(
    ("feed", "word"),
    [("simulated", "  SIMULATED"), ("delayed", "  DELAYED"), ("eod", "  END OF DAY"), ("realtime", ""), (None, "")],
)
def test_every_heading_says_how_fresh_its_rows_are(feed: str | None, word: str) -> None:
    quotes = frame(EQUITY_QUOTES, symbol=["SPY"], price=[1.0], feed=[feed])
    indices = frame(INDEX_QUOTES, symbol=["SPX", "VIX"], feed=[feed, feed])
    assert shown(lambda out: show_quotes(out, quotes))[0] == f"1 quote{word}"
    assert shown(lambda out: show_indices(out, indices))[0] == f"2 indices{word}"
    assert shown(lambda out: show_bars(out, bars(feed=[feed, feed]), rows=5))[0] == f"SPY · 2 bars{word}"


def test_rows_of_different_feeds_are_told_apart_under_the_worst() -> None:
    quotes = frame(EQUITY_QUOTES, symbol=["SPY", "QQQ"], feed=["realtime", "delayed"])
    head, heading, _, *rows = shown(lambda out: show_quotes(out, quotes))
    assert head == "2 quotes  DELAYED"
    assert heading.split() == ["symbol", "feed"]
    assert [row.split() for row in rows] == [["SPY", "realtime"], ["QQQ", "delayed"]]


def test_bars_say_what_their_prices_are_adjusted_for() -> None:
    same = shown(lambda out: show_bars(out, bars(adjustment=["total", "total"]), rows=5))
    mixed = shown(lambda out: show_bars(out, bars(adjustment=["split", "raw"]), rows=1))
    assert same[0] == "SPY · 2 bars, adjusted for splits and dividends"
    assert same[1].split() == ["ts", "close"]
    assert mixed[1].split() == ["ts", "close", "adjustment"]


def test_bars_of_many_symbols_are_counted() -> None:
    many = bars(symbol=["A", "B"]).vstack(bars(symbol=["C", "D"])).vstack(bars(symbol=["E", "F"]))
    assert shown(lambda out: show_bars(out, many.head(4), rows=1))[0] == "A, B, C, D · 4 bars"
    assert shown(lambda out: show_bars(out, many, rows=1))[0] == "6 symbols · 6 bars"


def test_no_bars_are_no_table() -> None:
    assert shown(lambda out: show_bars(out, bars().clear(), rows=5)) == ["no bars in this range"]


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("", 160)])
def test_without_a_terminal_columns_decides_the_width(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert console().width == width
