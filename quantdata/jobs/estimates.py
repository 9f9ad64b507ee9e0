"""How much a job brings, and how many requests that takes: measured in the lake where it can be."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quantdata.frames.bars import TIMEFRAMES
from quantdata.jobs.report import totals
from quantdata.sessions import session_day
from quantdata.symbols import is_option_symbol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quantdata.jobs.job import Job
    from quantdata.lake import Lake

__all__ = ["ASSUMED", "Assumed", "Size", "estimated", "recent_pieces", "requests_of"]


class Size(NamedTuple):
    """Of one piece: a session, or a snapshot of one symbol, or of all that one request brings.

    Attributes
    ----------
    is_measured
        Whether bytes are those of pieces in the lake.
    """

    rows: float
    bytes: float
    is_measured: bool


class Assumed(NamedTuple):
    """What a piece is taken for where the lake has none like it."""

    rows: float
    row_bytes: float
    file_bytes: float


# Measured on the simulated market in November 2026: the bytes of a file without rows, and what each row adds. Rows are
# those of a stock with weekly options, and of a session; of bars they follow from the hours.
ASSUMED: Final[Mapping[str, Assumed]] = {
    "chains": Assumed(3_000, 77.0, 35_000.0),
    "bars": Assumed(1, 26.0, 4_900.0),
    "trades": Assumed(50_000, 12.0, 5_000.0),
    "quotes": Assumed(1, 200.0, 11_500.0),
    "indices": Assumed(1, 150.0, 9_000.0),
    "flow": Assumed(3_000, 5.0, 10_000.0),
}
OPTION_PRINTS: Final = 200
# Minutes of regular trading, and from the first to the last of a day.
MINUTES: Final = {"regular": 390, "all": 960}
RECENT: Final = timedelta(days=14)

# What one request brings: of a chain in tiles, as counted on chains of 3,000 to 31,000 contracts; 50,000 prints a page
# and 250 quotes at once (reference/massive.md). Tradier sends an expiration, and an hour of prints.
ROWS_OF_A_TILE: Final = 155
LEAST_TILES: Final = 16
PRINTS_OF_A_PAGE: Final = 50_000
QUOTES_AT_ONCE: Final = 250
HOURS: Final = {"regular": 7, "all": 16}
# Splits, dividends and the price of the underlying beside a chain.
BESIDE_A_CHAIN: Final = 2
BESIDE_TRADIERS: Final = 5
TAPES_OF_A_CONTRACT: Final = 2


def recent_pieces(job: Job, lake: Lake, now: datetime) -> pl.DataFrame:
    """Return the pieces of a job's dataset of the last two weeks: what is measured where there are none of a symbol."""
    return lake.coverage(job.dataset, start=session_day(now) - RECENT)


def estimated(job: Job, symbols: tuple[str, ...], *, recent: pl.DataFrame, own: pl.DataFrame | None = None) -> Size:
    """Return what one piece of a job is taken to hold.

    Parameters
    ----------
    symbols
        One, or those of one request.
    recent
        As `recent_pieces` returns them.
    own
        Sessions of the same symbol; where there are none, the bytes of a row are those of others.
    """
    if job.is_snapshot:
        own = recent.filter(_is_like(job, symbols))
    assumed = _assumed(job, symbols)
    if own is not None and own.height:
        return Size(_mean(own, "rows"), _mean(own, "bytes"), is_measured=True)
    if recent.height:
        rows, size = totals(recent)
        return Size(assumed.rows, assumed.rows * size / rows, is_measured=True)
    return Size(assumed.rows, assumed.file_bytes + assumed.rows * assumed.row_bytes, is_measured=False)


def _is_like(job: Job, symbols: tuple[str, ...]) -> pl.Expr:
    """Return which snapshots are of the same: of one symbol and the same filters, or of as many symbols."""
    if job.kind in {"quotes", "indices"}:
        return pl.col("rows") == len(symbols)
    filters = json.dumps(dict(job.filters), sort_keys=True, default=str) if job.filters else None
    return (pl.col("symbol") == symbols[0]) & pl.col("filters").eq_missing(pl.lit(filters))


def _mean(pieces: pl.DataFrame, name: str) -> float:
    mean: Any = pieces.get_column(name).mean()
    return float(mean)


def _assumed(job: Job, symbols: tuple[str, ...]) -> Assumed:
    assumed = ASSUMED[job.kind]
    if job.kind == "bars":
        window = TIMEFRAMES[job.dataset.removeprefix("bars_")]
        minutes = window.length / timedelta(minutes=1)
        return assumed._replace(rows=math.ceil(MINUTES[job.session] / minutes) if window.is_intraday else 1)
    if job.kind == "trades" and is_option_symbol(symbols[0]):
        return assumed._replace(rows=OPTION_PRINTS)
    return assumed._replace(rows=assumed.rows * len(symbols))


def requests_of(job: Job, vendor: str, rows: float) -> int:
    """Return how many requests one task takes.

    Parameters
    ----------
    vendor
        ``"tradier"``, or any that asks Massive first.
    rows
        What it brings.
    """
    is_tradier = vendor == "tradier"
    if job.kind == "bars":
        return 1
    if job.kind == "trades":
        return HOURS[job.session] if is_tradier else max(1, math.ceil(rows / PRINTS_OF_A_PAGE))
    if job.kind in {"quotes", "indices"}:
        return math.ceil(rows / QUOTES_AT_ONCE)
    tapes = TAPES_OF_A_CONTRACT * job.top if job.kind == "flow" and not is_tradier else 0
    if is_tradier:
        # Expirations grow as the root of the contracts: 18 of 3,400, 33 of 9,500, 52 of 31,000.
        return math.ceil(math.sqrt(rows) / 3) + BESIDE_TRADIERS
    return max(LEAST_TILES, math.ceil(rows / ROWS_OF_A_TILE)) + BESIDE_A_CHAIN + tapes
