"""Everything that a replay publishes as short texts, in this process or in another one with other circumstances."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import quantdata as qd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo
    from pathlib import Path

    import polars as pl

    from quantdata.live import HubSnapshot, Tick

YEARS: Final = timedelta(days=1_000)
CIRCUMSTANCES: Final = {"PYTHONHASHSEED": "4711", "POLARS_MAX_THREADS": "1", "TZ": "Asia/Tokyo"}


def digests(folder: Path, *, speed: float | None = None) -> dict[str, str]:
    """Return a digest of each published frame, by number and name, and one of all ticks in their order."""
    found: dict[str, str] = {}
    told = hashlib.sha256()

    def publish(snapshot: HubSnapshot) -> None:
        found.update({f"{snapshot.number} {name}": digest for name, digest in _digests(snapshot)})

    def tell(tick: Tick) -> None:
        told.update(repr(tick).encode())

    with qd.replay(folder, speed=speed) as hub:
        hub.subscribe_snapshot("digests", publish)
        hub.subscribe_tick("digests", tell)
        hub.wait_over(50.0)
    return {**found, "ticks": told.hexdigest()}


def digests_elsewhere(folder: Path) -> dict[str, str]:
    """Return what `digests` does, of another process: years later, with another order of sets, in another zone."""
    command = [sys.executable, "-c", "from tests.contract.replayed import main; main()", str(folder)]
    done = subprocess.run(command, env={**os.environ, **CIRCUMSTANCES}, capture_output=True, check=True, text=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print the digests of the recording that the command line names, with a wall clock that is years ahead."""
    from pathlib import Path  # noqa: PLC0415

    from quantdata.live import replay_hub  # noqa: F401, PLC0415  # loads all that a replay needs

    _move_wall_clock()
    print(json.dumps(digests(Path(sys.argv[1]))))  # noqa: T201  # what it is for


def _digests(snapshot: HubSnapshot) -> Iterator[tuple[str, str]]:
    yield "facts", repr((snapshot.at.timestamp(), sorted(snapshot.changed), list(snapshot.chains)))
    frames = {**snapshot.chains, "equities": snapshot.equities, "indices": snapshot.indices}
    for name, frame in (*frames.items(), *((f"flow of {name}", snapshot.flow[name]) for name in snapshot.flow)):
        yield name, hashlib.sha256(_bytes(frame)).hexdigest()


def _bytes(frame: pl.DataFrame) -> bytes:
    """Return schema and values of a frame: floats to their last bit, and nothing of how they lie in memory."""
    return f"{frame.schema}\n{frame.clone().write_ndjson()}".encode()


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


class _Later(datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz) + YEARS


def _move_wall_clock() -> None:
    ahead_s, seconds, nanoseconds = YEARS.total_seconds(), time.time, time.time_ns
    time.time = lambda: seconds() + ahead_s
    time.time_ns = lambda: nanoseconds() + round(ahead_s * 1e9)
    for name, module in list(sys.modules.items()):
        if name.startswith("quantdata.") and getattr(module, "datetime", None) is datetime:
            module.datetime = _Later  # type: ignore[attr-defined]
