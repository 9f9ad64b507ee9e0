from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.jobs import Job
from quantdata.jobs.journal import Journal, Unfinished
from quantdata.lake.commit import placing
from tests.unit.jobs.vendor import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quantdata.lake import Lake

JOB = Job("chains", ["SPY", "QQQ"])


def test_an_unfinished_run_of_the_same_day_is_known(lake: Lake) -> None:
    journal = Journal(lake, JOB, "sim")
    assert journal.unfinished(NOW) is None
    journal.begin(NOW)
    journal.add(("SPY",))
    assert Journal(lake, JOB, "sim").unfinished(NOW + timedelta(hours=3)) == Unfinished(NOW, frozenset({"SPY"}))


def test_another_day_another_source_and_another_job_begin_anew(lake: Lake) -> None:
    journal = Journal(lake, JOB, "sim")
    journal.begin(NOW)
    assert journal.unfinished(NOW + timedelta(hours=13)) is None
    assert Journal(lake, JOB, "massive").unfinished(NOW) is None
    assert Journal(lake, Job("chains", ["SPY"]), "sim").unfinished(NOW) is None


def test_a_run_goes_on_where_it_was_and_ends(lake: Lake) -> None:
    Journal(lake, JOB, "sim").begin(NOW, Unfinished(NOW, frozenset({"SPY"})))
    journal = Journal(lake, JOB, "sim")
    journal.begin(NOW + timedelta(hours=1), journal.unfinished(NOW))
    journal.add(("QQQ",))
    assert journal.unfinished(NOW) == Unfinished(NOW, frozenset({"SPY", "QQQ"}))
    journal.finish()
    assert journal.unfinished(NOW) is None


def test_symbols_that_come_at_the_same_time_are_all_noted(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(lake, JOB, "sim")
    journal.begin(NOW)
    is_first, is_begun, is_over = threading.Event(), threading.Event(), threading.Event()

    @contextmanager
    def slow(*where: Any) -> Iterator[Path]:
        if not is_first.is_set():
            is_first.set()
            is_begun.set()
            is_over.wait(0.2)  # the other one could overtake here
        with placing(*where) as staged:
            yield staged

    monkeypatch.setattr("quantdata.jobs.journal.placing", slow)
    first = threading.Thread(target=journal.add, args=(("SPY",),))
    first.start()
    is_begun.wait()
    journal.add(("QQQ",))
    is_over.set()
    first.join()
    assert journal.unfinished(NOW) == Unfinished(NOW, frozenset({"SPY", "QQQ"}))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"began": 5, "is_finished": false, "done": []}', "\xff"])
def test_a_damaged_file_counts_as_none(lake: Lake, text: str) -> None:
    journal = Journal(lake, JOB, "sim")
    journal.begin(NOW)
    journal.path.write_bytes(text.encode("latin-1"))
    assert journal.unfinished(NOW) is None


def test_it_says_what_and_when_and_nothing_else(lake: Lake) -> None:
    journal = Journal(lake, JOB, "sim")
    journal.begin(NOW)
    assert journal.path.parent == lake.path / "_meta" / "jobs"
    assert json.loads(journal.path.read_text()) == {
        "dataset": "chains",
        "began": "2026-11-18T17:00:00+00:00",
        "is_finished": False,
        "done": [],
    }
    assert not list((lake.path / "_meta" / "staging").iterdir())
