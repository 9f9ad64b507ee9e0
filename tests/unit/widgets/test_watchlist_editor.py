"""The watchlist in the page: a field adds, a click takes away, and what cannot be read is told beside its field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import comm
import ipywidgets  # type: ignore[import-untyped]
import pytest

from quantdata.widgets.watchlist_editor import Kind, WatchlistEditor
from tests.unit.widgets.comms import RecordedComm
from tests.unit.widgets.hubs import SPY, HandHub, index, picture, stage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    yield
    ipywidgets.Widget.close_all()


def made(hub: HandHub) -> WatchlistEditor:
    return WatchlistEditor(hub, stage=stage(hub))


def chips(editor: WatchlistEditor, kind: Kind = "chains") -> list[str]:
    return [each.description for each in editor._lines[kind]._chips.children]


def enter(editor: WatchlistEditor, typed: str, kind: Kind = "chains") -> None:
    """Type into a field, and press Enter."""
    field = editor._lines[kind]._field
    field.value = typed
    field.comm.say({"event": "submit"})


def test_what_is_watched_is_shown_and_what_is_not_known_yet_says_so() -> None:
    hub = HandHub("SPY", "QQQ", indices=("VIX",))
    hub.newest = picture({"SPY": SPY}, indices=[index("VIX")])
    editor = made(hub)
    assert chips(editor) == ["SPY ×", "QQQ (nothing yet) ×"]  # noqa: RUF001  # a cross
    assert chips(editor, "indices") == ["VIX ×"]  # noqa: RUF001  # a cross
    assert chips(editor, "equities") == []


def test_enter_adds_all_that_was_typed() -> None:
    hub = HandHub("SPY")
    editor = made(hub)
    enter(editor, " qqq, IWM;dia ")
    assert hub.watchlist.chains == ("SPY", "QQQ", "IWM", "DIA")
    assert len(chips(editor)) == 4
    assert editor._lines["chains"]._field.value == ""
    enter(editor, "spx", "indices")
    enter(editor, "AAPL", "equities")
    assert hub.watchlist[1:] == (("AAPL",), ("SPX",))


def test_the_button_is_as_good_as_enter_and_leaving_the_field_does_nothing() -> None:
    hub = HandHub("SPY")
    editor = made(hub)
    line = editor._lines["chains"]
    line._field.value = "QQQ"
    line._field.comm.say({"event": "blur"})
    assert list(hub.watchlist.chains) == ["SPY"]
    line._button.click()
    assert list(hub.watchlist.chains) == ["SPY", "QQQ"]


def test_nothing_typed_changes_nothing() -> None:
    hub = HandHub("SPY")
    editor = made(hub)
    enter(editor, "  ")
    assert hub.watchlist.chains == ("SPY",)
    assert editor._lines["chains"]._note.value == ""


def test_what_cannot_be_read_is_told_beside_its_field_and_stays_in_it() -> None:
    hub = HandHub("SPY")
    editor = made(hub)
    enter(editor, "<b>!!")
    line = editor._lines["chains"]
    assert "✕" in line._note.value
    assert "&lt;b&gt;!!&#x27; is not an equity ticker" in line._note.value
    assert "<b>" not in line._note.value
    assert line._field.value == "<b>!!"
    assert not line._button.disabled
    assert editor._lines["indices"]._note.value == ""
    enter(editor, "QQQ")
    assert line._note.value == ""


def test_a_click_takes_one_away_but_not_the_last() -> None:
    hub = HandHub("SPY", "QQQ")
    editor = made(hub)
    line = editor._lines["chains"]
    line._chips.children[0].click()
    assert hub.watchlist.chains == ("QQQ",)
    assert len(chips(editor)) == 1
    line._chips.children[0].click()
    assert "a hub watches something" in line._note.value
    assert len(chips(editor)) == 1


def test_chips_are_made_anew_only_when_the_list_has_changed() -> None:
    hub = HandHub("SPY")
    editor = made(hub)
    before = editor._lines["chains"]._chips.children
    assert not editor.refresh(None)
    assert editor._lines["chains"]._chips.children is before
    hub.watch(["QQQ"])
    assert editor.refresh(None)
    assert before[0].comm is None


def test_what_comes_of_an_errand_after_the_end_is_shown_to_nobody() -> None:
    hub = HandHub("SPY")
    editor = made(hub)
    editor.close()
    editor._done("chains", None, clears=True)
    assert repr(editor) == "<WatchlistEditor of 'mine' closed>"


def test_its_static_form_names_what_is_watched() -> None:
    editor = made(HandHub("SPY", "QQQ", indices=("VIX",)))
    assert editor.html() == "<ul><li>Option chains: SPY, QQQ</li><li>Indices: VIX</li></ul>"
