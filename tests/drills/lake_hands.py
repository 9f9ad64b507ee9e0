"""Who writes and reads in the lake's drill, each in a process of its own: ``python -m tests.drills.lake_hands``.

A writer asks the lake what it lacks, writes that, and says so on its standard output once it is committed. It is killed
in the middle. A reader reads all the time and says, when its standard input ends, how often and what was wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import warnings
from datetime import date
from random import Random
from typing import Final

import polars as pl

from quantdata.lake import Lake
from tests.unit.lake.frames import bars

__all__ = ["DATASET", "LAST", "is_empty_day", "wrong"]

DATASET: Final = "bars_1m"
LAST: Final = date(2025, 8, 1)
# Of each session that a writer keeps, but for those of which it notes that there are none.
ROWS: Final = 20
AT_ONCE: Final = 5
NO_TRADES_EVERY: Final = 11
# What all writers replace all the time, each with another number of rows.
SHARED: Final = "SHARED"
SHARED_DAY: Final = "2026-11-17"
MOST_SHARED_ROWS: Final = 29


def is_empty_day(day: date) -> bool:
    """Tell whether a writer notes that there are no bars of a session."""
    return day.toordinal() % NO_TRADES_EVERY == 0


# --- a writer -------------------------------------------------------------------------------------------------------


def write(lake: Lake, symbol: str, first: date, *, is_endless: bool) -> None:
    """Write what the lake lacks of a symbol; then, without an end, what all writers share."""
    gaps = lake.gaps(DATASET, symbol, first, LAST).filter(pl.col("reason") == "not_asked")
    lacking = gaps.get_column("date").to_list()
    _say("lacking", *lacking)
    random = Random(os.getpid())  # noqa: S311  # which rows, not which secrets
    for days in _batched(lacking):
        _write_days(lake, symbol, days)
        _share(lake, random)
    while is_endless:
        _share(lake, random)


def _batched(days: list[date]) -> list[list[date]]:
    return [days[at : at + AT_ONCE] for at in range(0, len(days), AT_ONCE)]


def _write_days(lake: Lake, symbol: str, days: list[date]) -> None:
    traded = [day for day in days if not is_empty_day(day)]
    if traded:
        lake.write(DATASET, pl.concat(_of_a_day(symbol, day) for day in traded))
        _say("written", *traded)
    if empty := [day for day in days if is_empty_day(day)]:
        lake.note_gaps(DATASET, symbol, dict.fromkeys(empty, "no_trades"))
        _say("noted", *empty)


def _of_a_day(symbol: str, day: date) -> pl.DataFrame:
    return bars(symbol, days=[day.isoformat()], count=ROWS, close=float(day.toordinal()))


def _share(lake: Lake, random: Random) -> None:
    number = random.randrange(1, 1_000)
    lake.write(DATASET, bars(SHARED, days=[SHARED_DAY], count=1 + number % MOST_SHARED_ROWS, close=float(number)))


def _say(word: str, *days: date) -> None:
    # One write: a line is there whole, or not at all.
    os.write(sys.stdout.fileno(), f"{word} {' '.join(map(str, days))}\n".encode())


# --- a reader -------------------------------------------------------------------------------------------------------


def read(lake: Lake) -> None:
    """Read all there is, over and over, until standard input ends; then say how often, and what was wrong."""
    ended = threading.Event()
    threading.Thread(target=_until_ended, args=(ended,), daemon=True).start()
    warnings.simplefilter("error")
    found: list[str] = []
    reads = 0
    while not ended.is_set():
        reads += 1
        try:
            found += wrong(lake.scan(DATASET).collect())
            lake.coverage(DATASET)
        except Exception as error:  # noqa: BLE001  # whatever it is, a reader must not get it
            found.append(f"{type(error).__name__}: {error}")
    print(reads, *found[:5], sep="\n")


def _until_ended(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def wrong(rows: pl.DataFrame) -> list[str]:
    """Return which pieces are not as they were written: another number of rows, or rows of several writings."""
    pieces = rows.group_by("symbol", "date").agg(
        pl.len().alias("rows"), pl.col("close").first().alias("close"), pl.col("close").n_unique().alias("closes")
    )
    number = pl.col("close").cast(pl.Int64)
    shared = pl.col("symbol") == SHARED
    expected = pl.when(shared).then(1 + number % MOST_SHARED_ROWS).otherwise(ROWS)
    is_right = (pl.col("closes") == 1) & (pl.col("rows") == expected)
    of_its_day = shared | (number == pl.col("date").dt.epoch("d") + date(1970, 1, 1).toordinal())
    return [
        f"{symbol} {day}: {height} rows" for symbol, day, height, *_ in pieces.filter(~(is_right & of_its_day)).rows()
    ]


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("hand", choices=["endless", "writer", "reader"])
    parser.add_argument("symbol", nargs="?", default="")
    parser.add_argument("first", nargs="?", type=date.fromisoformat, default=LAST)
    asked = parser.parse_args()
    lake = Lake(asked.path)
    if asked.hand == "reader":
        read(lake)
    else:
        write(lake, asked.symbol, asked.first, is_endless=asked.hand == "endless")


if __name__ == "__main__":
    main()
