"""Plans and reports as people read them."""

from __future__ import annotations

from datetime import date
from io import StringIO

import polars as pl
import pytest
from rich.console import Console

from quantdata.cli.batch_views import duration, show_frame, show_plan, show_report, size
from quantdata.frames.columns import JOB_PLAN, schema
from quantdata.jobs.report import Outcome, report_of
from tests.unit.lake.frames import NOON


def console() -> tuple[Console, StringIO]:
    out = StringIO()
    return Console(file=out, width=160, no_color=True, highlight=False), out


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "less than a second"), (59.4, "59 s"), (61, "1 min 01 s"), (3_600, "1 h 00 min"), (90_061, "25 h 01 min")],
)
def test_durations_are_said_as_people_do(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(999, "999 bytes"), (1_500, "1.5 kB"), (2.5e9, "2.5 GB"), (3e15, "3,000.0 TB")]
)
def test_sizes_are_said_as_people_do(count: float, said: str) -> None:
    assert size(count) == said


def test_a_measured_plan_assumes_nothing() -> None:
    plan = pl.DataFrame(
        [
            {
                "dataset": "chains",
                "symbol": "SPY",
                "requests": 3,
                "seconds": 1.0,
                "rows": 5,
                "bytes": 10,
                "is_measured": True,
            }
        ],
        schema=schema(JOB_PLAN),
    )
    out, text = console()
    show_plan(out, plan)
    assert text.getvalue().splitlines()[0] == "3 requests, 1 s at the account's rate; about 5 rows, 10 bytes"


def test_rounds_are_counted_and_each_failure_has_its_time() -> None:
    rounds = [Outcome("chains", "SPY", None, None, NOON, "done", None, 5, 10) for _ in range(2)]
    failed = Outcome("chains", "SPY", None, None, NOON, "failed", None, 0, 0, "the host is down")
    out, text = console()
    show_report(out, report_of([*rounds, failed], requests=3, seconds=1.0))
    heading, _, done, lacked, told, line, last = text.getvalue().splitlines()
    assert heading.split() == ["dataset", "symbol", "status", "rounds", "rows", "bytes"]
    assert (done.split()[2:], lacked.split()[2:4]) == (["done", "1", "10", "20"], ["failed", "1"])
    assert (told, line) == ("to be told", "  chains SPY 17:00:00 UTC: failed: the host is down")
    assert last.startswith("2 done, 1 failed: 10 rows")


def test_many_lines_and_rows_are_cut_with_a_word() -> None:
    day = date(2026, 11, 17)
    outcomes = [Outcome("bars_5m", f"S{n}", day, day, None, "failed", 0, 0, 0, "no") for n in range(60)]
    out, text = console()
    show_report(out, report_of(outcomes, requests=60, seconds=1.0))
    assert "40 of 60 rows; --format csv for all\n" in text.getvalue()
    assert "  bars_5m S0 2026-11-17: failed: no\n" in text.getvalue()
    assert "  and 40 more; --format csv for all\n" in text.getvalue()


def test_a_frame_without_rows_is_a_sentence() -> None:
    out, text = console()
    show_frame(out, pl.DataFrame(), of="pieces")
    assert text.getvalue() == "no pieces\n"
