"""What the batch commands share: a lake, whom to ask, how to tell; and how a run ends."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from quantdata.cli.options import SOURCE_OPTIONS, debug_option, format_option
from quantdata.cli.output import write_text
from quantdata.cli.reporting import FAILED, INTERRUPTED, PARTLY, in_one_line, json_log
from quantdata.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantdata.client import Client
    from quantdata.jobs import Job, Report
    from quantdata.lake import Lake

__all__ = ["CODES", "Batch", "batch", "lake_option"]

CODES: Final = (
    "Exit codes: 0 all of it is in the lake, 1 none of it, or it could not be tried, 2 asked for wrongly, 3 a part of "
    "it, 130 ended by Ctrl-C."
)


def lake_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option of a lake's folder."""
    return click.option(
        "--lake",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the lake; left out: QUANTDATA_LAKE, else data/lake.",
    )(command)


_SHARED: Final = (
    lake_option,
    *SOURCE_OPTIONS,
    format_option,
    click.option("--json-log", "is_json", is_flag=True, help="One JSON object a line on standard error."),
    click.option("--no-progress", is_flag=True, help="No bar; there is none where there is no terminal."),
    debug_option,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What every batch command is asked with.

    Attributes
    ----------
    folder
        Of the lake; None: what the environment says.
    source
        Whom to ask; None lets environment and keys decide.
    seed, clock
        Of the simulated market.
    text_format
        One of `FORMATS`, for the report.
    progress
        Whether a bar is shown; None: where there is a terminal.
    """

    folder: Path | None
    source: str | None
    seed: int
    clock: str
    text_format: str
    progress: bool | None

    def client(self, source: str | None = None) -> Client:
        """Return a client of the source, or of another one where none was asked for; use it as a context manager."""
        from quantdata.client import Client  # noqa: PLC0415  # heavy: `--help` answers without it

        return Client(self.source or source, seed=self.seed, clock=self.clock)  # type: ignore[arg-type]

    def lake(self, folder: Path | None = None) -> Lake:
        """Return the lake, or another one where none was asked for."""
        from quantdata.lake import Lake  # noqa: PLC0415  # heavy: `--help` answers without it

        return Lake(self.folder or folder)

    def carry_out(
        self,
        jobs: Sequence[Job],
        *,
        every: str | None = None,
        until: str | None = None,
        dask: str | None = None,
        folder: Path | None = None,
        source: str | None = None,
    ) -> None:
        """Run jobs, once, again and again, or on a cluster; show the report, and end with an exit code."""
        from quantdata.jobs import Interrupted, record, run  # noqa: PLC0415  # heavy: `--help` answers without it

        code, lake = INTERRUPTED, self.lake(folder)
        with self.client(source) as client:
            try:
                if dask is not None:
                    report = _on_cluster()(jobs, client, lake, dask, progress=self.progress)
                elif every is None:
                    report = run(jobs, client, lake, progress=self.progress)
                else:
                    report = record(jobs, client, lake, every=every, until=until or "close", progress=self.progress)
                code = {"complete": 0, "partly": PARTLY, "nothing": FAILED}[report.verdict]
            except Interrupted as error:
                report = error.report
        self._show(report)
        sys.exit(code)

    def _show(self, report: Report) -> None:
        if self.text_format != "table":
            write_text(report.frame, self.text_format)
            return
        from quantdata.cli.batch_views import show_report  # noqa: PLC0415
        from quantdata.cli.views import console  # noqa: PLC0415

        show_report(console(), report)

    def show_plan(self, jobs: Sequence[Job], *, folder: Path | None = None, source: str | None = None) -> None:
        """Show what jobs would take; nothing of theirs is asked for."""
        from quantdata.jobs import plan  # noqa: PLC0415  # heavy: `--help` answers without it

        with self.client(source) as client:
            found = plan(jobs, client, self.lake(folder))
        if self.text_format != "table":
            write_text(found, self.text_format)
            return
        from quantdata.cli.batch_views import show_plan  # noqa: PLC0415
        from quantdata.cli.views import console  # noqa: PLC0415

        show_plan(console(), found)


def _on_cluster() -> Callable[..., Report]:
    try:
        from quantdata.jobs.cluster import run_on_cluster  # noqa: PLC0415  # needs Dask, which few have
    except ModuleNotFoundError as error:
        raise ConfigError(f"--dask needs Dask (no module {error.name}): pip install 'quantdata[dask]'") from error
    return run_on_cluster


def batch(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options, as one `Batch`, and let its errors be one line.

    Stands below all other decorators, so that the shared options come last in the help.
    """

    @functools.wraps(command)
    def asked(*, is_json: bool, no_progress: bool, debug: bool, **given: Any) -> None:
        own = {name: given.pop(name) for name in list(given) if name not in _FIELDS}
        progress = False if no_progress or is_json else None
        with json_log(wanted=is_json), in_one_line(debug=debug, is_json=is_json):
            command(Batch(progress=progress, **given), **own)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_SHARED), asked)


_FIELDS: Final = frozenset({"folder", "source", "seed", "clock", "text_format"})
