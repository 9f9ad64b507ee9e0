from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from quantdata.jobs.progress import shown

if TYPE_CHECKING:
    import pytest

    from quantdata.jobs.progress import Progress


def told(progress: Progress) -> None:
    progress.expect(3)
    progress.wait("next at 09:35")
    for name in ("SPY", "QQQ"):
        progress.advance(name)


def bar(*, is_terminal: bool, is_wanted: bool | None) -> str:
    out = StringIO()
    with shown(is_wanted, Console(file=out, force_terminal=is_terminal, width=80)) as progress:
        told(progress)
    return out.getvalue()


def test_a_terminal_has_a_bar() -> None:
    assert "2/3" in bar(is_terminal=True, is_wanted=None)


def test_elsewhere_there_is_none_unless_it_is_wanted() -> None:
    assert bar(is_terminal=False, is_wanted=None) == ""
    assert bar(is_terminal=True, is_wanted=False) == ""
    assert "2/3" in bar(is_terminal=True, is_wanted=True)


def test_the_environment_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTDATA_PROGRESS", "0")
    assert bar(is_terminal=True, is_wanted=None) == ""
    monkeypatch.setenv("QUANTDATA_PROGRESS", "1")
    assert "2/3" in bar(is_terminal=True, is_wanted=None)


def test_by_default_it_is_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(is_wanted=None) as progress:
        told(progress)
    assert capsys.readouterr() == ("", "")
