"""Plans, reports and what a lake holds, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from rich.markup import escape

from quantdata.cli.tables import frame_table

if TYPE_CHECKING:
    from rich.console import Console

    from quantdata.jobs import Report

__all__ = ["show_frame", "show_plan", "show_report"]

MOST_ROWS: Final = 40
MOST_PROBLEMS: Final = 20
UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")
THOUSAND: Final = 1_000


def show_plan(out: Console, plan: pl.DataFrame) -> None:
    """Show what jobs would take, all together in the first line, and what they will not get."""
    totals: dict[str, Any] = {name: plan.get_column(name).sum() for name in ("requests", "seconds", "rows", "bytes")}
    basis = "" if plan.get_column("is_measured").all() else ", in part assumed: the lake has none like it"
    out.print(
        f"{totals['requests']:,} requests, {duration(totals['seconds'])} at the account's rate; about "
        f"{totals['rows']:,} rows, {size(totals['bytes'])}{basis}"
    )
    _show_table(out, plan.drop("is_measured", "not_included"), of="rows")
    lacking = plan.filter(pl.col("not_included").is_not_null())
    _show_lines(out, "not included", [_line(row, row["not_included"]) for row in lacking.iter_rows(named=True)])


def show_report(out: Console, report: Report) -> None:
    """Show what became of a run: a row for each symbol and status, then what there is to say of any."""
    if report.frame.height:
        by_symbol = report.frame.group_by("dataset", "symbol", "status", maintain_order=True).agg(
            pl.col("start").min(),
            pl.col("end").max(),
            pl.col("slot_ts").n_unique().alias("rounds"),
            pl.when(pl.col("sessions").is_not_null().any()).then(pl.col("sessions").sum()).alias("sessions"),
            pl.col("rows", "bytes").sum(),
        )
        is_once = report.frame.get_column("slot_ts").null_count() == report.frame.height
        _show_table(out, by_symbol.drop("rounds") if is_once else by_symbol.drop("start", "end", "sessions"), of="rows")
    told = report.frame.filter(pl.col("detail").is_not_null())
    _show_lines(out, "to be told", [_line(row, row["detail"]) for row in told.iter_rows(named=True)])
    out.print(escape(str(report)))


def show_frame(out: Console, frame: pl.DataFrame, *, of: str, rows: int = MOST_ROWS) -> None:
    """Show the first rows of a frame, or that there are none."""
    if frame.is_empty():
        out.print(f"no {of}")
        return
    _show_table(out, frame, of=of, rows=rows)


def _show_table(out: Console, frame: pl.DataFrame, *, of: str, rows: int = MOST_ROWS) -> None:
    out.print(frame_table(frame.head(rows), width=out.width))
    if frame.height > rows:
        out.print(f"{rows} of {frame.height:,} {of}; --format csv for all")


def _show_lines(out: Console, heading: str, lines: list[str]) -> None:
    if not lines:
        return
    out.print(f"[bold]{heading}[/bold]")
    for line in lines[:MOST_PROBLEMS]:
        out.print(escape(f"  {line}"), soft_wrap=True)
    if len(lines) > MOST_PROBLEMS:
        out.print(f"  and {len(lines) - MOST_PROBLEMS:,} more; --format csv for all")


def _line(row: dict[str, Any], said: str) -> str:
    start, end, slot = row.get("start"), row.get("end"), row.get("slot_ts")
    span = f" {start}" if start == end and start is not None else f" {start}..{end}" if start is not None else ""
    at = f" {slot:%H:%M:%S} UTC" if slot is not None else ""
    status = f"{row['status']}: " if row.get("status") in {"failed", "not_entitled"} else ""
    return f"{row['dataset']} {row['symbol']}{span}{at}: {status}{said}"


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 1.0:
        return "less than a second"
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"


def size(count: float) -> str:
    """Return bytes as people say them."""
    for unit in UNITS[:-1]:
        if count < THOUSAND:
            return f"{count:,.0f} {unit}" if unit == UNITS[0] else f"{count:,.1f} {unit}"
        count /= THOUSAND
    return f"{count:,.1f} {UNITS[-1]}"
