"""How a command ends: errors and warnings as one line each on standard error, and an exit code."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from quantdata.errors import ArgumentError, ConfigError, QuantDataError, QuantDataWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "DAMAGED",
    "FAILED",
    "INTERRUPTED",
    "MISUSED",
    "PARTLY",
    "in_one_line",
    "json_log",
    "log_on_stderr",
]

# Exit codes, for cron: what was asked for could not be had; it was asked for wrongly; a part of it could be had; the
# lake is damaged; Ctrl-C.
FAILED: Final = 1
MISUSED: Final = 2
PARTLY: Final = 3
DAMAGED: Final = 4
INTERRUPTED: Final = 130
# ``name=value`` as `quantdata.wire.facts` writes it.
FACT: Final = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s"=\\]+)')


class _OnStderr(logging.Handler):
    """Writes to what standard error is at that moment, in between whatever else is written there."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record as one line."""
        click.echo(self.format(record), err=True)


@contextmanager
def log_on_stderr() -> Iterator[None]:
    """Show what the package warns of in its log, as a wait for the rate: a program says nothing of it by itself."""
    handler = _OnStderr(logging.WARNING)
    handler.setFormatter(logging.Formatter("quantdata: %(message)s"))
    logger = logging.getLogger("quantdata")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _AsJson(logging.Formatter):
    """One JSON object: time (UTC), level, logger, message, and the facts of the message by name."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        message = record.getMessage()
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
            "facts": {name: json.loads(text) if text[0] == '"' else text for name, text in FACT.findall(message)},
        }
        return json.dumps(said)


@contextmanager
def json_log(*, wanted: bool) -> Iterator[None]:
    """Write the whole log of the package as one JSON object a line instead, where that is wanted."""
    if not wanted:
        yield
        return
    logger = logging.getLogger("quantdata")
    others, level = [each for each in logger.handlers if isinstance(each, _OnStderr)], logger.level
    handler = _OnStderr(logging.INFO)
    handler.setFormatter(_AsJson())
    for each in others:
        logger.removeHandler(each)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        for each in others:
            logger.addHandler(each)


@contextmanager
def in_one_line(*, debug: bool, is_json: bool = False) -> Iterator[None]:
    """Show our warnings as they come and turn our errors into an exit code, each as one line.

    Parameters
    ----------
    debug
        Show the traceback of an error before its line.
    is_json
        Whether such a line goes into the log, which is of JSON.
    """
    say = _log if is_json else _echo
    try:
        with _warnings_in_one_line(say):
            yield
    except QuantDataError as error:
        if debug:
            traceback.print_exc()
        say("error", str(error))
        sys.exit(MISUSED if isinstance(error, ArgumentError | ConfigError) else FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `| head` has seen enough
        sys.exit(0)


def _echo(level: str, message: str) -> None:
    click.echo(f"{level}: {message}", err=True)


def _log(level: str, message: str) -> None:
    logging.getLogger("quantdata.cli").log(logging.ERROR if level == "error" else logging.WARNING, "%s", message)


@contextmanager
def _warnings_in_one_line(say: Callable[[str, str], None]) -> Iterator[None]:
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, QuantDataWarning):
                say("warning", str(message))
            else:
                usual(message, category, *where, **more)

        warnings.simplefilter("always", QuantDataWarning)
        warnings.showwarning = show
        yield
