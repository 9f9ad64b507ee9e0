"""The commands that stay: what they show, what they write, how they end."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

import quantdata as qd
from quantdata.cli import live_view, main
from tests.unit.live.recorded import answer, frame, line, opened, quote, watched, write

if TYPE_CHECKING:
    from pathlib import Path

SIM = ("--source", "sim", "--clock", "at:2026-11-18T11:00")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["quantdata", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def _interrupted(_: float) -> None:
    raise KeyboardInterrupt


def terminal(width: int = 140, height: int = 40) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)


def text(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def recorded(folder: Path, **values: Any) -> Path:
    """Record a chain and a quote of it."""
    write(folder, opened(), watched("SPY"), line(), (answer(**values), 0.0), frame(2.0, quote(2.0, 12.3, 12.9)))
    return folder


# --- watch ----------------------------------------------------------------------------------------------------------


def test_watch_prints_one_table_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert run(monkeypatch, "watch", "DIA", "--dte", "0..7", "--rows", "3", *SIM) == 0
    head, title, heading, _, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("DIA at ")
    assert head.endswith("SIMULATED")
    assert title.startswith("DIA ")
    side = ["volume", "confidence", "age", "mid", "iv", "delta", "bid", "ask"]
    assert heading.split() == [*side, "strike", *reversed(side)]
    assert len([row for row in rows if "%" in row]) == 3
    assert rows[-1].startswith("streams: ")


def test_a_narrow_terminal_keeps_what_matters_most(tmp_path: Path) -> None:
    out = terminal(width=80)
    with qd.replay(recorded(tmp_path)) as hub:
        hub.wait_over()
        live_view.show(out, hub, strikes=11)
    lines = text(out).splitlines()
    assert max(map(len, lines)) <= 80
    assert "bid" in lines[2]
    assert lines[2].split()[lines[2].split().index("strike") - 1] == "ask"
    assert "not shown at this width" in text(out)


def test_ctrl_c_ends_what_is_followed_and_leaves_it_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal()
    monkeypatch.setattr("quantdata.cli.views.console", lambda: out)
    monkeypatch.setitem(live_view.follow.__kwdefaults__ or {}, "sleep", _interrupted)
    assert run(monkeypatch, "watch", "DIA", "--dte", "0..7", *SIM) == 0
    assert "DIA at " in text(out)


# --- replay ---------------------------------------------------------------------------------------------------------


def test_replay_shows_how_all_stood_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert run(monkeypatch, "replay", str(recorded(tmp_path)), "--once") == 0
    shown = capsys.readouterr().out
    assert "SPY at " in shown
    assert " 12.30  12.90     600 " in shown
    assert "streams: massive options live" in shown
    assert "SIMULATED" not in shown


def test_what_is_replayed_is_followed_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal()
    monkeypatch.setattr("quantdata.cli.views.console", lambda: out)
    assert run(monkeypatch, "replay", str(recorded(tmp_path, feed="simulated")), "--speed", "1000") == 0
    assert " 12.30  12.90     600 " in text(out)
    assert "SIMULATED" in text(out)


@pytest.mark.parametrize(("height", "chains", "strikes"), [(24, 1, 16), (24, 2, 5), (24, 4, 3), (5, 0, 3)])
def test_as_many_strikes_are_shown_as_the_screen_has_room_for(height: int, chains: int, strikes: int) -> None:
    assert live_view._room(height, chains) == strikes


# --- record ---------------------------------------------------------------------------------------------------------


def test_record_writes_for_as_long_as_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "monday"
    asked = ("--index", "VIX", "--out", str(folder), "--minutes", "0.02", "--dte", "0..2")
    assert run(monkeypatch, "record", *asked, *SIM) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first == f"recording VIX to {folder}; Ctrl-C ends it"
    assert last.endswith(f" MB in {folder}; see quantdata replay {folder}")
    assert run(monkeypatch, "replay", str(folder)) == 0
    assert "VIX  SIMULATED" in capsys.readouterr().out


def test_ctrl_c_ends_a_recording_that_can_be_played(tmp_path: Path) -> None:
    out = terminal()
    with qd.hub(indices="VIX", source="sim", stream=False) as hub:
        hub.wait()
        live_view.keep_recording(out, hub, tmp_path / "rec", seconds=None, sleep=_interrupted)
    assert " records, 0.0 MB in " in text(out)
    with qd.replay(tmp_path / "rec") as again:
        assert again.wait_over().indices.height == 1


def test_a_full_disk_ends_a_recording_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantdata.live.recording.Recording.error", "OSError: No space left on device")
    with qd.hub(indices="VIX", source="sim", stream=False) as hub:
        hub.wait()
        with pytest.raises(qd.FeedError, match=r"records, .* then it ended: OSError: No space left on device"):
            live_view.keep_recording(terminal(), hub, tmp_path / "rec", seconds=None)


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("watch",), 2, "Missing argument 'UNDERLYING...'"),
        (("watch", "nope!", *SIM), 2, "error: 'nope!' is not"),
        (("watch", "SPY"), 2, "error: no data source: set MASSIVE_API_KEY"),
        (("watch", "SPY", "--refresh", "0"), 2, "0.0 is not in the range"),
        (("record", "SPY", *SIM), 2, "Missing option '--out'"),
        (("record", "--out", "x", *SIM), 2, "error: nothing to watch"),
        (("record", "SPY", "--out", "x", "--minutes", "0", *SIM), 2, "0.0 is not in the range"),
        (("replay", "no/where"), 2, "error: no/where is no recording: No such file or directory"),
        (("replay", "no/where", "--speed", "-1"), 2, "-1.0 is not in the range"),
    ],
)
def test_errors_are_one_line(
    arguments: tuple[str, ...],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *arguments) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("command", ["watch", "record", "replay"])
def test_no_help_page_is_wider_than_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(monkeypatch, command, "--help") == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
