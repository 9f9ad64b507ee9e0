"""How far a run is: a bar on standard error, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from quantdata.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Progress", "shown"]


class Progress:
    """Is told how many tasks there are and which have ended; shows nothing. From any thread."""

    def expect(self, tasks: int) -> None:
        """Take note that so many tasks more are to be done."""

    def advance(self, name: str) -> None:
        """Take note that one has ended."""

    def wait(self, why: str) -> None:
        """Take note of what is waited for."""


class _Bar(Progress):
    """The same, as a bar of rich's."""

    def __init__(self, bar: RichProgress) -> None:
        self._bar = bar
        self._total = 0
        self._task = bar.add_task("", total=None)

    def expect(self, tasks: int) -> None:
        """Make the bar so much longer."""
        self._total += tasks
        self._bar.update(self._task, total=self._total)

    def advance(self, name: str) -> None:
        """Move on by one."""
        self._bar.update(self._task, advance=1, description=name)

    def wait(self, why: str) -> None:
        """Say what is waited for."""
        self._bar.update(self._task, description=why)


@contextmanager
def shown(is_wanted: bool | None, console: Console | None = None) -> Iterator[Progress]:  # noqa: FBT001  # its one job
    """Yield a bar on standard error; where none is wanted, one that shows nothing.

    Parameters
    ----------
    is_wanted
        None: where standard error is a terminal and QUANTDATA_PROGRESS is not 0.
    console
        Where else to show it.
    """
    out = console or Console(stderr=True)
    if is_wanted is None:
        is_wanted = out.is_terminal and Config.from_environment().progress
    if not is_wanted:
        yield Progress()
        return
    columns = (
        TextColumn("{task.description}", justify="left"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=out, transient=True) as bar:
        yield _Bar(bar)
