"""The lake's drill: four writers that are killed at random points, over and over, under two readers.

No reader may ever see half of anything, nothing that a writer has said to be committed may be gone, and who comes after
a killed one writes the rest and no more. SIGKILL leaves a process no time for anything.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata.lake import Lake
from quantdata.sessions import sessions
from tests.drills.engine import Outcome
from tests.drills.lake_hands import DATASET, LAST, is_empty_day, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim import Simulator

__all__ = ["DRILL"]

SEED: Final = 20_261_118
KILLS: Final = 200
SHORT_KILLS: Final = 20
# The first session that each writer is to keep: so many that they are never done before the last kill.
FIRST: Final = date(2021, 1, 4)
SHORT_FIRST: Final = date(2024, 6, 3)
WRITERS: Final = ("ALPHA", "BETA", "GAMMA", "DELTA")
READERS: Final = 2
# How long the next one to be killed has, at most, once it has begun: enough for some commits, too short for all.
LONGEST_S: Final = 0.3
LOOK_EVERY: Final = 20
SOON_S: Final = 60.0


class Job(NamedTuple):
    """What is to be kept: in which lake, and from which session on."""

    lake: Lake
    first: date

    @property
    def days(self) -> list[date]:
        """The sessions."""
        return [each.day for each in sessions(self.first, LAST)]


@dataclass(slots=True)
class Told:
    """What a writer has said in all of its lives."""

    lacking: list[set[date]] = field(default_factory=list)
    written: list[date] = field(default_factory=list)
    noted: list[date] = field(default_factory=list)


class Writer:
    """A process that writes one symbol, until it is killed or done."""

    def __init__(self, job: Job, symbol: str, told: Told, *, is_endless: bool = True) -> None:
        self.told = told
        self.has_begun = threading.Event()
        self._process = _started(job.lake, "endless" if is_endless else "writer", symbol, job.first.isoformat())
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, *days = line.split()
            said = list(map(date.fromisoformat, days))
            if word == "lacking":
                self.told.lacking.append(set(said))
            else:
                getattr(self.told, word).extend(said)
            self.has_begun.set()

    def kill(self) -> None:
        """End it as the kernel does, and hear what it had said before."""
        self._process.send_signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        with self._process:  # closes its pipes
            code = self._process.wait(SOON_S)
            self._listener.join(SOON_S)
        return code


def _started(lake: Lake, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "tests.drills.lake_hands", str(lake.path), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@dataclass(frozen=True, slots=True)
class LakeDrill:
    """Kills, readers, and what is left afterwards."""

    vendor: str = "lake"

    def run(self, _: Simulator, *, is_short: bool = False) -> Iterator[Outcome]:
        """Kill 200 times (short: 20), finish what was begun, and look at everything."""
        with tempfile.TemporaryDirectory(prefix="quantdata-lake-") as folder:
            job = Job(Lake(Path(folder) / "lake"), SHORT_FIRST if is_short else FIRST)
            yield from _drilled(job, SHORT_KILLS if is_short else KILLS)


def _drilled(job: Job, kills: int) -> Iterator[Outcome]:
    told = {symbol: Told() for symbol in WRITERS}
    began = time.monotonic()
    with _readers(job.lake) as found:
        lost = _killed(job, told, kills)
    seconds = time.monotonic() - began
    committed = sum(len(each.written) for each in told.values())
    noted = sum(len(each.noted) for each in told.values())
    yield Outcome(
        f"SIGKILL, {kills} times",
        f"{len(WRITERS)} writers",
        f"{committed:,} sessions and {noted:,} reasons committed, {len(lost)} lost",
        seconds,
        "; ".join(lost[:3]) or None,
    )
    reads, bad = sum(number for number, _ in found), [each for _, some in found for each in some]
    yield Outcome(
        "the same", f"{READERS} readers", f"{reads:,} reads, {len(bad)} bad", seconds, "; ".join(bad[:3]) or None
    )
    yield _resumed(job, told)
    yield _left_over(job.lake)


# --- while they are killed ------------------------------------------------------------------------------------------


def _killed(job: Job, told: dict[str, Told], kills: int) -> list[str]:
    """Kill writers in turn, each time followed by the next; return what was committed and is not there."""
    random, lost = Random(SEED), []  # noqa: S311  # when, not which secrets
    with ExitStack() as stack:
        at_work = {symbol: Writer(job, symbol, told[symbol]) for symbol in WRITERS}
        stack.callback(_kill_all, at_work)
        for number in range(kills):
            symbol = WRITERS[number % len(WRITERS)]
            at_work[symbol].has_begun.wait(SOON_S)
            time.sleep(random.uniform(0, LONGEST_S))
            at_work[symbol].kill()
            if number % LOOK_EVERY == LOOK_EVERY - 1:
                lost += _lost(job, told)
            at_work[symbol] = Writer(job, symbol, told[symbol])
    return lost + _lost(job, told)


def _kill_all(writers: dict[str, Writer]) -> None:
    for writer in writers.values():
        writer.kill()


def _lost(job: Job, told: dict[str, Told]) -> list[str]:
    # What has been said so far: more is being committed meanwhile.
    said = {symbol: (list(each.written), list(each.noted)) for symbol, each in told.items()}
    kept = job.lake.scan(DATASET).collect()
    lost = wrong(kept)
    for symbol, (written, noted) in said.items():
        there = set(kept.filter(pl.col("symbol") == symbol).get_column("date"))
        gaps = job.lake.gaps(DATASET, symbol, job.first, LAST)
        known = set(gaps.filter(pl.col("reason") == "no_trades").get_column("date"))
        lost += [f"{symbol} {day} is gone" for day in sorted((set(written) - there) | (set(noted) - known))]
    return lost


@contextmanager
def _readers(lake: Lake) -> Iterator[list[tuple[int, list[str]]]]:
    """Let readers read; in the end the list holds of each how often it read, and what was wrong."""
    found: list[tuple[int, list[str]]] = []
    readers = [_started(lake, "reader") for _ in range(READERS)]
    yield found
    for reader in readers:
        heard, _ = reader.communicate(timeout=SOON_S)
        reads, *bad = heard.splitlines() or ["0", "a reader ended without a word"]
        found.append((int(reads), bad))


# --- afterwards -----------------------------------------------------------------------------------------------------


def _resumed(job: Job, told: dict[str, Told]) -> Outcome:
    """Let the last writers finish: each writes what is not there, and nothing else."""
    began = time.monotonic()
    before = {symbol: set(_dates(job.lake, symbol)) for symbol in WRITERS}
    last = {symbol: Told() for symbol in WRITERS}
    writers = [Writer(job, symbol, last[symbol], is_endless=False) for symbol in WRITERS]
    codes = [writer.wait() for writer in writers]
    failures = [f"exit code {code}" for code in codes if code]
    traded = {day for day in job.days if not is_empty_day(day)}
    for symbol in WRITERS:
        if set(last[symbol].written) != traded - before[symbol]:
            failures.append(f"{symbol} wrote other sessions than those that were lacking")
        if set(_dates(job.lake, symbol)) != traded:
            failures.append(f"{symbol} is not complete")
        failures += [f"{symbol} {day} was written again" for day in _twice(told[symbol], last[symbol])]
    done, of = sum(len(each.written) for each in last.values()), len(traded) * len(WRITERS)
    seconds = time.monotonic() - began
    return Outcome(
        "afterwards", "resume", f"{done:,} of {of:,} sessions were lacking and were written", seconds, _said(failures)
    )


def _dates(lake: Lake, symbol: str) -> list[date]:
    dates: list[date] = lake.coverage(DATASET, symbols=symbol).get_column("date").to_list()
    return dates


def _twice(told: Told, last: Told) -> list[date]:
    """Return the sessions that were said to be written more than once."""
    return [day for day, times in Counter((*told.written, *last.written)).items() if times > 1]


def _left_over(lake: Lake) -> Outcome:
    """Look at every file an hour later, put right what is left over, and look again."""
    began = time.monotonic()
    later = Lake(lake.path, wall=lambda: datetime.now(UTC) + timedelta(hours=2))
    problems = set(later.verify().get_column("problem"))
    failures = [f"verify found {problem}" for problem in problems - {"staging", "not_in_ledger"}]
    done = later.repair().get_column("done").to_list()
    if not later.verify().is_empty():
        failures.append("something is left after the repair")
    got = f"{done.count('removed'):,} files were left over and removed, nothing else was wrong"
    return Outcome("an hour later", "verify, repair", got, time.monotonic() - began, _said(failures))


def _said(failures: list[str]) -> str | None:
    return "; ".join(failures[:3]) or None


DRILL: Final = LakeDrill()
