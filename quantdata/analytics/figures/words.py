"""What figures say in words: whose, of when, how fresh; and for each point who gave it and how far it is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "amount",
    "badge",
    "clock",
    "day",
    "floats",
    "freshness",
    "percent",
    "provenance",
    "root_label",
    "series_label",
    "strings",
    "titled",
    "underlying",
]

FEED_WORDS: Final = {"simulated": "SIMULATED", "eod": "END OF DAY", "delayed": "DELAYED"}
DAY: Final = "%-d %b %Y"


def underlying(frame: pl.DataFrame, name: str = "underlying_symbol") -> str:
    """Return what a frame is of, several with a plus between; nothing of an empty one."""
    return " + ".join(frame.get_column(name).drop_nulls().unique(maintain_order=True).to_list())


def titled(frame: pl.DataFrame, what: str, name: str = "underlying_symbol") -> str:
    """Return a title: what a frame is of, and what is drawn of it."""
    of = underlying(frame, name)
    return f"{of} {what}" if of else what[:1].upper() + what[1:]


def badge(frame: pl.DataFrame) -> list[str]:
    """Return the word for data that are simulated or late; none for those that are neither."""
    feeds = set(frame.get_column("feed").cast(pl.String))
    return [f"<b>{word}</b>" for name, word in FEED_WORDS.items() if name in feeds][:1]


def freshness(frame: pl.DataFrame, *more: str) -> str:
    """Return in words that a frame is simulated or late, where it is, of when it is, and what else is given."""
    at: datetime | None = frame.get_column("snapshot_ts").max()  # type: ignore[assignment]
    return " · ".join([*badge(frame), *([clock(at)] if at else []), *more])


def clock(moment: datetime) -> str:
    """Return a moment as it is said in New York."""
    local = moment.astimezone(NEW_YORK)
    return f"{local.day} {local:%b %Y %H:%M:%S} ET"


def day(column: str) -> pl.Expr:
    """Return the dates of a column in words; null where there is none."""
    return pl.col(column).dt.strftime(DAY)


def root_label() -> pl.Expr:
    """Return in words which root a row is of, and how it settles."""
    settlement = pl.concat_str(pl.lit(" "), pl.col("settlement").cast(pl.String)).fill_null("")
    adjusted = pl.when("is_adjusted").then(pl.lit(" adjusted")).otherwise(pl.lit(""))
    return pl.concat_str("root_symbol", settlement, adjusted)


def series_label() -> pl.Expr:
    """Return in words which series a row is of: its last day, its root, how it settles."""
    return pl.concat_str(day("expiration"), pl.lit(" "), root_label())


def provenance(source: str, moment: str, confidence: str) -> pl.Expr:
    """Return in words who gave a row's value, of which quote, and its confidence; a row has its ``snapshot_ts``."""
    local, now = (pl.col(name).dt.convert_time_zone(NEW_YORK.key) for name in (moment, "snapshot_ts"))
    is_today = local.dt.date() == now.dt.date()
    at = pl.when(is_today).then(local.dt.strftime("%H:%M:%S ET")).otherwise(local.dt.strftime(f"{DAY} %H:%M:%S ET"))
    return pl.concat_str(
        pl.col(source).cast(pl.String).fill_null("source unknown"),
        pl.lit(", quote of "),
        at.fill_null("an unknown time"),
        pl.lit("<br>confidence "),
        pl.col(confidence).cast(pl.Int64).cast(pl.String).fill_null("unknown"),
    )


def percent(column: str) -> pl.Expr:
    """Return an annual fraction as a percentage in words; null where it is null."""
    hundredths = (pl.col(column) * 10_000).round().cast(pl.Int64)
    rest = (hundredths % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str((hundredths // 100).cast(pl.String), pl.lit("."), rest, pl.lit(" %"))


def amount(number: pl.Expr) -> pl.Expr:
    """Return a number without zeros behind its point; null where it is null."""
    return number.cast(pl.String).str.replace(r"\.0$", "")


def floats(frame: pl.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column for plotly: NaN, which is drawn as a gap, where it is null."""
    return frame.get_column(name).cast(pl.Float64).to_numpy()


def strings(frame: pl.DataFrame, words: pl.Expr) -> list[str]:
    """Return a text a row."""
    return frame.select(words).to_series().to_list()
