"""Which symbols of a snapshot an unfinished run has brought in: one small file a job, beside the lake's data."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from quantdata.lake.commit import placing
from quantdata.lake.layout import meta
from quantdata.sessions import session_day

if TYPE_CHECKING:
    from quantdata.jobs.job import Job
    from quantdata.lake import Lake

__all__ = ["Journal", "Unfinished"]


class Unfinished(NamedTuple):
    """What a run that did not come to its end has left.

    Attributes
    ----------
    began
        When it did (UTC).
    done
        Symbols that it has brought in.
    """

    began: datetime
    done: frozenset[str]


class Journal:
    """The file of one job at one source; for one run at a time, from any of its threads.

    It holds symbols and a time: no key, no address.

    Parameters
    ----------
    lake
        What the job fills.
    job
        A snapshot.
    source
        Whom it is asked of; another one's run is another run.
    """

    def __init__(self, lake: Lake, job: Job, source: str) -> None:
        self.path = meta(lake.path) / "jobs" / f"{job.fingerprint}-{source}.json"
        self._root = lake.path
        self._dataset = job.dataset
        self._run = Unfinished(datetime.now(UTC), frozenset())
        # Tasks end in threads of their own: what is written last must be what is known last.
        self._writing = threading.Lock()

    def unfinished(self, now: datetime) -> Unfinished | None:
        """Return what an unfinished run of the same New York day has left; None where there is none, or no file."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(self.path.read_bytes())
            began = datetime.fromisoformat(said["began"])
            if not said["is_finished"] and session_day(began) == session_day(now):
                return Unfinished(began, frozenset(map(str, said["done"])))
        return None

    def begin(self, now: datetime, left: Unfinished | None = None) -> None:
        """Begin a run, or go on with one.

        Raises
        ------
        LakeError
            If the file cannot be written; so do `add` and `finish`.
        """
        self._run = left or Unfinished(now, frozenset())
        self._write(is_finished=False)

    def add(self, symbols: tuple[str, ...]) -> None:
        """Note that symbols are in the lake."""
        with self._writing:
            self._run = self._run._replace(done=self._run.done.union(symbols))
            self._write(is_finished=False)

    def finish(self) -> None:
        """Note that all has been asked for: the next run begins anew."""
        self._write(is_finished=True)

    def _write(self, *, is_finished: bool) -> None:
        said = {
            "dataset": self._dataset,
            "began": self._run.began.isoformat(),
            "is_finished": is_finished,
            "done": sorted(self._run.done),
        }
        with placing(self._root, self.path) as staged:
            staged.write_text(json.dumps(said, indent=1))
