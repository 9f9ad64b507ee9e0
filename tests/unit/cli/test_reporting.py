"""Errors and warnings on the command line: one line each."""

from __future__ import annotations

import sys
import warnings

import pytest

from quantdata.cli.reporting import in_one_line
from quantdata.errors import ArgumentError, ConfigError, QuantDataError, QuantDataWarning, QuoteNotFoundError


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
