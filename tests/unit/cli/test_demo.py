"""The tour: that it runs to its end is tested with the commands; here is what it does when it cannot."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from quantdata.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("options", "start"), [((), "error: cannot write"), (("--debug",), "Traceback")])
def test_an_error_is_one_line_unless_the_traceback_is_asked_for(
    options: tuple[str, ...],
    start: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setattr(sys, "argv", ["quantdata", "demo", "--output", str(tmp_path / "taken" / "below"), *options])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert shown.startswith(start)
    assert shown.splitlines()[-1].startswith("error: cannot write")
