"""Start, stop and record: the buttons of a hub."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ipywidgets  # type: ignore[import-untyped]

from quantdata.errors import ArgumentError
from quantdata.widgets.markup import lamp, note, text
from quantdata.widgets.parts import Part, field, row, say, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantdata.widgets.hub_feed import Picture, Written

__all__ = ["Controls"]

_KB: Final = 1_000


class Controls(Part):
    """Start and stop a hub, and record what comes in.

    A recording needs a folder; while it is written, its records and bytes are counted. What fails is told in words.
    Clicks are handed over to a thread, so that neither the kernel nor the hub waits.

    Parameters
    ----------
    feed, stage
        As of `Part`.
    """

    def build(self) -> Sequence[ipywidgets.Widget]:
        """Return the widgets that it is made of, empty."""
        self._recording: Written | None = None
        self._doing = ""
        self._state, self._note = words(), words()
        self._start = _button("Start", "play", self.start)
        self._stop = _button("Stop", "stop", self.stop)
        self._record = _button("Record", "circle", self.record)
        self._folder = field("Folder", "as in recordings/monday", label_width="48px")
        self._folder.on_msg(self._typed)
        return [row(self._state, self._start, self._stop, self._folder, self._record, self._note)]

    def refresh(self, picture: Picture | None) -> bool:  # noqa: ARG002  # of no picture, but of the hub
        """Show whether the hub runs, and what of it is written."""
        is_running, is_idle = self.feed.is_running, not self._doing
        self._start.disabled = is_running or not is_idle
        self._stop.disabled = not is_running or not is_idle
        self._record.disabled = not is_running or not is_idle
        self._folder.disabled = self._is_recording
        self._record.description = "End recording" if self._is_recording else "Record"
        return say(self._state, self.html())

    def html(self) -> str:
        """Return the hub's state in words."""
        state = lamp("ok", "running") if self.feed.is_running else lamp("idle", "stopped")
        return f"<strong>{text(self.feed.name)}</strong> {state}{self._counts()}"

    def start(self) -> None:
        """Start the hub."""
        self._do("starting …", self.feed.start)

    def stop(self) -> None:
        """Stop the hub, and with it the recording."""
        self._do("stopping …", self.feed.stop)

    def record(self) -> None:
        """Begin a recording in the folder that was typed, or end the one under way."""
        recording = self._recording
        if recording is not None and recording.is_open:
            self._do("writing what waits …", recording.close)
        else:
            self._do("beginning …", partial(self._begin, self._folder.value.strip()))

    def _begin(self, folder: str) -> None:
        if not folder:
            raise ArgumentError("name a folder for the recording, as in recordings/monday")
        self._recording = self.feed.record(Path(folder).expanduser())

    @property
    def _is_recording(self) -> bool:
        return self._recording is not None and self._recording.is_open

    def _counts(self) -> str:
        recording = self._recording
        if recording is None:
            return ""
        word = "recording" if recording.is_open else "recorded"
        lost = f", {recording.lost:,} lost" if recording.lost else ""
        counted = f"{recording.records:,} records, {recording.bytes / _KB:,.0f} kB{lost} in {recording.path}"
        failure = "" if recording.error is None else note(f"✕ {recording.error}", "down")
        return f" · {lamp('ok' if recording.is_open else 'idle', word)} {text(counted)}{failure}"

    def _do(self, doing: str, work: Callable[[], object]) -> None:
        # Of two clicks at once the second finds nothing to do that the first does not do.
        if not self._doing:
            self._doing = doing
            say(self._note, note(doing))
            self.stage.errands.run(work, self._done)

    def _done(self, error: Exception | None) -> None:
        with self.stage.lock:
            self._doing = ""
            if not self.is_closed:
                say(self._note, "" if error is None else note(f"✕ {error}", "down"))
                self.refresh(None)

    def _typed(self, _: object, content: dict[str, Any], __: object) -> None:
        if content.get("event") == "submit" and not self._is_recording:
            self.record()


def _button(description: str, icon: str, act: Callable[[], None]) -> ipywidgets.Button:
    button = ipywidgets.Button(description=description, icon=icon, layout=ipywidgets.Layout(width="auto"))
    button.on_click(lambda _: act())
    return button
