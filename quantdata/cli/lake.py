"""`quantdata lake`: what a lake holds, what it lacks and why, whether it is sound."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from quantdata.cli.batch import lake_option
from quantdata.cli.options import debug_option, examples, format_option
from quantdata.cli.output import write_text
from quantdata.cli.reporting import DAMAGED, in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

    from quantdata.lake import Lake

__all__ = ["lake"]

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
# What is no damage: of others, or of the ledger, which is made anew.
HARMLESS: Final = ("foreign", "not_in_ledger", "staging")
# Of the table; CSV and JSON have all columns.
PIECES: Final = ("dataset", "date", "symbol", "rows", "bytes", "first_ts", "last_ts", "hours", "feed", "filters")

_ROWS: Final = click.option(
    "--rows", type=click.IntRange(1), metavar="N", default=40, show_default=True, help="Rows of the table."
)
_SPAN: Final = (
    click.option("--symbol", "symbols", multiple=True, metavar="SYMBOL", help="These alone; may be repeated."),
    click.option("--start", metavar="DAY", help="First session."),
    click.option("--end", metavar="DAY", help="Last session, included."),
)


def _asked(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command a lake, and let its errors be one line."""

    @functools.wraps(command)
    def asked(*, folder: Path | None, debug: bool, **own: Any) -> None:
        from quantdata.lake import Lake  # noqa: PLC0415  # heavy: `--help` answers without it

        with in_one_line(debug=debug):
            command(Lake(folder), **own)

    return lake_option(format_option(debug_option(asked)))


def _show(frame: pl.DataFrame, text_format: str, *, of: str, shown: pl.DataFrame | None = None, **more: Any) -> None:
    if text_format != "table":
        write_text(frame, text_format)
        return
    from quantdata.cli.batch_views import show_frame  # noqa: PLC0415
    from quantdata.cli.views import console  # noqa: PLC0415

    show_frame(console(), frame if shown is None else shown, of=of, **more)


@click.group(
    context_settings=CONTEXT,
    epilog=examples(
        "quantdata lake ls",
        "quantdata lake coverage bars_1m --symbol SPY --start 2026-11-02",
        "quantdata lake gaps bars_1m SPY QQQ 2026-01-02 2026-11-20 --format csv",
        "quantdata lake verify --lake /data/lake",
    ),
)
def lake() -> None:
    """Look into a lake of Parquet files."""


@lake.command("ls", context_settings=CONTEXT)
@_asked
def ls(store: Lake, *, text_format: str) -> None:
    """List the datasets: how many pieces, of how many symbols, from when to when, how large."""
    import polars as pl  # noqa: PLC0415  # heavy: `--help` answers without it

    pieces = store.coverage()
    found = (
        pieces.group_by("dataset", maintain_order=True)
        .agg(
            pl.len().alias("pieces"),
            pl.col("symbol").n_unique().alias("symbols"),
            pl.col("date").min().alias("first"),
            pl.col("date").max().alias("last"),
            pl.col("rows").sum(),
            pl.col("bytes").sum(),
            pl.col("is_simulated").any(),
        )
        .sort("dataset")
    )
    _show(found, text_format, of=f"data in {store.path}")


@lake.command("coverage", context_settings=CONTEXT)
@click.argument("dataset", required=False)
@_SPAN[0]
@_SPAN[1]
@_SPAN[2]
@_ROWS
@_asked
def coverage(
    store: Lake,
    *,
    dataset: str | None,
    symbols: tuple[str, ...],
    start: str | None,
    end: str | None,
    rows: int,
    text_format: str,
) -> None:
    """List the pieces of DATASET, or of all: one session of a symbol each, or one snapshot."""
    found = store.coverage(dataset, symbols=symbols or None, start=start, end=end)
    _show(found, text_format, of="pieces", shown=found.select(PIECES), rows=rows)


@lake.command("gaps", context_settings=CONTEXT)
@click.argument("dataset")
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@click.argument("start")
@click.argument("end")
@_ROWS
@_asked
def gaps(
    store: Lake, *, dataset: str, symbols: tuple[str, ...], start: str, end: str, rows: int, text_format: str
) -> None:
    """List the sessions from START to END that DATASET lacks, each with the reason.

    holiday; halted or no_trades: there was nothing; not_entitled or failed: it could not be had; not_asked.
    """
    found = store.gaps(dataset, symbols, start, end)
    _show(found, text_format, of="gaps", rows=rows)


@lake.command(
    "verify",
    context_settings=CONTEXT,
    epilog="Exit codes: 0 all is well, 4 the lake is damaged, 1 it could not be read, 2 asked for wrongly. Files of "
    "other programs and what a killed writer left are shown, and are no damage.",
)
@click.argument("dataset", required=False)
@_asked
def verify(store: Lake, *, dataset: str | None, text_format: str) -> None:
    """Read every file of DATASET, or of all, and list what is wrong; nothing is changed."""
    found = store.verify(dataset)
    _show(found, text_format, of="findings: all is well")
    if not found.get_column("problem").is_in(HARMLESS).all():
        sys.exit(DAMAGED)


@lake.command("repair", context_settings=CONTEXT)
@_asked
def repair(store: Lake, *, text_format: str) -> None:
    """Move broken files aside, remove what killed writers left, make the ledger anew; no data is lost."""
    _show(store.repair(), text_format, of="repairs: all was well")
