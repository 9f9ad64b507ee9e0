"""What a hub writes down while it is recorded, and the recording as its user holds it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from quantdata import portal
from quantdata.cards import card
from quantdata.live.recording_writer import Bounds, Writer
from quantdata.live.records import Ended, Frame, Line, Missed, Opened, Paced, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from quantdata.live.chains import Pace
    from quantdata.live.engine import Engine, Settings
    from quantdata.live.market import Polled
    from quantdata.live.streaming import Heard
    from quantdata.live.watchlist import Watchlist
    from quantdata.pricing.rates import RateCurve
    from quantdata.wire.vitals import Gap

__all__ = ["Recorder", "Recording"]


class Recorder:
    """Turns what comes in into records; on the portal's loop, but for `close`.

    Parameters
    ----------
    folder, bounds
        As of `Writer`.
    settings, rates, streams
        How the hub works: see `quantdata.live.records.Opened`.
    wall
        Returns nanoseconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Settings,
        rates: RateCurve,
        streams: Sequence[tuple[str, str]],
        bounds: Bounds | None = None,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self.writer = Writer(folder, hub=settings.name, bounds=bounds or Bounds())
        self._wall = wall
        self._lines: dict[tuple[str, str], tuple[str, Mapping[str, str]]] = {}
        self._paces: dict[str, list[Pace]] = {}
        self.writer.put(
            Opened(
                at=wall(),
                hub=settings.name,
                interval_s=settings.interval_s,
                debounce_s=settings.debounce_s,
                dte=settings.dte,
                weights=dict(settings.weights),
                rate_days=rates.days,
                rates=rates.rates,
                streams=list(streams),
            )
        )

    def watch(self, watchlist: Watchlist) -> None:
        """Write down what is watched from now on."""
        chains, equities, indices = watchlist
        self.writer.put(Watched(at=self._wall(), chains=chains, equities=equities, indices=indices))

    def hear(self, heard: Heard) -> None:
        """Write down a frame, and before it how frames of its stream are read, if that has changed."""
        stream = heard.vendor, heard.asset
        feed, names = self._lines.get(stream, ("", None))
        # Mostly it is the very same dictionary, which costs no comparison of a thousand symbols.
        if feed != heard.feed or (names is not heard.names and names != heard.names):
            line = Line(at=heard.at, vendor=heard.vendor, asset=heard.asset, feed=heard.feed, names=dict(heard.names))
            self.writer.put(line)
        self._lines[stream] = heard.feed, heard.names
        self.writer.put(Frame(at=heard.at, vendor=heard.vendor, asset=heard.asset, frame=heard.frame))

    def answer(self, polled: Polled, paces: Sequence[Pace]) -> None:
        """Write down an answer, and before it how often its subject is polled, if that has changed."""
        at = self._wall()
        if self._paces.get(polled.subject) != list(paces):
            self._paces[polled.subject] = list(paces)
            self.writer.put(Paced(at=at, subject=polled.subject, paces=[(pace.until, pace.seconds) for pace in paces]))
        self.writer.put_answer(polled, at)

    def gap(self, gap: Gap) -> None:
        """Write down a gap."""
        self.writer.put(
            Missed(at=self._wall(), vendor=gap.vendor, asset=gap.asset, reason=gap.reason, start=gap.start, end=gap.end)
        )

    def close(self) -> None:
        """Write what waits, and end; may be called twice. It blocks: not for an event loop."""
        self.writer.close(Ended(at=self._wall()))

    def figures(self) -> list[tuple[str, float, str]]:
        """Return what is counted, with its unit."""
        return [
            ("records", self.writer.records, "count"),
            ("lost_records", self.writer.lost, "count"),
            ("written", self.writer.bytes, "bytes"),
            ("kept", sum(self.writer.files.values()), "bytes"),
        ]


class Recording:
    """A recording that is being written: all that comes in at a hub, with the time at which it came.

    It ends with `close`, with the ``with`` statement, or with the hub. `quantdata.replay` plays it.

    Examples
    --------
    >>> import tempfile, quantdata as qd
    >>> with tempfile.TemporaryDirectory() as folder, qd.hub(["SPY"], source="sim", dte=(0, 1)) as hub:
    ...     with hub.record(f"{folder}/monday") as recording:
    ...         chain = hub.wait().chains["SPY"]
    ...     recording.bytes > 1_000
    True
    """

    def __init__(self, engine: Engine, recorder: Recorder, path: Path) -> None:
        self.path = path
        self._engine = engine
        self._recorder = recorder

    def __repr__(self) -> str:
        return f"<Recording {str(self.path)!r} {'open' if self.is_open else 'closed'}: {self.records:,} records>"

    def _repr_html_(self) -> str:
        return card(
            f"recording, {'open' if self.is_open else 'closed'}",
            [
                ("folder", self.path),
                ("records", f"{self.records:,}"),
                ("written", f"{self.bytes / 1_000_000:,.1f} MB, compressed"),
                ("lost", f"{self.lost:,} records" if self.lost else None),
            ],
            notes=[self.error] if self.error else [],
        )

    @property
    def is_open(self) -> bool:
        """Whether what comes in is still written down."""
        return self._engine.recorder is self._recorder and self.error is None

    @property
    def records(self) -> int:
        """Records written: frames, answers, changes."""
        return self._recorder.writer.records

    @property
    def bytes(self) -> int:
        """Bytes written, compressed."""
        return self._recorder.writer.bytes

    @property
    def lost(self) -> int:
        """Records that came faster than the disk took them; they are missing in the recording, and it says so."""
        return self._recorder.writer.lost

    @property
    def error(self) -> str | None:
        """Why nothing is written any more, such as a full disk; None while all is well."""
        return self._recorder.writer.failure

    def close(self) -> None:
        """Write what waits, and end; the hub goes on. May be called twice, and after the hub was closed."""
        if self._engine.recorder is self._recorder:
            portal.call(self._engine.stop_recording())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
