"""Frames as tables for people: rich on a terminal, plain columns elsewhere."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PLAIN_WIDTH", "around_the_money", "chain_table", "console", "frame_table", "series_title"]

PLAIN_WIDTH: Final = 160
SIDES: Final = ("open_interest", "volume", "implied_volatility", "delta", "bid", "ask")
HEADINGS: Final = {"open_interest": "open int", "implied_volatility": "iv", "volume": "volume"}
SERIES: Final = ("expiration", "root_symbol")


def console(*, stderr: bool = False) -> Console:
    """Return a console: as wide as the terminal, or wide enough for every table where there is none."""
    probe = Console(stderr=stderr)
    return probe if probe.is_terminal else Console(stderr=stderr, width=PLAIN_WIDTH, no_color=True)


def around_the_money(chain: pl.DataFrame, *, series: int, strikes: int) -> list[pl.DataFrame]:
    """Return the first series of a chain, each cut to the strikes nearest to the money.

    Without an underlying price the middle of the listed strikes stands in for the money.
    """
    parts = chain.partition_by(SERIES, maintain_order=True)[:series]
    return [_nearest(part, strikes) for part in parts]


def _nearest(part: pl.DataFrame, strikes: int) -> pl.DataFrame:
    money = part.get_column("underlying_price").drop_nulls()
    center = money[0] if len(money) else part.get_column("strike").median()
    listed = part.select("strike").unique().sort("strike")
    nearest = listed.sort((pl.col("strike") - center).abs(), maintain_order=True).head(strikes)
    return part.join(nearest, on="strike", how="semi", maintain_order="left")


def series_title(part: pl.DataFrame) -> str:
    """Return one line about a series: root, expiration, days left, settlement."""
    first = part.row(0, named=True)
    return (
        f"{first['root_symbol']} {first['expiration']:%a %d %b %Y} · {first['dte']} days · "
        f"{first['expiration_type']} · {first['settlement']}-settled"
    )


def chain_table(part: pl.DataFrame) -> Table:
    """Return one series as calls | strike | puts."""
    table = Table(box=box.SIMPLE_HEAD, title=series_title(part), title_justify="left", title_style="bold")
    for name in SIDES:
        table.add_column(HEADINGS.get(name, name), justify="right")
    table.add_column("strike", justify="right", style="bold")
    for name in reversed(SIDES):
        table.add_column(HEADINGS.get(name, name), justify="right")
    standard = part.filter(~pl.col("is_adjusted"))
    for (strike,), rows in standard.group_by("strike", maintain_order=True):
        sides = {row["option_type"]: row for row in rows.iter_rows(named=True)}
        money = rows.get_column("underlying_price")[0]
        calls = _side(sides.get("call"), SIDES, in_the_money=money is not None and float(str(strike)) < money)
        puts = _side(sides.get("put"), SIDES[::-1], in_the_money=money is not None and float(str(strike)) > money)
        table.add_row(*calls, f"{strike:g}", *puts)
    return table


def _side(row: dict[str, object] | None, names: Sequence[str], *, in_the_money: bool) -> list[Text]:
    style = "on grey15" if in_the_money else ""
    return [Text("" if row is None else _cell(row[name], name), style=style) for name in names]


def frame_table(frame: pl.DataFrame, *, rows: int | None = None) -> Table:
    """Return any frame as a table: columns that are empty throughout are left out."""
    shown = frame if rows is None else frame.head(rows)
    names = [name for name in shown.columns if shown.get_column(name).null_count() < shown.height]
    table = Table(box=box.SIMPLE_HEAD)
    for name in names:
        table.add_column(name, justify="right" if shown.schema[name].is_numeric() else "left", no_wrap=True)
    for row in shown.select(names).iter_rows():
        table.add_row(*(Text(_cell(value, name)) for name, value in zip(names, row, strict=True)))
    return table


def _cell(value: object, name: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return _number(value, name)
    if isinstance(value, datetime):
        return f"{value.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} ET"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _number(value: float, name: str) -> str:
    if name == "implied_volatility" or name.endswith("_iv"):
        return f"{100 * value:.1f}%"
    if name in {"delta", "gamma", "theta", "vega", "rho", "moneyness"}:
        return f"{value:.3f}"
    if name in {"volume", "bid_size", "ask_size", "last_size"}:
        return f"{value:,.0f}"
    return f"{value:,.2f}"
