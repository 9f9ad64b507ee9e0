"""How a command ends: errors and warnings as one line each on standard error, and an exit code."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from quantdata.errors import ArgumentError, ConfigError, QuantDataError, QuantDataWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FAILED", "INTERRUPTED", "MISUSED", "in_one_line", "log_on_stderr"]

# Exit codes: what was asked for could not be had; it was asked for wrongly; Ctrl-C.
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130


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


@contextmanager
def in_one_line(*, debug: bool) -> Iterator[None]:
    """Show our warnings as they come and turn our errors into an exit code, each as one line.

    Parameters
    ----------
    debug
        Show the traceback of an error before its line.
    """
    try:
        with _warnings_in_one_line():
            yield
    except QuantDataError as error:
        if debug:
            traceback.print_exc()
        click.echo(f"error: {error}", err=True)
        sys.exit(MISUSED if isinstance(error, ArgumentError | ConfigError) else FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `| head` has seen enough
        sys.exit(0)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, QuantDataWarning):
                click.echo(f"warning: {message}", err=True)
            else:
                usual(message, category, *where, **more)

        warnings.simplefilter("always", QuantDataWarning)
        warnings.showwarning = show
        yield
