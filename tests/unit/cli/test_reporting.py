"""Errors and warnings on the command line: one line each."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from quantdata.cli.main import main
from quantdata.cli.reporting import _OnStderr, in_one_line, log_on_stderr
from quantdata.errors import ArgumentError, ConfigError, QuantDataError, QuantDataWarning, QuoteNotFoundError
from quantdata.sim import Fault

if TYPE_CHECKING:
    from quantdata.sim import Simulator


def test_a_warning_is_one_line_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with in_one_line(debug=False):
        for _ in range(2):
            warnings.warn("no quote for ZZZZ", QuantDataWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: no quote for ZZZZ\n" * 2


def test_a_warning_is_shown_though_an_error_follows(capsys: pytest.CaptureFixture[str]) -> None:
    def question() -> None:
        warnings.warn("one is missing", QuantDataWarning, stacklevel=1)
        raise QuoteNotFoundError("the other too", provider="massive")

    with pytest.raises(SystemExit) as ended, in_one_line(debug=False):
        question()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "warning: one is missing\nerror: the other too\n"


def test_warnings_of_others_are_left_to_python(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: print(f"python: {message}", file=sys.stderr)  # noqa: T201
        with in_one_line(debug=False):
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert caught == []
    assert capsys.readouterr().err == "python: old\n"


@pytest.mark.parametrize(
    ("error", "code"), [(ArgumentError("no"), 2), (ConfigError("no"), 2), (QuantDataError("no"), 1)]
)
def test_an_error_is_one_line_and_an_exit_code(
    error: QuantDataError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, in_one_line(debug=False):
        raise error
    assert ended.value.code == code
    assert capsys.readouterr().err == "error: no\n"


def test_a_bug_is_not_dressed_up_as_an_error_of_the_user() -> None:
    with pytest.raises(ZeroDivisionError), in_one_line(debug=False):
        raise ZeroDivisionError


# --- the log --------------------------------------------------------------------------------------------------------


def test_what_the_package_warns_of_in_its_log_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with log_on_stderr():
        logging.getLogger("quantdata.wire").warning("%s: %s; on in %.0f s", "massive", "the rate is used up", 12.0)
        logging.getLogger("quantdata.wire").info("request status=200")
        logging.getLogger("somebody.else").warning("not ours")
    assert capsys.readouterr() == ("", "quantdata: massive: the rate is used up; on in 12 s\n")


def test_after_the_command_the_log_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = list(logging.getLogger("quantdata").handlers)

    def failing() -> None:
        with log_on_stderr():
            raise ValueError("of the command")

    with pytest.raises(ValueError, match="of the command"):
        failing()
    assert logging.getLogger("quantdata").handlers == before
    logging.getLogger("quantdata.wire").warning("unseen")
    assert capsys.readouterr().err == ""


def test_every_command_shows_that_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    simulator.faults.add(Fault("status", "massive", status=401))
    monkeypatch.setattr("quantdata.client.connect.sim.shared", lambda **_: simulator)
    monkeypatch.setattr(sys, "argv", ["quantdata", "quotes", "SPY", "--source", "sim"])
    for _ in range(2):  # and shows it once, each time
        with pytest.raises(SystemExit) as ended:
            main()
        (line,) = capsys.readouterr().err.splitlines()
        assert ended.value.code in {None, 0}
        assert line.startswith("quantdata: fallback question=quotes about=SPY to=tradier why=")
    assert not any(isinstance(each, _OnStderr) for each in logging.getLogger("quantdata").handlers)


def test_the_demo_which_fails_on_purpose_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def show(_: object) -> None:
        logging.getLogger("quantdata.hybrid").warning("fallback question=chain")

    monkeypatch.setattr("quantdata.cli.demo.show", show)
    monkeypatch.setattr(sys, "argv", ["quantdata", "demo"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err == ""
