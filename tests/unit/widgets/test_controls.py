"""Start, stop and record: each button does what it says, says what it does, and tells what failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import comm
import ipywidgets  # type: ignore[import-untyped]
import pytest

from quantdata.widgets.controls import Controls
from tests.unit.widgets.comms import RecordedComm
from tests.unit.widgets.hubs import HandHub, Tape, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    yield
    ipywidgets.Widget.close_all()


def made(hub: HandHub) -> Controls:
    return Controls(hub, stage=stage(hub))


def can(controls: Controls) -> list[str]:
    """Return which buttons can be pressed."""
    buttons = (controls._start, controls._stop, controls._record)
    return [each.description for each in buttons if not each.disabled]


def recording(hub: HandHub, folder: str = "tapes/monday") -> tuple[Controls, Tape]:
    controls = made(hub)
    controls._folder.value = folder
    controls._record.click()
    assert hub.tape is not None
    return controls, hub.tape


def test_a_hub_that_runs_can_be_stopped_and_one_that_is_stopped_started() -> None:
    hub = HandHub("SPY")
    controls = made(hub)
    assert can(controls) == ["Stop", "Record"]
    assert '<span aria-hidden="true">●</span> running' in controls._state.value
    controls._stop.click()
    assert can(controls) == ["Start"]
    assert '<span aria-hidden="true">○</span> stopped' in controls._state.value
    controls._start.click()
    assert can(controls) == ["Stop", "Record"]
    assert controls._note.value == ""


def test_what_fails_is_told_in_words_and_escaped() -> None:
    hub = HandHub("SPY")
    controls = made(hub)
    hub.is_running = False
    controls._stop.click()
    assert "✕ &lt;it&gt; does not run" in controls._note.value


def test_a_recording_needs_a_folder() -> None:
    hub = HandHub("SPY")
    controls = made(hub)
    controls._record.click()
    assert "name a folder for the recording" in controls._note.value
    controls._folder.value = "disk/full"
    controls._record.click()
    assert "disk/full holds a recording already" in controls._note.value


def test_a_recording_is_counted_while_it_is_written_and_ended_by_the_same_button() -> None:
    hub = HandHub("SPY")
    controls, tape = recording(hub, " ~/tapes/monday ")
    assert tape.path == Path("~/tapes/monday").expanduser()
    assert "recording" in controls._state.value
    assert "1,234 records, 56 kB in" in controls._state.value
    assert (controls._record.description, controls._folder.disabled) == ("End recording", True)
    controls._record.click()
    assert not tape.is_open
    assert "recorded" in controls._state.value
    assert (controls._record.description, controls._folder.disabled) == ("Record", False)


def test_what_a_recording_lacks_is_told() -> None:
    hub = HandHub("SPY")
    controls, tape = recording(hub)
    tape.lost, tape.error, tape.is_open = 7, "no space <left>", False
    controls.refresh(None)
    assert "7 lost" in controls._state.value
    assert "✕ no space &lt;left&gt;" in controls._state.value


def test_enter_in_the_folders_field_begins_a_recording_and_ends_none() -> None:
    hub = HandHub("SPY")
    controls, tape = recording(hub)
    controls._folder.comm.say({"event": "submit"})
    assert tape.is_open
    tape.close()
    controls._folder.comm.say({"event": "blur"})
    assert hub.tape is tape
    controls._folder.comm.say({"event": "submit"})
    assert hub.tape is not tape


def test_of_two_clicks_the_second_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = HandHub("SPY")
    controls = made(hub)
    waiting: list[Callable[[Exception | None], object]] = []
    monkeypatch.setattr(controls.stage.errands, "run", lambda _, done: waiting.append(done))
    controls._stop.click()
    controls._record.click()
    assert len(waiting) == 1
    assert "stopping …" in controls._note.value
    controls.refresh(None)
    assert can(controls) == []
    waiting[0](None)
    assert can(controls) == ["Stop", "Record"]
    controls._stop.click()
    controls.close()
    waiting[1](None)
