"""Frames as tables for people that fit where they are shown: the least important columns give way."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Final

import polars as pl
from rich import box
from rich.table import Table
from rich.text import Text

from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["LIVE_SIDES", "around_the_money", "chain_tables", "frame_table", "series_title"]

SIDES: Final = ("open_interest", "volume", "implied_volatility", "delta", "bid", "ask")
# Of a chain that moves; the outermost give way first.
LIVE_SIDES: Final = ("volume", "confidence", "age_s", "mid", "implied_volatility", "delta", "bid", "ask")
HEADINGS: Final = {
    "open_interest": "open int",
    "implied_volatility": "iv",
    "change_percent": "change %",
    "age_s": "age",
}
# Where they are not two: a mid lies between ticks.
DECIMALS: Final = {"mid": 3, "age_s": 1}
SERIES: Final = ("expiration", "root_symbol")
# What gives way first on a narrow terminal; then the columns at the right.
LEAST: Final = (
    "adjustment",
    "source",
    "trades",
    "open_interest",
    "vwap",
    "name",
    "change",
    "open",
    "volume",
    "feed",
    "implied_volatility",
    "delta",
)
# Blanks between two columns.
GAP: Final = 2


def around_the_money(chain: pl.DataFrame, *, series: int, strikes: int) -> list[pl.DataFrame]:
    """Return the first series of a chain, each cut to the strikes nearest to the money.

    Those that have settled or expired come after the live ones. Without an underlying price the middle of the listed
    strikes stands in for the money.
    """
    parts = sorted(chain.partition_by(SERIES, maintain_order=True), key=_is_over)
    return [_nearest(part, strikes) for part in parts[:series]]


def _is_over(part: pl.DataFrame) -> bool:
    """Return whether the settlement instant of a series has passed."""
    return bool((part.get_column("time_to_expiry") == 0.0).any())


def _nearest(part: pl.DataFrame, strikes: int) -> pl.DataFrame:
    money = part.get_column("underlying_price").drop_nulls()
    center = money[0] if len(money) else part.get_column("strike").median()
    listed = part.select("strike").unique().sort("strike")
    nearest = listed.sort((pl.col("strike") - center).abs(), maintain_order=True).head(strikes)
    return part.join(nearest, on="strike", how="semi", maintain_order="left")


def series_title(part: pl.DataFrame) -> str:
    """Return one line about a series: root, expiration, days left, kind, settlement or that it is over."""
    first = part.row(0, named=True)
    settlement = f"{first['settlement']}-settled"
    if _is_over(part):
        settlement = "settled" if first["settlement"] == "AM" else "expired"
    days = f"{first['dte']} day{'' if first['dte'] == 1 else 's'}"
    return (
        f"{first['root_symbol']} {first['expiration']:%a %d %b %Y} · {days} · {first['expiration_type']} · {settlement}"
    )


def chain_tables(parts: Sequence[pl.DataFrame], *, width: int, sides: Sequence[str] = SIDES) -> list[Table]:
    """Return each series as calls | strike | puts, all with the same columns, in ``width`` characters.

    Parameters
    ----------
    sides
        Columns of each side from the outermost, which gives way first, to bid and ask.
    """
    names = [*sides, "strike", *reversed(sides)]
    ladders = [_ladder(part, sides) for part in parts]
    widths = _widths(names, [row for ladder in ladders for row in ladder])
    middle = len(sides)
    # A name gives way on both sides at once, so that the strike stays in the middle.
    pairs = {name: widths[at] + GAP + widths[-1 - at] for at, name in enumerate(sides)}
    kept = {*_fitting(pairs, width=width - widths[middle] - GAP, least=sides[:-2]), "strike"}
    shown = [at for at, name in enumerate(names) if name in kept]
    tables: list[Table] = []
    for ladder in ladders:
        is_last = len(tables) == len(ladders) - 1
        table = _table(_left_out(sides, kept) if is_last else [])
        for at in shown:
            style = "bold" if at == middle else ""
            table.add_column(_heading(names[at]), justify="right", min_width=widths[at], no_wrap=True, style=style)
        for row in ladder:
            table.add_row(*(row[at] for at in shown))
        tables.append(table)
    return tables


def _ladder(part: pl.DataFrame, names: Sequence[str]) -> list[list[Text]]:
    """Return a row per strike of a series: the call's cells, the strike, the put's cells in reverse."""
    standard = part.filter(~pl.col("is_adjusted"))
    ladder = []
    # Adjusted contracts stand beside the standard ones of their strike nowhere; a series that is all adjusted is shown.
    for rows in (standard if standard.height else part).partition_by("strike", maintain_order=True):
        strike, money = rows.item(0, "strike"), rows.item(0, "underlying_price")
        sides = {row["option_type"]: row for row in rows.iter_rows(named=True)}
        calls = _side(sides.get("call"), names, in_the_money=money is not None and strike < money)
        puts = _side(sides.get("put"), names[::-1], in_the_money=money is not None and strike > money)
        ladder.append([*calls, Text(f"{strike:.10g}"), *puts])
    return ladder


def _side(row: dict[str, object] | None, names: Sequence[str], *, in_the_money: bool) -> list[Text]:
    # A colour of the text: a background would be unreadable on every second theme.
    style = "cyan" if in_the_money else ""
    return [Text("" if row is None else _cell(row[name], name), style=style) for name in names]


def frame_table(frame: pl.DataFrame, *, width: int) -> Table:
    """Return any frame as a table of ``width`` characters at most; columns that are empty throughout are left out."""
    names = [name for name in frame.columns if frame.get_column(name).null_count() < frame.height]
    spoken = frame.select(_in_new_york(frame.get_column(name)) for name in names)
    rows = [[Text(_cell(value, name)) for name, value in zip(names, row, strict=True)] for row in spoken.iter_rows()]
    widths = dict(zip(names, _widths(names, rows), strict=True))
    kept = _fitting(widths, width=width)
    table = _table(_left_out(names, kept))
    for name in kept:
        justify = "right" if frame.schema[name].is_numeric() else "left"
        table.add_column(_heading(name), justify=justify, no_wrap=True)  # type: ignore[arg-type]
    shown = [names.index(name) for name in kept]
    for row in rows:
        table.add_row(*(row[at] for at in shown))
    return table


def _in_new_york(column: pl.Series) -> pl.Series:
    """Return times as text, as exact as the column needs; any other column as it is."""
    if not isinstance(column.dtype, pl.Datetime):
        return column
    local = column.dt.convert_time_zone(NEW_YORK.key)
    if (local.dt.time() == time()).all():
        return local.dt.strftime("%Y-%m-%d")
    return local.dt.strftime("%Y-%m-%d %H:%M ET" if (local.dt.second() == 0).all() else "%Y-%m-%d %H:%M:%S ET")


def _table(left_out: Sequence[str]) -> Table:
    """Return a table without columns, whose caption names what did not fit."""
    caption = f"not shown at this width: {', '.join(map(_heading, left_out))}" if left_out else None
    return Table(
        box=box.SIMPLE_HEAD,
        padding=(0, GAP - 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        caption=caption,
        caption_justify="left",
        caption_style="dim",
    )


def _fitting(widths: Mapping[str, int], *, width: int, least: Sequence[str] = LEAST) -> list[str]:
    """Return the columns that fit side by side, in order; at least one."""
    at_the_right = [name for name in reversed(list(widths)) if name not in least]
    kept = dict(widths)
    for name in [*(name for name in least if name in widths), *at_the_right][:-1]:
        if sum(kept.values()) + GAP * (len(kept) - 1) <= width:
            break
        del kept[name]
    return list(kept)


def _left_out(names: Iterable[str], kept: Iterable[str]) -> list[str]:
    return [name for name in names if name not in set(kept)]


def _widths(names: Sequence[str], rows: Sequence[Sequence[Text]]) -> list[int]:
    """Return the width of each column, its heading included."""
    return [max(len(_heading(name)), *(row[at].cell_len for row in rows), 0) for at, name in enumerate(names)]


def _heading(name: str) -> str:
    return HEADINGS.get(name, name)


def _cell(value: object, name: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return _number(value, name)
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
    return f"{value:,.{DECIMALS.get(name, 2)}f}"
