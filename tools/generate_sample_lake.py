"""Write ``data/sample/``: a small lake of the simulated market, for the notebooks and the first minutes with a lake.

Usage: ``python tools/generate_sample_lake.py`` writes it anew; ``--check`` only says whether its rows are up to date.
It holds October 2026 as bars of a day and of 5 minutes for four funds and stocks, with their splits and dividends, and
the options on SPY at the close of each session of the month's last week. Everything comes from the simulator, through
the package's own client and lake, with one seed and clocks that stand still.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import polars as pl
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata.sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.clients.bar_query import TimeframeName

SAMPLE: Final = Path(__file__).resolve().parent.parent / "data" / "sample"
SEED: Final = 7
SYMBOLS: Final = ("SPY", "QQQ", "DIA", "NVDA")  # the third pays a dividend in October
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 30)
TIMEFRAMES: Final[tuple[TimeframeName, ...]] = ("1d", "5m")
DATASETS: Final = (*(f"bars_{timeframe}" for timeframe in TIMEFRAMES), "chains")
# A Saturday, when all of the month is history.
AFTER: Final = "at:2026-10-31T09:00"
# Said in each footer, so that the same rows are the same bytes.
WRITTEN: Final = datetime(2026, 10, 31, 13, tzinfo=UTC)
OPTIONS_OF: Final = "SPY"
WEEK: Final = (date(2026, 10, 26), date(2026, 10, 30))
# The whole chain would be three times as many rows, and the sample more than 5 MB.
DTE: Final = (0, 45)
MONEYNESS: Final = (0.85, 1.15)
# What mathematics on another machine may differ by.
TOLERANCE: Final = 1e-9


def write(folder: Path) -> None:
    """Write the sample into a folder that is not there yet."""
    lake = qd.Lake(folder, wall=lambda: WRITTEN)
    with qd.Client("sim", seed=SEED, clock=AFTER) as client:
        for timeframe in TIMEFRAMES:
            lake.write(f"bars_{timeframe}", client.bars(SYMBOLS, timeframe, FIRST, LAST, adjust="raw"))
    for chain in chains():
        lake.write("chains", chain, filters={"dte": DTE, "moneyness": MONEYNESS})
    with TemporaryDirectory() as other:
        keep_actions(lake, qd.Lake(other))
    # What a machine remembers of its own files is of no use to another.
    (folder / "_meta" / "ledger.sqlite").unlink()
    (folder / "_meta" / "staging").rmdir()


def chains() -> Iterator[pl.DataFrame]:
    """Yield the options on `OPTIONS_OF` at each close of the week."""
    for session in sessions(*WEEK):
        clock = f"at:{session.close:%Y-%m-%dT%H:%M:%SZ}"
        with qd.Client("sim", seed=SEED, clock=clock) as client:
            chain = client.chain(OPTIONS_OF, dte=DTE, moneyness=MONEYNESS)
        # When it arrived is this machine's own time: here it is the market's, without a delay.
        arrived = chain.with_columns(received_ts="snapshot_ts")
        yield qd.validate(arrived, session.close)


def keep_actions(lake: qd.Lake, other: qd.Lake) -> None:
    """Keep the splits and dividends that a client has asked for to adjust bars of another lake."""
    with qd.Client("sim", seed=SEED, clock=AFTER, lake=other) as client:
        client.bars(SYMBOLS, "1d", LAST, LAST, adjust="split")
    for symbol in SYMBOLS:
        held = other.corporate_actions(symbol)
        if held is None:
            raise LookupError(f"the client has kept no splits and dividends of {symbol}")
        lake.keep_corporate_actions(symbol, held.actions, asked_on=held.asked_on)


def differences(sample: Path, fresh: Path) -> list[str]:
    """Return in what a sample differs from one that has just been written."""
    old, new = (sorted(path.relative_to(root) for path in root.rglob("*.parquet")) for root in (sample, fresh))
    if old != new:
        return [f"{path} is in one alone" for path in sorted({*old} ^ {*new})]
    found = []
    for name in (*DATASETS, *SYMBOLS):
        try:
            assert_frame_equal(rows(sample, name), rows(fresh, name), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        except AssertionError as error:
            found.append(f"{name}: {error}")
    return found


def rows(root: Path, name: str) -> pl.DataFrame:
    """Return all rows of a dataset, or the splits and dividends of a symbol."""
    lake = qd.Lake(root)
    if name in DATASETS:
        return lake.scan(name).collect()
    held = lake.corporate_actions(name)
    return pl.DataFrame() if held is None else held.actions


def main() -> None:
    """Write the sample anew, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if it is out of date")
    if not parser.parse_args().check:
        shutil.rmtree(SAMPLE, ignore_errors=True)
        write(SAMPLE)
        return
    with TemporaryDirectory() as folder:
        fresh = Path(folder) / "sample"
        write(fresh)
        if found := differences(SAMPLE, fresh):
            sys.exit("\n".join(["data/sample is out of date: python tools/generate_sample_lake.py", *found]))


if __name__ == "__main__":
    main()
